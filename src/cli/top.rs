//! `runnel top`: how much a server has to do, told again each second. Asks `GET /v1/glance` and `GET /metrics` and computes rates from one
//! reading to the next; a server that goes away is waited for.

mod exposition;
mod screen;

use super::address;
use super::{FAILED, USAGE};
use anyhow::Context;
use clap::Args;
use exposition::Sample;
use serde_json::Value;
use std::io::{IsTerminal, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(1);
/// For each step of a question: to connect, to hear something.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer that is read.
const LARGEST: u64 = 16 << 20;
/// Erases the screen and begins at its top. Nothing else is changed of a terminal, so there is nothing to put right at the end.
const ANEW: &str = "\x1b[H\x1b[2J";

#[derive(Debug, Args)]
#[command(
    after_help = "Ctrl-C ends it. Without a terminal each reading follows the one before.\nexit codes: 0 done, 2 a mistake in the arguments, 70 the server does not answer\n\nexamples:\n  runnel top\n  runnel top ws://10.0.0.7:8080\n  runnel top --once --json | jq .languages"
)]
pub(super) struct TopArguments {
    /// The server's address
    #[arg(default_value = "ws://127.0.0.1:8080", value_name = "ws://HOST:PORT")]
    server: Address,
    /// Where its metrics are, if `metrics.listen` puts them elsewhere
    #[arg(long, value_name = "http://HOST:PORT")]
    metrics: Option<Address>,
    /// Tell once and end; there are no rates then
    #[arg(long)]
    once: bool,
    /// One JSON object for each reading
    #[arg(long)]
    json: bool,
    /// Sent as `Authorization: Bearer …`
    #[arg(long, env = "RUNNEL_TOKEN", hide_env_values = true, value_name = "TOKEN", value_parser = token)]
    token: Option<Token>,
}

#[derive(Clone)]
struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

fn token(text: &str) -> Result<Token, String> {
    let is_sound = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_sound.then(|| Token(text.to_owned())).ok_or_else(|| "it holds what no header can".to_owned())
}

/// Host and port.
#[derive(Clone, Debug)]
struct Address(String);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (authority, _) = address::parse(text, &["ws", "http"])?;
        Ok(Self(authority))
    }
}

/// What a server told at one time.
struct Reading {
    at: Instant,
    glance: Value,
    samples: Vec<Sample>,
}

pub(super) fn top(arguments: &TopArguments) -> anyhow::Result<ExitCode> {
    let mut before = None;
    let is_terminal = std::io::stdout().is_terminal();
    loop {
        let reading = match read(arguments) {
            Ok(reading) => reading,
            Err(fault) if arguments.once || before.is_none() => {
                eprintln!("error: {fault:#}");
                return Ok(ExitCode::from(if fault.is::<Missing>() { USAGE } else { FAILED }));
            }
            Err(fault) => {
                eprintln!("{fault:#}; it is asked again");
                std::thread::sleep(EVERY);
                continue;
            }
        };
        let text = if arguments.json {
            format!("{}\n", screen::json(&reading, before.as_ref()))
        } else {
            screen::text(&arguments.server.0, &reading, before.as_ref())
        };
        let begin = if is_terminal && !arguments.once && !arguments.json { ANEW } else { "" };
        let mut out = std::io::stdout().lock();
        // Nobody reads any more.
        if write!(out, "{begin}{text}").and_then(|()| out.flush()).is_err() || arguments.once {
            return Ok(ExitCode::SUCCESS);
        }
        drop(out);
        before = Some(reading);
        std::thread::sleep(EVERY);
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0} has no /metrics\nhint: where `metrics.listen` is set, give that address as `--metrics http://HOST:PORT`")]
struct Missing(String);

fn read(arguments: &TopArguments) -> anyhow::Result<Reading> {
    let token = arguments.token.as_ref();
    let glance =
        ask(&arguments.server, "/v1/glance?sys=1", token)?.with_context(|| format!("{} is no server of ours", arguments.server.0))?;
    let glance = serde_json::from_str(&glance).with_context(|| format!("{} is no server of ours", arguments.server.0))?;
    let metrics = arguments.metrics.as_ref().unwrap_or(&arguments.server);
    let metrics = ask(metrics, "/metrics", token)?.ok_or_else(|| Missing(metrics.0.clone()))?;
    Ok(Reading { at: Instant::now(), glance, samples: exposition::parse(&metrics) })
}

/// One question; None where there is no such thing.
fn ask(Address(address): &Address, path: &str, token: Option<&Token>) -> anyhow::Result<Option<String>> {
    let told = || format!("can't ask {address}");
    let mut places = address.to_socket_addrs().with_context(told)?;
    let place = places.next().with_context(told)?;
    let mut stream = TcpStream::connect_timeout(&place, PATIENCE).with_context(told)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let authorization = token.map_or_else(String::new, |Token(token)| format!("Authorization: Bearer {token}\r\n"));
    // The older version: its answers are never cut into chunks.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n{authorization}\r\n");
    stream.write_all(request.as_bytes()).with_context(told)?;
    let mut answer = String::new();
    stream.take(LARGEST).read_to_string(&mut answer).with_context(told)?;
    let (head, body) = answer.split_once("\r\n\r\n").with_context(told)?;
    match head.split(' ').nth(1) {
        Some("200") => Ok(Some(body.to_owned())),
        Some("404") => Ok(None),
        Some(_) | None => anyhow::bail!("{address} answers {path} with `{}`", head.lines().next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, address) in
            [("ws://127.0.0.1:8080", "127.0.0.1:8080"), ("http://a.example/", "a.example:80"), ("ws://[::1]:9/v1/connect", "[::1]:9")]
        {
            assert_eq!(text.parse::<Address>().unwrap().0, address);
        }
        for text in ["127.0.0.1:8080", "wss://x", "ftp://x", "ws://", ""] {
            text.parse::<Address>().unwrap_err();
        }
        assert!(token("a b").is_err() && token("a\r\nb").is_err() && token("abc").is_ok());
    }
}
