//! The words of others: an older client of each shipped dialect, which knows nothing of a `run`.

use super::broker::{Broker, Queues};
use super::{command, metric, plain, until, worker};
use crate::client::{Folder, Server, prepare};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use serde_json::{Value, json};
use std::process::Stdio;

const COPY: &str = "import sys\nname = sys.argv[1]\ntext = open(name).read()\nopen('out.txt', 'w').write(text.upper())\nprint(name)";

/// The headers of who sends solutions.
fn solution() -> BasicProperties {
    named("test_solution")
}

fn named(task: &str) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("task_name".into(), AMQPValue::LongString(task.as_bytes().into()));
    plain().with_headers(headers)
}

fn conversion(id: Value, algorithm: &str) -> Value {
    let (input, algorithm) = (BASE64_STANDARD.encode("a b"), BASE64_STANDARD.encode(algorithm));
    json!({"id": id, "inputfile": input, "algorithm": algorithm, "from": "csv", "to": "txt", "language": "python"})
}

/// A message, and what is expected of its answer.
type Conversion = (Value, fn(&Value));

pub(super) fn conversions() -> Vec<Conversion> {
    let unknown = |mut message: Value| {
        message["language"] = json!("cobol");
        message
    };
    let upwards = |mut message: Value| {
        message["from"] = json!("/../../etc/passwd");
        message
    };
    vec![
        (conversion(json!("c1"), COPY), |answer| {
            assert_eq!((&answer["stdout"], &answer["stderr"]), (&json!("in.csv\n"), &json!("")));
            assert_eq!(answer["artifact"], json!(BASE64_STANDARD.encode("A B")));
            assert!(answer["stats"]["duration"].as_f64().unwrap() > 0.0);
            assert_eq!(answer["stats"]["code_size"], COPY.len() + 3);
        }),
        (conversion(json!(2), "print('no file')"), |answer| {
            assert_eq!((&answer["run_id"], &answer["stdout"], &answer["artifact"]), (&json!(2), &json!("no file\n"), &Value::Null));
        }),
        (conversion(json!("../c3"), "import sys\nprint('a')\nsys.exit('b')"), |answer| {
            assert_eq!((&answer["run_id"], &answer["stdout"], &answer["stderr"]), (&json!("../c3"), &json!("a\n"), &json!("b\n")));
        }),
        (conversion(json!("c4"), "print('so far', flush=True)\nwhile True: pass"), |answer| {
            assert_eq!(answer, &json!({"run_id": "c4", "stdout": "timeout", "stderr": "timeout", "artifact": null, "stats": null}));
        }),
        (conversion(json!("c5"), "x = []\nwhile True: x.append(bytearray(1 << 20))"), |answer| {
            assert!(answer["stderr"].as_str().unwrap().contains("memory_limit"), "{answer}");
        }),
        (unknown(conversion(json!("c6"), COPY)), |answer| {
            assert!(answer["stderr"].as_str().unwrap().contains("cobol"), "{answer}");
            assert_eq!((&answer["run_id"], &answer["stdout"], &answer["stats"]), (&json!("c6"), &json!(""), &Value::Null));
        }),
        (upwards(conversion(json!("c7"), COPY)), |answer| assert!(answer["stderr"].as_str().unwrap().contains(".."), "{answer}")),
        (json!({"id": "c8", "inputfile": "?"}), |answer| assert!(answer["stderr"].as_str().unwrap().contains("is missing"), "{answer}")),
    ]
}

#[tokio::test]
async fn files_are_made_of_others() {
    let Some(broker) = Broker::shared() else { return };
    let queues = Queues::new(broker).await;
    let worker = worker(broker, &queues, &["queue.dialect=topics", "limits.usual.time_ms=1000"]);
    for (message, check) in conversions() {
        queues.send(&message, plain()).await;
        let (answer, _) = queues.result().await;
        assert_eq!(answer["run_id"], message["id"], "{answer}");
        assert_eq!(answer.as_object().unwrap().len(), 5, "{answer}");
        check(&answer);
    }
    for (message, reason) in [(json!({"language": "python"}), "message.id"), (json!([1]), "object")] {
        queues.send(&message, plain()).await;
        let (sent, properties) = queues.take_bytes(&queues.dead).await;
        assert_eq!(serde_json::from_slice::<Value>(&sent).unwrap(), message);
        assert!(super::broker::header(&properties, "x-runnel-reason").contains(reason), "{properties:?}");
    }
    assert_eq!(metric(&worker, "runnel_queue_dead_total"), 2);
}

fn submission(lang: &str, code: &str, inputs: &[&str]) -> Value {
    let run_data: Vec<_> = inputs.iter().zip(1..).map(|(input, number)| json!({"test_num": number, "input": input})).collect();
    json!({"student_id": 7, "problem_id": "p-3", "course_id": 1, "lang": lang, "code": code, "run_data": run_data})
}

#[tokio::test]
async fn solutions_are_tested() {
    let Some(broker) = Broker::shared() else { return };
    let queues = Queues::new(broker).await;
    let settings = ["queue.dialect=solutions", "queue.kind=classic", "limits.usual.time_ms=1000"];
    let worker = worker(broker, &queues, &settings);
    let double = "print(int(input()) * 2)";
    let cases = [
        (submission("py", double, &["1", "2"]), json!([["1", "2\n"], ["2", "4\n"]]), None),
        (submission("js", "console.log(require('fs').readFileSync(0, 'utf8').trim())", &["x"]), json!([["x", "x\n"]]), None),
        // The first that fails ends it.
        (submission("py", double, &["1", "x", "3"]), json!([["1", "2\n"], ["x", ""]]), Some("ValueError")),
        (submission("py", "while True: pass", &["1", "2"]), json!([["1", ""]]), Some("timeout")),
        (submission("rs", "fn main() {}", &["1"]), json!([]), Some("`message.lang`")),
        (json!({"student_id": 7, "problem_id": "p-3", "course_id": 1, "lang": "py", "code": 5}), json!([]), Some("`message.run_data`")),
    ];
    for (message, outputs, err_msg) in cases {
        queues.send(&message, solution()).await;
        let (answer, properties) = queues.result().await;
        assert_eq!(super::broker::header(&properties, "task_name"), "handle_test_result");
        check_solution(&answer, &message, &outputs, err_msg);
    }
    queues.send(&submission("py", double, &["1"]), named("something_else")).await;
    let (_, properties) = queues.take_bytes(&queues.dead).await;
    assert!(super::broker::header(&properties, "x-runnel-reason").contains("task_name"), "{properties:?}");
    assert_eq!(metric(&worker, "runnel_queue_published_total"), 6);
}

fn check_solution(answer: &Value, message: &Value, outputs: &Value, err_msg: Option<&str>) {
    let cases = answer["test_cases"].as_array().unwrap();
    let told: Vec<_> = cases.iter().map(|case| json!([case["input"], case["output"]])).collect();
    assert_eq!(&json!(told), outputs, "{answer}");
    assert!(cases.iter().zip(1..).all(|(case, number)| case["test_num"] == number), "{answer}");
    match err_msg {
        Some(words) => assert!(answer["err_msg"].as_str().unwrap().contains(words), "{answer}"),
        None => assert_eq!(answer["err_msg"], Value::Null),
    }
    for field in ["code", "problem_id", "student_id", "course_id"] {
        assert_eq!(answer[field], message[field]);
    }
    assert_eq!(answer.as_object().unwrap().len(), 6, "{answer}");
}

#[tokio::test]
async fn compile_errors_are_told_in_the_words_of_others() {
    let Some(broker) = Broker::shared() else { return };
    if !crate::containers::docker() {
        return;
    }
    prepare();
    let queues = Queues::new(broker).await;
    let mut command = command(&broker.url(), &queues, &["queue.dialect=solutions", "docker.pool=1"]);
    command.args(["--set", "docker.enabled=true"]);
    let worker = Server::begin(command);
    until(|| worker.get("/readyz").0 == 200);
    let adds = "#include <iostream>\nint main() { int a; std::cin >> a; std::cout << a + 1; }";
    for (code, outputs, err_msg) in [(adds, json!([["1", "2"]]), None), ("int main() { return x; }", json!([]), Some("not declared"))] {
        let message = submission("cpp", code, &["1"]);
        queues.send(&message, solution()).await;
        check_solution(&queues.result().await.0, &message, &outputs, err_msg);
    }
}

#[tokio::test]
async fn mistakes_in_a_dialect_are_told_at_the_start() {
    let Some(broker) = Broker::shared() else { return };
    prepare();
    let queues = Queues::new(broker).await;
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).unwrap();
    let path = folder.0.join("ours.toml");
    let refused = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let dialect = format!("queue.dialect={}", path.display());
        let output = command(&broker.url(), &queues, &[&dialect]).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = refused("[job]\nid = \"=massage.id\"\n[[answer.case]]\nbody = 1\n");
    assert!(said.contains("ours.toml") && said.contains("line 2, `job.id`"), "{said}");
    assert!(refused("[job").contains("line 1"));
    let output = command(&broker.url(), &queues, &["queue.dialect=klingon"]).stdin(Stdio::null()).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("`topics`, `solutions`"));
}
