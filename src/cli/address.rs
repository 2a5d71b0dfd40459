//! Where a server is, as people type it. Called by the commands that speak to one.

use tokio_tungstenite::tungstenite::http::Uri;

/// `host:port`, and the path behind it.
pub(super) fn parse(text: &str, schemes: &[&str]) -> Result<(String, String), String> {
    let fault = || format!("`{text}` is not an address such as ws://127.0.0.1:8080");
    let uri: Uri = text.parse().map_err(|_| fault())?;
    match uri.scheme_str() {
        Some(scheme) if schemes.contains(&scheme) => {}
        Some(scheme) if scheme.strip_suffix('s').is_some_and(|plain| schemes.contains(&plain)) => {
            return Err("TLS is not spoken here: let a proxy on this machine do it, and give its ws:// address".to_owned());
        }
        Some(_) | None => return Err(fault()),
    }
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(fault)?;
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    Ok((format!("{host}:{}", uri.port_u16().unwrap_or(80)), path.to_owned()))
}
