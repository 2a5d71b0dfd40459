//! Workspaces at the doors: what the socket and HTTP ask of them, in the same words. Called by `socket` and, as routes, by the
//! server.

use super::Server;
use super::http::{self, Refused};
use crate::access::Caller;
use crate::job::Owner;
use crate::protocol::parse::{self, Ask, Request};
use crate::protocol::render::workspace;
use crate::protocol::{Code, Refusal, body};
use crate::workspace::Fault;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use tokio::task::block_in_place;

/// Does what is asked, and gives the frame that answers.
pub(super) async fn answer(server: &Server, owner: &Owner, id: Option<&str>, ask: Ask) -> Result<String, Refusal> {
    let workspaces = server.runner.workspaces();
    let answered = match ask {
        Ask::Open { name: Some(_), .. } if *owner == Owner::Nobody => {
            let message =
                "a name of your own needs a token or a connection\nhint: leave `workspace` out, and a name is made up that only you know";
            return Err(Refusal::of_field(Code::BadField, "workspace", message));
        }
        Ask::Open { name, files, ttl } => {
            block_in_place(|| workspaces.open(owner, name, &files, ttl)).map(|summary| workspace::opened(id, &summary))
        }
        Ask::List { name: None, .. } => Ok(workspace::all(id, &workspaces.all(owner))),
        Ask::List { name: Some(name), folder } => {
            let folder = folder.as_ref().map_or("", |folder| folder.as_str());
            block_in_place(|| workspaces.list(owner, &name, folder)).map(|entries| workspace::listed(id, &name, folder, &entries))
        }
        Ask::Read { name, path, most } => {
            let content = block_in_place(|| workspaces.read(owner, &name, &path, most));
            content.map(|content| workspace::read(id, &name, path.as_str(), content))
        }
        Ask::Close { name } => workspaces.close(owner, &name).await.map(|()| workspace::closed(id, &name)),
    };
    answered.map_err(|fault| refusal(&fault))
}

pub(super) fn refusal(fault: &Fault) -> Refusal {
    let message = fault.to_string();
    match fault {
        Fault::Unknown(_) => Refusal::of_field(Code::UnknownWorkspace, "workspace", message),
        Fault::Exists(_) => Refusal::of_field(Code::WorkspaceExists, "workspace", message),
        Fault::NoFile(_) => Refusal::of_field(Code::UnknownFile, "path", message),
        Fault::NotAFile { .. } => Refusal::of_field(Code::BadPath, "path", message),
        Fault::TooMuch { limit, given, .. } => {
            let mut refusal = Refusal::new(Code::TooLarge, message);
            (refusal.details.limit, refusal.details.given) = (Some(*limit), Some(*given));
            refusal
        }
        Fault::NoPlace(_) | Fault::Store(_) => {
            tracing::error!("workspaces: {message}");
            Refusal::new(Code::Internal, "workspaces are not available")
        }
    }
}

#[derive(Deserialize)]
pub(super) struct ListQuery {
    path: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ReadQuery {
    path: String,
    max_bytes: Option<u64>,
}

/// `POST /v1/workspaces`.
pub(super) async fn open(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    request: axum::extract::Request,
) -> Response {
    let (head, body) = request.into_parts();
    match read_open(&server, &caller, &head.headers, body).await {
        Ok(answer) => (StatusCode::CREATED, [(CONTENT_TYPE, "application/json")], answer).into_response(),
        Err(refused) => refused.into_response(),
    }
}

async fn read_open(server: &Server, caller: &Caller, headers: &HeaderMap, body: axum::body::Body) -> Result<String, Refused> {
    let text = http::read_text(server, headers, body).await?;
    let frame = body::frame("workspace.open", if text.trim().is_empty() { "{}" } else { &text })?;
    Ok(ask(server, caller, &frame).await?)
}

/// `GET /v1/workspaces`.
pub(super) async fn all(State(server): State<Arc<Server>>, Extension(caller): Extension<Caller>) -> Response {
    respond(ask(&server, &caller, &json!({"type": "workspace.list"}).to_string()).await)
}

/// `GET /v1/workspaces/{name}`.
pub(super) async fn list(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Query(query): Query<ListQuery>,
) -> Response {
    let frame = json!({"type": "workspace.list", "workspace": name, "path": query.path});
    respond(ask(&server, &caller, &frame.to_string()).await)
}

/// `GET /v1/workspaces/{name}/file`.
pub(super) async fn read(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Query(query): Query<ReadQuery>,
) -> Response {
    let frame = json!({"type": "workspace.read", "workspace": name, "path": query.path, "max_bytes": query.max_bytes});
    respond(ask(&server, &caller, &frame.to_string()).await)
}

/// `DELETE /v1/workspaces/{name}`.
pub(super) async fn close(State(server): State<Arc<Server>>, Extension(caller): Extension<Caller>, Path(name): Path<String>) -> Response {
    respond(ask(&server, &caller, &json!({"type": "workspace.close", "workspace": name}).to_string()).await)
}

fn respond(answer: Result<String, Refusal>) -> Response {
    match answer {
        Ok(answer) => (StatusCode::OK, [(CONTENT_TYPE, "application/json")], answer).into_response(),
        Err(refusal) => Refused::from(refusal).into_response(),
    }
}

async fn ask(server: &Server, caller: &Caller, frame: &str) -> Result<String, Refusal> {
    let request = parse::request(frame, &server.rules).map_err(|refused| refused.refusal)?;
    let Request::Workspace { id, ask } = request else {
        return Err(Refusal::new(Code::BadFrame, "this address is about workspaces"));
    };
    let frame = answer(server, &caller.owner(Owner::Nobody), id.as_deref(), ask).await?;
    Ok(body::without_type(&frame).to_owned())
}
