//! What a server tells of itself: load, machine, clock.

use crate::client::Server;
use serde_json::{Value, json};

#[tokio::test]
async fn a_glance_has_totals_only() {
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=1", "--set", "desk.queue=3"]);
    let mut client = server.connect().await;
    let expected = |live: u32, queued: u32| json!({"type": "glance", "live": live, "queued": queued, "cells": 1, "pool": 0, "most": {"live": 1, "queued": 3}});
    client.send(json!({"type": "glance"})).await;
    assert_eq!(client.next().await, expected(0, 0));
    let waits = json!({"language": "python", "code": "input()", "interactive": true});
    client.begin("secret-name", waits.clone()).await;
    client.next_of("waiting").await;
    client.begin("other", waits).await;
    client.next_of("queued").await;
    // Whoever asks sees what all have, and nothing of whose it is.
    let mut other = server.connect().await;
    other.send(json!({"type": "glance", "sys": null})).await;
    assert_eq!(other.next().await, expected(1, 1));
    other.send(json!({"type": "glance", "sys": true})).await;
    let mut told = other.next().await;
    for (part, unit) in [("cpu", "milli"), ("memory", "mb"), ("storage", "mb")] {
        let part = told.as_object_mut().unwrap().remove(part).unwrap();
        let figure = |name: &str| part[format!("{name}_{unit}")].as_u64().unwrap_or_else(|| panic!("{part}"));
        assert!(figure("allocatable") > 0 && figure("used") <= figure("allocatable"), "{part}");
        assert_eq!(part.as_object().unwrap().len(), if unit == "milli" { 3 } else { 2 }, "{part}");
    }
    assert_eq!(told, expected(1, 1));
    let (status, body) = server.get("/v1/glance");
    assert_eq!(
        (status, serde_json::from_str::<Value>(&body).unwrap()),
        (200, {
            let mut frame = expected(1, 1);
            frame.as_object_mut().unwrap().remove("type");
            frame
        })
    );
    for (query, has_machine) in [("sys=1", true), ("sys=0", false)] {
        let (status, body) = server.get(&format!("/v1/glance?{query}"));
        assert!(status == 200 && body.contains("allocatable_milli") == has_machine, "{query}: {body}");
    }
    let (status, body) = server.get("/v1/glance?who=1");
    assert!(status == 400 && body.contains(r#""field":"who""#), "{body}");
}

#[tokio::test]
async fn used_processors_are_seen() {
    let server = Server::start(&["--set", "cells.count=1"]);
    let mut client = server.connect().await;
    let mut used = 0;
    client
        .begin(
            "r",
            json!({"language": "python", "code": "print(1, flush=True)\nwhile True: pass", "limits": {"time_ms": 60000, "wall_ms": 60000}}),
        )
        .await;
    client.next_of("stdout").await;
    // The mean since the last glance rises to what one program uses; how soon is the machine's affair.
    for _ in 0..30 {
        client.send(json!({"type": "glance", "sys": true})).await;
        used = client.next_of("glance").await["cpu"]["used_milli"].as_u64().unwrap();
        if used > 500 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    }
    assert!(used > 500, "{used}");
}

#[tokio::test]
async fn clocks_are_compared() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let now = || u64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap();
    for (ahead, is_off) in [(0, false), (3_600_000, true), (-3_600_000, true)] {
        let before = now();
        let sent = before.checked_add_signed(ahead).unwrap();
        client.send(json!({"type": "clock", "time_ms": sent})).await;
        let answer = client.next().await;
        let (time, difference) = (answer["time_ms"].as_u64().unwrap(), answer["difference_ms"].as_i64().unwrap());
        assert!(answer["type"] == "clock" && (before..=now()).contains(&time), "{answer}");
        assert_eq!((sent.checked_add_signed(difference), &answer["is_off"]), (Some(time), &json!(is_off)), "{answer}");
    }
    for bad in [json!(null), json!(-1), json!("12"), json!(1e18)] {
        client.send(json!({"type": "clock", "time_ms": bad})).await;
        let error = client.next().await;
        assert_eq!((&error["type"], &error["details"]["field"]), (&json!("error"), &json!("time_ms")), "{bad}: {error}");
    }
}
