//! What everything that has to do with backups is called, on nodes, on backup servers and among our secrets: one function
//! each, so that who declares a thing and who looks for it cannot disagree.
//!
//! Each instance has a pool, a namespace, a storage and two jobs of its own: a job selects a pool, so it needs no care
//! when machines come and go, and a namespace holds one instance, so a restore can never pick another one's snapshot.

use sha2::{Digest, Sha256};

use crate::domain::ids::{BackupServerId, InstanceId, SiteId};

/// The longest name of a job, a remote or a rule on a backup server.
const SERVER_ID_LENGTH_MAX: usize = 32;

/// The storage on the backup disk of a site's node.
pub const LOCAL_STORAGE: &str = "accolades-hdd";

/// What the names of our pools begin with. `accolades-clients` and `accolades-drills` are older than the pools of
/// instances: [`RESERVED_INSTANCES`].
pub const POOL_PREFIX: &str = "accolades-";

/// Instances cannot be called so: their pool would be one of those that every site has.
pub const RESERVED_INSTANCES: [&str; 2] = ["clients", "drills"];

/// The token of a site on a backup server, behind `USER!`.
pub const SITE_TOKEN: &str = "backup";

/// The user on a backup server whose token only looks.
pub const MONITOR_USER: &str = "accolades-monitor@pbs";

/// The name of that token, behind `USER!`.
pub const MONITOR_TOKEN: &str = "look";

/// The name of the token of a server that fetches, behind `USER!`.
pub const PULL_TOKEN: &str = "pull";

/// The token of whoever is lent the reading of one instance's backups, for the time of a restore elsewhere.
pub const LOAN_TOKEN: &str = "read";

/// The pool on a node that holds an instance's machine and nothing else.
pub fn pool(instance: &InstanceId) -> String {
    format!("{POOL_PREFIX}{instance}")
}

/// The job that writes an instance's backup onto the site's own disk.
pub fn local_job(instance: &InstanceId) -> String {
    format!("{instance}-local")
}

/// The job that writes an instance's backup onto the backup server.
pub fn remote_job(instance: &InstanceId) -> String {
    format!("{instance}-remote")
}

/// The storage on a node that leads to an instance's namespace on the backup server.
pub fn remote_storage(instance: &InstanceId) -> String {
    format!("pbs-{instance}")
}

/// The storage through which another site's node reads an instance's remote backups for the time of a restore.
pub fn loan_storage(instance: &InstanceId) -> String {
    format!("loan-{instance}")
}

/// The user on a backup server that is lent the reading of an instance's backups.
pub fn loan_user(instance: &InstanceId) -> String {
    format!("accolades-loan-{instance}@pbs")
}

/// An instance's namespace on a backup server, below the server's own root namespace where it has one.
pub fn namespace(root: Option<&str>, instance: &InstanceId) -> String {
    match root {
        Some(root) => format!("{root}/{instance}"),
        None => instance.to_string(),
    }
}

/// The user of a site on a backup server of ours.
pub fn site_user(site: &SiteId) -> String {
    format!("accolades-{site}@pbs")
}

/// The token of a site on a backup server of ours: the owner of every group that the site writes.
pub fn site_auth_id(site: &SiteId) -> String {
    format!("{}!{SITE_TOKEN}", site_user(site))
}

/// The token that looks after a backup server of ours.
pub fn monitor_auth_id() -> String {
    format!("{MONITOR_USER}!{MONITOR_TOKEN}")
}

/// The user on a backup server whose token lets another server of ours fetch from it.
pub fn pull_user(by: &BackupServerId) -> String {
    format!("accolades-pull-{by}@pbs")
}

/// The token of that user.
pub fn pull_auth_id(by: &BackupServerId) -> String {
    format!("{}!{PULL_TOKEN}", pull_user(by))
}

/// The prune job of an instance on a backup server.
pub fn prune_job(instance: &InstanceId) -> String {
    server_id("prune", instance.as_str())
}

/// The verification job of our part of a datastore.
pub fn verify_job(datastore: &str) -> String {
    server_id("verify", datastore)
}

/// The job that pulls another backup server's snapshots onto this one.
pub fn sync_job(from: &BackupServerId) -> String {
    server_id("pull", from.as_str())
}

/// The other backup server as this one knows it.
pub fn sync_remote(from: &BackupServerId) -> String {
    server_id("from", from.as_str())
}

/// A backup server's own names have 3 to 32 characters, ours may have as many without their prefix: a name that would be
/// too long is cut and told apart by a sum.
fn server_id(prefix: &str, name: &str) -> String {
    let whole = format!("{prefix}-{name}");
    if whole.len() <= SERVER_ID_LENGTH_MAX {
        return whole;
    }
    let sum = hex::encode(&Sha256::digest(name)[..4]);
    let kept: String = whole.chars().take(SERVER_ID_LENGTH_MAX - sum.len() - 1).collect();
    format!("{kept}-{sum}")
}

/// A traffic control rule; numbered, because a server may have several windows.
pub fn traffic_rule(number: usize) -> String {
    format!("accolades-window-{number}")
}

/// The secret: token of a site on a backup server.
pub fn site_token_secret(server: &BackupServerId, site: &SiteId) -> String {
    format!("backup-server/{server}/site/{site}")
}

/// The secret: the token that a partner gave us for its server.
pub fn partner_token_secret(server: &BackupServerId) -> String {
    format!("backup-server/{server}/partner-token")
}

/// The secret: the token with which we look at a backup server.
pub fn monitor_token_secret(server: &BackupServerId) -> String {
    format!("backup-server/{server}/monitor-token")
}

/// The secret: the token with which another server fetches from this one.
pub fn pull_token_secret(server: &BackupServerId, by: &BackupServerId) -> String {
    format!("backup-server/{server}/pull/{by}")
}

/// The secret: password or token of the account with which a backup server of ours is set up.
pub fn admin_secret(server: &BackupServerId) -> String {
    format!("backup-server/{server}/admin")
}

/// The secret: the key under which an instance's remote backups are encrypted, in Proxmox's own JSON form.
pub fn key_secret(instance: &InstanceId) -> String {
    format!("instance/{instance}/backup-key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_instance_can_have_the_name_of_a_pool_that_every_site_has() {
        for reserved in RESERVED_INSTANCES {
            let pool = pool(&InstanceId::new(reserved).unwrap());
            assert!(["accolades-clients", "accolades-drills"].contains(&pool.as_str()));
        }
    }

    #[test]
    fn names_are_what_proxmox_accepts() {
        let long = "a".repeat(crate::domain::ids::SLUG_LENGTH_MAX);
        let (instance, server) = (InstanceId::new(&long).unwrap(), BackupServerId::new(&long).unwrap());
        // A node takes 50 characters for a job, a backup server 64 for a token with its user.
        assert!(remote_job(&instance).len() <= 50 && local_job(&instance).len() <= 50);
        assert!(site_auth_id(&SiteId::new(&long).unwrap()).len() <= 64);
        for id in [prune_job(&instance), verify_job(&long), sync_job(&server), sync_remote(&server), traffic_rule(12)] {
            assert!((3..=SERVER_ID_LENGTH_MAX).contains(&id.len()), "{id}");
        }
    }

    #[test]
    fn names_that_are_cut_stay_apart() {
        let name = |end: &str| InstanceId::new(format!("{}{end}", "a".repeat(31))).unwrap();
        assert_ne!(prune_job(&name("b")), prune_job(&name("c")));
        assert_eq!(prune_job(&InstanceId::new("ilot").unwrap()), "prune-ilot");
    }
}
