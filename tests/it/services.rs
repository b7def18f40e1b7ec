//! What runs for each client, as the sweep sees it: isolated between the clients of an island, never green when unseen.

use accolades::domain::services::{Finding, Power, ServicesHealth, Word};
use accolades::engine::backup::sweep::SweepRequest;
use accolades::engine::run::Applied;
use accolades::health::backups::backups;
use accolades::health::services::services;
use accolades::lab::net::transcript::Entry;
use accolades::lab::os::Machine;
use accolades::lab::os::units::State;
use accolades::lab::yunohost::apps::Installed;
use accolades::store::{Look, Scope};

use crate::rehearsal::{Rehearsal, instance};
use crate::sweep::{site, sweep, sweep_on};

/// The island's machine.
const VMID: u32 = 1002;

/// The most requests that a look at a site with one running instance may cost: six for the node, five for the instance.
const REQUESTS_MAX: usize = 11;

const CLIENTS: [&str; 2] = ["claire-voyer", "studio-brume"];

fn client(id: &str) -> Scope {
    Scope::Client(id.parse().expect("an id"))
}

/// The island with both of its clients, onboarded.
async fn island(seed: u64) -> Rehearsal {
    let rehearsal = Rehearsal::new(seed).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    let report = rehearsal.apply(&[instance("ilot")]).await;
    let settled = report.values().all(|one| matches!(one, Applied::Settled { .. }));
    assert!(settled, "{report:#?}\n{}", rehearsal.last_words(30));
    rehearsal
}

/// What a client is told; exactly one verdict.
async fn told(rehearsal: &Rehearsal, id: &str) -> ServicesHealth {
    let now = rehearsal.engine.clock.now().await.expect("the lab's clock");
    let inventory = &rehearsal.accepted.inventory;
    let found = services(&rehearsal.engine.store, &client(id), inventory, now).await.expect("the store reads");
    let [only] = found.as_slice() else { panic!("{id}: {found:#?}") };
    assert_eq!(only.client.as_str(), id);
    only.health.clone()
}

/// The client's rows as they lie in the store.
async fn rows(rehearsal: &Rehearsal, id: &str) -> Vec<Look> {
    rehearsal.engine.store.looks_at_all(&client(id), "instance").await.expect("the store reads")
}

fn guest(rehearsal: &Rehearsal, change: impl FnOnce(&mut Machine)) {
    let mut state = rehearsal.served.lab.lock();
    let site = state.world.sites.get_mut("friche").expect("the site");
    change(site.pve.vms.get_mut(&VMID).and_then(|vm| vm.guest.as_mut()).expect("the guest is up"));
}

/// Ten minutes pass: the guest looks at itself again.
fn wait_for_the_timer(rehearsal: &Rehearsal) {
    rehearsal.served.lab.lock().world.advance_by_us(601_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn services_each_client_of_an_island_is_told_of_its_own_only() {
    let rehearsal = island(31).await;
    let before = rehearsal.served.lab.lock().transcript.entries().len();
    let only = SweepRequest { only: vec![site("friche")], ..SweepRequest::default() };
    sweep_on(&rehearsal.engine, &rehearsal.accepted, only).await;
    let mut requests = 0;
    for entry in &rehearsal.served.lab.lock().transcript.entries()[before..] {
        if let Entry::Request { method, path, .. } = entry {
            assert_eq!(method, "GET", "{path}");
            requests += 1;
        }
    }
    assert!((1..=REQUESTS_MAX).contains(&requests), "{requests} requests");
    for (own, other) in [(CLIENTS[0], CLIENTS[1]), (CLIENTS[1], CLIENTS[0])] {
        let health = told(&rehearsal, own).await;
        assert_eq!((health.word, health.findings.len()), (Word::Runs, 0), "{health:#?}");
        assert!(health.seen_at.is_some());
        let rows = rows(&rehearsal, own).await;
        assert!(rows.iter().all(|row| row.scope == client(own)), "{rows:#?}");
        let text = format!("{rows:?}");
        assert!(text.contains(own) && !text.contains(other), "another client's name or address: {text}");
        for what in ["backup-local", "backup-node", "marker", "services"] {
            assert_eq!(rows.iter().filter(|row| row.what == what).count(), 1, "{what}");
        }
    }
    let now = rehearsal.engine.clock.now().await.expect("the lab's clock");
    let inventory = &rehearsal.accepted.inventory;
    let of = async |scope: &Scope| {
        let all =
            backups(&rehearsal.engine.store, scope, inventory, &[instance("ilot")], now).await.expect("a verdict");
        all.into_iter().next().expect("the island").health
    };
    let staff = of(&Scope::Staff).await;
    for id in CLIENTS {
        assert_eq!(of(&client(id)).await, staff, "each client of an island sees the backups of its machine");
    }
    assert_eq!(rows(&rehearsal, "mairie-valsonne").await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn services_what_does_not_run_is_named_and_what_is_not_seen_is_unknown() {
    let rehearsal = island(32).await;
    // Before anybody looked nothing is known.
    assert_eq!(told(&rehearsal, CLIENTS[0]).await.word, Word::Unknown { since: None });

    guest(&rehearsal, |guest| {
        let yunohost = guest.yunohost.as_mut().expect("it is installed");
        let is_theirs = |app: &Installed| app.setting("domain") == Some("studio-brume.example");
        let id = yunohost.apps.installed.iter().find(|(_, app)| is_theirs(app)).expect("it has one").0.clone();
        let nextcloud = yunohost.apps.nextcloud(&id).expect("a Nextcloud");
        nextcloud.maintenance = true;
    });
    wait_for_the_timer(&rehearsal);
    sweep(&rehearsal).await;
    assert_eq!(told(&rehearsal, "claire-voyer").await.word, Word::Runs);
    let health = told(&rehearsal, "studio-brume").await;
    assert_eq!(health.word, Word::Fails);
    assert_eq!(health.findings[0].sentence(), "Nextcloud at studio-brume.example/nextcloud: maintenance");

    guest(&rehearsal, |guest| guest.units.known.get_mut("postfix.service").expect("a unit").state = State::Failed);
    wait_for_the_timer(&rehearsal);
    sweep(&rehearsal).await;
    let health = told(&rehearsal, "claire-voyer").await;
    let down = Finding::ServiceDown { unit: "postfix".to_owned(), state: "failed".to_owned() };
    assert_eq!((health.word, health.findings), (Word::Fails, vec![down]));

    // A guest that has stopped writing reports says nothing about what runs in it now.
    guest(&rehearsal, |guest| {
        guest.units.known.get_mut("accolades-services.timer").expect("a unit").state = State::Inactive;
    });
    rehearsal.served.lab.lock().world.advance_by_us(3600 * 1_000_000);
    sweep(&rehearsal).await;
    assert!(matches!(told(&rehearsal, "claire-voyer").await.word, Word::Unknown { since: Some(_) }));

    let set_online = |online| {
        rehearsal.served.lab.lock().world.sites.get_mut("friche").expect("a site").online = online;
    };
    set_online(false);
    sweep(&rehearsal).await;
    for id in CLIENTS {
        let health = told(&rehearsal, id).await;
        assert!(matches!(health.word, Word::Unknown { since: Some(_) }), "{health:#?}");
        assert!(matches!(health.findings.as_slice(), [Finding::NotSeen { .. }]), "{health:#?}");
    }

    set_online(true);
    {
        let mut state = rehearsal.served.lab.lock();
        let vm = state.world.sites.get_mut("friche").and_then(|site| site.pve.vms.get_mut(&VMID)).expect("a machine");
        vm.power = accolades::lab::pve::state::Power::Stopped;
        vm.up = false;
    }
    sweep(&rehearsal).await;
    let health = told(&rehearsal, "claire-voyer").await;
    assert_eq!((health.word, health.findings), (Word::Fails, vec![Finding::MachineOff]));
    let row = rows(&rehearsal, "claire-voyer").await.into_iter().find(|row| row.what == "services").expect("a row");
    assert_eq!(row.seen.expect("seen").1["power"], serde_json::json!(Power::Off));
}
