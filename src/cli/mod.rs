//! The command line: arguments, one file per command, output and failures.

mod acceptance;
pub mod arguments;
mod commands;
mod confirm;
pub mod exit;
pub mod failure;
pub mod files;
mod output;
mod progress;
pub mod reference;
mod selection;
mod session;
mod signals;
mod summary;
mod table;
mod welcome;
mod when;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use arguments::Cli;
use exit::Exit;
use session::Session;

use crate::print::Templates;

/// What `ACCOLADES_LOG` selects goes to standard error: `accolades=debug`, for example.
const LOG_VARIABLE: &str = "ACCOLADES_LOG";

/// Where a mistake of the program is told.
const REPORT: &str = "it is a mistake of the program, not yours: please report it with the command that you typed, this place \
                      and `accolades --version`; what was under way is resumed by the same command";

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report_bug));
    match std::panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(exit) => exit.into(),
        Err(_) => Exit::Bug.into(),
    }
}

/// A panic's message may quote what was being worked on, secrets included: only its place is told.
fn report_bug(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    eprintln!("error: the program contradicted itself at {place}\n\nhint: {REPORT}");
    let backtrace = std::backtrace::Backtrace::capture();
    if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
        eprintln!("\n{backtrace}");
    }
}

fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => {
            // Help and version are answers and go to standard output; nobody is left to be told that it is closed.
            let _ = refusal.print();
            return if refusal.use_stderr() { Exit::Usage } else { Exit::Ok };
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new("off")))
        .with_writer(std::io::stderr)
        .init();
    // One provider of cryptography for the whole process; it is installed here and nowhere else.
    let installed = rustls::crypto::ring::default_provider().install_default();
    debug_assert!(installed.is_ok(), "nothing ran before");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the operating system gives threads and sockets");
    let session = Session::new(cli.globals);
    // Chosen once: what a process prints, it prints with one set of templates.
    let chosen = session.globals.templates.as_deref().map_or(Ok(()), Templates::choose);
    let done = match chosen {
        Ok(()) => runtime.block_on(commands::run(&session, cli.command)),
        Err(refusal) => Err(refusal.into()),
    };
    match done {
        Ok(exit) => exit,
        Err(failure) => {
            failure.tell(&session.output);
            failure.exit()
        }
    }
}
