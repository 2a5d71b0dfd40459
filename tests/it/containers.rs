//! Languages that run in containers, with a real daemon: what a client sees of them. `docker` says whether these tests
//! run at all; only `RUNNEL_TEST_DOCKER=0` says no.

use crate::client::{Client, Server, runnel};
use crate::guests::check;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::time::Duration;

/// Whether tests may use Docker; makes the images once.
pub(crate) fn docker() -> bool {
    static PREPARED: Once = Once::new();
    if std::env::var("RUNNEL_TEST_DOCKER").is_ok_and(|value| value == "0") {
        eprintln!("SKIPPED: RUNNEL_TEST_DOCKER=0, nothing is known of containers");
        return false;
    }
    PREPARED.call_once(|| {
        let built = runnel().args(["toolchains", "build", "--engine", "docker"]).status().unwrap();
        assert!(built.success(), "no images: start Docker (`docker/daemon.sh start`), or set RUNNEL_TEST_DOCKER=0 to do without");
    });
    true
}

/// A server that starts a container when one is wanted, unless the arguments say otherwise.
pub(crate) async fn server(arguments: &[&str]) -> Server {
    let server = Server::spawn(&[&["--set", "docker.pool=0", "--set", "cells.count=1", "--set", "desk.live=64"], arguments].concat());
    until_known(&server).await;
    server
}

/// Waits until the server has looked for the daemon.
pub(crate) async fn until_known(server: &Server) {
    for _ in 0..1200 {
        let (_, languages) = server.get("/v1/languages");
        if !languages.contains("looking for Docker") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server does not find out whether there is Docker");
}

/// Containers of this server, whatever their state.
pub(crate) fn containers_of(process: u32) -> Vec<String> {
    let listed = Command::new("docker").args(["ps", "-a", "--format", r#"{{.ID}} {{.Label "runnel.owner"}}"#]).output().unwrap();
    assert!(listed.status.success(), "{listed:?}");
    let text = String::from_utf8(listed.stdout).unwrap();
    let owned = text.lines().filter(|line| line.split(' ').nth(1) == Some(&process.to_string()));
    owned.map(str::to_owned).collect()
}

/// Waits until a server has no container any more: as long as it may take for one that docker does not start, and then does not remove.
pub(crate) async fn until_gone(process: u32) {
    for _ in 0..2000 {
        if containers_of(process).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let left = containers_of(process);
    let ids = left.iter().filter_map(|line| line.split(' ').next());
    let inspected = Command::new("docker").args(["inspect", "--format", "{{json .State}}"]).args(ids).output().unwrap();
    panic!("left behind: {left:?}: {}", String::from_utf8_lossy(&inspected.stdout));
}

/// A folder of toolchains of one's own.
pub(crate) struct Toolchains(pub(crate) PathBuf);

impl Toolchains {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("runnel-containers-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// One toolchain: what `[docker]` says, and a Dockerfile where there is one.
    pub(crate) fn add(&self, name: &str, docker: &str, dockerfile: Option<&str>) -> &Self {
        let folder = self.0.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let head = format!("name = '{name}'\nversion = '1'\nengine = 'docker'\nmain = 'main.txt'\nextensions = ['txt']\nexample = ''\n");
        std::fs::write(folder.join("toolchain.toml"), format!("{head}[docker]\n{docker}\n")).unwrap();
        if let Some(text) = dockerfile {
            std::fs::write(folder.join("Dockerfile"), text).unwrap();
        }
        self
    }

    pub(crate) fn setting(&self) -> String {
        format!("toolchains={}", self.0.display())
    }
}

impl Drop for Toolchains {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn cases(toolchain: &str, ending: &str) {
    if docker() {
        check(&server(&[]).await, toolchain, ending, 4).await;
    }
}

#[tokio::test]
async fn c_cases() {
    cases("c", "c").await;
}

#[tokio::test]
async fn cpp_cases() {
    cases("cpp", "cpp").await;
}

#[tokio::test]
async fn cpp17_cases() {
    cases("cpp17", "cpp").await;
}

#[tokio::test]
async fn go_cases() {
    cases("go", "go").await;
}

#[tokio::test]
async fn csharp_cases() {
    cases("csharp", "cs").await;
}

#[tokio::test]
async fn bash_cases() {
    cases("bash", "sh").await;
}

#[tokio::test]
async fn multi_cases() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    check(&server, "multi", "run", 2).await;
    // What was compiled before is the same, links and empty folders too.
    let mut client = server.connect().await;
    let script = "mkdir empty; echo echo made > made; chmod +x made; ln -s made link; echo compiled";
    let files = json!({"compile": script, "run": "test -d empty && ./link && readlink link"});
    let mut is_cached = false;
    for _ in 0..50 {
        let ran = client.run(json!({"language": "multi", "files": files})).await;
        assert_eq!((ran.succeeded().stdout(), &ran.compiled()["output"]), ("made\nmade\n", &json!("compiled\n")));
        is_cached = ran.compiled()["cached"] == true;
        if is_cached {
            break;
        }
    }
    assert!(is_cached);
    let ran = client.run(json!({"language": "multi", "files": {"compile": "echo no; exit 3", "run": "echo yes"}})).await;
    assert_eq!((ran.status(), &ran.compiled()["output"], ran.stdout()), ("compile_error", &json!("no\n"), ""));
}

/// One that reads, from the moment that it is told to.
const READS: &str = "#include <stdio.h>\n#include <unistd.h>\nint main(void) { puts(\"on\"); fflush(stdout); usleep(400000); char line[9]; if (fgets(line, 9, stdin)) printf(\"had %s\", line); }";

#[tokio::test]
async fn signals_reach_a_program() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    let script = "trap 'echo had INT; exit 5' INT\necho on\nwhile :; do sleep 0.05; done";
    client.begin("r", json!({"language": "bash", "code": script})).await;
    client.next_of("stdout").await;
    client.send(json!({"type": "signal", "id": "r", "signal": "SIGINT"})).await;
    let ran = client.rest("r").await;
    assert_eq!((ran.status(), &ran.execution()["exit_code"], ran.stdout()), ("error", &json!(5), "on\nhad INT\n"));
    client.begin("r", json!({"language": "bash", "code": "echo on\nwhile :; do :; done"})).await;
    client.next_of("stdout").await;
    client.send(json!({"type": "signal", "id": "r", "signal": "SIGTERM"})).await;
    let ran = client.rest("r").await;
    assert_eq!((ran.status(), &ran.execution()["signal"], &ran.execution()["exit_code"]), ("error", &json!("SIGTERM"), &Value::Null));
    // One that is stopped waits for nothing, until it goes on.
    client.begin("r", json!({"language": "c", "code": READS, "interactive": true, "limits": {"wall_ms": 60000}})).await;
    client.next_of("stdout").await;
    client.send(json!({"type": "signal", "id": "r", "signal": "SIGSTOP"})).await;
    client.send(json!({"type": "clock", "time_ms": 0})).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(client.next().await["type"], "clock", "nothing came meanwhile");
    client.send(json!({"type": "clock", "time_ms": 0})).await;
    assert_eq!(client.next().await["type"], "clock", "nothing came meanwhile");
    client.send(json!({"type": "signal", "id": "r", "signal": "SIGCONT"})).await;
    client.next_of("waiting").await;
    client.send(json!({"type": "stdin", "id": "r", "data": "x\n"})).await;
    assert_eq!(client.rest("r").await.succeeded().stdout(), "on\nhad x\n");
    // And it ends at its limit.
    client.begin("r", json!({"language": "c", "code": READS, "interactive": true, "limits": {"time_ms": 500, "wall_ms": 1500}})).await;
    client.next_of("stdout").await;
    client.send(json!({"type": "signal", "id": "r", "signal": "SIGSTOP"})).await;
    let ran = client.rest("r").await;
    assert_eq!(ran.status(), "timeout", "{:#}", ran.last());
    assert!(ran.frames.iter().all(|frame| frame["type"] != "waiting"), "{:#?}", ran.frames);
    // A container that was signalled is as good as any other: the next run is sound.
    assert_eq!(client.run(json!({"language": "bash", "code": "echo well"})).await.succeeded().stdout(), "well\n");
}

/// What a compiler is given comes to it word by word.
#[tokio::test]
async fn arguments_for_compilers() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    let words = "a; touch x $(id) `id` 'b' {bin} {files}";
    let c = "#include <stdio.h>\nextern char answer;\nint main(void) { printf(\"%s %d\\n\", TEXT, (int)(long)&answer); }";
    let go = "package main\n\nvar text string\n\nfunc main() { println(text); print(Extra) }\n";
    let extra = "//go:build extra\n\npackage main\n\nconst Extra = 42\n";
    let csharp = "class P { static void Main() {\n#if DEEP\nSystem.Console.WriteLine(\"deep\");\n#endif\n} }";
    let text = format!("-DTEXT=\"{words}\"");
    let cases = [
        ("c", json!({"main.c": c}), json!([text]), json!(["-Wl,--defsym=answer=42"]), format!("{words} 42\n"), ""),
        (
            "cpp",
            json!({"main.cpp": c.replace("extern", "extern \"C\"")}),
            json!(["-Wno-all", text]),
            json!(["-Wl,--defsym=answer=43"]),
            format!("{words} 43\n"),
            "",
        ),
        (
            "cpp17",
            json!({"main.cpp": "#include <iostream>\nint main() { std::cout << __cplusplus; }"}),
            json!(["-std=c++14"]),
            json!([]),
            "201402".to_owned(),
            "",
        ),
        (
            "go",
            json!({"main.go": go, "extra.go": extra}),
            json!(["-tags", "extra", "-ldflags=-X 'main.text=two words'"]),
            json!([]),
            String::new(),
            "two words\n42",
        ),
        ("csharp", json!({"main.cs": csharp}), json!(["-define:DEEP"]), json!([]), "deep\n".to_owned(), ""),
    ];
    for (language, files, compile, link, stdout, stderr) in cases {
        let ran = client.run(json!({"language": language, "files": files, "compile_args": compile, "link_args": link})).await;
        assert_eq!((ran.succeeded().stdout(), ran.stderr()), (stdout.as_str(), stderr), "{language}: {:#}", ran.last());
    }
    // Other arguments make another program of the same sources.
    let value = "#include <stdio.h>\nint main(void) { printf(\"%d\", VALUE); }";
    for _ in 0..3 {
        for number in ["1", "2"] {
            let ran = client.run(json!({"language": "c", "code": value, "compile_args": [format!("-DVALUE={number}")]})).await;
            assert_eq!(ran.succeeded().stdout(), number);
        }
    }
    let ran = client.run(json!({"language": "c", "code": value, "compile_args": ["-fno-such-option", "-DVALUE=1"]})).await;
    assert_eq!(ran.status(), "compile_error");
    assert!(ran.compiled()["output"].as_str().unwrap().contains("no-such-option"), "{:#}", ran.compiled());
}

const HELLO: &str = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 3; }\n";

#[tokio::test]
async fn a_compiled_program_frame_by_frame() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    let ran = client.run(json!({"language": "c", "code": HELLO})).await.unqueued();
    assert_eq!(ran.kinds(), ["started", "compiled", "stdout", "result"], "{ran:#?}");
    assert_eq!(ran.frames[0]["engine"], "docker");
    let compiled = ran.compiled();
    assert_eq!((&compiled["ok"], &compiled["output"], &compiled["cached"]), (&json!(true), &json!(""), &json!(false)));
    assert!(compiled["time_ms"].as_f64().unwrap() > 1.0, "{compiled}");
    assert_eq!((&ran.frames[2]["seq"], &ran.frames[2]["data"]), (&json!(0), &json!("hello\n")));
    let last = ran.last();
    assert_eq!((&last["execution"]["status"], &last["execution"]["exit_code"]), (&json!("error"), &json!(3)), "{last:#}");
    assert_eq!(last["compile"]["ok"], true);
    let execution = &last["execution"];
    assert!(execution["memory_usage_mb"].as_f64().unwrap() > 0.3 && execution["cpu_time_ms"].as_f64().unwrap() < 1000.0, "{execution}");
    // The same sources again: nothing is compiled, and it does the same.
    let mut again = client.run(json!({"language": "c", "code": HELLO})).await;
    for _ in 0..50 {
        if again.frames.iter().any(|frame| frame["cached"] == true) {
            break;
        }
        again = client.run(json!({"language": "c", "code": HELLO})).await;
    }
    let again = again.unqueued();
    assert_eq!(again.kinds(), ["started", "compiled", "stdout", "result"]);
    assert_eq!((&again.compiled()["cached"], again.stdout()), (&json!(true), "hello\n"), "{again:#?}");
    assert_eq!((&again.last()["compile"]["cached"], &again.execution()["exit_code"]), (&json!(true), &json!(3)));
    // Other sources are other programs.
    let other = client.run(json!({"language": "c", "code": HELLO.replace("hello", "other")})).await;
    assert_eq!((&other.compiled()["cached"], other.stdout()), (&json!(false), "other\n"));
}

#[tokio::test]
async fn compile_errors_come_whole_with_the_users_names() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    let cases = [
        ("c", "src/my prog.c", "int main(void) { return x; }", "my prog.c:1"),
        ("cpp", "main.cpp", "#include <bits/stdc++.h>\nint main() { std::vector<int> v = 5 }", "main.cpp:2"),
        ("go", "main.go", "package main\n\nfunc main() { x := 1 }\n", "main.go:3"),
        ("csharp", "main.cs", "class P { static void Main() { int x = \"s\"; } }", "main.cs(1"),
    ];
    for (language, name, code, place) in cases {
        let ran = client.run(json!({"language": language, "files": {name: code}, "main": name})).await.unqueued();
        assert_eq!(ran.kinds(), ["started", "compiled", "result"], "{language}: {ran:#?}");
        assert_eq!(ran.status(), "compile_error");
        let compiled = ran.compiled();
        assert!(compiled["ok"] == false && compiled["output"].as_str().unwrap().contains(place), "{language}: {compiled:#}");
        assert_eq!(ran.last()["compile"]["output"], compiled["output"]);
        assert_eq!((&ran.execution()["exit_code"], &ran.execution()["stdout"]), (&Value::Null, &json!("")));
    }
}

/// Sources that make a compiler work without end, or write without end.
#[tokio::test]
async fn compile_bombs_hit_the_compile_limits() {
    if !docker() {
        return;
    }
    let server = server(&["--set", "limits.usual.compile_ms=6000"]).await;
    let mut client = server.connect().await;
    let bombs = [
        ("c", "#include \"main.c\"\nint main(void) { return 0; }"),
        (
            "cpp",
            "template<int N> struct A { static const long v = A<N-1>::v + A<N-2>::v; }; template<class T, int N> struct B { B<B<T, N-1>, N-1> a; B<B<T, N-1>, N-2> b; }; int main() { B<int, 64> b; }",
        ),
        ("c", "int big[1L << 33] = {1};\nint main(void) { return big[5]; }"),
        ("c", "#define A(x) x x x x x x x x x x\n#define B(x) A(A(A(x)))\n#define C(x) B(B(B(x)))\nint main(void) { C(C(int y;)) }"),
    ];
    for (language, code) in bombs {
        let ran = client.run(json!({"language": language, "code": code})).await;
        assert_eq!(ran.status(), "compile_error", "{:#}", ran.last());
        let time = ran.compiled()["time_ms"].as_f64().unwrap();
        assert!(time < 20_000.0, "{time} ms for {code}");
    }
    client.run(json!({"language": "c", "code": HELLO})).await;
}

#[tokio::test]
async fn input_comes_when_it_is_waited_for() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    let code = "#include <stdio.h>\nint main(void) { int n; printf(\"how many? \"); fflush(stdout); while (scanf(\"%d\", &n) == 1) { printf(\"%d\\n\", n * 2); fflush(stdout); } puts(\"end\"); }";
    client.begin("r", json!({"language": "c", "code": code, "interactive": true})).await;
    client.next_of("waiting").await;
    client.send(json!({"type": "stdin", "id": "r", "data": "21\n"})).await;
    let answer = client.next_of("stdout").await;
    assert_eq!(answer["data"], "42\n");
    client.next_of("waiting").await;
    client.send(json!({"type": "stdin", "id": "r", "data": "4", "eof": false})).await;
    client.send(json!({"type": "stdin", "id": "r", "data": "\n", "eof": true})).await;
    let ran = client.rest("r").await.succeeded().stdout().to_owned();
    assert_eq!(ran, "how many? 42\n8\nend\n");
    // One that sleeps does not wait for input.
    let ran = client.run(json!({"language": "bash", "code": "sleep 0.7; echo done", "interactive": true})).await;
    assert_eq!(ran.unqueued().kinds(), ["started", "stdout", "result"]);
}

/// A program that prints without flushing is seen while it runs, and what it printed survives its end by force.
#[tokio::test]
async fn output_is_live_without_a_flush() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    let programs = [
        ("c", "#include <stdio.h>\nint main(void) { printf(\"seen\"); for (;;) {} }"),
        ("cpp", "#include <iostream>\nint main() { std::cout << \"seen\"; for (volatile int i = 0;; i = 1) {} }"),
    ];
    for (language, code) in programs {
        client.begin("r", json!({"language": language, "code": code, "limits": {"time_ms": 60000, "wall_ms": 60000}})).await;
        let seen = client.next_of("stdout").await;
        assert_eq!(seen["data"], "seen");
        client.send(json!({"type": "cancel", "id": "r"})).await;
        let ran = client.rest("r").await;
        assert_eq!((ran.status(), ran.stdout()), ("cancelled", "seen"));
    }
}

#[tokio::test]
async fn ends_that_are_not_plain() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    let c = |body: &str| {
        format!("#include <stdio.h>\n#include <stdlib.h>\n#include <signal.h>\n#include <unistd.h>\nint main(void) {{ {body} }}")
    };
    let cases = [
        (c("int *p = 0; puts(\"before\"); fflush(stdout); *p = 1;"), "error", Some("SIGSEGV"), "before\n"),
        (c("abort();"), "error", Some("SIGABRT"), ""),
        (c("raise(SIGFPE);"), "error", Some("SIGFPE"), ""),
        (c("kill(0, SIGKILL);"), "error", Some("SIGKILL"), ""),
        (c("fclose(stdout); fputs(\"on\", stderr); return 4;"), "error", None, ""),
        (
            c("printf(\"early\"); fflush(stdout); if (fork() == 0) { usleep(300000); printf(\"late\"); fflush(stdout); } return 0;"),
            "success",
            None,
            "early",
        ),
        (c("printf(\"a\"); fflush(stdout); if (fork() == 0) { setsid(); for (;;) pause(); } return 0;"), "success", None, "a"),
    ];
    for (code, status, signal, stdout) in cases {
        let ran = client.run(json!({"language": "c", "code": code})).await;
        assert_eq!((ran.status(), ran.execution()["signal"].as_str(), ran.stdout()), (status, signal, stdout), "{:#}", ran.last());
    }
    let ran = client.run(json!({"language": "c", "code": c("char b[] = {0, 1, 2, (char)0xff, 10}; fwrite(b, 1, 5, stdout);")})).await;
    assert_eq!(ran.execution()["stdout"], json!({"base64": "AAEC/wo="}));
    let ran = client.run(json!({"language": "bash", "code": "", "command": ["./main.sh"]})).await;
    assert_eq!(ran.status(), "error", "{:#}", ran.last());
    assert!(ran.execution()["message"].as_str().unwrap().contains("can't be started"), "{:#}", ran.last());
    let ran = client.run(json!({"language": "bash", "code": "", "command": ["no-such-program"]})).await;
    assert!(ran.execution()["message"].as_str().unwrap().contains("can't be started"), "{:#}", ran.last());
}

#[tokio::test]
async fn names_are_only_names() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    for name in
        ["-o.c", "@x.c", "a b.c", "it's.c", "q\"q.c", "$(id).c", "`id`.c", "é日本.c", "n\nl.c", "*?.c", "-.c", "sub/dir/x.c", ".hidden.c"]
    {
        let ran = client.run(json!({"language": "c", "files": {name: HELLO}, "main": name})).await;
        assert_eq!((ran.stdout(), &ran.execution()["exit_code"]), ("hello\n", &json!(3)), "{name:?}: {:#}", ran.last());
    }
    let files = json!({"main.sh": "ls -1 -b . d; cat -- \"$@\" d/*", "-rf": "1", "a b": "2", "d/x\ny": "3", ".dot": "4", "ü": "5"});
    let ran = client.run(json!({"language": "bash", "files": files, "args": ["-rf", "a b", ".dot", "ü"]})).await;
    assert!(ran.succeeded().stdout().ends_with("12453"), "{}", ran.stdout());
}

#[tokio::test]
async fn a_terminal_where_one_is_asked_for() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    let code = "test -t 0 && test -t 1 && echo tty; read -r line; echo \"got $line\" >&2";
    let ran = client.run(json!({"language": "bash", "code": code, "terminal": true, "stdin": "word\n"})).await;
    let stdout = ran.succeeded().stdout();
    assert!(stdout.contains("tty\r\n") && stdout.contains("got word\r\n") && ran.stderr().is_empty(), "{stdout:?}");
    let ran = client.run(json!({"language": "bash", "code": code, "stdin": "word\n"})).await;
    assert_eq!((ran.stdout(), ran.stderr()), ("", "got word\n"));
}

#[tokio::test]
async fn a_command_and_an_image_of_ones_own() {
    if !docker() {
        return;
    }
    let file = std::env::temp_dir().join(format!("runnel-images-{}.toml", std::process::id()));
    std::fs::write(&file, "[docker]\nimages = ['debian:bookworm-slim', 'no-such-image:1']\n").unwrap();
    let server = server(&["--config", file.to_str().unwrap()]).await;
    let mut client = server.connect().await;
    let fields =
        json!({"language": "c", "image": "debian:bookworm-slim", "code": "x", "command": ["cat", "main.c"], "args": ["/etc/os-release"]});
    let ran = client.run(fields).await;
    assert!(ran.succeeded().stdout().starts_with("xPRETTY_NAME"), "{}", ran.stdout());
    let ran = client.run(json!({"language": "c", "image": "no-such-image:1", "code": "x", "command": ["true"]})).await;
    assert_eq!(ran.status(), "internal");
    let message = ran.execution()["message"].as_str().unwrap();
    assert!(message.contains("no-such-image:1") && message.contains("can't be pulled"), "{message}");
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn a_language_is_a_folder() {
    if !docker() {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/toolchains");
    let server = server(&["--set", &format!("toolchains={}", folder.display())]).await;
    let mut client = server.connect().await;
    // Its image is made while the run waits, with progress; another image of that content may be there already.
    client.begin("r", json!({"language": "lua", "code": "print('lua ' .. 6 * 7, ...)", "args": ["a"]})).await;
    let ran = client.rest("r").await;
    assert_eq!(ran.succeeded().stdout(), "lua 42\ta\n");
}

#[tokio::test]
async fn an_image_that_can_not_be_made_says_why() {
    if !docker() {
        return;
    }
    let toolchains = Toolchains::new("broken");
    toolchains
        .add("absent", "image = 'runnel-no-such-image:1'\nrun = ['true']", None)
        .add("broken", "run = ['true']", Some("FROM debian:bookworm-slim\nRUN echo the reason; exit 7\n"))
        .add("missing", "run = ['/no/such/program']\nimage = 'debian:bookworm-slim'", None);
    let server = server(&["--set", &toolchains.setting()]).await;
    let mut client = server.connect().await;
    let ran = client.run(json!({"language": "broken", "code": ""})).await.unqueued();
    assert_eq!((ran.status(), ran.frames[0]["type"].as_str()), ("internal", Some("preparing")), "{ran:#?}");
    let message = ran.execution()["message"].as_str().unwrap();
    assert!(message.contains("the reason") && message.contains("code: 7"), "{message}");
    let ran = client.run(json!({"language": "absent", "code": ""})).await;
    assert!(ran.execution()["message"].as_str().unwrap().contains("runnel-no-such-image:1"), "{:#}", ran.last());
    // Known by now: refused at once, with the reason.
    client.begin("again", json!({"language": "absent", "code": ""})).await;
    let error = client.next().await;
    assert_eq!((error["type"].as_str(), error["code"].as_str()), (Some("error"), Some("language_unavailable")), "{error}");
    let ran = client.run(json!({"language": "missing", "code": ""})).await;
    assert!(ran.execution()["message"].as_str().unwrap().contains("`/no/such/program` can't be started"), "{:#}", ran.last());
}

/// Many at once on a small pool: all are answered, the first come first, and nothing is left.
#[tokio::test]
async fn fifty_at_once_on_a_pool_of_four() {
    if !docker() {
        return;
    }
    let toolchains = Toolchains::new("fifty");
    toolchains.add("four", "image = 'debian:bookworm-slim'\nrun = ['bash', '{src}']\npool = 4", None);
    let server = server(&["--set", &toolchains.setting(), "--set", "docker.busy=4"]).await;
    let mut client = server.connect().await;
    for number in 0..50 {
        client.begin(&format!("{number}"), json!({"language": "four", "code": format!("echo {number}; sleep 0.05")})).await;
    }
    let (mut started, mut ended) = (Vec::new(), 0);
    while ended < 50 {
        let frame = client.next().await;
        let id: usize = frame["id"].as_str().unwrap().parse().unwrap();
        match frame["type"].as_str().unwrap() {
            "started" => started.push(id),
            "result" => {
                assert_eq!((&frame["execution"]["status"], &frame["execution"]["stdout"]), (&json!("success"), &json!(format!("{id}\n"))));
                ended += 1;
            }
            _ => {}
        }
    }
    // Four run at once: one may overtake another by as much.
    for (place, id) in started.iter().enumerate() {
        assert!(id.abs_diff(place) <= 4, "{started:?}");
    }
    let process = server.process.id();
    server.signal("-TERM");
    until_gone(process).await;
}

#[tokio::test]
async fn a_killed_server_leaves_nothing() {
    if !docker() {
        return;
    }
    let toolchains = Toolchains::new("killed");
    toolchains.add("two", "image = 'debian:bookworm-slim'\nrun = ['bash', '{src}']\npool = 2", None);
    let mut server = server(&["--set", &toolchains.setting()]).await;
    let mut client = server.connect().await;
    client.begin("r", json!({"language": "two", "code": "echo here; trap '' TERM INT HUP; sleep 100"})).await;
    client.next_of("stdout").await;
    let process = server.process.id();
    assert!(!containers_of(process).is_empty());
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    until_gone(process).await;
}

/// What a dead server could not clean up, because it died before its container ran, the next one does.
#[tokio::test]
async fn the_next_server_cleans_up() {
    if !docker() {
        return;
    }
    let mut dead = Command::new("true").spawn().unwrap();
    dead.wait().unwrap();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap();
    let owner = format!("runnel.owner={} 1 {} {}", dead.id(), boot.trim(), namespace.display());
    let made = Command::new("docker")
        .args(["create", "--label", "runnel.instance=x", "--label", &owner, "debian:bookworm-slim", "true"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    assert_eq!(containers_of(dead.id()).len(), 1);
    let _server = server(&[]).await;
    until_gone(dead.id()).await;
}

/// The state of a client that goes away in the middle of a run.
#[tokio::test]
async fn a_dropped_socket_ends_its_container() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client: Client = server.connect().await;
    client.begin("r", json!({"language": "bash", "code": "echo here; sleep 100"})).await;
    client.next_of("stdout").await;
    drop(client);
    until_gone(server.process.id()).await;
}

/// A toolchain's folder is all that its image is made from, so each has its own copy.
#[test]
fn both_flushers_are_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("toolchains");
    for file in ["flush.c", "link"] {
        assert_eq!(std::fs::read(folder.join("c").join(file)).unwrap(), std::fs::read(folder.join("cpp").join(file)).unwrap(), "{file}");
    }
}

#[test]
fn the_shell_door_compiles_too() {
    if !docker() {
        return;
    }
    let folder = Toolchains::new("shell");
    std::fs::write(
        folder.0.join("prog.c"),
        "#include <stdio.h>\nint main(int c, char **v) { int n = 0; scanf(\"%d\", &n); printf(\"%s %d\\n\", v[1], n); return 9; }",
    )
    .unwrap();
    std::fs::write(folder.0.join("bad.c"), "int main(void) { return x; }").unwrap();
    std::fs::write(folder.0.join("crash.c"), "int main(void) { *(volatile int *)0 = 1; }").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = runnel();
        command.current_dir(&folder.0).arg("run").args(arguments).stdin(std::process::Stdio::piped());
        let mut process = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let _ = std::io::Write::write_all(&mut process.stdin.take().unwrap(), b"42\n");
        process.wait_with_output().unwrap()
    };
    let ran = run(&["prog.c", "--", "word"]);
    assert_eq!((str::from_utf8(&ran.stdout).unwrap(), ran.status.code()), ("word 42\n", Some(9)), "{ran:?}");
    let ran = run(&["bad.c"]);
    assert!(ran.status.code() == Some(65) && String::from_utf8_lossy(&ran.stderr).contains("bad.c:1"), "{ran:?}");
    let ran = run(&["crash.c"]);
    assert!(ran.status.code() == Some(139) && String::from_utf8_lossy(&ran.stderr).contains("SIGSEGV"), "{ran:?}");
}

/// A folder with its own build and its own tests: nothing of the language but its image.
#[tokio::test]
async fn a_folder_runs_by_its_own_script() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    let script = "set -eu\ngcc -Wall -Isrc -o run_tests tests/test_double.c src/double.c\n./run_tests \"$@\"\necho \"$LEVEL done\"\n";
    let test = "#include <stdio.h>\n#include <stdlib.h>\n#include \"double.h\"\nint main(int c, char **v) {\n  for (int i = 1; i < c; i++) printf(\"[%s]\\n\", v[i]);\n  printf(\"[%s]\\n[%s]\\n\", getenv(\"ODD VALUE\"), getenv(\"EMPTY\"));\n  if (twice(2) != 4) { fprintf(stderr, \"Assertion: twice(2) is %d\\n\", twice(2)); return 1; }\n}\n";
    let files = |body: &str| json!({"run.sh": script, "tests/test_double.c": test, "src/double.h": "int twice(int n);\n", "src/double.c": format!("#include \"double.h\"\nint twice(int n) {{ return {body}; }}\n")});
    let odd = "$(id) `id` \"q\" 'q' \\n $HOME ${IFS} *\n; rm -rf . &&\té 😀";
    let env = json!({"LEVEL": "$(echo 3)", "ODD VALUE": odd, "EMPTY": ""});
    let rules = json!({"on": [{"colour": "red", "regex": "^Assertion"}, {"colour": "green", "exit_code": 0}], "else": "amber"});
    let cases = [("n + n", "green", "success"), ("n * 3", "red", "error"), ("n +", "amber", "error")];
    for (body, colour, status) in cases {
        let fields = json!({"language": "c", "files": files(body), "command": ["bash", "run.sh"], "args": [odd, "$LEVEL"], "env": env, "rules": rules});
        let ran = client.run(fields).await;
        assert_eq!((ran.status(), &ran.last()["outcome"]), (status, &json!(colour)), "{body}: {:#}", ran.last());
        let told = format!("[{odd}]\n[$LEVEL]\n[{odd}]\n[]\n");
        let expected = match colour {
            "green" => format!("{told}$(echo 3) done\n"),
            "red" => told,
            _ => String::new(),
        };
        assert_eq!(ran.stdout(), expected, "{body}");
        assert!(!ran.kinds().contains(&"compiled"), "{body}: the script compiles, not the toolchain");
    }
}
