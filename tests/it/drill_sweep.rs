//! The fault sweep over a drill, and over a restore with its swap. Whatever went wrong, the same command again leads to the
//! same world as a run without faults: no machine of a drill is left, the client's machine is the one that it was (or the
//! restored one, once), no backup is lost.

use accolades::domain::backup::drill::{Origin, Verdict};
use accolades::engine::Engine;
use accolades::engine::drill::DrillOrder;
use accolades::engine::restore::RestoreOrder;
use accolades::engine::run::Accepted;
use accolades::lab::net::fault::FaultKind;
use accolades::store::{RestoreState, Scope};

use crate::drills::{FIRST, LIVE, snapshot, subject, vms};
use crate::rehearsal::Rehearsal;
use crate::swept::{self, At, Step, Swept};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Drill,
    Restore,
}

impl Swept for Operation {
    fn name(self) -> &'static str {
        match self {
            Operation::Drill => "drill",
            Operation::Restore => "restore",
        }
    }

    fn test(self) -> &'static str {
        match self {
            Operation::Drill => "drill_sweep_faults_at_any_step_of_a_drill",
            Operation::Restore => "drill_sweep_faults_at_any_step_of_a_restore",
        }
    }

    fn leases(self) -> &'static [&'static str] {
        &["site/friche/heavy-work", "instance/ilot"]
    }

    fn changes(self, at: At, command_line: &str) -> bool {
        at == At::Node && command_line.starts_with("pvesh set")
    }

    fn kinds(self, step: &Step) -> Vec<(&'static str, FaultKind)> {
        swept::kinds(step).into_iter().map(|(what, kind)| (what, as_restore(step, kind))).collect()
    }

    async fn perform(self, engine: Engine, accepted: Accepted) -> Result<(), String> {
        let subject = subject(&accepted.inventory);
        match self {
            Operation::Drill => {
                let order = DrillOrder { from: Origin::Local, backup: None, on: None };
                let kept = engine.drill(&subject, &order).await.map_err(|error| error.to_string())?;
                match kept.record.verdict {
                    Verdict::Proven => Ok(()),
                    other => Err(format!("{other:?}")),
                }
            }
            Operation::Restore => {
                let now_us = engine.now_us().await.map_err(|error| error.to_string())?;
                let order = RestoreOrder {
                    from: Origin::Local,
                    not_after_us: now_us,
                    asked_at: "now".to_owned(),
                    elsewhere: None,
                };
                let row = engine.restore_aside(&subject, &order).await.map_err(|error| error.to_string())?;
                if row.state == RestoreState::Swapped {
                    return Ok(());
                }
                engine.swap(&subject, None).await.map(drop).map_err(|error| error.to_string())
            }
        }
    }

    async fn check(self, rehearsal: &Rehearsal, engine: &Engine) -> Result<(), String> {
        let there: Vec<u32> = vms(rehearsal).keys().copied().collect();
        let (expected, open) = match self {
            Operation::Drill => (vec![LIVE], 0),
            Operation::Restore => (vec![LIVE, FIRST], 1),
        };
        let left = engine.store.open_restores(&Scope::Staff).await.expect("the store reads");
        if there == expected && left.len() == open {
            return Ok(());
        }
        Err(format!("machines {there:?}, on record without an end: {left:?}"))
    }
}

/// Here a request for a machine is one for a restore.
fn as_restore(step: &Step, kind: FaultKind) -> FaultKind {
    match kind {
        FaultKind::TaskFails { text, .. } if step.text.ends_with("/qemu") => {
            FaultKind::TaskFails { task_type: "qmrestore".to_owned(), text }
        }
        other => other,
    }
}

async fn sweep(operation: Operation) {
    let base = swept::base(operation, snapshot(swept::seed()).await).await;
    swept::sweep(operation, base).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_sweep_faults_at_any_step_of_a_drill_leave_nothing_and_lose_nothing() {
    sweep(Operation::Drill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_sweep_faults_at_any_step_of_a_restore_and_its_swap_lead_to_the_same_world() {
    sweep(Operation::Restore).await;
}
