//! The recorded session of Proxmox VE's own storage plugin with a real backup server, replayed against the lab.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use accolades::lab::pbs::node_side::{self, Login, Upload};
use accolades::lab::pbs::state::snapshot::MANIFEST;
use accolades::lab::pbs::state::{Archive, BackupServer, CryptMode, EncryptionKey, GroupId, Place, Verification};
use accolades::lab::pve::backups::server::{Plugin, VolumeName, secret_path};
use accolades::lab::pve::backups::{Entry, Level, Pruned, Which};
use accolades::lab::pve::call::{Call, Caller};
use accolades::lab::pve::handlers::storage_pbs;
use accolades::lab::pve::retention::Keep;
use accolades::lab::world::{Moment, SiteSpec, World};
use serde_json::{Value, json};

use crate::pve_fixture::recorded;

const SERVER: &str = "pbs.example";
const PASSWORD: &str = "drill-Secret-1";
const TOKEN: &str = "backup1@pbs!vm101";
const TOKEN_SECRET: &str = "token-secret";
const CONFIG: &str = "name: guest-1\nmemory: 2048\nscsi0: local-lvm:vm-101-disk-0,size=12M\n";
/// 2026-11-18T11:06:40Z, when the first snapshot was taken.
const FIRST_S: i64 = 1_795_000_000;
const DAY_S: i64 = 86_400;
const MIB: u64 = 1024 * 1024;

/// A node and a server as they were at the session's start.
struct Session {
    world: World,
    key: EncryptionKey,
    /// Fingerprint of the key that step 23 generates.
    generated: String,
}

impl Session {
    fn new() -> Session {
        let mut world = World::new(5);
        let subnet = "192.0.2.0/24".parse().expect("a subnet");
        world.add_site(SiteSpec::box_with_disk("atelier", "pve1", "WD-1", subnet));
        world.advance_to(Moment((FIRST_S - 3_600) * 1_000_000));
        let mut server = BackupServer::new("pbs", "root-password", world.now);
        server.fingerprint = "c5:00:".repeat(15) + "c5:00";
        server.access.add_user("admin@pbs", Some(PASSWORD));
        server.access.grant("/", "admin@pbs", "Admin");
        server.access.add_user("backup1@pbs", Some("other"));
        server.access.add_token(TOKEN, TOKEN_SECRET);
        for holder in ["backup1@pbs", TOKEN] {
            server.access.grant("/datastore/coop/clients", holder, "DatastoreBackup");
        }
        world.backup_servers.borrow_mut().0.insert(SERVER.to_owned(), server);
        let mut session = Session { world, key: EncryptionKey::new([9; 32]), generated: String::new() };
        for id in ["pbs1", "pbsenc", "pbsk"] {
            session.secret(id, "pw", PASSWORD);
        }
        session.secret("pbsbad", "pw", "wrong");
        session.secret("pbstok", "pw", TOKEN_SECRET);
        let file = session.key.file("2026-11-18T12:00:00+01:00");
        session.secret("pbsk", "enc", &file);
        session
    }

    fn secret(&mut self, id: &str, what: &str, text: &str) {
        let node = &mut self.world.sites.get_mut("atelier").expect("the site").node;
        node.files.create(&secret_path(id, what), 0o600, "root", format!("{text}\n"));
    }

    fn fingerprint(&self) -> String {
        self.world.backup_servers.borrow().0[SERVER].fingerprint.clone()
    }

    fn server(&self, change: impl FnOnce(&mut BackupServer)) {
        change(self.world.backup_servers.borrow_mut().0.get_mut(SERVER).expect("the server"));
    }

    /// What happened between the recorded steps, as their notes and answers tell.
    fn before(&mut self, line: &Value) {
        let note = line["note"].as_str().unwrap_or_default();
        let exists = self.world.backup_servers.borrow().0[SERVER].datastores.contains_key("coop");
        if !exists && !["before the datastore exists", "datastore does not exist"].contains(&note) {
            self.server(|server| {
                let store = server.add_datastore("coop", 100 * 1024 * MIB);
                for namespace in ["clients", "clients-b"] {
                    store.namespaces.entry(namespace.to_owned()).or_default();
                }
            });
        }
        if note.starts_with("one noted and verified ok") {
            self.fill();
        }
        let own = line["storage"] == "pbstok" && line["result"][0]["vmid"] == 909;
        if own {
            self.store("clients", "vm", "909", FIRST_S, 8 * MIB, (TOKEN, TOKEN_SECRET), None);
        }
        match note {
            "maintenance read-only" => self.maintain("read-only"),
            "maintenance offline" => self.maintain("offline,message=disk swap"),
            _ => {}
        }
    }

    fn maintain(&self, mode: &str) {
        self.server(|server| {
            let store = server.datastores.get_mut("coop").expect("the datastore");
            store.options.insert("maintenance-mode".to_owned(), json!(mode));
        });
    }

    fn fill(&mut self) {
        let admin = ("admin@pbs", PASSWORD);
        self.store("clients", "vm", "101", FIRST_S, 12 * MIB, admin, None);
        self.store("clients", "vm", "101", FIRST_S + DAY_S, 12 * MIB, admin, None);
        self.store("clients", "vm", "101", FIRST_S + 2 * DAY_S, 12 * MIB, admin, None);
        self.store("clients", "vm", "102", FIRST_S + 5, 8 * MIB, admin, None);
        self.store("clients", "vm", "abc", FIRST_S + 6, MIB, admin, None);
        self.store("clients", "host", "web", FIRST_S + 7, MIB, admin, None);
        self.store("clients", "ct", "77", FIRST_S + 8, 0, admin, None);
        self.store("clients-b", "vm", "101", FIRST_S, 12 * MIB, admin, Some(CryptMode::Encrypt));
        self.store("clients-b", "vm", "102", FIRST_S, 8 * MIB, admin, Some(CryptMode::SignOnly));
        self.server(|server| {
            let store = server.datastores.get_mut("coop").expect("the datastore");
            let place =
                |id: &str, time: i64| Place { namespace: "clients".to_owned(), group: GroupId::new("vm", id), time };
            let first = store.snapshot_mut(&place("101", FIRST_S)).expect("the first");
            let manifest = first.manifest.as_mut().expect("finished");
            manifest.notes = "first line\nsecond line".to_owned();
            manifest.verification = Some(Verification { upid: "UPID:ok".to_owned(), ok: true });
            store.snapshot_mut(&place("101", FIRST_S + DAY_S)).expect("the second").protected = true;
            let third = store.snapshot_mut(&place("101", FIRST_S + 2 * DAY_S)).expect("the third");
            third.manifest = None;
            third.files.retain(|file| file.name != MANIFEST);
            let damaged = store.snapshot_mut(&place("102", FIRST_S + 5)).expect("the other guest's");
            let state = Verification { upid: "UPID:failed".to_owned(), ok: false };
            damaged.manifest.as_mut().expect("finished").verification = Some(state);
        });
    }

    #[allow(clippy::too_many_arguments)]
    fn store(
        &mut self,
        namespace: &str,
        kind: &str,
        id: &str,
        time: i64,
        disk_bytes: u64,
        (auth_id, secret): (&str, &str),
        mode: Option<CryptMode>,
    ) {
        let fingerprint = self.fingerprint();
        let login = Login {
            address: SERVER,
            port: 8007,
            fingerprint: Some(&fingerprint),
            auth_id,
            secret,
            datastore: "coop",
            namespace,
        };
        let group = GroupId::new(kind, id);
        let key = mode.map(|_| self.key.clone());
        let upload = Upload { group: &group, time, key: key.as_ref(), mode: mode.unwrap_or(CryptMode::None) };
        let file = if kind == "ct" { "pct.conf.blob" } else { "qemu-server.conf.blob" };
        let mut archives = vec![Archive::blob(file, CONFIG.as_bytes())];
        if disk_bytes > 0 {
            let content = format!("{kind}/{id} of {namespace}").into_bytes();
            archives.push(Archive::disk("drive-scsi0.img.fidx", content, disk_bytes));
        }
        let (_, around) = self.world.site_mut("atelier").expect("the site");
        node_side::upload(around, &login, &upload, &archives).expect("the server takes it");
    }

    /// Puts names of this world in the place of the recording's.
    fn local(&self, text: &str) -> String {
        let fingerprint = self.fingerprint();
        text.replace("<server>", SERVER)
            .replace("<fingerprint#1>", &fingerprint.to_lowercase())
            .replace("<server fingerprint, upper case>", &fingerprint.to_uppercase())
            .replace("<fingerprint#2>", &short_or(&self.generated))
            .replace("<fingerprint#3>", &self.key.fingerprint())
    }

    fn answer(&mut self, line: &Value) -> Answer {
        let id = line["storage"].as_str().expect("a storage").to_owned();
        let args = &line["args"];
        let mut options: BTreeMap<String, String> = BTreeMap::new();
        for (key, value) in line["scfg"].as_object().expect("a definition").iter().filter(|(key, _)| *key != "type") {
            let text = match value {
                Value::String(text) => self.local(text),
                Value::Object(content) => content.keys().cloned().collect::<Vec<_>>().join(","),
                other => other.to_string(),
            };
            options.insert(key.clone(), text);
        }
        if line["call"] == "on_add_hook" {
            return self.add(&id, options, &args[0]);
        }
        let (site, around) = self.world.site_mut("atelier").expect("the site");
        let mut plugin = Plugin::of(site, &id, &options);
        let name = || VolumeName::parse(args[0].as_str().unwrap_or_default());
        let done = |result: Result<(), String>| Answer::of(result.map(|()| Value::Null));
        match line["call"].as_str().expect("a call") {
            "scan_datastores" => {
                plugin.password = args[0].as_str().map(str::to_owned);
                Answer::of(plugin.scan_datastores(around).map(|names| json!(names)))
            }
            "activate_storage" => Answer::of(plugin.activate(around).map(|()| json!(1))),
            "status" => {
                let (status, warnings) = plugin.status(around);
                let result = json!([status.total, status.free, status.used, u8::from(status.active)]);
                Answer { warnings, ..Answer::of(Ok(result)) }
            }
            "list_volumes" => {
                let vmid = args[0].as_u64().and_then(|vmid| u32::try_from(vmid).ok());
                Answer::of(plugin.list(around, vmid).map(|list| list.iter().map(entry).collect()))
            }
            "parse_volname" => Answer::of(name().map(|name| {
                json!([
                    "backup",
                    name.snapshot(),
                    name.vmid().map(|id| id.to_string()),
                    null,
                    null,
                    null,
                    name.format()
                ])
            })),
            "volume_size_info" => Answer::of(name().and_then(|name| {
                let size = plugin.size(around, &name)?;
                Ok(json!([size, name.format(), size, null]))
            })),
            "get_volume_attribute" => Answer::of(name().and_then(|name| match args[1].as_str() {
                Some("notes") => plugin.notes(around, &name).map(|text| json!(text)),
                _ => plugin.protected(around, &name).map(|yes| json!(yes)),
            })),
            "update_volume_attribute" => done(name().and_then(|name| match args[1].as_str() {
                Some("notes") => plugin.set_notes(around, &name, args[2].as_str().unwrap_or_default()),
                _ => plugin.set_protected(around, &name, args[2] == 1),
            })),
            "free_image" => done(name().and_then(|name| plugin.remove(around, &name))),
            "extract_vzdump_config" => {
                Answer::of(name().and_then(|name| plugin.config(around, &name)).map(|text| json!(text)))
            }
            "prune_backups" => {
                let keep = args[0].as_object().expect("rules");
                let keep: Vec<String> = keep.iter().map(|(rule, count)| format!("{rule}={count}")).collect();
                let which =
                    Which { vmid: args[1].as_u64().and_then(|vmid| u32::try_from(vmid).ok()), kind: args[2].as_str() };
                let mut log = Vec::new();
                let mut say = |level, text: String| {
                    log.push(match level {
                        Level::Info => json!(["info", text]),
                        Level::Error => json!(["err", format!("{text}\n\n")]),
                    });
                };
                let keep = Keep::parse(&keep.join(","));
                let result = plugin.prune(around, &keep, which, args[3] == 1, &mut say);
                Answer { log, ..Answer::of(result.map(|list| list.iter().map(pruned).collect())) }
            }
            other => panic!("the recording calls {other}"),
        }
    }

    fn add(&mut self, id: &str, mut options: BTreeMap<String, String>, given: &Value) -> Answer {
        let params = given.as_object().cloned().expect("parameters");
        let call = Call { caller: Caller { user: "root@pam".to_owned(), token: None }, params };
        let (site, around) = self.world.site_mut("atelier").expect("the site");
        let added = storage_pbs::add_secrets(site, around, &call, id, &mut options);
        if let Some(fingerprint) = options.get("encryption-key") {
            self.generated.clone_from(fingerprint);
        }
        Answer::of(added.map(|returned| {
            let mut shown: Value = json!(options);
            shown["content"] = json!({ "backup": 1 });
            shown["type"] = json!("pbs");
            json!({ "returned": returned, "scfg_after": shown })
        }))
    }
}

fn short_or(fingerprint: &str) -> String {
    if fingerprint.is_empty() { "<fingerprint#2>".to_owned() } else { fingerprint.to_owned() }
}

#[derive(Debug, Default)]
struct Answer {
    result: Option<Value>,
    error: Option<String>,
    warnings: Vec<String>,
    log: Vec<Value>,
}

impl Answer {
    fn of(result: Result<Value, String>) -> Answer {
        match result {
            Ok(value) => Answer { result: Some(value), ..Answer::default() },
            // Perl's errors end with a line break.
            Err(error) => Answer { error: Some(format!("{error}\n")), ..Answer::default() },
        }
    }

    fn shown(self) -> Value {
        let mut shown = json!({});
        if let Some(result) = self.result {
            shown["result"] = result;
        }
        if let Some(error) = self.error {
            shown["error"] = json!(error);
        }
        if !self.warnings.is_empty() {
            shown["warnings"] = self.warnings.iter().map(|line| json!(format!("{line}\n"))).collect();
        }
        if !self.log.is_empty() {
            shown["log"] = json!(self.log);
        }
        shown
    }
}

fn entry(one: &Entry) -> Value {
    let mut shown = json!({
        "content": "backup", "ctime": one.made_s, "format": one.format, "size": one.size_bytes,
        "subtype": one.subtype, "vmid": one.vmid, "volid": one.volid,
    });
    if let Some(notes) = &one.notes {
        shown["notes"] = json!(notes);
    }
    if one.protected {
        shown["protected"] = json!(1);
    }
    if let Some(fingerprint) = &one.encrypted {
        shown["encrypted"] = json!(fingerprint);
    }
    if let Some((state, upid)) = &one.verification {
        shown["verification"] = json!({ "state": state, "upid": upid });
    }
    shown
}

fn pruned(one: &Pruned) -> Value {
    json!({
        "ctime": one.made_s, "mark": one.mark.name(), "type": one.kind,
        "vmid": one.vmid.map(|vmid| vmid.to_string()), "volid": one.volid,
    })
}

/// Both sides without what depends on chance: sizes in whole MiB, task ids, keys and times, the order of lists.
fn comparable(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> =
                fields.iter().map(|(key, one)| (key.clone(), field(key, one))).collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(comparable).collect();
            if items.iter().any(|one| one.get("volid").is_some()) {
                items.sort_by_key(Value::to_string);
            }
            if items.get(1).is_some_and(|format| format == "pbs-vm") {
                // Size, format, used size.
                (items[0], items[2]) = (mebibytes(&items[0]), mebibytes(&items[2]));
            }
            Value::Array(items)
        }
        other => other.clone(),
    }
}

fn field(key: &str, value: &Value) -> Value {
    match key {
        "size" => mebibytes(value),
        "upid" => json!("<upid>"),
        "encryption-key" if value.as_str().is_some_and(|text| text.starts_with('{')) => {
            let file: Value = serde_json::from_str(value.as_str().unwrap_or_default()).unwrap_or_default();
            json!([file["kdf"], file["fingerprint"], file.get("data").is_some(), file.get("created").is_some()])
        }
        _ => comparable(value),
    }
}

/// A size of 1 says that there is no manifest, and counts as it is.
fn mebibytes(value: &Value) -> Value {
    match value.as_u64() {
        Some(1) | None => value.clone(),
        Some(bytes) => json!(format!("{} MiB", bytes / MIB)),
    }
}

/// `<int>` stands for any positive number.
fn fits(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::String(text), found) if text == "<int>" => found.as_u64().is_some_and(|number| number > 0),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| fits(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, one)| b.get(key).is_some_and(|other| fits(one, other)))
        }
        _ => expected == found,
    }
}

#[test]
fn replay_pve_pbs_every_call_of_the_plugin_is_answered_as_recorded() {
    let Some(lines) = recorded("pve-pbs-storage.jsonl") else { return };
    let mut session = Session::new();
    let (mut failures, mut failed) = (String::new(), 0);
    for line in &lines[1..] {
        session.before(line);
        let found = comparable(&session.answer(line).shown());
        let mut expected = json!({});
        for key in ["result", "error", "warnings", "log"] {
            if let Some(value) = line.get(key) {
                expected[key] = value.clone();
            }
        }
        let text = session.local(&expected.to_string());
        let expected = comparable(&serde_json::from_str(&text).expect("JSON"));
        if !fits(&expected, &found) {
            failed += 1;
            let what = format!("{} {} {} {}", line["step"], line["call"], line["storage"], line["args"]);
            writeln!(failures, "{what}\n  expected {expected}\n       got {found}").expect("text grows");
        }
    }
    println!("replayed {}", lines.len() - 1);
    assert!(failed == 0, "{failed} of {} differ:\n{failures}", lines.len() - 1);
}
