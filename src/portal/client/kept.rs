//! First screens as they were made, shown again until something of the client is new or a minute is over: a page that is
//! looked at often is read and drawn once, and is never older than what is on record.

use std::collections::HashMap;
use std::sync::Mutex;

use jiff::Timestamp;

use crate::store::Newest;
use crate::util::limits;

use super::super::session::ClientSession;
use super::super::words::Words;

/// The pages that are kept, of whom and in which language.
#[derive(Default)]
pub(in crate::portal) struct FirstScreens(Mutex<HashMap<(String, String, Words), Page>>);

struct Page {
    made_at: Timestamp,
    made_from: MadeFrom,
    html: String,
}

/// What a page was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MadeFrom {
    /// Number of the inventory in force.
    pub(super) inventory_number: i64,
    /// How far the client's records reached.
    pub(super) newest: Newest,
}

impl FirstScreens {
    /// The page that was made for this visitor, unless it would be another one now.
    pub(super) fn find(&self, session: &ClientSession, from: &MadeFrom) -> Option<String> {
        let pages = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let page = pages.get(&key(session))?;
        // A clock that was set back makes no page fresh.
        let age = std::time::Duration::try_from(session.contact.now.duration_since(page.made_at)).ok()?;
        let is_fresh = age < limits::PORTAL_PAGE_AGE_MAX;
        (is_fresh && page.made_from == *from).then(|| page.html.clone())
    }

    /// Keeps a page.
    pub(super) fn keep(&self, session: &ClientSession, made_from: MadeFrom, html: String) {
        let mut pages = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if pages.len() >= limits::PORTAL_PAGES_KEPT_MAX {
            pages.clear();
        }
        pages.insert(key(session), Page { made_at: session.contact.now, made_from, html });
    }
}

fn key(session: &ClientSession) -> (String, String, Words) {
    (session.contact.email.clone(), session.client().id.to_string(), session.contact.words)
}
