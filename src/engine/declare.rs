//! What makes an instance be backed up, on its node: looked at with the everyday token, changed with the set-up token.
//!
//! The key of the remote backups is made here, saved before anything is sent, and read back from where it was saved.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::journal::ActionLog;
use super::machine::MachineOutcome;
use super::{Engine, EngineError};
use crate::domain::backup::key::{BackupKey, KEY_BYTES};
use crate::domain::backup::names;
use crate::domain::ids::InstanceId;
use crate::inventory::model::BackupServer;
use crate::plan::Action;
use crate::plan::backups::{self, RemoteAccess, SeenBackups};
use crate::plan::desired::Subject;
use crate::pve::{Client, PveError, StorageDefinition};
use crate::store::{NewObservation, Scope};
use crate::util::limits;
use crate::util::remote::{Retry, Sent};

/// The matter of the observation that remembers which token a node was given.
const SENT_TOKEN: &str = "backup-token";

/// Options that a storage that is there does not take any more.
const ONLY_AT_CREATION: [&str; 3] = ["type", "server", "datastore"];

impl Engine {
    /// What a node has of an instance's backups.
    ///
    /// # Errors
    /// As every call. A node that refuses to tell was not prepared for backups.
    pub async fn see_backups(&self, pve: &Client, subject: &Subject<'_>) -> Result<SeenBackups, EngineError> {
        let instance = &subject.instance.id;
        let pool = match pve.pool(&names::pool(instance)).await {
            Ok(pool) => pool,
            Err(PveError::Forbidden { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let jobs = match pve.backup_jobs().await {
            Ok(jobs) => jobs,
            Err(PveError::Forbidden { .. }) => return Ok(SeenBackups::default()),
            Err(error) => return Err(error.into()),
        };
        let pool = pool.map(|pool| pool.members.into_iter().filter_map(|member| member.vmid).collect());
        let storage = names::remote_storage(instance);
        let mut storages = BTreeMap::new();
        for definition in pve.storage_definitions().await?.into_iter().filter(|one| one.storage == storage) {
            let mut options = definition.options;
            options.insert("type".to_owned(), definition.kind);
            storages.insert(definition.storage, options);
        }
        let ours = [names::local_job(instance), names::remote_job(instance)];
        let jobs = jobs.into_iter().filter(|job| ours.contains(&job.id)).map(|job| (job.id, job.options)).collect();
        let sent = self.store.latest_observation(&Scope::Staff, "instance", instance.as_str(), SENT_TOKEN).await?;
        let sent_token = sent.and_then(|seen| seen.seen.value.get("sha256")?.as_str().map(str::to_owned));
        Ok(SeenBackups { pool, storages, jobs, sent_token })
    }

    /// What we have for the remote backup of an instance.
    ///
    /// # Errors
    /// When our own secrets cannot be read.
    pub async fn remote_access(&self, subject: &Subject<'_>) -> Result<RemoteAccess, EngineError> {
        let Some(server) = subject.inventory.server_of(subject.site) else { return Ok(RemoteAccess::None) };
        let Some((auth_id, token)) = self.site_token(server, subject).await? else {
            return Ok(RemoteAccess::Waiting(match server.ours {
                true => format!("run `accolades backup-server prepare {}`", server.id),
                false => format!(
                    "set the partner's token: `accolades secret set {}`",
                    names::partner_token_secret(&server.id)
                ),
            }));
        };
        let key = self.backup_key(&subject.instance.id).await?.map(|key| key.fingerprint());
        Ok(RemoteAccess::Ready { auth_id, key, token: sum_of(&token) })
    }

    /// The token with which a site writes to a backup server, with its value.
    async fn site_token(
        &self,
        server: &BackupServer,
        subject: &Subject<'_>,
    ) -> Result<Option<(String, SecretString)>, EngineError> {
        let (auth_id, name) = match &server.auth_id {
            Some(auth_id) => (auth_id.clone(), names::partner_token_secret(&server.id)),
            None => (names::site_auth_id(&subject.site.id), names::site_token_secret(&server.id, &subject.site.id)),
        };
        let value = self.vault.get_secret(&name).await?;
        Ok(value.map(|value| {
            self.redactor.learn(&value);
            (auth_id, value)
        }))
    }

    /// The saved key of an instance's remote backups.
    ///
    /// # Errors
    /// When what is saved is no key: nothing is encrypted under it then.
    pub async fn backup_key(&self, instance: &InstanceId) -> Result<Option<BackupKey>, EngineError> {
        let name = names::key_secret(instance);
        let Some(text) = self.vault.get_secret(&name).await? else { return Ok(None) };
        self.redactor.learn(&text);
        let key = BackupKey::from_json(text.expose_secret())
            .map_err(|error| EngineError::Conflict(format!("the secret `{name}`: {error}")))?;
        self.redactor.learn(&key.secret_part());
        Ok(Some(key))
    }

    /// The key of an instance; one that is not there is made, saved, and read back before anybody gets it.
    async fn ensure_backup_key(&self, instance: &InstanceId) -> Result<BackupKey, EngineError> {
        if let Some(key) = self.backup_key(instance).await? {
            return Ok(key);
        }
        let mut bytes = [0_u8; KEY_BYTES];
        self.randomness.fill(&mut bytes);
        let key = BackupKey::new(bytes, self.clock.now().await?);
        let name = names::key_secret(instance);
        self.vault.put_secret(&name, &key.to_json(), self.now_us().await?).await?;
        match self.backup_key(instance).await? {
            Some(saved) if saved == key => Ok(saved),
            _ => Err(EngineError::Unexpected(format!("the key `{name}` was saved and is not what was read back"))),
        }
    }
}

/// One action on the backups of an instance.
pub struct BackupAction<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// The instance.
    pub subject: Subject<'a>,
    /// Its node, with the token that may look.
    pub everyday: &'a Client,
    /// Its node, with the token that may change.
    pub set_up: &'a Client,
    /// Whether its machine is there.
    pub machine_is_there: bool,
    /// Key of the action in the plan.
    pub key: &'a str,
    /// What is to be done.
    pub action: &'a Action,
}

impl BackupAction<'_> {
    /// Carries the action out: looks, acts, looks again.
    ///
    /// # Errors
    /// A conflict that only a person decides; otherwise what the node says.
    pub async fn perform(&self, log: &ActionLog<'_>) -> Result<MachineOutcome, EngineError> {
        if self.is_done().await? {
            return Ok(MachineOutcome::Already);
        }
        let mut last = String::new();
        for _ in 0..limits::SUBMIT_ATTEMPTS_MAX {
            log.started().await?;
            match self.act().await {
                Ok(()) => {}
                // What the node made of it is looked at before anything is asked again.
                Err(EngineError::Pve(error)) if error.sent() == Sent::Maybe => last = error.to_string(),
                Err(EngineError::Pve(error)) if error.retry() != Retry::Never => {
                    last = error.to_string();
                    self.engine.clock.sleep(limits::BUSY_WAIT).await?;
                }
                Err(error) => return Err(error),
            }
            if self.is_done().await? {
                return Ok(MachineOutcome::Done);
            }
        }
        Err(EngineError::Failed {
            title: format!("backups of `{}` ({})", self.subject.instance.id, self.key),
            problem: if last.is_empty() { "what was read back is not as it should be".to_owned() } else { last },
            next: "mend what it names, then run the same command again: it goes on from here".to_owned(),
        })
    }

    /// Whether a fresh plan has nothing to do under this key any more.
    async fn is_done(&self) -> Result<bool, EngineError> {
        let seen = self.engine.see_backups(self.everyday, &self.subject).await?;
        let remote = self.engine.remote_access(&self.subject).await?;
        let plan = backups::decide(&self.subject, &seen, self.machine_is_there, &remote);
        if let Some(conflict) = plan.conflict {
            return Err(EngineError::Conflict(conflict));
        }
        Ok(!plan.unprepared && !plan.actions.iter().any(|one| one.key == self.key))
    }

    async fn act(&self) -> Result<(), EngineError> {
        match self.action {
            Action::DeclareJob { id, options } => self.declare_job(id, options).await,
            Action::DeclareStorage { options } => self.declare_storage(options).await,
            other => Err(EngineError::Unexpected(format!("{other:?} is no action on backups"))),
        }
    }

    async fn declare_job(&self, id: &str, options: &BTreeMap<String, String>) -> Result<(), EngineError> {
        let jobs = self.set_up.backup_jobs().await?;
        let Some(have) = jobs.iter().find(|job| job.id == id) else {
            return Ok(self.set_up.create_backup_job(id, options).await?);
        };
        let gone: Vec<&str> = backups::surplus(&have.options, options).collect();
        Ok(self.set_up.update_backup_job(id, options, &gone).await?)
    }

    async fn declare_storage(&self, options: &BTreeMap<String, String>) -> Result<(), EngineError> {
        let instance = &self.subject.instance.id;
        let id = names::remote_storage(instance);
        let server = self.subject.inventory.server_of(self.subject.site);
        let server = server.ok_or_else(|| EngineError::Unexpected("the site has no backup server".to_owned()))?;
        let Some((_, token)) = self.engine.site_token(server, &self.subject).await? else {
            return Err(EngineError::MissingSecret(names::site_token_secret(&server.id, &self.subject.site.id)));
        };
        let key = self.engine.ensure_backup_key(instance).await?.to_json();
        let there = self.set_up.storage_definitions().await?.into_iter().find(|one| one.storage == id);
        let encrypts = there.as_ref().is_some_and(|one| one.options.contains_key("encryption-key"));
        let mut secrets = vec![("password", &token)];
        if !encrypts {
            secrets.push(("encryption-key", &key));
        }
        let changeable = |(name, _): &(&String, &String)| !ONLY_AT_CREATION.contains(&name.as_str());
        let owned = |(name, value): (&String, &String)| (name.clone(), value.clone());
        if there.is_some() {
            let options: BTreeMap<String, String> = options.iter().filter(changeable).map(owned).collect();
            self.set_up.update_storage_with(&id, &options, &secrets).await?;
        } else {
            let definition = StorageDefinition {
                storage: id,
                kind: "pbs".to_owned(),
                options: options.iter().filter(|(name, _)| *name != "type").map(owned).collect(),
            };
            self.set_up.create_storage_with(&definition, &secrets).await?;
        }
        self.remember_token(&token).await
    }

    /// A node never shows what token it has: what was sent to it is remembered by its sum, so that a renewed one is sent.
    async fn remember_token(&self, token: &SecretString) -> Result<(), EngineError> {
        let observation = NewObservation {
            scope: Scope::Staff,
            subject_kind: "instance".to_owned(),
            subject_id: self.subject.instance.id.to_string(),
            what: SENT_TOKEN.to_owned(),
            value: serde_json::json!({ "version": 1, "sha256": sum_of(token) }),
            at_us: self.engine.now_us().await?,
        };
        Ok(self.engine.store.observe(&observation).await?)
    }
}

/// A name for a secret that tells nothing about it: tokens are random.
fn sum_of(secret: &SecretString) -> String {
    hex::encode(Sha256::digest(secret.expose_secret()))
}
