//! What the pages of the co-operative's people need besides the store.

use std::path::PathBuf;

use tokio::sync::{Mutex, MutexGuard};

use crate::jobs::{Nudge, Order};
use crate::portal::{Portal, Problem, StaffSession};
use crate::store::Scope;

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
    /// Orders work in the name of who asks. The same form again orders nothing more.
    pub(super) async fn order(&self, session: &StaffSession, id: &str, order: &Order) -> Result<Ordered, Problem> {
        let record = order.record(form(id)?.to_owned(), session.account.name.clone(), session.now.as_microsecond());
        let is_new = self.store.order_job(&record).await?;
        self.desk().nudge.wake();
        Ok(Ordered { path: order_path(id), is_new })
    }

    /// The page of what a form ordered already: it was sent twice.
    pub(super) async fn ordered(&self, id: &str) -> Result<Option<String>, Problem> {
        let order = self.store.job_order(&Scope::Staff, form(id)?).await?;
        Ok(order.map(|_| order_path(id)))
    }
}

/// Work that was ordered.
pub(super) struct Ordered {
    /// Path of its page.
    pub(super) path: String,
    /// Whether this form ordered it only now.
    pub(super) is_new: bool,
}

fn order_path(id: &str) -> String {
    format!("/equipe/travaux/{id}?suivre=oui")
}

/// The name of a form: what one brings back is only ever a name of ours.
pub(super) fn form(id: &str) -> Result<&str, Problem> {
    let is_ours = !id.is_empty() && id.len() <= FORM_LENGTH_MAX && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_ours { Ok(id) } else { Err(Problem::Unreadable) }
}

/// Longest name of a form.
const FORM_LENGTH_MAX: usize = 64;
