use clap::Parser;
use std::io::IsTerminal;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = runnel::cli::Arguments::parse();
    let log = tracing_subscriber::EnvFilter::try_from_env("RUNNEL_LOG").unwrap_or_else(|_| "warn".into());
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_ansi(colours).with_env_filter(log).with_writer(std::io::stderr).with_target(false).init();
    match runnel::cli::run(arguments) {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            ExitCode::from(runnel::cli::FAILED)
        }
    }
}
