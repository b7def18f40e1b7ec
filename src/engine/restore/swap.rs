//! The swap: the restored machine takes the live one's place. Every step looks first, so that a swap that was cut short
//! goes on with the same command; the live machine's disks are not touched by any of them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::{RestoreDetail, Task, Work};
use crate::domain::backup::names;
use crate::domain::ids::{InstanceId, SiteId, VmId};
use crate::engine::drill::{is_card, mark as restored_mark};
use crate::engine::journal::ActionLog;
use crate::engine::{Engine, EngineError, Event};
use crate::plan::decide::{CLIENT_POOL, mark};
use crate::plan::desired::Subject;
use crate::plan::observed::{Machine, MachineState};
use crate::pve::PveError;
use crate::store::{Restore, RestoreState};

/// The first line of the description of a machine that was replaced. It is no longer the instance's: no plan starts it.
pub(super) fn replaced_mark(id: &str, instance: &InstanceId) -> String {
    format!("accolades replaced {id} of {instance}")
}

pub(super) fn first_line(config: &BTreeMap<String, String>) -> Option<&str> {
    config.get("description")?.lines().next().map(str::trim)
}

/// A step of the swap, or of what comes after it. Each looks, acts, and looks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    OldStopped,
    OldMarked,
    OldPool,
    NewOptions,
    NewStarted,
    NewAnswers,
    NewKey,
    NewAsleep,
    NewPool,
    OldDestroyed,
}

/// The swap of one restored machine.
pub(super) struct Swap<'a> {
    pub(super) work: &'a Work<'a>,
    pub(super) row: &'a Restore,
    pub(super) detail: RestoreDetail,
}

impl Engine {
    /// Lets the restored machine take the live one's place; `at` names the site when several wait. Run again after a stop it
    /// goes on.
    ///
    /// # Errors
    /// A conflict when nothing waits to be swapped or a machine is not the one on record; otherwise what the node says.
    pub async fn swap(&self, subject: &Subject<'_>, at: Option<&SiteId>) -> Result<Restore, EngineError> {
        let row = self.waiting_restore(subject, at, &[RestoreState::Checked, RestoreState::Swapping]).await?;
        self.with_restore(subject, &row, Task::Swap).await?;
        self.waiting_restore(subject, Some(&row.new.site), &[RestoreState::Swapped]).await
    }

    /// Lets the replaced machine be: it stays on the node, stopped, and is nobody's business of ours any more.
    ///
    /// # Errors
    /// A conflict when there is none.
    pub async fn keep_replaced(&self, subject: &Subject<'_>, at: Option<&SiteId>) -> Result<Restore, EngineError> {
        let row = self.waiting_restore(subject, at, &[RestoreState::Swapped]).await?;
        let now_us = self.now_us().await?;
        let (from, to) = (RestoreState::Swapped, RestoreState::Kept);
        self.store.move_restore(&row.new.id, from, to, &row.new.detail, now_us).await?;
        Ok(row)
    }

    /// Destroys the machine that was replaced, with everything on its disks. Its name was typed before.
    ///
    /// # Errors
    /// A conflict when it cannot be shown to be that machine: it is left untouched.
    pub async fn discard_replaced(&self, subject: &Subject<'_>, at: Option<&SiteId>) -> Result<Restore, EngineError> {
        let row = self.waiting_restore(subject, at, &[RestoreState::Swapped]).await?;
        self.with_restore(subject, &row, Task::Discard).await?;
        Ok(row)
    }
}

impl Work<'_> {
    pub(super) async fn swap(&self, row: &Restore) -> Result<(), EngineError> {
        let (row, detail) = self.begin_swap(row).await?;
        let swap = Swap { work: self, row: &row, detail };
        for step in swap.steps() {
            swap.carry_out(step).await?;
        }
        let now_us = self.engine.now_us().await?;
        let (from, to) = (RestoreState::Swapping, RestoreState::Swapped);
        Ok(self.engine.store.move_restore(&row.new.id, from, to, &swap.detail.value(), now_us).await?)
    }

    pub(super) async fn discard(&self, row: &Restore) -> Result<(), EngineError> {
        let detail = RestoreDetail::of(row);
        if detail.old_vmid.is_none() {
            let why = "no machine was replaced at this site: there is nothing to discard";
            return Err(EngineError::Conflict(why.to_owned()));
        }
        let swap = Swap { work: self, row, detail };
        swap.carry_out(Step::OldDestroyed).await?;
        let now_us = self.engine.now_us().await?;
        let (from, to) = (RestoreState::Swapped, RestoreState::Discarded);
        Ok(self.engine.store.move_restore(&row.new.id, from, to, &row.new.detail, now_us).await?)
    }

    /// What is taken over from the live machine is written down before anything is changed.
    async fn begin_swap(&self, row: &Restore) -> Result<(Restore, RestoreDetail), EngineError> {
        let mut detail = RestoreDetail::of(row);
        if row.state == RestoreState::Swapping {
            return Ok((row.clone(), detail));
        }
        let instance = self.subject.instance;
        self.must_be_restored(row).await?;
        match self.config(instance.vmid).await? {
            None => {}
            Some(config) if first_line(&config) == Some(mark(&instance.id).as_str()) => {
                detail.old_vmid = Some(instance.vmid);
                detail.cards = config.into_iter().filter(|(name, _)| is_card(name)).collect();
            }
            Some(_) => {
                return Err(EngineError::Conflict(format!(
                    "vm {} exists and does not carry the mark of `{}`; it is left untouched, and nothing was swapped",
                    instance.vmid, instance.id
                )));
            }
        }
        let now_us = self.engine.now_us().await?;
        let (from, to) = (RestoreState::Checked, RestoreState::Swapping);
        self.engine.store.move_restore(&row.new.id, from, to, &detail.value(), now_us).await?;
        Ok((Restore { state: to, ..row.clone() }, detail))
    }

    async fn must_be_restored(&self, row: &Restore) -> Result<(), EngineError> {
        let config = self.config(row.new.vmid).await?.unwrap_or_default();
        let wanted = restored_mark(row.new.purpose, &row.new.id, &row.new.instance);
        if first_line(&config) == Some(wanted.as_str()) {
            return Ok(());
        }
        Err(EngineError::Conflict(format!(
            "vm {} does not carry the mark of the restored machine; nothing was swapped",
            row.new.vmid
        )))
    }

    pub(super) async fn config(&self, vmid: VmId) -> Result<Option<BTreeMap<String, String>>, EngineError> {
        match self.engine.machine(self.link, vmid).await? {
            MachineState::Present(Machine { config, .. }) => Ok(Some(config)),
            MachineState::Absent => Ok(None),
            MachineState::Unknown(why) => Err(EngineError::Unknown(why)),
        }
    }

    pub(super) async fn set(&self, vmid: VmId, options: &BTreeMap<String, String>) -> Result<(), EngineError> {
        self.engine.patiently(|| self.link.pve.set_vm_config(vmid, options, &[], None)).await
    }

    pub(super) async fn is_stopped(&self, vmid: VmId) -> Result<bool, EngineError> {
        Ok(self.engine.patiently(|| self.link.pve.vm_state(vmid)).await?.is_stopped())
    }

    pub(super) async fn is_in_pool(&self, vmid: VmId, pool: &str) -> Result<bool, EngineError> {
        let pool = self.engine.patiently(|| self.link.pve.pool(pool)).await?;
        Ok(pool.is_some_and(|pool| pool.members.iter().any(|member| member.vmid == Some(vmid))))
    }

    /// The pool whose members the instance's jobs back up. On a site that was prepared before each instance had one of its
    /// own it is the common one.
    pub(super) async fn client_pool(&self) -> Result<String, EngineError> {
        let own = names::pool(&self.subject.instance.id);
        match self.engine.patiently(|| self.link.pve.pool(&own)).await {
            Ok(Some(_)) => Ok(own),
            Ok(None) | Err(EngineError::Pve(PveError::Forbidden { .. })) => Ok(CLIENT_POOL.to_owned()),
            Err(other) => Err(other),
        }
    }

    /// As root on the node: our token may not change who may do what to a machine.
    pub(super) async fn move_to_pool(&self, vmid: VmId, pool: &str) -> Result<(), EngineError> {
        let node = self.engine.node_session(self.site, &self.link.route).await?;
        let vmid = vmid.to_string();
        let words = ["set", "/pools", "--poolid", pool, "--vms", &vmid, "--allow-move", "1"];
        self.engine.pvesh(&node, &words).await
    }
}

impl Swap<'_> {
    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.detail.old_vmid.is_some() {
            steps.extend([Step::OldStopped, Step::OldMarked, Step::OldPool]);
        }
        steps.extend([Step::NewOptions, Step::NewStarted, Step::NewAnswers]);
        if self.detail.elsewhere.is_some() {
            steps.extend([Step::NewKey, Step::NewAsleep]);
        }
        steps.push(Step::NewPool);
        steps
    }

    pub(super) fn instance(&self) -> &InstanceId {
        &self.work.subject.instance.id
    }

    /// The machine that is replaced; steps about it are only taken when there is one.
    pub(super) fn old(&self) -> VmId {
        self.detail.old_vmid.unwrap_or(self.work.subject.instance.vmid)
    }

    pub(super) fn replaced(&self) -> String {
        replaced_mark(&self.row.new.id, self.instance())
    }

    pub(super) fn address(&self) -> Ipv4Addr {
        let elsewhere = self.detail.elsewhere.as_ref();
        elsewhere.map_or(self.work.subject.placement.address4, |there| there.address4).addr()
    }

    fn title(&self, step: Step) -> String {
        let (old, new) = (self.old(), self.row.new.vmid);
        match step {
            Step::OldStopped => format!("vm {old} is shut down"),
            Step::OldMarked => format!("vm {old} is marked as replaced, unplugged, and never starts by itself"),
            Step::OldPool => format!("vm {old} is no longer backed up"),
            Step::NewOptions => format!("vm {new} has hardware addresses, memory and mark of `{}`", self.instance()),
            Step::NewStarted => format!("vm {new} is started"),
            Step::NewAnswers => format!("the guest answers and has the address {}", self.address()),
            Step::NewKey => format!("vm {new} has made a host key of its own, which is pinned"),
            Step::NewAsleep => format!("cloud-init never runs again in vm {new}"),
            Step::NewPool => format!("vm {new} is backed up from now on"),
            Step::OldDestroyed => format!("vm {old} is destroyed"),
        }
    }

    async fn carry_out(&self, step: Step) -> Result<(), EngineError> {
        let engine = self.work.engine;
        let (subject, title) = (format!("restored/{}", self.instance()), self.title(step));
        let key = format!("swap/{}/{step:?}", self.row.new.id).to_lowercase();
        let log = ActionLog::new(engine, self.work.run_id, &subject, &key);
        let instance = self.instance().to_string();
        let done = |already| Event::Done { subject: instance.clone(), key: key.clone(), title: title.clone(), already };
        if self.look(step).await? {
            log.skipped().await?;
            engine.tell(done(true));
            return Ok(());
        }
        engine.tell(Event::Acts { subject: instance.clone(), key: key.clone(), title: title.clone() });
        log.started().await?;
        let acted = self.act(step).await;
        let error = match (acted, self.look(step).await) {
            // What counts is what is so: an answer may have been lost.
            (_, Ok(true)) => {
                log.done().await?;
                engine.tell(done(false));
                return Ok(());
            }
            (Err(error), _) | (Ok(()), Err(error)) => error,
            (Ok(()), Ok(false)) => EngineError::Failed {
                title,
                problem: "it was done, and what was read back is not as it should be".to_owned(),
                next: "run the same command again; if it says so twice, look at the node".to_owned(),
            },
        };
        log.failed(&error).await?;
        Err(error)
    }
}
