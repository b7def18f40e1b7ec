//! What each instance of the site needs to be backed up: its machine in its own pool, the storage on the backup server, the
//! jobs. The node runs them by itself from then on, whether or not anybody is at work here.

use super::Preparation;
use crate::domain::backup::names;
use crate::engine::declare::BackupAction;
use crate::engine::journal::ActionLog;
use crate::engine::machine::MachineOutcome;
use crate::engine::observe::subject_name;
use crate::engine::site::Token;
use crate::engine::{EngineError, Event};
use crate::plan::backups;
use crate::plan::decide::is_marked;
use crate::plan::desired::Subject;
use crate::plan::observed::MachineState;
use crate::plan::{Action, PlannedAction};

impl<'a> Preparation<'a> {
    /// The instances that stand here, or will.
    fn subjects(&self) -> Vec<Subject<'a>> {
        self.instances
            .iter()
            .filter_map(|instance| {
                let placement = instance
                    .placement_on(self.day)
                    .or_else(|| instance.placements.iter().min_by_key(|placement| placement.from))?;
                Some(Subject { inventory: self.inventory, instance, placement, site: self.site, day: self.day })
            })
            .collect()
    }

    /// Declares the backups of every instance; gives how many changes that took.
    pub(super) async fn declare_backups(&self, run_id: &str) -> Result<usize, EngineError> {
        let mut done = 0;
        for subject in self.subjects() {
            done += self.declare_backups_of(&subject, run_id).await?;
        }
        Ok(done)
    }

    async fn declare_backups_of(&self, subject: &Subject<'_>, run_id: &str) -> Result<usize, EngineError> {
        let engine = self.engine;
        let everyday = engine.link(self.site, &self.route, Token::Everyday).await?;
        let set_up = self.set_up().await?;
        let machine = engine.machine(&everyday, subject.instance.vmid).await?;
        // A stranger's machine under our id is nothing that we back up, and nothing that we touch.
        let machine_is_there =
            matches!(&machine, MachineState::Present(machine) if is_marked(machine, &subject.instance.id));
        let seen = engine.see_backups(&everyday.pve, subject).await?;
        let remote = engine.remote_access(subject).await?;
        let plan = backups::decide(subject, &seen, machine_is_there, &remote);
        if let Some(conflict) = plan.conflict {
            return Err(EngineError::Conflict(conflict));
        }
        let (name, site) = (subject_name(subject), self.site.id.to_string());
        let mut done = 0;
        for planned in &plan.actions {
            let key = format!("{}/{}", subject.instance.id, planned.key);
            if let Some(why) = &planned.waiting {
                let title = planned.title.clone();
                engine.tell(Event::Waits { subject: site.clone(), title, why: why.clone() });
                continue;
            }
            let log = ActionLog::new(engine, run_id, &name, &planned.key);
            engine.tell(Event::Acts { subject: site.clone(), key: key.clone(), title: planned.title.clone() });
            let action = BackupAction {
                engine,
                subject: *subject,
                everyday: &everyday.pve,
                set_up: &set_up,
                machine_is_there,
                key: &planned.key,
                action: &planned.action,
            };
            let outcome = match self.declare(&action, planned, &log).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    log.failed(&error).await?;
                    return Err(error);
                }
            };
            log.done().await?;
            done += usize::from(outcome == MachineOutcome::Done);
            let already = outcome == MachineOutcome::Already;
            engine.tell(Event::Done { subject: site.clone(), key, title: planned.title.clone(), already });
        }
        Ok(done)
    }

    async fn declare(
        &self,
        action: &BackupAction<'_>,
        planned: &PlannedAction,
        log: &ActionLog<'_>,
    ) -> Result<MachineOutcome, EngineError> {
        let Action::JoinPool { pool } = &planned.action else { return action.perform(log).await };
        log.started().await?;
        let vmid = action.subject.instance.vmid;
        // Already a member, or moved and the answer lost: what counts is what is read afterwards.
        let moved =
            self.pvesh("set", "/pools", &[("poolid", pool), ("vms", &vmid.to_string()), ("allow-move", "1")]).await;
        let seen = self.engine.see_backups(action.everyday, &action.subject).await?;
        match seen.pool {
            Some(members) if members.contains(&vmid) => Ok(MachineOutcome::Done),
            _ => moved
                .and(Err(EngineError::Unexpected(format!("vm {vmid} is not in pool `{pool}` after it was put there")))),
        }
    }

    /// The pools of the site's instances, with their comments.
    pub(super) fn instance_pools(&self) -> Vec<(String, String)> {
        let pool = |instance: &&crate::inventory::model::Instance| {
            (names::pool(&instance.id), format!("instance {}", instance.id))
        };
        self.instances.iter().map(pool).collect()
    }
}
