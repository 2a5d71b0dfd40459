//! How the log is written: to stderr, as lines for people or as JSON for machines. Started once, by `cli`, before anything is
//! done. What is in it: faults, and with `RUNNEL_LOG=info` a line for the end of each run. Never a program, its input or
//! its output, nor a token; whatever a client chose itself is written escaped.

use serde::Deserialize;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Text,
    Json,
}

pub(crate) fn start(format: Format) {
    let mut level = EnvFilter::try_from_env("RUNNEL_LOG").unwrap_or_else(|_| "warn".into());
    // It logs messages with all that is in them; what goes wrong there is told by us.
    if let Ok(silence) = "lapin=off".parse() {
        level = level.add_directive(silence);
    }
    let lines = tracing_subscriber::fmt().with_env_filter(level).with_writer(std::io::stderr).with_target(false);
    match format {
        Format::Text => lines.with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()).init(),
        // What a line is about stands beside its message, the run that it belongs to in `span`.
        Format::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).init(),
    }
}
