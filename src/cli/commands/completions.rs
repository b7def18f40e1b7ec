//! `accolades completions`: for the shell.

use clap::Args;
use clap_complete::Shell;

use crate::cli::arguments;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;

/// For which shell.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The shell.
    shell: Shell,
}

/// Prints the completions.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let mut command = arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "accolades", &mut script);
    session.output.data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
