use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = runnel::cli::Arguments::parse();
    let log = tracing_subscriber::EnvFilter::try_from_env("RUNNEL_LOG").unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(log).with_writer(std::io::stderr).with_target(false).init();
    match runnel::cli::run(arguments) {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            ExitCode::from(runnel::cli::FAILED)
        }
    }
}
