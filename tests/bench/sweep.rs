//! The sweep of many sites, a tenth of them dead.

use std::io::Read;
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use accolades::engine::backup::sweep::{SiteOutcome, SweepReport, SweepRequest};
use accolades::engine::run::Accepted;
use accolades::engine::site::Token;
use accolades::engine::{Engine, Event};
use accolades::health::backups::backups;
use accolades::inventory;
use accolades::inventory::model::Reach;
use accolades::ssh::Identity;
use accolades::store::secrets::Vault;
use accolades::store::{Scope, Store};
use accolades::util::clock::Clock;
use accolades::util::random::Randomness;
use accolades::util::redact::Redactor;
use accolades::yunohost::playbook::builtin;
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::{generated, nodes, usage};

/// Every so many sites one is dead.
const DEAD_EVERY: usize = 10;

#[derive(serde::Deserialize)]
struct Endpoints {
    port: u16,
    fingerprint: String,
    control: u16,
}

/// A sweep of so many sites; then the next round.
pub async fn sweep(count: usize) {
    let (_nodes, endpoints) = start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (engine, _events) = engine(folder.path()).await;
    let accepted = accepted(&engine, count, &endpoints).await;
    let prepared_mib = usage::peak_mib();
    for turn in ["first", "second"] {
        let (before, cpu, began) = (asked(&endpoints), usage::cpu_seconds(), Instant::now());
        let report = once(&engine, &accepted).await;
        let (took, cpu, after) = (began.elapsed(), usage::cpu_seconds() - cpu, asked(&endpoints));
        let seen = report.sites.iter().filter(|one| matches!(one.outcome, SiteOutcome::Seen { .. })).count();
        let silent = report.sites.iter().filter(|one| matches!(one.outcome, SiteOutcome::Silent { .. })).count();
        assert_eq!((seen, silent), (count - count / DEAD_EVERY, count / DEAD_EVERY), "{turn}");
        println!(
            "{turn} sweep of {count} sites, {silent} of them dead: {:.2} s, own CPU {:.2} ms per site, {:.1} requests and {:.1} connections per instance seen, \
             peak memory {:.0} MiB ({prepared_mib:.0} before)",
            took.as_secs_f64(),
            cpu * 1e3 / count as f64,
            (after.0 - before.0) as f64 / seen as f64,
            (after.1 - before.1) as f64 / seen as f64,
            usage::peak_mib(),
        );
    }
    let began = Instant::now();
    let now = engine.clock.now().await.expect("this machine's clock");
    let verdicts = backups(&engine.store, &Scope::Staff, &accepted.inventory, &[], now).await.expect("the store reads");
    println!("verdict on {} instances from the store: {:.0} ms", verdicts.len(), began.elapsed().as_secs_f64() * 1e3);
}

async fn once(engine: &Engine, accepted: &Accepted) -> SweepReport {
    let (_stop, stop) = tokio::sync::watch::channel(false);
    let (reports, _lines) = tokio::sync::mpsc::unbounded_channel();
    let request = SweepRequest::default();
    let day = super::field::DAY;
    engine.sweep(accepted, day, &request, &stop, &reports).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn start() -> (Child, Endpoints) {
    let mut nodes = Command::new(std::env::current_exe().expect("our own path"))
        .arg(nodes::NODES)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the nodes' process");
    let mut line = String::new();
    BufReader::new(nodes.stdout.take().expect("piped")).read_line(&mut line).await.expect("the nodes' endpoints");
    (nodes, serde_json::from_str(&line).expect("the nodes' endpoints"))
}

async fn engine(folder: &std::path::Path) -> (Engine, tokio::sync::mpsc::UnboundedReceiver<Event>) {
    let store = Store::open(&folder.join("store.sqlite").display().to_string()).await.expect("a store");
    let randomness = Arc::new(Randomness::from_system());
    let vault = Vault::open(&store, None, randomness.clone()).await.expect("a vault");
    let (sender, events) = tokio::sync::mpsc::unbounded_channel();
    let engine = Engine {
        store,
        vault,
        clock: Clock::System,
        randomness,
        redactor: Arc::new(Redactor::default()),
        playbooks: Arc::new(builtin::load(None).expect("the playbooks read")),
        identity: Identity::Agent { socket: None },
        by: "nadia".to_owned(),
        events: sender,
    };
    (engine, events)
}

/// The generated inventory, its sites moved to the loopback nodes; a dead one to a port where nobody listens.
async fn accepted(engine: &Engine, count: usize, endpoints: &Endpoints) -> Accepted {
    let mut inventory = inventory::check(&generated::files(count)).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port").port();
    for (number, site) in inventory.sites.values_mut().enumerate() {
        site.reach = Reach::Direct;
        "127.0.0.1".clone_into(&mut site.node.address);
        let is_dead = number % DEAD_EVERY == DEAD_EVERY - 1;
        site.node.api_port = if is_dead { closed } else { endpoints.port };
        site.node.tls_fingerprint.clone_from(&endpoints.fingerprint);
        let secret = SecretString::from(format!("{}{number}", nodes::SECRET));
        engine.vault.put_secret(&Token::Everyday.secret_name(site), &secret, 0).await.expect("a secret");
    }
    Accepted { number: 1, inventory: Arc::new(inventory) }
}

/// Requests and connections so far.
fn asked(endpoints: &Endpoints) -> (usize, usize) {
    let mut text = String::new();
    let mut stream = TcpStream::connect(("127.0.0.1", endpoints.control)).expect("the nodes listen");
    stream.read_to_string(&mut text).expect("an answer");
    let mut numbers = text.split_whitespace().filter_map(|word| word.parse().ok());
    (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
}
