//! Tests of a job, and who judges them: from the frame's words to the job's. Called by `parse` for each `run`.

use super::{MAX_ID, Refusal, Rules, asked, check_tree, check_words, limit_refusal, path, sources, too_large, unpack};
use crate::job::{Case, Client, Harness, Helper, Job, JobFile, Judging, Owner, Priority, Stream, Style, Tests, Wishes};
use crate::judge::compare::{Compare, Tolerance};
use crate::limits::{Asked, Limits};
use crate::protocol::{Code, CompareFrame, FloatFrame, HarnessFrame, HelperFrame, LimitsFrame, StyleName, TestFrame, TestsFrame};
use crate::toolchain::Toolchain;
use bytes::Bytes;
use std::collections::HashSet;
use std::sync::Arc;

/// What the frame says of it.
pub(super) struct Given {
    pub(super) tests: Option<TestsFrame>,
    pub(super) compare: Option<CompareFrame>,
    pub(super) stop_on_failure: Option<bool>,
}

/// What the job has for all its tests.
pub(super) struct Own<'a> {
    pub(super) toolchain: &'a Toolchain,
    pub(super) files: &'a [JobFile],
    pub(super) args: &'a [String],
    pub(super) asked: &'a LimitsFrame,
    pub(super) limits: &'a Limits,
}

pub(super) fn tests(given: Given, own: &Own<'_>, rules: &Rules) -> Result<Option<Tests>, Refusal> {
    let Given { tests, compare, stop_on_failure } = given;
    let Some(TestsFrame { visible, hidden }) = tests else {
        let lone = [("compare", compare.is_some()), ("stop_on_failure", stop_on_failure.is_some())];
        return match lone.iter().find(|(_, is_given)| *is_given) {
            Some((field, _)) => Err(Refusal::of_field(Code::BadField, *field, format!("`{field}` needs `tests`"))),
            None => Ok(None),
        };
    };
    let count = visible.len() + hidden.len();
    if count == 0 {
        return Err(Refusal::of_field(Code::MissingField, "tests", "`tests` has neither `visible` nor `hidden` ones"));
    }
    if count > rules.job.tests {
        let mut refusal = too_large("tests", rules.job.tests as u64, count as u64);
        refusal.message = format!("{count} tests, the most allowed is {}", rules.job.tests);
        return Err(refusal);
    }
    let judging = judging(compare, own, rules)?;
    let shared = Arc::new(own.files.to_vec());
    let mut room = rules.job.tests_mb << 20;
    let (mut ids, mut cases) = (HashSet::new(), Vec::with_capacity(count));
    let named = visible.into_iter().enumerate().map(|(index, frame)| (format!("tests.visible[{index}]"), false, frame));
    let named = named.chain(hidden.into_iter().enumerate().map(|(index, frame)| (format!("tests.hidden[{index}]"), true, frame)));
    for (at, is_hidden, frame) in named {
        if !ids.insert(frame.id.clone()) {
            return Err(Refusal::of_field(
                Code::BadField,
                format!("{at}.id"),
                format!("`{at}.id`: the id `{}` is there twice", super::clip(&frame.id)),
            ));
        }
        cases.push(Arc::new(case(frame, &at, is_hidden, (own, &shared), &mut room, rules)?));
    }
    Ok(Some(Tests { cases, judging, stop_on_failure: stop_on_failure.unwrap_or(false) }))
}

fn case(
    frame: TestFrame,
    at: &str,
    is_hidden: bool,
    (own, shared): (&Own<'_>, &Arc<Vec<JobFile>>),
    room: &mut u64,
    rules: &Rules,
) -> Result<Case, Refusal> {
    let TestFrame { id, input, expected_output, expected_exit_code, description, args, files, limits } = frame;
    if id.is_empty() || id.len() > MAX_ID {
        return Err(Refusal::of_field(Code::BadField, format!("{at}.id"), format!("`{at}.id` must have 1 to {MAX_ID} bytes")));
    }
    let limits = match limits {
        None => own.limits.clone(),
        Some(limits) => asked(over(limits, own.asked)).within(&own.toolchain.limits, &rules.most).map_err(limit_refusal)?,
    };
    let args = args.unwrap_or_else(|| own.args.to_vec());
    check_words(args.iter(), &[], rules.job.args_kb << 10)?;
    let mut take = |data, field: &str| -> Result<Bytes, Refusal> {
        let field = format!("{at}.{field}");
        let bytes = unpack(data, &field, (rules.job.stdin_kb << 10).min(*room))?;
        let size = bytes.len() as u64;
        *room = room
            .checked_sub(size)
            .ok_or_else(|| too_large("tests", rules.job.tests_mb << 20, (rules.job.tests_mb << 20) + size - *room))?;
        if size > rules.job.stdin_kb << 10 {
            return Err(too_large(&field, rules.job.stdin_kb << 10, size));
        }
        Ok(bytes.into())
    };
    let input = input.map(|input| take(input, "input")).transpose()?.unwrap_or_default();
    let expected = expected_output.map(|expected| take(expected, "expected_output")).transpose()?;
    let files = match files {
        None => shared.clone(),
        Some(files) => {
            let mut all = own.files.to_vec();
            for (name, data) in files.0 {
                let field = format!("{at}.files.{}", super::clip(&name));
                let path = path(&field, &name)?;
                let content = take(data, &format!("files.{}", super::clip(&name)))?;
                all.retain(|file| file.path != path);
                all.push(JobFile { path, content, about: None });
            }
            check_tree(&all)?;
            let total = all.iter().map(|file| file.content.len() as u64).sum();
            if total > limits.file_bytes {
                return Err(too_large(&format!("{at}.files"), limits.file_bytes, total));
            }
            Arc::new(all)
        }
    };
    Ok(Case { id, is_hidden, description, input, expected, expected_exit: expected_exit_code, args, files, limits })
}

/// A test's wishes over the job's.
fn over(own: LimitsFrame, usual: &LimitsFrame) -> LimitsFrame {
    LimitsFrame {
        time_ms: own.time_ms.or(usual.time_ms),
        wall_ms: own.wall_ms.or(usual.wall_ms),
        compile_ms: own.compile_ms.or(usual.compile_ms),
        memory_mb: own.memory_mb.or(usual.memory_mb),
        output_kb: own.output_kb.or(usual.output_kb),
        files_mb: own.files_mb.or(usual.files_mb),
        processes: own.processes.or(usual.processes),
        fuel: own.fuel.or(usual.fuel),
    }
}

fn judging(compare: Option<CompareFrame>, own: &Own<'_>, rules: &Rules) -> Result<Judging, Refusal> {
    let tokens = |ignore_case| Compare::Tokens { ignore_case, float: None };
    Ok(Judging::Compare(match compare {
        None | Some(CompareFrame::Lines) => Compare::Lines,
        Some(CompareFrame::Exact) => Compare::Exact,
        Some(CompareFrame::Tokens) => tokens(false),
        Some(CompareFrame::TokensIgnoreCase) => tokens(true),
        Some(CompareFrame::UnorderedLines) => Compare::UnorderedLines,
        Some(CompareFrame::Float(FloatFrame { abs, rel, ignore_case })) => {
            if !(abs >= 0.0 && rel >= 0.0 && abs.is_finite() && rel.is_finite()) {
                return Err(Refusal::of_field(Code::BadField, "compare.float", "`compare.float`: `abs` and `rel` are not below 0"));
            }
            Compare::Tokens { ignore_case, float: Some(Tolerance { abs, rel }) }
        }
        Some(CompareFrame::Checker(frame)) => return helper(*frame, "compare.checker", own, rules).map(Judging::Checker),
        Some(CompareFrame::Interactor(frame)) => return helper(*frame, "compare.interactor", own, rules).map(Judging::Interactor),
    }))
}

/// A program of the judge's is a job of its own, with limits of its own.
fn helper(frame: HelperFrame, at: &str, own: &Own<'_>, rules: &Rules) -> Result<Helper, Refusal> {
    let HelperFrame { language, code, files, main, args, env, limits, style } = frame;
    let Some(toolchain) = rules.toolchains.find(&language) else {
        let message =
            format!("`{at}.language`: unknown language `{}`\nhint: there are {}", super::clip(&language), rules.toolchains.names());
        return Err(Refusal::of_field(Code::UnknownLanguage, format!("{at}.language"), message));
    };
    // What is judged goes to it as a file and as input.
    let most = rules.job.stdin_kb << 10;
    if own.limits.output_bytes > most {
        let mut refusal =
            limit_refusal(crate::limits::Refusal::TooHigh { field: "output_kb", limit: most >> 10, given: own.limits.output_bytes >> 10 });
        refusal.message.push_str(" where a program judges the output");
        return Err(refusal);
    }
    let asked: Asked = asked(limits.unwrap_or_default());
    let limits = asked.within(&toolchain.limits, &rules.most).map_err(limit_refusal)?;
    let (files, main) = sources(toolchain, code, files.unwrap_or_default(), main, limits.file_bytes, &rules.job)?;
    let reserved = ["input", "output", "answer", "feedback"];
    if let Some(file) = files.iter().find(|file| reserved.contains(&file.path.as_str().split('/').next().unwrap_or_default())) {
        let message = format!("`{at}.files`: `{}` is the name of a file that the judge puts there", file.path.as_str());
        return Err(Refusal::of_field(Code::BadField, format!("{at}.files"), message));
    }
    let (args, env) = (args.unwrap_or_default(), env.unwrap_or_default().0);
    check_words(args.iter(), &env, rules.job.args_kb << 10)?;
    let style = match style {
        None | Some(StyleName::Runnel) => Style::Runnel,
        Some(StyleName::Kattis) => Style::Kattis,
        Some(StyleName::Testlib) => Style::Testlib,
    };
    let job = Job {
        id: String::new(),
        toolchain: toolchain.clone(),
        files: Arc::new(files),
        main,
        args,
        env,
        stdin: Bytes::new(),
        interactive: false,
        limits,
        deterministic: None,
        wishes: Wishes::default(),
        workspace: None,
        collect: None,
        handed: None,
        places: Arc::default(),
        owner: Owner::default(),
        client: Client::default(),
        priority: Priority::default(),
        tests: None,
        harness: None,
        rules: None,
        stream: Stream::Quiet,
        meta: None,
        trace: None,
    };
    Ok(Helper { job: Arc::new(job), style })
}

/// The program of tests that calls the job's own: files in a sandbox of their own.
pub(super) fn harness(frame: HarnessFrame, own: &Own<'_>, rules: &Rules) -> Result<Harness, Refusal> {
    let HarnessFrame { code, files, main, hidden } = frame;
    let toolchain = own.toolchain;
    if toolchain.harness_files().is_empty() {
        let message = format!("`{}` has no function-level tests\nhint: python and javascript have", toolchain.name);
        return Err(Refusal::of_field(Code::BadField, "harness", message));
    }
    let (files, main) =
        sources(toolchain, code, files.unwrap_or_default(), main, own.limits.file_bytes, &rules.job).map_err(|mut refusal| {
            refusal.details.field = refusal.details.field.map(|field| format!("harness.{field}"));
            refusal.message = format!("`harness`: {}", refusal.message);
            refusal
        })?;
    for host in toolchain.harness_files() {
        if files.iter().chain(own.files).any(|file| file.path == host.path) {
            let message = format!("`{}` is the name of a file that the harness itself brings", host.path.as_str());
            return Err(Refusal::of_field(Code::BadField, "harness.files", message));
        }
    }
    Ok(Harness { files: Arc::new(files), main, is_hidden: hidden })
}
