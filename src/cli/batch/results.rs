//! The results file: one line for each job that ended, each written whole and at once, so that whatever ends this
//! process leaves a file that can be gone on with.

use crate::protocol::{Code, Refusal, body, render};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

/// How a job ended, in one word: a status, a verdict where it had tests, or that it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(u8);

impl Label {
    const WORDS: [&'static str; 19] = [
        "success",
        "AC",
        "WA",
        "RTE",
        "TLE",
        "MLE",
        "OLE",
        "CE",
        "SK",
        "JE",
        "error",
        "compile_error",
        "timeout",
        "memory_limit",
        "output_limit",
        "cancelled",
        "internal",
        "other",
        "refused",
    ];
    pub(super) const COUNT: usize = Self::WORDS.len();
    pub(super) const REFUSED: Self = Self(18);

    fn of(word: &str) -> Self {
        let place = Self::WORDS.iter().position(|other| *other == word).unwrap_or(17);
        Self(u8::try_from(place).unwrap_or(17))
    }

    pub(super) fn index(self) -> usize {
        self.0.into()
    }

    /// Each with its word, in the order of their index.
    pub(super) fn all() -> impl Iterator<Item = (Self, &'static str)> {
        (0..).map(Self).zip(Self::WORDS)
    }

    /// What `--fail-under` counts.
    pub(super) fn is_good(self) -> bool {
        self.0 < 2
    }
}

/// What of a result tells its label.
#[derive(Deserialize)]
pub(super) struct Ended<'a> {
    #[serde(borrow)]
    execution: Option<Execution<'a>>,
    #[serde(borrow)]
    summary: Option<Summary<'a>>,
}

#[derive(Deserialize)]
struct Execution<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Summary<'a> {
    #[serde(borrow)]
    verdict: Cow<'a, str>,
}

impl Ended<'_> {
    fn label(&self) -> Label {
        let verdict = self.summary.as_ref().map(|summary| &summary.verdict);
        let status = self.execution.as_ref().map(|execution| &execution.status);
        Label::of(verdict.or(status).map_or("other", |word| word.as_ref()))
    }
}

/// The last frame of a job, and what is to be written of it.
pub(super) struct Last {
    pub(super) label: Label,
    part: &'static str,
    fields: String,
}

impl Last {
    pub(super) fn of_result(frame: &str) -> Self {
        let label = serde_json::from_str::<Ended<'_>>(frame).map_or(Label::of("other"), |ended| ended.label());
        Self { label, part: "result", fields: body::without_type(frame) }
    }

    /// An `error` frame; type and id are said elsewhere.
    pub(super) fn of_error(frame: &str) -> Self {
        #[derive(Deserialize, Serialize)]
        struct Error<'a> {
            #[serde(borrow)]
            code: Cow<'a, str>,
            #[serde(borrow)]
            message: Cow<'a, str>,
            #[serde(borrow, skip_serializing_if = "Option::is_none")]
            details: Option<&'a RawValue>,
        }
        let fields = serde_json::from_str::<Error<'_>>(frame).map_or_else(|_| body::without_type(frame), |error| render::json(&error));
        Self { label: Label::REFUSED, part: "error", fields }
    }

    pub(super) fn of_refusal(refusal: &Refusal) -> Self {
        Self::of_error(&render::error(None, refusal))
    }

    /// Nobody knows what became of it, each time that it was tried.
    pub(super) fn of_lost(times: usize) -> Self {
        Self::of_refusal(&Refusal::new(Code::Internal, format!("the connection was lost {times} times while the job ran")))
    }

    /// The line of the results file.
    pub(super) fn line(&self, line: u64, id: Option<&str>) -> String {
        let Self { part, fields, .. } = self;
        let id = id.map_or_else(String::new, |id| format!(r#""id":{},"#, render::json(&id)));
        format!("{{\"line\":{line},{id}\"{part}\":{fields}}}\n")
    }
}

/// The results file is not this batch's.
#[derive(Debug, thiserror::Error)]
#[error(
    "the results file belongs to another batch: {0}\nhint: `--resume` needs the same jobs that it was begun with; another `-o` begins anew"
)]
pub(super) struct NotOurs(pub(super) String);

/// What the file has from before: 16 bytes for each line, 16 MB for a million.
pub(super) struct Earlier {
    /// Line; the upper 56 bits of its id's hash and the label. Sorted.
    marks: Vec<(u64, u64)>,
    hasher: RandomState,
    /// The bytes that hold whole lines, and whether the last of them lacks its end.
    whole: u64,
    unended: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EarlierLine<'a> {
    line: u64,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    result: Option<Ended<'a>>,
    error: Option<serde::de::IgnoredAny>,
}

impl Earlier {
    pub(super) fn none() -> Self {
        Self { marks: Vec::new(), hasher: RandomState::new(), whole: 0, unended: false }
    }

    pub(super) fn read(file: &File) -> anyhow::Result<Self> {
        let mut earlier = Self::none();
        let (mut input, mut buffer) = (BufReader::new(file), Vec::new());
        let mut number = 0;
        loop {
            buffer.clear();
            let size = input.read_until(b'\n', &mut buffer)? as u64;
            if size == 0 {
                break;
            }
            number += 1;
            earlier.unended = !buffer.ends_with(b"\n");
            match serde_json::from_slice::<EarlierLine<'_>>(&buffer) {
                Ok(EarlierLine { line, id, result, error }) if result.is_some() != error.is_some() => {
                    let label = result.map_or(Label::REFUSED, |ended| ended.label());
                    let mark = earlier.hash(id.as_deref()) & !0xff | u64::from(label.0);
                    earlier.marks.push((line, mark));
                }
                // Cut off while it was written: its job runs again.
                _ if earlier.unended && begins_like_ours(&buffer) => {
                    earlier.unended = false;
                    break;
                }
                _ => return Err(NotOurs(format!("its line {number} is not a result")).into()),
            }
            earlier.whole += size;
        }
        earlier.marks.sort_unstable();
        if let Some(twice) = earlier.marks.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(NotOurs(format!("it has two results of line {}", twice[0].0)).into());
        }
        Ok(earlier)
    }

    pub(super) fn len(&self) -> usize {
        self.marks.len()
    }

    pub(super) fn hash(&self, id: Option<&str>) -> u64 {
        self.hasher.hash_one(id)
    }

    /// What became of a line before.
    pub(super) fn find(&self, line: u64, id: Option<&str>) -> Result<Option<Label>, NotOurs> {
        let Ok(place) = self.marks.binary_search_by_key(&line, |(line, _)| *line) else { return Ok(None) };
        let (_, mark) = self.marks[place];
        if mark & !0xff != self.hash(id) & !0xff {
            return Err(NotOurs(format!("its result of line {line} is of another id than that line's")));
        }
        Ok(Some(Label(mark.to_le_bytes()[0])))
    }

    /// Takes off what was cut off in the middle.
    pub(super) fn repair(&self, mut file: &File) -> std::io::Result<()> {
        file.set_len(self.whole)?;
        if self.unended { file.write_all(b"\n") } else { Ok(()) }
    }
}

fn begins_like_ours(bytes: &[u8]) -> bool {
    let beginning = br#"{"line":"#;
    let length = bytes.len().min(beginning.len());
    bytes[..length] == beginning[..length]
}

/// Opens the file, for this process alone, and reads what is in it.
pub(super) fn open(path: &Path, resume: bool) -> anyhow::Result<(File, Earlier)> {
    let shown = path.display();
    let opened = OpenOptions::new().read(true).append(true).create(true).open(path);
    // What can't be read, such as a pipe, can still be written.
    let opened = opened.or_else(|fault| if resume { Err(fault) } else { OpenOptions::new().append(true).open(path) });
    let file = opened.map_err(|fault| anyhow::anyhow!("can't write `{shown}`: {fault}"))?;
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        anyhow::bail!("another batch writes to `{shown}` just now");
    }
    if resume {
        let earlier = Earlier::read(&file).map_err(|fault| fault.context(format!("can't go on with `{shown}`")))?;
        return Ok((file, earlier));
    }
    if file.metadata()?.len() > 0 {
        anyhow::bail!("`{shown}` is not empty\nhint: `--resume` goes on with the batch that it belongs to");
    }
    Ok((file, Earlier::none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(std::path::PathBuf);

    impl Scratch {
        fn new(name: &str, text: &str) -> Self {
            let path = std::env::temp_dir().join(format!("runnel-results-{}-{name}", std::process::id()));
            std::fs::write(&path, text).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn lines_and_labels() {
        let last = Last::of_result(r#"{"type":"result","id":"a","execution":{"status":"error"}}"#);
        assert_eq!(
            last.line(3, Some("a\"")),
            "{\"line\":3,\"id\":\"a\\\"\",\"result\":{\"id\":\"a\",\"execution\":{\"status\":\"error\"}}}\n"
        );
        assert_eq!((last.label, last.label.is_good()), (Label::of("error"), false));
        let last = Last::of_result(r#"{"type":"result","execution":{"status":"error"},"summary":{"verdict":"AC"}}"#);
        assert!(last.label.is_good());
        let last = Last::of_error(r#"{"type":"error","id":"a","code":"busy","message":"m","details":{"limit":1}}"#);
        assert_eq!(last.line(1, None), "{\"line\":1,\"error\":{\"code\":\"busy\",\"message\":\"m\",\"details\":{\"limit\":1}}}\n");
        assert_eq!(Label::WORDS[Label::REFUSED.index()], "refused");
        assert_eq!(Label::of("never heard of").index(), 17);
    }

    #[test]
    fn what_was_cut_off_is_repaired() {
        let first = "{\"line\":2,\"id\":\"b\",\"result\":{\"execution\":{\"status\":\"success\"}}}";
        let second = "{\"line\":1,\"error\":{\"code\":\"bad_json\",\"message\":\"\"}}";
        for cut in 0..=second.len() {
            let scratch = Scratch::new("cut", &format!("{first}\n{}", &second[..cut]));
            let (file, earlier) = open(&scratch.0, true).unwrap();
            earlier.repair(&file).unwrap();
            let is_whole = cut == second.len();
            let expected = if is_whole { format!("{first}\n{second}\n") } else { format!("{first}\n") };
            assert_eq!(std::fs::read_to_string(&scratch.0).unwrap(), expected);
            assert_eq!(earlier.find(2, Some("b")).unwrap(), Some(Label::of("success")));
            assert_eq!(earlier.find(1, None).unwrap(), is_whole.then_some(Label::REFUSED));
            assert!(earlier.find(2, Some("c")).is_err() && earlier.find(3, None).unwrap().is_none());
        }
    }

    #[test]
    fn other_files_are_left_alone() {
        for text in
            ["notes", "notes\n", "{\"line\":1}\n", "{\"line\":1,\"error\":{}}\n{\"line\":1,\"error\":{}}\n", "{\"line\":1,\"err\nx\n"]
        {
            let scratch = Scratch::new("other", text);
            assert!(open(&scratch.0, true).is_err(), "{text}");
            assert!(open(&scratch.0, false).is_err(), "{text}");
            assert_eq!(std::fs::read_to_string(&scratch.0).unwrap(), text);
        }
    }
}
