//! Removing a machine that a restore of ours made, and nothing else.
//!
//! Two independent proofs before anything is destroyed: our store has a row for this site and this VM id that is not over,
//! *and* the node says the same, in one of two ways: the machine carries the mark of that very row, or it is the bare stub
//! that a failed restore leaves, which has no mark, and the task that left it is ours (sheet Proxmox, section 10).

use std::collections::BTreeMap;

use serde_json::Value;

use super::copy::machine_key;
use super::journal_subject;
use super::whose::{Whose, altered, unclear, whose};
use crate::domain::ids::{InstanceId, VmId};
use crate::engine::journal::ActionLog;
use crate::engine::site::{SiteLink, Token};
use crate::engine::{Engine, EngineError, Event};
use crate::inventory::model::Site;
use crate::plan::decide::DRILL_POOL;
use crate::pve::{PveError, ResourceKind, TaskFilter, TaskSource, Upid, wait_task};
use crate::ssh::{Command, Session};
use crate::store::{Purpose, Restore, RestoreState, Scope};
use crate::util::limits;
use crate::util::remote::{Retry, Sent};

/// Clocks of nodes may be behind ours by so much.
const CLOCK_SKEW_SECONDS: i64 = 3600;

/// Tasks that somebody looks at a machine with. They last as long as the window is open and make nothing.
const CONSOLES: [&str; 2] = ["vncproxy", "spiceproxy"];

impl Engine {
    /// Removes the machines of drills that have no end on this site: those of runs that were cut short.
    ///
    /// # Errors
    /// When the node does not answer, or one of them cannot be shown to be ours.
    pub(in crate::engine) async fn remove_leftovers(
        &self,
        site: &Site,
        link: &SiteLink,
        run_id: &str,
    ) -> Result<(), EngineError> {
        for row in self.store.open_restores(&Scope::Staff).await? {
            if row.new.purpose == Purpose::Drill && row.new.site == site.id {
                let text = format!("vm {} of a drill that was cut short is removed first", row.new.vmid);
                self.tell(Event::Note { subject: row.new.instance.to_string(), text });
                self.remove_restored(site, link, &row, run_id).await?;
            }
        }
        self.remove_latecomers(site, link, run_id).await
    }

    /// A node may begin a restore after it told us that it did not, when its row was closed already. Such a machine is in
    /// our pool and carries the mark of a row that is over.
    async fn remove_latecomers(&self, site: &Site, link: &SiteLink, run_id: &str) -> Result<(), EngineError> {
        let machines = self.patiently(|| link.pve.resources(ResourceKind::Vm)).await?;
        let members = machines.into_iter().filter(|one| one.pool.as_deref() == Some(DRILL_POOL));
        for vmid in members.filter_map(|one| one.vmid) {
            let config = match self.patiently(|| link.pve.vm_config(vmid)).await {
                Ok(config) => config.options,
                Err(EngineError::Pve(error)) if error.is_absent_vm() => continue,
                // It went since the list was made, and our right to see it went with its place in the pool.
                Err(EngineError::Pve(PveError::Forbidden { .. })) => continue,
                Err(other) => return Err(other),
            };
            if let Some(row) = self.row_that_is_over(site, vmid, &config).await? {
                let text = format!("vm {vmid} was restored after its restore had been given up: it is removed first");
                self.tell(Event::Note { subject: row.new.instance.to_string(), text });
                self.remove_restored(site, link, &row, run_id).await?;
            }
        }
        Ok(())
    }

    /// The closed row whose mark a machine carries.
    async fn row_that_is_over(
        &self,
        site: &Site,
        vmid: VmId,
        config: &BTreeMap<String, String>,
    ) -> Result<Option<Restore>, EngineError> {
        let first_line = config.get("description").and_then(|text| text.lines().next()).unwrap_or_default();
        let instance = first_line.rsplit_once(" of ").and_then(|(_, id)| InstanceId::new(id.trim()).ok());
        let Some(instance) = instance else { return Ok(None) };
        let rows = self.store.restores(&Scope::Staff, &instance).await?;
        let is_meant = |row: &Restore| {
            row.state == RestoreState::Gone
                && (&row.new.site, row.new.vmid) == (&site.id, vmid)
                && whose(config, row, None) == Whose::Ours
        };
        Ok(rows.into_iter().find(is_meant))
    }

    /// Stops and destroys a machine of ours, reads back that it is gone, and closes its row.
    ///
    /// # Errors
    /// A conflict when it cannot be shown to be ours: it is left untouched, and the row stays open.
    pub(in crate::engine) async fn remove_restored(
        &self,
        site: &Site,
        link: &SiteLink,
        row: &Restore,
        run_id: &str,
    ) -> Result<(), EngineError> {
        let (subject, key) = (journal_subject(&row.new.instance), machine_key(&row.new.id));
        let log = ActionLog::new(self, run_id, &subject, &key);
        if let Err(error) = self.clear(site, link, row, &log).await {
            log.failed(&error).await?;
            return Err(error);
        }
        let now_us = self.now_us().await?;
        self.store.move_restore(&row.new.id, row.state, RestoreState::Gone, &row.new.detail, now_us).await?;
        log.done().await
    }

    /// Removes the stub that a failed attempt left, so that the id can be used again.
    pub(in crate::engine) async fn clear_stub(
        &self,
        site: &Site,
        link: &SiteLink,
        row: &Restore,
        run_id: &str,
    ) -> Result<(), EngineError> {
        let (subject, key) = (journal_subject(&row.new.instance), machine_key(&row.new.id));
        self.clear(site, link, row, &ActionLog::new(self, run_id, &subject, &key)).await
    }

    async fn clear(&self, site: &Site, link: &SiteLink, row: &Restore, log: &ActionLog<'_>) -> Result<(), EngineError> {
        let vmid = row.new.vmid;
        let mut last = String::new();
        for _ in 0..limits::SUBMIT_ATTEMPTS_MAX {
            // What is under way on it is waited for: a restore that still runs would make it anew.
            self.wait_for_tasks(link, row).await?;
            let config = match self.patiently(|| link.pve.vm_config(vmid)).await {
                Ok(config) => config.options,
                Err(EngineError::Pve(error)) if error.is_absent_vm() => return Ok(()),
                // It is in none of our pools, or it is not there: everybody may ask whether the number is free.
                Err(EngineError::Pve(PveError::Forbidden { .. })) => {
                    if self.patiently(|| link.pve.is_id_free(vmid)).await? {
                        return Ok(());
                    }
                    return self.clear_as_root(site, link, row, log).await;
                }
                Err(other) => return Err(other),
            };
            let task = self.task_of(link, row).await?;
            match whose(&config, row, task.as_ref()) {
                Whose::Ours | Whose::OurStub => {}
                Whose::Foreign(who) => {
                    self.leave_alone(row, &who);
                    return Ok(());
                }
                Whose::Altered(who) => return Err(altered(row, &who)),
                Whose::Unclear => return Err(unclear(row)),
            }
            log.started().await?;
            match self.destroy_once(link, row).await {
                Ok(()) => {}
                Err(EngineError::Pve(error)) if error.is_absent_vm() => return Ok(()),
                Err(EngineError::Pve(error)) if error.sent() == Sent::Maybe || error.retry() != Retry::Never => {
                    last = error.to_string();
                }
                Err(EngineError::Failed { problem, .. }) => last = problem,
                Err(other) => return Err(other),
            }
            match link.pve.vm_config(vmid).await {
                Err(error) if error.is_absent_vm() => return Ok(()),
                _ => self.clock.sleep(limits::BUSY_WAIT).await?,
            }
        }
        Err(EngineError::Failed {
            title: format!("vm {vmid} at `{}`", row.new.site),
            problem: format!("it is a restored machine of ours and could not be removed: {last}"),
            next: "mend what it names; the next drill on this site removes it first".to_owned(),
        })
    }

    async fn destroy_once(&self, link: &SiteLink, row: &Restore) -> Result<(), EngineError> {
        let vmid = row.new.vmid;
        if !link.pve.vm_state(vmid).await?.is_stopped() {
            self.follow_to_the_end(link, &link.pve.stop_vm(vmid).await?).await?;
        }
        self.follow_to_the_end(link, &link.pve.destroy_vm(vmid).await?).await
    }

    pub(in crate::engine) async fn follow_to_the_end(&self, link: &SiteLink, upid: &Upid) -> Result<(), EngineError> {
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

    /// The task of ours that made the machine of a row, or tried to: the one on record, or, when we were stopped between
    /// asking and writing it down, the one that the node knows.
    pub(in crate::engine) async fn task_of(&self, link: &SiteLink, row: &Restore) -> Result<Option<Upid>, EngineError> {
        if let Some(task) = &row.task {
            return Ok(task.parse().ok());
        }
        let filter = TaskFilter {
            source: TaskSource::All,
            kind: Some("qmrestore".to_owned()),
            vmid: Some(row.new.vmid),
            since: Some(row.new.at_us / 1_000_000 - CLOCK_SKEW_SECONDS),
            limit: None,
        };
        let tasks = self.patiently(|| link.pve.tasks(&filter)).await?;
        // An earlier machine under the same id has its task on record.
        let rows = self.store.restores(&Scope::Staff, &row.new.instance).await?;
        let known: Vec<&str> = rows.iter().filter_map(|row| row.task.as_deref()).collect();
        let ours = tasks
            .iter()
            .filter_map(|task| task.upid.parse::<Upid>().ok())
            .find(|upid| upid.user == Token::Everyday.id() && !known.contains(&upid.as_str()));
        if let (Some(upid), RestoreState::Begun) = (&ours, row.state) {
            self.store.set_restore_task(&row.new.id, upid.as_str()).await?;
        }
        Ok(ours)
    }

    async fn wait_for_tasks(&self, link: &SiteLink, row: &Restore) -> Result<(), EngineError> {
        let filter = TaskFilter { source: TaskSource::Active, vmid: Some(row.new.vmid), ..TaskFilter::default() };
        let tasks = self.patiently(|| link.pve.tasks(&filter)).await?;
        let working = tasks.iter().filter(|task| !CONSOLES.contains(&task.kind.as_str()));
        for upid in working.filter_map(|task| task.upid.parse::<Upid>().ok()) {
            wait_task(&link.pve, &upid, &self.clock, limits::LEFTOVER_TIMEOUT).await?;
        }
        Ok(())
    }

    /// A whole machine that is not ours stands under the id: what we made, or were about to make, is not there. It is left
    /// untouched, and that is said.
    fn leave_alone(&self, row: &Restore, who: &str) {
        let text = format!(
            "vm {} at `{}` is not the one that we made: it is {who}; it is left untouched",
            row.new.vmid, row.new.site
        );
        self.tell(Event::Note { subject: row.new.instance.to_string(), text });
    }

    /// A stub joins no pool: it is out of our token's sight. Root on the node looks at it, by the same two proofs.
    async fn clear_as_root(
        &self,
        site: &Site,
        link: &SiteLink,
        row: &Restore,
        log: &ActionLog<'_>,
    ) -> Result<(), EngineError> {
        let vmid = row.new.vmid;
        let node = self.node_session(site, &link.route).await?;
        let machine = format!("/nodes/{}/qemu/{vmid}", site.node.name);
        let text = self.pvesh_json(&node, &["get", &format!("{machine}/config")]).await?;
        let config: BTreeMap<String, Value> = serde_json::from_str(&text)
            .map_err(|_| EngineError::Unexpected(format!("the configuration of vm {vmid} is no JSON")))?;
        let as_text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let config = config.into_iter().map(|(name, value)| (name, as_text(value))).collect();
        let task = self.task_of(link, row).await?;
        match whose(&config, row, task.as_ref()) {
            Whose::Ours | Whose::OurStub => {}
            Whose::Foreign(who) => {
                self.leave_alone(row, &who);
                return Ok(());
            }
            Whose::Altered(who) => return Err(altered(row, &who)),
            Whose::Unclear => return Err(unclear(row)),
        }
        log.started().await?;
        let text =
            self.pvesh_json(&node, &["delete", &machine, "--purge", "1", "--destroy-unreferenced-disks", "1"]).await?;
        if let Ok(upid) = text.trim().trim_matches('"').parse::<Upid>() {
            self.follow_to_the_end(link, &upid).await?;
        }
        if self.patiently(|| link.pve.is_id_free(vmid)).await? {
            return Ok(());
        }
        Err(EngineError::Failed {
            title: format!("vm {vmid} at `{}`", row.new.site),
            problem: "the stub of a failed restore is still there after it was removed".to_owned(),
            next: "look at it on the node; the next drill on this site removes it first".to_owned(),
        })
    }

    async fn pvesh_json(&self, node: &Session, words: &[&str]) -> Result<String, EngineError> {
        let all = words.iter().copied().chain(["--output-format", "json"]).map(str::to_owned);
        let finished = node.run(&Command::new("pvesh").args(all)).await?;
        if finished.is_zero() {
            return Ok(finished.stdout);
        }
        Err(EngineError::Failed {
            title: format!("`pvesh {}`", words.join(" ")),
            problem: self.redactor.clean(finished.stderr.trim()),
            next: "mend what it names, then run the same command again".to_owned(),
        })
    }
}
