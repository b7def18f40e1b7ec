//! Sections 15 and 16 of the behaviour sheet: what Proxmox Backup Server does that nobody expects, one test each.

use std::cell::RefCell;

use accolades::lab::pbs::disk::{self, Deed};
use accolades::lab::pbs::node_side::{self, Failure, Login, Upload};
use accolades::lab::pbs::server;
use accolades::lab::pbs::state::{Archive, BackupServer, BackupServers, CryptMode, EncryptionKey, GroupId};
use accolades::lab::wire::RawRequest;
use accolades::lab::world::{Internet, Moment, Surroundings};
use serde_json::{Value, json};

const ADDRESS: &str = "pbs.example";
const FINGERPRINT: &str = "AA:BB";
const MIB: usize = 1024 * 1024;
/// Thursday, 2026-11-19, noon in UTC.
const NOW_S: i64 = 1_795_089_600;
const DAY_S: i64 = 86_400;

/// A server with a datastore `coop` and a namespace `clients`, and its root.
struct Lab {
    internet: Internet,
    servers: RefCell<BackupServers>,
    now: Moment,
}

impl Lab {
    fn new() -> Lab {
        let now = Moment(NOW_S * 1_000_000);
        let mut server = BackupServer::new("pbs", "root-password", now);
        server.fingerprint = FINGERPRINT.to_owned();
        server.access.add_token("root@pam!ops", "ops-secret");
        server.access.grant("/", "root@pam!ops", "Admin");
        server.access.add_user("site@pbs", None);
        server.access.add_token("site@pbs!node", "node-secret");
        server.add_datastore("coop", 1_000_000_000_000);
        let mut servers = BackupServers::default();
        servers.0.insert(ADDRESS.to_owned(), server);
        let mut lab = Lab { internet: Internet::default(), servers: RefCell::new(servers), now };
        lab.ok("POST", "/admin/datastore/coop/namespace", &[("name", "clients")]);
        for holder in ["site@pbs", "site@pbs!node"] {
            let role = [("path", "/datastore/coop/clients"), ("role", "DatastoreBackup"), ("auth-id", holder)];
            lab.ok("PUT", "/access/acl", &role);
        }
        lab.pass(6);
        lab
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus_us(seconds * 1_000_000);
        self.servers.borrow_mut().advance(1, self.now);
    }

    fn around(&self) -> Surroundings<'_> {
        Surroundings { seed: 1, now: self.now, internet: &self.internet, servers: &self.servers }
    }

    /// Status and body of a request with this token.
    fn ask(&mut self, token: &str, method: &str, path: &str, params: &[(&str, &str)]) -> (u16, String) {
        self.now = self.now.plus_us(20_000);
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> =
            params.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let request = RawRequest {
            method: method.to_owned(),
            target: format!("/api2/json{path}?{}", pairs.join("&")),
            headers: vec![("Authorization".to_owned(), format!("PBSAPIToken={token}"))],
            body: Vec::new(),
        };
        let answer = server::answer(&mut self.servers.borrow_mut(), 1, self.now, ADDRESS, &request);
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// The data of a request of root's that succeeds.
    fn ok(&mut self, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
        let (status, body) = self.ask("root@pam!ops:ops-secret", method, path, params);
        assert_eq!(status, 200, "{method} {path}: {body}");
        serde_json::from_str::<Value>(&body).expect("JSON")["data"].clone()
    }

    /// Starts a task, waits for its end: exit status and log.
    fn task(&mut self, path: &str, params: &[(&str, &str)]) -> (String, String) {
        let upid = self.ok("POST", path, params);
        self.pass(120);
        let servers = self.servers.borrow();
        let task = servers.0[ADDRESS]
            .tasks
            .iter()
            .find(|task| task.upid == upid.as_str().expect("a task"))
            .expect("it is there");
        let log = task.log.iter().map(|(_, line)| format!("{line}\n")).collect();
        (task.exit.clone().expect("it has ended"), log)
    }

    fn login(&self, store: &'static str, namespace: &'static str) -> Login<'static> {
        Login {
            address: ADDRESS,
            port: 8007,
            fingerprint: Some("aa:bb"),
            auth_id: "root@pam!ops",
            secret: "ops-secret",
            datastore: store,
            namespace,
        }
    }

    fn node(&self) -> Login<'static> {
        Login { auth_id: "site@pbs!node", secret: "node-secret", ..self.login("coop", "clients") }
    }

    fn backup(&mut self, login: &Login<'_>, time: i64, content: &str) -> Result<node_side::Uploaded, Failure> {
        self.backup_with(login, time, content, None)
    }

    fn backup_with(
        &mut self,
        login: &Login<'_>,
        time: i64,
        content: &str,
        key: Option<&EncryptionKey>,
    ) -> Result<node_side::Uploaded, Failure> {
        let group = GroupId::vm(101);
        let upload = Upload { group: &group, time, key, mode: CryptMode::Encrypt };
        // Two chunks: one that is always the same, one that holds the content.
        let mut disk = vec![7; 4 * MIB];
        disk.extend_from_slice(content.as_bytes());
        let archives = [
            Archive::blob("qemu-server.conf.blob", b"memory: 2048\n"),
            Archive::disk("drive-scsi0.img.fidx", disk, 8 * MIB as u64),
        ];
        node_side::upload(self.around(), login, &upload, &archives)
    }

    fn restore(&self, login: &Login<'_>, time: i64, key: Option<&EncryptionKey>) -> Result<Archive, Failure> {
        node_side::download(self.around(), login, &GroupId::vm(101), time, "drive-scsi0.img.fidx", key)
    }

    fn disk(&mut self, store: &str, deed: &Deed) -> Value {
        let mut servers = self.servers.borrow_mut();
        let store = servers.0.get_mut(ADDRESS).and_then(|server| server.datastores.get_mut(store)).expect("a store");
        disk::apply(store, deed).expect("it can be done")
    }

    fn flip(&mut self, store: &str, ns: &str, time: i64) -> String {
        let snapshot = node_side::snapshot_name(&GroupId::vm(101), time);
        let deed = Deed::FlipChunkOf { ns: ns.to_owned(), snapshot, only_there: true };
        self.disk(store, &deed)["digest"].as_str().expect("a digest").to_owned()
    }

    /// What the listing says of verification, oldest snapshot first.
    fn states(&mut self, store: &str, ns: &str) -> Vec<Value> {
        let list = self.ok("GET", &format!("/admin/datastore/{store}/snapshots"), &[("ns", ns)]);
        let mut list = list.as_array().expect("a list").clone();
        list.sort_by_key(|one| one["backup-time"].as_i64());
        list.into_iter().map(|one| one["verification"]["state"].clone()).collect()
    }

    /// A second datastore, filled once by a sync job `off-site`.
    fn mirrored(&mut self, options: &[(&str, &str)]) {
        self.servers.borrow_mut().0.get_mut(ADDRESS).expect("a server").add_datastore("mirror", 1_000_000_000_000);
        let mut params =
            vec![("id", "off-site"), ("store", "mirror"), ("remote-store", "coop"), ("remote-ns", "clients")];
        params.extend_from_slice(options);
        self.ok("POST", "/config/sync", &params);
    }

    fn sync(&mut self) -> (String, String) {
        self.task("/admin/sync/off-site/run", &[])
    }
}

const FULL: [(&str, &str); 2] = [("ns", "clients"), ("ignore-verified", "false")];

#[test]
fn pbs_s15_refusals_are_plain_text_although_they_call_themselves_json() {
    let mut lab = Lab::new();
    assert_eq!(
        lab.ask("root@pam!ops:ops-secret", "GET", "/config/prune/gone", &[]),
        (400, "no such prune 'gone'".to_owned())
    );
    let (status, text) = lab.ask("site@pbs!node:node-secret", "GET", "/admin/datastore/coop/snapshots", &[]);
    assert_eq!(status, 403);
    assert_eq!(text, "permission check failed - missing Datastore.Audit|Datastore.Backup on /datastore/coop");
    assert_eq!(lab.ask("site@pbs!node=node-secret", "GET", "/version", &[]).0, 401);
    assert_eq!(lab.ask("root@pam!ops:ops-secret", "GET", "/tape/media", &[]).0, 501);
    assert_eq!(lab.ask("root@pam!ops:ops-secret", "GET", "/nothere", &[]).0, 404);
}

#[test]
fn pbs_s15_missing_rights_look_like_emptiness() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "of root").expect("stored");
    let node = "site@pbs!node:node-secret";
    assert_eq!(
        lab.ask(node, "GET", "/admin/datastore/coop/groups", &[("ns", "clients")]),
        (200, "{\"data\":[]}".to_owned())
    );
    let usage = node_side::status(lab.around(), &lab.node()).expect("it answers");
    assert_eq!((usage.total, usage.free), (0, 0));
    let (_, tasks) = lab.ask(node, "GET", "/nodes/localhost/tasks", &[]);
    assert_eq!(serde_json::from_str::<Value>(&tasks).expect("JSON")["total"], 0);
}

#[test]
fn pbs_s15_rights_count_only_after_up_to_five_seconds() {
    let mut lab = Lab::new();
    for holder in ["site@pbs", "site@pbs!node"] {
        lab.ok("PUT", "/access/acl", &[("path", "/datastore/coop"), ("role", "DatastoreAudit"), ("auth-id", holder)]);
    }
    let ask = |lab: &mut Lab| lab.ask("site@pbs!node:node-secret", "GET", "/admin/datastore/coop/groups", &[]).0;
    assert_eq!(ask(&mut lab), 403);
    lab.pass(6);
    assert_eq!(ask(&mut lab), 200);
}

#[test]
fn pbs_s15_a_namespace_with_protected_snapshots_loses_the_others_although_the_answer_is_a_refusal() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    lab.backup(&login, NOW_S, "one").expect("stored");
    lab.backup(&login, NOW_S + 60, "two").expect("stored");
    node_side::set_protection(lab.around(), &login, &GroupId::vm(101), NOW_S, true).expect("protected");
    let params = [("ns", "clients"), ("delete-groups", "true")];
    let (status, text) = lab.ask("root@pam!ops:ops-secret", "DELETE", "/admin/datastore/coop/namespace", &params);
    assert_eq!((status, text.as_str()), (400, "group only partially deleted due to protected snapshots"));
    assert_eq!(lab.states("coop", "clients").len(), 1);
}

#[test]
fn pbs_s15_only_the_owner_appends_and_another_token_does_not_until_the_owner_is_changed() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "of root's token").expect("stored");
    let node = lab.node();
    let refused = lab.backup(&node, NOW_S + 60, "of the node").expect_err("another owner");
    assert_eq!(refused.in_client(), "backup owner check failed (site@pbs!node != root@pam!ops)");
    let params = [("ns", "clients"), ("backup-type", "vm"), ("backup-id", "101"), ("new-owner", "site@pbs!node")];
    lab.ok("POST", "/admin/datastore/coop/change-owner", &params);
    assert!(lab.backup(&node, NOW_S + 60, "of the node").is_ok());
    // Even Admin cannot append now.
    assert!(lab.backup(&lab.login("coop", "clients"), NOW_S + 120, "x").is_err());
}

#[test]
fn pbs_s15_a_verify_with_defaults_skips_damage_and_ends_ok() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    assert_eq!(lab.task("/admin/datastore/coop/verify", &[("ns", "clients")]).0, "OK");
    let digest = lab.flip("coop", "clients", NOW_S);
    let (exit, log) = lab.task("/admin/datastore/coop/verify", &[("ns", "clients")]);
    assert!(exit == "OK" && log.contains("(recently verified)"), "{log}");
    let (exit, _) = lab.task("/admin/datastore/coop/verify", &FULL);
    assert_eq!(exit, "verification failed - please check the log for details");
    assert_eq!(lab.states("coop", "clients"), [json!("failed")]);
    assert_eq!(lab.disk("coop", &Deed::ListChunk { digest: digest.clone() }), json!([format!("{digest}.0.bad")]));
    // And a job with defaults is OK although a snapshot is known to be damaged.
    assert_eq!(lab.task("/admin/datastore/coop/verify", &[("ns", "clients")]).0, "OK");
    lab.pass(2 * 86_400);
    let (exit, _) = lab.task("/admin/datastore/coop/verify", &[("ns", "clients"), ("outdated-after", "1")]);
    assert_ne!(exit, "OK");
}

#[test]
fn pbs_s15_a_sync_stops_at_a_damaged_oldest_snapshot_and_newer_ones_do_not_come() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    lab.backup(&login, NOW_S - DAY_S, "old").expect("stored");
    lab.backup(&login, NOW_S, "new").expect("stored");
    lab.flip("coop", "clients", NOW_S - DAY_S);
    lab.mirrored(&[]);
    let (exit, log) = lab.sync();
    assert_eq!(exit, "sync failed with some errors.");
    assert!(log.contains("Data blob has wrong CRC checksum."), "{log}");
    assert!(lab.states("mirror", "").is_empty());
    // Verified snapshots only: it gets past.
    lab.task("/admin/datastore/coop/verify", &FULL);
    lab.ok("PUT", "/config/sync/off-site", &[("verified-only", "true")]);
    assert_eq!(lab.sync().0, "OK");
    assert_eq!(lab.states("mirror", ""), [json!("ok")]);
}

#[test]
fn pbs_s16_the_state_of_verification_travels_with_a_sync_and_covers_damage_at_the_target() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    lab.task("/admin/datastore/coop/verify", &[("ns", "clients")]);
    lab.mirrored(&[]);
    assert_eq!(lab.sync().0, "OK");
    assert_eq!(lab.states("mirror", ""), [json!("ok")], "never read there");
    lab.flip("mirror", "", NOW_S);
    lab.task("/admin/datastore/mirror/verify", &[("ignore-verified", "false")]);
    assert_eq!(lab.states("mirror", ""), [json!("failed")]);
    // An ordinary sync says `ok` again, and `resync-corrupt` then sees nothing to mend.
    assert_eq!(lab.sync().0, "OK");
    assert_eq!(lab.states("mirror", ""), [json!("ok")]);
    lab.ok("PUT", "/config/sync/off-site", &[("resync-corrupt", "true")]);
    lab.sync();
    assert!(lab.restore(&lab.login("mirror", ""), NOW_S, None).is_err());
    // Directly after a full verification it heals.
    lab.task("/admin/datastore/mirror/verify", &[("ignore-verified", "false")]);
    assert!(lab.sync().1.contains("due to corruption"));
    assert!(lab.restore(&lab.login("mirror", ""), NOW_S, None).is_ok());
}

#[test]
fn pbs_s16_a_backup_that_uses_a_damaged_chunk_again_succeeds_and_heals_only_after_a_failed_verify() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    lab.backup(&login, NOW_S, "same").expect("stored");
    lab.task("/admin/datastore/coop/verify", &[("ns", "clients")]);
    lab.flip("coop", "clients", NOW_S);
    let again = lab.backup(&login, NOW_S + DAY_S, "same").expect("exit status 0");
    assert_eq!(again.sent_bytes(), 0);
    let broken = lab.restore(&login, NOW_S + DAY_S, None).expect_err("damaged");
    assert!(broken.in_client().contains("wrong CRC checksum"), "{broken:?}");
    assert_eq!(lab.states("coop", "clients"), [json!("ok"), Value::Null]);
    lab.task("/admin/datastore/coop/verify", &[("ns", "clients")]);
    assert_eq!(lab.states("coop", "clients"), [json!("ok"), json!("failed")], "the older one shares the lost chunk");
    let healing = lab.backup(&login, NOW_S + 2 * DAY_S, "same").expect("stored");
    assert!(healing.sent_bytes() > 0);
    assert_eq!(lab.task("/admin/datastore/coop/verify", &FULL).0, "OK");
    assert!(lab.restore(&login, NOW_S, None).is_ok());
}

#[test]
fn pbs_s16_a_pull_with_backup_rights_only_ends_ok_with_no_groups() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    let remote = [
        ("name", "here"),
        ("host", "127.0.0.1"),
        ("auth-id", "site@pbs!node"),
        ("password", "node-secret"),
        ("fingerprint", &["aa"; 32].join(":")),
    ];
    lab.servers.borrow_mut().0.get_mut(ADDRESS).expect("a server").fingerprint = ["AA"; 32].join(":");
    lab.ok("POST", "/config/remote", &remote);
    lab.mirrored(&[("remote", "here"), ("max-depth", "0")]);
    let (exit, log) = lab.sync();
    assert!(exit == "OK" && log.contains("Found 0 groups to sync"), "{exit}: {log}");
    for holder in ["site@pbs", "site@pbs!node"] {
        let role = [("path", "/datastore/coop/clients"), ("role", "DatastoreReader"), ("auth-id", holder)];
        lab.ok("PUT", "/access/acl", &role);
    }
    lab.pass(6);
    assert!(lab.sync().1.contains("Found 1 groups to sync"));
}

#[test]
fn pbs_s16_remove_vanished_with_depth_deletes_the_namespace_of_another_job() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    lab.mirrored(&[("remove-vanished", "true"), ("max-depth", "0")]);
    lab.ok("POST", "/admin/datastore/mirror/namespace", &[("name", "other-job")]);
    assert_eq!(lab.sync().0, "OK");
    let namespaces = |lab: &mut Lab| lab.ok("GET", "/admin/datastore/mirror/namespace", &[]).as_array().map(Vec::len);
    assert_eq!(namespaces(&mut lab), Some(2));
    lab.ok("PUT", "/config/sync/off-site", &[("max-depth", "2")]);
    assert!(lab.sync().1.contains("Removed namespace other-job"));
    assert_eq!(namespaces(&mut lab), Some(1));
}

#[test]
fn pbs_s16_a_snapshot_from_the_future_blocks_all_later_backups_of_its_group() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    lab.backup(&login, NOW_S + 400 * DAY_S, "a clock ahead").expect("accepted");
    let refused = lab.backup(&login, NOW_S + DAY_S, "tomorrow").expect_err("older");
    assert_eq!(refused.in_client(), "backup timestamp is older than last backup.");
    node_side::forget(lab.around(), &login, &GroupId::vm(101), NOW_S + 400 * DAY_S).expect("removed");
    assert!(lab.backup(&login, NOW_S + DAY_S, "tomorrow").is_ok());
}

#[test]
fn pbs_s16_a_backup_token_may_protect_its_own_snapshots_but_removes_none() {
    let mut lab = Lab::new();
    let node = lab.node();
    lab.backup(&node, NOW_S, "one").expect("stored");
    let group = GroupId::vm(101);
    assert!(node_side::set_protection(lab.around(), &node, &group, NOW_S, true).is_ok());
    let refused = node_side::forget(lab.around(), &node, &group, NOW_S).expect_err("no right");
    assert_eq!(
        refused.in_client(),
        "permission check failed - missing Datastore.Modify|Datastore.Prune on /datastore/coop/clients"
    );
    let refused = node_side::prune(lab.around(), &node, &group, &Default::default(), false).expect_err("no right");
    assert_eq!(refused.in_plugin(), "403 Forbidden");
}

#[test]
fn pbs_s16_a_prune_job_without_rules_says_remove_and_removes_nothing() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    lab.ok("POST", "/config/prune", &[("id", "none"), ("store", "coop"), ("schedule", "daily")]);
    let (exit, log) = lab.task("/admin/prune/none/run", &[]);
    assert_eq!(exit, "WARNINGS: 1");
    assert!(log.contains("remove vm/101/"), "{log}");
    assert_eq!(lab.states("coop", "clients").len(), 1);
}

#[test]
fn pbs_s16_garbage_collection_frees_after_a_day_and_warns_of_a_missing_chunk_and_stops_at_a_broken_index() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    lab.backup(&login, NOW_S, "one").expect("stored");
    lab.backup(&login, NOW_S + 60, "two").expect("stored");
    node_side::forget(lab.around(), &login, &GroupId::vm(101), NOW_S).expect("removed");
    let (exit, log) = lab.task("/admin/datastore/coop/gc", &[]);
    assert!(exit == "OK" && log.contains("Removed chunks: 0") && log.contains("Pending removals"), "{log}");
    lab.pass(86_400 + 600);
    let (_, log) = lab.task("/admin/datastore/coop/gc", &[]);
    assert!(log.contains("Removed chunks: 1"), "{log}");
    let digest = lab.flip("coop", "clients", NOW_S + 60);
    lab.disk("coop", &Deed::DeleteChunk { digest });
    let (exit, log) = lab.task("/admin/datastore/coop/gc", &[]);
    assert!(exit == "WARNINGS: 1" && log.contains("unable to access non-existent chunk"), "{log}");
    let snapshot = node_side::snapshot_name(&GroupId::vm(101), NOW_S + 60);
    let archive = "drive-scsi0.img.fidx".to_owned();
    lab.disk("coop", &Deed::BreakIndex { ns: "clients".to_owned(), snapshot, archive });
    assert!(lab.task("/admin/datastore/coop/gc", &[]).0.starts_with("can't open index"));
}

#[test]
fn pbs_s16_encrypted_data_need_the_key_and_the_server_verifies_them_without() {
    let mut lab = Lab::new();
    let login = lab.login("coop", "clients");
    let (key, other) = (EncryptionKey::new([1; 32]), EncryptionKey::new([2; 32]));
    lab.backup_with(&login, NOW_S, "secret of the guest", Some(&key)).expect("stored");
    let world = serde_json::to_string(&*lab.servers.borrow()).expect("plain data");
    assert!(!world.contains("secret of the guest"));
    assert!(lab.restore(&login, NOW_S, None).expect_err("no key").in_client().starts_with("missing key - "));
    assert!(lab.restore(&login, NOW_S, Some(&other)).expect_err("another").in_client().starts_with("wrong key - "));
    let restored = lab.restore(&login, NOW_S, Some(&key)).expect("restored");
    assert!(String::from_utf8_lossy(&restored.content[4 * MIB..]).starts_with("secret of the guest"));
    assert_eq!(lab.task("/admin/datastore/coop/verify", &FULL).0, "OK");
}

#[test]
fn pbs_s16_jobs_run_by_themselves_in_the_servers_own_zone() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    lab.ok("PUT", "/nodes/localhost/time", &[("timezone", "Europe/Paris")]);
    lab.ok("POST", "/config/verify", &[("id", "nightly"), ("store", "coop"), ("schedule", "02:30")]);
    let next = lab.ok("GET", "/admin/verify", &[])[0]["next-run"].as_i64().expect("a moment");
    // Half past two in Paris is half past one in UTC.
    assert_eq!(next.rem_euclid(DAY_S), 90 * 60);
    lab.pass(86_400);
    let job = lab.ok("GET", "/admin/verify", &[])[0].clone();
    assert_eq!(job["last-run-state"], "OK");
    assert_eq!(job["next-run"].as_i64(), Some(next + DAY_S));
    assert_eq!(lab.states("coop", "clients"), [json!("ok")]);
}

#[test]
fn pbs_s9d_a_node_hears_what_the_storage_plugin_says() {
    let mut lab = Lab::new();
    lab.backup(&lab.login("coop", "clients"), NOW_S, "one").expect("stored");
    let good = lab.login("coop", "clients");
    let failed = |login: Login<'_>| node_side::snapshots(lab.around(), &login, None).expect_err("it fails").in_plugin();
    assert_eq!(failed(Login { fingerprint: Some("cc:dd"), ..good }), "fingerprint 'AA:BB' not verified, abort!");
    assert_eq!(failed(Login { fingerprint: None, ..good }), "fingerprint 'AA:BB' not verified, abort!");
    assert_eq!(failed(Login { port: 8998, ..good }), "500 Can't connect to pbs.example:8998 (Connection refused)");
    assert_eq!(failed(Login { secret: "wrong", ..good }), "401 Unauthorized");
    assert_eq!(failed(Login { namespace: "nowhere", ..good }), "400 Bad Request");
    assert_eq!(failed(Login { namespace: "", ..lab.node() }), "403 Forbidden");
    // Neither activation nor the size look at the namespace.
    assert!(node_side::status(lab.around(), &Login { namespace: "nowhere", ..good }).is_ok());
    let manifest =
        Deed::DeleteManifest { ns: "clients".to_owned(), snapshot: node_side::snapshot_name(&GroupId::vm(101), NOW_S) };
    lab.disk("coop", &manifest);
    assert_eq!(node_side::snapshots(lab.around(), &good, None).expect("listed")[0].size_bytes, None);
}
