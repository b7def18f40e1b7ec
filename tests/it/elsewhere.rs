//! A client's box is gone: its remote backup is tried and restored on a spare box at another site. What that box needs to
//! read it is lent for that time and taken back, also after a crash of ours.

use std::collections::BTreeMap;

use accolades::domain::backup::drill::{NotProven, Origin, Verdict};
use accolades::domain::backup::health::Place;
use accolades::domain::backup::names;
use accolades::domain::ids::{SiteId, VmId};
use accolades::engine::EngineError;
use accolades::engine::drill::DrillOrder;
use accolades::engine::loan::{Loan, open_loan};
use accolades::engine::restore::{Elsewhere, RestoreDetail, RestoreOrder};
use accolades::engine::run::Applied;
use accolades::inventory::edit::{NewPlace, restored_elsewhere};
use accolades::lab::net::fault::{Fault, FaultKind};
use accolades::lab::pve::state::Power;
use accolades::plan::desired::Subject;
use accolades::plan::render::render;
use accolades::store::RestoreState;

use crate::drills::subject;
use crate::rehearsal::{DAY, Rehearsal, Snapshot, example_files, small_files, small_instance};

/// Where the client's box burnt.
const HOME: &str = "friche";
/// Where the spare one stands.
const SPARE: &str = "valsonne";
/// Where another one stands.
const THIRD: &str = "croix-rousse";
/// The first id that is restored to.
const FIRST: u32 = 1999;
/// The address of the restored machine at the spare box's place.
const ADDRESS: &str = "192.168.30.30/24";

fn site(id: &str) -> SiteId {
    SiteId::new(id).expect("an id")
}

/// The small inventory with a second, empty box that writes to the same server.
fn files() -> BTreeMap<String, String> {
    let mut files = small_files();
    let path = format!("sites/{SPARE}.toml");
    let spare = example_files().remove(&path).expect("the example has it");
    files.insert(path, spare.replace("\"voisins\"", "\"grange\""));
    files
}

/// Onboarded at home, one remote backup made.
async fn saved(seed: u64) -> Rehearsal {
    saved_from(files(), seed).await
}

async fn saved_from(files: BTreeMap<String, String>, seed: u64) -> Rehearsal {
    let rehearsal = Rehearsal::of(files, seed).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    let report = rehearsal.apply(&[small_instance()]).await;
    let settled = report.values().all(|one| matches!(one, Applied::Settled { .. }));
    assert!(settled, "{report:#?}\n{}", rehearsal.last_words(30));
    let inventory = rehearsal.accepted.inventory.clone();
    let saved = rehearsal.engine.back_up(&subject(&inventory), Place::Remote).await;
    saved.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
    rehearsal
}

async fn snapshot(seed: u64) -> Snapshot {
    saved(seed).await.snapshot(files()).await
}

fn burn(rehearsal: &Rehearsal) {
    let mut state = rehearsal.served.lab.lock();
    let home = state.world.sites.get_mut(HOME).expect("a site");
    (home.online, home.off) = (false, true);
}

async fn order(rehearsal: &Rehearsal) -> RestoreOrder {
    RestoreOrder {
        from: Origin::Remote,
        not_after_us: rehearsal.engine.now_us().await.expect("the clock answers"),
        asked_at: "now".to_owned(),
        elsewhere: Some(Elsewhere { site: site(SPARE), address4: ADDRESS.parse().expect("an address") }),
    }
}

/// Nothing that was lent is left: neither on the server, nor on the node, nor on record.
async fn must_have_nothing(rehearsal: &Rehearsal) {
    let loan = open_loan(&rehearsal.engine.store, &small_instance()).await.expect("the store reads");
    assert_eq!(loan, None);
    let state = rehearsal.served.lab.lock();
    let servers = state.world.backup_servers.borrow();
    let user = names::loan_user(&small_instance());
    for server in servers.0.values() {
        assert!(!server.access.users.contains_key(&user), "the reader is left on {}", server.id);
        let left: Vec<_> = server.access.entries.iter().filter(|entry| entry.who.starts_with(&user)).collect();
        assert!(left.is_empty(), "{left:?}");
    }
    let spare = &state.world.sites[SPARE];
    let storage = names::loan_storage(&small_instance());
    assert!(!spare.pve.storages.contains_key(&storage), "the storage is left");
    let keys = format!("/etc/pve/priv/storage/{storage}");
    let left: Vec<&str> = spare.node.files.all().map(|(path, _)| path).filter(|path| path.starts_with(&keys)).collect();
    assert!(left.is_empty(), "secrets are left: {left:?}");
    for path in [format!("/storage/{storage}"), "/vms/1002".to_owned()] {
        assert!(
            spare.pve.access.acl.get(&path).is_none_or(|one| one.users.is_empty() && one.tokens.is_empty()),
            "rights on {path} are left"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn elsewhere_a_remote_backup_is_proven_on_another_sites_node() {
    let rehearsal = saved(61).await;
    burn(&rehearsal);
    let inventory = rehearsal.accepted.inventory.clone();
    let order = DrillOrder { from: Origin::Remote, backup: None, on: Some(site(SPARE)) };
    let kept = rehearsal.engine.drill(&subject(&inventory), &order).await;
    let kept = kept.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
    assert_eq!(kept.record.verdict, Verdict::Proven, "{:#?}", kept.record);
    assert_eq!((kept.record.site, kept.record.destroyed), (site(SPARE), Some(true)));
    assert!(kept.record.backup.is_some_and(|backup| backup.encrypted));
    let not_proven = &kept.record.not_proven;
    assert!(!not_proven.contains(&NotProven::LossOfTheSite) && not_proven.contains(&NotProven::PrintedKey));
    assert!(rehearsal.served.lab.lock().world.sites[SPARE].pve.vms.is_empty());
    must_have_nothing(&rehearsal).await;

    // What lies in the box that is gone cannot be tried elsewhere.
    let local = DrillOrder { from: Origin::Local, backup: None, on: Some(site(SPARE)) };
    let refused = rehearsal.engine.drill(&subject(&inventory), &local).await;
    assert!(matches!(refused.map(|kept| kept.number), Err(EngineError::Conflict(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn elsewhere_a_client_whose_box_burnt_works_on_at_another_place() {
    let mut rehearsal = saved(62).await;
    burn(&rehearsal);
    let inventory = rehearsal.accepted.inventory.clone();
    let before = rehearsal.engine.store.host_key("instance/ilot").await.expect("the store reads").expect("pinned");
    let row = rehearsal.engine.restore_aside(&subject(&inventory), &order(&rehearsal).await).await;
    let row = row.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
    assert_eq!((row.state, row.new.vmid, &row.new.site), (RestoreState::Checked, VmId(FIRST), &site(SPARE)));
    assert_eq!(RestoreDetail::of(&row).verdict, Some(Verdict::Proven));
    // Before it takes anybody's place it has everything that it needs, and what was lent is taken back.
    must_have_nothing(&rehearsal).await;

    let swapped = rehearsal.engine.swap(&subject(&inventory), None).await;
    let swapped = swapped.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
    assert_eq!((swapped.state, RestoreDetail::of(&swapped).old_vmid), (RestoreState::Swapped, None));
    {
        let state = rehearsal.served.lab.lock();
        let vm = &state.world.sites[SPARE].pve.vms[&FIRST];
        let guest = vm.guest.as_ref().expect("it is up");
        assert_eq!((vm.power, guest.unplugged), (Power::Running, false));
        assert!(guest.addresses.iter().any(|address| address == ADDRESS), "{:?}", guest.addresses);
        assert!(guest.files.exists("/etc/cloud/cloud-init.disabled"), "the next boot would be a first one again");
        assert_eq!(vm.config["onboot"], "1");
    }
    let after = rehearsal.engine.store.host_key("instance/ilot").await.expect("the store reads").expect("pinned");
    assert_ne!(after.key, before.key, "it made a key of its own at its first boot there, and that one is pinned");

    // From now on it is an instance of that site like any other.
    let place = NewPlace { from: DAY, site: site(SPARE), address4: ADDRESS.parse().expect("an address") };
    let edit = restored_elsewhere(&rehearsal.files().await, &small_instance(), VmId(FIRST), &place);
    rehearsal.accept(edit.unwrap_or_else(|error| panic!("{error}")).files).await;
    let inventory = rehearsal.accepted.inventory.clone();
    let there = Subject::on(&inventory, &inventory.instances[&small_instance()], DAY).expect("it has a place");
    assert_eq!(there.site.id, site(SPARE));
    rehearsal.prepare_servers().await.unwrap_or_else(|error| panic!("{error}"));
    let agreed = accolades::engine::prepare::Agreed { format_serial: None };
    let prepared = rehearsal.engine.prepare_site(&inventory, there.site, &agreed).await;
    prepared.unwrap_or_else(|error| panic!("{error}"));
    let saved = rehearsal.engine.back_up(&there, Place::Remote).await;
    saved.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
}

#[tokio::test(flavor = "multi_thread")]
async fn elsewhere_what_was_lent_is_taken_back_after_a_crash_at_any_step() {
    let snapshot = snapshot(63).await;
    let user = names::loan_user(&small_instance());
    let steps = [
        (None, "POST /api2/json/access/users".to_owned()),
        (None, format!("/access/users/{user}/token/")),
        (Some(SPARE), "pvesh set /access/acl".to_owned()),
        (Some(SPARE), "POST /api2/json/storage".to_owned()),
        (Some(SPARE), "POST /api2/json/nodes/pve3/qemu".to_owned()),
        (Some(SPARE), "DELETE /api2/json/storage".to_owned()),
    ];
    // A sample runs always: both kinds of crash, each at another half of the steps; `ACCOLADES_SWEEP=all` runs every case.
    let whole = std::env::var("ACCOLADES_SWEEP").is_ok();
    let seed = usize::try_from(crate::swept::seed()).unwrap_or_default();
    for (number, (place, on)) in steps.into_iter().enumerate() {
        for (other, kind) in [FaultKind::CrashBefore, FaultKind::CrashAfter].into_iter().enumerate() {
            if !whole && (number + 3 * other + seed) % 4 != 1 {
                continue;
            }
            let what = format!("{kind:?} at {on}");
            let rehearsal = Rehearsal::from(&snapshot).await;
            burn(&rehearsal);
            let fault = Fault { site: place.map(str::to_owned), on: on.clone(), after: 0, times: 1, kind };
            rehearsal.served.lab.lock().faults.0.push(fault);
            let mut crashes = rehearsal.served.lab.crashes();
            let (engine, accepted) = (rehearsal.engine.clone(), rehearsal.accepted.clone());
            let first = order(&rehearsal).await;
            let mut work =
                tokio::spawn(
                    async move { engine.restore_aside(&subject(&accepted.inventory), &first).await.map(drop) },
                );
            tokio::select! {
                changed = crashes.changed() => {
                    changed.expect("the lab lives");
                    work.abort();
                    let _ = work.await;
                }
                done = &mut work => panic!("{what} never happened: {:?}", done.expect("no panic")),
            }
            for lease in ["site/valsonne/heavy-work", "instance/ilot"] {
                crate::worlds::bury(&rehearsal.engine.store, lease).await;
            }
            let (engine, _events) = rehearsal.another_engine(99).await;
            let inventory = rehearsal.accepted.inventory.clone();
            let row = engine.restore_aside(&subject(&inventory), &order(&rehearsal).await).await;
            let row = row.unwrap_or_else(|error| panic!("{what}: {error}\n{}", rehearsal.last_words(20)));
            assert_eq!(row.state, RestoreState::Checked, "{what}");
            must_have_nothing(&rehearsal).await;
            let machines = rehearsal.served.lab.lock().world.sites[SPARE].pve.vms.len();
            assert_eq!(machines, 1, "{what}");
        }
    }
}

/// A restore onto the spare box, cut short once the node has the storage and the key.
async fn cut_short(rehearsal: &Rehearsal) {
    let fault = Fault {
        site: Some(SPARE.to_owned()),
        on: "POST /api2/json/storage".to_owned(),
        after: 0,
        times: 1,
        kind: FaultKind::CrashAfter,
    };
    rehearsal.served.lab.lock().faults.0.push(fault);
    let mut crashes = rehearsal.served.lab.crashes();
    let (engine, accepted) = (rehearsal.engine.clone(), rehearsal.accepted.clone());
    let order = order(rehearsal).await;
    let work = tokio::spawn(async move { engine.restore_aside(&subject(&accepted.inventory), &order).await.map(drop) });
    crashes.changed().await.expect("the lab lives");
    work.abort();
    let _ = work.await;
    for lease in ["site/valsonne/heavy-work", "instance/ilot"] {
        crate::worlds::bury(&rehearsal.engine.store, lease).await;
    }
}

async fn loan(rehearsal: &Rehearsal) -> Option<Loan> {
    open_loan(&rehearsal.engine.store, &small_instance()).await.expect("the store reads")
}

/// Switches a whole site off, or on again.
fn switch(rehearsal: &Rehearsal, place: &str, is_on: bool) {
    let mut state = rehearsal.served.lab.lock();
    let site = state.world.sites.get_mut(place).expect("a site");
    (site.online, site.off) = (is_on, !is_on);
}

/// Home burnt; a restore onto the spare box was cut short, and it keeps what it was lent. Yet another box stands elsewhere.
async fn lent_to_the_spare_box(seed: u64) -> Rehearsal {
    let mut files = files();
    let path = format!("sites/{THIRD}.toml");
    let third = example_files().remove(&path).expect("the example has it");
    files.insert(path, third);
    let rehearsal = saved_from(files, seed).await;
    burn(&rehearsal);
    cut_short(&rehearsal).await;
    let lent = loan(&rehearsal).await.expect("it was cut short");
    assert!(lent.is_open && lent.site == site(SPARE), "{lent:?}");
    rehearsal
}

async fn order_at_the_third_box(rehearsal: &Rehearsal) -> RestoreOrder {
    let there = Elsewhere { site: site(THIRD), address4: "192.168.10.30/24".parse().expect("an address") };
    RestoreOrder { elsewhere: Some(there), ..order(rehearsal).await }
}

#[tokio::test(flavor = "multi_thread")]
async fn elsewhere_a_spare_box_that_dies_too_keeps_no_restore_from_a_third_one() {
    let rehearsal = lent_to_the_spare_box(64).await;
    switch(&rehearsal, SPARE, false);

    let (engine, _events) = rehearsal.another_engine(98).await;
    let inventory = rehearsal.accepted.inventory.clone();
    let third = order_at_the_third_box(&rehearsal).await;
    let row = engine.restore_aside(&subject(&inventory), &third).await;
    let row = row.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
    assert_eq!((row.state, &row.new.site), (RestoreState::Checked, &site(THIRD)));

    // What the dead box still has lets it in nowhere, and is not forgotten.
    let left = loan(&rehearsal).await.expect("the spare box has a storage and the key");
    assert_eq!((left.is_open, left.left_at.as_slice()), (false, [site(SPARE)].as_slice()));
    {
        let state = rehearsal.served.lab.lock();
        let servers = state.world.backup_servers.borrow();
        let user = names::loan_user(&small_instance());
        assert!(servers.0.values().all(|server| !server.access.users.contains_key(&user)), "a reader is left");
    }
    engine.take_back_alone(&inventory, &small_instance()).await.expect_err("the spare box is off");
    assert!(loan(&rehearsal).await.is_some());
    switch(&rehearsal, SPARE, true);
    engine.take_back_alone(&inventory, &small_instance()).await.unwrap_or_else(|error| panic!("{error}"));
    must_have_nothing(&rehearsal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn elsewhere_a_spare_box_that_was_installed_anew_keeps_no_restore_from_a_third_one() {
    let rehearsal = lent_to_the_spare_box(67).await;
    {
        let mut state = rehearsal.served.lab.lock();
        let spare = state.world.sites.get_mut(SPARE).expect("a site");
        for user in spare.pve.access.users.values_mut() {
            user.tokens.clear();
        }
    }
    let (engine, _events) = rehearsal.another_engine(98).await;
    let inventory = rehearsal.accepted.inventory.clone();
    let row = engine.restore_aside(&subject(&inventory), &order_at_the_third_box(&rehearsal).await).await;
    let row = row.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
    assert_eq!((row.state, &row.new.site), (RestoreState::Checked, &site(THIRD)));
    let left = loan(&rehearsal).await.expect("nobody saw that it is gone from the spare box");
    assert_eq!((left.is_open, left.left_at.as_slice()), (false, [site(SPARE)].as_slice()));
}

#[tokio::test(flavor = "multi_thread")]
async fn elsewhere_a_server_that_keeps_its_reader_keeps_no_restored_machine_waiting() {
    let rehearsal = saved(68).await;
    burn(&rehearsal);
    let fault = Fault {
        site: None,
        on: "DELETE /api2/json/access/users".to_owned(),
        after: 0,
        times: 1000,
        kind: FaultKind::CutBefore,
    };
    rehearsal.served.lab.lock().faults.0.push(fault);
    let (inventory, order) = (rehearsal.accepted.inventory.clone(), order(&rehearsal).await);
    // The second time it waits already.
    for _ in 0..2 {
        let row = rehearsal.engine.restore_aside(&subject(&inventory), &order).await;
        let row = row.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
        assert_eq!(row.state, RestoreState::Checked);
        assert!(loan(&rehearsal).await.is_some_and(|loan| loan.is_open), "it was forgotten");
    }
    rehearsal.served.lab.lock().faults.0.clear();
    rehearsal.engine.take_back_alone(&inventory, &small_instance()).await.unwrap_or_else(|error| panic!("{error}"));
    must_have_nothing(&rehearsal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn elsewhere_a_drill_at_home_leaves_a_restore_at_another_site_its_reader() {
    let rehearsal = saved(65).await;
    cut_short(&rehearsal).await;
    let lent = loan(&rehearsal).await;
    assert!(lent.as_ref().is_some_and(|loan| loan.is_open && loan.site == site(SPARE)), "{lent:?}");
    let (engine, _events) = rehearsal.another_engine(97).await;
    let inventory = rehearsal.accepted.inventory.clone();
    let order = DrillOrder { from: Origin::Remote, backup: None, on: None };
    let kept = engine.drill(&subject(&inventory), &order).await;
    kept.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
    assert_eq!(loan(&rehearsal).await, lent, "the restore at the other site is cut off from what it reads");
}

#[tokio::test(flavor = "multi_thread")]
async fn elsewhere_a_move_planned_for_later_is_worked_on_from_its_day_on() {
    let mut rehearsal = saved(66).await;
    let mut files = rehearsal.files().await;
    let placed = files.get_mut("instances/ilot.toml").expect("the small inventory has it");
    let later = DAY.tomorrow().expect("a day");
    placed.push_str(&format!("\n[[placements]]\nfrom = {later}\nsite = \"{SPARE}\"\naddress4 = \"{ADDRESS}\"\n"));
    rehearsal.accept(files).await;
    let plan = rehearsal.plan(&[small_instance()]).await;
    let today = &plan.instances[0];
    assert!(today.unknown.is_none() && today.conflict.is_none(), "{}", render(&plan));
    assert!(!today.actions.iter().any(|action| action.key.starts_with("machine/")), "{}", render(&plan));
    let report = rehearsal.apply(&[small_instance()]).await;
    assert!(report.values().all(|one| matches!(one, Applied::Settled { .. })), "{report:#?}");
    assert!(rehearsal.served.lab.lock().world.sites[SPARE].pve.vms.is_empty(), "a machine was made before its day");
}
