//! The privileges of Proxmox VE 9 and the roles that come with it.
//!
//! Every privilege belongs to a kind of person: only administrators of the whole system hold the "root" ones. The
//! built-in roles follow from that.

use std::collections::{BTreeMap, BTreeSet};

/// The privileges of one area.
struct Area {
    /// As in `PVEVMAdmin`.
    name: &'static str,
    root: &'static [&'static str],
    admin: &'static [&'static str],
    user: &'static [&'static str],
    audit: &'static [&'static str],
}

const AREAS: [Area; 7] = [
    Area {
        name: "VM",
        root: &[],
        admin: &[
            "VM.Allocate",
            "VM.Clone",
            "VM.Config.CPU",
            "VM.Config.Disk",
            "VM.Config.HWType",
            "VM.Config.Memory",
            "VM.Config.Network",
            "VM.Config.Options",
            "VM.GuestAgent.Unrestricted",
            "VM.Migrate",
            "VM.Replicate",
            "VM.Snapshot",
            "VM.Snapshot.Rollback",
        ],
        user: &[
            "VM.Backup",
            "VM.Config.CDROM",
            "VM.Config.Cloudinit",
            "VM.Console",
            "VM.GuestAgent.FileRead",
            "VM.GuestAgent.FileSystemMgmt",
            "VM.GuestAgent.FileWrite",
            "VM.PowerMgmt",
        ],
        audit: &["VM.Audit", "VM.GuestAgent.Audit"],
    },
    Area {
        name: "Sys",
        root: &["Sys.AccessNetwork", "Sys.Incoming", "Sys.Modify", "Sys.PowerMgmt"],
        admin: &["Sys.Console", "Sys.Syslog"],
        user: &[],
        audit: &["Sys.Audit"],
    },
    Area {
        name: "Datastore",
        root: &[],
        admin: &["Datastore.Allocate", "Datastore.AllocateTemplate"],
        user: &["Datastore.AllocateSpace"],
        audit: &["Datastore.Audit"],
    },
    Area { name: "SDN", root: &[], admin: &["SDN.Allocate"], user: &["SDN.Use"], audit: &["SDN.Audit"] },
    Area {
        name: "User",
        root: &["Realm.Allocate"],
        admin: &["Group.Allocate", "Realm.AllocateUser", "User.Modify"],
        user: &[],
        audit: &[],
    },
    // Even a plain user of pools may look at them.
    Area { name: "Pool", root: &[], admin: &["Pool.Allocate"], user: &["Pool.Audit"], audit: &["Pool.Audit"] },
    Area { name: "Mapping", root: &[], admin: &["Mapping.Modify"], user: &["Mapping.Use"], audit: &["Mapping.Audit"] },
];

/// In no area: the right to change permissions.
const PERMISSIONS: &str = "Permissions.Modify";

/// Every privilege there is.
pub fn all() -> BTreeSet<&'static str> {
    AREAS
        .iter()
        .flat_map(|area| [area.root, area.admin, area.user, area.audit])
        .flatten()
        .copied()
        .chain([PERMISSIONS])
        .collect()
}

/// Whether this is a privilege.
pub fn exists(name: &str) -> bool {
    all().contains(name)
}

/// The roles that come with Proxmox; they cannot be changed.
pub fn built_in_roles() -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut roles: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    roles.insert("NoAccess".to_owned(), BTreeSet::new());
    roles.insert("Administrator".to_owned(), all());
    roles.insert("PVETemplateUser".to_owned(), BTreeSet::from(["VM.Audit", "VM.Clone"]));
    for area in &AREAS {
        let mut give = |role: String, privileges: &[&[&'static str]]| {
            roles.entry(role).or_default().extend(privileges.iter().copied().flatten());
        };
        give(format!("PVE{}Admin", area.name), &[area.admin, area.user, area.audit]);
        give("PVEAdmin".to_owned(), &[area.admin, area.user, area.audit]);
        give("PVEAuditor".to_owned(), &[area.audit]);
        if !area.user.is_empty() {
            give(format!("PVE{}User", area.name), &[area.user, area.audit]);
        }
    }
    // Mapped hardware is for full administrators and those of mappings only.
    if let Some(admin) = roles.get_mut("PVEAdmin") {
        admin.remove("Mapping.Modify");
    }
    roles
}

/// A built-in role.
pub fn built_in(role: &str) -> Option<BTreeSet<&'static str>> {
    built_in_roles().remove(role)
}
