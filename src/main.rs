use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = runnel::cli::Arguments::parse();
    match runnel::cli::run(arguments) {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            ExitCode::from(runnel::cli::FAILED)
        }
    }
}
