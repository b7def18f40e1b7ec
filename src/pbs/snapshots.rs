//! Groups and snapshots: what is stored, whose it is, and what the server knows of its soundness.

use serde::Deserialize;
use serde_json::Value;

use super::Upid;
use super::client::Client;
use super::error::PbsError;
use crate::transport::form::{Form, encode};

/// A group: all snapshots of one machine in one namespace. Only its owner may add to it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Group {
    /// `vm`, `ct` or `host`.
    pub backup_type: String,
    /// The VM id as a rule.
    pub backup_id: String,
    /// How many snapshots.
    pub backup_count: u64,
    /// The newest, in seconds since 1970.
    pub last_backup: i64,
    /// User or token.
    pub owner: Option<String>,
}

/// Names a group.
#[derive(Debug, Clone, Copy)]
pub struct GroupName<'a> {
    /// The namespace, empty for the top one.
    pub namespace: &'a str,
    /// `vm`, `ct` or `host`.
    pub backup_type: &'a str,
    /// The VM id as a rule.
    pub backup_id: &'a str,
}

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Snapshot {
    /// `vm`, `ct` or `host`.
    pub backup_type: String,
    /// The VM id as a rule.
    pub backup_id: String,
    /// When it was begun, in seconds since 1970.
    pub backup_time: i64,
    /// Bytes of the machine's disks; 1 or absent: unfinished or broken.
    pub size: Option<u64>,
    /// User or token.
    pub owner: Option<String>,
    /// Pruning leaves it, and does not count it.
    #[serde(default)]
    pub protected: bool,
    /// Fingerprint of the key that encrypted or signed it.
    pub fingerprint: Option<String>,
    /// What the last verification said; absent: never verified.
    pub verification: Option<Verification>,
    /// Its files.
    #[serde(default)]
    pub files: Vec<SnapshotFile>,
    /// Its note.
    pub comment: Option<String>,
}

impl Snapshot {
    /// Whether the data themselves are encrypted: the list of files is only signed, and a sign-only snapshot is plain.
    pub fn is_encrypted(&self) -> bool {
        let mut data = self.files.iter().filter(|file| file.filename != "index.json.blob").peekable();
        data.peek().is_some() && data.all(|file| file.crypt_mode.as_deref() == Some("encrypt"))
    }
}

/// A file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SnapshotFile {
    /// Its name.
    pub filename: String,
    /// `none`, `encrypt` or `sign-only`.
    pub crypt_mode: Option<String>,
    /// Its bytes.
    pub size: Option<u64>,
}

/// What a verification said. The state travels with a sync: on a copy it may never have been read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Verification {
    /// `ok` or `failed`.
    pub state: String,
    /// The task that said so, with its time.
    pub upid: String,
}

impl Client {
    /// The groups of a namespace. A token that only adds sees its own groups and nothing of others.
    ///
    /// # Errors
    /// [`PbsError::is_absent`] for an unknown datastore or namespace.
    pub async fn groups(&self, store: &str, namespace: &str) -> Result<Vec<Group>, PbsError> {
        let form = in_namespace(Form::new(), namespace);
        self.get(&format!("/admin/datastore/{}/groups", encode(store)), form).await
    }

    /// The snapshots of a namespace, or of one group. An unknown group has none.
    ///
    /// # Errors
    /// [`PbsError::is_absent`] for an unknown datastore or namespace.
    pub async fn snapshots(
        &self,
        store: &str,
        namespace: &str,
        group: Option<(&str, &str)>,
    ) -> Result<Vec<Snapshot>, PbsError> {
        let form = in_namespace(Form::new(), namespace)
            .with_some("backup-type", group.map(|(kind, _)| kind))
            .with_some("backup-id", group.map(|(_, id)| id));
        self.get(&format!("/admin/datastore/{}/snapshots", encode(store)), form).await
    }

    /// Gives a group to another user or token: after that only the new owner may add to it.
    ///
    /// # Errors
    /// [`PbsError::Refused`] with 401 when the account may not give it away.
    pub async fn change_owner(&self, store: &str, group: GroupName<'_>, owner: &str) -> Result<(), PbsError> {
        let form = in_namespace(Form::new(), group.namespace)
            .with("backup-type", group.backup_type)
            .with("backup-id", group.backup_id)
            .with("new-owner", owner);
        self.post::<Value>(&format!("/admin/datastore/{}/change-owner", encode(store)), form).await.map(drop)
    }

    /// Starts reading the snapshots of a namespace again. Without `all` those that were verified within `outdated_after`
    /// days are skipped, and the task says OK although nothing was read.
    ///
    /// # Errors
    /// As every call.
    pub async fn verify(
        &self,
        store: &str,
        namespace: &str,
        group: Option<(&str, &str)>,
        all: bool,
        outdated_after: Option<u16>,
    ) -> Result<Upid, PbsError> {
        let form = in_namespace(Form::new(), namespace)
            .with_some("backup-type", group.map(|(kind, _)| kind))
            .with_some("backup-id", group.map(|(_, id)| id))
            .with("ignore-verified", !all)
            .with_some("outdated-after", outdated_after);
        self.start(&format!("/admin/datastore/{}/verify", encode(store)), form).await
    }
}

/// The top namespace is not named.
fn in_namespace(form: Form, namespace: &str) -> Form {
    if namespace.is_empty() { form } else { form.with("ns", namespace) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn snapshot(modes: &[(&str, &str)]) -> Snapshot {
        let files: Vec<_> =
            modes.iter().map(|(name, mode)| json!({ "filename": name, "crypt-mode": mode, "size": 1 })).collect();
        serde_json::from_value(json!({
            "backup-type": "vm", "backup-id": "101", "backup-time": 1_795_000_000, "files": files, "protected": false,
        }))
        .unwrap()
    }

    #[test]
    fn a_snapshot_that_is_only_signed_is_not_encrypted() {
        let index = ("index.json.blob", "sign-only");
        assert!(snapshot(&[("drive-scsi0.img.fidx", "encrypt"), index]).is_encrypted());
        assert!(!snapshot(&[("drive-scsi0.img.fidx", "sign-only"), index]).is_encrypted());
        assert!(!snapshot(&[("drive-scsi0.img.fidx", "none"), ("index.json.blob", "none")]).is_encrypted());
        assert!(!snapshot(&[index]).is_encrypted());
        assert!(!snapshot(&[]).is_encrypted());
    }
}
