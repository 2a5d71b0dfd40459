//! The tree against POSIX, case by case.

use super::*;

const START: Duration = Duration::from_secs(1_000_000);

pub(super) fn tree(bytes: u64, count: u32) -> (Tree, Arc<Budget>) {
    let budget = Arc::new(Budget::new(1 << 40));
    let tree = Tree::new(FileLimits { bytes, count }, Some(SystemTime::UNIX_EPOCH + START), budget.clone());
    (tree, budget)
}

/// Does one line of a test's script, paths counted from the root.
pub(super) fn run(tree: &mut Tree, line: &str) -> Result<String, Fault> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |at: usize| words[at].parse::<u64>().unwrap();
    let path = words[1];
    let open = |tree: &mut Tree, open: Open| {
        let id = tree.open(ROOT, path, open)?;
        tree.release(id, Seat::Descriptor);
        Ok(id)
    };
    let write = Open { follow: true, create: true, write: true, ..Open::default() };
    match words[0] {
        "open" => open(tree, Open { follow: true, ..Open::default() }).map(|_| String::new()),
        "open-nofollow" => open(tree, Open::default()).map(|_| String::new()),
        "open-directory" => open(tree, Open { follow: true, directory: true, ..Open::default() }).map(|_| String::new()),
        "create" => open(tree, write).map(|_| String::new()),
        "create-new" => open(tree, Open { exclusive: true, ..write }).map(|_| String::new()),
        "create-empty" => open(tree, Open { truncate: true, ..write }).map(|_| String::new()),
        "write" => {
            open(tree, write).and_then(|id| tree.write(id, number(2), &vec![b'x'; number(3) as usize])).map(|count| count.to_string())
        }
        "size" => open(tree, write).and_then(|id| tree.set_size(id, number(2))).map(|()| String::new()),
        "mkdir" => tree.make_directory(ROOT, path).map(|_| String::new()),
        "rmdir" => tree.remove_directory(ROOT, path).map(|()| String::new()),
        "unlink" => tree.unlink(ROOT, path).map(|()| String::new()),
        "rename" => tree.rename((ROOT, path), (ROOT, words[2])).map(|()| String::new()),
        "link" => tree.link((ROOT, path), Last::Stay, (ROOT, words[2])).map(|()| String::new()),
        "symlink" => tree.make_symlink(ROOT, words[2], path).map(|()| String::new()),
        "readlink" => tree.find(ROOT, path, Last::Stay).and_then(|id| tree.target(id).map(str::to_owned)),
        "stat" => tree.find(ROOT, path, Last::Follow).map(|id| describe(tree.stat(id))),
        "lstat" => tree.find(ROOT, path, Last::Stay).map(|id| describe(tree.stat(id))),
        "list" => tree.find(ROOT, path, Last::Follow).and_then(|id| list(tree, id)),
        "used" => Ok(format!("{:?}", tree.used())),
        other => panic!("unknown command `{other}`"),
    }
}

fn describe(stat: Stat) -> String {
    format!("{:?} {} {}", stat.kind, stat.links, stat.size)
}

fn list(tree: &Tree, id: NodeId) -> Result<String, Fault> {
    let mut names: Vec<String> = Vec::new();
    while let Some((name, _)) = tree.entry_after(id, names.last().map(String::as_str))? {
        names.push(name.to_owned());
    }
    Ok(names.join(" "))
}

/// All lines but the last must succeed.
fn check(script: &str, expected: Result<&str, Fault>) {
    let (mut tree, _) = tree(100, 10);
    let mut lines = script.split(';').map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let got = run(&mut tree, line);
        match lines.peek() {
            Some(_) => assert!(got.is_ok(), "`{line}` in `{script}`: {got:?}"),
            None => assert_eq!(got, expected.map(str::to_owned), "`{script}`"),
        }
    }
}

#[test]
fn behaves_as_posix() {
    use Fault::*;
    for (script, expected) in [
        // Paths.
        ("stat .", Ok("Directory 1 0")),
        ("stat box//./../tmp/", Ok("Directory 1 0")),
        ("stat ..", Err(NotPermitted)),
        ("stat box/../../box", Err(NotPermitted)),
        ("stat /box", Err(NotPermitted)),
        ("stat box/a", Err(NoEntry)),
        ("stat box/a/b", Err(NoEntry)),
        ("create box/f; stat box/f/", Err(NotDirectory)),
        ("create box/f; stat box/f/.", Err(NotDirectory)),
        ("create box/f; stat box/f/..", Err(NotDirectory)),
        ("stat box/\0", Err(Invalid)),
        // Open.
        ("open box/f", Err(NoEntry)),
        ("create box/f; open box/f", Ok("")),
        ("create-new box/f; create-new box/f", Err(Exists)),
        ("create box/f/", Err(IsDirectory)),
        ("create box", Err(IsDirectory)),
        ("create f", Err(ReadOnly)),
        ("create box/f; open-directory box/f", Err(NotDirectory)),
        ("open-directory box", Ok("")),
        ("write box/f 0 9; create-empty box/f; used .", Ok("(0, 1)")),
        // Directories.
        ("mkdir box", Err(Exists)),
        ("mkdir d", Err(ReadOnly)),
        ("mkdir box/d/; mkdir box/d", Err(Exists)),
        ("mkdir box/d/e", Err(NoEntry)),
        ("rmdir box", Err(ReadOnly)),
        ("rmdir box/d", Err(NoEntry)),
        ("rmdir box/.", Err(Invalid)),
        ("create box/f; rmdir box/f", Err(NotDirectory)),
        ("mkdir box/d; create box/d/f; rmdir box/d", Err(NotEmpty)),
        ("mkdir box/d; rmdir box/d; used .", Ok("(0, 0)")),
        ("unlink box/f", Err(NoEntry)),
        ("mkdir box/d; unlink box/d", Err(IsDirectory)),
        ("create box/f; unlink box/f/", Err(NotDirectory)),
        ("create box/b; create box/a; mkdir box/c; list box", Ok("a b c")),
        ("create box/f; list box/f", Err(NotDirectory)),
        // Rename.
        ("rename box/a box/b", Err(NoEntry)),
        ("create box/a; rename box/a b", Err(ReadOnly)),
        ("rename tmp box/tmp", Err(ReadOnly)),
        ("create box/a; rename box/a box/a; list box", Ok("a")),
        ("write box/a 0 5; write box/b 0 7; rename box/a box/b; used .", Ok("(5, 1)")),
        ("write box/a 0 5; rename box/a tmp/b; stat tmp/b", Ok("File 1 5")),
        ("create box/a; rename box/a box/b/", Err(NotDirectory)),
        ("create box/a; mkdir box/d; rename box/a box/d", Err(IsDirectory)),
        ("create box/a; mkdir box/d; rename box/d box/a", Err(NotDirectory)),
        ("mkdir box/d; mkdir box/e; rename box/d box/e; used .", Ok("(0, 1)")),
        ("mkdir box/d; mkdir box/e; create box/e/f; rename box/d box/e", Err(NotEmpty)),
        ("mkdir box/d; mkdir box/d/e; rename box/d box/d/e/f", Err(Invalid)),
        ("mkdir box/d; rename box/d box/d/e", Err(Invalid)),
        ("mkdir box/d; mkdir box/d/e; rename box/d/e box/d", Err(NotEmpty)),
        ("mkdir box/d; create tmp/f; rename box/d tmp/d; stat tmp/d/../f", Ok("File 1 0")),
        ("mkdir box/d; rename box/d/. box/e", Err(Busy)),
        // Hard links.
        ("write box/a 0 3; link box/a box/b; stat box/b", Ok("File 2 3")),
        ("write box/a 0 3; link box/a box/b; used .", Ok("(3, 2)")),
        ("write box/a 0 3; link box/a box/b; unlink box/a; used .", Ok("(3, 1)")),
        ("create box/a; link box/a box/b; rename box/a box/b; list box", Ok("a b")),
        ("link box box/b", Err(NotPermitted)),
        ("create box/a; create box/b; link box/a box/b", Err(Exists)),
        ("create box/a; link box/a b", Err(ReadOnly)),
        // Symlinks.
        ("symlink /etc box/l", Err(NotPermitted)),
        ("symlink ../../x box/l", Err(NotPermitted)),
        ("symlink a/../../../x box/l", Err(NotPermitted)),
        ("symlink ../tmp box/l; create box/l/f; list tmp", Ok("f")),
        ("symlink ../tmp box/l; readlink box/l", Ok("../tmp")),
        ("symlink ../tmp box/l; lstat box/l", Ok("Symlink 1 6")),
        ("symlink ../tmp box/l; lstat box/l/", Ok("Directory 1 0")),
        ("symlink ../tmp box/l; used .", Ok("(6, 1)")),
        ("symlink ../tmp box/l; rmdir box/l/", Err(NotDirectory)),
        ("symlink ../tmp box/l; unlink box/l; used .", Ok("(0, 0)")),
        ("symlink f box/l; stat box/l", Err(NoEntry)),
        ("symlink f box/l; create box/l; list box", Ok("f l")),
        ("symlink f box/l; create-new box/l", Err(Exists)),
        ("create box/f; symlink f box/l; open-nofollow box/l", Err(Loop)),
        ("create box/f; symlink f/ box/l; stat box/l", Err(NotDirectory)),
        ("symlink l box/l; stat box/l", Err(Loop)),
        ("symlink l box/l; stat box/l/x", Err(Loop)),
        ("create box/f; readlink box/f", Err(Invalid)),
        // One that leads out only after it was moved up.
        ("mkdir box/d; symlink ../../x box/d/l; rename box/d/l box/l; stat box/l", Err(NotPermitted)),
        ("create box/f; symlink f box/l; rename box/l box/m; lstat box/m", Ok("Symlink 1 1")),
        // Limits: 100 bytes, 10 entries.
        ("write box/f 0 100; used .", Ok("(100, 1)")),
        ("write box/f 0 101", Ok("100")),
        ("write box/f 0 100; write box/f 100 1", Err(NoSpace)),
        ("write box/f 0 100; write box/f 50 60", Ok("50")),
        ("write box/f 0 100; write box/g 0 1", Err(NoSpace)),
        ("write box/f 90 20", Ok("10")),
        ("write box/f 100 1", Err(NoSpace)),
        ("write box/f 18446744073709551615 2", Err(FileTooLarge)),
        ("write box/f 9223372036854775807 1", Err(FileTooLarge)),
        ("write box/f 5 0; stat box/f", Ok("File 1 0")),
        ("size box/f 100; used .", Ok("(100, 1)")),
        ("size box/f 101", Err(NoSpace)),
        ("size box/f 18446744073709551615", Err(NoSpace)),
        ("write box/f 0 100; size box/f 40; write box/g 0 60", Ok("60")),
        ("write box/f 0 100; unlink box/f; write box/g 0 100", Ok("100")),
        ("write box/f 0 99; symlink ab box/l", Err(NoSpace)),
    ] {
        check(script, expected);
    }
}

#[test]
fn limits_names_paths_depth_and_count() {
    let (mut tree, _) = tree(100, 100);
    assert_eq!(run(&mut tree, &format!("create box/{}", "n".repeat(255))), Ok(String::new()));
    assert_eq!(run(&mut tree, &format!("create box/{}", "n".repeat(256))), Err(Fault::NameTooLong));
    assert_eq!(run(&mut tree, &format!("stat {}box", "./".repeat(2046))), Ok("Directory 1 0".to_owned()));
    assert_eq!(run(&mut tree, &format!("stat {}box", "./".repeat(2047))), Err(Fault::NameTooLong));

    let mut path = "box".to_owned();
    for _ in 1..MAX_DEPTH {
        path.push_str("/d");
        run(&mut tree, &format!("mkdir {path}")).unwrap();
    }
    assert_eq!(run(&mut tree, &format!("create {path}/f")), Err(Fault::NameTooLong));
    run(&mut tree, "mkdir tmp/e").unwrap();
    run(&mut tree, "create tmp/e/f").unwrap();
    let parent = path.strip_suffix("/d").unwrap();
    assert_eq!(run(&mut tree, &format!("rename tmp/e {parent}/e")), Err(Fault::NameTooLong));
    run(&mut tree, "unlink tmp/e/f").unwrap();
    assert_eq!(run(&mut tree, &format!("rename tmp/e {parent}/e")), Ok(String::new()));

    while tree.used().1 < 100 {
        let name = tree.used().1;
        run(&mut tree, &format!("create tmp/{name}")).unwrap();
    }
    for line in ["create box/x", "mkdir box/x", "symlink a box/x", "link tmp/70 box/x"] {
        assert_eq!(run(&mut tree, line), Err(Fault::NoSpace), "{line}");
    }
    assert_eq!(tree.used(), (0, 100));
}

#[test]
fn follows_thirty_two_links_and_no_more() {
    let (mut tree, _) = tree(1000, 100);
    run(&mut tree, "create box/0").unwrap();
    for link in 1..=33 {
        run(&mut tree, &format!("symlink {} box/{link}", link - 1)).unwrap();
    }
    assert_eq!(run(&mut tree, "open box/32"), Ok(String::new()));
    assert_eq!(run(&mut tree, "open box/33"), Err(Fault::Loop));
}

#[test]
fn open_nodes_outlive_their_names() {
    let (mut tree, budget) = tree(100, 10);
    run(&mut tree, "write box/f 0 60").unwrap();
    let id = tree.open(ROOT, "box/f", Open::default()).unwrap();
    run(&mut tree, "unlink box/f").unwrap();
    assert_eq!((tree.used(), tree.stat(id).links), ((60, 1), 0));
    assert_eq!(tree.write(id, 60, &[1; 60]), Ok(40));
    assert_eq!(tree.read(id, 59, 2), Ok((vec![b'x', 1], false)));
    tree.release(id, Seat::Descriptor);
    assert_eq!((tree.used(), budget.used()), ((0, 0), 0));

    let directory = tree.make_directory(ROOT, "box/d").unwrap();
    tree.hold(directory, Seat::Descriptor).unwrap();
    run(&mut tree, "rmdir box/d").unwrap();
    assert_eq!(tree.make_directory(directory, "e"), Err(Fault::NoEntry));
    assert_eq!(tree.find(directory, "..", Last::Follow), Err(Fault::NoEntry));
    assert_eq!(tree.find(directory, ".", Last::Follow), Ok(directory));
    tree.release(directory, Seat::Descriptor);
    assert_eq!(tree.used(), (0, 0));
}

#[test]
fn listing_survives_changes() {
    let (mut tree, _) = tree(100, 10);
    for name in ["a", "b", "d"] {
        run(&mut tree, &format!("create box/{name}")).unwrap();
    }
    assert_eq!(tree.entry_after(BOX, Some("a")), Ok(Some(("b", Kind::File))));
    run(&mut tree, "unlink box/b").unwrap();
    run(&mut tree, "mkdir box/c").unwrap();
    assert_eq!(tree.entry_after(BOX, Some("b")), Ok(Some(("c", Kind::Directory))));
    assert_eq!(tree.entry_after(BOX, Some("d")), Ok(None));
}

#[test]
fn memory_stays_near_the_size() {
    let (mut tree, _) = tree(1 << 20, 10);
    let id = tree.open(ROOT, "box/f", Open { create: true, write: true, ..Open::default() }).unwrap();
    let capacity = |tree: &Tree| match &tree.node(id).body {
        Body::File(data) => data.capacity(),
        Body::Directory { .. } | Body::Symlink(_) => 0,
    };
    let (mut grown, mut before) = (0, 0);
    while tree.write(id, tree.size(id), &[7; 1000]) == Ok(1000) {
        grown += usize::from(capacity(&tree) != before);
        before = capacity(&tree);
        assert!(before <= 2 * tree.size(id) as usize);
    }
    assert!(grown < 25, "copied {grown} times");
    assert_eq!((tree.size(id), before), (1 << 20, 1 << 20));
    for size in [1 << 19, 1000, 100, 0] {
        tree.set_size(id, size).unwrap();
        assert!(capacity(&tree) <= 256.max(2 * size as usize));
    }
}

#[test]
fn trees_share_a_budget() {
    let budget = Arc::new(Budget::new(2 * 1024 + 50));
    let limits = FileLimits { bytes: 40, count: 9 };
    let mut one = Tree::new(limits, None, budget.clone());
    let mut other = Tree::new(limits, None, budget.clone());
    assert_eq!(run(&mut one, "write box/f 0 100"), Ok("40".to_owned()));
    assert_eq!(run(&mut other, "write box/f 0 40"), Ok("10".to_owned()));
    assert_eq!(run(&mut other, "create box/g"), Err(Fault::NoSpace));
    drop(one);
    assert_eq!(run(&mut other, "write box/f 10 40"), Ok("30".to_owned()));
    drop(other);
    assert_eq!(budget.used(), 0);
}
