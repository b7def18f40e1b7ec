//! Planning and applying for many instances: sites side by side, one instance after another within a site.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::declare::BackupAction;
use super::error::Class;
use super::guest::{Guest, StepOutcome};
use super::journal::ActionLog;
use super::lease::InstanceLease;
use super::machine::{MachineAction, MachineOutcome};
use super::observe::subject_name;
use super::site::{SiteLink, Token};
use super::under_way::UnderWay;
use super::{Engine, EngineError, Event};
use crate::domain::ids::{InstanceId, SiteId};
use crate::domain::runs::RunOutcome;
use crate::inventory::model::{Inventory, Site, UnreadableModel};
use crate::plan::action::PLAN_VERSION;
use crate::plan::backups::RemoteAccess;
use crate::plan::decide::decide;
use crate::plan::desired::Subject;
use crate::plan::{Action, GuestState, InstancePlan, MachineState, Observed, Plan, PlannedAction};
use crate::store::{InventoryVersion, NewObservation, NewRun, PlanRecord, Scope, Store};
use crate::util::limits;

/// An accepted inventory.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// Its number.
    pub number: i64,
    /// What it says.
    pub inventory: Arc<Inventory>,
}

impl Accepted {
    /// An accepted version as the engine takes it.
    ///
    /// # Errors
    /// When the store holds a model that this program cannot read.
    pub fn read(version: &InventoryVersion) -> Result<Accepted, UnreadableModel> {
        let inventory = Inventory::stored(version.model.clone())?;
        Ok(Accepted { number: version.number, inventory: Arc::new(inventory) })
    }

    /// The version in force; none when none was ever accepted.
    ///
    /// # Errors
    /// When the store cannot be read, or holds a model that this program cannot read.
    pub async fn latest(store: &Store) -> Result<Option<Accepted>, EngineError> {
        let Some((number, model)) = store.latest_inventory_model().await? else { return Ok(None) };
        Ok(Some(Accepted { number, inventory: Arc::new(Inventory::stored_text(&model)?) }))
    }
}

/// What became of one instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Applied {
    /// Everything is as it should be.
    Settled {
        /// How many actions were done.
        done: usize,
    },
    /// Everything that can be done is; some steps wait for the world outside.
    Waiting {
        /// For what.
        why: Vec<String>,
    },
    /// It stopped; the same command goes on.
    Stopped {
        /// Why.
        why: String,
        /// What kind of failure.
        #[serde(skip)]
        class: Class,
    },
}

/// The result of a run, by instance.
pub type Report = BTreeMap<InstanceId, Applied>;

impl Engine {
    /// Observes and decides for the instances named (all when none is).
    ///
    /// # Errors
    /// When our own store or configuration fails. A site that does not answer, or refuses us, is part of the plan.
    pub async fn plan(&self, accepted: &Accepted, day: Date, only: &[InstanceId]) -> Result<Plan, EngineError> {
        let parts = self
            .each_site(accepted, day, only, move |engine, accepted, site, instances| async move {
                engine.plan_site(&accepted.inventory, &site, &instances, day).await
            })
            .await;
        let mut instances = Vec::new();
        for part in parts {
            instances.extend(part?);
        }
        instances.sort_by(|a: &InstancePlan, b| a.instance.cmp(&b.instance));
        Ok(Plan { version: PLAN_VERSION, inventory_number: accepted.number, day, instances })
    }

    /// Keeps a plan under its id. The same decisions have the same id: a plan that is kept already stays as it is.
    ///
    /// # Errors
    /// When our own store fails.
    ///
    /// # Panics
    /// Never: a plan is plain data.
    pub async fn keep_plan(&self, plan: &Plan) -> Result<(), EngineError> {
        let id = plan.id();
        let content = serde_json::to_value(plan).expect("a plan is plain data");
        if self.store.plan(&Scope::Staff, &id).await?.is_some_and(|kept| kept.content == content) {
            return Ok(());
        }
        let record = PlanRecord {
            observed_digest: id.clone(),
            id,
            inventory_number: plan.inventory_number,
            scope: Scope::Staff,
            content,
            created_at_us: self.now_us().await?,
        };
        Ok(self.store.save_plan(&record).await?)
    }

    /// Carries a plan out, then reads everything back. A plan that asks for nothing is no run: nobody is asked again.
    ///
    /// # Errors
    /// When the run cannot be recorded; what happens to each instance is in the report.
    pub async fn apply(&self, accepted: &Accepted, plan: &Plan) -> Result<Report, EngineError> {
        if plan.is_settled() {
            let settled = |part: &InstancePlan| (part.instance.clone(), Applied::Settled { done: 0 });
            return Ok(plan.instances.iter().map(settled).collect());
        }
        let run_id = self.randomness.hex(8);
        let run = NewRun {
            id: run_id.clone(),
            plan_id: Some(plan.id()),
            scope: Scope::Staff,
            by: self.by.clone(),
            at_us: self.now_us().await?,
        };
        let under_way = UnderWay::begin(self, &run).await?;
        let only: Vec<InstanceId> =
            plan.instances.iter().filter(|part| !part.is_settled()).map(|part| part.instance.clone()).collect();
        let plan = Arc::new(plan.clone());
        let id = Arc::new(run_id.clone());
        let parts = self
            .each_site(accepted, plan.day, &only, move |engine, accepted, site, instances| {
                let (plan, id) = (plan.clone(), id.clone());
                async move { engine.apply_site(&accepted, &site, &instances, &plan, &id).await }
            })
            .await;
        let report: Report = parts.into_iter().flatten().collect();
        let is_settled = report.values().all(|one| matches!(one, Applied::Settled { .. }));
        let outcome = if is_settled { RunOutcome::Settled } else { RunOutcome::Partial };
        let summary = json!({ "version": 1, "instances": report });
        under_way.end(self, outcome, &summary).await?;
        Ok(report)
    }

    /// Runs something for each site that has one of the instances on that day, within the limit of sites at once. A site
    /// that fails stops no other. A move that is planned for later counts from its day on.
    async fn each_site<T, F, Fut>(&self, accepted: &Accepted, day: Date, only: &[InstanceId], work: F) -> Vec<T>
    where
        T: Send + 'static,
        F: Fn(Engine, Accepted, Site, Vec<InstanceId>) -> Fut,
        Fut: Future<Output = T> + Send + 'static,
    {
        let mut by_site: BTreeMap<SiteId, Vec<InstanceId>> = BTreeMap::new();
        for instance in accepted.inventory.instances.values() {
            if !only.is_empty() && !only.contains(&instance.id) {
                continue;
            }
            if let Some(placement) = instance.placement_on(day) {
                by_site.entry(placement.site.clone()).or_default().push(instance.id.clone());
            }
        }
        let slots = Arc::new(Semaphore::new(usize::from(accepted.inventory.cooperative.limits.sites_at_once)));
        let mut running = JoinSet::new();
        for (site, instances) in by_site {
            let Some(site) = accepted.inventory.sites.get(&site).cloned() else { continue };
            let future = work(self.clone(), accepted.clone(), site, instances);
            let slots = slots.clone();
            running.spawn(async move {
                let _slot = slots.acquire_owned().await;
                future.await
            });
        }
        running.join_all().await
    }

    async fn plan_site(
        &self,
        inventory: &Inventory,
        site: &Site,
        instances: &[InstanceId],
        day: Date,
    ) -> Result<Vec<InstancePlan>, EngineError> {
        let route = self.route(site)?;
        let link = self.link(site, &route, Token::Everyday).await;
        let mut parts = Vec::with_capacity(instances.len());
        for id in instances {
            let Some(subject) = inventory.instances.get(id).and_then(|one| Subject::on(inventory, one, day)) else {
                continue;
            };
            let variables = self.variables(&subject).await?;
            let observed = match &link {
                Ok(link) => self.observe(&subject, link, &variables).await,
                Err(EngineError::NotPrepared(site)) => Ok(not_prepared(site)),
                Err(error) if error.is_of_one_site() => Ok(nothing_known(self.redactor.clean(&describe(error)))),
                Err(_) => return link.map(|_| parts),
            };
            let observed = match observed {
                Err(error) if error.is_of_one_site() => nothing_known(self.redactor.clean(&describe(&error))),
                observed => observed?,
            };
            let part = decide(&subject, &observed, &variables, &self.playbooks)?;
            self.record(&subject, &part).await?;
            parts.push(part);
        }
        Ok(parts)
    }

    /// Keeps what was seen, with its date: pages and status read it without asking the site again.
    async fn record(&self, subject: &Subject<'_>, part: &InstancePlan) -> Result<(), EngineError> {
        let observation = NewObservation {
            scope: Scope::Staff,
            subject_kind: "instance".to_owned(),
            subject_id: subject.instance.id.to_string(),
            what: "plan".to_owned(),
            value: json!({
                "version": 1,
                "settled": part.is_settled(),
                "unknown": part.unknown,
                "conflict": part.conflict,
                "actions": part.actions.len(),
                "waiting": part.actions.iter().filter_map(|action| action.waiting.as_deref()).collect::<Vec<_>>(),
                "unchanged": part.unchanged,
                "drift": part.drift,
            }),
            at_us: self.now_us().await?,
        };
        Ok(self.store.observe(&observation).await?)
    }

    async fn apply_site(
        &self,
        accepted: &Accepted,
        site: &Site,
        instances: &[InstanceId],
        plan: &Plan,
        run_id: &str,
    ) -> Vec<(InstanceId, Applied)> {
        let mut report = Vec::with_capacity(instances.len());
        for id in instances {
            let Some(part) = plan.instances.iter().find(|part| part.instance == *id) else { continue };
            let applied = match self.apply_instance(accepted, site, part, plan.day, run_id).await {
                Ok(applied) => applied,
                Err(error) => {
                    let why = self.redactor.clean(&describe(&error));
                    self.tell(Event::Stopped { subject: id.to_string(), why: why.clone() });
                    Applied::Stopped { why, class: error.class() }
                }
            };
            report.push((id.clone(), applied));
        }
        report
    }

    async fn apply_instance(
        &self,
        accepted: &Accepted,
        site: &Site,
        part: &InstancePlan,
        day: Date,
        run_id: &str,
    ) -> Result<Applied, EngineError> {
        if let Some(conflict) = &part.conflict {
            return Err(EngineError::Conflict(conflict.clone()));
        }
        let inventory = accepted.inventory.as_ref();
        let instance = inventory.instances.get(&part.instance);
        let subject = instance.and_then(|one| Subject::on(inventory, one, day));
        let subject =
            subject.ok_or_else(|| EngineError::Unexpected(format!("`{}` has no place on {day}", part.instance)))?;
        let route = self.route(site)?;
        let link = self.link(site, &route, Token::Everyday).await?;
        if let Some(why) = &part.unknown {
            // Who refuses us does so again, in an error that has a class; who is silent stays unknown.
            self.observe(&subject, &link, &self.variables(&subject).await?).await?;
            return Err(EngineError::Unknown(why.clone()));
        }
        let mut lease = InstanceLease::take(self, &subject_name(&subject)).await?;
        self.store.reserve_vm_id(part.vmid, &part.instance, self.now_us().await?).await?;
        let variables = self.variables(&subject).await?;
        self.tell(Event::Begins { subject: part.instance.to_string(), actions: part.actions.len() });
        let result = self.work(&subject, &link, part, &variables, run_id, &mut lease).await;
        lease.give_back(self).await?;
        result
    }

    /// Does the planned actions, then observes afresh: what is still to be done is the truth, whatever was done.
    async fn work(
        &self,
        subject: &Subject<'_>,
        link: &SiteLink,
        part: &InstancePlan,
        variables: &serde_json::Value,
        run_id: &str,
        lease: &mut InstanceLease,
    ) -> Result<Applied, EngineError> {
        let name = subject_name(subject);
        let mut guest: Option<Guest<'_>> = None;
        let mut done = 0;
        for planned in &part.actions {
            lease.renew(self).await?;
            let log = ActionLog::new(self, run_id, &name, &planned.key);
            let instance = part.instance.to_string();
            self.tell(Event::Acts {
                subject: instance.clone(),
                key: planned.key.clone(),
                title: planned.title.clone(),
            });
            let result = if planned.waiting.is_some() && planned.action.is_backup() {
                Ok(StepOutcome::Waits(planned.waiting.clone().unwrap_or_default()))
            } else if planned.action.is_backup() {
                self.backup_action(subject, link, planned, &log).await.map(StepOutcome::from)
            } else if planned.action == Action::Step {
                self.step(subject, link, variables, &mut guest, &planned.key, &log).await
            } else {
                let action = MachineAction { engine: self, subject: *subject, link, action: &planned.action };
                action.perform(&log).await.map(StepOutcome::from)
            };
            match result {
                Ok(StepOutcome::Waits(why)) => {
                    self.tell(Event::Waits { subject: instance, title: planned.title.clone(), why });
                }
                Ok(outcome) => {
                    let already = outcome == StepOutcome::Already;
                    if already {
                        log.skipped().await?
                    } else {
                        log.done().await?
                    }
                    done += usize::from(!already);
                    let (key, title) = (planned.key.clone(), planned.title.clone());
                    self.tell(Event::Done { subject: instance, key, title, already });
                }
                Err(error) => {
                    log.failed(&error).await?;
                    return Err(error);
                }
            }
        }
        let applied = self.read_back(subject, link, variables, done).await?;
        if matches!(applied, Applied::Settled { .. }) {
            self.close_actions(&name, run_id).await?;
        }
        Ok(applied)
    }

    /// Done with the set-up token: the everyday one may define nothing.
    async fn backup_action(
        &self,
        subject: &Subject<'_>,
        link: &SiteLink,
        planned: &PlannedAction,
        log: &ActionLog<'_>,
    ) -> Result<MachineOutcome, EngineError> {
        let set_up = self.link(subject.site, &link.route, Token::SetUp).await?;
        let machine = self.machine(link, subject.instance.vmid).await?;
        let action = BackupAction {
            engine: self,
            subject: *subject,
            everyday: &link.pve,
            set_up: &set_up.pve,
            machine_is_there: matches!(machine, MachineState::Present(_)),
            key: &planned.key,
            action: &planned.action,
        };
        action.perform(log).await
    }

    /// What an earlier run left open and this one had no need to do was just found to be so: the journal says it.
    async fn close_actions(&self, subject: &str, run_id: &str) -> Result<(), EngineError> {
        for open in self.store.open_actions(&Scope::Staff, subject).await? {
            ActionLog::new(self, run_id, subject, &open.entry.action_key).skipped().await?;
        }
        Ok(())
    }

    async fn step<'a>(
        &'a self,
        subject: &Subject<'_>,
        link: &SiteLink,
        variables: &'a serde_json::Value,
        guest: &mut Option<Guest<'a>>,
        key: &str,
        log: &ActionLog<'_>,
    ) -> Result<StepOutcome, EngineError> {
        if guest.is_none() {
            let address = self.guest_address(subject, link).await?;
            let address =
                address.ok_or_else(|| EngineError::Unexpected("the guest's host key is not pinned".to_owned()))?;
            *guest = Some(Guest::enter_patiently(self, address, variables).await?);
        }
        match guest {
            Some(guest) => guest.perform(key, log).await,
            None => Err(EngineError::Unexpected("no session in the guest".to_owned())),
        }
    }

    async fn read_back(
        &self,
        subject: &Subject<'_>,
        link: &SiteLink,
        variables: &serde_json::Value,
        done: usize,
    ) -> Result<Applied, EngineError> {
        let observed = self.observe(subject, link, variables).await?;
        let part = decide(subject, &observed, variables, &self.playbooks)?;
        self.record(subject, &part).await?;
        self.record_departures(subject).await?;
        if part.is_settled() {
            return Ok(Applied::Settled { done });
        }
        let why: Vec<String> = part.actions.iter().filter_map(|action| action.waiting.clone()).collect();
        if part.ready().next().is_none() && part.unknown.is_none() && part.conflict.is_none() {
            return Ok(Applied::Waiting { why });
        }
        let left: Vec<&str> = part.ready().map(|action| action.title.as_str()).collect();
        let left = format!("still to be done: {}", left.join(", "));
        Err(EngineError::Failed {
            title: format!("reading `{}` back", subject.instance.id),
            problem: part.conflict.or(part.unknown).unwrap_or(left),
            next: "run the same command again; if it says so twice, look into the guest".to_owned(),
        })
    }
}

impl From<MachineOutcome> for StepOutcome {
    fn from(outcome: MachineOutcome) -> StepOutcome {
        match outcome {
            MachineOutcome::Already => StepOutcome::Already,
            MachineOutcome::Done => StepOutcome::Done,
        }
    }
}

fn not_prepared(site: &str) -> Observed {
    nothing_known(format!("the site is not prepared yet: run `accolades site prepare {site}`"))
}

fn nothing_known(why: String) -> Observed {
    Observed {
        machine: MachineState::Unknown(why),
        guest: GuestState::NotRunning,
        host_key_pinned: false,
        backups: None,
        remote: RemoteAccess::None,
    }
}

/// An error with its causes, in one text. Who is refused on the way to a node is told nothing about the node.
fn describe(error: &EngineError) -> String {
    if let EngineError::Pve(error) = error
        && let Some(refusal) = error.refused_on_the_way()
    {
        return refusal.to_string();
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source();
    }
    text
}

/// Bounds the waiting of [`Guest::enter_patiently`].
pub(super) const ENTER_ATTEMPTS_MAX: u32 = limits::GUEST_RECONNECTS_MAX * 4;
