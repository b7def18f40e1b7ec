//! A restore beside the live machine: made, looked into, and shut down to wait for somebody's word.

use std::collections::BTreeMap;

use super::{Asked, DETAIL_VERSION, RestoreDetail, RestoreOrder};
use crate::domain::backup::drill::judge;
use crate::domain::ids::VmId;
use crate::engine::drill::{Course, Setback, Trial};
use crate::engine::journal::ActionLog;
use crate::engine::lease::InstanceLease;
use crate::engine::site::SiteLink;
use crate::engine::{Engine, EngineError};
use crate::pve::{Shutdown, wait_task};
use crate::store::{Purpose, Restore, RestoreState};
use crate::util::limits;

impl Course<'_> {
    /// Restores beside the live machine, looks inside, and shuts the restored machine down again.
    pub(super) async fn aside(
        &self,
        order: &RestoreOrder,
        lease: &mut InstanceLease,
        made: &mut Option<VmId>,
    ) -> Result<Restore, Setback> {
        self.see_live_marker().await?;
        let chosen = self.choose(None, Some(order.not_after_us)).await?;
        self.note(format!("restoring {}", chosen.volume));
        let saved = self.saved_config(&chosen.volume).await?;
        let memory_mib = self.check_space(&saved).await?;
        lease.renew(self.engine).await?;
        self.tell_acts("restore/machine", "restore beside the live machine");
        let vmid = self.restore_for(Purpose::Restore, &chosen, &saved, memory_mib, lease, made).await?;
        self.tell_done("restore/machine", &format!("restored as vm {vmid}, unplugged"));
        let mut trial = Trial::default();
        trial.checks.extend(self.read_back_for(Purpose::Restore, vmid, &saved, memory_mib).await?);
        if let Some(bad) = trial.checks.iter().find(|check| !check.ok) {
            return Err(Setback::Failed(format!(
                "{}: expected {}, found {}; it was not started",
                crate::domain::backup::drill::name_of(&bad.kind),
                bad.expected,
                bad.found
            )));
        }
        lease.renew(self.engine).await?;
        self.tell_acts("restore/boot", "boot unplugged");
        self.boot(vmid).await?;
        self.tell_done("restore/boot", "it booted and answers");
        self.tell_acts("restore/checks", "look inside");
        self.look_inside(vmid, chosen.at_us, &mut trial).await?;
        self.tell_done("restore/checks", &format!("{} checks", trial.checks.len()));
        if self.is_elsewhere() {
            // Its next boot is a first one: it takes the address that it has there.
            self.let_cloud_init(vmid, true).await?;
        }
        self.shut_down(vmid).await?;
        let detail = RestoreDetail {
            version: DETAIL_VERSION,
            asked: Some(Asked::of(order)),
            backup: Some(chosen.tried()),
            verdict: Some(judge(&trial.checks, &trial.nonce, trial.has_marker, chosen.at_us)),
            checks: trial.checks,
            nonce: trial.nonce,
            old_vmid: None,
            elsewhere: order.elsewhere.clone().filter(|_| self.is_elsewhere()),
            cards: self.cards(&saved.options),
        };
        let open = self.engine.open_restore(&self.subject.instance.id, &self.site.id).await?;
        let row = open.ok_or_else(|| EngineError::Unexpected("the restored machine is not on record".to_owned()))?;
        let now_us = self.engine.now_us().await?;
        let (from, to) = (RestoreState::Begun, RestoreState::Checked);
        self.engine.store.move_restore(&row.new.id, from, to, &detail.value(), now_us).await?;
        let (subject, key) = (self.journal_subject(), format!("machine/{}", row.new.id));
        ActionLog::new(self.engine, self.run_id, &subject, &key).done().await?;
        Ok(self.row(&row.new.id).await?)
    }

    /// The cards of the backup, on this site's bridge.
    fn cards(&self, options: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let is_card = |name: &&String| crate::engine::drill::is_card(name);
        options
            .iter()
            .filter(|(name, _)| is_card(name))
            .map(|(name, value)| {
                let model = value.split(',').next().unwrap_or("virtio");
                (name.clone(), format!("{model},bridge={}", self.site.node.bridge))
            })
            .collect()
    }

    async fn shut_down(&self, vmid: VmId) -> Result<(), EngineError> {
        self.engine.shut_down(self.link, vmid).await
    }
}

impl Engine {
    /// Shuts a guest down, by force when it does not in time. What is stopped already stays so.
    pub(in crate::engine) async fn shut_down(&self, link: &SiteLink, vmid: VmId) -> Result<(), EngineError> {
        let how = Shutdown { timeout: limits::SHUTDOWN_TIMEOUT, force: true };
        for _ in 0..limits::SUBMIT_ATTEMPTS_MAX {
            if self.patiently(|| link.pve.vm_state(vmid)).await?.is_stopped() {
                return Ok(());
            }
            if let Ok(upid) = link.pve.shutdown_vm(vmid, how).await
                && wait_task(&link.pve, &upid, &self.clock, limits::PVE_TASK_TIMEOUT).await?.verdict.is_success()
            {
                continue;
            }
            // A task that fails at once, as on a locked machine, is no reason to ask again at once.
            self.clock.sleep(limits::BUSY_WAIT).await?;
        }
        let state = self.patiently(|| link.pve.vm_state(vmid)).await?;
        if state.is_stopped() {
            return Ok(());
        }
        let (problem, next) = match &state.lock {
            Some(lock) => (
                format!("it is locked (`{lock}`)"),
                "wait until what holds the lock is over (a backup, most likely), then run the same command again",
            ),
            None => {
                let next = "look at its console in Proxmox, then run the same command again";
                ("it is still running".to_owned(), next)
            }
        };
        Err(EngineError::Failed { title: format!("shutting vm {vmid} down"), problem, next: next.to_owned() })
    }
}
