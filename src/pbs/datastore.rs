//! Datastores and their namespaces.

use serde::Deserialize;
use serde_json::Value;

use super::Upid;
use super::client::Client;
use super::error::PbsError;
use crate::transport::form::{Form, encode};

/// A datastore that is there and usable.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Datastore {
    /// Its name.
    pub store: String,
    /// Its comment.
    pub comment: Option<String>,
}

/// Options of a datastore that we set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DatastoreOptions {
    /// When garbage is collected.
    pub gc_schedule: Option<String>,
    /// Each new snapshot is read once when it has arrived.
    pub verify_new: Option<bool>,
    /// Why it is out of use at the moment.
    pub maintenance_mode: Option<String>,
}

/// Space of a datastore, in bytes. Zeros mean that the account may not see it, not that the disk is full.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DatastoreSpace {
    /// In all.
    pub total: u64,
    /// Used.
    pub used: u64,
    /// Left.
    pub avail: u64,
}

#[derive(Deserialize)]
struct Namespace {
    ns: String,
}

/// How garbage collection stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct GarbageState {
    /// The task of its last run; none when it never ran.
    pub upid: Option<String>,
    /// How that ended, in the server's words.
    pub last_run_state: Option<String>,
    /// When it ended, in seconds since 1970.
    pub last_run_endtime: Option<i64>,
    /// Its schedule; none: it runs only when somebody asks.
    pub schedule: Option<String>,
}

impl Client {
    /// How garbage collection stands: pruning alone frees nothing.
    ///
    /// # Errors
    /// [`PbsError::is_absent`].
    pub async fn garbage_state(&self, store: &str) -> Result<GarbageState, PbsError> {
        self.get(&format!("/admin/datastore/{}/gc", encode(store)), Form::new()).await
    }

    /// The datastores that the account may use. One that is being made is not there yet.
    ///
    /// # Errors
    /// As every call.
    pub async fn datastores(&self) -> Result<Vec<Datastore>, PbsError> {
        self.get("/admin/datastore", Form::new()).await
    }

    /// Space of a datastore.
    ///
    /// # Errors
    /// [`PbsError::is_absent`]; refused, too, in maintenance.
    pub async fn datastore_space(&self, store: &str) -> Result<DatastoreSpace, PbsError> {
        self.get(&format!("/admin/datastore/{}/status", encode(store)), Form::new()).await
    }

    /// Options of a datastore, with the digest for [`Client::set_datastore_options`].
    ///
    /// # Errors
    /// [`PbsError::is_absent`].
    pub async fn datastore_options(&self, store: &str) -> Result<(DatastoreOptions, Option<String>), PbsError> {
        self.get_config(&format!("/config/datastore/{}", encode(store))).await
    }

    /// Sets when garbage is collected and whether new snapshots are verified.
    ///
    /// # Errors
    /// [`PbsError::is_changed_meanwhile`] when the digest is an old one.
    pub async fn set_datastore_options(
        &self,
        store: &str,
        gc_schedule: &str,
        verify_new: bool,
        digest: Option<&str>,
    ) -> Result<(), PbsError> {
        let form =
            Form::new().with("gc-schedule", gc_schedule).with("verify-new", verify_new).with_some("digest", digest);
        self.put::<Value>(&format!("/config/datastore/{}", encode(store)), form).await.map(drop)
    }

    /// All namespaces of a datastore that the account may see; the top one is empty.
    ///
    /// # Errors
    /// As every call.
    pub async fn namespaces(&self, store: &str) -> Result<Vec<String>, PbsError> {
        let path = format!("/admin/datastore/{}/namespace", encode(store));
        let listed: Vec<Namespace> = self.get(&path, Form::new()).await?;
        Ok(listed.into_iter().map(|one| one.ns).collect())
    }

    /// Creates a namespace with every level above it; those that are there stay as they are.
    ///
    /// # Errors
    /// As every call.
    pub async fn create_namespace(&self, store: &str, namespace: &str) -> Result<(), PbsError> {
        let path = format!("/admin/datastore/{}/namespace", encode(store));
        let mut parent = String::new();
        for level in namespace.split('/') {
            let form = Form::new().with("name", level);
            let form = if parent.is_empty() { form } else { form.with("parent", &parent) };
            self.post::<Value>(&path, form).await?;
            parent = if parent.is_empty() { level.to_owned() } else { format!("{parent}/{level}") };
        }
        Ok(())
    }

    /// Starts collecting garbage.
    ///
    /// # Errors
    /// As every call.
    pub async fn collect_garbage(&self, store: &str) -> Result<Upid, PbsError> {
        self.start(&format!("/admin/datastore/{}/gc", encode(store)), Form::new()).await
    }
}
