//! YunoHost 12.1 as its command line answers: grammar, state, words and quirks.

pub mod apps;
pub mod context;
mod dispatch;
mod duration;
pub mod grammar;
pub mod lock;
pub mod operations;
pub mod printer;
pub mod reply;
mod run;
pub mod words;

use serde::{Deserialize, Serialize};

pub use duration::estimate_duration_us;
pub use run::run;

/// What YunoHost keeps on a machine. Whether the post-installation was done is told by `/etc/yunohost/installed`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Yunohost {
    /// Apps, catalogue, backups and tools.
    pub apps: apps::Apps,
    /// The journal of operations, oldest first.
    pub operations: Vec<operations::Operation>,
    /// The command in the background that holds the lock.
    pub lock_holder: Option<lock::Holder>,
}

impl Yunohost {
    /// What is there once the packages are installed, before the post-installation.
    pub fn installed() -> Yunohost {
        Yunohost::default()
    }
}
