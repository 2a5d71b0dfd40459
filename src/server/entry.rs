//! The way in: who a request is from, whether its page may ask, and whether it brings a token. Routes behind it find the caller
//! among the request's extensions. Called for each request but those that everybody may make.

use super::Server;
use super::http::Refused;
use super::listen::Peer;
use crate::access::{Caller, Denied, Refused as Stranger};
use crate::protocol::{Code, Refusal};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Foreign pages are turned away, strangers too; both are told.
pub(super) async fn guard(State(server): State<Arc<Server>>, mut request: Request, next: Next) -> Response {
    if let Err(refusal) = origin(&server, &request) {
        return Refused::from(refusal).into_response();
    }
    match caller(&server, &request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(stranger) => unauthorized(stranger),
    }
}

/// The same for the socket, whose client may say who it is in its first frame.
pub(super) async fn guard_socket(State(server): State<Arc<Server>>, mut request: Request, next: Next) -> Response {
    if let Err(refusal) = origin(&server, &request) {
        return Refused::from(refusal).into_response();
    }
    match caller(&server, &request) {
        Ok(caller) => drop(request.extensions_mut().insert(caller)),
        Err(Stranger::NoToken) => {}
        Err(stranger) => return unauthorized(stranger),
    }
    let address = address(&server, &request);
    request.extensions_mut().insert(Peer(address));
    next.run(request).await
}

/// The same for clients of other systems, who say their token in their own way.
pub(super) fn admit_foreign(server: &Server, request: &Request) -> Result<Caller, Refusal> {
    origin(server, request)?;
    let token = foreign_token(request);
    server
        .access
        .caller(token.as_deref(), address(server, request))
        .map_err(|stranger| Refusal::new(Code::Unauthorized, stranger.to_string()))
}

/// Bare or as a bearer's in `authorization`, in the headers of Judge0 and Jobe, or where a client can't send headers, in the address.
fn foreign_token(request: &Request) -> Option<String> {
    let headers = request.headers();
    let bare = text(headers, &AUTHORIZATION).map(|value| match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value.trim(),
    });
    let named = || text(headers, &AUTH_TOKEN).or_else(|| text(headers, &API_KEY));
    let queried = || {
        let pairs = request.uri().query()?.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(AUTH_TOKEN.as_str())).map(|(_, token)| token)
    };
    bare.or_else(named).or_else(queried).map(str::to_owned)
}

fn unauthorized(stranger: Stranger) -> Response {
    let mut response = Refused::from(Refusal::new(Code::Unauthorized, stranger.to_string())).into_response();
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// Browsers say which page asks; others say nothing.
pub(super) fn origin(server: &Server, request: &Request) -> Result<(), Refusal> {
    let Some(origin) = text(request.headers(), &ORIGIN) else { return Ok(()) };
    let is_proxied = server.access.trusts(peer(request));
    let forwarded = text(request.headers(), &FORWARDED_HOST).filter(|_| is_proxied);
    let host = forwarded.or_else(|| text(request.headers(), &HOST));
    if server.access.allows(origin, host) {
        return Ok(());
    }
    Err(Refusal::new(Code::ForbiddenOrigin, "pages of this origin may not ask here\nhint: the operator lists it in `access.origins`"))
}

fn caller(server: &Server, request: &Request) -> Result<Caller, Stranger> {
    let bearer = text(request.headers(), &AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    server.access.caller(bearer, address(server, request))
}

/// Where a request came from, seen through the proxies that are trusted.
pub(super) fn address(server: &Server, request: &Request) -> IpAddr {
    let mut address = peer(request);
    let hops: Vec<&str> = text(request.headers(), &FORWARDED_FOR).map(|hops| hops.split(',').map(str::trim).collect()).unwrap_or_default();
    for hop in hops.into_iter().rev() {
        if !server.access.trusts(address) {
            break;
        }
        match hop.parse::<IpAddr>() {
            Ok(before) => address = before.to_canonical(),
            Err(_) => break,
        }
    }
    address
}

fn peer(request: &Request) -> IpAddr {
    request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A run that this caller may not have.
pub(super) fn denied(denied: &Denied) -> Refusal {
    let message = denied.to_string();
    match denied {
        Denied::TakenBack => Refusal::new(Code::Unauthorized, message),
        Denied::Language(_) => Refusal::of_field(Code::Forbidden, "language", message),
        Denied::Limit { field, limit, given } => {
            Refusal::of_bound(Code::LimitTooHigh, &format!("limits.{field}"), (*limit, *given), message)
        }
        Denied::Rate { wait, .. } => {
            let mut refusal = Refusal::new(Code::RateLimited, message);
            refusal.details.retry_after_ms = u64::try_from(wait.as_millis()).ok().map(|wait| wait.max(1));
            refusal
        }
    }
}
