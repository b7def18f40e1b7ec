//! Privileges and the roles that bundle them.

/// All privileges, in the order in which refusals name them.
pub const NAMES: [&str; 23] = [
    "Sys.Audit",
    "Sys.Modify",
    "Sys.PowerManagement",
    "Datastore.Audit",
    "Datastore.Allocate",
    "Datastore.Modify",
    "Datastore.Read",
    "Datastore.Verify",
    "Datastore.Backup",
    "Datastore.Prune",
    "Permissions.Modify",
    "Remote.Audit",
    "Remote.Modify",
    "Remote.Read",
    "Remote.DatastoreBackup",
    "Remote.DatastoreModify",
    "Remote.DatastorePrune",
    "Sys.Console",
    "Tape.Audit",
    "Tape.Modify",
    "Tape.Write",
    "Tape.Read",
    "Realm.Allocate",
];

/// A set of privileges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Privileges(u32);

impl Privileges {
    /// None.
    pub const NONE: Privileges = Privileges(0);

    /// Every one.
    pub const ALL: Privileges = Privileges((1 << NAMES.len()) - 1);

    /// Those with these names; others do not count.
    pub fn of(names: &[&str]) -> Privileges {
        let bit = |name: &&str| NAMES.iter().position(|known| known == name).map_or(0, |at| 1 << at);
        Privileges(names.iter().map(bit).fold(0, |all, one| all | one))
    }

    /// Those of either.
    pub fn with(self, other: Privileges) -> Privileges {
        Privileges(self.0 | other.0)
    }

    /// Those of both.
    pub fn and(self, other: Privileges) -> Privileges {
        Privileges(self.0 & other.0)
    }

    /// Whether all of these are among them.
    pub fn has(self, names: &[&str]) -> bool {
        let wanted = Privileges::of(names);
        self.and(wanted) == wanted
    }

    /// Whether one of these is among them.
    pub fn has_any(self, names: &[&str]) -> bool {
        self.and(Privileges::of(names)) != Privileges::NONE
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().enumerate().filter(move |(at, _)| self.0 & (1 << at) != 0).map(|(_, name)| name)
    }
}

/// A role.
#[derive(Debug, Clone, Copy)]
pub struct Role {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub comment: &'static str,
    /// Its privileges.
    pub privileges: &'static [&'static str],
}

const fn role(name: &'static str, comment: &'static str, privileges: &'static [&'static str]) -> Role {
    Role { name, comment, privileges }
}

/// All roles; the server has no others.
pub const ROLES: [Role; 18] = [
    role("Admin", "Administrator", &NAMES),
    role("Audit", "Auditor", &["Sys.Audit", "Datastore.Audit"]),
    role("NoAccess", "Disable Access", &[]),
    role(
        "DatastoreAdmin",
        "Datastore Administrator",
        &[
            "Datastore.Audit",
            "Datastore.Modify",
            "Datastore.Read",
            "Datastore.Verify",
            "Datastore.Backup",
            "Datastore.Prune",
        ],
    ),
    role(
        "DatastoreReader",
        "Datastore Reader (inspect datastore content and do restores)",
        &["Datastore.Audit", "Datastore.Read", "Datastore.Verify"],
    ),
    role("DatastoreBackup", "Datastore Backup (backup and restore owned backups)", &["Datastore.Backup"]),
    role(
        "DatastorePowerUser",
        "Datastore PowerUser (backup, restore and prune owned backup)",
        &["Datastore.Backup", "Datastore.Prune"],
    ),
    role("DatastoreAudit", "Datastore Auditor", &["Datastore.Audit"]),
    role("RemoteAudit", "Remote Auditor", &["Remote.Audit"]),
    role("RemoteAdmin", "Remote Administrator", &["Remote.Audit", "Remote.Modify", "Remote.Read"]),
    role("RemoteSyncOperator", "Synchronization Operator", &["Remote.Audit", "Remote.Read"]),
    role(
        "RemoteSyncPushOperator",
        "Synchronisation Operator (push direction)",
        &["Remote.Audit", "Remote.DatastoreBackup"],
    ),
    role(
        "RemoteDatastorePowerUser",
        "Remote Datastore Prune",
        &["Remote.Audit", "Remote.DatastoreBackup", "Remote.DatastorePrune"],
    ),
    role(
        "RemoteDatastoreAdmin",
        "Remote Datastore Admin",
        &["Remote.Audit", "Remote.DatastoreBackup", "Remote.DatastoreModify", "Remote.DatastorePrune"],
    ),
    role("TapeAudit", "Tape Auditor", &["Tape.Audit"]),
    role("TapeAdmin", "Tape Administrator", &["Tape.Audit", "Tape.Modify", "Tape.Write", "Tape.Read"]),
    role("TapeOperator", "Tape Operator", &["Tape.Audit", "Tape.Write", "Tape.Read"]),
    role("TapeReader", "Tape Reader", &["Tape.Audit", "Tape.Read"]),
];

/// The names of all roles.
pub const ROLE_NAMES: [&str; 18] = {
    let mut names = [""; 18];
    let mut at = 0;
    while at < names.len() {
        names[at] = ROLES[at].name;
        at += 1;
    }
    names
};

/// The privileges of a role; none for one that does not exist.
pub fn of_role(name: &str) -> Privileges {
    ROLES.iter().find(|role| role.name == name).map_or(Privileges::NONE, |role| Privileges::of(role.privileges))
}
