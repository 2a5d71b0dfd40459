//! Rules -> the colour of a run, its `outcome`. A pattern is searched in everything that the program writes, piece by piece as
//! it comes and in bounded memory, so that what counts does not depend on how much of the output is kept. Pure; fed by the
//! runner.

use super::{Status, Verdict};
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::start;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind, Literal, Look};
use runnel_link::Pipe;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub const MOST_RULES: usize = 64;
pub const MOST_PATTERN: usize = 1 << 10;
pub const MOST_COLOUR: usize = 32;
/// All patterns of a job as automata.
const COMPILED: usize = 1 << 20;
/// What the patterns of one execution may learn about its output, all together; each has an equal part.
const LEARNED: usize = 4 << 20;
const NESTING: u32 = 50;

/// A rule as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    pub colour: String,
    pub status: Option<Status>,
    pub exit_codes: Option<Vec<i32>>,
    /// What is searched, and where.
    pub pattern: Option<(Vec<Pipe>, String)>,
}

/// A mistake in one of the rules, or in what holds where none does.
#[derive(Clone, Debug, PartialEq)]
pub struct Mistake {
    /// Such as `on[3].regex`.
    pub field: String,
    pub what: String,
}

/// The first rule that holds gives the colour.
#[derive(Debug)]
pub struct Rules {
    on: Vec<Rule>,
    /// As they were asked for: they are compiled again where they travel to.
    drafts: Vec<Draft>,
    otherwise: Option<String>,
    compiled_bytes: usize,
}

/// Holds where all that it names holds.
#[derive(Debug)]
struct Rule {
    colour: String,
    status: Option<Status>,
    exit_codes: Option<Vec<i32>>,
    pattern: Option<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    pipes: Vec<Pipe>,
    automaton: DFA,
}

/// The colour, or why there is none although rules were given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub colour: Option<String>,
    pub message: Option<String>,
}

impl Rules {
    pub fn new(drafts: Vec<Draft>, otherwise: Option<String>) -> Result<Self, Mistake> {
        if drafts.len() > MOST_RULES {
            return Err(Mistake { field: "on".to_owned(), what: format!("{} rules, the most allowed is {MOST_RULES}", drafts.len()) });
        }
        let searches: usize = drafts.iter().filter_map(|draft| draft.pattern.as_ref()).map(|(pipes, _)| pipes.len()).sum();
        let learned = LEARNED / searches.max(1);
        let (mut on, mut compiled_bytes) = (Vec::with_capacity(drafts.len()), 0);
        let kept = drafts.clone();
        for (index, Draft { colour, status, exit_codes, pattern }) in drafts.into_iter().enumerate() {
            let mistake = |field: &str, what: String| Mistake { field: format!("on[{index}]{field}"), what };
            check_colour(&colour).map_err(|what| mistake(".colour", what))?;
            if status.is_none() && exit_codes.is_none() && pattern.is_none() {
                let what = "a rule needs `regex`, `exit_code` or `status`\nhint: `else` is for all other runs".to_owned();
                return Err(mistake("", what));
            }
            if exit_codes.as_ref().is_some_and(|codes| codes.is_empty() || codes.len() > 256) {
                return Err(mistake(".exit_code", "a list of exit codes has 1 to 256".to_owned()));
            }
            let compile = |(pipes, text): (Vec<Pipe>, String)| {
                let nfa = compile(&text, COMPILED.saturating_sub(compiled_bytes))?;
                compiled_bytes += nfa.memory_usage();
                Ok(Pattern { pipes, automaton: automaton(nfa, learned)? })
            };
            let pattern = pattern.map(compile).transpose().map_err(|what| mistake(".regex", what))?;
            on.push(Rule { colour, status, exit_codes, pattern });
        }
        if let Some(colour) = &otherwise {
            check_colour(colour).map_err(|what| Mistake { field: "else".to_owned(), what })?;
        }
        Ok(Self { on, drafts: kept, otherwise, compiled_bytes })
    }

    pub fn drafts(&self) -> (&[Draft], Option<&str>) {
        (&self.drafts, self.otherwise.as_deref())
    }

    /// What these rules hold in memory.
    pub fn size(&self) -> u64 {
        self.compiled_bytes as u64
    }

    pub fn outcome(&self, verdict: &Verdict, matches: &Matches) -> Outcome {
        // Our own fault says nothing of the program.
        if verdict.status == Status::Internal {
            return Outcome::default();
        }
        for (index, rule) in self.on.iter().enumerate() {
            let is_of_status = rule.status.is_none_or(|status| status == verdict.status);
            let has_code = |codes: &Vec<i32>| verdict.exit_code.is_some_and(|code| codes.contains(&code));
            if !is_of_status || !rule.exit_codes.as_ref().is_none_or(has_code) {
                continue;
            }
            if rule.pattern.is_none() || matches.found & bit(index) != 0 {
                return Outcome { colour: Some(rule.colour.clone()), message: None };
            }
            if matches.given_up & bit(index) != 0 {
                let message = format!("the pattern of `rules.on[{index}]` needs more memory on this output than it may use");
                return Outcome { colour: None, message: Some(message) };
            }
        }
        Outcome { colour: self.otherwise.clone(), message: None }
    }
}

fn check_colour(colour: &str) -> Result<(), String> {
    let count = colour.chars().count();
    if (1..=MOST_COLOUR).contains(&count) && !colour.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Ok(());
    }
    Err(format!("a colour is one word of 1 to {MOST_COLOUR} characters"))
}

fn compile(text: &str, room: usize) -> Result<NFA, String> {
    if text.len() > MOST_PATTERN {
        return Err(format!("the pattern has {} bytes, the most allowed is {MOST_PATTERN}", text.len()));
    }
    // `^` and `$` mean lines, as in every tool that searches text. The output need not be UTF-8, so a pattern may name bytes.
    let parsed = ParserBuilder::new().utf8(false).multi_line(true).nest_limit(NESTING).build().parse(text);
    let parsed = parsed.map_err(|fault| {
        // The rest of the text is a drawing.
        let fault = fault.to_string();
        fault.rsplit_once("error: ").map_or(fault.as_str(), |(_, what)| what).trim().to_owned()
    })?;
    let config = thompson::Config::new().utf8(false).nfa_size_limit(Some(room)).which_captures(WhichCaptures::None);
    let compiled = thompson::Compiler::new().configure(config).build_from_hir(&with_ascii_words(parsed));
    compiled.map_err(|fault| match fault.size_limit() {
        Some(_) => {
            let most = COMPILED >> 10;
            format!("the patterns are too large together, the most allowed is {most} KiB compiled\nhint: smaller numbers in `{{n,m}}`")
        }
        None => fault.to_string(),
    })
}

/// Gives up where it would have to forget what it learned: then the work for each byte would have no bound.
fn automaton(nfa: NFA, learned: usize) -> Result<DFA, String> {
    let config = DFA::config().cache_capacity(learned).skip_cache_capacity_check(true).minimum_cache_clear_count(Some(0));
    DFA::builder().configure(config).build_from_nfa(nfa).map_err(|fault| fault.to_string())
}

/// An automaton that looks at one byte at a time can't tell whether a word begins before `é`: for `\b`, words are ASCII.
fn with_ascii_words(pattern: Hir) -> Hir {
    let all = |parts: Vec<Hir>| parts.into_iter().map(with_ascii_words).collect();
    match pattern.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(Literal(bytes)) => Hir::literal(bytes),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => Hir::look(match look {
            Look::WordUnicode => Look::WordAscii,
            Look::WordUnicodeNegate => Look::WordAsciiNegate,
            Look::WordStartUnicode => Look::WordStartAscii,
            Look::WordEndUnicode => Look::WordEndAscii,
            Look::WordStartHalfUnicode => Look::WordStartHalfAscii,
            Look::WordEndHalfUnicode => Look::WordEndHalfAscii,
            Look::Start
            | Look::End
            | Look::StartLF
            | Look::EndLF
            | Look::StartCRLF
            | Look::EndCRLF
            | Look::WordAscii
            | Look::WordAsciiNegate
            | Look::WordStartAscii
            | Look::WordEndAscii
            | Look::WordStartHalfAscii
            | Look::WordEndHalfAscii => look,
        }),
        HirKind::Repetition(mut repetition) => {
            repetition.sub = Box::new(with_ascii_words(*repetition.sub));
            Hir::repetition(repetition)
        }
        // Whether it is there is asked, not what each group holds.
        HirKind::Capture(group) => with_ascii_words(*group.sub),
        HirKind::Concat(parts) => Hir::concat(all(parts)),
        HirKind::Alternation(parts) => Hir::alternation(all(parts)),
    }
}

/// What was found in an output: a bit for each rule. Nothing, by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    found: u64,
    given_up: u64,
}

fn bit(rule: usize) -> u64 {
    1 << rule
}

/// The search of all patterns in the output of one execution.
pub struct Scan {
    rules: Arc<Rules>,
    /// Those that may still find something.
    searches: Vec<Search>,
    matches: Matches,
}

struct Search {
    rule: usize,
    pipe: Pipe,
    /// What the automaton has learned about this output.
    cache: Cache,
    state: LazyStateID,
}

enum Step {
    On(LazyStateID),
    Found,
    /// There will be no match.
    Never,
    GivenUp,
}

impl Scan {
    /// None where there is nothing to search.
    pub fn new(rules: Option<&Arc<Rules>>) -> Option<Self> {
        let rules = rules?.clone();
        let (mut searches, mut matches) = (Vec::new(), Matches::default());
        for (rule, pattern) in rules.on.iter().enumerate().filter_map(|(rule, it)| Some((rule, it.pattern.as_ref()?))) {
            for &pipe in &pattern.pipes {
                let mut cache = pattern.automaton.create_cache();
                match pattern.automaton.start_state(&mut cache, &start::Config::new()) {
                    Ok(state) => searches.push(Search { rule, pipe, cache, state }),
                    Err(_) => matches.given_up |= bit(rule),
                }
            }
        }
        Some(Self { rules, searches, matches })
    }

    /// What the program wrote next.
    pub fn feed(&mut self, pipe: Pipe, bytes: &[u8]) {
        self.advance(|search, automaton| {
            if search.pipe != pipe {
                return Step::On(search.state);
            }
            let mut state = search.state;
            for &byte in bytes {
                match step(automaton.next_state(&mut search.cache, state, byte).ok()) {
                    Step::On(next) => state = next,
                    settled @ (Step::Found | Step::Never | Step::GivenUp) => return settled,
                }
            }
            Step::On(state)
        });
    }

    /// Both streams are over.
    pub fn finish(mut self) -> Matches {
        self.advance(|search, automaton| step(automaton.next_eoi_state(&mut search.cache, search.state).ok()));
        self.matches
    }

    fn advance(&mut self, mut by: impl FnMut(&mut Search, &DFA) -> Step) {
        let Self { rules, searches, matches } = self;
        searches.retain_mut(|search| {
            let Some(pattern) = rules.on[search.rule].pattern.as_ref().filter(|_| matches.found & bit(search.rule) == 0) else {
                return false;
            };
            match by(search, &pattern.automaton) {
                Step::On(state) => {
                    search.state = state;
                    return true;
                }
                Step::Found => matches.found |= bit(search.rule),
                Step::Never => {}
                Step::GivenUp => matches.given_up |= bit(search.rule),
            }
            false
        });
    }
}

fn step(next: Option<LazyStateID>) -> Step {
    match next {
        None => Step::GivenUp,
        Some(state) if !state.is_tagged() => Step::On(state),
        Some(state) if state.is_match() => Step::Found,
        Some(state) if state.is_dead() => Step::Never,
        Some(state) => Step::On(state),
    }
}

#[cfg(test)]
mod tests;
