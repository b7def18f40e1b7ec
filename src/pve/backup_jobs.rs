//! Backup jobs of the data centre: what runs, when, onto which storage (sheet Proxmox, section 9b).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::client::Client;
use super::error::PveError;
use super::wire;
use crate::transport::form::{Form, encode};

/// A job as it is defined. Proxmox tells nothing about its last run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupJob {
    /// Its id.
    pub id: String,
    /// Every option as text; what Proxmox shows as an object is a property string here, as it is written.
    pub options: BTreeMap<String, String>,
}

impl Client {
    /// All jobs; needs `Sys.Audit` on `/`.
    ///
    /// # Errors
    /// As every call.
    pub async fn backup_jobs(&self) -> Result<Vec<BackupJob>, PveError> {
        let entries: Vec<Map<String, Value>> = self.get("/cluster/backup", Form::new()).await?;
        let read = |entry: &Map<String, Value>| {
            let mut options = wire::options(entry);
            let id = options.remove("id")?;
            Some(BackupJob { id, options })
        };
        Ok(entries.iter().filter_map(read).collect())
    }

    /// Defines a job; needs `Sys.Modify` on `/`, `Datastore.Allocate` on the storage and `VM.Backup` on the pool.
    ///
    /// # Errors
    /// [`PveError::already_exists`].
    pub async fn create_backup_job(&self, id: &str, options: &BTreeMap<String, String>) -> Result<(), PveError> {
        let form = Form::new().with("id", id).with_all(options);
        self.post::<Value>("/cluster/backup", form).await.map(drop)
    }

    /// Changes options of a job and takes others away.
    ///
    /// # Errors
    /// As every call; an unknown job is refused as a parameter.
    pub async fn update_backup_job(
        &self,
        id: &str,
        options: &BTreeMap<String, String>,
        gone: &[&str],
    ) -> Result<(), PveError> {
        let form = Form::new().with_all(options);
        let form = if gone.is_empty() { form } else { form.with("delete", gone.join(",")) };
        self.put::<Value>(&format!("/cluster/backup/{}", encode(id)), form).await.map(drop)
    }
}
