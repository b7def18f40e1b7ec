//! Taking over a machine that stands under an instance's id without our mark: on purpose, by name, never in silence.

use super::journal::ActionLog;
use super::lease::InstanceLease;
use super::observe::subject_name;
use super::under_way::UnderWay;
use super::{Engine, EngineError};
use crate::domain::backup::names;
use crate::domain::runs::RunOutcome;
use crate::plan::decide::{TAG, is_marked, mark};
use crate::plan::desired::Subject;
use crate::plan::observed::MachineState;
use crate::ssh::{Command, Session};
use crate::store::{NewRun, Scope};

impl Engine {
    /// Marks the machine as the instance's and takes it into our pool, as root on its node: our own token may not touch
    /// a machine that is not in it. Nothing else of the machine is changed.
    ///
    /// # Errors
    /// When there is no machine under the id, or the node refuses.
    pub async fn adopt(&self, subject: &Subject<'_>) -> Result<(), EngineError> {
        let name = subject_name(subject);
        let lease = InstanceLease::take(self, &name).await?;
        let run_id = self.randomness.hex(8);
        let at_us = self.now_us().await?;
        let run = NewRun { id: run_id.clone(), plan_id: None, scope: Scope::Staff, by: self.by.clone(), at_us };
        let under_way = UnderWay::begin(self, &run).await?;
        let result = self.take_over(subject, &ActionLog::new(self, &run_id, &name, "machine/adopt")).await;
        let outcome = RunOutcome::of_whole(result.is_ok());
        under_way.end(self, outcome, &serde_json::json!({ "version": 1 })).await?;
        lease.give_back(self).await?;
        result
    }

    async fn take_over(&self, subject: &Subject<'_>, log: &ActionLog<'_>) -> Result<(), EngineError> {
        let instance = subject.instance;
        let link = self.everyday_link(subject).await?;
        match self.machine(&link, instance.vmid).await? {
            MachineState::Present(machine) if is_marked(&machine, &instance.id) => return log.skipped().await,
            MachineState::Present(_) => {}
            MachineState::Absent | MachineState::Unknown(_) => {
                return Err(EngineError::Conflict(format!("there is no vm {} to adopt", instance.vmid)));
            }
        }
        log.started().await?;
        let node = self.node_session(subject.site, &link.route).await?;
        let config = format!("/nodes/{}/qemu/{}/config", subject.site.node.name, instance.vmid);
        let description = mark(&instance.id);
        self.pvesh(&node, &["set", &config, "--description", &description, "--tags", TAG]).await?;
        // "already a pool member" is an error of Proxmox's: what counts is what our token sees afterwards.
        let (vmid, pool) = (instance.vmid.to_string(), names::pool(&instance.id));
        let joined =
            self.pvesh(&node, &["set", "/pools", "--poolid", &pool, "--vms", &vmid, "--allow-move", "1"]).await;
        match self.machine(&link, instance.vmid).await? {
            MachineState::Present(machine) if is_marked(&machine, &instance.id) => {
                self.store.reserve_vm_id(instance.vmid, &instance.id, self.now_us().await?).await?;
                log.done().await
            }
            _ => joined.and(Err(EngineError::Unexpected(format!("vm {vmid} does not show the mark it was given")))),
        }
    }

    pub(super) async fn pvesh(&self, node: &Session, words: &[&str]) -> Result<(), EngineError> {
        let finished = node.run(&Command::new("pvesh").args(words.iter().map(|&word| word.to_owned()))).await?;
        if finished.is_zero() {
            return Ok(());
        }
        Err(EngineError::Failed {
            title: format!("`pvesh {}`", words.join(" ")),
            problem: self.redactor.clean(finished.stderr.trim()),
            next: "mend what it names, then run the same command again".to_owned(),
        })
    }
}
