//! The portal: what clients see of their instance, and how one gets in. Pages show what the store has, each status with its
//! date; nothing here asks a site.
//!
//! Areas (`access`, `client`, `staff`) are lists of routes with who may use each: [`area::Area`] lets nobody be routed
//! without saying so. Everything around an answer (limits, origins, headers, plain error pages) is in [`layers`].

pub mod access;
pub mod answers;
pub mod area;
pub mod client;
pub mod factor;
pub mod form;
mod invite;
mod layers;
pub mod letters;
pub mod page;
mod password;
pub mod picture;
pub mod problem;
pub mod say;
pub mod serve;
pub mod session;
pub mod staff;
mod style;
pub mod words;

use std::sync::{Arc, OnceLock, RwLock};

use axum::Router;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::billing::archive::Archive;
use crate::inventory::model::Inventory;
use crate::metrics::Metrics;
use crate::store::secrets::Vault;
use crate::store::{NewAudit, Store, StoreError};
use crate::util::clock::Clock;
use crate::util::limits;
use crate::util::random::Randomness;

pub use area::{Area, Need, Route, Who};
pub use problem::Problem;
pub use session::{ClientSession, ContactSession, StaffSession};

/// How the portal is reached, and where documents are.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What stands before every path in mails, without a slash at its end: `https://portail.example`.
    pub public_url: String,
    /// Where issued documents are.
    pub archive: Archive,
}

impl Settings {
    /// Whether it is reached over HTTPS: cookies are bound to it then.
    pub fn is_secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// Host and port of the public address, as a browser sends them.
    pub fn host(&self) -> &str {
        self.public_url.split_once("://").map_or("", |(_, host)| host)
    }
}

/// An accepted version of the inventory.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// Its number.
    pub number: i64,
    /// What it says.
    pub inventory: Arc<Inventory>,
}

/// What every page works with.
pub struct Portal {
    /// The store.
    pub store: Store,
    /// The secrets of second factors.
    pub vault: Vault,
    /// The clock.
    pub clock: Clock,
    /// The source of tokens.
    pub randomness: Arc<Randomness>,
    /// How it is reached.
    pub settings: Settings,
    keys: session::Keys,
    accepted: RwLock<Option<Arc<Accepted>>>,
    hashing: Semaphore,
    letters: letters::UnderWay,
    first_screens: client::kept::FirstScreens,
    desk: OnceLock<staff::Desk>,
    metrics: OnceLock<Arc<Metrics>>,
}

impl Portal {
    /// A portal over a store.
    pub fn new(
        store: Store,
        vault: Vault,
        clock: Clock,
        randomness: Arc<Randomness>,
        settings: Settings,
    ) -> Arc<Portal> {
        let keys = session::Keys::of(&vault);
        Arc::new(Portal {
            store,
            vault,
            clock,
            randomness,
            settings,
            keys,
            accepted: RwLock::new(None),
            hashing: Semaphore::new(limits::PORTAL_HASHING_AT_ONCE),
            letters: letters::UnderWay::default(),
            first_screens: client::kept::FirstScreens::default(),
            desk: OnceLock::new(),
            metrics: OnceLock::new(),
        })
    }

    /// Gives it the inventory's files and the way to the scheduler, once: without them nothing can be changed or ordered at
    /// once.
    pub fn set_desk(&self, desk: staff::Desk) {
        // A second desk would be a mistake of ours; the first one stays.
        let _ = self.desk.set(desk);
    }

    pub(in crate::portal) fn desk(&self) -> &staff::Desk {
        self.desk.get_or_init(staff::Desk::default)
    }

    /// Counts its answers there, from now on.
    pub fn count_in(&self, metrics: Arc<Metrics>) {
        let _ = self.metrics.set(metrics);
    }

    /// The present instant.
    ///
    /// # Errors
    /// When a lab's clock does not answer.
    pub async fn now(&self) -> Result<Timestamp, Problem> {
        self.clock.now().await.map_err(Problem::from)
    }

    /// The accepted inventory in force; read anew only when another version is.
    ///
    /// # Errors
    /// [`Problem::NotReady`] when none was ever accepted.
    pub async fn accepted(&self) -> Result<Arc<Accepted>, Problem> {
        let number = self.store.latest_inventory_number().await?;
        let known = self.last_accepted();
        if let Some(known) = known.filter(|known| known.number == number) {
            return Ok(known);
        }
        let (number, model) = self.store.latest_inventory_model().await?.ok_or(Problem::NotReady)?;
        let inventory = Inventory::stored_text(&model).map_err(|_| StoreError::Unreadable { what: "inventory" })?;
        let accepted = Arc::new(Accepted { number, inventory: Arc::new(inventory) });
        *self.accepted.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(accepted.clone());
        Ok(accepted)
    }

    /// The inventory that was in force when it was last read: what is known without the store.
    fn last_accepted(&self) -> Option<Arc<Accepted>> {
        self.accepted.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Records what was done.
    ///
    /// # Errors
    /// When the store cannot be written: the page fails then, too.
    pub async fn audit(&self, entry: NewAudit) -> Result<(), Problem> {
        self.store.audit(&entry).await?;
        Ok(())
    }
}

/// The areas, in the order in which their routes are matched.
pub fn areas() -> Vec<Area> {
    vec![access::routes(), client::routes(), staff::routes()]
}

/// Every route with who may use it: what tests walk, and what `router` is made of.
pub fn table() -> Vec<Route> {
    areas().into_iter().flat_map(|area| area.into_parts().0).collect()
}

/// All of it, as a service.
pub fn router(portal: &Arc<Portal>) -> Router {
    let routes = areas().into_iter().fold(Router::new(), |all, area| all.merge(area.into_parts().1));
    layers::around(routes, portal)
}
