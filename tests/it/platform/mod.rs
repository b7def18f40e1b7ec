//! Documents through the approved platform and Chorus Pro, against a simulated platform over real TLS.

#![allow(clippy::unwrap_used, reason = "what a test cannot unwrap, it fails on")]

mod folder;
mod http;
mod receipts;
mod status_files;

use std::path::Path;

use accolades::billing::archive::Archive;
use accolades::billing::draft::draft;
use accolades::billing::issue::Issuer;
use accolades::billing::platform::{Exchange, ExchangeError, Exchanged};
use accolades::domain::billing::difference::Run;
use accolades::domain::billing::month::Month;
use accolades::domain::ids::ClientId;
use accolades::domain::money::Cents;
use accolades::inventory;
use accolades::inventory::billing::Route;
use accolades::inventory::model::Inventory;
use accolades::platform::Platform;
use accolades::store::{InvoiceRecord, Movement, NewPayment, Scope, Store};
use jiff::Timestamp;

/// Noon of the day on which the documents are issued.
pub const NOW: &str = "2026-12-01T12:00:00Z";

/// A co-operative with November's invoices issued.
pub struct Desk {
    pub store: Store,
    pub inventory: Inventory,
    pub archive: Archive,
    _folder: tempfile::TempDir,
}

pub fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub fn client(id: &str) -> ClientId {
    id.parse().unwrap()
}

impl Desk {
    /// The example; the architects are reached through the platform.
    pub async fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("store.sqlite").to_str().unwrap()).await.unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory");
        let mut inventory = inventory::load(&example).unwrap().inventory;
        for client in inventory.clients.values_mut() {
            client.contract.start = "2026-11-01".parse().unwrap();
            client.contract.seat_prices[0].from = client.contract.start;
        }
        inventory.clients.get_mut(&client("atelier-lilas")).unwrap().billing.route = Some(Route::Platform);
        let archive = Archive::in_folder(folder.path().join("invoices"));
        let issuer = Issuer {
            store: &store,
            archive: &archive,
            inventory_number: 1,
            billing: &inventory.cooperative.billing,
            by: "ana",
            now: now(),
            observe: &|_| {},
        };
        issuer.prepare().await.unwrap();
        let run = Run { month: Month::parse("2026-11").unwrap(), is_final: false };
        let draft = draft(&store, &inventory, run, "2026-12-01".parse().unwrap(), None).await.unwrap();
        issuer.issue(&draft).await.unwrap();
        Desk { store, inventory, archive, _folder: folder }
    }

    /// The document of a client.
    pub async fn document(&self, id: &str) -> InvoiceRecord {
        let records = self.store.invoices(&Scope::Client(client(id))).await.unwrap();
        assert_eq!(records.len(), 1, "{id} has one document");
        records.into_iter().next().unwrap()
    }

    pub async fn exchange<P: Platform>(&self, platform: &P, route: Route) -> Result<Exchanged, ExchangeError> {
        let exchange = Exchange {
            store: &self.store,
            archive: &self.archive,
            inventory: &self.inventory,
            platform,
            route,
            by: "ana",
            now: now(),
        };
        exchange.run().await
    }

    /// Money that moved for a document; its number.
    pub async fn moved(&self, record: &InvoiceRecord, movement: Movement, cents: i64, reverses: Option<i64>) -> i64 {
        let payment = NewPayment {
            client: record.client.clone(),
            number: Some(record.number.clone()),
            movement,
            cents: Cents(cents),
            moved_on: "2026-12-15".parse().unwrap(),
            means: "transfer".to_owned(),
            reference: "X".to_owned(),
            reverses,
            by: "ana".to_owned(),
            at_us: now().as_microsecond(),
        };
        self.store.record_payment(&payment).await.unwrap()
    }
}
