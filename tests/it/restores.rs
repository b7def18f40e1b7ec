//! Restoring for real: beside the live machine, swapped on a word, the old one kept until told otherwise.

use std::collections::BTreeMap;

use accolades::domain::backup::drill::{Origin, Verdict};
use accolades::domain::ids::VmId;
use accolades::engine::EngineError;
use accolades::engine::restore::{RestoreDetail, RestoreOrder};
use accolades::engine::site::Token;
use accolades::inventory::edit::restored;
use accolades::lab::pve::state::Power;
use accolades::plan::render::render;
use accolades::store::{RestoreState, Scope};

use crate::drills::{FIRST, LIVE, back_up, backed_up, begun, put_there, snapshot, subject, vms};
use crate::rehearsal::{Rehearsal, small_instance};

const SITE: &str = "friche";

async fn order(rehearsal: &Rehearsal) -> RestoreOrder {
    let not_after_us = rehearsal.engine.now_us().await.expect("the clock answers");
    RestoreOrder { from: Origin::Local, not_after_us, asked_at: "now".to_owned(), elsewhere: None }
}

fn mac_of(rehearsal: &Rehearsal, vmid: u32) -> String {
    vms(rehearsal)[&vmid].config["net0"].split(',').next().expect("a card").to_owned()
}

/// Writes something into the live guest after the backup: what a restore loses.
fn write_after_the_backup(rehearsal: &Rehearsal) {
    let mut state = rehearsal.served.lab.lock();
    let vm = state.world.sites.get_mut(SITE).and_then(|site| site.pve.vms.get_mut(&LIVE)).expect("it is there");
    vm.guest.as_mut().expect("up").files.write("/root/after-the-backup", "lost");
}

fn has_the_file(rehearsal: &Rehearsal, vmid: u32) -> bool {
    vms(rehearsal)[&vmid].guest.as_ref().expect("a guest").files.exists("/root/after-the-backup")
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_beside_the_live_machine_touches_nothing_until_it_is_swapped() {
    let mut rehearsal = backed_up(21).await;
    write_after_the_backup(&rehearsal);
    let (live_before, mac) = (vms(&rehearsal)[&LIVE].config.clone(), mac_of(&rehearsal, LIVE));
    let inventory = rehearsal.accepted.inventory.clone();
    let subject = subject(&inventory);
    let row = rehearsal.engine.restore_aside(&subject, &order(&rehearsal).await).await;
    let row = row.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(20)));
    assert_eq!((row.state, row.new.vmid), (RestoreState::Checked, VmId(FIRST)));
    let detail = RestoreDetail::of(&row);
    assert_eq!(detail.verdict, Some(Verdict::Proven), "{:#?}", detail.checks);
    let machines = vms(&rehearsal);
    assert_eq!((&machines[&LIVE].config, machines[&LIVE].power), (&live_before, Power::Running));
    assert_eq!(machines[&FIRST].power, Power::Stopped);
    assert!(machines[&FIRST].config["net0"].contains("link_down=1") && mac_of(&rehearsal, FIRST) != mac);

    // Asked again it gives the same machine.
    let again = rehearsal.engine.restore_aside(&subject, &order(&rehearsal).await).await.expect("it waits");
    assert_eq!(again.new.id, row.new.id);

    let swapped = rehearsal.engine.swap(&subject, None).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(swapped.state, RestoreState::Swapped);
    let machines = vms(&rehearsal);
    let (old, new) = (&machines[&LIVE], &machines[&FIRST]);
    assert_eq!((old.power, new.power), (Power::Stopped, Power::Running));
    assert_eq!(mac_of(&rehearsal, FIRST), mac, "leases and forwards of the router go on");
    assert!(old.config["net0"].contains("link_down=1") && !new.config["net0"].contains("link_down=1"));
    assert_eq!((old.config["onboot"].as_str(), new.config["onboot"].as_str()), ("0", "1"));
    assert!(old.config["description"].starts_with("accolades replaced "), "{}", old.config["description"]);
    assert!(has_the_file(&rehearsal, LIVE) && !has_the_file(&rehearsal, FIRST));

    // With the inventory as it is now, a plan leaves both alone.
    let plan = rehearsal.plan(&[small_instance()]).await;
    assert!(plan.instances[0].conflict.is_some(), "it would start the old one: {}", render(&plan));
    let files = rehearsal.files().await;
    let edit = restored(&files, &small_instance(), VmId(FIRST)).unwrap_or_else(|error| panic!("{error}"));
    rehearsal.accept(edit.files).await;
    let plan = rehearsal.plan(&[small_instance()]).await;
    assert!(plan.instances[0].conflict.is_none() && plan.instances[0].unknown.is_none(), "{}", render(&plan));

    // The old one goes on a word only, and only that one.
    let inventory = rehearsal.accepted.inventory.clone();
    let subject = crate::drills::subject(&inventory);
    rehearsal.engine.discard_replaced(&subject, None).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(vms(&rehearsal).keys().copied().collect::<Vec<_>>(), [FIRST]);
    assert_eq!(rehearsal.engine.store.open_restores(&Scope::Staff).await.expect("the store reads"), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_goes_back_to_the_backup_of_that_moment() {
    let rehearsal = backed_up(22).await;
    let early = order(&rehearsal).await;
    rehearsal.served.lab.lock().pass(3_600_000_000);
    write_after_the_backup(&rehearsal);
    back_up(&rehearsal).await;
    let inventory = rehearsal.accepted.inventory.clone();
    let subject = subject(&inventory);
    rehearsal.engine.restore_aside(&subject, &early).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(!has_the_file(&rehearsal, FIRST), "the later backup was taken");
    let gone = rehearsal.engine.abandon_restore(&subject, None).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(gone, VmId(FIRST));
    assert_eq!(vms(&rehearsal).keys().copied().collect::<Vec<_>>(), [LIVE]);

    let late = order(&rehearsal).await;
    rehearsal.engine.restore_aside(&subject, &late).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(has_the_file(&rehearsal, FIRST));

    let too_early = RestoreOrder { not_after_us: early.not_after_us - 86_400_000_000, ..early };
    rehearsal.engine.abandon_restore(&subject, None).await.unwrap_or_else(|error| panic!("{error}"));
    let refusal = rehearsal.engine.restore_aside(&subject, &too_early).await.expect_err("there is none that old");
    assert!(refusal.to_string().contains("is that old"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_is_not_swapped_onto_a_machine_that_is_not_the_instances() {
    let rehearsal = Rehearsal::from(&snapshot(23).await).await;
    let inventory = rehearsal.accepted.inventory.clone();
    let subject = subject(&inventory);
    rehearsal.engine.restore_aside(&subject, &order(&rehearsal).await).await.unwrap_or_else(|error| panic!("{error}"));
    let foreign = BTreeMap::from([("description".to_owned(), "mine".to_owned())]);
    {
        let mut state = rehearsal.served.lab.lock();
        let vm = state.world.sites.get_mut(SITE).and_then(|site| site.pve.vms.get_mut(&LIVE)).expect("it is there");
        vm.config.extend(foreign);
    }
    let refusal = rehearsal.engine.swap(&subject, None).await.expect_err("it is somebody's");
    assert!(matches!(refusal, EngineError::Conflict(_)), "{refusal}");
    assert_eq!(vms(&rehearsal)[&LIVE].power, Power::Running);
    let refusal = rehearsal.engine.discard_replaced(&subject, None).await.expect_err("nothing was replaced");
    assert!(matches!(refusal, EngineError::Conflict(_)), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_asked_for_another_moment_is_not_the_one_that_waits() {
    let rehearsal = backed_up(24).await;
    let early = RestoreOrder { asked_at: "2026-11-20T09:00".to_owned(), ..order(&rehearsal).await };
    rehearsal.served.lab.lock().pass(3_600_000_000);
    back_up(&rehearsal).await;
    let inventory = rehearsal.accepted.inventory.clone();
    let subject = subject(&inventory);
    let row = rehearsal.engine.restore_aside(&subject, &early).await.unwrap_or_else(|error| panic!("{error}"));
    let now = order(&rehearsal).await;
    let refusal = rehearsal.engine.restore_aside(&subject, &now).await.expect_err("another backup is asked for");
    let text = refusal.to_string();
    assert!(matches!(refusal, EngineError::Conflict(_)), "{text}");
    assert!(text.contains("--at 2026-11-20T09:00 --from local") && text.contains("restore abandon ilot"), "{text}");
    let again = rehearsal.engine.restore_aside(&subject, &early).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again.new.id, row.new.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_before_the_last_one_is_closed_says_that_nothing_was_restored() {
    let mut rehearsal = backed_up(25).await;
    let inventory = rehearsal.accepted.inventory.clone();
    let subject = crate::drills::subject(&inventory);
    rehearsal.engine.restore_aside(&subject, &order(&rehearsal).await).await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.engine.swap(&subject, None).await.unwrap_or_else(|error| panic!("{error}"));
    // As long as the files do not say it, the same command goes on.
    let again = rehearsal.engine.restore_aside(&subject, &order(&rehearsal).await).await;
    assert_eq!(again.unwrap_or_else(|error| panic!("{error}")).state, RestoreState::Swapped);

    let files = rehearsal.files().await;
    let edit = restored(&files, &small_instance(), VmId(FIRST)).unwrap_or_else(|error| panic!("{error}"));
    rehearsal.accept(edit.files).await;
    let inventory = rehearsal.accepted.inventory.clone();
    let subject = crate::drills::subject(&inventory);
    let refusal = rehearsal.engine.restore_aside(&subject, &order(&rehearsal).await).await;
    let text = refusal.expect_err("nothing was restored").to_string();
    assert!(text.contains("nothing was restored now") && text.contains("restore discard ilot"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_is_not_swapped_while_the_live_machine_is_locked_for_a_backup() {
    let rehearsal = Rehearsal::from(&snapshot(26).await).await;
    let inventory = rehearsal.accepted.inventory.clone();
    let subject = subject(&inventory);
    rehearsal.engine.restore_aside(&subject, &order(&rehearsal).await).await.unwrap_or_else(|error| panic!("{error}"));
    {
        let mut state = rehearsal.served.lab.lock();
        let vm = state.world.sites.get_mut(SITE).and_then(|site| site.pve.vms.get_mut(&LIVE)).expect("it is there");
        vm.config.insert("lock".to_owned(), "backup".to_owned());
    }
    let before_us = rehearsal.engine.now_us().await.expect("the clock answers");
    let refusal = rehearsal.engine.swap(&subject, None).await.expect_err("it cannot be shut down");
    assert!(refusal.to_string().contains("locked (`backup`)"), "{refusal}");
    let waited_us = rehearsal.engine.now_us().await.expect("the clock answers") - before_us;
    assert!(waited_us > 10_000_000, "it asked again at once: {waited_us} us");
    assert_eq!(vms(&rehearsal)[&LIVE].power, Power::Running);
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_does_not_wait_for_a_person_to_clear_up_behind_a_drill() {
    let rehearsal = Rehearsal::from(&snapshot(26).await).await;
    let left = begun(&rehearsal, "left").await;
    let task = format!("UPID:pve2:00000001:00000002:68C0FFEE:qmrestore:{FIRST}:{}:", Token::Everyday.id());
    rehearsal.engine.store.set_restore_task(&left.id, &task).await.expect("recorded");
    put_there(&rehearsal, &[("name", "drill-ilot"), ("tags", "accolades-drill"), ("description", "Nadia looks at it")]);
    let before = vms(&rehearsal)[&FIRST].config.clone();
    let inventory = rehearsal.accepted.inventory.clone();
    let row = rehearsal.engine.restore_aside(&subject(&inventory), &order(&rehearsal).await).await;
    let row = row.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(20)));
    assert_eq!((row.state, row.new.vmid), (RestoreState::Checked, VmId(FIRST - 1)));
    assert_eq!(vms(&rehearsal)[&FIRST].config, before, "it was touched");
    let open = rehearsal.engine.store.open_restores(&Scope::Staff).await.expect("the store reads");
    assert!(open.iter().any(|one| one.new.id == left.id), "it was forgotten: {open:?}");
}

/// Somebody destroyed the machine, or its node got a new disk: what it had a right to went with it.
#[tokio::test(flavor = "multi_thread")]
async fn restore_of_a_machine_that_is_gone_sees_the_backups_that_are_there() {
    let rehearsal = Rehearsal::from(&snapshot(28).await).await;
    let mac = mac_of(&rehearsal, LIVE);
    {
        let mut state = rehearsal.served.lab.lock();
        let pve = &mut state.world.sites.get_mut(SITE).expect("a site").pve;
        assert!(pve.vms.remove(&LIVE).is_some());
        for pool in pve.access.pools.values_mut() {
            pool.vms.remove(&LIVE);
        }
    }
    let inventory = rehearsal.accepted.inventory.clone();
    let subject = subject(&inventory);
    let row = rehearsal.engine.restore_aside(&subject, &order(&rehearsal).await).await;
    let row = row.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(20)));
    assert_eq!(RestoreDetail::of(&row).verdict, Some(Verdict::Proven));
    let rights = rehearsal.served.lab.lock().world.sites[SITE].pve.access.acl.get("/vms/1002").cloned();
    assert!(rights.is_none_or(|one| one.users.is_empty() && one.tokens.is_empty()), "the right is left");
    rehearsal.engine.swap(&subject, None).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((vms(&rehearsal)[&FIRST].power, mac_of(&rehearsal, FIRST)), (Power::Running, mac));
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_in_place_is_never_made_anew_though_it_has_no_backup_of_its_own() {
    let mut rehearsal = backed_up(29).await;
    let inventory = rehearsal.accepted.inventory.clone();
    let before = subject(&inventory);
    rehearsal.engine.restore_aside(&before, &order(&rehearsal).await).await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.engine.swap(&before, None).await.unwrap_or_else(|error| panic!("{error}"));
    let files = rehearsal.files().await;
    let edit = restored(&files, &small_instance(), VmId(FIRST)).unwrap_or_else(|error| panic!("{error}"));
    rehearsal.accept(edit.files).await;
    let inventory = rehearsal.accepted.inventory.clone();
    let objection = rehearsal.engine.objection_to_rebuilding(&subject(&inventory)).await.expect("it answers");
    assert!(objection.as_ref().is_some_and(|why| why.contains("it was restored from a backup")), "{objection:?}");
}
