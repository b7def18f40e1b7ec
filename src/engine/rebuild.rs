//! Taking a half-made machine away so that it can be made anew, with the same id: a failed post-installation leaves
//! halves behind that nothing repairs (sheet YunoHost, section 2).
//!
//! One of the three places that destroy a machine; the others (`drill/remove.rs`, `restore/swap.rs`) destroy only what a
//! restore of ours made, or what one replaced. This one refuses once anybody could miss something: a backup exists, or a
//! password was handed over.

use super::backup::missing_right;
use super::journal::ActionLog;
use super::lease::InstanceLease;
use super::observe::subject_name;
use super::prepare::BACKUP_STORAGE;
use super::restore::Reading;
use super::site::{SiteLink, Token};
use super::under_way::UnderWay;
use super::{Engine, EngineError};
use crate::domain::backup::names;
use crate::domain::runs::RunOutcome;
use crate::plan::decide::is_marked;
use crate::plan::desired::Subject;
use crate::plan::observed::{Machine, MachineState};
use crate::pve::{Upid, wait_task};
use crate::store::{NewRun, Restore, RestoreState, Scope};
use crate::util::limits;
use std::collections::BTreeMap;

impl Engine {
    /// Why an instance's machine must not be taken away; `None` when it may.
    ///
    /// # Errors
    /// When that cannot be found out: then it must not either.
    pub async fn objection_to_rebuilding(&self, subject: &Subject<'_>) -> Result<Option<String>, EngineError> {
        let instance = &subject.instance.id;
        let link = self.everyday_link(subject).await?;
        match self.machine(&link, subject.instance.vmid).await? {
            MachineState::Present(machine) if !is_marked(&machine, instance) => {
                return Ok(Some(format!("vm {} does not carry the mark of `{instance}`", subject.instance.vmid)));
            }
            MachineState::Unknown(why) => return Err(EngineError::Unknown(why)),
            MachineState::Present(_) | MachineState::Absent => {}
        }
        // A machine that is gone takes its part of our rights with it: its backups would look like none.
        let reading = Reading::take(self, subject, subject.site, &link).await?;
        let saved = self.objection_by_backups(subject, &link).await;
        if let Some(reading) = reading {
            reading.give_back().await?;
        }
        if let Some(why) = saved? {
            return Ok(Some(why));
        }
        let drills = self.store.drills(&Scope::Staff, instance).await?;
        if drills.iter().any(|kept| kept.record.backup.is_some()) {
            let why = "a restore test on record has seen a backup of it: people may have worked on it";
            return Ok(Some(why.to_owned()));
        }
        let restores = self.store.restores(&Scope::Staff, instance).await?;
        let has_taken_over = |row: &Restore| {
            use RestoreState::{Discarded, Kept, Swapped, Swapping};
            row.new.vmid == subject.instance.vmid && matches!(row.state, Swapping | Swapped | Kept | Discarded)
        };
        if restores.iter().any(has_taken_over) {
            // Its earlier backups lie under another id.
            return Ok(Some("it was restored from a backup: people work on it".to_owned()));
        }
        let mut prefixes = vec![format!("instance/{instance}/")];
        prefixes.extend(subject.clients().map(|client| format!("person/{}/", client.id)));
        let names = self.vault.secret_names().await?;
        let handed_over = names.iter().find(|secret| {
            secret.handed_over_at_us.is_some()
                && secret.name != names::key_secret(instance)
                && prefixes.iter().any(|prefix| secret.name.starts_with(prefix))
        });
        Ok(handed_over.map(|secret| format!("`{}` was handed over: people work on it", secret.name)))
    }

    /// That backups of the machine exist, or why that cannot be seen.
    async fn objection_by_backups(
        &self,
        subject: &Subject<'_>,
        link: &SiteLink,
    ) -> Result<Option<String>, EngineError> {
        let (instance, vmid) = (&subject.instance.id, subject.instance.vmid);
        let permissions = link.pve.permissions(None).await?;
        for storage in [BACKUP_STORAGE.to_owned(), names::remote_storage(instance)] {
            let backups = match link.pve.volumes(&storage, Some("backup"), Some(vmid)).await {
                Ok(backups) => backups,
                // Where no remote backup was ever declared there is none; a place that does not answer may hold everything.
                Err(error) if storage != BACKUP_STORAGE && error.is_absent_storage() => continue,
                Err(error) => return Err(error.into()),
            };
            if !backups.is_empty() {
                return Ok(Some(format!("{} backups of it exist on `{storage}`: restore one instead", backups.len())));
            }
            // Without the right to see them the list is empty.
            if let Some(missing) = missing_right(&permissions, &storage, vmid) {
                let why = format!("whether backups of it exist on `{storage}` cannot be seen: {missing}");
                return Err(EngineError::Unknown(why));
            }
        }
        Ok(None)
    }

    /// Stops and destroys the machine. What is done already is skipped, so a run that was cut short goes on.
    ///
    /// # Errors
    /// A conflict when there is an objection; otherwise what the node says.
    pub async fn take_away(&self, subject: &Subject<'_>) -> Result<(), EngineError> {
        let name = subject_name(subject);
        let lease = InstanceLease::take(self, &name).await?;
        let result = self.take_away_under_lease(subject, &name).await;
        lease.give_back(self).await?;
        result
    }

    async fn take_away_under_lease(&self, subject: &Subject<'_>, name: &str) -> Result<(), EngineError> {
        if let Some(objection) = self.objection_to_rebuilding(subject).await? {
            return Err(EngineError::Conflict(format!("`{}` is not taken away: {objection}", subject.instance.id)));
        }
        let link = self.everyday_link(subject).await?;
        let run_id = self.randomness.hex(8);
        let at_us = self.now_us().await?;
        let run = NewRun { id: run_id.clone(), plan_id: None, scope: Scope::Staff, by: self.by.clone(), at_us };
        let under_way = UnderWay::begin(self, &run).await?;
        let log = ActionLog::new(self, &run_id, name, "machine/destroy");
        let result = self.destroy(subject, &link, &log).await;
        let outcome = RunOutcome::of_whole(result.is_ok());
        under_way.end(self, outcome, &serde_json::json!({ "version": 1 })).await?;
        result?;
        // The new machine has a new host key; it is pinned when the agent tells it.
        Ok(self.store.forget_host_key(name).await?)
    }

    async fn destroy(&self, subject: &Subject<'_>, link: &SiteLink, log: &ActionLog<'_>) -> Result<(), EngineError> {
        let vmid = subject.instance.vmid;
        let MachineState::Present(Machine { running, .. }) = self.machine(link, vmid).await? else {
            return log.skipped().await;
        };
        log.started().await?;
        let unprotected = BTreeMap::from([("protection".to_owned(), "0".to_owned())]);
        link.pve.set_vm_config(vmid, &unprotected, &[], None).await?;
        if running {
            self.follow(link, &link.pve.stop_vm(vmid).await?, log).await?;
        }
        self.follow(link, &link.pve.destroy_vm(vmid).await?, log).await?;
        match self.machine(link, vmid).await? {
            MachineState::Absent => log.done().await,
            _ => Err(EngineError::Unexpected(format!("vm {vmid} is still there after it was destroyed"))),
        }
    }

    async fn follow(&self, link: &SiteLink, upid: &Upid, log: &ActionLog<'_>) -> Result<(), EngineError> {
        log.submitted(upid.as_str()).await?;
        let end = wait_task(&link.pve, upid, &self.clock, limits::PVE_TASK_TIMEOUT).await?;
        if end.verdict.is_success() {
            return Ok(());
        }
        Err(EngineError::Failed {
            title: format!("task `{}`", upid.as_str()),
            problem: format!("{:?} {}", end.verdict, end.log_tail.join("; ")),
            next: "mend what it names, then run the same command again".to_owned(),
        })
    }

    /// The link to the site of an instance with the everyday token.
    ///
    /// # Errors
    /// As [`Engine::link`].
    pub async fn everyday_link(&self, subject: &Subject<'_>) -> Result<SiteLink, EngineError> {
        let route = self.route(subject.site)?;
        self.link(subject.site, &route, Token::Everyday).await
    }
}
