use super::*;
use proptest::prelude::*;

fn draft(pattern: &str) -> Draft {
    Draft { colour: "red".into(), pattern: Some((vec![Pipe::Stdout, Pipe::Stderr], pattern.into())), ..Draft::default() }
}

fn rules(drafts: Vec<Draft>) -> Arc<Rules> {
    Arc::new(Rules::new(drafts, Some("amber".into())).unwrap())
}

fn verdict(status: Status, exit_code: Option<i32>) -> Verdict {
    Verdict { status, exit_code, signal: None, message: None }
}

/// The output in pieces of this many bytes.
fn found(rules: &Arc<Rules>, stdout: &[u8], piece: usize) -> Matches {
    let mut scan = Scan::new(Some(rules)).unwrap();
    stdout.chunks(piece).for_each(|piece| scan.feed(Pipe::Stdout, piece));
    scan.finish()
}

#[test]
fn patterns_see_the_whole_output_however_it_is_cut() {
    let cases: [(&str, &[u8], bool); 24] = [
        ("Assertion.*failed", b"main: Assertion `x' failed.\n", true),
        ("Assertion.*failed", b"Assertion\nfailed", false),
        ("(?s)FAILED.*errors=", b"FAILED\n(errors=3)", true),
        ("^OK$", b"..\nOK\n", true),
        ("^OK$", b"..\nOK", true),
        ("^OK$", b"NOT OK\n", false),
        (r"\AOK", b"x\nOK", false),
        (r"OK\z", b"OK\n", false),
        (r"OK\s*\z", b"OK\n\n", true),
        (r"\bfail\b", b"a fail.", true),
        (r"\bfail\b", b"failed", false),
        (r"fail\b", b"fail", true),
        (r"\d+ passed", "٣ passed".as_bytes(), true),
        (r"^.$", "é".as_bytes(), true),
        (r"^\w+$", "naïve".as_bytes(), true),
        ("(?i)ÄRGER", "ärger".as_bytes(), true),
        (r"(?-u:\xff)", b"a\xffb", true),
        ("a.b", b"a\xffb", false),
        ("FAILED.{0,80}errors", b"FAILED (errors=1)", true),
        (r"\w{20}", b"abcdefghijklmnopqrst", true),
        (r"\w{20}", b"abcdefghijklmnopqrs ", false),
        ("", b"", true),
        ("^$", b"", true),
        ("x*", b"", true),
    ];
    for (pattern, output, expected) in cases {
        let rules = rules(vec![draft(pattern)]);
        for piece in [1, 2, 3, 1000] {
            let matches = found(&rules, output, piece);
            assert_eq!(matches, Matches { found: u64::from(expected), given_up: 0 }, "{pattern} in {output:?} by {piece}");
        }
    }
}

#[test]
fn either_stream_or_the_one_that_is_named() {
    let only = |pipe| Draft { pattern: Some((vec![pipe], "boom".into())), ..draft("") };
    let rules = rules(vec![only(Pipe::Stdout), only(Pipe::Stderr), draft("boom"), draft("bo+m.bang")]);
    let mut scan = Scan::new(Some(&rules)).unwrap();
    scan.feed(Pipe::Stderr, b"bo");
    // What comes on the other stream in between is no part of it.
    scan.feed(Pipe::Stdout, b"x");
    scan.feed(Pipe::Stderr, b"om");
    scan.feed(Pipe::Stdout, b"-bang");
    assert_eq!(scan.finish(), Matches { found: 0b0110, given_up: 0 });
}

#[test]
fn the_first_rule_that_holds_wins() {
    let code = |codes: &[i32], colour: &str| Draft { colour: colour.into(), exit_codes: Some(codes.to_vec()), ..Draft::default() };
    let rules = rules(vec![
        Draft { exit_codes: Some(vec![0]), colour: "odd".into(), ..draft("FAIL") },
        draft("FAIL"),
        Draft { status: Some(Status::Timeout), colour: "blue".into(), ..Draft::default() },
        code(&[0], "green"),
        code(&[3, 4], "grey"),
    ]);
    let cases: [(&[u8], _, _, Option<&str>); 8] = [
        (b"FAIL", Status::Success, Some(0), Some("odd")),
        (b"FAIL", Status::Error, Some(1), Some("red")),
        (b"FAIL", Status::Timeout, None, Some("red")),
        (b"", Status::Timeout, None, Some("blue")),
        (b"", Status::Success, Some(0), Some("green")),
        (b"", Status::Error, Some(4), Some("grey")),
        (b"", Status::Error, None, Some("amber")),
        (b"FAIL", Status::Internal, None, None),
    ];
    for (output, status, exit_code, colour) in cases {
        let outcome = rules.outcome(&verdict(status, exit_code), &found(&rules, output, 2));
        assert_eq!(outcome, Outcome { colour: colour.map(str::to_owned), message: None }, "{output:?} {status:?}");
    }
    let none = Rules::new(vec![], None).unwrap();
    assert_eq!(none.outcome(&verdict(Status::Success, Some(0)), &Matches::default()), Outcome::default());
}

#[test]
fn what_learns_without_end_gives_up_and_says_so() {
    // Each window of 2000 bytes is a state of its own.
    let rules = rules(vec![Draft { exit_codes: Some(vec![0]), ..draft("[ab]*a[ab]{2000}c") }, draft("z")]);
    let mut bits = 1_u32;
    let output: Vec<u8> = std::iter::repeat_with(|| {
        bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if bits >> 31 == 0 { b'a' } else { b'b' }
    })
    .take(1 << 20)
    .chain([b'z'])
    .collect();
    let matches = found(&rules, &output, 4096);
    assert_eq!(matches, Matches { found: 0b10, given_up: 0b01 });
    assert_eq!(found(&rules, &output, 777), matches, "where it gives up does not depend on the cuts");
    let outcome = rules.outcome(&verdict(Status::Success, Some(0)), &matches);
    assert!(outcome.colour.is_none() && outcome.message.unwrap().contains("`rules.on[0]`"));
    // A rule that does not hold anyway needs no answer.
    assert_eq!(rules.outcome(&verdict(Status::Error, Some(1)), &matches).colour.as_deref(), Some("red"));
}

#[test]
fn mistakes_name_their_place() {
    let plain = || Draft { colour: "red".into(), exit_codes: Some(vec![0]), ..Draft::default() };
    let cases = [
        (vec![plain(); 65], None, "on", "64"),
        (vec![Draft { colour: String::new(), ..plain() }], None, "on[0].colour", "32"),
        (vec![Draft { colour: "dark red".into(), ..plain() }], None, "on[0].colour", "word"),
        (vec![Draft { colour: "x".repeat(33), ..plain() }], None, "on[0].colour", "32"),
        (vec![plain(), Draft { exit_codes: None, ..plain() }], None, "on[1]", "`else`"),
        (vec![Draft { exit_codes: Some(vec![]), ..plain() }], None, "on[0].exit_code", "1 to 256"),
        (vec![plain(), draft("a(b")], None, "on[1].regex", "unclosed group"),
        (vec![draft(r"(a)\1")], None, "on[0].regex", "backreferences are not supported"),
        (vec![draft(&"x".repeat(1025))], None, "on[0].regex", "1024"),
        (vec![draft(r"(\w{100}){100}")], None, "on[0].regex", "too large"),
        (vec![draft(&"(".repeat(1000))], None, "on[0].regex", "unclosed"),
        (vec![draft(r"\w{25}"), draft(r"\w{25}"), draft(r"\w{25}")], None, "on[2].regex", "too large"),
        (vec![], Some(" "), "else", "word"),
    ];
    for (drafts, otherwise, field, what) in cases {
        let mistake = Rules::new(drafts, otherwise.map(str::to_owned)).unwrap_err();
        assert!(mistake.field == field && mistake.what.contains(what), "{field} {what}: {mistake:?}");
    }
}

proptest! {
    #[test]
    fn any_pattern_is_harmless(pattern in "\\PC{0,40}", output in proptest::collection::vec(any::<u8>(), 0..100)) {
        if let Ok(rules) = Rules::new(vec![draft(&pattern)], None) {
            let rules = Arc::new(rules);
            prop_assert_eq!(found(&rules, &output, 1), found(&rules, &output, 1000));
        }
    }
}
