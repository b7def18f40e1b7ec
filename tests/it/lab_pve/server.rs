//! Sections 9, 10 and 16 with a backup server: what a node sees of it, and what comes back from it.

use accolades::lab::pbs::state::{BackupServer, EncryptionKey, GroupId, Place};
use accolades::lab::pve::call::Refusal;
use accolades::lab::world::SiteSpec;
use serde_json::{Value, json};

use super::{Lab, died};

const SERVER: &str = "pbs.example";
const FINGERPRINT: &str =
    "aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99";
const NODE: &str = "node@pbs!atelier";
const QEMU: &str = "/nodes/{node}/qemu";
const STATUS: &str = "/nodes/{node}/storage/{storage}/status";
const CONTENT: &str = "/nodes/{node}/storage/{storage}/content";
const MARKER: &str = "/var/lib/accolades/marker.json";

fn with(mut params: Value, more: Value) -> Value {
    let more = more.as_object().cloned().expect("an object");
    params.as_object_mut().expect("an object").extend(more);
    params
}

/// A server with the namespace `lilas`, in which the node's token may append, and which another token may read.
fn ready() -> Lab {
    let lab = Lab::with_guest();
    let mut server = BackupServer::new("pbs", "root-password", lab.world.now);
    server.fingerprint = FINGERPRINT.to_owned();
    server.access.add_user("node@pbs", Some("password"));
    server.access.add_token(NODE, "secret");
    for holder in ["node@pbs", NODE] {
        server.access.grant("/datastore/coop/lilas", holder, "DatastoreBackup");
    }
    server.access.add_user("reader@pbs", Some("reading"));
    server.access.grant("/datastore/coop/lilas", "reader@pbs", "DatastoreReader");
    let store = server.add_datastore("coop", 1_000_000_000_000);
    store.namespaces.entry("lilas".to_owned()).or_default();
    lab.world.backup_servers.borrow_mut().0.insert(SERVER.to_owned(), server);
    lab
}

fn definition() -> Value {
    json!({
        "storage": "pbs-lilas", "type": "pbs", "server": SERVER, "datastore": "coop", "namespace": "lilas",
        "username": NODE, "password": "secret", "fingerprint": FINGERPRINT,
    })
}

fn defined(more: Value) -> Lab {
    let mut lab = ready();
    lab.call("POST", "/storage", with(definition(), more)).expect("the storage is defined");
    lab
}

fn change(lab: &mut Lab, run: impl FnOnce(&mut BackupServer)) {
    run(lab.world.backup_servers.borrow_mut().0.get_mut(SERVER).expect("the server"));
}

fn backup(lab: &mut Lab) -> (String, Vec<String>) {
    lab.backup(json!({ "vmid": "101", "storage": "pbs-lilas" }))
}

fn has(log: &[String], line: &str) -> bool {
    log.iter().any(|one| one == line)
}

fn write(lab: &mut Lab, text: &str) {
    lab.vm(101).guest.as_mut().expect("a guest").files.write(MARKER, text);
}

fn newest(lab: &mut Lab) -> String {
    let mut list = lab.stored("pbs-lilas");
    list.sort_by_key(|one| one["ctime"].as_i64());
    list.last().expect("a backup")["volid"].as_str().expect("an id").to_owned()
}

#[test]
fn pve_s9a_a_backup_to_a_server_has_its_words_and_its_volume() {
    let mut lab = defined(json!({}));
    let (exit, log) = backup(&mut lab);
    assert_eq!(exit, "OK", "{log:#?}");
    assert!(log.iter().any(|line| line.starts_with("INFO: creating Proxmox Backup Server archive 'vm/101/2026-09-")));
    assert!(has(&log, "INFO: scsi0: dirty-bitmap status: created new"), "{log:#?}");
    let list = lab.stored("pbs-lilas");
    assert_eq!(list.len(), 1);
    let volid = list[0]["volid"].as_str().expect("an id");
    assert!(volid.starts_with("pbs-lilas:backup/vm/101/2026-09-01T06:") && volid.ends_with('Z'), "{volid}");
    assert_eq!((&list[0]["format"], &list[0]["subtype"]), (&json!("pbs-vm"), &json!("qemu")));
    assert!(list[0]["size"].as_u64().is_some_and(|size| size > 3 << 30), "{list:?}");
    let text = lab.get("/nodes/{node}/vzdump/extractconfig", json!({ "volume": volid }));
    assert!(text.as_str().is_some_and(|text| text.contains("name: lilas\n")), "{text}");
}

#[test]
fn pve_s9a_the_dirty_bitmap_lives_in_the_running_qemu_and_is_lost_with_it() {
    let mut lab = defined(json!({}));
    assert_eq!(backup(&mut lab).0, "OK");
    lab.world.advance_by_us(86_400_000_000);
    write(&mut lab, "{\"nonce\":\"second\"}");
    let before = lab.world.now;
    let (exit, log) = backup(&mut lab);
    let quick_s = (lab.world.now.0 - before.0) / 1_000_000;
    assert_eq!(exit, "OK");
    assert!(
        log.iter().any(|line| line.starts_with("INFO: scsi0: dirty-bitmap status: OK (1.7 GiB of 3.0 GiB dirty)")),
        "{log:#?}"
    );
    assert!(log.iter().any(|line| line.starts_with("INFO: using fast incremental mode (dirty-bitmap)")), "{log:#?}");
    // A restart inside the guest keeps it, stopping and starting does not.
    for (verb, path) in [("POST", "stop"), ("POST", "start")] {
        let path = format!("/nodes/{{node}}/qemu/{{vmid}}/status/{path}");
        assert_eq!(lab.task(verb, &path, json!({ "vmid": 101 })), "OK");
    }
    lab.world.advance_by_us(60_000_000);
    let (exit, log) = backup(&mut lab);
    assert_eq!(exit, "OK");
    assert!(has(&log, "INFO: scsi0: dirty-bitmap status: created new"), "the whole disk is read again: {log:#?}");
    assert!(log.iter().any(|line| line.starts_with("INFO: backup was done incrementally, reused ")), "{log:#?}");
    assert!(quick_s < 600, "{quick_s} s");
}

#[test]
fn pve_s9a_backing_up_to_two_places_on_a_server_alternately_loses_the_bitmap() {
    let mut lab = defined(json!({}));
    change(&mut lab, |server| {
        server.datastores.get_mut("coop").expect("it").namespaces.entry("other".to_owned()).or_default();
        for holder in ["node@pbs", NODE] {
            server.access.grant("/datastore/coop/other", holder, "DatastoreBackup");
        }
    });
    // Changed rights take a moment on the server.
    lab.world.advance_by_us(6_000_000);
    let other = with(definition(), json!({ "storage": "other", "namespace": "other" }));
    assert!(lab.call("POST", "/storage", other).is_ok());
    assert_eq!(backup(&mut lab).0, "OK");
    assert_eq!(lab.backup(json!({ "vmid": "101", "storage": "other" })).0, "OK");
    let (_, log) = backup(&mut lab);
    let lost = "INFO: scsi0: dirty-bitmap status: existing bitmap was invalid and has been cleared";
    assert!(has(&log, lost), "{log:#?}");
}

#[test]
fn pve_s9a_a_local_backup_does_not_touch_the_servers_bitmap() {
    let mut lab = defined(json!({}));
    assert_eq!(backup(&mut lab).0, "OK");
    assert_eq!(lab.backup(json!({ "vmid": "101", "storage": "local" })).0, "OK");
    let (_, log) = backup(&mut lab);
    assert!(log.iter().any(|line| line.contains("dirty-bitmap status: OK")), "{log:#?}");
}

#[test]
fn pve_s9a_a_prune_without_the_right_fails_the_guest_although_the_snapshot_exists() {
    let mut lab = defined(json!({ "prune-backups": "keep-last=3" }));
    let (exit, log) = backup(&mut lab);
    assert_eq!(exit, "job errors");
    assert!(has(&log, "ERROR: Backup of VM 101 failed - error pruning backups - check log"), "{log:#?}");
    let why = "missing Datastore.Modify|Datastore.Prune on /datastore/coop/lilas";
    assert!(log.iter().any(|line| line.starts_with("ERROR: prune 'vm/101': ") && line.ends_with(why)), "{log:#?}");
    assert_eq!(lab.stored("pbs-lilas").len(), 1);
    assert_eq!(lab.vm(101).lock(), None);
}

#[test]
fn pve_s9c_a_running_backup_appears_before_it_is_finished() {
    let mut lab = defined(json!({}));
    let upid = lab.started("POST", "/nodes/{node}/vzdump", json!({ "vmid": "101", "storage": "pbs-lilas" }));
    lab.world.advance_by_us(1_000_000);
    let list = lab.stored("pbs-lilas");
    assert_eq!((list.len(), &list[0]["size"]), (1, &json!(1)));
    assert_eq!(lab.wait(&upid), "OK");
    assert!(lab.stored("pbs-lilas")[0]["size"].as_u64().is_some_and(|size| size > 1));
}

#[test]
fn pve_s9d_a_generated_key_is_told_once_and_its_fingerprint_shown() {
    let mut lab = ready();
    let answer = lab.call("POST", "/storage", with(definition(), json!({ "encryption-key": "autogen" })));
    let answer = answer.expect("defined");
    let file = answer["config"]["encryption-key"].as_str().expect("the key, once").to_owned();
    let key = EncryptionKey::parse(&file).expect("a key file");
    let shown = lab.get("/storage/{storage}", json!({ "storage": "pbs-lilas" }));
    assert_eq!(shown["encryption-key"], key.fingerprint());
    assert!(shown.get("password").is_none());
    let (exit, log) = backup(&mut lab);
    assert_eq!(exit, "OK");
    assert!(has(&log, "INFO: enabling encryption"), "{log:#?}");
    assert_eq!(lab.stored("pbs-lilas")[0]["encrypted"], key.fingerprint());
    // The key dies with the storage.
    let path = "/etc/pve/priv/storage/pbs-lilas.enc";
    assert!(lab.site().node.files.exists(path));
    assert_eq!(lab.call("DELETE", "/storage/{storage}", json!({ "storage": "pbs-lilas" })), Ok(Value::Null));
    assert!(!lab.site().node.files.exists(path));
    // A leftover of that id is removed by a definition without a key.
    lab.site().node.files.write(path, file);
    assert!(lab.call("POST", "/storage", definition()).is_ok());
    assert!(!lab.site().node.files.exists(path));
    let volid = newest(&mut lab);
    let refusal = lab.refused("GET", "/nodes/{node}/vzdump/extractconfig", json!({ "volume": volid }));
    assert!(
        matches!(refusal, Refusal::Status(500, text) if text.contains("missing key - manifest was created with key "))
    );
}

#[test]
fn pve_s9d_keys_that_are_none_are_refused_and_nothing_is_left() {
    let mut lab = ready();
    let none = "create storage failed: Value does not seems like a valid, JSON formatted encryption key!";
    for key in ["nonsense", "{\"x\":1}"] {
        let params = with(definition(), json!({ "encryption-key": key }));
        assert_eq!(lab.refused("POST", "/storage", params), died(none));
    }
    let master = with(definition(), json!({ "master-pubkey": "QQ==" }));
    let text = "create storage failed: 'master-pubkey' can only be used together with 'encryption-key'";
    assert_eq!(lab.refused("POST", "/storage", master), died(text));
    let wrong = with(definition(), json!({ "password": "wrong", "encryption-key": "autogen" }));
    let text = "create storage failed: pbs-lilas: error fetching datastores - 401 Unauthorized";
    assert_eq!(lab.refused("POST", "/storage", wrong), died(text));
    assert!(!lab.pve().storages.contains_key("pbs-lilas"));
    assert!(lab.site().node.files.list("/etc/pve/priv/storage").is_empty());
}

#[test]
fn pve_s9d_wrong_or_missing_fingerprint_shows_the_servers_own() {
    let mut lab = ready();
    let own = FINGERPRINT.to_uppercase();
    let text = format!(
        "create storage failed: pbs-lilas: error fetching datastores - fingerprint '{own}' not verified, abort!"
    );
    let wrong = with(definition(), json!({ "fingerprint": FINGERPRINT.replace("aa", "ab") }));
    assert_eq!(lab.refused("POST", "/storage", wrong), died(&text));
    let mut missing = definition();
    missing.as_object_mut().expect("an object").remove("fingerprint");
    assert_eq!(lab.refused("POST", "/storage", missing), died(&text));
    assert!(lab.call("POST", "/storage", with(definition(), json!({ "fingerprint": own }))).is_ok());
    // A renewed certificate breaks what was defined before.
    change(&mut lab, |server| server.fingerprint = FINGERPRINT.replace("aa", "01"));
    let (exit, _) = backup(&mut lab);
    assert!(
        exit.starts_with(
            "could not activate storage 'pbs-lilas': pbs-lilas: error fetching datastores - fingerprint '01:"
        ),
        "{exit}"
    );
}

#[test]
fn pve_s16_storage_status_turns_every_failure_into_zeros() {
    let mut lab = defined(json!({}));
    let status = lab.get(STATUS, json!({ "storage": "pbs-lilas" }));
    // A token without Audit sees an active storage of size 0.
    assert_eq!((&status["active"], &status["total"]), (&json!(1), &json!(0)));
    change(&mut lab, |server| server.online = false);
    let status = lab.get(STATUS, json!({ "storage": "pbs-lilas" }));
    assert_eq!((&status["active"], &status["total"], &status["avail"]), (&json!(0), &json!(0), &json!(0)));
    let down = "error listing snapshots - 500 Can't connect to pbs.example:8007 (Connection refused)";
    let refusal = lab.refused("GET", CONTENT, json!({ "storage": "pbs-lilas", "content": "backup" }));
    assert_eq!(refusal, died(down));
    let (exit, _) = backup(&mut lab);
    assert!(exit.starts_with("could not activate storage 'pbs-lilas': "), "{exit}");
}

#[test]
fn pve_s16_a_missing_namespace_fails_the_listing_only() {
    let mut lab = ready();
    change(&mut lab, |server| {
        server.access.add_user("admin@pbs", Some("admin"));
        server.access.grant("/", "admin@pbs", "Admin");
    });
    lab.world.advance_by_us(6_000_000);
    let lost = json!({ "storage": "lost", "namespace": "nowhere", "username": "admin@pbs", "password": "admin" });
    assert!(lab.call("POST", "/storage", with(definition(), lost)).is_ok());
    assert_eq!(lab.get(STATUS, json!({ "storage": "lost" }))["active"], 1);
    let refusal = lab.refused("GET", CONTENT, json!({ "storage": "lost", "content": "backup" }));
    assert_eq!(refusal, died("error listing snapshots - 400 Bad Request"));
}

#[test]
fn pve_s9a_a_site_without_uplink_backs_up_locally_only() {
    let mut lab = defined(json!({}));
    lab.site().online = false;
    let (exit, _) = backup(&mut lab);
    assert_eq!(
        exit,
        "could not activate storage 'pbs-lilas': pbs-lilas: error fetching datastores - 500 Can't connect to \
         pbs.example:8007 (Name or service not known)"
    );
    assert_eq!(lab.backup(json!({ "vmid": "101", "storage": "local" })).0, "OK");
}

#[test]
fn pve_s9a_a_connection_that_breaks_meanwhile_fails_the_guest_and_leaves_no_snapshot() {
    let mut lab = defined(json!({}));
    let upid = lab.started("POST", "/nodes/{node}/vzdump", json!({ "vmid": "101", "storage": "pbs-lilas" }));
    lab.world.advance_by_us(1_000_000);
    lab.site().online = false;
    assert_eq!(lab.wait(&upid), "job errors");
    lab.site().online = true;
    assert_eq!(lab.stored("pbs-lilas"), Vec::<Value>::new());
    assert_eq!(lab.vm(101).lock(), None);
}

#[test]
fn pve_s15_a_renewed_token_no_longer_owns_the_group() {
    let mut lab = defined(json!({}));
    assert_eq!(backup(&mut lab).0, "OK");
    change(&mut lab, |server| {
        server.access.add_token("node@pbs!new", "newer");
        server.access.grant("/datastore/coop/lilas", "node@pbs!new", "DatastoreBackup");
    });
    lab.world.advance_by_us(6_000_000);
    let renewed = json!({ "storage": "pbs-lilas", "username": "node@pbs!new", "password": "newer" });
    assert!(lab.call("PUT", "/storage/{storage}", renewed).is_ok());
    let (exit, log) = backup(&mut lab);
    assert_eq!(exit, "job errors");
    assert!(log.iter().any(|line| line.contains("backup owner check failed")), "{log:#?}");
    assert_eq!(lab.stored("pbs-lilas"), Vec::<Value>::new(), "and what is there is not shown");
}

#[test]
fn pve_s10_a_restore_from_a_server_brings_the_guest_back() {
    let mut lab = defined(json!({ "encryption-key": "autogen" }));
    write(&mut lab, "{\"nonce\":\"before\"}");
    assert_eq!(backup(&mut lab).0, "OK");
    write(&mut lab, "{\"nonce\":\"after\"}");
    let volid = newest(&mut lab);
    let upid = lab.started("POST", QEMU, json!({ "vmid": 900, "archive": volid, "unique": 1 }));
    assert_eq!(lab.wait(&upid), "OK", "{:#?}", lab.find(&upid).log);
    let guest = lab.vm(900).guest.as_ref().expect("a guest");
    assert_eq!(guest.files.read(MARKER), Some("{\"nonce\":\"before\"}"));
}

#[test]
fn pve_s10_without_the_key_or_with_another_one_the_restore_is_refused_and_the_id_stays_taken() {
    let mut lab = defined(json!({ "encryption-key": "autogen" }));
    assert_eq!(backup(&mut lab).0, "OK");
    let volid = newest(&mut lab);
    let other = EncryptionKey::new([3; 32]).file("2026-09-01T08:00:00+02:00");
    let changed = json!({ "storage": "pbs-lilas", "encryption-key": other });
    assert!(lab.call("PUT", "/storage/{storage}", changed).is_ok());
    let upid = lab.started("POST", QEMU, json!({ "vmid": 900, "archive": volid }));
    let exit = lab.wait(&upid);
    assert!(exit.starts_with("command '/usr/bin/proxmox-backup-client restore vm/101/"), "{exit}");
    let log = lab.find(&upid).log.clone();
    assert!(log.iter().any(|line| line.starts_with("Error: wrong key - unable to verify signature")), "{log:#?}");
    assert!(lab.pve().vms.contains_key(&900));
    assert_eq!(lab.vm(900).lock(), None);
    assert!(
        lab.call("PUT", "/storage/{storage}", json!({ "storage": "pbs-lilas", "delete": "encryption-key" })).is_ok()
    );
    let upid = lab.started("POST", QEMU, json!({ "vmid": 901, "archive": volid }));
    lab.wait(&upid);
    let log = lab.find(&upid).log.clone();
    assert!(log.iter().any(|line| line.starts_with("Error: missing key - manifest was created with key")), "{log:#?}");
}

#[test]
fn pve_s10_a_bad_chunk_fails_the_restore_frees_the_disks_and_leaves_a_stub() {
    let mut lab = defined(json!({}));
    assert_eq!(backup(&mut lab).0, "OK");
    let volid = newest(&mut lab);
    let time = lab.stored("pbs-lilas")[0]["ctime"].as_i64().expect("a time");
    change(&mut lab, |server| {
        let store = server.datastores.get_mut("coop").expect("it");
        let place = Place { namespace: "lilas".to_owned(), group: GroupId::vm(101), time };
        let index =
            store.snapshot(&place).and_then(|one| one.file("drive-scsi0.img.fidx")).expect("the disk").index().to_vec();
        store.chunks.chunks.get_mut(&index[0].digest).expect("a chunk").damaged = true;
    });
    let upid = lab.started("POST", QEMU, json!({ "vmid": 900, "archive": volid }));
    let exit = lab.wait(&upid);
    assert!(
        exit.starts_with("command '/usr/bin/pbs-restore --repository ") && exit.ends_with("failed: exit code 255"),
        "{exit}"
    );
    let config: Vec<_> = lab.vm(900).config.clone().into_iter().collect();
    assert_eq!(config, [("memory".to_owned(), "128".to_owned())]);
    assert!(!lab.pve().storages["local-lvm"].volumes.keys().any(|name| name.contains("900")));
}

#[test]
fn pve_s10_live_restore_is_refused_by_name() {
    let mut lab = defined(json!({}));
    assert_eq!(backup(&mut lab).0, "OK");
    let live = json!({ "vmid": 900, "archive": newest(&mut lab), "live-restore": 1 });
    let refusal = lab.refused("POST", QEMU, live);
    assert_eq!(refusal, Refusal::Status(501, "live-restore is not simulated in the lab".to_owned()));
}

#[test]
fn pve_s10_a_spare_box_restores_from_the_same_namespace_with_a_reader_and_the_key() {
    let mut lab = ready();
    let answer = lab.call("POST", "/storage", with(definition(), json!({ "encryption-key": "autogen" })));
    let key = answer.expect("defined")["config"]["encryption-key"].clone();
    write(&mut lab, "{\"nonce\":\"before the fire\"}");
    assert_eq!(backup(&mut lab).0, "OK");
    let volid = newest(&mut lab).replace("pbs-lilas:", "rescue:");
    let subnet = "198.51.100.0/24".parse().expect("a subnet");
    lab.world.add_site(SiteSpec::box_with_disk("spare", "pve1", "WD-2", subnet));
    lab.world.sites.get_mut("atelier").expect("it").online = false;
    let burnt = lab.world.sites.remove("atelier").expect("it");
    let spare = lab.world.sites.remove("spare").expect("it");
    lab.world.sites.insert("atelier".to_owned(), spare);
    drop(burnt);
    let rescue = json!({
        "storage": "rescue", "username": "reader@pbs", "password": "reading", "encryption-key": key,
    });
    lab.call("POST", "/storage", with(definition(), rescue)).expect("the storage is defined");
    let (exit, archive) = (lab.task("POST", QEMU, json!({ "vmid": 101, "archive": volid })), volid);
    assert_eq!(exit, "OK", "{archive}");
    let guest = lab.vm(101).guest.as_ref().expect("a guest");
    assert_eq!(guest.files.read(MARKER), Some("{\"nonce\":\"before the fire\"}"));
}

#[test]
fn pve_s9c_notes_protection_and_deletion_go_to_the_server() {
    let mut lab = defined(json!({}));
    assert_eq!(backup(&mut lab).0, "OK");
    let volume = json!({ "storage": "pbs-lilas", "volume": newest(&mut lab) });
    let path = "/nodes/{node}/storage/{storage}/content/{volume}";
    let noted = with(volume.clone(), json!({ "notes": "first\nsecond", "protected": 1 }));
    assert_eq!(lab.call("PUT", path, noted), Ok(Value::Null));
    let list = lab.stored("pbs-lilas");
    assert_eq!((&list[0]["notes"], &list[0]["protected"]), (&json!("first"), &json!(1)));
    assert_eq!(lab.get(path, volume.clone())["notes"], "first\nsecond");
    let exit = lab.task("DELETE", path, volume);
    assert!(exit.starts_with("proxmox-backup-client failed: Error: "), "{exit}");
    assert_eq!(lab.stored("pbs-lilas").len(), 1);
}
