//! The web page as files: headers, compression, what is not there. What it does is tested in a browser, in `web-demo/tests`.

use crate::client::{Answer, Server};
use std::io::Read;

fn ask(server: &Server, method: &str, path: &str, headers: &str) -> Answer {
    server.ask(method, path, headers, "")
}

#[test]
fn files_have_their_headers_and_nothing_else_is_there() {
    if !std::path::Path::new("web-demo/dist/index.html").exists() {
        eprintln!("SKIPPED: the web page is not built; `make build` builds it");
        return;
    }
    let server = Server::start(&[]);
    let front = ask(&server, "GET", "/", "");
    let page = str::from_utf8(&front.body).unwrap();
    assert!(front.head.starts_with("HTTP/1.1 200") && page.starts_with("<!doctype html>"), "{}", front.head);
    let policy = front.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"), "{policy}");
    assert_eq!(front.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(front.header("cache-control"), Some("no-cache"));
    // Below whatever path a proxy puts it.
    assert!(!page.contains("=\"/"), "an absolute path: {page}");

    let script = page.split('"').find(|word| word.ends_with(".js")).unwrap().trim_start_matches('.');
    let plain = ask(&server, "GET", script, "");
    let packed = ask(&server, "GET", script, "Accept-Encoding: br, gzip\r\n");
    assert_eq!(plain.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert!(plain.header("cache-control").unwrap().contains("immutable"));
    assert_eq!((plain.header("content-encoding"), packed.header("content-encoding")), (None, Some("gzip")));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == plain.body && packed.body.len() * 2 < plain.body.len());

    let tag = front.header("etag").unwrap();
    let again = ask(&server, "GET", "/index.html", &format!("If-None-Match: {tag}\r\n"));
    assert!(again.head.starts_with("HTTP/1.1 304") && again.body.is_empty(), "{}", again.head);
    let head = ask(&server, "HEAD", "/", "");
    assert!(head.head.starts_with("HTTP/1.1 200") && head.body.is_empty(), "{}", head.head);
    for (method, path, status) in [
        ("POST", "/", "405"),
        ("GET", "/nothing", "404"),
        ("GET", "/index.html.gz", "404"),
        ("GET", "/../Cargo.toml", "404"),
        ("GET", "/assets/", "404"),
    ] {
        let answer = ask(&server, method, path, "");
        assert!(answer.head.starts_with(&format!("HTTP/1.1 {status}")), "{method} {path}: {}", answer.head);
    }
}
