//! Programs that leave this and that, played by closures that act as a user of their own where the tests run as root:
//! only then do modes mean something.

use super::*;
use crate::beneath::tests::Scratch;
use crate::user::User;
use crate::wanted::Wanted;
use runnel_link::packed::{Piece, Unpacker};
use runnel_link::{Harvest, WINDOW, cost};
use std::convert::Infallible;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

const ROOM: Bounds = Bounds {
    time: Duration::ZERO,
    wall: Duration::ZERO,
    memory_bytes: 0,
    output_bytes: 0,
    file_bytes: 1 << 20,
    file_count: 1000,
    processes: 1,
};

/// A tree of files before and after a program.
struct Case {
    scratch: Scratch,
    user: User,
    harvest: Harvest<'static>,
    folders: &'static [&'static str],
    bounds: Bounds,
}

impl Case {
    fn new(name: &str) -> Self {
        let (scratch, own) = (Scratch::new(&format!("harvest-{name}")), rustix::process::getuid().as_raw());
        let user = User(if own == 0 { 20_001 } else { own });
        std::os::unix::fs::chown(&scratch.0, Some(user.0), Some(user.0)).unwrap();
        Self { scratch, user, harvest: Harvest::All, folders: &[], bounds: ROOM }
    }

    fn act(&self, play: impl FnOnce(&Path)) {
        let _acting = self.user.act().unwrap();
        play(&self.scratch.0);
    }

    fn begin(&self, before: impl FnOnce(&Path), program: impl FnOnce(&Path)) -> Harvesting {
        self.act(before);
        let mut baseline = Baseline::new(self.scratch.open(), self.user, Wanted::parse(&self.harvest));
        self.folders.iter().for_each(|path| baseline.folder(path));
        baseline.take(&mut [0; 5000]).unwrap();
        self.act(program);
        Harvesting::new(7, baseline, &self.bounds, Window::full(), Facts::unmeasured(End::Exit(0)))
    }

    /// What is told, in words: first what is gone, then the rest by its name.
    fn told(&self, before: impl FnOnce(&Path), program: impl FnOnce(&Path)) -> Vec<String> {
        let mut harvesting = self.begin(before, program);
        let (mut outbox, mut words, mut unpacker) = (Outbox::default(), Vec::<String>::new(), Unpacker::default());
        loop {
            let is_told = harvesting.work(&mut [0; 5000], &mut outbox).unwrap();
            let mut spent = 0;
            for bytes in sent(&mut outbox) {
                spent += cost(bytes.len());
                let fed = unpacker.feed(&bytes, |piece| {
                    write_down(&piece, &mut words);
                    Ok::<_, Infallible>(())
                });
                fed.unwrap();
            }
            assert!(spent <= WINDOW, "{spent}");
            harvesting.credit(spent);
            if is_told {
                break;
            }
        }
        assert!(unpacker.is_whole());
        let gone = words.iter().take_while(|word| word.starts_with("gone ")).count();
        assert!(!words[gone..].iter().any(|word| word.starts_with("gone ")), "{words:?}");
        words[..gone].sort();
        words[gone..].sort();
        words
    }
}

fn sent(outbox: &mut Outbox) -> Vec<Vec<u8>> {
    let (bytes, mut all) = (outbox.take(), Vec::new());
    let mut rest = &bytes[..];
    while let Some((body, more)) = runnel_link::split(rest).unwrap() {
        let FromExecutor::Left { exec: 7, bytes } = runnel_link::decode(body).unwrap() else { panic!() };
        all.push(bytes.to_owned());
        rest = more;
    }
    all
}

fn write_down(piece: &Piece<'_>, words: &mut Vec<String>) {
    let mark = |executable: &bool| if *executable { "*" } else { "" };
    words.push(match piece {
        Piece::Begin(Entry::File { path, executable, .. }) => format!("{path}{}=", mark(executable)),
        Piece::Begin(Entry::Touched { path, executable, modified }) => format!("{path}{} at {}", mark(executable), modified.as_nanos()),
        Piece::Begin(Entry::Link { path, target }) => format!("{path} -> {target}"),
        Piece::Begin(Entry::Folder { path }) => format!("{path}/"),
        Piece::Begin(Entry::Gone { path }) => format!("gone {path}"),
        Piece::Begin(Entry::More { left_out }) => format!("and {left_out}"),
        Piece::Bytes(bytes) => {
            let file = words.last_mut().unwrap();
            file.push_str(&String::from_utf8_lossy(bytes));
            return;
        }
    });
}

fn write(path: impl AsRef<Path>, text: &str) {
    fs::create_dir_all(path.as_ref().parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn set_mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn nothing(_: &Path) {}

#[test]
fn what_is_as_it_was_is_not_told() {
    let case = Case { folders: &["empty", "full"], ..Case::new("same") };
    let before = |root: &Path| {
        write(root.join("full/a"), "1");
        fs::create_dir(root.join("empty")).unwrap();
        symlink("/etc", root.join("link")).unwrap();
    };
    assert_eq!(case.told(before, nothing), [""; 0]);
    // A file that is written anew with the same content, and gets its time back, is the same.
    let rewrite = |root: &Path| {
        let time = fs::metadata(root.join("full/a")).unwrap().modified().unwrap();
        fs::remove_file(root.join("full/a")).unwrap();
        write(root.join("full/a"), "1");
        File::options().write(true).open(root.join("full/a")).unwrap().set_modified(time).unwrap();
    };
    assert_eq!(case.told(nothing, rewrite), [""; 0]);
}

#[test]
fn names_are_only_names() {
    let names = ["ampers&and.txt", "-rf", "stdout", ".dotfile", "x", "it's \"quoted\"", "`id`", "$(x)", "a b", "a\nb", "ä→🦀", "\\", "*"];
    let case = Case::new("names");
    let told = case.told(nothing, |root| {
        for name in names {
            write(root.join(name), name);
            write(root.join("sub/.hidden").join(name), "");
        }
    });
    let mut expected: Vec<String> = names.iter().flat_map(|name| [format!("{name}={name}"), format!("sub/.hidden/{name}=")]).collect();
    expected.sort();
    assert_eq!(told, expected);
}

#[test]
fn changes_are_told_and_nothing_else() {
    let case = Case { folders: &["kept", "dropped"], ..Case::new("changes") };
    let before = |root: &Path| {
        for path in ["same", "changed", "grown", "removed", "emptied/a", "gone/a/b", "mode", "kept/x", "dropped/x", "back"] {
            write(root.join(path), "old");
        }
    };
    let program = |root: &Path| {
        write(root.join("changed"), "new");
        write(root.join("grown"), "older");
        for path in ["removed", "emptied/a", "kept/x"] {
            fs::remove_file(root.join(path)).unwrap();
        }
        fs::remove_dir_all(root.join("gone")).unwrap();
        fs::remove_dir_all(root.join("dropped")).unwrap();
        set_mode(root.join("mode"), 0o755);
        let back = File::options().write(true).open(root.join("back")).unwrap();
        back.set_modified(SystemTime::UNIX_EPOCH + Duration::from_nanos(12_345)).unwrap();
        write(root.join("new/deep/file"), "1");
        write(root.join("empty.txt"), "");
        fs::create_dir_all(root.join("bare/inner")).unwrap();
        fs::hard_link(root.join("changed"), root.join("again")).unwrap();
    };
    let told = case.told(before, program);
    let mode = told.iter().find(|word| word.starts_with("mode*")).cloned().unwrap();
    let expected = [
        "gone dropped",
        "gone dropped/x",
        "gone emptied/a",
        "gone gone/a/b",
        "gone kept/x",
        "gone removed",
        "again=new",
        "back at 12345",
        "bare/inner/",
        "changed=new",
        "emptied/",
        "empty.txt=",
        "grown=older",
        &mode,
        "new/deep/file=1",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_change_without_a_trace_is_found() {
    let case = Case::new("trace");
    let told = case.told(
        |root| write(root.join("a"), "123"),
        |root| {
            let file = File::options().write(true).open(root.join("a")).unwrap();
            let time = file.metadata().unwrap().modified().unwrap();
            file.write_at(b"x", 1).unwrap();
            file.set_modified(time).unwrap();
        },
    );
    assert_eq!(told, ["a=1x3"]);
}

#[test]
fn one_kind_becomes_another() {
    let case = Case { folders: &["folder"], ..Case::new("kinds") };
    let before = |root: &Path| {
        for path in ["file", "deep/a/b", "pipe", "through/x"] {
            write(root.join(path), "old");
        }
        symlink("file", root.join("link")).unwrap();
        symlink("a", root.join("turned")).unwrap();
        fs::create_dir(root.join("folder")).unwrap();
    };
    let outside = Scratch::new("harvest-outside");
    write(outside.0.join("x"), "old");
    let program = |root: &Path| {
        for path in ["file", "pipe", "link", "turned"] {
            fs::remove_file(root.join(path)).unwrap();
        }
        for path in ["deep", "folder", "through"] {
            fs::remove_dir_all(root.join(path)).unwrap();
        }
        write(root.join("file/inside"), "1");
        write(root.join("deep"), "now a file");
        write(root.join("link"), "now a file");
        write(root.join("folder"), "now a file");
        symlink("b", root.join("turned")).unwrap();
        // What is behind a link is not what was there.
        symlink(&outside.0, root.join("through")).unwrap();
        let status = std::process::Command::new("mkfifo").arg(root.join("pipe")).status().unwrap();
        assert!(status.success());
    };
    let through = format!("through -> {}", outside.0.display());
    let expected = [
        "gone deep/a/b",
        "gone file",
        "gone folder",
        "gone link",
        "gone pipe",
        "gone through/x",
        "and 1",
        "deep=now a file",
        "file/inside=1",
        "folder=now a file",
        "link=now a file",
        &through,
        "turned -> b",
    ];
    assert_eq!(case.told(before, program), expected);
}

#[test]
fn what_is_locked_is_read_and_tells_its_own_mode() {
    let case = Case::new("locked");
    let before = |root: &Path| write(root.join("a/b/given"), "1");
    let program = |root: &Path| {
        write(root.join("a/b/new"), "2");
        write(root.join("a/b/run"), "3");
        set_mode(root.join("a/b/new"), 0o000);
        set_mode(root.join("a/b/run"), 0o111);
        fs::hard_link(root.join("a/b/run"), root.join("a/b/run too")).unwrap();
        for folder in ["a/b", "a", ""] {
            set_mode(root.join(folder), 0o000);
        }
    };
    assert_eq!(case.told(before, program), ["a/b/new=2", "a/b/run too*=3", "a/b/run*=3"]);
}

#[test]
fn nothing_may_be_left() {
    let case = Case::new("nothing");
    let program = |root: &Path| {
        fs::remove_file(root.join("a")).unwrap();
        fs::remove_dir_all(root.join("b")).unwrap();
        set_mode(root, 0o000);
    };
    let before = |root: &Path| {
        write(root.join("a"), "");
        write(root.join("b/c"), "");
    };
    assert_eq!(case.told(before, program), ["gone a", "gone b/c"]);
}

#[test]
fn what_has_no_place_is_counted() {
    let case = Case::new("lost");
    let told = case.told(nothing, |root| {
        fs::create_dir(root.join("only")).unwrap();
        fs::write(root.join("only").join(OsStr::from_bytes(b"\xff")), "").unwrap();
        symlink(OsStr::from_bytes(b"\xff"), root.join("link")).unwrap();
        let deep = ["d"; 31].join("/");
        write(root.join(&deep).join("f"), "32 parts");
        fs::create_dir_all(root.join(&deep).join("d/33/34")).unwrap();
        write(root.join(["n"; 4].map(|name| name.repeat(255)).join("/")).join("f"), "1025 bytes");
        write(root.join(["n"; 3].map(|name| name.repeat(255)).join("/")).join("f"), "");
    });
    let (deep, long) = (["d"; 31].join("/"), ["n"; 3].map(|name| name.repeat(255)).join("/"));
    let mut expected = vec!["and 4".to_owned(), format!("{deep}/f=32 parts"), format!("{deep}/d/")];
    expected.extend([format!("{long}/f="), format!("{long}/{}/", "n".repeat(255)), "only/".to_owned()]);
    expected.sort();
    assert_eq!(told, expected);
}

#[test]
fn bytes_and_entries_are_bounded() {
    let case = |name| Case { bounds: Bounds { file_bytes: 10, file_count: 2, ..ROOM }, ..Case::new(name) };
    let told = case("holes").told(nothing, |root| {
        File::create(root.join("holes")).unwrap().set_len(1 << 40).unwrap();
        write(root.join("ten"), "0123456789");
    });
    assert_eq!(told, ["and 1", "ten=0123456789"]);
    let told = case("eleven").told(nothing, |root| write(root.join("eleven"), "01234567890"));
    assert_eq!(told, ["and 1"]);
    let told = case("count").told(nothing, |root| {
        for name in ["1", "2", "3", "4"] {
            write(root.join(name), "");
        }
    });
    assert_eq!((told.len(), told.last().map(String::as_str)), (3, Some("and 2")));
}

#[test]
fn only_what_is_named_is_told() {
    let named = Harvest::Named(vec!["out", "a/b/c", "a/none", "lost/f"]);
    let case = Case { harvest: named, folders: &["a/b", "out/f"], ..Case::new("named") };
    let before = |root: &Path| {
        for path in ["x", "out/given", "a/b/c", "a/b/d", "lost/f", "lost/g"] {
            write(root.join(path), "old");
        }
        fs::create_dir(root.join("out/f")).unwrap();
    };
    let program = |root: &Path| {
        for path in ["x", "a/b/c", "a/b/d", "out/new/1", "output", "a/e"] {
            write(root.join(path), "new");
        }
        fs::create_dir(root.join("bare")).unwrap();
        fs::write(root.join(OsStr::from_bytes(b"\xff")), "").unwrap();
        fs::remove_dir_all(root.join("lost")).unwrap();
        fs::remove_dir_all(root.join("out/f")).unwrap();
    };
    assert_eq!(case.told(before, program), ["gone lost/f", "gone out/f", "a/b/c=new", "out/new/1=new"]);
}

#[test]
fn a_large_tree_goes_in_turns_and_a_large_file_in_pieces() {
    let case = Case { bounds: Bounds { file_count: 1 << 20, ..ROOM }, ..Case::new("large") };
    let mut harvesting = case.begin(nothing, |root| {
        for number in 0..2 * LOOKS {
            write(root.join(number.to_string()), "");
        }
        fs::create_dir(root.join("z")).unwrap();
        File::create(root.join("z/large")).unwrap().write_all(&vec![b'x'; 400_000]).unwrap();
    });
    let (mut outbox, mut turns, mut bytes) = (Outbox::default(), 0, 0);
    loop {
        turns += 1;
        let is_told = harvesting.work(&mut [0; 5000], &mut outbox).unwrap();
        assert!(is_told || harvesting.next().is_some() || harvesting.window.room().is_none());
        for piece in sent(&mut outbox) {
            bytes += piece.len();
            harvesting.credit(cost(piece.len()));
        }
        if is_told {
            break;
        }
    }
    assert!(turns > 3 && bytes > 400_000, "{turns} {bytes}");
}

#[test]
fn a_slow_server_is_waited_for() {
    let case = Case::new("slow");
    let mut harvesting = case.begin(nothing, |root| write(root.join("a"), &"x".repeat(1_000_000)));
    let mut outbox = Outbox::default();
    while harvesting.next().is_some() {
        assert_eq!(harvesting.work(&mut [0; 5000], &mut outbox), Ok(false));
    }
    assert_eq!(sent(&mut outbox).iter().map(Vec::len).sum::<usize>(), WINDOW as usize);
    assert_eq!(harvesting.work(&mut [0; 5000], &mut outbox), Ok(false));
    assert!(sent(&mut outbox).is_empty(), "nothing without credit");
}
