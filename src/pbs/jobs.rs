//! Jobs of a backup server (prune, verify, pull), the servers it fetches from, and its traffic control.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Upid;
use super::client::Client;
use super::error::PbsError;
use crate::transport::form::{Form, encode};

/// A kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// Drops what is not kept.
    Prune,
    /// Reads snapshots again.
    Verify,
    /// Fetches from another server, or from another datastore.
    Sync,
}

impl JobKind {
    fn path(self) -> &'static str {
        match self {
            JobKind::Prune => "prune",
            JobKind::Verify => "verify",
            JobKind::Sync => "sync",
        }
    }
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct JobState {
    /// Its id.
    pub id: String,
    /// The datastore.
    pub store: String,
    /// The namespace; absent: the top one.
    pub ns: Option<String>,
    /// The task of its last run.
    pub last_run_upid: Option<String>,
    /// How that ended, in the server's words.
    pub last_run_state: Option<String>,
    /// When it ended, in seconds since 1970.
    pub last_run_endtime: Option<i64>,
    /// When it runs next.
    pub next_run: Option<i64>,
}

/// A server that this one fetches from. Its password is never shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Remote {
    /// Its name here.
    pub name: String,
    /// Where it answers.
    pub host: String,
    /// Port; absent: 8007.
    pub port: Option<u16>,
    /// Who fetches.
    pub auth_id: String,
    /// Fingerprint of its certificate.
    pub fingerprint: Option<String>,
}

/// A rule of traffic control. Rates are bytes per second, as people write them: `512 KiB`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrafficRule {
    /// Its name.
    pub name: String,
    /// Whom it concerns: networks.
    pub network: Vec<String>,
    /// When; none: always.
    #[serde(default)]
    pub timeframe: Vec<String>,
    /// Bound of what comes in.
    pub rate_in: Option<String>,
    /// Bound of what goes out.
    pub rate_out: Option<String>,
}

impl Client {
    /// The jobs of a kind as they are defined: every option as JSON, without state. Of sync jobs, those that pull.
    ///
    /// # Errors
    /// As every call. An account without rights sees none.
    pub async fn jobs(&self, kind: JobKind) -> Result<Vec<Map<String, Value>>, PbsError> {
        self.get(&format!("/config/{}", kind.path()), Form::new()).await
    }

    /// How the jobs of a kind stand, of one datastore.
    ///
    /// # Errors
    /// As every call. An account without rights sees none.
    pub async fn job_states(&self, kind: JobKind, store: &str) -> Result<Vec<JobState>, PbsError> {
        self.get(&format!("/admin/{}", kind.path()), Form::new().with("store", store)).await
    }

    /// Defines a job. Nothing is checked but the form of the options: a namespace that does not exist is accepted.
    ///
    /// # Errors
    /// [`PbsError::already_exists`].
    pub async fn create_job(&self, kind: JobKind, options: &Map<String, Value>) -> Result<(), PbsError> {
        let body = Value::Object(options.clone());
        self.post_json::<Value>(&format!("/config/{}", kind.path()), &body).await.map(drop)
    }

    /// Changes options of a job, and takes others away.
    ///
    /// # Errors
    /// As every call.
    pub async fn update_job(
        &self,
        kind: JobKind,
        id: &str,
        options: &Map<String, Value>,
        gone: &[&str],
    ) -> Result<(), PbsError> {
        let mut body: Map<String, Value> = options
            .iter()
            .filter(|(name, _)| *name != "id")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if !gone.is_empty() {
            body.insert("delete".to_owned(), json!(gone));
        }
        self.put_json::<Value>(&format!("/config/{}/{}", kind.path(), encode(id)), &Value::Object(body)).await.map(drop)
    }

    /// Runs a job now.
    ///
    /// # Errors
    /// [`PbsError::is_absent`].
    pub async fn run_job(&self, kind: JobKind, id: &str) -> Result<Upid, PbsError> {
        self.start(&format!("/admin/{}/{}/run", kind.path(), encode(id)), Form::new()).await
    }

    /// The servers that this one fetches from.
    ///
    /// # Errors
    /// As every call.
    pub async fn remotes(&self) -> Result<Vec<Remote>, PbsError> {
        self.get("/config/remote", Form::new()).await
    }

    /// Defines such a server, or changes it.
    ///
    /// # Errors
    /// As every call.
    pub async fn set_remote(&self, remote: &Remote, password: &str, exists: bool) -> Result<(), PbsError> {
        let form = Form::new()
            .with("host", &remote.host)
            .with_some("port", remote.port)
            .with("auth-id", &remote.auth_id)
            .with("password", password)
            .with_some("fingerprint", remote.fingerprint.as_ref());
        if exists {
            return self.put::<Value>(&format!("/config/remote/{}", encode(&remote.name)), form).await.map(drop);
        }
        self.post::<Value>("/config/remote", form.with("name", &remote.name)).await.map(drop)
    }

    /// The rules of traffic control.
    ///
    /// # Errors
    /// As every call.
    pub async fn traffic_rules(&self) -> Result<Vec<TrafficRule>, PbsError> {
        self.get("/config/traffic-control", Form::new()).await
    }

    /// Sets a rule of traffic control.
    ///
    /// # Errors
    /// As every call.
    pub async fn set_traffic_rule(&self, rule: &TrafficRule, exists: bool) -> Result<(), PbsError> {
        let mut body: BTreeMap<&str, Value> =
            BTreeMap::from([("network", json!(rule.network)), ("timeframe", json!(rule.timeframe))]);
        body.extend(rule.rate_in.as_ref().map(|rate| ("rate-in", json!(rate))));
        body.extend(rule.rate_out.as_ref().map(|rate| ("rate-out", json!(rate))));
        if exists {
            let gone: Vec<&str> = [("rate-in", &rule.rate_in), ("rate-out", &rule.rate_out)]
                .into_iter()
                .filter(|(_, rate)| rate.is_none())
                .map(|(name, _)| name)
                .collect();
            if !gone.is_empty() {
                body.insert("delete", json!(gone));
            }
            let path = format!("/config/traffic-control/{}", encode(&rule.name));
            return self.put_json::<Value>(&path, &json!(body)).await.map(drop);
        }
        body.insert("name", json!(rule.name));
        self.post_json::<Value>("/config/traffic-control", &json!(body)).await.map(drop)
    }

    /// Takes a rule of traffic control away.
    ///
    /// # Errors
    /// [`PbsError::is_absent`].
    pub async fn remove_traffic_rule(&self, name: &str) -> Result<(), PbsError> {
        self.delete::<Value>(&format!("/config/traffic-control/{}", encode(name)), Form::new()).await.map(drop)
    }
}
