//! The work behind orders.

use std::collections::BTreeSet;

use super::claim::Came;
use super::order::Order;
use super::work::{Bench, Trouble, came, nothing_accepted, outcome_of, refused};
use crate::billing::draft::draft;
use crate::billing::issue::Issuer;
use crate::billing::turn::Turn;
use crate::domain::billing::difference::Run;
use crate::domain::billing::month::Month;
use crate::domain::ids::{ClientId, InstanceId};
use crate::domain::jobs::Outcome;
use crate::domain::money::Cents;
use crate::engine::Engine;
use crate::engine::run::Applied;
use crate::store::{JobAttempt, Scope};

/// What is said when the plan made just now is not the one that was shown.
const MOVED: &str = "the world moved since the plan was shown; nothing was done: look at the new plan";

impl Bench<'_> {
    /// Does what an order asks for, in the name of who ordered it.
    pub(super) async fn ordered(&self, attempt: &JobAttempt) -> Result<Came, Trouble> {
        let kept = self.engine.store.job_order(&Scope::Staff, &attempt.job.subject).await?;
        let Some(kept) = kept else { return Ok(refused("nothing of that name was ordered")) };
        let Ok(order) = Order::read(&kept.new.content) else {
            return Ok(refused("the order was written by another version of the program: order it again"));
        };
        let engine = Engine { by: kept.new.by.clone(), ..self.engine.clone() };
        match order {
            Order::Plan { instances } => self.plan(&engine, &instances).await,
            Order::Apply { plan, instances } => self.apply(&engine, attempt, &plan, &instances).await,
            Order::Issue { month, leave_out, gross } => self.issue(&engine, attempt, month, &leave_out, gross).await,
        }
    }

    async fn plan(&self, engine: &Engine, instances: &[InstanceId]) -> Result<Came, Trouble> {
        let Some((accepted, day)) = self.inventory().await? else { return Ok(nothing_accepted()) };
        let plan = engine.plan(&accepted, day, instances).await?;
        engine.keep_plan(&plan).await?;
        Ok(came(Outcome::Done, plan.id()))
    }

    /// The first attempt does exactly the plan that was shown, or nothing; a later one goes on with what an earlier one left.
    async fn apply(
        &self,
        engine: &Engine,
        attempt: &JobAttempt,
        shown: &str,
        instances: &[InstanceId],
    ) -> Result<Came, Trouble> {
        let Some((accepted, day)) = self.inventory().await? else { return Ok(nothing_accepted()) };
        let plan = engine.plan(&accepted, day, instances).await?;
        if attempt.attempt == 1 && plan.id() != shown {
            return Ok(refused(MOVED));
        }
        let report = engine.apply(&accepted, &plan).await?;
        let mut lines = Vec::new();
        let mut outcome = Outcome::Done;
        for (instance, applied) in &report {
            lines.push(match applied {
                Applied::Settled { .. } => format!("{instance}: everything is as it should be"),
                Applied::Waiting { why } => {
                    let why: BTreeSet<&str> = why.iter().map(String::as_str).collect();
                    format!("{instance}: waits for {}", why.into_iter().collect::<Vec<_>>().join(", "))
                }
                Applied::Stopped { why, class } => {
                    outcome = outcome.max(outcome_of(*class));
                    format!("{instance}: stopped: {}", why.split("\n\n").next().unwrap_or_default())
                }
            });
        }
        Ok(came(outcome, lines.join("; ")))
    }

    /// The first attempt issues exactly what was shown, or nothing; a later one completes what an earlier one left.
    async fn issue(
        &self,
        engine: &Engine,
        attempt: &JobAttempt,
        month: Month,
        leave_out: &[ClientId],
        gross: Cents,
    ) -> Result<Came, Trouble> {
        let Some((accepted, day)) = self.inventory().await? else { return Ok(nothing_accepted()) };
        if day <= month.last() {
            return Ok(refused("the month is not over: it is charged in arrears"));
        }
        let now = engine.clock.now().await?;
        let turn = Turn::take(&engine.store, now, &engine.randomness.hex(4)).await?;
        let issued = async {
            let inventory = accepted.inventory.as_ref();
            let issuer = Issuer {
                store: &engine.store,
                archive: self.archive,
                inventory_number: accepted.number,
                billing: &inventory.cooperative.billing,
                by: &engine.by,
                now,
                observe: &|_| {},
            };
            issuer.prepare().await?;
            let only: BTreeSet<ClientId> =
                inventory.clients.keys().filter(|client| !leave_out.contains(client)).cloned().collect();
            let run = Run { month, is_final: false };
            let draft = draft(&engine.store, inventory, run, day, Some(&only)).await?;
            let total: Cents = draft.clients.iter().map(|client| client.totals().2).sum();
            if attempt.attempt == 1 && total != gross {
                return Ok(refused("what would be issued is no longer what was shown: look at the draft again"));
            }
            let records = issuer.issue(&draft).await?;
            Ok::<Came, Trouble>(came(
                Outcome::Done,
                format!("{} documents issued, {} left out", records.len(), draft.left_out.len()),
            ))
        }
        .await;
        turn.give_back(&engine.store).await?;
        issued
    }
}
