//! The socket door: frames, errors, bounds, order, and what happens when one side does not behave.

use crate::client::{Client, Server};
use futures_util::SinkExt;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_run_from_frame_to_result() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let ran = client
        .run(json!({"language": "py", "code": "import sys\nprint(input())\nprint('e', file=sys.stderr)\nsys.exit(3)", "stdin": "héllo\n", "meta": {"student_id": 7}}))
        .await;
    assert_eq!(ran.kinds(), ["started", "stdout", "stderr", "result"]);
    assert_eq!(ran.frames[0]["engine"], "wasm");
    assert_eq!((&ran.frames[1]["data"], &ran.frames[1]["seq"], &ran.frames[2]["seq"]), (&json!("héllo\n"), &json!(0), &json!(1)));
    let (last, execution) = (ran.last(), ran.execution());
    assert_eq!(last["meta"], json!({"student_id": 7}));
    assert_eq!(last["compile"]["ok"], true);
    assert_eq!((&execution["status"], &execution["exit_code"], &execution["signal"]), (&json!("error"), &json!(3), &Value::Null));
    assert_eq!((&execution["stdout"], &execution["stderr"]), (&json!("héllo\n"), &json!("e\n")));
    assert_eq!((&execution["in_size"], &execution["out_size"], &execution["fuel"]), (&json!(7), &json!(9), &Value::Null));
    for measured in ["execution_time_ms", "cpu_time_ms", "wall_time_ms", "queue_time_ms", "memory_usage_mb"] {
        assert!(execution[measured].as_f64().unwrap() >= 0.0, "{measured}");
    }
    assert!(execution["memory_usage_mb"].as_f64().unwrap() > 1.0);
}

/// In a cell nothing can handle a signal: it ends a program, or does nothing.
#[tokio::test]
async fn signals_without_a_handler() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    for signal in ["SIGINT", "SIGKILL", "SIGUSR1"] {
        client.begin("r", json!({"language": "python", "code": "print('on', flush=True)\nwhile True: pass"})).await;
        client.next_of("stdout").await;
        for harmless in ["SIGCHLD", "SIGSTOP", "SIGCONT", "SIGTSTP", "SIGWINCH"] {
            client.send(json!({"type": "signal", "id": "r", "signal": harmless})).await;
        }
        client.send(json!({"type": "signal", "id": "r", "signal": signal})).await;
        let ran = client.rest("r").await;
        let execution = ran.execution();
        assert_eq!((ran.status(), &execution["signal"], &execution["exit_code"]), ("error", &json!(signal), &Value::Null), "{execution}");
        assert_eq!(ran.stdout(), "on\n");
    }
    client.send(json!({"type": "signal", "id": "r", "signal": "SIGINT"})).await;
    let error = client.next().await;
    assert_eq!((&error["code"], &error["details"]["field"]), (&json!("unknown_run"), &json!("id")));
    client.send(json!({"type": "signal", "id": "r", "signal": "SIGNO"})).await;
    let error = client.next().await;
    assert_eq!((&error["code"], &error["id"], &error["details"]["field"]), (&json!("bad_field"), &json!("r"), &json!("signal")));
    assert_eq!(client.python("print(1)").await.succeeded().stdout(), "1\n");
}

#[tokio::test]
async fn type_comes_first_in_each_frame() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    client.send(json!({"type": "hello", "client": "test"})).await;
    client.send_text(r#"{"id": "a", "code": "print(1)", "language": "python", "type": "run"}"#).await;
    client.send(json!({"type": "cancel", "id": "?"})).await;
    for _ in 0..5 {
        match client.message().await.unwrap() {
            Message::Text(text) => assert!(text.starts_with(r#"{"type":"#), "{text}"),
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => panic!("not text"),
        }
    }
}

#[tokio::test]
async fn many_runs_share_one_connection() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    for number in 0..40 {
        let language = if number % 2 == 0 { "python" } else { "javascript" };
        let code = if number % 2 == 0 { format!("print({number})") } else { format!("console.log({number})") };
        client.send(json!({"type": "run", "id": number.to_string(), "language": language, "code": code})).await;
    }
    let mut results = 0;
    while results < 40 {
        let frame = client.next().await;
        if frame["type"] == "result" {
            results += 1;
            assert_eq!(frame["execution"]["stdout"], format!("{}\n", frame["id"].as_str().unwrap()), "{frame}");
        }
    }
}

#[tokio::test]
async fn input_before_during_and_after() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let code = "print('name?', end=' ')\nprint('hi', input())\nprint(input())\nimport sys\nprint(repr(sys.stdin.read()))";
    client.send(json!({"type": "run", "id": "r", "language": "python", "code": code, "interactive": true, "stdin": "Ann"})).await;
    client.send(json!({"type": "stdin", "id": "r", "data": "e\n"})).await;
    let mut told = String::new();
    loop {
        let frame = client.next().await;
        match frame["type"].as_str().unwrap() {
            "stdout" => told.push_str(frame["data"].as_str().unwrap()),
            "waiting" if told.ends_with("Anne\n") => break,
            _ => {}
        }
    }
    assert_eq!(told, "name? hi Anne\n");
    client.send(json!({"type": "stdin", "id": "r", "base64": "w7w="})).await;
    client.send(json!({"type": "stdin", "id": "r", "data": "\nrest"})).await;
    client.send(json!({"type": "stdin", "id": "r", "eof": true})).await;
    client.send(json!({"type": "stdin", "id": "r", "data": "late"})).await;
    // Either may come first: the program may have ended before the late input was looked at.
    let (mut refused, mut result) = (None, None);
    while refused.is_none() || result.is_none() {
        let frame = client.next().await;
        match frame["type"].as_str().unwrap() {
            "error" => refused = Some(frame),
            "result" => result = Some(frame),
            _ => {}
        }
    }
    let (refused, result) = (refused.unwrap(), result.unwrap());
    assert_eq!((&refused["code"], &refused["id"]), (&json!("not_running"), &json!("r")));
    assert_eq!(result["execution"]["stdout"], "name? hi Anne\nü\n'rest'\n");
    client.send(json!({"type": "stdin", "id": "r", "data": "later"})).await;
    assert_eq!(client.next().await["code"], "not_running");
}

#[tokio::test]
async fn without_interactive_the_input_ends() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let ran = client.python("input()").await;
    assert!(ran.stderr().contains("EOFError"), "{}", ran.stderr());
    assert!(!ran.kinds().contains(&"waiting"));
}

#[tokio::test]
async fn refusals_leave_the_connection_alive() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let run = |more: Value| {
        let mut frame = json!({"type": "run", "id": "x", "language": "python", "code": "print(1)"});
        frame.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        frame.to_string()
    };
    let cases = [
        ("not json".to_owned(), "bad_json"),
        ("[]".to_owned(), "bad_json"),
        ("{}".to_owned(), "missing_field"),
        (r#"{"type": "dance"}"#.to_owned(), "bad_frame"),
        (run(json!({"colour": "red"})), "bad_field"),
        (run(json!({"code": 7})), "bad_field"),
        (r#"{"type": "run", "id": "x", "language": "python"}"#.to_owned(), "missing_field"),
        (run(json!({"files": {"../x": ""}})), "bad_path"),
        (run(json!({"language": "cobol"})), "unknown_language"),
        (run(json!({"limits": {"time_ms": 999_999_999}})), "limit_too_high"),
        (run(json!({"limits": {"files_mb": 1}, "files": {"big": "x".repeat((1 << 20) + 1)}})), "too_large"),
        (run(json!({"tests": {"visible": []}})), "missing_field"),
        (run(json!({"width": 5})), "bad_field"),
        (r#"{"type": "cancel", "id": "nobody"}"#.to_owned(), "unknown_run"),
        (r#"{"type": "stdin", "id": "nobody", "data": "x"}"#.to_owned(), "not_running"),
    ];
    for (frame, code) in cases {
        client.send_text(&frame).await;
        let error = client.next().await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!(code)), "{frame}: {error}");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    client.send_text(&run(json!({"limits": {"memory_mb": 999_999}}))).await;
    let error = client.next().await;
    assert_eq!(error["details"], json!({"field": "limits.memory_mb", "limit": 2048, "given": 999_999}));
    assert_eq!(client.python("print('alive')").await.succeeded().stdout(), "alive\n");
}

#[tokio::test]
async fn a_live_id_is_taken_and_a_used_one_is_free() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    client.send(json!({"type": "run", "id": "r", "language": "python", "code": "input()", "interactive": true})).await;
    client.next_of("waiting").await;
    client.send(json!({"type": "run", "id": "r", "language": "python", "code": "1"})).await;
    assert_eq!(client.next().await["code"], "duplicate_id");
    client.send(json!({"type": "cancel", "id": "r"})).await;
    let result = client.next_of("result").await;
    assert_eq!(result["execution"]["status"], "cancelled");
    client.send(json!({"type": "cancel", "id": "r"})).await;
    let refused = client.next().await;
    assert_eq!((&refused["code"], &refused["id"]), (&json!("unknown_run"), &json!("r")));
    client.python("print('the id is free')").await.succeeded();
}

#[tokio::test]
async fn binary_frames_and_oversize_frames_close() {
    let server = Server::start(&["--set", "connection.max_frame_kb=1024"]);
    let mut client = server.connect().await;
    client.socket.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(u16::from(client.closed().await.unwrap().code), 1003);
    let mut client = server.connect().await;
    // The client may be cut off while it still sends.
    let (mut sink, mut stream) = futures_util::StreamExt::split(client.socket);
    let sending = tokio::spawn(async move { sink.send(Message::text("x".repeat(100 << 20))).await });
    let closed = loop {
        match futures_util::StreamExt::next(&mut stream).await {
            Some(Ok(Message::Close(frame))) => break frame.unwrap(),
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(u16::from(closed.code), 1009);
    let _ = sending.await;
    client = server.connect().await;
    client.python("print('still here')").await.succeeded();
}

#[tokio::test]
async fn invalid_utf8_closes_with_1007() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::start(&[]);
    let mut stream = tokio::net::TcpStream::connect(&server.address).await.unwrap();
    let handshake = "GET /v1/connect HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(handshake.as_bytes()).await.unwrap();
    // A masked text frame (mask zero) with a byte that is no UTF-8.
    stream.write_all(&[0x81, 0x81, 0, 0, 0, 0, 0xff]).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let tail = &answer[answer.len().saturating_sub(80)..];
    assert!(tail.windows(2).any(|pair| pair == 1007u16.to_be_bytes()), "{tail:?}");
}

#[tokio::test]
async fn a_silent_client_is_pinged_then_closed() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::start(&["--set", "connection.ping_s=1", "--set", "connection.pong_s=2"]);
    let mut lively = server.connect().await;
    let mut stream = tokio::net::TcpStream::connect(&server.address).await.unwrap();
    let handshake = "GET /v1/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(handshake.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // Ends because the server closes: it never hears a pong.
    let read = async {
        while stream.read_buf(&mut answer).await.is_ok_and(|read| read > 0) {
            if answer.windows(2).any(|pair| pair == 1001u16.to_be_bytes()) {
                break;
            }
        }
    };
    // The other one answers pings while it waits.
    let wait = async { while let Some(Message::Ping(_)) = lively.message().await {} };
    tokio::select! {
        () = read => {}
        () = wait => panic!("something came"),
    }
    assert!(answer.windows(2).any(|pair| pair == [0x89, 0]), "no ping");
    lively.python("print('heard')").await.succeeded();
}

#[tokio::test]
async fn what_jobs_hold_is_bounded_over_all_of_them() {
    let server =
        Server::start(&["--set", "desk.held_mb=2", "--set", "desk.busy_per_cell=1", "--set", "cells.count=1", "--set", "desk.live=10"]);
    let mut client = server.connect().await;
    let run = |id: &str| json!({"type": "run", "id": id, "language": "python", "code": "input()", "files": {"big": "x".repeat(1 << 20)}, "interactive": true});
    client.send(run("a")).await;
    client.next_of("waiting").await;
    client.send(run("b")).await;
    let refused = client.next().await;
    assert_eq!((&refused["code"], &refused["id"]), (&json!("busy"), &json!("b")));
    client.send(json!({"type": "stdin", "id": "a", "data": "y".repeat(1 << 20)})).await;
    assert_eq!(client.next().await["code"], "busy");
    client.send(json!({"type": "cancel", "id": "a"})).await;
    client.next_of("result").await;
    client.send(run("b")).await;
    client.next_of("waiting").await;
}

#[tokio::test]
async fn a_thousand_runs_at_once_are_queued_then_refused() {
    let server = Server::start(&["--set", "desk.live=32", "--set", "desk.queue=200", "--set", "connection.runs=2000"]);
    let mut client = server.connect().await;
    for number in 0..1000 {
        client
            .send(json!({"type": "run", "id": number.to_string(), "language": "python", "code": "for i in range(30000): pass\nprint(1)"}))
            .await;
    }
    let (mut results, mut refused, mut positions) = (0, 0, Vec::new());
    while results + refused < 1000 {
        let frame = client.next().await;
        match frame["type"].as_str().unwrap() {
            "result" => {
                assert_eq!(frame["execution"]["status"], "success", "{frame}");
                results += 1;
            }
            "queued" => positions.push(frame["position"].as_u64().unwrap()),
            "error" => {
                assert_eq!((&frame["code"], frame["details"]["retry_after_ms"].as_u64().is_some()), (&json!("busy"), true), "{frame}");
                refused += 1;
            }
            _ => {}
        }
    }
    assert!(results >= 200 && refused > 0, "{results} results, {refused} refused");
    assert!(positions.iter().any(|&position| position > 50) && positions.iter().all(|&position| position < 200), "{positions:?}");
}

#[tokio::test]
async fn a_dropped_socket_cancels_its_runs() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    for id in ["a", "b"] {
        client.send(json!({"type": "run", "id": id, "language": "python", "code": "while True: pass", "limits": {"time_ms": 60000}})).await;
        client.next_of("started").await;
    }
    drop(client);
    for _ in 0..100 {
        let (_, body) = server.get("/readyz");
        if serde_json::from_str::<Value>(&body).unwrap()["live"] == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the runs go on");
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_its_program_only() {
    let server = Server::start(&[]);
    let mut slow = server.connect().await;
    let code = "import sys\nfor i in range(1 << 20): sys.stdout.write('x' * 1023 + '\\n')";
    slow.send(json!({"type": "run", "id": "r", "language": "python", "code": code, "limits": {"output_kb": 1_048_576, "time_ms": 60000, "wall_ms": 120_000}})).await;
    slow.next_of("started").await;
    let before = server.memory();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let grown = server.memory().saturating_sub(before);
    assert!(grown < 8 << 10, "{grown} KiB more");
    // Others are served meanwhile, by both cells.
    let mut other = server.connect().await;
    for _ in 0..6 {
        other.python("print(1)").await.succeeded();
    }
    // And it goes on when it is read, with nothing missing.
    let mut bytes = 0;
    while bytes < 20 << 20 {
        let frame = slow.next().await;
        assert_eq!(frame["type"], "stdout", "{frame}");
        bytes += frame["data"].as_str().unwrap().len();
    }
    slow.send(json!({"type": "cancel", "id": "r"})).await;
    loop {
        let frame = slow.next().await;
        if frame["type"] == "result" {
            assert_eq!(frame["execution"]["status"], "cancelled");
            assert_eq!(frame["execution"]["stdout_truncated"], true);
            break;
        }
    }
}

#[tokio::test]
async fn quiet_runs_tell_only_their_end() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let ran = client.run(json!({"language": "javascript", "code": "console.log('x')", "stream": false})).await;
    assert_eq!((ran.kinds(), ran.stdout()), (vec!["started", "result"], "x\n"));
}

#[tokio::test]
async fn characters_are_never_split_and_bytes_come_as_base64() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let code = "import sys, time\nfor b in '漢😀é'.encode():\n    sys.stdout.buffer.write(bytes([b])); sys.stdout.buffer.flush(); time.sleep(0.02)";
    let ran = client.python(code).await;
    assert_eq!((ran.streamed("stdout").as_str(), ran.stdout()), ("漢😀é", "漢😀é"));
    let ran = client.python("import sys\nsys.stdout.buffer.write(b'\\xff\\x00')").await;
    assert_eq!(ran.frames[1]["base64"], "/wA=");
    assert_eq!(ran.execution()["stdout"], json!({"base64": "/wA="}));
}

#[tokio::test]
async fn sigterm_lets_live_runs_end() {
    let mut server = Server::start(&[]);
    let mut client = server.connect().await;
    let mut idle = server.connect().await;
    client.send(json!({"type": "run", "id": "r", "language": "python", "code": "import time\ntime.sleep(1)\nprint('done')"})).await;
    client.next_of("started").await;
    server.signal_group("-TERM");
    assert_eq!(u16::from(idle.closed().await.unwrap().code), 1012);
    client.send(json!({"type": "run", "id": "late", "language": "python", "code": "1"})).await;
    let refused = loop {
        let frame = client.next().await;
        if frame["type"] == "error" {
            break frame;
        }
    };
    assert_eq!(refused["code"], "shutting_down");
    let result = client.next_of("result").await;
    assert_eq!(result["execution"]["stdout"], "done\n");
    assert_eq!(u16::from(client.closed().await.unwrap().code), 1012);
    assert!(server.process.wait().unwrap().success());
}

#[tokio::test]
async fn after_the_grace_time_runs_are_cancelled() {
    let mut server = Server::start(&["--set", "connection.grace_ms=200"]);
    let mut client = server.connect().await;
    client.send(json!({"type": "run", "id": "r", "language": "python", "code": "while True: pass", "limits": {"time_ms": 60000}})).await;
    client.next_of("started").await;
    let cells = server.cells();
    server.signal("-TERM");
    assert_eq!(client.next_of("result").await["execution"]["status"], "cancelled");
    assert_eq!(u16::from(client.closed().await.unwrap().code), 1012);
    assert!(server.process.wait().unwrap().success());
    for cell in cells {
        assert!(!std::path::Path::new(&format!("/proc/{cell}")).exists(), "cell {cell} is left behind");
    }
}

#[tokio::test]
async fn operators_are_answered() {
    let server = Server::start(&[]);
    assert_eq!(server.get("/healthz"), (200, "ok\n".to_owned()));
    let (status, body) = server.get("/readyz");
    let ready: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &ready["ready"], &ready["languages"]["python"]), (200, &json!(true), &json!("ready")));
    assert_eq!(ready["hardening"], json!({"whole": true, "no_new_privs": true, "seccomp": true, "landlock": true}));
    let (_, body) = server.get("/v1/languages");
    let languages: Value = serde_json::from_str(&body).unwrap();
    assert!(
        languages.as_array().unwrap().iter().any(|language| language["name"] == "javascript" && language["aliases"][0] == "js"),
        "{languages}"
    );
    assert_eq!(server.get("/v1/connect").0, 400);
    assert_eq!(server.get("/nothing").0, 404);
}

#[tokio::test]
async fn both_forms_of_hello_are_welcome() {
    let server = Server::start(&[]);
    let mut client: Client = server.connect().await;
    client.send(json!({"type": "hello", "token": "unused", "client": "test/1"})).await;
    let welcome = client.next().await;
    assert_eq!((&welcome["type"], &welcome["protocol"]), (&json!("welcome"), &json!("runnel.v1")));
    let python = welcome["languages"].as_array().unwrap().iter().find(|language| language["name"] == "python").unwrap();
    assert_eq!((&python["state"], &python["engine"], &python["limits"]["time_ms"]), (&json!("ready"), &json!("wasm"), &json!(5000)));
}

/// The page that clients are written from must know every word that the code knows.
#[test]
fn the_protocol_page_is_complete() {
    let page =
        concat!(include_str!("../../docs/protocol.md"), include_str!("../../docs/judging.md"), include_str!("../../docs/workspaces.md"));
    let source = concat!(
        include_str!("../../src/protocol.rs"),
        include_str!("../../src/protocol/render.rs"),
        include_str!("../../src/protocol/render/workspace.rs")
    );
    let mut words = Vec::new();
    for line in source.lines() {
        let line = line.trim().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        let field = line.split_once(':').map(|(field, _)| field).filter(|_| line.ends_with(',') && !line.contains("=>"));
        words.extend(field.filter(|field| {
            field.chars().all(|c| c.is_ascii_lowercase() || c == '_')
                && !field.starts_with('_')
                && !["kind", "details", "refusal", "shown"].contains(field)
        }));
    }
    let codes = runnel::protocol::Code::ALL.map(|code| serde_json::to_value(code).unwrap());
    assert_eq!(codes, runnel::protocol::Code::ALL.map(|code| Value::from(code.word())), "metrics have the words of frames");
    words.extend(codes.iter().map(|code| code.as_str().unwrap()));
    assert!(words.len() > 60, "{words:?}");
    for word in words {
        assert!(
            page.contains(&format!("`{word}`")) || page.contains(&format!("`{word}?`")) || page.contains(&format!("\"{word}\"")),
            "`{word}` is not on the page"
        );
    }
}
