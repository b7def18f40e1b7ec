//! Which sites answered when, from what is on record: no site is asked.

use jiff::{SignedDuration, Timestamp};

use super::matter;
use crate::domain::ids::SiteId;
use crate::store::{Scope, Store, StoreError};
use crate::util::limits;

/// What is known of a site's answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteReach {
    /// The site.
    pub site: SiteId,
    /// When it was last asked.
    pub tried_at: Timestamp,
    /// When it last answered; none when it never did.
    pub seen_at: Option<Timestamp>,
    /// Since when it does not, and what is met, in words; none when it answered the last time.
    pub silent: Option<(Timestamp, String)>,
}

impl SiteReach {
    /// Whether nobody has asked for so long that an answer says nothing of the site any more. A silent site is asked more
    /// and more rarely on purpose.
    pub fn is_outdated(&self, now: Timestamp) -> bool {
        let bound = SignedDuration::try_from(limits::SITE_SIGHT_MAX).unwrap_or(SignedDuration::MAX);
        self.silent.is_none() && self.seen_at.is_some_and(|at| now.duration_since(at) > bound)
    }
}

/// The sites that were ever asked, in order of their ids.
///
/// # Errors
/// When the store cannot be read.
pub async fn sites_reached(store: &Store) -> Result<Vec<SiteReach>, StoreError> {
    let at = |us: i64| Timestamp::from_microsecond(us).unwrap_or_default();
    let mut sites = Vec::new();
    for look in store.looks_at_all(&Scope::Staff, matter::SITE).await? {
        if look.what != matter::REACH {
            continue;
        }
        let Ok(site) = SiteId::new(look.subject_id) else { continue };
        let silent = look.obstacle.map(|obstacle| {
            let words = obstacle.met["words"].as_str().unwrap_or_default().to_owned();
            (at(obstacle.since_us), words)
        });
        sites.push(SiteReach {
            site,
            tried_at: at(look.tried_at_us),
            seen_at: look.seen.map(|(us, _)| at(us)),
            silent,
        });
    }
    Ok(sites)
}
