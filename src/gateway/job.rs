//! A job as it travels from a gateway to a worker. Everything is resolved: names, limits and defaults were the gateway's business. Contents that several lists
//! share, as a job's files and those of its tests do, travel once. A worker checks again what protects it: its languages, its images, its limits. Pure.

use crate::job::{
    About, Case, Client, Deterministic, Handed, Harness, Helper, Job, JobFile, JobPath, Judging, Owner, Place, Placing, Priority, Stream,
    Style, Tests, TraceParent, Wishes,
};
use crate::judge::colour::{Draft, Rules as Colours};
use crate::judge::compare::Compare;
use crate::limits::{FUEL_PER_MS, Figures, Limits};
use crate::protocol::parse::Rules;
use crate::toolchain::Kind;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// A job with all that belongs to it.
#[derive(Serialize, Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    contents: Vec<Blob<'a>>,
    #[serde(borrow)]
    lists: Vec<Vec<FileWords<'a>>>,
    job: JobWords<'a>,
    tests: Option<TestsWords<'a>>,
    harness: Option<HarnessWords<'a>>,
    rules: Option<(Vec<Draft>, Option<String>)>,
}

#[derive(Serialize, Deserialize)]
struct Blob<'a>(#[serde(with = "serde_bytes")] &'a [u8]);

#[derive(Serialize, Deserialize)]
struct FileWords<'a> {
    path: &'a str,
    /// Which of the contents.
    content: usize,
    about: Option<About>,
}

/// A job but for its tests.
#[derive(Serialize, Deserialize)]
struct JobWords<'a> {
    id: &'a str,
    client: &'a str,
    toolchain: &'a str,
    /// Which of the lists.
    files: usize,
    main: &'a str,
    args: Vec<&'a str>,
    env: Vec<(&'a str, &'a str)>,
    stdin: Blob<'a>,
    interactive: bool,
    limits: Limits,
    deterministic: Option<Deterministic>,
    wishes: Wishes,
    /// A folder, or a link and where it leads.
    places: Vec<(&'a str, Option<&'a str>)>,
    handed: Option<Handed>,
    priority: Priority,
    stream: Stream,
    trace: Option<TraceParent>,
}

#[derive(Serialize, Deserialize)]
struct TestsWords<'a> {
    #[serde(borrow)]
    cases: Vec<CaseWords<'a>>,
    judging: JudgingWords<'a>,
    stop_on_failure: bool,
}

#[derive(Serialize, Deserialize)]
struct CaseWords<'a> {
    id: &'a str,
    is_hidden: bool,
    input: Blob<'a>,
    expected: Option<Blob<'a>>,
    expected_exit: Option<i32>,
    args: Vec<&'a str>,
    files: usize,
    limits: Limits,
}

#[derive(Serialize, Deserialize)]
enum JudgingWords<'a> {
    Compare(Compare),
    Checker(#[serde(borrow)] JobWords<'a>, Style),
    Interactor(#[serde(borrow)] JobWords<'a>, Style),
}

#[derive(Serialize, Deserialize)]
struct HarnessWords<'a> {
    files: usize,
    main: &'a str,
    is_hidden: bool,
}

/// Contents and lists, each once.
#[derive(Default)]
struct Shared<'a> {
    contents: Vec<Blob<'a>>,
    lists: Vec<Vec<FileWords<'a>>>,
    content_at: HashMap<(*const u8, usize), usize>,
    list_at: HashMap<*const Vec<JobFile>, usize>,
}

impl<'a> Shared<'a> {
    fn list(&mut self, files: &'a Arc<Vec<JobFile>>) -> usize {
        if let Some(&at) = self.list_at.get(&Arc::as_ptr(files)) {
            return at;
        }
        let words = files.iter().map(|JobFile { path, content, about }| {
            let at = *self.content_at.entry((content.as_ptr(), content.len())).or_insert_with(|| {
                self.contents.push(Blob(content));
                self.contents.len() - 1
            });
            FileWords { path: path.as_str(), content: at, about: *about }
        });
        self.lists.push(words.collect());
        self.list_at.insert(Arc::as_ptr(files), self.lists.len() - 1);
        self.lists.len() - 1
    }
}

/// A job for the wire. `handed` is what its gateway wants of the files that its program leaves.
pub(crate) fn encode(job: &Job, handed: Option<Handed>) -> Vec<u8> {
    let mut shared = Shared::default();
    let words = JobWords { handed, ..words(job, &mut shared) };
    let tests = job.tests.as_ref().map(|Tests { cases, judging, stop_on_failure }| TestsWords {
        cases: cases.iter().map(|case| case_words(case, &mut shared)).collect(),
        judging: match judging {
            Judging::Compare(compare) => JudgingWords::Compare(compare.clone()),
            Judging::Checker(Helper { job, style }) => JudgingWords::Checker(self::words(job, &mut shared), *style),
            Judging::Interactor(Helper { job, style }) => JudgingWords::Interactor(self::words(job, &mut shared), *style),
        },
        stop_on_failure: *stop_on_failure,
    });
    let harness = job.harness.as_ref().map(|Harness { files, main, is_hidden }| HarnessWords {
        files: shared.list(files),
        main: main.as_str(),
        is_hidden: *is_hidden,
    });
    let rules = job.rules.as_ref().map(|rules| {
        let (drafts, otherwise) = rules.drafts();
        (drafts.to_vec(), otherwise.map(str::to_owned))
    });
    let Shared { contents, lists, content_at: _, list_at: _ } = shared;
    super::words::encode(&Whole { contents, lists, job: words, tests, harness, rules })
}

fn words<'a>(job: &'a Job, shared: &mut Shared<'a>) -> JobWords<'a> {
    // Where it lives, whose it is and what is told of it stays with the gateway.
    let Job { id, toolchain, files, main, args, env, stdin, interactive, limits, deterministic, wishes, .. } = job;
    let Job { workspace: _, collect: _, handed: _, places, owner: _, client, priority, tests: _, harness: _, rules: _, stream, .. } = job;
    let Job { meta: _, trace, .. } = job;
    JobWords {
        id,
        client: &client.key,
        toolchain: &toolchain.name,
        files: shared.list(files),
        main: main.as_str(),
        args: args.iter().map(String::as_str).collect(),
        env: env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        stdin: Blob(stdin),
        interactive: *interactive,
        limits: limits.clone(),
        deterministic: *deterministic,
        wishes: wishes.clone(),
        places: places.iter().map(|Place { path, what }| (path.as_str(), target(what))).collect(),
        handed: None,
        priority: *priority,
        stream: *stream,
        trace: *trace,
    }
}

fn target(what: &Placing) -> Option<&str> {
    match what {
        Placing::Folder => None,
        Placing::Link(target) => Some(target),
    }
}

fn case_words<'a>(case: &'a Case, shared: &mut Shared<'a>) -> CaseWords<'a> {
    // What it is called for people is never asked of a worker.
    let Case { id, is_hidden, description: _, input, expected, expected_exit, args, files, limits } = case;
    CaseWords {
        id,
        is_hidden: *is_hidden,
        input: Blob(input),
        expected: expected.as_ref().map(|expected| Blob(expected)),
        expected_exit: *expected_exit,
        args: args.iter().map(String::as_str).collect(),
        files: shared.list(files),
        limits: limits.clone(),
    }
}

/// Why a worker does not take a job.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("the job can't be read: {0}")]
    Malformed(#[from] postcard::Error),
    #[error("the job names a file, a list or a path that is none")]
    Dangling,
    #[error("the worker has no language `{0}`")]
    Language(String),
    #[error("the worker's `{language}` takes no `{field}`")]
    CompileArgs { language: String, field: &'static str },
    #[error("the worker allows no image `{0}`")]
    Image(String),
    #[error("the worker allows {limit} for `limits.{field}`, the job has {given}")]
    Limit { field: &'static str, limit: u64, given: u64 },
    #[error("the job has rules that are none: `{0}`")]
    Rules(String),
}

/// The job in a message.
pub(crate) fn decode(body: &Bytes, rules: &Rules) -> Result<Job, Unfit> {
    let Whole { contents, lists, job, tests, harness, rules: colours } = postcard::from_bytes(body)?;
    let reader = Reader::new(body, &contents, &lists, rules)?;
    let mut read = reader.job(job)?;
    read.tests = tests.map(|tests| reader.tests(tests)).transpose()?;
    read.harness = harness.map(|harness| reader.harness(&harness)).transpose()?;
    let compile = |(drafts, otherwise)| Colours::new(drafts, otherwise).map(Arc::new);
    read.rules = colours.map(compile).transpose().map_err(|mistake| Unfit::Rules(mistake.field))?;
    Ok(read)
}

struct Reader<'a> {
    /// Contents are parts of it.
    body: &'a Bytes,
    lists: Vec<Arc<Vec<JobFile>>>,
    rules: &'a Rules,
}

impl<'a> Reader<'a> {
    fn new(body: &'a Bytes, contents: &[Blob<'_>], lists: &[Vec<FileWords<'_>>], rules: &'a Rules) -> Result<Self, Unfit> {
        let file = |&FileWords { path, content, about }: &FileWords<'_>| {
            let Blob(content) = contents.get(content).ok_or(Unfit::Dangling)?;
            Ok(JobFile { path: self::path(path)?, content: body.slice_ref(content), about })
        };
        let list = |files: &Vec<FileWords<'_>>| files.iter().map(file).collect::<Result<Vec<_>, Unfit>>().map(Arc::new);
        Ok(Self { body, lists: lists.iter().map(list).collect::<Result<_, _>>()?, rules })
    }

    fn list(&self, at: usize) -> Result<Arc<Vec<JobFile>>, Unfit> {
        self.lists.get(at).cloned().ok_or(Unfit::Dangling)
    }

    fn job(&self, words: JobWords<'_>) -> Result<Job, Unfit> {
        let JobWords { id, client, toolchain, files, main, args, env, stdin, interactive, limits, deterministic, wishes, .. } = words;
        let JobWords { places, handed, priority, stream, trace, .. } = words;
        let toolchain = self.rules.toolchains.find(toolchain).ok_or_else(|| Unfit::Language(toolchain.to_owned()))?;
        check(&limits, &self.rules.most)?;
        if let Some(image) = &wishes.image
            && !self.rules.images.contains(image)
        {
            return Err(Unfit::Image(image.clone()));
        }
        // The gateway has its own list of languages: what only a container can do goes to none that runs in a cell.
        if matches!(toolchain.kind, Kind::Wasm { .. }) && (wishes.command.is_some() || wishes.image.is_some() || wishes.terminal) {
            return Err(Unfit::Language(toolchain.name.clone()));
        }
        let wished = [("compile_args", &wishes.compile_args), ("link_args", &wishes.link_args)];
        if let Some((field, _)) = wished.into_iter().find(|(field, args)| !args.is_empty() && !toolchain.takes(field)) {
            return Err(Unfit::CompileArgs { language: toolchain.name.clone(), field });
        }
        let place = |(path, target): (&str, Option<&str>)| {
            let what = target.map_or(Placing::Folder, |target| Placing::Link(target.to_owned()));
            Ok(Place { path: self::path(path)?, what })
        };
        Ok(Job {
            id: id.to_owned(),
            toolchain: toolchain.clone(),
            files: self.list(files)?,
            main: path(main)?,
            args: args.into_iter().map(str::to_owned).collect(),
            env: env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            stdin: self.body.slice_ref(stdin.0),
            interactive,
            limits,
            deterministic,
            wishes,
            workspace: None,
            collect: None,
            handed,
            places: Arc::new(places.into_iter().map(place).collect::<Result<_, Unfit>>()?),
            owner: Owner::Nobody,
            client: Client { key: client.into(), live: None, queue: None },
            priority,
            tests: None,
            harness: None,
            rules: None,
            stream,
            meta: None,
            trace,
        })
    }

    fn tests(&self, words: TestsWords<'_>) -> Result<Tests, Unfit> {
        let TestsWords { cases, judging, stop_on_failure } = words;
        let helper = |job, style| Ok::<_, Unfit>(Helper { job: Arc::new(self.job(job)?), style });
        Ok(Tests {
            cases: cases.into_iter().map(|case| self.case(case).map(Arc::new)).collect::<Result<_, _>>()?,
            judging: match judging {
                JudgingWords::Compare(compare) => Judging::Compare(compare),
                JudgingWords::Checker(job, style) => Judging::Checker(helper(job, style)?),
                JudgingWords::Interactor(job, style) => Judging::Interactor(helper(job, style)?),
            },
            stop_on_failure,
        })
    }

    fn case(&self, words: CaseWords<'_>) -> Result<Case, Unfit> {
        let CaseWords { id, is_hidden, input, expected, expected_exit, args, files, limits } = words;
        check(&limits, &self.rules.most)?;
        Ok(Case {
            id: id.to_owned(),
            is_hidden,
            description: None,
            input: self.body.slice_ref(input.0),
            expected: expected.map(|expected| self.body.slice_ref(expected.0)),
            expected_exit,
            args: args.into_iter().map(str::to_owned).collect(),
            files: self.list(files)?,
            limits,
        })
    }

    fn harness(&self, words: &HarnessWords<'_>) -> Result<Harness, Unfit> {
        let HarnessWords { files, main, is_hidden } = *words;
        Ok(Harness { files: self.list(files)?, main: path(main)?, is_hidden })
    }
}

fn path(text: &str) -> Result<JobPath, Unfit> {
    JobPath::parse(text).map_err(|_| Unfit::Dangling)
}

/// What the worker's own operator allows.
fn check(limits: &Limits, most: &Figures) -> Result<(), Unfit> {
    let Limits { time, wall, compile, memory_bytes, output_bytes, file_bytes, processes, fuel } = limits;
    let milliseconds = |time: &std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let all = [
        ("time_ms", milliseconds(time), most.time_ms),
        ("wall_ms", milliseconds(wall), most.wall_ms),
        ("compile_ms", milliseconds(compile), most.compile_ms),
        ("memory_mb", memory_bytes.div_ceil(1 << 20), most.memory_mb),
        ("output_kb", output_bytes.div_ceil(1 << 10), most.output_kb),
        ("files_mb", file_bytes.div_ceil(1 << 20), most.files_mb),
        ("processes", u64::from(*processes), most.processes),
        ("fuel", fuel.unwrap_or_default(), most.time_ms.saturating_mul(FUEL_PER_MS)),
    ];
    match all.into_iter().find(|(_, given, limit)| given > limit) {
        Some((field, given, limit)) => Err(Unfit::Limit { field, limit, given }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};
    use crate::protocol::parse::{Request, request};
    use crate::toolchain::Toolchains;

    fn rules() -> Rules {
        let config = Config::load(&Sources::default()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let (toolchains, _) = Toolchains::load(&config.toolchains, &config.limits.usual);
        Rules::new(&config, toolchains)
    }

    fn read(frame: &str) -> Job {
        match request(frame, &rules()) {
            Ok(Request::Run(job)) => *job,
            other => panic!("{other:?}"),
        }
    }

    fn sent(job: &Job) -> Result<Job, Unfit> {
        decode(&encode(job, Some(Handed::All)).into(), &rules())
    }

    const JUDGED: &str = r#"{"type": "run", "id": "r", "language": "python", "files": {"main.py": "print(1)", "lib/a.py": {"base64": "AP8="}},
        "args": ["a"], "env": {"N": "v"}, "limits": {"time_ms": 300},
        "tests": {"visible": [{"id": "t1", "input": "5", "expected_output": "120", "files": {"x": "y"}, "limits": {"memory_mb": 99}}],
                  "hidden": [{"id": "h1", "input": "0", "expected_exit_code": 3}]},
        "compare": {"checker": {"language": "js", "code": "process.exit(42)"}}, "rules": {"on": [{"colour": "red", "regex": "a+"}], "else": "blue"},
        "stream": "lines", "width": 9, "priority": "batch", "meta": {"a": 1}}"#;

    #[test]
    fn a_job_arrives_as_it_was_sent() {
        let job = read(JUDGED);
        let came = sent(&job).unwrap();
        // What travels is taken apart field by field, so what arrived says the same when it is sent on.
        assert!(encode(&came, Some(Handed::All)) == encode(&job, Some(Handed::All)));
        assert_eq!((came.handed, came.owner, came.meta), (Some(Handed::All), Owner::Nobody, None));
        assert_eq!((came.stream, came.priority, came.limits.time.as_millis()), (Stream::Lines { width: 9 }, Priority::Batch, 300));
        let (rules, tests) = (came.rules.unwrap(), came.tests.unwrap());
        assert_eq!((rules.drafts().0.len(), rules.drafts().1), (1, Some("blue")));
        assert_eq!(tests.cases[0].expected.as_deref(), Some(&b"120"[..]));
        assert_eq!((tests.cases[0].files.len(), tests.cases[0].limits.memory_bytes), (3, 99 << 20));
        assert_eq!((tests.cases[1].is_hidden, tests.cases[1].expected_exit), (true, Some(3)));
        assert!(matches!(tests.judging, Judging::Checker(helper) if helper.job.toolchain.name == "javascript"));
    }

    #[test]
    fn what_tests_share_travels_once() {
        let big = "x".repeat(10_000);
        let tests: Vec<String> = (0..20).map(|n| format!(r#"{{"id": "{n}", "files": {{"own": "{n}"}}}}"#)).collect();
        let code = format!(
            r#"{{"type": "run", "id": "r", "language": "python", "code": "{big}", "tests": {{"visible": [{}]}}}}"#,
            tests.join(",")
        );
        let encoded = encode(&read(&code), None);
        assert!(encoded.len() < 2 * big.len(), "{}", encoded.len());
    }

    #[test]
    fn a_worker_has_limits_of_its_own() {
        let mut job = read(JUDGED);
        job.limits.memory_bytes = 1 << 50;
        assert!(matches!(sent(&job), Err(Unfit::Limit { field: "memory_mb", .. })));
        let body = encode(&read(JUDGED), None);
        for length in 0..body.len() {
            assert!(decode(&Bytes::copy_from_slice(&body[..length]), &rules()).is_err(), "{length}");
        }
    }
}
