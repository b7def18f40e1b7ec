//! `accolades man`: manual pages.

use std::path::PathBuf;

use clap::Args;

use crate::cli::arguments;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;

/// Where the pages go.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Write a page per command into this folder, instead of the first page to standard output.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Writes the pages.
///
/// # Errors
/// When they cannot be written.
pub fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let command = arguments::command();
    match &arguments.out {
        Some(folder) => {
            let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
            written.map_err(|error| Failure::file(folder, &error))?;
            session.output.say(&format!("wrote the pages into `{}`", folder.display()));
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page).expect("writing into memory cannot fail");
            session.output.data(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(Exit::Ok)
}
