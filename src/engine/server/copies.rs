//! Copies at a third place: this server fetches from another one of ours. It only adds: what the other one loses, or a
//! thief deletes there, stays here.

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::ServerPreparation;
use super::care::{find, has, options};
use crate::domain::backup::names;
use crate::engine::EngineError;
use crate::inventory::model::{BackupServer, Pull};
use crate::pbs::{JobKind, Remote};

/// How deep it looks below the root namespace of the other server: one level, that of the instances.
const INSTANCES_ONLY: u64 = 1;

impl ServerPreparation<'_> {
    fn pull(&self) -> Option<(&Pull, &BackupServer)> {
        let pull = self.server.pull.as_ref()?;
        Some((pull, self.inventory.backup_servers.get(&pull.from)?))
    }

    fn remote(&self, from: &BackupServer) -> Remote {
        Remote {
            name: names::sync_remote(&from.id),
            host: from.host.clone(),
            port: Some(from.port),
            auth_id: names::pull_auth_id(&self.server.id),
            fingerprint: Some(from.tls_fingerprint.to_lowercase()),
        }
    }

    /// `verified-only` gets past a damaged old snapshot, at which a pull would stop without it; `resync-corrupt` fetches
    /// again what a verification here found damaged (sheet Proxmox, sections 15 and 16).
    fn sync_job(&self, pull: &Pull, from: &BackupServer) -> Map<String, Value> {
        let mut job = options(json!({
            "id": names::sync_job(&from.id),
            "store": self.server.datastore,
            "remote": names::sync_remote(&from.id),
            "remote-store": from.datastore,
            "max-depth": INSTANCES_ONLY,
            "schedule": pull.schedule,
            "remove-vanished": false,
            "verified-only": true,
            "resync-corrupt": true,
            "comment": format!("accolades: copies of {}", from.id),
        }));
        job.extend(self.server.namespace.as_ref().map(|root| ("ns".to_owned(), json!(root))));
        job.extend(from.namespace.as_ref().map(|root| ("remote-ns".to_owned(), json!(root))));
        job
    }

    pub(super) async fn has_pull(&self) -> Result<bool, EngineError> {
        let Some((pull, from)) = self.pull() else { return Ok(true) };
        let wanted = self.remote(from);
        let same = |have: &Remote| {
            have.name == wanted.name
                && have.host == wanted.host
                && have.port.unwrap_or(8007) == from.port
                && have.auth_id == wanted.auth_id
                && have.fingerprint.as_ref().map(|text| text.to_lowercase()) == wanted.fingerprint
        };
        if !self.admin.remotes().await?.iter().any(same) {
            return Ok(false);
        }
        let there = self.admin.jobs(JobKind::Sync).await?;
        let wanted = self.sync_job(pull, from);
        Ok(find(&there, &wanted).is_some_and(|have| has(have, &wanted)))
    }

    pub(super) async fn set_pull(&self) -> Result<(), EngineError> {
        let Some((pull, from)) = self.pull() else { return Ok(()) };
        let name = names::pull_token_secret(&from.id, &self.server.id);
        let token = self.engine.vault.get_secret(&name).await?.ok_or_else(|| {
            EngineError::Conflict(format!(
                "`{}` has no token yet for the copies of `{}`\n\nrun `accolades backup-server prepare {}` first",
                from.id, self.server.id, from.id
            ))
        })?;
        self.engine.redactor.learn(&token);
        let remote = self.remote(from);
        let exists = self.admin.remotes().await?.iter().any(|one| one.name == remote.name);
        self.admin.set_remote(&remote, token.expose_secret(), exists).await?;
        self.set_job(JobKind::Sync, &self.sync_job(pull, from), &[]).await
    }
}
