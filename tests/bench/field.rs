//! A lab in a process of its own, and an engine here that works on it: what is measured is ours alone.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use accolades::demo::{rewrite, world};
use accolades::domain::backup::names;
use accolades::engine::prepare::Agreed;
use accolades::engine::run::Accepted;
use accolades::engine::{Engine, Event};
use accolades::inventory;
use accolades::inventory::model::Inventory;
use accolades::lab::net::serve::{Endpoints, Ports, serve};
use accolades::plan::desired::Subject;
use accolades::plan::dns;
use accolades::ssh::Identity;
use accolades::store::secrets::Vault;
use accolades::store::{NewInventoryVersion, Store};
use accolades::util::clock::Clock;
use accolades::util::random::Randomness;
use accolades::util::redact::Redactor;
use accolades::yunohost::playbook::builtin;
use jiff::civil::{Date, date};
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

/// The day on which everything happens.
pub const DAY: Date = date(2026, 11, 20);

/// The world's seed.
const SEED: u64 = 1;

/// The argument that makes this program the lab.
pub const LAB: &str = "lab";

/// An engine and the lab that it works on. The lab ends with it.
pub struct Field {
    pub engine: Engine,
    pub accepted: Accepted,
    control: String,
    _events: tokio::sync::mpsc::UnboundedReceiver<Event>,
    _folder: tempfile::TempDir,
    _lab: Child,
}

/// How often the lab was asked for something.
#[derive(Debug, Default, Clone, Copy)]
pub struct Asked {
    pub requests: usize,
    pub writing_requests: usize,
    pub commands: usize,
}

/// The lab's side: an inventory's files on standard input as JSON, the endpoints on standard output; until killed.
pub async fn serve_lab() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("the inventory");
    let files: BTreeMap<String, String> = serde_json::from_str(&text).expect("files as JSON");
    let inventory = inventory::check(&files).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let (mut world, topology) = world::build(&inventory, SEED);
    for instance in inventory.instances.values() {
        let Some(subject) = Subject::on(&inventory, instance, DAY) else { continue };
        for record in dns::records(&inventory, subject.site, subject.placement, subject.clients()) {
            world.internet.dns.entry((record.name, record.kind.to_owned())).or_default().push(record.value);
        }
    }
    let served = serve(world, topology, world::ROOT_PASSWORD, Ports::default()).await.expect("the lab starts");
    println!("{}", serde_json::to_string(&served.endpoints).expect("plain data"));
    served.forever().await;
}

impl Field {
    /// A lab for an inventory, nothing done yet.
    pub async fn of(files: &BTreeMap<String, String>) -> Field {
        let (lab, endpoints) = start_lab(files).await;
        let files = rewrite::point_to_lab(files, &endpoints).expect("the files are TOML");
        let inventory = inventory::check(&files).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("store.sqlite").display().to_string()).await.expect("a store");
        let randomness = Arc::new(Randomness::from_seed(SEED));
        let vault = Vault::open(&store, None, randomness.clone()).await.expect("a vault");
        vault.put_secret("relay", &SecretString::from("Relais-Mot-2026"), 0).await.expect("a secret");
        let (sender, events) = tokio::sync::mpsc::unbounded_channel();
        let engine = Engine {
            store,
            vault,
            clock: Clock::lab(&endpoints.clock),
            randomness,
            redactor: Arc::new(Redactor::default()),
            playbooks: Arc::new(builtin::load(None).expect("the playbooks read")),
            identity: Identity::KeyText(SecretString::from(endpoints.technician_key.clone())),
            by: "nadia".to_owned(),
            events: sender,
        };
        let accepted = accept(&engine, files, inventory).await;
        Field { engine, accepted, control: endpoints.control, _events: events, _folder: folder, _lab: lab }
    }

    /// Prepares every backup server, then every site, all at once.
    pub async fn prepare(&self) {
        for server in self.accepted.inventory.backup_servers.values() {
            let (name, secret) = match server.ours {
                true => (names::admin_secret(&server.id), world::ROOT_PASSWORD),
                false => (names::partner_token_secret(&server.id), world::PARTNER_TOKEN),
            };
            self.engine.vault.put_secret(&name, &SecretString::from(secret), 0).await.expect("a secret");
            let prepared = self.engine.prepare_server(&self.accepted.inventory, server).await;
            prepared.unwrap_or_else(|error| panic!("{}: {error:?}", server.id));
        }
        let mut running = JoinSet::new();
        for site in self.accepted.inventory.sites.values().cloned() {
            let (engine, inventory) = (self.engine.clone(), self.accepted.inventory.clone());
            running.spawn(async move {
                let agreed = Agreed { format_serial: Some(site.node.backup_disk_serial.clone()) };
                let prepared = engine.prepare_site(&inventory, &site, &agreed).await;
                prepared.unwrap_or_else(|error| panic!("{}: {error:?}", site.id));
            });
        }
        running.join_all().await;
    }

    /// What the lab was asked so far.
    pub fn asked(&self) -> Asked {
        let mut asked = Asked::default();
        for line in self.get("/transcript").lines() {
            let entry: serde_json::Value = serde_json::from_str(line).expect("JSON lines");
            match (entry["kind"].as_str(), entry["method"].as_str()) {
                (Some("request"), method) => {
                    asked.requests += 1;
                    asked.writing_requests += usize::from(method != Some("GET"));
                }
                (Some("command"), _) => asked.commands += 1,
                _ => {}
            }
        }
        asked
    }

    /// From now on the lab's time follows the wall's clock, so many times as fast.
    pub fn follow_the_wall(&self, pace: u32) {
        self.ask("PUT", "/pace", &pace.to_string());
    }

    fn get(&self, path: &str) -> String {
        self.ask("GET", path, "")
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let address = self.control.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the lab listens");
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }
}

async fn start_lab(files: &BTreeMap<String, String>) -> (Child, Endpoints) {
    let mut lab = Command::new(std::env::current_exe().expect("our own path"))
        .arg(LAB)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the lab's process");
    let mut input = lab.stdin.take().expect("piped");
    input.write_all(&serde_json::to_vec(files).expect("plain data")).await.expect("the lab reads");
    drop(input);
    let mut line = String::new();
    BufReader::new(lab.stdout.take().expect("piped")).read_line(&mut line).await.expect("the lab's endpoints");
    (lab, serde_json::from_str(&line).expect("the lab's endpoints"))
}

async fn accept(engine: &Engine, files: BTreeMap<String, String>, inventory: Inventory) -> Accepted {
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
    Accepted { number, inventory: Arc::new(inventory) }
}

/// The folder of an inventory, written out: what `check` reads.
pub fn written(files: &BTreeMap<String, String>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let file = Path::new(folder.path()).join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("a file");
    }
    folder
}
