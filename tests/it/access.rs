//! Who may come in, and how the server shares itself out.

use crate::client::{Client, Folder, Server, prepare, runnel};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::process::Command;
use std::time::Duration;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// A token, and its entry in the configuration.
fn token(name: &str, more: &str) -> (String, String) {
    let made = runnel().args(["token", name]).output().unwrap();
    let (token, hint) = (String::from_utf8(made.stdout).unwrap(), String::from_utf8(made.stderr).unwrap());
    let digest = hint.split("sha256 = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(!hint.contains(token.trim()), "{hint}");
    (token.trim().to_owned(), format!("{{ name = \"{name}\", sha256 = \"{digest}\"{more} }}"))
}

struct Guarded {
    server: Server,
    config: std::path::PathBuf,
    _folder: Folder,
}

fn configuration(entries: &[&str], more: &str) -> String {
    format!("[access]\ntokens = [{}]\n{more}\n", entries.join(", "))
}

impl Guarded {
    fn start(text: &str, arguments: &[&str]) -> Self {
        let folder = Folder::new();
        std::fs::create_dir_all(&folder.0).unwrap();
        let config = folder.0.join("runnel.toml");
        std::fs::write(&config, text).unwrap();
        let server = Server::start(&[&["--config", config.to_str().unwrap()], arguments].concat());
        Self { server, config, _folder: folder }
    }
}

/// One HTTP request; status, head and body.
fn request(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, Value) {
    let answer = server.ask(method, path, headers, body);
    (answer.status, answer.head.to_ascii_lowercase(), serde_json::from_str(answer.text()).unwrap_or(Value::Null))
}

/// A socket before its welcome.
async fn socket(server: &Server, headers: &[(&'static str, &str)]) -> Result<Client, u16> {
    let mut request = format!("ws://{}/v1/connect", server.address).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = tokio::net::TcpStream::connect(&server.address).await.unwrap();
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, _)) => Ok(Client { socket }),
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(fault) => panic!("{fault}"),
    }
}

const JOB: &str = r#"{"language": "js", "code": "console.log(1)"}"#;

#[tokio::test]
async fn tokens_are_needed_where_there_are_some() {
    let ((ann, for_ann), (bob, for_bob)) =
        (token("ann", ""), token("bob", ", languages = [\"py\"], runs_per_minute = 2, most = { time_ms = 1000 }"));
    let guarded = Guarded::start(&configuration(&[&for_ann, &for_bob], ""), &[]);
    let server = &guarded.server;
    for (path, method) in [("/v1/run", "POST"), ("/v1/languages", "GET"), ("/v1/glance", "GET"), ("/v1/workspaces", "GET")] {
        let (status, head, body) = request(server, method, path, "", JOB);
        assert_eq!((status, &body["error"]["code"]), (401, &json!("unauthorized")), "{path}");
        assert!(head.contains("www-authenticate: bearer"), "{head}");
    }
    assert_eq!(request(server, "GET", "/healthz", "", "").0, 200);
    assert_eq!(request(server, "GET", "/readyz", "", "").0, 200);
    assert_eq!(request(server, "POST", "/v1/run", "authorization: Bearer wrong\r\n", JOB).0, 401);
    let with = |token: &str| format!("authorization: Bearer {token}\r\n");
    assert_eq!(request(server, "POST", "/v1/run", &with(&ann), JOB).2["execution"]["stdout"], "1\n");
    // Bob has one language, little time, and two runs.
    let (status, _, body) = request(server, "POST", "/v1/run", &with(&bob), JOB);
    assert_eq!((status, &body["error"]["code"]), (403, &json!("forbidden")), "{body}");
    let python = |limits: Value| json!({"language": "python", "code": "print(2)", "limits": limits}).to_string();
    let (status, _, body) = request(server, "POST", "/v1/run", &with(&bob), &python(json!({"time_ms": 2000})));
    assert_eq!((status, &body["error"]["details"]["limit"]), (400, &json!(1000)), "{body}");
    for _ in 0..2 {
        assert_eq!(request(server, "POST", "/v1/run", &with(&bob), &python(json!({"time_ms": 500}))).0, 200);
    }
    let (status, head, body) = request(server, "POST", "/v1/run", &with(&bob), &python(json!({"time_ms": 500})));
    assert_eq!((status, &body["error"]["code"]), (429, &json!("rate_limited")), "{body}");
    assert!(head.contains("retry-after: ") && body["error"]["details"]["retry_after_ms"].as_u64().unwrap() > 1000, "{head} {body}");
    // On the socket: in the header, or in the first frame.
    let mut client = socket(server, &[("authorization", &format!("Bearer {ann}"))]).await.unwrap();
    assert_eq!(client.next().await["type"], "welcome");
    assert_eq!(socket(server, &[("authorization", "Bearer wrong")]).await.err(), Some(401));
    let mut client = socket(server, &[]).await.unwrap();
    client.send(json!({"type": "hello", "token": ann, "client": "test"})).await;
    assert_eq!(client.next().await["type"], "welcome");
    assert_eq!(client.javascript("console.log(3)").await.stdout(), "3\n");
    for first in [
        json!({"type": "hello", "token": "wrong"}),
        json!({"type": "hello"}),
        json!({"type": "run", "id": "r", "language": "js", "code": "1"}),
    ] {
        let mut client = socket(server, &[]).await.unwrap();
        client.send(first).await;
        assert_eq!(client.next().await["code"], "unauthorized");
        assert_eq!(u16::from(client.closed().await.unwrap().code), 4401);
    }
    // Who says nothing is let go, and who says much before it is known is not read.
    let (mut silent, mut loud) = (socket(server, &[]).await.unwrap(), socket(server, &[]).await.unwrap());
    loud.send_text(&"x".repeat(8 << 10)).await;
    assert_eq!(u16::from(loud.closed().await.unwrap().code), 4401);
    assert_eq!(u16::from(silent.closed().await.unwrap().code), 4401);
    // A workspace is the token's, on whatever door.
    client.send(json!({"type": "workspace.open", "workspace": "mine", "files": {"f": "1"}})).await;
    assert_eq!(client.next().await["action"], "opened");
    drop(client);
    let file = |token: &str| request(server, "GET", "/v1/workspaces/mine/file?path=f", &with(token), "");
    assert_eq!((file(&ann).2["data"].as_str(), file(&bob).0), (Some("1"), 404));
}

#[tokio::test]
async fn tokens_are_read_again_without_dropping_anybody() {
    let ((ann, for_ann), (bob, for_bob)) = (token("ann", ""), token("bob", ""));
    let guarded = Guarded::start(&configuration(&[&for_ann], ""), &[]);
    let server = &guarded.server;
    let mut client = socket(server, &[("authorization", &format!("Bearer {ann}"))]).await.unwrap();
    client.next().await;
    client.begin("live", json!({"language": "python", "code": "print(1, flush=True)\ninput()\nprint(2)", "interactive": true})).await;
    client.next_of("waiting").await;
    // A mistake changes nothing.
    std::fs::write(&guarded.config, "[access]\ntokens = 7\n").unwrap();
    server.signal("-HUP");
    std::fs::write(&guarded.config, configuration(&[&for_bob], "")).unwrap();
    server.signal("-HUP");
    let as_bob = format!("authorization: Bearer {bob}\r\n");
    for _ in 0..200 {
        if request(server, "GET", "/v1/languages", &as_bob, "").0 == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(request(server, "POST", "/v1/run", &as_bob, JOB).0, 200);
    assert_eq!(request(server, "POST", "/v1/run", &format!("authorization: Bearer {ann}\r\n"), JOB).0, 401);
    // What ran goes on; a new run is refused, and the connection lives.
    client.begin("new", json!({"language": "python", "code": "1"})).await;
    assert_eq!(client.next().await["code"], "unauthorized");
    client.send(json!({"type": "stdin", "id": "live", "data": "\n", "eof": true})).await;
    assert_eq!(client.rest("live").await.succeeded().stdout(), "1\n2\n");
}

#[tokio::test]
async fn foreign_pages_are_turned_away() {
    let guarded = Guarded::start("[access]\norigins = [\"https://ide.example\"]\nproxies = [\"127.0.0.1\"]\n", &[]);
    let server = &guarded.server;
    let own = format!("http://{}", server.address);
    for (origin, expected) in
        [(own.as_str(), Ok(())), ("https://ide.example", Ok(())), ("https://evil.example", Err(403)), ("null", Err(403))]
    {
        let came = socket(server, &[("origin", origin)]).await.map(drop);
        assert_eq!(came, expected, "{origin}");
        let (status, _, body) = request(server, "POST", "/v1/run", &format!("origin: {origin}\r\n"), JOB);
        assert_eq!(status, if expected.is_ok() { 200 } else { 403 }, "{origin} {body}");
    }
    // Behind a proxy that is trusted, the host is the one that the browser knows.
    let proxied = "origin: https://run.example\r\nx-forwarded-host: run.example\r\n";
    assert_eq!(request(server, "POST", "/v1/run", proxied, JOB).0, 200);
}

#[test]
fn nobody_listens_to_the_world_by_mistake() {
    prepare();
    let refused = runnel().args(["serve", "--listen", "0.0.0.0:0", "--set", "docker.enabled=false"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let words = String::from_utf8(refused.stderr).unwrap();
    let tells = |words: &str| words.contains("no tokens") && words.contains("runnel token") && words.contains("access.public");
    assert!(tells(&words), "{words}");
    // Who listens for nobody is not asked about it, and who only looks says it.
    let at_all_addresses = |arguments: &[&str]| runnel().args(arguments).env("RUNNEL_LISTEN", "0.0.0.0:9").output().unwrap();
    for arguments in [&["run", "-", "--language", "javascript"][..], &["toolchains", "list"]] {
        let done = at_all_addresses(arguments);
        assert_eq!(done.status.code(), Some(0), "{done:?}");
    }
    let looked = at_all_addresses(&["check"]);
    assert_eq!(looked.status.code(), Some(2), "{looked:?}");
    assert!(tells(&String::from_utf8_lossy(&looked.stderr)) && String::from_utf8_lossy(&looked.stdout).contains("seccomp"), "{looked:?}");
    let asked = at_all_addresses(&["check", "--ready"]);
    assert!(asked.status.code() == Some(1) && !tells(&String::from_utf8_lossy(&asked.stderr)), "{asked:?}");
    let server = Server::spawn_at("0.0.0.0:0", &["--set", "docker.enabled=false", "--set", "access.public=true"]);
    assert!(server.address.starts_with("0.0.0.0:"));
    let unreadable = runnel()
        .args(["serve", "--listen", "127.0.0.1:0", "--set", "access.tls_cert=/dev/null", "--set", "access.tls_key=/dev/null"])
        .output()
        .unwrap();
    assert_eq!(unreadable.status.code(), Some(2), "{unreadable:?}");
}

#[tokio::test]
async fn addresses_have_bounds() {
    let server = Server::start(&["--set", "access.connections=3", "--set", "access.each.runs_per_minute=2"]);
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(server.connect().await);
    }
    assert_eq!(socket(&server, &[]).await.err(), Some(429));
    let mut first = clients.remove(0);
    first.javascript("1").await.succeeded();
    drop(clients.pop());
    // Of all connections of an address together, and whoever comes back is not new.
    let mut again = loop {
        if let Ok(mut client) = socket(&server, &[]).await {
            client.next().await;
            break client;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    again.javascript("1").await.succeeded();
    assert_eq!(again.javascript("1").await.last()["code"], "rate_limited");
    // One client in its turn, two by a proxy that is trusted.
    let server = Server::start(&["--set", "access.each.runs_per_minute=1"]);
    let forged = "x-forwarded-for: 10.0.0.1\r\n";
    assert_eq!(request(&server, "POST", "/v1/run", "", JOB).0, 200);
    assert_eq!(request(&server, "POST", "/v1/run", forged, JOB).0, 429);
    let guarded = Guarded::start("[access]\nproxies = [\"127.0.0.1\"]\n[access.each]\nruns_per_minute = 1\n", &[]);
    let server = &guarded.server;
    for number in 1..3 {
        let from = format!("x-forwarded-for: 192.0.2.9, 10.0.0.{number}\r\n");
        assert_eq!(request(server, "POST", "/v1/run", &from, JOB).0, 200);
        assert_eq!(request(server, "POST", "/v1/run", &from, JOB).0, 429);
    }
}

#[tokio::test]
async fn who_dawdles_is_let_go() {
    let server = Server::start(&[]);
    let mut slow = std::net::TcpStream::connect(&server.address).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(50))).unwrap();
    slow.write_all(b"GET /v1/languages HTTP/1.1\r\nHost: x\r\n").unwrap();
    let mut idle = std::net::TcpStream::connect(&server.address).unwrap();
    idle.set_read_timeout(Some(Duration::from_secs(50))).unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut client = server.connect().await;
    let waiting = tokio::task::spawn_blocking(move || {
        let mut rest = Vec::new();
        slow.read_to_end(&mut rest).unwrap();
        idle.read_to_end(&mut rest).unwrap();
    });
    client.javascript("1").await.succeeded();
    waiting.await.unwrap();
    // An upgraded connection has its own clock.
    client.javascript("2").await.succeeded();
}

#[tokio::test]
async fn one_with_many_jobs_does_not_starve_one_with_one() {
    let ((many, for_many), (one, for_one)) = (token("crowd", ""), token("single", ""));
    let guarded = Guarded::start(
        &configuration(&[&for_many, &for_one], ""),
        &["--set", "cells.count=1", "--set", "desk.busy_per_cell=1", "--set", "desk.live=4", "--set", "desk.queue=400"],
    );
    let mut crowd = socket(&guarded.server, &[("authorization", &format!("Bearer {many}"))]).await.unwrap();
    let mut single = socket(&guarded.server, &[("authorization", &format!("Bearer {one}"))]).await.unwrap();
    crowd.next().await;
    single.next().await;
    let code = "import time\nend = time.process_time() + 0.02\nwhile time.process_time() < end: pass";
    for number in 0..100 {
        crowd.begin(&format!("c{number}"), json!({"language": "python", "code": code, "stream": false})).await;
    }
    // Some of them have ended, most wait.
    let mut ended = 0;
    while ended < 5 {
        ended += usize::from(crowd.next().await["type"] == "result");
    }
    single.begin("s", json!({"language": "python", "code": "print(1)"})).await;
    let ran = single.rest("s").await;
    assert_eq!(ran.succeeded().stdout(), "1\n");
    let positions: Vec<u64> =
        ran.frames.iter().filter(|frame| frame["type"] == "queued").map(|frame| frame["position"].as_u64().unwrap()).collect();
    assert!(positions.iter().all(|position| *position <= 1), "{positions:?}");
    // The crowd is far from its end.
    crowd.send(json!({"type": "clock", "time_ms": 0})).await;
    loop {
        let frame = crowd.next().await;
        match frame["type"].as_str().unwrap() {
            "clock" => break,
            "result" => ended += 1,
            _ => {}
        }
    }
    assert!(ended < 60, "{ended} ended before a single one");
}

/// The same with `wss`, and a certificate that is replaced.
#[tokio::test]
async fn tls_is_spoken() {
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).unwrap();
    let (cert, key) = (folder.0.join("cert.pem"), folder.0.join("key.pem"));
    let make = |name: &str| {
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "2",
                "-subj",
                &format!("/CN={name}"),
                "-addext",
                "subjectAltName=IP:127.0.0.1",
            ])
            .args(["-keyout".as_ref(), key.as_os_str(), "-out".as_ref(), cert.as_os_str()])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    };
    make("first");
    prepare();
    let mut command = runnel();
    command.args(["serve", "--listen", "127.0.0.1:0", "--set", "docker.enabled=false"]);
    command.args(["--set", &format!("access.tls_cert={}", cert.display()), "--set", &format!("access.tls_key={}", key.display())]);
    let folder_setting = format!("workspaces.folder={}", folder.0.join("workspaces").display());
    let mut process = command.args(["--set", &folder_setting]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(process.stdout.as_mut().unwrap()), &mut line).unwrap();
    let address = line.trim().strip_prefix("listening on https://").unwrap().to_owned();
    let ask = |path: &str| {
        let asked =
            Command::new("curl").args(["-sS", "--cacert", cert.to_str().unwrap(), &format!("https://{address}{path}")]).output().unwrap();
        (asked.status.success(), String::from_utf8(asked.stdout).unwrap())
    };
    assert_eq!(ask("/healthz"), (true, "ok\n".to_owned()));
    make("second");
    assert!(!ask("/healthz").0, "the old certificate is served still");
    assert!(Command::new("kill").args(["-HUP", &process.id().to_string()]).status().unwrap().success());
    let mut is_new = false;
    for _ in 0..100 {
        is_new = ask("/healthz").0;
        if is_new {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(is_new);
}
