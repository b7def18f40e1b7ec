//! Restoring for real: a backup becomes a machine beside the live one, unplugged and looked into as in a drill; on
//! somebody's word it takes the live machine's place, which stays, stopped, until told otherwise.
//!
//! Nothing is ever restored over a machine: that frees its disks before anything is read (sheet Proxmox, section 10).

mod aside;
mod asked;
mod gone;
mod steps;
mod swap;
mod waiting;

pub use asked::Asked;
pub(super) use gone::Reading;

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::asked::must_be_again;
use super::drill::{Course, Setback, site_for, storage_of, words};
use super::lease::{InstanceLease, heavy_work};
use super::loan::open_loan;
use super::observe::subject_name;
use super::site::{SiteLink, Token};
use super::under_way::UnderWay;
use super::{Engine, EngineError, Event};
use crate::domain::backup::drill::{Check, NonceCheck, Origin, TriedBackup, Verdict};
use crate::domain::ids::{SiteId, VmId};
use crate::domain::runs::RunOutcome;
use crate::inventory::model::Site;
use crate::plan::desired::Subject;
use crate::store::{NewRun, Restore, RestoreState, Scope};

/// Version of [`RestoreDetail`].
const DETAIL_VERSION: u32 = 1;

/// What is to be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreOrder {
    /// Which backup.
    pub from: Origin,
    /// The newest good backup made then or before.
    pub not_after_us: i64,
    /// That moment in the words of the person who asked (`now`, a day): by them the same command is known again.
    pub asked_at: String,
    /// At another site, where the machine gets another address.
    pub elsewhere: Option<Elsewhere>,
}

/// Another place for a restored machine: a spare box, when the instance's own is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// The site.
    pub site: SiteId,
    /// Its address there.
    pub address4: Ipv4Net,
}

/// What is kept of a restored machine, besides what the store keeps of each.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RestoreDetail {
    /// [`DETAIL_VERSION`].
    pub version: u32,
    /// How it was asked for; none of machines that were restored before that was kept.
    #[serde(default)]
    pub asked: Option<Asked>,
    /// The backup.
    #[serde(default)]
    pub backup: Option<TriedBackup>,
    /// What was found inside.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// The nonce.
    #[serde(default)]
    pub nonce: NonceCheck,
    /// What that comes to.
    #[serde(default)]
    pub verdict: Option<Verdict>,
    /// The live machine that it replaces; none when it is gone.
    #[serde(default)]
    pub old_vmid: Option<VmId>,
    /// Where it is going to stand, when that is another site than the instance's.
    #[serde(default)]
    pub elsewhere: Option<Elsewhere>,
    /// Network cards that it gets: those of the live machine.
    #[serde(default)]
    pub cards: BTreeMap<String, String>,
}

impl RestoreDetail {
    /// Reads what is kept of a machine.
    pub fn of(row: &Restore) -> RestoreDetail {
        serde_json::from_value(row.new.detail.clone()).unwrap_or_default()
    }

    fn value(&self) -> Value {
        // Texts, numbers and lists are always JSON.
        serde_json::to_value(self).unwrap_or_else(|_| json!({ "version": DETAIL_VERSION }))
    }
}

/// What is done to a restored machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// It takes the live machine's place.
    Swap,
    /// The replaced machine is destroyed.
    Discard,
    /// It is destroyed itself.
    Abandon,
}

/// One restore under way.
pub(super) struct Work<'a> {
    pub(super) engine: &'a Engine,
    pub(super) subject: Subject<'a>,
    pub(super) site: &'a Site,
    pub(super) link: &'a SiteLink,
    pub(super) run_id: &'a str,
}

impl Engine {
    /// Restores beside the live machine, looks inside, and shuts the restored machine down again. One that waits already at
    /// that site and was asked for in the same way is given back as it is; one that was never finished is removed and made
    /// anew.
    ///
    /// # Errors
    /// When another one waits there, there is no such backup, no room, or it cannot be restored: nothing of it is left then,
    /// or the next run removes it first.
    pub async fn restore_aside(&self, subject: &Subject<'_>, order: &RestoreOrder) -> Result<Restore, EngineError> {
        let site = site_for(subject, order.from, order.elsewhere.as_ref().map(|there| &there.site))?;
        if let Some(row) = self.open_restore(&subject.instance.id, &site.id).await?
            && row.state != RestoreState::Begun
        {
            must_be_again(subject, &row, order)?;
            // A crash right after the restore left it lent.
            if open_loan(&self.store, &subject.instance.id).await?.is_some_and(|loan| loan.is_open_at(&site.id))
                && let Err(error) = self.take_back_alone(subject.inventory, &subject.instance.id).await
            {
                self.tell_still_lent(subject, site, &error);
            }
            return Ok(row);
        }
        let mut lease = InstanceLease::take(self, &heavy_work(site)).await?;
        let (run_id, under_way) = self.begin_run().await?;
        let result = self.aside_under_lease(subject, site, order, &run_id, &mut lease).await;
        self.end_run(under_way, result.is_ok()).await?;
        lease.give_back(self).await?;
        result
    }

    async fn aside_under_lease(
        &self,
        subject: &Subject<'_>,
        site: &Site,
        order: &RestoreOrder,
        run_id: &str,
        lease: &mut InstanceLease,
    ) -> Result<Restore, EngineError> {
        let route = self.route(site)?;
        let link = self.link(site, &route, Token::Everyday).await?;
        // What a drill left behind takes room and no more: a client in need does not wait for it.
        if let Err(error) = self.remove_leftovers(site, &link, run_id).await {
            let text = format!("what a drill left at `{}` is still to be removed: {}", site.id, words(&error));
            self.tell(Event::Note { subject: subject.instance.id.to_string(), text });
        }
        if let Some(row) = self.open_restore(&subject.instance.id, &site.id).await? {
            // Nobody works on it: whoever does has the lease of this site.
            if row.state != RestoreState::Begun {
                must_be_again(subject, &row, order)?;
                return Ok(row);
            }
            self.remove_restored(site, &link, &row, run_id).await?;
        }
        let id = self.randomness.hex(8);
        let storage = storage_of(order.from, subject, site);
        let course =
            Course { engine: self, subject: *subject, site, link: &link, run_id, id, from: order.from, storage };
        self.tell(Event::Begins { subject: subject.instance.id.to_string(), actions: 3 });
        let mut made = None;
        let reading = Reading::take(self, subject, site, &link).await?;
        let restored = match course.borrow().await {
            Ok(()) => course.aside(order, lease, &mut made).await,
            Err(error) => Err(Setback::from(error)),
        };
        if let Some(reading) = reading
            && let Err(error) = reading.give_back().await
        {
            let text =
                format!("vm {} is gone and its backups can still be read: {}", subject.instance.vmid, words(&error));
            self.tell(Event::Note { subject: subject.instance.id.to_string(), text });
        }
        // Everything that was read is on the node's disks now: what it was lent is needed no more.
        let returned = self.take_back_here(subject.inventory, &subject.instance.id, &site.id, run_id).await;
        // The server that does not answer now has been read: nobody who waits for the machine waits for it, too.
        if let Err(error) = returned {
            self.tell_still_lent(subject, site, &error);
        }
        match restored {
            Ok(row) => Ok(row),
            Err(setback) => {
                let rows = self.store.open_restores(&Scope::Staff).await?;
                for row in rows.iter().filter(|row| row.new.id.starts_with(&course.id)) {
                    // What stopped the restore is told; what is left is on record and removed by the next run.
                    if let Err(error) = self.remove_restored(site, &link, row, run_id).await {
                        let text = format!("vm {} is still to be removed: {}", row.new.vmid, words(&error));
                        self.tell(Event::Note { subject: row.new.instance.to_string(), text });
                    }
                }
                Err(self.as_error(subject, setback))
            }
        }
    }

    fn tell_still_lent(&self, subject: &Subject<'_>, site: &Site, error: &EngineError) {
        let text = format!(
            "what `{}` was lent is still to be taken back: {}; `accolades restore take-back {}` does it",
            site.id,
            words(error),
            subject.instance.id
        );
        self.tell(Event::Note { subject: subject.instance.id.to_string(), text });
    }

    fn as_error(&self, subject: &Subject<'_>, setback: Setback) -> EngineError {
        let (problem, next) = match setback {
            Setback::Ours(error) => return error,
            Setback::NotTested(why) => (why, "mend what it names, then run the same command again"),
            Setback::Failed(why) => {
                (why, "try another backup: an earlier moment with `--at`, or the other place with `--from`")
            }
        };
        EngineError::Failed {
            title: format!("restoring `{}`", subject.instance.id),
            problem: self.redactor.clean(&problem),
            next: format!("{next}; the live machine was not touched"),
        }
    }

    async fn begin_run(&self) -> Result<(String, UnderWay), EngineError> {
        let run_id = self.randomness.hex(8);
        let at_us = self.now_us().await?;
        let run = NewRun { id: run_id.clone(), plan_id: None, scope: Scope::Staff, by: self.by.clone(), at_us };
        Ok((run_id, UnderWay::begin(self, &run).await?))
    }

    async fn end_run(&self, under_way: UnderWay, is_ok: bool) -> Result<(), EngineError> {
        under_way.end(self, RunOutcome::of_whole(is_ok), &json!({ "version": 1 })).await
    }

    /// Destroys a restored machine that has not taken the live one's place; `at` names the site when several wait.
    ///
    /// # Errors
    /// A conflict when there is none, or when it has the live one's place.
    pub async fn abandon_restore(&self, subject: &Subject<'_>, at: Option<&SiteId>) -> Result<VmId, EngineError> {
        let row = self.waiting_restore(subject, at, &[RestoreState::Begun, RestoreState::Checked]).await?;
        self.with_restore(subject, &row, Task::Abandon).await?;
        Ok(row.new.vmid)
    }

    /// Works on a restored machine under the leases of its instance and its site, in a run of its own.
    pub(super) async fn with_restore(
        &self,
        subject: &Subject<'_>,
        row: &Restore,
        task: Task,
    ) -> Result<(), EngineError> {
        let site = site_of(subject, Some(&row.new.site))?;
        let instance_lease = InstanceLease::take(self, &subject_name(subject)).await?;
        let site_lease = match InstanceLease::take(self, &heavy_work(site)).await {
            Ok(lease) => lease,
            Err(error) => {
                instance_lease.give_back(self).await?;
                return Err(error);
            }
        };
        let (run_id, under_way) = self.begin_run().await?;
        let result = self.task_under_lease(subject, site, row, task, &run_id).await;
        self.end_run(under_way, result.is_ok()).await?;
        site_lease.give_back(self).await?;
        instance_lease.give_back(self).await?;
        result
    }

    async fn task_under_lease(
        &self,
        subject: &Subject<'_>,
        site: &Site,
        row: &Restore,
        task: Task,
        run_id: &str,
    ) -> Result<(), EngineError> {
        let route = self.route(site)?;
        let link = self.link(site, &route, Token::Everyday).await?;
        let work = Work { engine: self, subject: *subject, site, link: &link, run_id };
        match task {
            Task::Swap => work.swap(row).await,
            Task::Discard => work.discard(row).await,
            Task::Abandon => self.remove_restored(site, &link, row, run_id).await,
        }
    }
}

impl<'a> Work<'a> {
    /// What a look into the machine needs.
    pub(super) fn course(&'a self, row: &Restore) -> Course<'a> {
        Course {
            engine: self.engine,
            subject: self.subject,
            site: self.site,
            link: self.link,
            run_id: self.run_id,
            id: row.new.id.clone(),
            from: Origin::Local,
            storage: String::new(),
        }
    }
}

/// The site with this id, the instance's own when none is named.
pub(super) fn site_of<'a>(subject: &Subject<'a>, id: Option<&SiteId>) -> Result<&'a Site, EngineError> {
    let Some(id) = id else { return Ok(subject.site) };
    let site = subject.inventory.sites.get(id);
    site.ok_or_else(|| EngineError::Unexpected(format!("no site is called `{id}`")))
}
