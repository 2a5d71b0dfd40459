//! The web page, out of the binary: whatever `web-demo` was built to. Files only; nothing here knows of runs. Paths are
//! the page's own and relative, so that a proxy may put all of it below a path of its choice.

use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::EmbeddedFile;

#[derive(rust_embed::Embed)]
#[folder = "web-demo/dist"]
struct Page;

const NOT_BUILT: &str = "Runnel: this binary was built without its web page, `make build` builds both. \
Connect a WebSocket to /v1/connect (subprotocol runnel.v1), post a program to /v1/run, or ask /v1/languages, /healthz, /readyz\n";

/// Scripts come from here and nowhere else, none is inline, and nothing is asked of another host. Styles may be inline: the terminal sets
/// them at run time, as elements and as attributes, and nothing on the page makes markup out of text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; \
font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// Files with a hash of their content in their name.
const HASHED: &str = "assets/";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

pub(super) async fn file(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    match (Page::get(path), kind(path)) {
        (Some(_), _) if method != Method::GET && method != Method::HEAD => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        (Some(file), Some(kind)) => answer(path, kind, file, &headers),
        _ if path == "index.html" => NOT_BUILT.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The kinds of files that the page is made of; others, its compressed twins among them, are not for themselves.
fn kind(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "woff2" => Some("font/woff2"),
        _ => None,
    }
}

fn answer(path: &str, kind: &'static str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let tag = tag(&file);
    let mut response = if asked.get(IF_NONE_MATCH) == Some(&tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match Page::get(&format!("{path}.gz")).filter(|_| takes_gzip(asked)) {
            Some(packed) => ([(CONTENT_ENCODING, "gzip")], packed.data).into_response(),
            None => file.data.into_response(),
        }
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, tag);
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, if path.starts_with(HASHED) { FOR_EVER } else { ASK_AGAIN }),
        (VARY, "accept-encoding"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        // The client and the snippet are for pages of others.
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Weak: the compressed file has the same.
fn tag(file: &EmbeddedFile) -> HeaderValue {
    use std::fmt::Write;
    let mut tag = String::from("W/\"");
    for byte in &file.metadata.sha256_hash()[..12] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("W/\"\""))
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| coding.trim().split(';').next() == Some("gzip"))
}
