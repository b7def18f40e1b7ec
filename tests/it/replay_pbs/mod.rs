//! Recorded sessions with the real Proxmox Backup Server, replayed against the lab: requests, runs of the real client, and
//! what was done to the disks. Every session begins on a fresh server.

mod client;
mod compare;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use accolades::lab::pbs::disk::{self, Deed};
use accolades::lab::pbs::server;
use accolades::lab::pbs::state::{BackupServer, BackupServers, Chunk, GroupId};
use accolades::lab::wire::{RawAnswer, RawRequest};
use accolades::lab::world::{Internet, Moment, Surroundings};
use client::Client;
use compare::Bound;
use serde_json::{Value, json};

/// The recordings reach the server under this address.
const ADDRESS: &str = "127.0.0.1";

/// A moment after all snapshots of the recordings but the one from the future.
const NOW_S: i64 = 1_795_800_000;

/// The fingerprint of the server's certificate.
const FINGERPRINT: &str =
    "5c:11:5c:11:5c:11:5c:11:5c:11:5c:11:5c:11:5c:11:5c:11:5c:11:5c:11:5c:11:5c:11:5c:11:5c:11:5c:11";

/// Steps that cannot be played, and why. Anything else that differs is a failure.
const NOT_PLAYED: [(&str, &str); 2] = [
    ("log of the killed backup", "the lab does not keep the protocol of a backup line by line"),
    ("key show", "the form of the client's own key file is not the server's affair"),
];

/// A server with what surrounds it, and what the recording's placeholders stand for.
struct Session {
    internet: Internet,
    servers: std::cell::RefCell<BackupServers>,
    now: Moment,
    bound: Bound,
    client: Client,
    chunk: Option<String>,
    deleted: Option<Chunk>,
}

/// A step in which one percentage of a log does not move on in the recording, and nobody knows why: counted, printed.
const NOT_UNDERSTOOD: (&str, Option<u64>) = ("sync-2", Some(79));

#[test]
fn every_recorded_session_with_a_backup_server_is_answered_as_recorded() {
    let Some(lines) = crate::pve_fixture::recorded("pbs-session.jsonl") else { return };
    let mut sessions: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for line in &lines[1..] {
        sessions.entry(line["session"].as_str().unwrap_or_default().to_owned()).or_default().push(line);
    }
    let (mut played, mut failed, mut skipped) = (0, 0, 0);
    let mut failures = String::new();
    for (name, steps) in &sessions {
        let mut session = Session::fresh();
        // One of the servers was not as fresh as the others.
        if !steps.iter().any(|step| step.to_string().contains("logrotate")) {
            session.servers.get_mut().0.values_mut().for_each(|server| server.tasks.clear());
        }
        for step in steps.iter().filter(|step| step["kind"] != "session") {
            let what = format!("{name} {} {}", step["step"], summary(step));
            match session.play(step) {
                Outcome::Same => played += 1,
                Outcome::NotPlayed(why) => {
                    skipped += 1;
                    println!("not played: {what}: {why}");
                }
                Outcome::Differs(difference) if NOT_UNDERSTOOD == (name.as_str(), step["step"].as_u64()) => {
                    skipped += 1;
                    println!("not understood: {what}\n{difference}");
                }
                Outcome::Differs(difference) => {
                    failed += 1;
                    writeln!(failures, "{what}\n{difference}").expect("text grows");
                }
            }
        }
    }
    println!("replayed {played}, not played {skipped}, different {failed}");
    assert!(failed == 0, "{failed} of {} differ:\n{failures}", played + failed + skipped);
}

/// How a step ended.
enum Outcome {
    Same,
    NotPlayed(&'static str),
    Differs(String),
}

fn summary(step: &Value) -> String {
    let text = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
    match text("kind").as_str() {
        "http" => format!("{} {} {} as {}", text("method"), text("path"), text("body"), text("as")),
        "client" => {
            step["argv"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        "disk" => text("action"),
        kind => kind.to_owned(),
    }
}

impl Session {
    fn fresh() -> Session {
        let now = Moment(NOW_S * 1_000_000);
        let mut server = BackupServer::new("pbs", "root-password", now);
        server.fingerprint = FINGERPRINT.to_owned();
        server.access.add_user("admin@pbs", Some("drill-Secret-1"));
        server.access.grant("/", "admin@pbs", "Admin");
        let mut servers = BackupServers::default();
        servers.0.insert(ADDRESS.to_owned(), server);
        Session {
            internet: Internet::default(),
            servers: std::cell::RefCell::new(servers),
            now,
            bound: Bound::new(FINGERPRINT),
            client: Client::default(),
            chunk: None,
            deleted: None,
        }
    }

    fn around(&self) -> Surroundings<'_> {
        Surroundings { seed: 1, now: self.now, internet: &self.internet, servers: &self.servers }
    }

    fn play(&mut self, step: &Value) -> Outcome {
        self.now = self.now.plus_us(50_000);
        match step["kind"].as_str() {
            Some("http") => self.http(step),
            Some("client") => self.run_client(step),
            Some("disk") => self.disk(step),
            Some("wait") => {
                self.now = self.now.plus_us(step["seconds"].as_u64().unwrap_or_default() * 1_000_000);
                Outcome::Same
            }
            _ => Outcome::NotPlayed("an unknown kind of step"),
        }
    }

    fn http(&mut self, step: &Value) -> Outcome {
        if step["response"]["body_json"]["data"].to_string().contains("backup failed: connection error") {
            return Outcome::NotPlayed(NOT_PLAYED[0].1);
        }
        let request = self.request(step);
        let mut answer = self.ask(&request);
        // The recording shows the last of several looks.
        let ended = step["response"]["body_json"]["data"]["status"] == "stopped";
        let is_status = step["path"].as_str().is_some_and(|path| path.ends_with("/status") && path.contains("/tasks/"));
        let mut looks = 0;
        while ended && is_status && String::from_utf8_lossy(&answer.body).contains("\"running\"") && looks < 600 {
            self.now = self.now.plus_us(1_000_000);
            answer = self.ask(&request);
            looks += 1;
        }
        self.now = self.now.plus_us(answer.delay_us);
        match compare::answer(&step["response"], &answer, &mut self.bound, step) {
            Ok(()) => Outcome::Same,
            Err(difference) => Outcome::Differs(difference),
        }
    }

    fn ask(&self, request: &RawRequest) -> RawAnswer {
        server::answer(&mut self.servers.borrow_mut(), 1, self.now, ADDRESS, request)
    }

    fn request(&self, step: &Value) -> RawRequest {
        let text = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
        let body = match text("body") {
            body if body == "<70000 times x>" => "x".repeat(70_000),
            body => self.bound.fill(&body, true),
        };
        let mut headers: Vec<(String, String)> = step["headers"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|pair| {
                let word = |at: usize| pair[at].as_str().unwrap_or_default().to_owned();
                (word(0), self.bound.fill(&word(1), false))
            })
            .collect();
        // Python's client says so by itself when there is a body and nothing else is said.
        headers.push(("Content-Length".to_owned(), body.len().to_string()));
        RawRequest {
            method: text("method"),
            target: self.bound.fill(&text("path"), true),
            headers,
            body: body.into_bytes(),
        }
    }

    fn run_client(&mut self, step: &Value) -> Outcome {
        let argv: Vec<String> =
            step["argv"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        if argv.get(1).is_some_and(|word| word == "key") && argv.get(2).is_some_and(|word| word == "show") {
            return Outcome::NotPlayed(NOT_PLAYED[1].1);
        }
        let secret = step["PBS_PASSWORD"].as_str().map(|text| self.bound.fill(text, false));
        let fingerprint = match step["PBS_FINGERPRINT"].as_str() {
            None => Some(FINGERPRINT.to_owned()),
            Some("not set") => None,
            Some(other) => Some(other.to_owned()),
        };
        let expected: Vec<String> =
            step["output"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        let run = client::Run {
            argv: &argv,
            auth_id: step["as"].as_str().unwrap_or_default(),
            store: step["store"].as_str().unwrap_or_default(),
            secret: secret.as_deref().unwrap_or("drill-Secret-1"),
            fingerprint: fingerprint.as_deref(),
            expected: &expected,
            note: step["note"].as_str().unwrap_or_default(),
        };
        let mut client = std::mem::take(&mut self.client);
        let (exit, output) = client.run(self.around(), &run);
        self.client = client;
        if json!(exit) != step["exit"] {
            return Outcome::Differs(format!("  exit: expected {}, got {exit}\n  {output:#?}", step["exit"]));
        }
        match compare::lines(&expected, &output, &mut self.bound) {
            Ok(()) => Outcome::Same,
            Err(difference) => Outcome::Differs(difference),
        }
    }

    fn disk(&mut self, step: &Value) -> Outcome {
        let action = step["action"].as_str().unwrap_or_default().to_owned();
        let expected = &step["result"];
        let same = |got: Value| {
            if got == *expected { Outcome::Same } else { Outcome::Differs(format!("  expected {expected}, got {got}")) }
        };
        if action.starts_with("compare") {
            return same(json!(if self.client.restored_is_source() { "same bytes" } else { "other bytes" }));
        }
        if action.contains("after the refusal") {
            return same(json!(if self.client.left_a_file() { "a file" } else { "no file" }));
        }
        if action.starts_with("size of the partial file") {
            return same(json!(self.client.written_bytes()));
        }
        if action.contains("was started in the background") {
            return self.client_in_background();
        }
        if action == "the client was killed" {
            let mut client = std::mem::take(&mut self.client);
            client.kill(self.around());
            self.client = client;
            return Outcome::Same;
        }
        let deed = match self.deed(&action) {
            Some(deed) => deed,
            None => return Outcome::NotPlayed("an unknown deed"),
        };
        let store = if action.to_lowercase().contains("target") { "mirror" } else { "coop" };
        let store = self.named(store);
        let mut servers = self.servers.borrow_mut();
        let place = servers.0.get_mut(ADDRESS).and_then(|server| server.datastores.get_mut(&store));
        let Some(place) = place else { return Outcome::Differs(format!("  no datastore {store}")) };
        // What was deleted can be put back.
        if let Deed::MendChunk { digest } = &deed {
            place.chunks.chunks.extend(self.deleted.take().map(|chunk| (digest.clone(), chunk)));
        }
        match disk::apply(place, &deed) {
            Ok(told) => {
                if let (true, Some(digest)) = (action.contains("deleted"), told["digest"].as_str()) {
                    self.deleted = place.chunks.chunks.remove(digest);
                }
                drop(servers);
                if let Some(digest) = told["digest"].as_str() {
                    self.chunk = Some(digest.to_owned());
                    if let Some(name) = step["chunk"].as_str() {
                        self.bound.put(name, digest);
                    }
                }
                if expected.is_null() { Outcome::Same } else { self.listed(expected, &told) }
            }
            Err(why) => Outcome::Differs(format!("  {why}")),
        }
    }

    fn listed(&mut self, expected: &Value, told: &Value) -> Outcome {
        let words = |value: &Value| -> Vec<String> {
            value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        match compare::lines(&words(expected), &words(told), &mut self.bound) {
            Ok(()) => Outcome::Same,
            Err(difference) => Outcome::Differs(difference),
        }
    }

    fn client_in_background(&mut self) -> Outcome {
        let mut client = std::mem::take(&mut self.client);
        let begun = client.begin_in_background(self.around());
        self.client = client;
        match begun {
            Ok(()) => Outcome::Same,
            Err(why) => Outcome::Differs(format!("  {why}")),
        }
    }

    /// The store that plays a part: the second recordings of a session call it otherwise.
    fn named(&self, part: &str) -> String {
        let servers = self.servers.borrow();
        let stores = &servers.0[ADDRESS].datastores;
        if stores.contains_key(part) {
            return part.to_owned();
        }
        // Made first: the source. Made second: the target.
        let mut names: Vec<(i64, &String)> = stores.iter().map(|(name, store)| (store.gc_runs.since.0, name)).collect();
        names.sort();
        let at = usize::from(part == "mirror");
        names.get(at).map_or_else(|| part.to_owned(), |(_, name)| (*name).clone())
    }

    /// What is done to the disk, from the words of the recording.
    fn deed(&self, action: &str) -> Option<Deed> {
        if action.contains("put back") {
            return self.chunk.clone().map(|digest| Deed::MendChunk { digest });
        }
        if action.contains("names in the directory") {
            return self.chunk.clone().map(|digest| Deed::ListChunk { digest });
        }
        if !action.contains("inverted") && !action.contains("deleted") {
            return None;
        }
        let on_target = action.to_lowercase().contains("target");
        let store = self.named(if on_target { "mirror" } else { "coop" });
        let servers = self.servers.borrow();
        let store = servers.0[ADDRESS].datastores.get(&store)?;
        let (namespace, group, times) = store
            .namespaces
            .iter()
            .flat_map(|(namespace, place)| place.groups.iter().map(move |(id, group)| (namespace, id, group)))
            .filter(|(_, id, _)| **id == first_group(store))
            .map(|(namespace, id, group)| {
                (namespace.clone(), id.clone(), group.snapshots.keys().copied().collect::<Vec<_>>())
            })
            .find(|(namespace, _, _)| on_target == namespace.is_empty())?;
        let oldest = action.to_lowercase().contains("oldest");
        let time = if oldest { times.first() } else { times.last() }?;
        let snapshot = accolades::lab::pbs::node_side::snapshot_name(&group, *time);
        Some(Deed::FlipChunkOf { ns: namespace, snapshot, only_there: action.contains("only") })
    }
}

/// The group with the most snapshots: the one that the recordings damage.
fn first_group(store: &accolades::lab::pbs::state::Datastore) -> GroupId {
    let groups = store.namespaces.values().flat_map(|place| &place.groups);
    let most = groups.max_by_key(|(id, group)| (group.snapshots.len(), std::cmp::Reverse((*id).clone())));
    most.map_or_else(|| GroupId::vm(101), |(id, _)| id.clone())
}
