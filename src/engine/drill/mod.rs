//! Restore tests: a backup is restored under an id of its own, without any network, looked into, and destroyed again.
//!
//! Order: what an earlier drill left behind is removed -> the backup is chosen -> space and memory are checked -> the id is
//! reserved and the machine written down in the store -> restore -> read back -> network cards out -> start -> look inside
//! -> destroy, whatever happened -> record. The client's own machine is only ever read.

mod choose;
mod copy;
mod due;
mod inside;
mod remove;
mod whose;

pub use choose::newest_good;
pub(super) use copy::{is_card, mark};
pub use due::{DueDrill, due_drills};

use std::time::Duration;

use serde_json::json;

use super::journal::ActionLog;
use super::lease::{InstanceLease, heavy_work};
use super::prepare::BACKUP_STORAGE;
use super::site::{SiteLink, Token};
use super::under_way::UnderWay;
use super::{Engine, EngineError, Event};
use crate::domain::backup::drill::{
    Check, NonceCheck, Origin, Phase, PhaseKind, RECORD_VERSION, Record, TriedBackup, Verdict, Versions, judge,
    not_proven,
};
use crate::domain::backup::names;
use crate::domain::ids::{ClientId, InstanceId, SiteId, VmId};
use crate::domain::runs::RunOutcome;
use crate::health::backups::whereabouts;
use crate::inventory::model::{Client, Site};
use crate::plan::desired::Subject;
use crate::store::{KeptDrill, NewRun, Scope};
use crate::util::limits;

/// What is to be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillOrder {
    /// Which backup.
    pub from: Origin,
    /// This one instead of the newest good one.
    pub backup: Option<String>,
    /// On the node of this site instead of the instance's own: a remote backup, which the node is lent the reading of.
    pub on: Option<SiteId>,
}

/// What ended a trial before its end.
#[derive(Debug)]
pub(super) enum Setback {
    /// Nothing is said about the backup.
    NotTested(String),
    /// The backup is not what it should be.
    Failed(String),
    /// Something of our own: nothing more can be done or recorded.
    Ours(EngineError),
}

impl<E: Into<EngineError>> From<E> for Setback {
    fn from(error: E) -> Setback {
        match error.into() {
            // The node and the way to it say nothing about the backup.
            error @ (EngineError::Pve(_) | EngineError::Wait(_) | EngineError::Ssh(_) | EngineError::Unknown(_)) => {
                Setback::NotTested(words(&error))
            }
            EngineError::Failed { title, problem, .. } => Setback::NotTested(format!("{title}: {problem}")),
            other => Setback::Ours(other),
        }
    }
}

/// The first lines of an error, with its causes.
pub(super) fn words(error: &EngineError) -> String {
    let mut text = headline(&error.to_string());
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = headline(&inner.to_string());
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

fn headline(text: &str) -> String {
    text.split("\n\n").next().unwrap_or(text).replace('\n', " ")
}

/// What has been found so far.
#[derive(Debug, Default)]
pub(super) struct Trial {
    pub(super) backup: Option<TriedBackup>,
    pub(super) vmid: Option<VmId>,
    pub(super) phases: Vec<Phase>,
    pub(super) checks: Vec<Check>,
    pub(super) nonce: NonceCheck,
    pub(super) has_marker: bool,
    pub(super) versions: Versions,
}

/// One trial under way: where, of what, for what.
pub(super) struct Course<'a> {
    pub(super) engine: &'a Engine,
    pub(super) subject: Subject<'a>,
    /// The site whose node restores.
    pub(super) site: &'a Site,
    pub(super) link: &'a SiteLink,
    pub(super) run_id: &'a str,
    /// Id of the drill or restore: it stands in the machine's description.
    pub(super) id: String,
    pub(super) from: Origin,
    /// The storage on which the backup lies, as the restoring node calls it.
    pub(super) storage: String,
}

impl<'a> Course<'a> {
    /// The subject of its journal entries.
    pub(super) fn journal_subject(&self) -> String {
        journal_subject(&self.subject.instance.id)
    }

    pub(super) fn tell_acts(&self, key: &str, title: &str) {
        let subject = self.subject.instance.id.to_string();
        self.engine.tell(Event::Acts { subject, key: key.to_owned(), title: title.to_owned() });
    }

    pub(super) fn tell_done(&self, key: &str, title: &str) {
        let subject = self.subject.instance.id.to_string();
        self.engine.tell(Event::Done { subject, key: key.to_owned(), title: title.to_owned(), already: false });
    }

    /// Whether another site's node restores.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.site.id != self.subject.site.id
    }
}

/// The subject of journal entries about restored machines of an instance.
pub(super) fn journal_subject(instance: &InstanceId) -> String {
    format!("restored/{instance}")
}

/// The storage on which a backup of an instance lies, as the node of this site calls it.
pub(super) fn storage_of(from: Origin, subject: &Subject<'_>, site: &Site) -> String {
    match from {
        Origin::Local => BACKUP_STORAGE.to_owned(),
        Origin::Remote if site.id != subject.site.id => names::loan_storage(&subject.instance.id),
        Origin::Remote => names::remote_storage(&subject.instance.id),
    }
}

/// The site whose node restores: the instance's own, or another one, which has no local backups of it.
///
/// # Errors
/// A conflict when only the remote backups could be restored there, or there is no such site.
pub(super) fn site_for<'a>(subject: &Subject<'a>, from: Origin, on: Option<&SiteId>) -> Result<&'a Site, EngineError> {
    let Some(id) = on else { return Ok(subject.site) };
    if *id != subject.site.id && from == Origin::Local {
        return Err(EngineError::Conflict(format!(
            "the local backups of `{}` lie in the box at `{}`: only the remote ones can be restored at `{id}`\n\n\
             add `--from remote`",
            subject.instance.id, subject.site.id
        )));
    }
    let site = subject.inventory.sites.get(id);
    site.ok_or_else(|| EngineError::Unexpected(format!("no site is called `{id}`")))
}

impl Engine {
    /// Tries a backup and records what came out. What cannot be tried is recorded, too.
    ///
    /// # Errors
    /// When somebody else restores on that site, or our own store or configuration fails. After a record was kept: when
    /// the machine could not be removed.
    pub async fn drill(&self, subject: &Subject<'_>, order: &DrillOrder) -> Result<KeptDrill, EngineError> {
        let site = site_for(subject, order.from, order.on.as_ref())?;
        let mut lease = InstanceLease::take(self, &heavy_work(site)).await?;
        let run_id = self.randomness.hex(8);
        let at_us = self.now_us().await?;
        let run = NewRun { id: run_id.clone(), plan_id: None, scope: Scope::Staff, by: self.by.clone(), at_us };
        let under_way = UnderWay::begin(self, &run).await?;
        let result = self.drill_under_lease(subject, site, order, &run_id, &mut lease).await;
        let (outcome, verdict) = match &result {
            Ok((kept, None)) => (RunOutcome::Settled, Some(kept.record.verdict.as_str())),
            Ok((kept, Some(_))) => (RunOutcome::Stopped, Some(kept.record.verdict.as_str())),
            Err(_) => (RunOutcome::Stopped, None),
        };
        let summary = json!({ "version": 1, "instance": subject.instance.id, "verdict": verdict });
        under_way.end(self, outcome, &summary).await?;
        lease.give_back(self).await?;
        match result? {
            (kept, None) => Ok(kept),
            (_, Some(error)) => Err(error),
        }
    }

    async fn drill_under_lease(
        &self,
        subject: &Subject<'_>,
        site: &Site,
        order: &DrillOrder,
        run_id: &str,
        lease: &mut InstanceLease,
    ) -> Result<(KeptDrill, Option<EngineError>), EngineError> {
        let began_at_us = self.now_us().await?;
        let route = self.route(site)?;
        let link = self.link(site, &route, Token::Everyday).await?;
        let course = Course {
            engine: self,
            subject: *subject,
            site,
            link: &link,
            run_id,
            id: self.randomness.hex(8),
            from: order.from,
            storage: storage_of(order.from, subject, site),
        };
        self.tell(Event::Begins { subject: subject.instance.id.to_string(), actions: 5 });
        let mut trial = Trial::default();
        let came_to = match self.remove_leftovers(site, &link, run_id).await {
            Ok(()) => match course.borrow().await {
                Ok(()) => course.run(order, &mut trial, lease).await,
                Err(error) => Err(Setback::from(error)),
            },
            Err(error) => Err(Setback::from(error)),
        };
        let removed = course.clean_up().await;
        let returned = self.take_back_here(subject.inventory, &subject.instance.id, &site.id, run_id).await;
        let removed = returned.and(removed);
        let verdict = match came_to {
            Ok(()) => {
                let backup_at_us = trial.backup.as_ref().map_or(0, |backup| backup.at_us);
                judge(&trial.checks, &trial.nonce, trial.has_marker, backup_at_us)
            }
            Err(Setback::NotTested(why)) => Verdict::NotTested { why: self.redactor.clean(&why) },
            Err(Setback::Failed(why)) => Verdict::Failed { why: self.redactor.clean(&why) },
            Err(Setback::Ours(error)) => return Err(error),
        };
        let encrypted = trial.backup.as_ref().is_some_and(|backup| backup.encrypted);
        let instance = &subject.instance.id;
        let known = self.store.known_of_drills(&Scope::Staff, instance, order.from).await?;
        let record = Record {
            version: RECORD_VERSION,
            id: course.id.clone(),
            instance: instance.clone(),
            clients: subject.clients().map(|client| client.id.clone()).collect(),
            from: order.from,
            site: site.id.clone(),
            node: site.node.name.clone(),
            place: whereabouts(subject, order.from),
            destroyed: trial.vmid.map(|_| removed.is_ok()),
            backup: trial.backup,
            vmid: trial.vmid,
            by: self.by.clone(),
            began_at_us,
            ended_at_us: self.now_us().await?,
            phases: trial.phases,
            checks: trial.checks,
            nonce: trial.nonce,
            last_proven_at_us: known.proven_at_us,
            verdict,
            not_proven: not_proven(encrypted, course.is_elsewhere()),
            versions: Versions { program: env!("CARGO_PKG_VERSION").to_owned(), ..trial.versions },
            previous: self.store.last_drill_hash(instance).await?,
        };
        let shares: Vec<_> = subject.clients().map(|client| (client.id.clone(), share(&record, client))).collect();
        let kept = self.store.keep_drill(&record, &shares).await?;
        Ok((kept, removed.err()))
    }
}

/// A client's share of a record.
fn share(record: &Record, client: &Client) -> Record {
    let apps = client.nextcloud.iter().map(|app| (&app.domain, &app.path));
    let apps = apps.chain(client.dolibarr.iter().map(|app| (&app.domain, &app.path)));
    let own: Vec<String> = apps.map(|(domain, path)| format!("{domain}{path}")).collect();
    record.share_of(&client.id, |address| own.iter().any(|one| one == address))
}

/// Whose a restored machine is: the client's when one client has the instance to itself.
pub(super) fn scope_of(subject: &Subject<'_>) -> Scope {
    let clients: Vec<&ClientId> = subject.clients().map(|client| &client.id).collect();
    match clients.as_slice() {
        [only] => Scope::Client((*only).clone()),
        _ => Scope::Staff,
    }
}

impl Course<'_> {
    /// Another site's node is lent what it needs to read the backup.
    pub(super) async fn borrow(&self) -> Result<(), EngineError> {
        if !self.is_elsewhere() {
            return Ok(());
        }
        self.engine.lend(&self.subject, self.site, self.run_id).await
    }

    async fn run(&self, order: &DrillOrder, trial: &mut Trial, lease: &mut InstanceLease) -> Result<(), Setback> {
        self.see_live_marker().await?;
        let chosen = self.choose(order.backup.as_deref(), None).await?;
        trial.backup = Some(chosen.tried());
        trial.versions.proxmox = Some(self.patiently(|| self.link.pve.version()).await?.version);
        let saved = self.saved_config(&chosen.volume).await?;
        let memory_mib = self.check_space(&saved).await?;
        lease.renew(self.engine).await?;

        let began_us = self.engine.now_us().await?;
        self.tell_acts("drill/restore", "restore into a machine of its own");
        let vmid = self.restore(&chosen, &saved, memory_mib, lease, &mut trial.vmid).await?;
        trial.phases.push(self.phase(PhaseKind::Restore, began_us).await?);
        self.tell_done("drill/restore", &format!("restored as vm {vmid}"));

        trial.checks.extend(self.read_back(vmid, &saved, memory_mib).await?);
        if let Some(bad) = trial.checks.iter().find(|check| !check.ok) {
            let what = crate::domain::backup::drill::name_of(&bad.kind);
            let why = format!("{what}: expected {}, found {}; it was not started", bad.expected, bad.found);
            return Err(Setback::Failed(why));
        }
        self.take_cards_out(vmid, &saved).await?;
        lease.renew(self.engine).await?;

        let began_us = self.engine.now_us().await?;
        self.tell_acts("drill/boot", "boot without network");
        self.boot(vmid).await?;
        trial.phases.push(self.phase(PhaseKind::Boot, began_us).await?);
        self.tell_done("drill/boot", "it booted and answers");

        let began_us = self.engine.now_us().await?;
        self.tell_acts("drill/checks", "look inside");
        self.look_inside(vmid, chosen.at_us, trial).await?;
        trial.phases.push(self.phase(PhaseKind::Checks, began_us).await?);
        self.tell_done("drill/checks", &format!("{} checks", trial.checks.len()));
        Ok(())
    }

    async fn phase(&self, phase: PhaseKind, began_us: i64) -> Result<Phase, EngineError> {
        let took = self.engine.now_us().await?.saturating_sub(began_us);
        Ok(Phase { phase, seconds: u64::try_from(took / 1_000_000).unwrap_or(0) })
    }

    /// Removes what this trial made, if it made anything.
    async fn clean_up(&self) -> Result<(), EngineError> {
        let rows = self.engine.store.restores(&Scope::Staff, &self.subject.instance.id).await?;
        for row in rows.iter().filter(|row| row.new.id.starts_with(&self.id) && !row.state.is_over()) {
            self.tell_acts("drill/destroy", "destroy the machine of the drill");
            self.engine.remove_restored(self.site, self.link, row, self.run_id).await?;
            self.tell_done("drill/destroy", &format!("vm {} is gone", row.new.vmid));
        }
        Ok(())
    }

    /// Asks again while what stands in the way passes by itself. Only for what may be asked twice.
    pub(super) async fn patiently<T, F, Fut>(&self, ask: F) -> Result<T, EngineError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, crate::pve::PveError>>,
    {
        self.engine.patiently(ask).await
    }

    pub(super) fn log<'b>(&'b self, subject: &'b str, key: &'b str) -> ActionLog<'b> {
        ActionLog::new(self.engine, self.run_id, subject, key)
    }
}

impl Engine {
    /// Asks again while what stands in the way passes by itself. Only for what may be asked twice.
    pub(super) async fn patiently<T, F, Fut>(&self, ask: F) -> Result<T, EngineError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, crate::pve::PveError>>,
    {
        use crate::util::remote::{Retry, Sent};
        let mut attempts = 1;
        loop {
            match ask().await {
                Ok(value) => return Ok(value),
                Err(error) if error.retry() == Retry::Never && error.sent() == Sent::No => return Err(error.into()),
                Err(error) if attempts >= limits::SUBMIT_ATTEMPTS_MAX => return Err(error.into()),
                Err(_) => {
                    attempts += 1;
                    self.clock.sleep(limits::BUSY_WAIT).await?;
                }
            }
        }
    }
}

/// How long something may take, as whole minutes for messages.
pub(super) fn minutes(duration: Duration) -> u64 {
    duration.as_secs() / 60
}
