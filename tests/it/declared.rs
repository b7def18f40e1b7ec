//! Backups as they are declared on a node, against the lab: what is there after a preparation, what a second one does, what
//! becomes of what somebody changed, and what the guest writes down about itself.

use accolades::domain::backup::drill::{Origin, Verdict};
use accolades::domain::backup::health::Place;
use accolades::domain::backup::{marker, names};
use accolades::engine::drill::{DrillOrder, due_drills};
use accolades::lab::net::transcript::Entry;
use accolades::lab::os;
use accolades::lab::world::Moment;
use accolades::plan::render::render;

use crate::rehearsal::{DAY, Rehearsal, small_files, small_instance};
use crate::sweep::{sweep, verdicts};

const SITE: &str = "friche";
const VMID: u32 = 1002;

async fn prepared(seed: u64) -> Rehearsal {
    let rehearsal = Rehearsal::of(small_files(), seed).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal
}

fn option(rehearsal: &Rehearsal, job: &str, name: &str) -> Option<String> {
    rehearsal.served.lab.lock().world.sites[SITE].pve.jobs.get(job)?.options.get(name).cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_a_prepared_site_has_a_pool_and_a_job_for_each_instance() {
    let rehearsal = prepared(31).await;
    let job = names::local_job(&small_instance());
    for (name, value) in [
        ("schedule", "01:15"),
        ("storage", names::LOCAL_STORAGE),
        ("pool", "accolades-ilot"),
        ("mode", "snapshot"),
        ("enabled", "1"),
        ("repeat-missed", "1"),
        ("prune-backups", "keep-daily=7,keep-weekly=4"),
    ] {
        assert_eq!(option(&rehearsal, &job, name).as_deref(), Some(value), "{name}");
    }
    let state = rehearsal.served.lab.lock();
    assert!(state.world.sites[SITE].pve.access.pools.contains_key("accolades-ilot"));
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_a_second_preparation_changes_nothing() {
    let rehearsal = prepared(32).await;
    let before = rehearsal.served.lab.lock().transcript.entries().len();
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    for entry in &rehearsal.served.lab.lock().transcript.entries()[before..] {
        // The administrator of a backup server logs in anew.
        if let Entry::Request { method, path, .. } = entry
            && path != "/api2/json/access/ticket"
        {
            assert_eq!(method, "GET", "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_a_job_that_somebody_changed_is_shown_and_mended() {
    let rehearsal = prepared(33).await;
    rehearsal.publish_dns();
    rehearsal.apply(&[]).await;
    let job = names::local_job(&small_instance());
    {
        let mut state = rehearsal.served.lab.lock();
        let options =
            &mut state.world.sites.get_mut(SITE).expect("a site").pve.jobs.get_mut(&job).expect("a job").options;
        options.insert("enabled".to_owned(), "0".to_owned());
        options.insert("schedule".to_owned(), "sat 23:00".to_owned());
        options.insert("node".to_owned(), "another".to_owned());
    }
    let plan = rehearsal.plan(&[]).await;
    let shown = render(&plan);
    assert!(shown.contains("enabled is 0") && shown.contains("schedule is sat 23:00"), "{shown}");
    rehearsal.apply(&[]).await;
    assert_eq!(option(&rehearsal, &job, "schedule").as_deref(), Some("01:15"));
    assert_eq!(option(&rehearsal, &job, "enabled").as_deref(), Some("1"));
    assert_eq!(option(&rehearsal, &job, "node"), None, "a job bound to another node backs nothing up");
    let plan = rehearsal.plan(&[]).await;
    assert!(plan.is_settled(), "{}", render(&plan));
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_an_instance_that_was_added_later_needs_its_site_prepared_again() {
    let rehearsal = prepared(34).await;
    rehearsal.served.lab.lock().world.sites.get_mut(SITE).expect("a site").pve.access.pools.remove("accolades-ilot");
    let plan = rehearsal.plan(&[]).await;
    let unknown = plan.instances[0].unknown.clone().unwrap_or_default();
    assert!(unknown.contains("accolades site prepare friche"), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_a_machine_in_the_pool_of_all_clients_moves_into_its_own() {
    let rehearsal = prepared(35).await;
    rehearsal.publish_dns();
    rehearsal.apply(&[]).await;
    {
        let mut state = rehearsal.served.lab.lock();
        let pools = &mut state.world.sites.get_mut(SITE).expect("a site").pve.access.pools;
        pools.get_mut("accolades-ilot").expect("a pool").vms.remove(&VMID);
        pools.get_mut("accolades-clients").expect("a pool").vms.insert(VMID);
    }
    let plan = rehearsal.plan(&[]).await;
    assert!(render(&plan).contains("no job finds it"), "{}", render(&plan));
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rehearsal.served.lab.lock().world.sites[SITE].pve.access.pool_of(VMID), Some("accolades-ilot"));
    assert!(rehearsal.plan(&[]).await.is_settled());
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_a_guest_writes_its_marker_every_night_with_another_nonce() {
    let rehearsal = prepared(36).await;
    rehearsal.publish_dns();
    rehearsal.apply(&[]).await;
    let mut state = rehearsal.served.lab.lock();
    let world = &mut state.world;
    let read = |machine: &os::Machine| {
        let entry = machine.files.entry(marker::PATH).expect("a marker");
        assert_eq!((entry.mode & 0o077, entry.owner.as_str()), (0, "root"), "only root may read it");
        marker::parse(entry.content.as_deref().expect("a file")).unwrap_or_else(|error| panic!("{error}"))
    };
    let guest = world.sites.get_mut(SITE).expect("a site").guest_mut(VMID).expect("up");
    let first = read(guest);
    assert!(first.apps["nextcloud"].rows.is_some_and(|rows| rows > 0), "{first:?}");
    assert!(first.apps["dolibarr"].rows.is_some_and(|rows| rows > 0) && first.apps["dolibarr"].app_version.is_some());
    assert!(first.apps["nextcloud"].files.is_some(), "{first:?}");
    assert!(first.system.contains_key("yunohost"), "{first:?}");

    // A day later: the timer ran by itself, once, at its hour in Paris.
    if let Some(state) = guest.yunohost.as_mut().and_then(|yunohost| yunohost.apps.nextcloud("nextcloud")) {
        state.put_file("claire", "Documents/devis.odt", 12_000);
    }
    world.now = Moment(world.now.0 + 24 * 3600 * 1_000_000);
    let (site, around) = world.site_mut(SITE).expect("a site");
    let guest = site.guest_mut(VMID).expect("up");
    os::advance(guest, around);
    let second = read(guest);
    assert_ne!(first.nonce, second.nonce);
    assert_eq!(second.at.to_zoned(jiff::tz::TimeZone::get("Europe/Paris").expect("a zone")).time().hour(), 0);
    let count = |one: &marker::Marker| one.apps["nextcloud"].files;
    assert_eq!(count(&second), count(&first).map(|files| files + 1));
}

/// The timer of a restored machine catches up on the nights since its backup as soon as it starts.
#[tokio::test(flavor = "multi_thread")]
async fn declared_a_backup_of_last_week_is_proven_though_its_marker_is_written_anew_at_boot() {
    let rehearsal = prepared(38).await;
    rehearsal.publish_dns();
    rehearsal.apply(&[]).await;
    let inventory = rehearsal.accepted.inventory.clone();
    let instance = &inventory.instances[&small_instance()];
    let subject = accolades::plan::desired::Subject::on(&inventory, instance, DAY).expect("it has a place");
    let saved = rehearsal.engine.back_up(&subject, Place::Local).await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.served.lab.lock().pass(50 * 3600 * 1_000_000);
    let order = DrillOrder { from: Origin::Local, backup: Some(saved.id), on: None };
    let kept = rehearsal.engine.drill(&subject, &order).await;
    let kept = kept.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
    assert_eq!(kept.record.verdict, Verdict::Proven, "{:#?}", kept.record);
    assert_eq!(kept.record.nonce.found_at_us, saved.marker_at.map(jiff::Timestamp::as_microsecond));
    // The machine itself keeps both, and an `apply` leaves them there.
    assert!(rehearsal.plan(&[]).await.is_settled());
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_what_is_left_out_is_switched_off_told_and_never_due_until_it_is_taken_back() {
    let mut rehearsal = prepared(37).await;
    rehearsal.publish_dns();
    rehearsal.apply(&[]).await;
    let before = rehearsal.files().await;
    let mut files = before.clone();
    let file = files.get_mut("instances/ilot.toml").expect("the example has it");
    file.push_str("\n[[without]]\nwhat = \"remote-backup\"\nwhy = \"the line is too slow\"\n");
    rehearsal.accept(files).await;
    let plan = rehearsal.plan(&[]).await;
    assert!(render(&plan).contains("enabled is 1 (inventory says 0)"), "{}", render(&plan));
    rehearsal.apply(&[]).await;
    let job = names::remote_job(&small_instance());
    assert_eq!(option(&rehearsal, &job, "enabled").as_deref(), Some("0"));
    assert_eq!(option(&rehearsal, &job, "comment").as_deref(), Some("accolades: left out: the line is too slow"));
    assert!(rehearsal.plan(&[]).await.is_settled());

    sweep(&rehearsal).await;
    let truth = verdicts(&rehearsal).await.remove(0);
    let places: Vec<Place> = truth.health.places.iter().map(|one| one.place).collect();
    assert_eq!(places, [Place::Local], "a place that is not filled on purpose is no alarm");
    assert_eq!(truth.without[0].why, "the line is too slow");
    let now_us = rehearsal.engine.now_us().await.expect("the lab's clock");
    let inventory = rehearsal.accepted.inventory.clone();
    let due = due_drills(&rehearsal.engine.store, &inventory, now_us).await.expect("the store reads");
    let told: Vec<_> = due.iter().map(|one| (one.from, one.is_now(), one.without.as_deref())).collect();
    assert_eq!(told, [(Origin::Local, true, None), (Origin::Remote, false, Some("the line is too slow"))]);

    rehearsal.accept(before).await;
    rehearsal.apply(&[]).await;
    assert_eq!(option(&rehearsal, &job, "enabled").as_deref(), Some("1"));
    sweep(&rehearsal).await;
    assert_eq!(verdicts(&rehearsal).await[0].health.places.len(), 2);
}
