//! A toolchain is a folder: a guest of one's own, from a component that was written by hand, without any Rust.

use crate::client::{self, Server};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Returns its fixed exit code from `run`; the smallest thing that fits `wit/guest.wit`.
const GUEST: &str = r#"
(component
  (core module $guest
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
    (func (export "run") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) i32.const 7))
  (core instance $instance (instantiate $guest))
  (func (export "run")
    (param "path" string) (param "source" (list u8)) (param "args" (list string)) (param "env" (list (tuple string string)))
    (result u8)
    (canon lift (core func $instance "run") (memory (core memory $instance "memory")) (realloc (core func $instance "realloc")))))
"#;

struct Folder(PathBuf);

impl Folder {
    /// A toolchain `seven` whose build is this script, which finds the guest beside it.
    fn new(name: &str, build: &str) -> Self {
        let path = std::env::temp_dir().join(format!("runnel-toolchain-{}-{name}", std::process::id()));
        let toolchain = path.join("seven");
        std::fs::create_dir_all(&toolchain).unwrap();
        let text = "name = 'seven'\naliases = ['7']\nversion = '7'\nengine = 'wasm'\nmain = 'main.7'\nextensions = ['7']\nexample = ''\n[guest]\nbuild = 'build.sh'\n";
        std::fs::write(toolchain.join("toolchain.toml"), text).unwrap();
        std::fs::write(toolchain.join("build.sh"), build).unwrap();
        std::fs::write(toolchain.join("seven.wasm"), wat::parse_str(GUEST).unwrap()).unwrap();
        Self(path)
    }

    fn server(&self) -> Server {
        Server::start(&["--set", &format!("toolchains={}", self.0.display())])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn a_run_waits_for_its_language_and_others_do_not() {
    // The stamp makes it another content each time, so that no cache has it.
    let stamp = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    let folder = Folder::new(
        "new",
        &format!("# {stamp}\necho step 1/2 thinking\nsleep 1\necho step 2/2 writing\nsleep 1\ncp seven.wasm \"$1/guest.wasm\"\n"),
    );
    let server = folder.server();
    let mut client = server.connect().await;
    client.send(json!({"type": "run", "id": "r", "language": "7", "code": "", "interactive": true})).await;
    client.send(json!({"type": "run", "id": "p", "language": "python", "code": "print('at once')"})).await;
    client.send(json!({"type": "run", "id": "c", "language": "seven", "code": ""})).await;
    client.send(json!({"type": "cancel", "id": "c"})).await;
    let (mut told, mut ended) = (Vec::new(), Vec::new());
    while ended.len() < 3 {
        let frame = client.next().await;
        match frame["type"].as_str().unwrap() {
            "preparing" => told.push((frame["what"].as_str().unwrap().to_owned(), frame["progress"].as_f64().unwrap())),
            "result" => ended.push((
                frame["id"].as_str().unwrap().to_owned(),
                frame["execution"]["status"].clone(),
                frame["execution"]["exit_code"].clone(),
            )),
            _ => {}
        }
    }
    let last: (String, Value, Value) = ("r".to_owned(), json!("error"), json!(7));
    assert_eq!(ended.last(), Some(&last), "{ended:?}");
    assert!(
        ended.contains(&("p".to_owned(), json!("success"), json!(0)))
            && ended.iter().any(|(id, status, _)| id == "c" && status == "cancelled"),
        "{ended:?}"
    );
    assert!(told.iter().any(|(what, _)| what == "thinking") && told.iter().any(|(what, _)| what == "writing"), "{told:?}");
    assert!(told.iter().all(|(_, progress)| (0.0..=1.0).contains(progress)), "{told:?}");
    // And from now on it is there like any other.
    let ran = client.run(json!({"language": "seven", "code": ""})).await;
    assert_eq!((ran.kinds(), &ran.execution()["exit_code"]), (vec!["started", "result"], &json!(7)));
}

/// Whatever a build has started ends with its server, even a killed one, and the next server begins anew.
#[tokio::test]
async fn a_build_ends_with_its_server() {
    let scratch = client::Folder::new();
    let (cache, list) = (scratch.0.join("cache"), scratch.0.join("processes"));
    std::fs::create_dir_all(&cache).unwrap();
    let folder = Folder::new("killed", &format!("sleep 1000 &\necho $$ $! >{0}.new && mv {0}.new {0}\nwait\n", list.display()));
    // The other guests are there already, in a folder that is only read.
    let settings = [format!("cache={}", cache.display()), format!("prepared={}", usual_cache().display())];
    let settings = [settings[0].as_str(), settings[1].as_str(), &format!("toolchains={}", folder.0.display())];
    let arguments: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    let files = || {
        let mut names: Vec<String> =
            std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    for _ in 0..2 {
        let mut server = Server::start(&arguments);
        server.connect().await.python("print('at once')").await.succeeded();
        until(|| list.is_file()).await;
        assert_eq!(files(), [format!("seven.{}.build", server.process.id()), "seven.lock".to_owned()]);
        let processes = std::fs::read_to_string(&list).unwrap();
        std::fs::remove_file(&list).unwrap();
        server.process.kill().unwrap();
        server.process.wait().unwrap();
        // One that nobody has reaped yet is none either: it has no program.
        until(|| processes.split_whitespace().all(|process| std::fs::read_link(format!("/proc/{process}/exe")).is_err())).await;
    }
}

fn usual_cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache");
    let usual = || std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from).join("runnel");
    std::env::var_os("RUNNEL_CACHE").map_or_else(usual, PathBuf::from)
}

async fn until(holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it does not come");
}

#[tokio::test]
async fn a_build_that_fails_says_why() {
    let folder = Folder::new("broken", "echo step 1/1 trying\nsleep 1\necho no flour left\nexit 3\n");
    let server = folder.server();
    let mut client = server.connect().await;
    let ran = client.run(json!({"language": "seven", "code": ""})).await;
    assert_eq!(ran.status(), "internal");
    let message = ran.execution()["message"].as_str().unwrap();
    assert!(message.contains("`build.sh` of toolchain `seven` failed") && message.contains("no flour left"), "{message}");
    client.send(json!({"type": "run", "id": "again", "language": "seven", "code": ""})).await;
    let refused = client.next().await;
    assert_eq!(refused["code"], "language_unavailable");
    assert!(refused["message"].as_str().unwrap().contains("no flour left"), "{refused}");
    client.python("print('others run')").await.succeeded();
}
