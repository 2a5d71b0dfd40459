use super::*;
use proptest::prelude::*;

const TOKENS: Compare = Compare::Tokens { ignore_case: false, float: None };
const ANY_CASE: Compare = Compare::Tokens { ignore_case: true, float: None };
const FLOAT: Compare = Compare::Tokens { ignore_case: false, float: Some(Tolerance { abs: 1e-6, rel: 1e-6 }) };

fn compare(how: &Compare, expected: &[u8], pieces: &[&[u8]]) -> Option<Difference> {
    let mut comparison = Comparison::new(how, expected);
    pieces.iter().for_each(|piece| comparison.feed(piece));
    comparison.finish()
}

fn same(how: &Compare, expected: &str, given: &str) -> bool {
    compare(how, expected.as_bytes(), &[given.as_bytes()]).is_none()
}

#[test]
fn rules() {
    use Compare::{Exact, Lines, UnorderedLines};
    let cases = [
        (Exact, "a\n", "a\n", true),
        (Exact, "a\n", "a", false),
        (Exact, "a", "a\n", false),
        (Exact, "", "", true),
        (Exact, "a b", "a  b", false),
        (Lines, "a\n", "a", true),
        (Lines, "a", "a \t\r\n\n \n", true),
        (Lines, "a \nb\n\n", "a\nb", true),
        (Lines, "a\nb", "a\r\nb\r\n", true),
        (Lines, "", " \n\n", true),
        (Lines, "a\n\nb", "a\nb", false),
        (Lines, "a\nb", "a\n\nb", false),
        (Lines, "a\n\nb", "a\n  \nb", true),
        (Lines, " a", "a", false),
        (Lines, "a  b", "a b", false),
        (Lines, "a\nb", "a b", false),
        (Lines, "a b", "a\nb", false),
        (Lines, "\na", "\na", true),
        (Lines, "\na", "a", false),
        (Lines, "a", "ab", false),
        (Lines, "ab", "a", false),
        (Lines, "a", "", false),
        (Lines, "", "a", false),
        (TOKENS, "1 2\n3", " 1\n\n2\t3 ", true),
        (TOKENS, "12", "1 2", false),
        (TOKENS, "1 2", "12", false),
        (TOKENS, "1 2", "1", false),
        (TOKENS, "1", "1 2", false),
        (TOKENS, "", " \n", true),
        (TOKENS, "Yes", "yes", false),
        (ANY_CASE, "Yes NO", "yEs no", true),
        (ANY_CASE, "É", "é", false),
        (FLOAT, "1.0 x 2", "1.0000001 x 2.0000001", true),
        (FLOAT, "1.0", "1.00001", false),
        (FLOAT, "1000000", "1000000.5", true),
        (FLOAT, "0", "-0.0000001", true),
        (FLOAT, "1e3", "1000", true),
        (FLOAT, "x", "y", false),
        (FLOAT, "1", "x", false),
        (FLOAT, "nan inf -inf", "NaN inf -inf", true),
        (FLOAT, "inf", "1e400", true),
        (FLOAT, "inf", "-inf", false),
        (FLOAT, "1", "nan", false),
        (UnorderedLines, "a\nb\nb", "b\na \n\nb\n", true),
        (UnorderedLines, "a\nb", "a\nb\nb", false),
        (UnorderedLines, "a\nb\nb", "a\nb", false),
        (UnorderedLines, "a  b", "a b", false),
        (UnorderedLines, " a", "a", false),
        (UnorderedLines, "", "\n \n", true),
    ];
    for (how, expected, given, is_same) in cases {
        assert_eq!(same(&how, expected, given), is_same, "{how:?} {expected:?} {given:?}");
    }
}

#[test]
fn differences_say_where() {
    use Compare::{Exact, Lines, UnorderedLines};
    let long = format!("{}x{}", "a".repeat(5000), "b".repeat(5000));
    let other = long.replace('x', "y");
    let cases = [
        (Lines, "one\ntwo three\n", "one\ntwo thee\n", "line 2, column 7: expected `two three`, given `two thee`"),
        (Lines, "one\ntwo\n", "one\n", "line 2, column 1: expected `two`, the output ends"),
        (Lines, "one\n", "one\ntwo\n", "line 2, column 1: nothing more was expected, given `two`"),
        (Exact, "a\n", "a", "line 1, column 2: expected `a`, the output ends"),
        (Exact, "a\n\n", "a\n", "line 2, column 1: expected `\\n`, the output ends"),
        (TOKENS, "1 2 3", "1\n2 4 3", "line 2, column 3: expected `3`, given `4`"),
        (TOKENS, "1 2 3", "1\n2 ", "line 2, column 3: expected `3`, the output ends"),
        (UnorderedLines, "b\na", "a\nc\n", "line 2, column 1: nothing more was expected, given `c`"),
        (UnorderedLines, "b\na", "a\n", "line 2, column 1: expected `b`, the output ends"),
        (Lines, "a\tb", "a\tc\u{7}", "line 1, column 3: expected `a\\tb`, given `a\\tc\\x07`"),
    ];
    for (how, expected, given, text) in cases {
        let difference = compare(&how, expected.as_bytes(), &[given.as_bytes()]).unwrap();
        assert_eq!(difference.to_string(), text, "{how:?}");
    }
    let text = compare(&Lines, long.as_bytes(), &[other.as_bytes()]).unwrap().to_string();
    let tail = "a".repeat(SHOWN);
    assert!(text.starts_with("line 1, column 5001: expected `…") && text.contains(&format!("…{tail}yb")) && text.len() < 250, "{text}");
}

/// What the rules mean, written without regard to memory.
fn plainly(how: &Compare, expected: &str, given: &str) -> bool {
    fn lines(text: &str) -> Vec<&str> {
        let mut lines: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches([' ', '\t', '\r', '\x0b', '\x0c'])).collect();
        while lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        lines
    }
    match how {
        Compare::Exact => expected == given,
        Compare::Lines => lines(expected) == lines(given),
        Compare::Tokens { .. } => expected.split_whitespace().eq(given.split_whitespace()),
        Compare::UnorderedLines => {
            let sorted = |text| {
                let mut lines = lines(text);
                lines.retain(|line| !line.is_empty());
                lines.sort_unstable();
                lines.into_iter().map(str::to_owned).collect::<Vec<_>>()
            };
            sorted(expected) == sorted(given)
        }
    }
}

proptest! {
    #[test]
    fn all_agree_with_their_rules_however_the_output_is_cut(
        expected in "[ab \t\r\n]{0,12}", given in "[ab \t\r\n]{0,12}", like in any::<bool>(), size in 1usize..5,
    ) {
        let given = if like { format!("{}{}", expected.trim_end(), given.replace(['a', 'b'], "")) } else { given };
        for how in [Compare::Exact, Compare::Lines, TOKENS, Compare::UnorderedLines] {
            let pieces: Vec<&[u8]> = given.as_bytes().chunks(size).collect();
            let difference = compare(&how, expected.as_bytes(), &pieces);
            prop_assert_eq!(difference.is_none(), plainly(&how, &expected, &given), "{:?} {:?} {:?}", how, expected, given);
            prop_assert_eq!(difference, compare(&how, expected.as_bytes(), &[given.as_bytes()]));
        }
    }

    #[test]
    fn any_bytes_are_harmless(expected in proptest::collection::vec(any::<u8>(), 0..60), given in proptest::collection::vec(any::<u8>(), 0..60)) {
        for how in [Compare::Exact, Compare::Lines, ANY_CASE, FLOAT, Compare::UnorderedLines] {
            let _ = compare(&how, &expected, &[&given]);
            prop_assert!(compare(&how, &expected, &[&expected]).is_none());
        }
    }
}
