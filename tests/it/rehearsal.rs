//! A lab in this process, with the example co-operative (or a part of it) ready to be worked on.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use accolades::demo::{rewrite, world};
use accolades::domain::ids::InstanceId;
use accolades::engine::prepare::Agreed;
use accolades::engine::run::{Accepted, Report};
use accolades::engine::{Engine, EngineError, Event};
use accolades::inventory;
use accolades::lab::net::serve::{Ports, Served, serve};
use accolades::plan::Plan;
use accolades::ssh::Identity;
use accolades::store::secrets::Vault;
use accolades::store::{NewInventoryVersion, Store};
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
    _folder: tempfile::TempDir,
}

/// The files of the example inventory.
pub fn example_files() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory");
    inventory::read_files(&folder).expect("the example inventory is readable")
}

impl Rehearsal {
    /// The example co-operative with this seed.
    pub async fn new(seed: u64) -> Rehearsal {
        Rehearsal::of(example_files(), seed).await
    }

    /// An inventory with this seed.
    pub async fn of(files: BTreeMap<String, String>, seed: u64) -> Rehearsal {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let original = inventory::check(&files).expect("the inventory is right");
        let (world, topology) = world::build(&original, seed);
        let served = serve(world, topology, world::ROOT_PASSWORD, Ports::default()).await.expect("the lab starts");
        let files = rewrite::point_to_lab(&files, &served.endpoints).expect("the files are TOML");
        let inventory = inventory::check(&files).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let folder = tempfile::tempdir().expect("a folder");
        let store =
            Store::open(&format!("sqlite:{}", folder.path().join("store.sqlite").display())).await.expect("a store");
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
        engine.vault.put_secret("relay", &SecretString::from("Relais-Mot-2026"), 0).await.expect("a secret");
        let version = NewInventoryVersion {
            follows: 0,
            content_hash: inventory::content_hash(&files),
            model: serde_json::to_value(&inventory).expect("plain data"),
            files,
            accepted_by: "nadia".to_owned(),
            accepted_at_us: 0,
            difference: String::new(),
        };
        let number = engine.store.accept_inventory(&version).await.expect("accepted").number;
        let accepted = Accepted { number, inventory: Arc::new(inventory) };
        Rehearsal { served, engine, accepted, events, _folder: folder }
    }

    /// Prepares every site.
    pub async fn prepare(&self) -> Result<(), EngineError> {
        for site in self.accepted.inventory.sites.values() {
            let agreed = Agreed { format_serial: Some(site.node.backup_disk_serial.clone()) };
            self.engine.prepare_site(&self.accepted.inventory, site, &agreed).await?;
        }
        Ok(())
    }

    /// Plans for the instances named, all when none is.
    pub async fn plan(&self, only: &[InstanceId]) -> Plan {
        let plan = self.engine.plan(&self.accepted, DAY, only).await.unwrap_or_else(|error| panic!("{error}"));
        self.engine
            .store
            .save_plan(&accolades::store::PlanRecord {
                id: plan.id(),
                inventory_number: plan.inventory_number,
                scope: accolades::store::Scope::Staff,
                content: serde_json::to_value(&plan).expect("plain data"),
                observed_digest: String::new(),
                created_at_us: 0,
            })
            .await
            .expect("the plan is kept");
        plan
    }

    /// Plans and applies.
    pub async fn apply(&self, only: &[InstanceId]) -> Report {
        let plan = self.plan(only).await;
        self.engine.apply(&self.accepted, &plan).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Publishes the DNS records that the program computes, as somebody at the registrar's page does.
    pub fn publish_dns(&self) {
        let inventory = &self.accepted.inventory;
        let mut state = self.served.lab.lock();
        for instance in inventory.instances.values() {
            let Some(subject) = accolades::plan::desired::Subject::on(inventory, instance, DAY) else { continue };
            let records = accolades::plan::dns::records(inventory, subject.site, subject.placement, subject.clients());
            for record in records {
                let key = (record.name, record.kind.to_owned());
                state.world.internet.dns.entry(key).or_default().push(record.value);
            }
        }
    }

    /// The end of the transcript, for a failing test.
    pub fn last_words(&self, lines: usize) -> String {
        let text = self.served.lab.lock().transcript.lines();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }

    /// How many requests and commands were made that change something.
    pub fn writes(&self) -> usize {
        let state = self.served.lab.lock();
        state
            .transcript
            .entries()
            .iter()
            .filter(|entry| match entry {
                accolades::lab::net::transcript::Entry::Request { method, .. } => method != "GET",
                _ => false,
            })
            .count()
    }
}

/// An instance's id.
pub fn instance(id: &str) -> InstanceId {
    InstanceId::new(id).expect("an id")
}
