//! The world that the recorded Proxmox transcript was made in, and helpers to ask its node.

use accolades::lab::os::Machine;
use accolades::lab::pve::access::Access;
use accolades::lab::pve::message::{RawAnswer, RawRequest};
use accolades::lab::pve::server::{self, Admitted};
use accolades::lab::pve::state::Pve;
use accolades::lab::world::{Internet, Moment, Site, Surroundings, World};
use serde_json::Value;

/// The only site of the recorded world.
pub const SITE: &str = "site";

/// The recordings were made around this moment.
const NOW_S: i64 = 1_795_000_000;

/// The lines of a recorded transcript.
pub fn recorded(name: &str) -> Option<Vec<Value>> {
    let path = crate::contracts::folder()?.join("proxmox/recorded").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(text.lines().map(|line| serde_json::from_str(line).expect("a recorded line is JSON")).collect())
}

/// Users, tokens, pools and permissions as the transcript's first line describes them.
pub fn recorded_world() -> World {
    let mut access = Access::with_root("root-password");
    access.add_user("coop@pve", Some("coop-password"));
    access.add_user("off@pve", None).enabled = false;
    for (user, name, privsep) in [
        ("coop@pve", "app", true),
        ("coop@pve", "ro", true),
        ("coop@pve", "none", true),
        ("coop@pve", "old", true),
        ("root@pam", "boss", false),
    ] {
        access.add_token(user, name, privsep, &secret(name));
    }
    access.add_token("off@pve", "app", true, &secret("off"));
    access.users.get_mut("coop@pve").expect("added").tokens.get_mut("old").expect("added").expire = Some(1_580_000_000);
    access.add_pool("clients", &[101, 102, 9000], &["local-lvm"]);
    access.add_pool("drills", &[], &["local-lvm"]);
    access.add_role("CoopAll", &COOP_ALL);
    for path in ["/pool/clients", "/pool/drills"] {
        access.grant(path, "coop@pve", "CoopAll");
        access.grant(path, "coop@pve!app", "CoopAll");
    }
    for path in ["/storage/local-lvm", "/storage/pbs1"] {
        access.grant(path, "coop@pve", "PVEDatastoreUser");
        access.grant(path, "coop@pve!app", "PVEDatastoreUser");
    }
    for holder in ["coop@pve", "coop@pve!app", "coop@pve!ro"] {
        access.grant("/nodes/pve1", holder, "PVEAuditor");
    }
    access.grant("/pool/clients", "coop@pve!ro", "PVEAuditor");
    access.grant("/vms/105", "coop@pve", "PVEVMAdmin");
    world_with(access)
}

/// A world of one site whose node has these users and rights.
pub fn world_with(access: Access) -> World {
    let pve = Pve { node: "pve1".to_owned(), access, ..Pve::default() };
    let site = Site { id: SITE.to_owned(), online: true, off: false, node: Machine::default(), pve };
    World {
        seed: 1,
        now: Moment(NOW_S * 1_000_000),
        internet: Internet::default(),
        backup_servers: Default::default(),
        sites: [(SITE.to_owned(), site)].into_iter().collect(),
    }
}

const COOP_ALL: [&str; 16] = [
    "VM.Allocate",
    "VM.Audit",
    "VM.Clone",
    "VM.Backup",
    "VM.PowerMgmt",
    "VM.Snapshot",
    "VM.Config.Disk",
    "VM.Config.CPU",
    "VM.Config.Memory",
    "VM.Config.Network",
    "VM.Config.HWType",
    "VM.Config.Options",
    "VM.Config.Cloudinit",
    "VM.Config.CDROM",
    "VM.GuestAgent.Audit",
    "Pool.Audit",
];

fn secret(name: &str) -> String {
    format!("00000000-0000-0000-0000-{name:0>12}")
}

/// A text with every `<secret:NAME>` filled in.
pub fn with_secrets(text: &str) -> String {
    let mut parts = text.split("<secret:");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, after) = part.split_once('>').expect("a secret's name ends");
        filled.push_str(&secret(name));
        filled.push_str(after);
    }
    filled
}

/// The checks before a method, for every method of the table.
pub fn admit(world: &World, request: &RawRequest) -> Result<Admitted, RawAnswer> {
    let (seed, now, servers) = (world.seed, world.now, &world.backup_servers);
    let surroundings = Surroundings { seed, now, internet: &world.internet, servers };
    server::admit(&world.sites[SITE], surroundings, request, |_| true)
}
