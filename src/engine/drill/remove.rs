//! Removing a machine that a restore of ours made, and nothing else.
//!
//! Two independent proofs before anything is destroyed: our store has a row for this site and this VM id that is not over,
//! *and* the node says the same, in one of two ways: the machine carries the mark of that very row, or it is the bare stub
//! that a failed restore leaves, which has no mark, and the task that left it is ours (sheet Proxmox, section 10).

use std::collections::BTreeMap;

use serde_json::Value;

use super::copy::{DRILL_TAG, machine_key, mark, name};
use super::journal_subject;
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

/// What a stub's configuration may have in it: what Proxmox itself writes while it restores.
const STUB_OPTIONS: [&str; 4] = ["memory", "lock", "digest", "meta"];

/// Tasks that somebody looks at a machine with. They last as long as the window is open and make nothing.
const CONSOLES: [&str; 2] = ["vncproxy", "spiceproxy"];

/// Whose the machine under a VM id is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) enum Whose {
    /// It carries the mark of the row.
    Ours,
    /// It is the stub of our failed restore.
    OurStub,
    /// It is a whole machine of somebody's: ours is not there. It is described so.
    Foreign(String),
    /// We made it, and somebody wrote something else into its description. It is described so.
    Altered(String),
    /// It is bare and may be anybody's.
    Unclear,
}

/// Judges a machine's configuration. `task` is our task that made, or tried to make it.
pub(in crate::engine) fn whose(config: &BTreeMap<String, String>, row: &Restore, task: Option<&Upid>) -> Whose {
    let first_line = config.get("description").and_then(|text| text.lines().next()).map(str::trim);
    if first_line == Some(mark(row.new.purpose, &row.new.id, &row.new.instance).as_str()) {
        return Whose::Ours;
    }
    let is_bare = config.keys().all(|option| STUB_OPTIONS.contains(&option.as_str()));
    let is_our_task = task.is_some_and(|task| task.kind == "qmrestore" && task.id == row.new.vmid.to_string());
    match (is_bare, is_our_task) {
        (true, true) => Whose::OurStub,
        (true, false) => Whose::Unclear,
        (false, _) => {
            let called = config.get("name").map(|name| format!(" and called `{name}`")).unwrap_or_default();
            let who = format!("described as `{}`{called}", first_line.unwrap_or_default());
            if is_our_task && still_ours(config, row) { Whose::Altered(who) } else { Whose::Foreign(who) }
        }
    }
}

/// Whether a machine still has the tag or the name that ours get.
fn still_ours(config: &BTreeMap<String, String>, row: &Restore) -> bool {
    let has_tag = config.get("tags").is_some_and(|tags| tags.split([';', ',', ' ']).any(|tag| tag == DRILL_TAG));
    has_tag || config.get("name") == Some(&name(row.new.purpose, &row.new.instance))
}

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

fn altered(row: &Restore, who: &str) -> EngineError {
    EngineError::Conflict(format!(
        "vm {0} at `{1}` was made by our restore and is {who} now: somebody changed it; it is left untouched, and stays on \
         record\n\n\
         if it may go, write `{2}` into the first line of its notes again, then run the same command; if somebody uses it, \
         give it another name and take the tag `{DRILL_TAG}` off",
        row.new.vmid,
        row.new.site,
        mark(row.new.purpose, &row.new.id, &row.new.instance)
    ))
}

fn unclear(row: &Restore) -> EngineError {
    EngineError::Conflict(format!(
        "vm {} at `{}` is bare, and no restore of ours is known that left it; it is left untouched\n\n\
         look at it on the node (`qm config {0}`); if it is nobody's, remove it there (`qm destroy {0}`)",
        row.new.vmid, row.new.site
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::ids::SiteId;
    use crate::store::NewRestore;

    fn row() -> Restore {
        let new = NewRestore {
            id: "d1".to_owned(),
            purpose: Purpose::Drill,
            scope: Scope::Staff,
            instance: InstanceId::new("lilas").expect("an id"),
            site: SiteId::new("friche").expect("an id"),
            vmid: VmId(1999),
            detail: json!({ "version": 1 }),
            at_us: 0,
        };
        Restore { new, state: RestoreState::Begun, task: None, changed_at_us: 0 }
    }

    fn config(options: &[(&str, &str)]) -> BTreeMap<String, String> {
        options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn task(kind: &str, id: &str) -> Upid {
        format!("UPID:pve2:00000001:00000002:68C0FFEE:{kind}:{id}:accolades@pve!everyday:").parse().expect("a task")
    }

    #[test]
    fn only_the_mark_of_this_very_drill_is_ours() {
        let described = |text: &str| config(&[("description", text), ("name", "drill-lilas"), ("scsi0", "x")]);
        assert_eq!(whose(&described("accolades drill d1 of lilas\nmore"), &row(), None), Whose::Ours);
        for other in [
            "accolades drill d2 of lilas",
            "accolades drill d1 of ilot",
            "accolades instance lilas",
            "accolades restore d1 of lilas",
            "",
        ] {
            let restore = task("qmrestore", "1999");
            // What our task made and still has our name is somebody's change of ours: neither destroyed nor called gone.
            assert!(matches!(whose(&described(other), &row(), Some(&restore)), Whose::Altered(_)), "{other}");
            assert!(matches!(whose(&described(other), &row(), None), Whose::Foreign(_)), "{other}");
            let mut renamed = described(other);
            renamed.insert("name".to_owned(), "theirs".to_owned());
            assert!(matches!(whose(&renamed, &row(), Some(&restore)), Whose::Foreign(_)), "{other}");
            renamed.insert("tags".to_owned(), "theirs;accolades-drill".to_owned());
            assert!(matches!(whose(&renamed, &row(), Some(&restore)), Whose::Altered(_)), "{other}");
        }
    }

    #[test]
    fn a_stub_without_name_or_tag_is_ours_by_its_task_only() {
        let stub = config(&[("memory", "128")]);
        assert_eq!(whose(&stub, &row(), Some(&task("qmrestore", "1999"))), Whose::OurStub);
        assert_eq!(whose(&stub, &row(), None), Whose::Unclear);
        assert_eq!(whose(&stub, &row(), Some(&task("qmrestore", "1998"))), Whose::Unclear);
        assert_eq!(whose(&stub, &row(), Some(&task("qmcreate", "1999"))), Whose::Unclear);
        let with_a_disk = config(&[("memory", "128"), ("scsi0", "local-lvm:vm-1999-disk-0")]);
        assert!(matches!(whose(&with_a_disk, &row(), Some(&task("qmrestore", "1999"))), Whose::Foreign(_)));
    }
}
