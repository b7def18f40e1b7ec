//! A lab in this process, with the example co-operative (or a part of it) ready to be worked on.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use accolades::demo::{rewrite, world};
use accolades::domain::backup::names;
use accolades::domain::ids::InstanceId;
use accolades::engine::prepare::Agreed;
use accolades::engine::run::{Accepted, Report};
use accolades::engine::{Engine, EngineError, Event};
use accolades::inventory;
use accolades::inventory::model::Inventory;
use accolades::lab::net::Lab;
use accolades::lab::net::serve::{Ports, Served, serve};
use accolades::lab::world::World;
use accolades::plan::desired::Subject;
use accolades::plan::{Plan, dns};
use accolades::ssh::Identity;
use accolades::store::secrets::Vault;
use accolades::store::{NewInventoryVersion, PlanRecord, Scope, Store};
use accolades::util::clock::Clock;
use accolades::util::random::Randomness;
use accolades::util::redact::Redactor;
use accolades::yunohost::playbook::builtin;
use jiff::civil::{Date, date};
use secrecy::SecretString;

/// The day on which everything happens.
pub const DAY: Date = date(2026, 11, 20);

/// A lab and an engine that works on it.
pub struct Rehearsal {
    pub served: Served,
    pub engine: Engine,
    pub accepted: Accepted,
    pub events: tokio::sync::mpsc::UnboundedReceiver<Event>,
    folder: tempfile::TempDir,
}

/// A moment of a rehearsal.
pub struct Snapshot {
    files: BTreeMap<String, String>,
    /// Locked so that cases that run side by side can begin from it.
    world: Mutex<World>,
    store: Vec<(String, Vec<u8>)>,
}

/// Password of the mail relay.
pub const RELAY_PASSWORD: &str = "Relais-Mot-2026";

/// The files of the example inventory.
pub fn example_files() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory");
    inventory::read_files(&folder).expect("the example inventory is readable")
}

/// One site, one instance, one client with two persons and both apps: the shortest inventory that has every step.
pub fn small_files() -> BTreeMap<String, String> {
    const KEPT: [&str; 5] = [
        "cooperative.toml",
        "backup-servers/grange.toml",
        "sites/friche.toml",
        "instances/ilot.toml",
        "clients/claire-voyer.toml",
    ];
    const SECOND_PERSON: &str = "
[persons.yves]
first_name = \"Yves\"
last_name = \"Voyer\"
username = \"yves\"
mail_domain = \"claire-voyer.example\"
dolibarr = \"write\"

[[seats]]
person = \"yves\"
from = 2026-10-01
";
    let mut files = example_files();
    files.retain(|path, _| KEPT.contains(&path.as_str()));
    files.get_mut("clients/claire-voyer.toml").expect("the example has it").push_str(SECOND_PERSON);
    files
}

/// The instance of [`small_files`].
pub fn small_instance() -> InstanceId {
    instance("ilot")
}

/// A lab for an inventory, in its first moment or in a given one; and the files as they point to it.
pub async fn serve_inventory(
    files: &BTreeMap<String, String>,
    seed: u64,
    world: Option<World>,
) -> (Served, BTreeMap<String, String>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let original = inventory::check(files).expect("the inventory is right");
    let (first, topology) = world::build(&original, seed);
    let world = world.unwrap_or(first);
    let served = serve(world, topology, world::ROOT_PASSWORD, Ports::default()).await.expect("the lab starts");
    let files = rewrite::point_to_lab(files, &served.endpoints).expect("the files are TOML");
    (served, files)
}

async fn engine_on(served: &Served, folder: &Path, seed: u64) -> (Engine, tokio::sync::mpsc::UnboundedReceiver<Event>) {
    let store = Store::open(&format!("sqlite:{}", folder.join("store.sqlite").display())).await.expect("a store");
    let randomness = Arc::new(Randomness::from_seed(seed));
    let vault = Vault::open(&store, None, randomness.clone()).await.expect("a vault");
    let (sender, events) = tokio::sync::mpsc::unbounded_channel();
    let engine = Engine {
        store,
        vault,
        clock: Clock::lab(&served.endpoints.clock),
        randomness,
        redactor: Arc::new(Redactor::default()),
        playbooks: Arc::new(builtin::load(Some(Path::new("playbooks"))).expect("the playbooks read")),
        identity: Identity::KeyText(SecretString::from(served.endpoints.technician_key.clone())),
        by: "nadia".to_owned(),
        events: sender,
    };
    (engine, events)
}

/// Plans and keeps the plan.
pub async fn plan(engine: &Engine, accepted: &Accepted, only: &[InstanceId]) -> Result<Plan, EngineError> {
    let plan = engine.plan(accepted, DAY, only).await?;
    let record = PlanRecord {
        id: plan.id(),
        inventory_number: plan.inventory_number,
        scope: Scope::Staff,
        content: serde_json::to_value(&plan).expect("plain data"),
        observed_digest: String::new(),
        created_at_us: 0,
    };
    engine.store.save_plan(&record).await?;
    Ok(plan)
}

/// Plans and applies.
pub async fn apply(engine: &Engine, accepted: &Accepted, only: &[InstanceId]) -> Result<Report, EngineError> {
    let plan = plan(engine, accepted, only).await?;
    engine.apply(accepted, &plan).await
}

/// Keys are not taken from files that others can read.
pub fn write_private(path: &Path, content: &[u8]) {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).expect("a new file");
    file.write_all(content).expect("it is written");
}

/// Publishes the DNS records that the program computes, as somebody at the registrar's page does.
pub fn publish_dns(lab: &Lab, inventory: &Inventory) {
    let mut state = lab.lock();
    for instance in inventory.instances.values() {
        let Some(subject) = Subject::on(inventory, instance, DAY) else { continue };
        for record in dns::records(inventory, subject.site, subject.placement, subject.clients()) {
            let key = (record.name, record.kind.to_owned());
            state.world.internet.dns.entry(key).or_default().push(record.value);
        }
    }
}

impl Rehearsal {
    /// The example co-operative with this seed.
    pub async fn new(seed: u64) -> Rehearsal {
        Rehearsal::of(example_files(), seed).await
    }

    /// An inventory with this seed.
    pub async fn of(files: BTreeMap<String, String>, seed: u64) -> Rehearsal {
        let folder = tempfile::tempdir().expect("a folder");
        let rehearsal = Rehearsal::on(files, seed, seed, None, folder).await;
        rehearsal.engine.vault.put_secret("relay", &SecretString::from(RELAY_PASSWORD), 0).await.expect("a secret");
        rehearsal
    }

    /// As it was when the snapshot was taken.
    pub async fn from(snapshot: &Snapshot) -> Rehearsal {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, content) in &snapshot.store {
            write_private(&folder.path().join(name), content);
        }
        let world = snapshot.world.lock().expect("nobody panics with it").clone();
        let seed = world.seed;
        // The names of the runs in the store must not come again.
        Rehearsal::on(snapshot.files.clone(), seed, seed + 1, Some(world), folder).await
    }

    async fn on(
        files: BTreeMap<String, String>,
        seed: u64,
        engine_seed: u64,
        world: Option<World>,
        folder: tempfile::TempDir,
    ) -> Rehearsal {
        let (served, files) = serve_inventory(&files, seed, world).await;
        let inventory = inventory::check(&files).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let (engine, events) = engine_on(&served, folder.path(), engine_seed).await;
        let latest = engine.store.latest_inventory().await.expect("the store is readable");
        let version = NewInventoryVersion {
            follows: latest.map_or(0, |latest| latest.number),
            content_hash: inventory::content_hash(&files),
            model: serde_json::to_value(&inventory).expect("plain data"),
            files,
            accepted_by: "nadia".to_owned(),
            accepted_at_us: 0,
            difference: String::new(),
        };
        let number = engine.store.accept_inventory(&version).await.expect("accepted").number;
        let accepted = Accepted { number, inventory: Arc::new(inventory) };
        Rehearsal { served, engine, accepted, events, folder }
    }

    /// Another process on the same store: nothing of the first one's memory. Its randomness is another, too.
    pub async fn another_engine(&self, seed: u64) -> (Engine, tokio::sync::mpsc::UnboundedReceiver<Event>) {
        engine_on(&self.served, self.folder.path(), seed).await
    }

    /// The world and the store as they are now, to begin from again and again. The store is closed: the end of this
    /// rehearsal. `files` are the inventory's, as they were given.
    pub async fn snapshot(self, files: BTreeMap<String, String>) -> Snapshot {
        self.engine.store.close().await;
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder").map(|entry| entry.expect("an entry"));
        let store = entries
            .map(|entry| (entry.file_name().into_string().expect("text"), std::fs::read(entry.path()).expect("a file")))
            .collect();
        let world = Mutex::new(self.served.lab.lock().world.clone());
        Snapshot { files, world, store }
    }

    /// The texts of the accepted inventory.
    pub async fn files(&self) -> BTreeMap<String, String> {
        let latest = self.engine.store.latest_inventory().await.expect("the store reads");
        latest.expect("one was accepted").files
    }

    /// Accepts another inventory.
    pub async fn accept(&mut self, files: BTreeMap<String, String>) {
        let inventory = inventory::check(&files).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let version = NewInventoryVersion {
            follows: self.accepted.number,
            content_hash: inventory::content_hash(&files),
            model: serde_json::to_value(&inventory).expect("plain data"),
            files,
            accepted_by: "nadia".to_owned(),
            accepted_at_us: 0,
            difference: String::new(),
        };
        let number = self.engine.store.accept_inventory(&version).await.expect("accepted").number;
        self.accepted = Accepted { number, inventory: Arc::new(inventory) };
    }

    /// Prepares every backup server.
    pub async fn prepare_servers(&self) -> Result<(), EngineError> {
        for server in self.accepted.inventory.backup_servers.values() {
            let (name, secret) = match server.ours {
                true => (names::admin_secret(&server.id), world::ROOT_PASSWORD),
                false => (names::partner_token_secret(&server.id), world::PARTNER_TOKEN),
            };
            self.engine.vault.put_secret(&name, &SecretString::from(secret), 0).await?;
            self.engine.prepare_server(&self.accepted.inventory, server).await?;
        }
        Ok(())
    }

    /// Prepares every backup server, then every site.
    pub async fn prepare(&self) -> Result<(), EngineError> {
        self.prepare_servers().await?;
        for site in self.accepted.inventory.sites.values() {
            let agreed = Agreed { format_serial: Some(site.node.backup_disk_serial.clone()) };
            self.engine.prepare_site(&self.accepted.inventory, site, &agreed).await?;
        }
        Ok(())
    }

    /// Plans for the instances named, all when none is.
    pub async fn plan(&self, only: &[InstanceId]) -> Plan {
        plan(&self.engine, &self.accepted, only).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Plans and applies.
    pub async fn apply(&self, only: &[InstanceId]) -> Report {
        apply(&self.engine, &self.accepted, only).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Publishes the DNS records of every instance.
    pub fn publish_dns(&self) {
        publish_dns(&self.served.lab, &self.accepted.inventory);
    }

    /// The end of the transcript, for a failing test.
    pub fn last_words(&self, lines: usize) -> String {
        let text = self.served.lab.lock().transcript.lines();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

/// An instance's id.
pub fn instance(id: &str) -> InstanceId {
    InstanceId::new(id).expect("an id")
}
