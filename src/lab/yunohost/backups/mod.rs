//! `backup *`: archives as files, what goes into them and how they come back.
//!
//! An archive is the file itself: copied to another machine it can be restored there, overwritten it is broken.

pub mod archive;
mod create;
mod listing;
mod restore;

pub use archive::Archive;
pub(crate) use create::safety_backup;
pub(crate) use restore::restore_safety;

use super::job::{Failure, Job, Outcome};
use super::reply::Args;

/// Where archives are kept.
pub const FOLDER: &str = "/home/yunohost.backup/archives";

/// Runs a `backup` command.
pub fn dispatch(job: &mut Job<'_>, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "backup create" => create::create(job, args),
        "backup restore" => restore::restore(job, args),
        "backup list" => listing::list(job, args),
        "backup info" => listing::info(job, args),
        "backup delete" => listing::delete(job, args),
        "backup download" => {
            job.error("This option is only meant for the API/webadmin and doesn't make sense for the command line.");
            Ok(None)
        }
        _ => return None,
    })
}

fn unknown(name: &str) -> Failure {
    Failure::error(format!("Unknown local backup archive named '{name}'"))
}
