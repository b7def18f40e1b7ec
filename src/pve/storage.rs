//! Storages: their definitions in the data centre and their state on this node (sheet Proxmox, sections 3 and 9d).

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::client::Client;
use super::error::PveError;
use super::wire;
use crate::transport::form::{Form, encode};

/// How a storage is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageDefinition {
    /// Its id.
    pub storage: String,
    /// `dir`, `lvmthin`, `zfspool`, `pbs`, ...
    pub kind: String,
    /// Everything else by name. Secrets are never among it.
    pub options: BTreeMap<String, String>,
}

/// How a storage stands on this node.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StorageStatus {
    /// Its id; only in the list.
    #[serde(default)]
    pub storage: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it may hold: `images`, `import`, `backup`, ...
    #[serde(default, deserialize_with = "wire::words")]
    pub content: Vec<String>,
    /// It is not switched off.
    #[serde(default, deserialize_with = "wire::flag")]
    pub enabled: bool,
    /// It could be reached. Otherwise its sizes are zero.
    #[serde(default, deserialize_with = "wire::flag")]
    pub active: bool,
    /// Size in bytes.
    #[serde(default, deserialize_with = "wire::maybe_number")]
    pub total: Option<u64>,
    /// Used bytes.
    #[serde(default, deserialize_with = "wire::maybe_number")]
    pub used: Option<u64>,
    /// Bytes that are left.
    #[serde(default, deserialize_with = "wire::maybe_number")]
    pub avail: Option<u64>,
}

impl Client {
    /// The definitions that the token may see.
    ///
    /// # Errors
    /// As every call.
    pub async fn storage_definitions(&self) -> Result<Vec<StorageDefinition>, PveError> {
        let entries: Vec<Map<String, Value>> = self.get("/storage", Form::new()).await?;
        let read = |entry: &Map<String, Value>| {
            let mut options = wire::options(entry);
            let storage = options.remove("storage")?;
            let kind = options.remove("type")?;
            Some(StorageDefinition { storage, kind, options })
        };
        Ok(entries.iter().filter_map(read).collect())
    }

    /// Defines a storage. It is activated at once on the serving node: one that cannot be reached cannot be defined.
    ///
    /// # Errors
    /// [`PveError::already_exists`] when the id is taken.
    pub async fn create_storage(&self, definition: &StorageDefinition) -> Result<(), PveError> {
        let form = Form::new()
            .with("storage", &definition.storage)
            .with("type", &definition.kind)
            .with_all(&definition.options);
        self.post::<Value>("/storage", form).await.map(drop)
    }

    /// As [`Client::create_storage`], with values that go into the body and nowhere else.
    ///
    /// # Errors
    /// [`PveError::already_exists`] when the id is taken.
    pub async fn create_storage_with(
        &self,
        definition: &StorageDefinition,
        secrets: &[(&str, &SecretString)],
    ) -> Result<(), PveError> {
        let form = Form::new()
            .with("storage", &definition.storage)
            .with("type", &definition.kind)
            .with_all(&definition.options);
        self.post::<Value>("/storage", with_secrets(form, secrets)).await.map(drop)
    }

    /// Removes the definition of a storage, and with it the secrets that the node has for it. What lies there stays.
    ///
    /// # Errors
    /// As every call.
    pub async fn delete_storage(&self, id: &str) -> Result<(), PveError> {
        self.delete::<Value>(&format!("/storage/{}", encode(id)), Form::new()).await.map(drop)
    }

    /// As [`Client::update_storage`], with values that go into the body and nowhere else.
    ///
    /// # Errors
    /// As every call.
    pub async fn update_storage_with(
        &self,
        storage: &str,
        options: &BTreeMap<String, String>,
        secrets: &[(&str, &SecretString)],
    ) -> Result<(), PveError> {
        let path = format!("/storage/{}", encode(storage));
        self.put::<Value>(&path, with_secrets(Form::new().with_all(options), secrets)).await.map(drop)
    }

    /// Changes options of a storage; type, path and server are fixed.
    ///
    /// # Errors
    /// As every call.
    pub async fn update_storage(&self, storage: &str, options: &BTreeMap<String, String>) -> Result<(), PveError> {
        let path = format!("/storage/{}", encode(storage));
        self.put::<Value>(&path, Form::new().with_all(options)).await.map(drop)
    }

    /// The storages of this node. One that cannot be activated is listed all the same, inactive and of size zero.
    ///
    /// # Errors
    /// As every call.
    pub async fn storages(&self) -> Result<Vec<StorageStatus>, PveError> {
        self.get(&self.node_path("/storage"), Form::new()).await
    }

    /// How one storage stands on this node.
    ///
    /// # Errors
    /// [`PveError::is_absent_storage`] when it is unknown or not enabled here.
    pub async fn storage_status(&self, storage: &str) -> Result<StorageStatus, PveError> {
        let path = self.node_path(&format!("/storage/{}/status", encode(storage)));
        let status: StorageStatus = self.get(&path, Form::new()).await?;
        Ok(StorageStatus { storage: storage.to_owned(), ..status })
    }
}

fn with_secrets(form: Form, secrets: &[(&str, &SecretString)]) -> Form {
    secrets.iter().fold(form, |form, (name, value)| form.with(name, value.expose_secret()))
}
