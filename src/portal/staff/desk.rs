//! What the pages of the co-operative's people need besides the store.

use std::path::PathBuf;

use tokio::sync::{Mutex, MutexGuard};

use crate::jobs::{Nudge, Order};
use crate::portal::{Portal, Problem, StaffSession};

/// The inventory's files on this server, and the way to the scheduler.
#[derive(Debug, Default)]
pub struct Desk {
    inventory: PathBuf,
    nudge: Nudge,
    changing: Mutex<()>,
}

impl Desk {
    /// A desk with the inventory's folder. `nudge` wakes the scheduler of this process, when it has one.
    pub fn new(inventory: PathBuf, nudge: Nudge) -> Desk {
        Desk { inventory, nudge, changing: Mutex::default() }
    }

    /// The inventory's folder.
    pub(super) fn inventory(&self) -> &std::path::Path {
        &self.inventory
    }

    /// One change of the files at a time in this process.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().await
    }
}

impl Portal {
    /// Orders work in the name of who asks; gives the path of its page. The same form again orders nothing more.
    pub(super) async fn order(&self, session: &StaffSession, id: &str, order: &Order) -> Result<String, Problem> {
        // What a form brings back is only ever a name of ours.
        if id.is_empty() || id.len() > FORM_LENGTH_MAX || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Problem::Unreadable);
        }
        let record = order.record(id.to_owned(), session.account.name.clone(), session.now.as_microsecond());
        self.store.order_job(&record).await?;
        self.desk().nudge.wake();
        Ok(format!("/equipe/travaux/{id}?suivre=oui"))
    }
}

/// Longest name of a form.
const FORM_LENGTH_MAX: usize = 64;
