//! Section 16 of the behaviour sheet, seen with our own looks: jobs and tasks that end well although something is wrong. Each
//! is played in the lab by the servers themselves, and `backup check` has to name it, with its mend.
//!
//! The machine itself is left out: backups are brought to the server as its node brings them.

mod copies;
mod server;
mod verification;

use accolades::domain::backup::health::{Finding, Place, PlaceHealth};
use accolades::domain::backup::names;
use accolades::domain::ids::{BackupServerId, SiteId};
use accolades::lab::pbs::disk::{self, Deed};
use accolades::lab::pbs::node_side::{self, Login, Upload};
use accolades::lab::pbs::state::{Archive, BackupServer, CryptMode, EncryptionKey, GroupId};
use accolades::lab::wire::RawRequest;
use accolades::lab::world::Surroundings;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::rehearsal::{Rehearsal, example_files, small_files};
use crate::sweep::{sweep, verdicts};

const GRANGE: &str = "grange";
const MOULIN: &str = "moulin";
/// The datastores of both.
const STORE: &str = "communs";
const COPIES: &str = "copies";
/// The namespace of the small inventory's instance.
const NS: &str = "ilot";
const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;
const MIB: usize = 1024 * 1024;
/// Root of every server, as a token of somebody at its console.
const CONSOLE: (&str, &str) = ("root@pam!console", "console-secret");
/// The words of a verification that found damage.
const FOUND_DAMAGE: &str = "verification failed - please check the log for details";

/// A prepared site, the server that it writes to, and a third place that copies from that one.
struct House {
    rehearsal: Rehearsal,
    token: String,
    key: EncryptionKey,
}

impl House {
    async fn new(seed: u64) -> House {
        let mut files = small_files();
        let third = "backup-servers/moulin.toml";
        files.insert(third.to_owned(), example_files().remove(third).expect("the example has it"));
        let rehearsal = Rehearsal::of(files, seed).await;
        rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
        let grange = BackupServerId::new(GRANGE).expect("an id");
        let secret = names::site_token_secret(&grange, &friche());
        let token = rehearsal.engine.vault.get_secret(&secret).await.expect("the store reads").expect("it was made");
        let token = token.expose_secret().to_owned();
        {
            // The machine's number is in its pool, as if it were there.
            let mut state = rehearsal.served.lab.lock();
            let pools = &mut state.world.sites.get_mut("friche").expect("a site").pve.access.pools;
            pools.get_mut("accolades-ilot").expect("it was made").vms.insert(1002);
        }
        let house = House { rehearsal, token, key: EncryptionKey::new([7; 32]) };
        for id in [GRANGE, MOULIN] {
            house.server(id, |server| {
                server.access.add_token(CONSOLE.0, CONSOLE.1);
                server.access.grant("/", CONSOLE.0, "Admin");
            });
        }
        house.pass(10);
        house
    }

    fn pass(&self, seconds: u64) {
        self.rehearsal.served.lab.lock().pass(seconds * 1_000_000);
    }

    fn now_s(&self) -> i64 {
        self.rehearsal.served.lab.lock().world.now.unix_seconds()
    }

    fn server<T>(&self, id: &str, change: impl FnOnce(&mut BackupServer) -> T) -> T {
        let mut state = self.rehearsal.served.lab.lock();
        change(state.world.backup_servers.get_mut().by_id_mut(id).expect("a server"))
    }

    /// The node brings a backup that claims to be so old; the server then does what it does with arrivals.
    fn arrives(&self, age_s: i64, content: &str) -> i64 {
        self.arrives_as(age_s, content, CryptMode::Encrypt)
    }

    fn arrives_as(&self, age_s: i64, content: &str, mode: CryptMode) -> i64 {
        let time = self.now_s() - age_s;
        {
            let state = self.rehearsal.served.lab.lock();
            let world = &state.world;
            let (address, port, fingerprint) = {
                let servers = world.backup_servers.borrow();
                let (address, server) = servers.0.iter().find(|(_, one)| one.id == GRANGE).expect("a server");
                (address.clone(), server.port, server.fingerprint.clone())
            };
            let login = Login {
                address: &address,
                port,
                fingerprint: Some(&fingerprint),
                auth_id: &names::site_auth_id(&friche()),
                secret: &self.token,
                datastore: STORE,
                namespace: NS,
            };
            let around = Surroundings {
                seed: world.seed,
                now: world.now,
                internet: &world.internet,
                servers: &world.backup_servers,
            };
            let key = (mode != CryptMode::None).then_some(&self.key);
            let upload = Upload { group: &GroupId::vm(1002), time, key, mode };
            // Two pieces: one that is always the same, one that holds the content.
            let mut image = vec![7; 4 * MIB];
            image.extend_from_slice(content.as_bytes());
            let archives = [
                Archive::blob("qemu-server.conf.blob", b"memory: 2048\n"),
                Archive::disk("drive-scsi0.img.fidx", image, 8 * MIB as u64),
            ];
            let stored = node_side::upload(around, &login, &upload, &archives);
            stored.unwrap_or_else(|failure| panic!("{}", failure.in_client()));
        }
        self.pass(60);
        time
    }

    /// A request of somebody at the server's console.
    fn ask(&self, id: &str, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> =
            params.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let request = RawRequest {
            method: method.to_owned(),
            target: format!("/api2/json{path}?{}", pairs.join("&")),
            headers: vec![("Authorization".to_owned(), format!("PBSAPIToken={}:{}", CONSOLE.0, CONSOLE.1))],
            body: Vec::new(),
        };
        let state = self.rehearsal.served.lab.lock();
        let world = &state.world;
        let mut servers = world.backup_servers.borrow_mut();
        let address = servers.0.iter().find(|(_, one)| one.id == id).expect("a server").0.clone();
        let answer = accolades::lab::pbs::server::answer(&mut servers, world.seed, world.now, &address, &request);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 200, "{method} {path}: {text}");
        serde_json::from_str::<Value>(&text).expect("JSON")["data"].clone()
    }

    /// Starts a task and waits for its end: exit status and log.
    fn task(&self, id: &str, path: &str, params: &[(&str, &str)]) -> (String, String) {
        let upid = self.ask(id, "POST", path, params);
        self.pass(120);
        self.server(id, |server| {
            let task = server.tasks.iter().find(|task| Some(task.upid.as_str()) == upid.as_str()).expect("a task");
            let log = task.log.iter().map(|(_, line)| format!("{line}\n")).collect();
            (task.exit.clone().expect("it has ended"), log)
        })
    }

    /// The third place copies, as its job does every night.
    fn copies(&self) -> (String, String) {
        self.task(MOULIN, "/admin/sync/pull-grange/run", &[])
    }

    /// Everything in a datastore is read, whatever was read before.
    fn reads_all(&self, id: &str, store: &str) -> String {
        let path = format!("/admin/datastore/{store}/verify");
        self.task(id, &path, &[("ignore-verified", "false"), ("max-depth", "7")]).0
    }

    /// A piece of that snapshot goes bad on the disk.
    fn rots(&self, id: &str, store: &str, time: i64) {
        let snapshot = node_side::snapshot_name(&GroupId::vm(1002), time);
        self.deed(id, store, &Deed::FlipChunkOf { ns: NS.to_owned(), snapshot, only_there: true });
    }

    fn deed(&self, id: &str, store: &str, deed: &Deed) {
        self.server(id, |server| {
            let store = server.datastores.get_mut(store).expect("a datastore");
            disk::apply(store, deed).expect("it can be done");
        });
    }

    /// What the marks of verification say in the instance's namespace, oldest snapshot first.
    fn marks(&self, id: &str, store: &str) -> Vec<Value> {
        let list = self.ask(id, "GET", &format!("/admin/datastore/{store}/snapshots"), &[("ns", NS)]);
        let mut list = list.as_array().expect("a list").clone();
        list.sort_by_key(|one| one["backup-time"].as_i64());
        list.into_iter().map(|one| one["verification"]["state"].clone()).collect()
    }

    /// A place after a fresh look.
    async fn place(&self, place: Place) -> PlaceHealth {
        sweep(&self.rehearsal).await;
        let places = verdicts(&self.rehearsal).await.remove(0).health.places;
        places.into_iter().find(|one| one.place == place).expect("it is judged")
    }
}

fn friche() -> SiteId {
    SiteId::new("friche").expect("an id")
}

/// The finding of this name, whose mend holds these words.
fn named<'a>(place: &'a PlaceHealth, name: &str, mend: &str) -> &'a Finding {
    let found = place.findings.iter().find(|one| one.name.name() == name);
    let found = found.unwrap_or_else(|| panic!("nothing says `{name}`: {place:#?}"));
    assert!(found.mend.contains(mend), "{name}: {}", found.mend);
    found
}

fn says(place: &PlaceHealth, name: &str) -> bool {
    place.findings.iter().any(|one| one.name.name() == name)
}
