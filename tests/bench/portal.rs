//! The portal over a large store: `figures portal 1000` fills a SQLite store with so many clients and two years of data,
//! starts the real server on one core, and asks it for clients' first screens from the other one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use accolades::billing::archive::Archive;
use accolades::domain::backup::drill::{
    NonceCheck, Origin, RECORD_VERSION, Record, TriedBackup, Verdict, Versions, not_proven,
};
use accolades::domain::backup::health::{ListingSeen, SEEN_VERSION, Sealing, Snapshot};
use accolades::domain::billing::terms::SupportKind;
use accolades::domain::ids::{ClientId, InstanceId, VmId};
use accolades::inventory;
use accolades::inventory::model::Inventory;
use accolades::portal::{Portal, Settings};
use accolades::store::secrets::Vault;
use accolades::store::{NewInventoryVersion, NewLook, NewSupportEntry, Scope, Store};
use accolades::util::clock::Clock;
use accolades::util::random::Randomness;
use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::generated;

/// Years of data, and what a client leaves in a month.
const MONTHS: i64 = 24;
const ENTRIES_PER_MONTH: i64 = 2;

/// Backups at each place.
const SNAPSHOTS: i64 = 40;

/// Microseconds of a day, and of the 30 days that count as a month here.
const DAY_US: i64 = 24 * 3600 * 1_000_000;
const MONTH_US: i64 = 30 * DAY_US;

/// Visitors who are in at once, requests per second, and for how long.
const VISITORS_MAX: usize = 200;
const PER_SECOND: u32 = 1000;
const SECONDS: u32 = 20;

/// Connections that stay open: more than that many requests are never under way.
const CONNECTIONS: usize = 64;

/// Fills a store, serves it, and tells the figures.
pub async fn portal(clients: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("store.sqlite").display());
    let began = Instant::now();
    let inventory = filled(&url, clients).await;
    println!(
        "store of {clients} clients x {MONTHS} months: {:.0} MiB, filled in {:.0} s",
        mib(&folder.path().join("store.sqlite")),
        began.elapsed().as_secs_f64()
    );

    let (mut server, address, started) = serve(folder.path(), &url);
    println!("start until the portal's address is printed: {:.0} ms", started.as_secs_f64() * 1e3);
    let idle_mib = resident_mib(server.id());
    let cookies = cookies(&url, folder.path(), &inventory, &address).await;
    let page = one(&address, &cookies[0].1, &cookies[0].0).await;
    let style = page.split("rel=\"stylesheet\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
    let style = one(&address, "", style.expect("a style sheet")).await;
    println!("first screen: {} bytes, {} with its style sheet", page.len(), page.len() + style.len());

    // Each visitor's first look, one after another: nothing is kept yet. Afterwards all of them have been in for a while.
    let mut first = Vec::new();
    for (path, cookie) in &cookies {
        let asked = Instant::now();
        one(&address, cookie, path).await;
        first.push(asked.elapsed());
    }
    tell("first look of each visitor, one after another", first);
    let times = load(&address, &cookies).await;
    let what = format!("first screen at {PER_SECOND} requests a second for {SECONDS} s by {} visitors", cookies.len());
    tell(&what, times);
    println!("server: {:.0} MiB resident after it, {idle_mib:.0} MiB before", resident_mib(server.id()));
    server.kill().expect("it is ours to end");
    server.wait().expect("it ends");
}

fn tell(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list"
        )]
        let place = ((times.len() - 1) as f64 * share) as usize;
        times[place].as_secs_f64() * 1e3
    };
    println!("{what}: p50 {:.2} ms, p99 {:.2} ms, worst {:.1} ms", at(0.5), at(0.99), at(1.0));
}

/// An accepted inventory of so many clients and two years of what is recorded about them.
async fn filled(url: &str, clients: usize) -> Inventory {
    let files = generated::files(clients);
    let inventory = inventory::check(&files).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let store = Store::open(url).await.expect("a store");
    let version = NewInventoryVersion {
        follows: 0,
        content_hash: inventory::content_hash(&files),
        model: serde_json::to_value(&inventory).expect("plain data"),
        files,
        accepted_by: "nadia".to_owned(),
        accepted_at_us: 0,
        difference: String::new(),
    };
    store.accept_inventory(&version).await.expect("accepted");
    let now_us = Timestamp::now().as_microsecond();
    for instance in inventory.instances.values() {
        let client = inventory.clients.values().find(|one| one.placements.iter().any(|at| at.instance == instance.id));
        let client = &client.expect("every instance has its client").id;
        record(&store, client, &instance.id, now_us).await;
    }
    store.close().await;
    inventory
}

async fn record(store: &Store, client: &ClientId, instance: &InstanceId, now_us: i64) {
    for month in 0..MONTHS {
        let at_us = now_us - (MONTHS - month) * MONTH_US;
        for number in 0..ENTRIES_PER_MONTH {
            let entry = NewSupportEntry {
                client: client.clone(),
                kind: SupportKind::Help,
                started_at_us: at_us + number * DAY_US,
                minutes: 25,
                words: "Aide à la connexion d’un téléphone".to_owned(),
                not_accounted: None,
                corrects: None,
                reason: None,
                by: "nadia".to_owned(),
                at_us: at_us + number * DAY_US,
            };
            store.record_support(&entry).await.expect("recorded");
        }
        let drill = drill(store, client, instance, at_us).await;
        store.keep_drill(&drill, &[(client.clone(), drill.clone())]).await.expect("kept");
    }
    let looks: Vec<NewLook> = ["backup-local", "backup-remote"]
        .into_iter()
        .map(|what| NewLook {
            scope: Scope::Client(client.clone()),
            subject_kind: "instance",
            subject_id: instance.to_string(),
            what: what.to_owned(),
            at_us: now_us,
            found: Ok(serde_json::to_value(listing(now_us)).expect("plain data")),
        })
        .collect();
    store.record_looks(&looks).await.expect("recorded");
}

/// What lies at a place: a backup a day.
fn listing(now_us: i64) -> ListingSeen {
    let snapshots = (1..=SNAPSHOTS).map(|day| Snapshot {
        id: format!("backup-{day}"),
        at: Timestamp::from_microsecond(now_us - day * DAY_US).expect("an instant"),
        size_bytes: 40_000_000_000,
        sealing: Sealing::Encrypted,
        verification: None,
        protected: false,
    });
    ListingSeen { version: SEEN_VERSION, snapshots: snapshots.collect() }
}

async fn drill(store: &Store, client: &ClientId, instance: &InstanceId, at_us: i64) -> Record {
    let nonce = Some("0123456789abcdef".to_owned());
    Record {
        version: RECORD_VERSION,
        id: format!("{instance}-{at_us}"),
        instance: instance.clone(),
        clients: vec![client.clone()],
        from: Origin::Local,
        site: "site-0000".parse().expect("an id"),
        node: "pve1".to_owned(),
        place: None,
        backup: Some(TriedBackup {
            volume: "local:backup/vzdump-qemu.vma.zst".to_owned(),
            at_us: at_us - DAY_US,
            size_bytes: 40_000_000_000,
            encrypted: false,
        }),
        vmid: Some(VmId(1999)),
        by: "nadia".to_owned(),
        began_at_us: at_us,
        ended_at_us: at_us + 600_000_000,
        phases: Vec::new(),
        checks: Vec::new(),
        nonce: NonceCheck {
            wanted: nonce.clone(),
            wanted_at_us: Some(at_us - DAY_US),
            found: nonce,
            found_at_us: Some(at_us - DAY_US),
        },
        destroyed: Some(true),
        last_proven_at_us: None,
        verdict: Verdict::Proven,
        not_proven: not_proven(false, false),
        versions: Versions::default(),
        previous: store.last_drill_hash(instance).await.expect("readable"),
    }
}

/// The server on the first core; how long it took until it said where it is.
fn serve(folder: &Path, url: &str) -> (std::process::Child, String, Duration) {
    let began = Instant::now();
    let mut server = Command::new("taskset")
        .args(["-c", "0", env!("CARGO_BIN_EXE_accolades"), "--store", url])
        .args(["serve", "--listen", "127.0.0.1:0", "--no-jobs"])
        .current_dir(folder)
        .env("USER", "nadia")
        .stdout(Stdio::piped())
        .spawn()
        .expect("`taskset` of util-linux, and the binary");
    let mut line = String::new();
    let mut lines = std::io::BufReader::new(server.stdout.take().expect("piped"));
    std::io::BufRead::read_line(&mut lines, &mut line).expect("the portal says where it is");
    let took = began.elapsed();
    let address = line.trim().trim_start_matches("portal http://").to_owned();
    std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    (server, address, took)
}

/// Visitors who are in: the path of their first screen, and their cookie.
async fn cookies(url: &str, folder: &Path, inventory: &Inventory, address: &str) -> Vec<(String, String)> {
    let store = Store::open(url).await.expect("the store");
    let randomness = Arc::new(Randomness::from_system());
    let vault = Vault::open(&store, None, randomness.clone()).await.expect("its key");
    let settings = Settings { public_url: format!("http://{address}"), archive: Archive::in_folder(folder) };
    let public = settings.public_url.clone();
    let portal = Portal::new(store, vault, Clock::System, randomness, settings);
    let mut cookies = Vec::new();
    for client in inventory.clients.values().take(VISITORS_MAX) {
        let Some(contact) = client.contacts.first() else { continue };
        let link = portal.entry_link(&contact.email, Timestamp::now()).await.expect("a link");
        let path = link.strip_prefix(&public).expect("its own address");
        let answer = ask(address, "POST", path, "", "vers=%2F").await;
        let cookie = answer.split("set-cookie: ").nth(1).and_then(|rest| rest.split(';').next());
        cookies.push((format!("/c/{}", client.id), cookie.unwrap_or_else(|| panic!("{answer}")).to_owned()));
    }
    cookies
}

async fn ask(address: &str, method: &str, path: &str, cookie: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\nCookie: {cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

/// The body of one answer.
async fn one(address: &str, cookie: &str, path: &str) -> String {
    let answer = ask(address, "GET", path, cookie, "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
}

/// Requests at their moments, whether or not the ones before have been answered: each counts from its moment on.
async fn load(address: &str, cookies: &[(String, String)]) -> Vec<Duration> {
    let total = PER_SECOND * SECONDS;
    let (sender, moments) = async_queue(total as usize);
    let began = Instant::now() + Duration::from_millis(200);
    let mut workers = Vec::new();
    for _ in 0..CONNECTIONS {
        let (moments, address) = (moments.clone(), address.to_owned());
        let requests: Vec<String> = cookies
            .iter()
            .map(|(path, cookie)| format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\n\r\n"))
            .collect();
        workers.push(tokio::spawn(async move {
            let mut stream = BufReader::new(TcpStream::connect(&address).await.expect("it listens"));
            let mut times = Vec::new();
            loop {
                let next = moments.lock().await.recv().await;
                let Some(number) = next else { return times };
                let moment = began + Duration::from_secs(1) * number / PER_SECOND;
                stream
                    .get_mut()
                    .write_all(requests[number as usize % requests.len()].as_bytes())
                    .await
                    .expect("written");
                answered(&mut stream).await;
                times.push(moment.elapsed());
            }
        }));
    }
    let mut tick = tokio::time::interval_at(began.into(), Duration::from_millis(1));
    let mut sent = 0;
    while sent < total {
        tick.tick().await;
        // Whatever is due by now, should a tick have come late.
        #[allow(clippy::cast_possible_truncation, reason = "less than a day of milliseconds")]
        let due = (began.elapsed().as_millis() as u32 * PER_SECOND / 1000 + 1).min(total);
        while sent < due {
            sender.send(sent).await.expect("somebody takes it");
            sent += 1;
        }
    }
    drop(sender);
    let mut times = Vec::new();
    for worker in workers {
        times.extend(worker.await.expect("it works"));
    }
    assert_eq!(times.len(), total as usize);
    times
}

type Moments = Arc<tokio::sync::Mutex<tokio::sync::mpsc::Receiver<u32>>>;

fn async_queue(room: usize) -> (tokio::sync::mpsc::Sender<u32>, Moments) {
    let (sender, receiver) = tokio::sync::mpsc::channel(room);
    (sender, Arc::new(tokio::sync::Mutex::new(receiver)))
}

/// Reads one answer to its end; anything but a page stops the figures.
async fn answered(stream: &mut BufReader<TcpStream>) {
    let (mut length, mut line, mut first) = (0, String::new(), true);
    loop {
        line.clear();
        stream.read_line(&mut line).await.expect("an answer");
        if std::mem::take(&mut first) {
            assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("a body");
}

/// Memory of a process that is resident, in MiB. `taskset` becomes the server, so it has one id.
fn resident_mib(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|word| word.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}

#[allow(clippy::cast_precision_loss, reason = "a size in MiB, rounded")]
fn mib(path: &PathBuf) -> f64 {
    std::fs::metadata(path).map_or(0.0, |file| file.len() as f64 / f64::from(1 << 20))
}
