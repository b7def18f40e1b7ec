//! The fault sweep over an onboarding. Whatever went wrong, the same command again (or the one that was printed) leads to the
//! same world as a run without faults: the digests are compared, so nothing is doubled (a second app, account or disk is
//! another world).

use accolades::engine::run::{Accepted, Applied};
use accolades::engine::{Engine, EngineError, Event};
use accolades::lab::net::shell::Outcome;
use accolades::lab::net::topology::Endpoint;
use accolades::plan::desired::Subject;
use accolades::store::Scope;

use crate::rehearsal::{self, Rehearsal, Snapshot, small_files, small_instance};
use crate::swept::{self, At, Swept};
use crate::worlds;

#[derive(Debug, Clone, Copy)]
struct Onboarding;

impl Swept for Onboarding {
    fn name(self) -> &'static str {
        "onboarding"
    }

    fn test(self) -> &'static str {
        "faults_at_any_step"
    }

    fn sample(self) -> usize {
        12
    }

    fn leases(self) -> &'static [&'static str] {
        &["instance/ilot"]
    }

    /// What only reads is a program by itself, or a shell that is called after it; what changes something is another script,
    /// a unit, or tidies up.
    fn changes(self, at: At, command_line: &str) -> bool {
        let looks = command_line.contains("' looks ");
        at == At::Guest && !looks && matches!(command_line.split(' ').next(), Some("sh" | "systemd-run" | "rm"))
    }

    async fn perform(self, engine: Engine, accepted: Accepted) -> Result<(), String> {
        let plan = rehearsal::plan(&engine, &accepted, &[small_instance()]).await.map_err(|error| error.to_string())?;
        if plan.is_settled() {
            return Ok(());
        }
        let report = engine.apply(&accepted, &plan).await.map_err(|error| error.to_string())?;
        match report.values().all(|one| matches!(one, Applied::Settled { .. })) {
            true => Ok(()),
            false => Err(format!("{report:?}")),
        }
    }

    async fn follow(self, rehearsal: &Rehearsal, engine: &Engine, said: &str) {
        if said.contains("accolades apply --rebuild ilot") {
            let inventory = &rehearsal.accepted.inventory;
            let instance = &inventory.instances[&small_instance()];
            let subject = Subject::on(inventory, instance, rehearsal::DAY).expect("it has a place");
            engine.take_away(&subject).await.unwrap_or_else(|error| panic!("{error}"));
        }
        let removal = said.split('`').find(|part| part.starts_with("yunohost app remove "));
        if let Some(removal) = removal {
            let guest = Endpoint::GuestSsh { site: "friche".to_owned(), vmid: 1002 };
            let (ended, _) = rehearsal.served.lab.command(&guest, "root", removal, "");
            assert!(matches!(&ended, Outcome::Ended(output) if output.exit == 0), "{removal} failed");
        }
    }
}

async fn prepared() -> Snapshot {
    let files = small_files();
    let prepared = Rehearsal::of(files.clone(), swept::seed()).await;
    prepared.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    prepared.publish_dns();
    prepared.snapshot(files).await
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_at_any_step_lead_to_the_same_world() {
    let base = swept::base(Onboarding, prepared().await).await;
    swept::sweep(Onboarding, base).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_two_engines_on_one_store_never_work_on_the_same_instance() {
    let base = swept::base(Onboarding, prepared().await).await;
    let mut rehearsal = Rehearsal::from(&base.snapshot).await;
    let (second, _events) = rehearsal.another_engine(99).await;
    let only = [small_instance()];
    let (first, accepted) = (rehearsal.engine.clone(), rehearsal.accepted.clone());
    let working = tokio::spawn(async move { rehearsal::apply(&first, &accepted, &[small_instance()]).await });
    while !matches!(rehearsal.events.recv().await.expect("the first one works"), Event::Begins { .. }) {}
    let refused = rehearsal::apply(&second, &rehearsal.accepted, &only).await.expect("the run is recorded");
    let Applied::Stopped { why, .. } = &refused[&only[0]] else { panic!("{refused:?}") };
    assert!(why.contains("is being worked on by"), "{why}");
    let worked: Result<_, EngineError> = working.await.expect("no panic");
    let report = worked.unwrap_or_else(|error| panic!("{error}"));
    assert!(matches!(report[&only[0]], Applied::Settled { .. }), "{report:?}");
    assert!(second.store.open_actions(&Scope::Staff, "instance/ilot").await.expect("readable").is_empty());
    let (digest, view) = worlds::world_after(&rehearsal);
    assert!(digest == base.digest, "{}", worlds::difference(&base.view, &view));
}
