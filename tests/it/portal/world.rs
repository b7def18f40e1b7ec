//! A portal over a store with two clients' data in it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use accolades::billing::archive::Archive;
use accolades::billing::draft::draft;
use accolades::billing::issue::Issuer;
use accolades::domain::backup::drill::{
    NonceCheck, Origin, RECORD_VERSION, Record, TriedBackup, Verdict, Versions, not_proven,
};
use accolades::domain::billing::difference::Run;
use accolades::domain::billing::month::Month;
use accolades::domain::billing::terms::SupportKind;
use accolades::domain::ids::{ClientId, VmId};
use accolades::domain::money::Cents;
use accolades::inventory;
use accolades::inventory::model::{Contact, ContactRole, Inventory};
use accolades::portal::{Portal, Settings, factor, serve};
use accolades::store::secrets::Vault;
use accolades::store::{NewConsent, NewInventoryVersion, NewSupportEntry, Scope, StaffRole, Store};
use accolades::util::clock::Clock;
use accolades::util::random::Randomness;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::http::{Browser, Page, encoded};
use crate::cli::clock;

/// Monday 14 December 2026, nine o'clock in Paris.
pub const NOW_US: i64 = 1_797_235_200_000_000;
pub const MINUTE_US: i64 = 60_000_000;
pub const DAY_US: i64 = 24 * 60 * MINUTE_US;

/// One client, and another whose data it must never see.
pub const OWN: &str = "atelier-lilas";
pub const OTHER: &str = "mairie-valsonne";

pub const MANAGER: &str = "camille.morel@courriel.example";
pub const BILLING: &str = "factures@cabinet-duval.example";
pub const APPROVER: &str = "approbation@courriel.example";
pub const MEMBER: &str = "curieux@courriel.example";
pub const PASSWORD: &str = "douze-caracteres-et-plus";

pub struct World {
    pub folder: TempDir,
    pub store: Store,
    pub portal: Arc<Portal>,
    pub browser: Browser,
    pub inventory: Inventory,
    now: Arc<AtomicI64>,
    stop: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
}

/// A client's id.
pub fn id(text: &str) -> ClientId {
    text.parse().unwrap()
}

/// The example co-operative, with contacts that have one role each.
pub fn example() -> Inventory {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory");
    let mut inventory = inventory::check(&inventory::read_files(&folder).unwrap()).unwrap();
    let own = inventory.clients.get_mut(&id(OWN)).unwrap();
    for (email, role) in [(APPROVER, ContactRole::Approver), (MEMBER, ContactRole::Technical)] {
        let name = "Léa <b>Nom</b>".to_owned();
        own.contacts.push(Contact { name, email: email.to_owned(), phone: None, roles: vec![role] });
    }
    inventory
}

impl World {
    /// A portal over an empty store with the example's inventory.
    pub async fn new() -> World {
        World::reached_at(None).await
    }

    /// The same, behind a proxy under a public address.
    pub async fn reached_at(public_url: Option<&str>) -> World {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.sqlite").display().to_string()).await.unwrap();
        let inventory = example();
        accept(&store, &inventory).await;
        let now = Arc::new(AtomicI64::new(NOW_US));
        let (portal, browser, stop, server) = start(&folder, &store, &now, public_url).await;
        World { folder, store, portal, browser, inventory, now, stop, server }
    }

    /// Lets time pass.
    pub fn pass(&self, time_us: i64) {
        self.now.fetch_add(time_us, Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.now.load(Ordering::SeqCst)).unwrap()
    }

    /// Stops the portal and starts another one over the same store.
    pub async fn restart(&mut self) {
        self.stop.send(true).unwrap();
        let (portal, browser, stop, server) = start(&self.folder, &self.store, &self.now, None).await;
        let old = std::mem::replace(&mut self.server, server);
        old.await.unwrap().unwrap();
        (self.portal, self.browser, self.stop) = (portal, browser, stop);
    }

    /// Where the portal is.
    pub fn url(&self) -> &str {
        &self.portal.settings.public_url
    }

    /// The link of a contact's mail.
    pub async fn link(&self, email: &str) -> String {
        self.portal.entry_link(email, self.now()).await.unwrap()
    }

    /// A contact who is in.
    pub async fn enter(&self, email: &str) -> Browser {
        let link = self.link(email).await;
        let path = link.strip_prefix(&self.portal.settings.public_url).unwrap();
        let page = self.browser.post(path, "vers=%2F").await;
        assert_eq!((page.status, page.header("location")), (303, "/"), "{}", page.text());
        self.browser.with(&page.cookie())
    }

    /// Somebody of the co-operative, invited: the secret of their second factor, and the page with the recovery codes.
    pub async fn invited(&self, name: &str, role: StaffRole) -> (Vec<u8>, Page) {
        self.store.add_account(name, "Nadia <i>N</i>", "n@x.example", role, NOW_US).await.unwrap();
        self.accept_invitation(name).await
    }

    pub async fn accept_invitation(&self, name: &str) -> (Vec<u8>, Page) {
        let link = self.portal.invite(name, self.now()).await.unwrap();
        let path = link.strip_prefix(&self.portal.settings.public_url).unwrap();
        let page = self.browser.get(path).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let text = page.text();
        let secret = text.split("<p class=\"key\">").nth(1).unwrap().split('<').next().unwrap();
        let secret = unbase32(secret);
        let code = factor::code(&secret, factor::step(self.now()));
        let body = format!("password={PASSWORD}&again={PASSWORD}&code={code}");
        let page = self.browser.post(path, &body).await;
        assert_eq!(page.status, 200, "{}", page.text());
        (secret, page)
    }

    /// Somebody of the co-operative who is in.
    pub async fn staff(&self, name: &str, role: StaffRole) -> Browser {
        let (secret, _) = self.invited(name, role).await;
        self.pass(MINUTE_US);
        let code = factor::code(&secret, factor::step(self.now()));
        let page = self.browser.post("/equipe/entrer", &format!("name={name}&password={PASSWORD}&code={code}")).await;
        assert_eq!(page.status, 303, "{}", page.text());
        self.browser.with(&page.cookie())
    }

    /// Something of everything for both clients, in words that try to be HTML.
    pub async fn fill(&self) {
        self.fill_saying(|name| format!("secret-of-{name} <script>alert(1)</script>")).await;
    }

    /// The same in other words for each client.
    pub async fn fill_saying(&self, words: impl Fn(&str) -> String) {
        for name in [OWN, OTHER] {
            let client = id(name);
            for number in 0..3 {
                let entry = NewSupportEntry {
                    client: client.clone(),
                    kind: SupportKind::Help,
                    started_at_us: NOW_US - (30 - number) * DAY_US,
                    minutes: 90,
                    words: words(name),
                    not_accounted: None,
                    corrects: None,
                    reason: None,
                    by: "nadia".to_owned(),
                    at_us: NOW_US,
                };
                self.store.record_support(&entry).await.unwrap();
            }
            let consent = NewConsent {
                year_from: self.inventory.clients[&client].contract.start,
                client,
                minutes: 120,
                price: Cents(6500),
                words: words(name),
                by: "nadia".to_owned(),
                at_us: NOW_US,
            };
            self.store.request_consent(&consent).await.unwrap();
        }
        for (instance, name) in [("lilas", OWN), ("valsonne", OTHER)] {
            let record = drill(instance, name);
            let share = (id(name), record.clone());
            self.store.keep_drill(&record, &[share]).await.unwrap();
        }
    }

    /// Issues the invoices of October and November for both clients.
    pub async fn issue(&self) {
        self.issue_month("2026-10", "2026-11-02T09:00:00Z").await;
        self.issue_month("2026-11", "2026-12-01T09:00:00Z").await;
    }

    /// Issues the invoices of a month for both clients at a moment.
    pub async fn issue_month(&self, month: &str, now: &str) {
        let archive = Archive::in_folder(self.folder.path().join("invoices"));
        let only = [id(OWN), id(OTHER)].into_iter().collect();
        let now: Timestamp = now.parse().unwrap();
        let run = Run { month: Month::parse(month).unwrap(), is_final: false };
        let billing = &self.inventory.cooperative.billing;
        let observe: &(dyn Fn(accolades::billing::issue::Step<'_>) + Sync) = &|_| {};
        let issuer =
            Issuer { store: &self.store, archive: &archive, inventory_number: 1, billing, by: "ana", now, observe };
        issuer.prepare().await.unwrap();
        let day = now.to_zoned(self.inventory.cooperative_zone()).date();
        let draft = draft(&self.store, &self.inventory, run, day, Some(&only)).await.unwrap();
        assert_eq!(issuer.issue(&draft).await.unwrap().len(), 2);
    }

    /// The number of a client's first invoice.
    pub async fn invoice_of(&self, client: &str) -> String {
        let scope = Scope::Client(client.parse().unwrap());
        self.store.invoices(&scope).await.unwrap()[0].number.clone()
    }
}

async fn start(
    folder: &TempDir,
    store: &Store,
    now: &Arc<AtomicI64>,
    public_url: Option<&str>,
) -> (Arc<Portal>, Browser, watch::Sender<bool>, JoinHandle<std::io::Result<()>>) {
    let randomness = Arc::new(Randomness::from_system());
    let vault = Vault::open(store, None, randomness.clone()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let settings = Settings {
        public_url: public_url.map_or_else(|| format!("http://{address}"), str::to_owned),
        archive: Archive::in_folder(folder.path().join("invoices")),
    };
    let clock = Clock::lab(clock::following(now.clone()));
    let portal = Portal::new(store.clone(), vault, clock, randomness, settings);
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(serve::serve(listener, portal.clone(), stopped));
    (portal, Browser::new(&address), stop, server)
}

pub async fn accept(store: &Store, inventory: &Inventory) {
    let follows = store.latest_inventory_number().await.unwrap();
    let version = NewInventoryVersion {
        follows,
        content_hash: format!("h{follows}"),
        model: serde_json::to_value(inventory).unwrap(),
        files: std::collections::BTreeMap::new(),
        accepted_by: "nadia".to_owned(),
        accepted_at_us: NOW_US,
        difference: String::new(),
    };
    store.accept_inventory(&version).await.unwrap();
}

/// A restore of yesterday that proved its backup.
pub fn drill(instance: &str, client: &str) -> Record {
    let nonce = Some("0123456789abcdef".to_owned());
    Record {
        version: RECORD_VERSION,
        id: format!("drill-of-{instance}"),
        instance: instance.parse().unwrap(),
        clients: vec![client.parse().unwrap()],
        from: Origin::Local,
        site: "croix-rousse".parse().unwrap(),
        node: "pve1".to_owned(),
        place: None,
        backup: Some(TriedBackup {
            volume: "x".to_owned(),
            at_us: NOW_US - 2 * DAY_US,
            size_bytes: 41_300_000_000,
            encrypted: false,
        }),
        vmid: Some(VmId(1999)),
        by: "nadia".to_owned(),
        began_at_us: NOW_US - DAY_US,
        ended_at_us: NOW_US - DAY_US + MINUTE_US,
        phases: Vec::new(),
        checks: Vec::new(),
        nonce: NonceCheck {
            wanted: nonce.clone(),
            wanted_at_us: Some(NOW_US - 2 * DAY_US),
            found: nonce,
            found_at_us: Some(NOW_US - 2 * DAY_US),
        },
        destroyed: Some(true),
        last_proven_at_us: None,
        verdict: Verdict::Proven,
        not_proven: not_proven(false, false),
        versions: Versions::default(),
        previous: None,
    }
}

/// The bytes of a key as an application for codes reads it.
pub fn unbase32(text: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut held, mut bits, mut out) = (0_u32, 0, Vec::new());
    for letter in text.chars() {
        held = (held << 5) | u32::try_from(LETTERS.find(letter).unwrap()).unwrap();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits & 255).unwrap());
        }
    }
    out
}

/// A form's body.
pub fn form(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}
