//! Sections 15 and 16 of the behaviour sheet: what Proxmox Backup Server does that nobody expects, one test each.

mod section15;
mod section16;
mod section16_jobs;

use std::cell::RefCell;

use accolades::lab::pbs::disk::{self, Deed};
use accolades::lab::pbs::node_side::{self, Failure, Login, Upload};
use accolades::lab::pbs::server;
use accolades::lab::pbs::state::{Archive, BackupServer, BackupServers, CryptMode, EncryptionKey, GroupId};
use accolades::lab::wire::{RawAnswer, RawRequest};
use accolades::lab::world::{Internet, Moment, Surroundings};
use serde_json::{Value, json};

const ADDRESS: &str = "pbs.example";
const FINGERPRINT: &str = "AA:BB";
/// Root, as a token.
const OPS: &str = "root@pam!ops:ops-secret";
/// What a node comes with.
const NODE: &str = "site@pbs!node:node-secret";
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
        let answer = self.answer(token, method, path, params);
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// The whole answer to a request with this token.
    fn answer(&mut self, token: &str, method: &str, path: &str, params: &[(&str, &str)]) -> RawAnswer {
        self.send(vec![("Authorization".to_owned(), format!("PBSAPIToken={token}"))], method, path, params)
    }

    fn send(&mut self, headers: Vec<(String, String)>, method: &str, path: &str, params: &[(&str, &str)]) -> RawAnswer {
        self.now = self.now.plus_us(20_000);
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> =
            params.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let request = RawRequest {
            method: method.to_owned(),
            target: format!("/api2/json{path}?{}", pairs.join("&")),
            headers,
            body: Vec::new(),
        };
        server::answer(&mut self.servers.borrow_mut(), 1, self.now, ADDRESS, &request)
    }

    /// A ticket and its CSRF token, as a person gets them.
    fn ticket(&mut self, user: &str, password: &str) -> [(String, String); 2] {
        let login = [("username", user), ("password", password)];
        let (status, body) = self.ask("", "POST", "/access/ticket", &login);
        assert_eq!(status, 200, "{body}");
        let data = serde_json::from_str::<Value>(&body).expect("JSON")["data"].clone();
        let text = |name: &str| data[name].as_str().expect("text").to_owned();
        let cookie = format!("PBSAuthCookie={}", text("ticket"));
        [("Cookie".to_owned(), cookie), ("CSRFPreventionToken".to_owned(), text("CSRFPreventionToken"))]
    }

    /// Status and body of a request of somebody who has a ticket.
    fn ask_as(
        &mut self,
        ticket: &[(String, String)],
        method: &str,
        path: &str,
        params: &[(&str, &str)],
    ) -> (u16, String) {
        let answer = self.send(ticket.to_vec(), method, path, params);
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// The data of a request of root's that succeeds.
    fn ok(&mut self, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
        let (status, body) = self.ask(OPS, method, path, params);
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

    /// Whether a text can be read on the server's disk.
    fn lies_in_clear(&self, text: &str) -> bool {
        let servers = self.servers.borrow();
        let mut chunks = servers.0[ADDRESS].datastores.values().flat_map(|store| store.chunks.chunks.values());
        chunks.any(|chunk| chunk.content.windows(text.len()).any(|part| part == text.as_bytes()))
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

    /// Makes this server known to itself as a remote, read with this account.
    fn remote(&mut self, name: &str, auth_id: &str, secret: &str) {
        let fingerprint = ["aa"; 32].join(":");
        let remote = [
            ("name", name),
            ("host", "127.0.0.1"),
            ("auth-id", auth_id),
            ("password", secret),
            ("fingerprint", &fingerprint),
        ];
        self.servers.borrow_mut().0.get_mut(ADDRESS).expect("a server").fingerprint = fingerprint.to_uppercase();
        self.ok("POST", "/config/remote", &remote);
    }

    fn sync(&mut self) -> (String, String) {
        self.task("/admin/sync/off-site/run", &[])
    }
}

/// Reads everything, whatever was read before.
const FULL: [(&str, &str); 2] = [("ns", "clients"), ("ignore-verified", "false")];
