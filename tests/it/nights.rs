//! Nights in which something goes wrong while the node saves and both sides prune, by themselves: nothing that is to be kept
//! is lost, the client's machine is the one that it was, the morning's look names what happened, and the next night makes
//! good.

use accolades::domain::backup::health::Place;
use accolades::engine::run::Applied;
use accolades::lab::os::disks;
use accolades::lab::pbs::state::{FailNext, Outcome};
use accolades::lab::pve::state::Power;

use accolades::lab::world::Site;

use crate::backup_sweep::{stored, trust_the_servers};
use crate::drills::{LIVE, vms};
use crate::rehearsal::{Rehearsal, Snapshot, small_files, small_instance};
use crate::sweep::{sweep, verdicts};

const SITE: &str = "friche";
const BACKUP_DISK: &str = "/mnt/accolades-backup";
const HOUR_US: u64 = 3_600_000_000;

/// What both places keep.
const KEPT: usize = 2;

/// One thing that goes wrong between noon and ten o'clock of the next day.
struct Trouble {
    what: &'static str,
    begins: fn(&Rehearsal),
    ends: fn(&Rehearsal),
    /// What is to be named afterwards, and where.
    told: Option<(Place, &'static str)>,
}

const TROUBLES: [Trouble; 5] = [
    Trouble {
        what: "the backup disk is pulled",
        begins: |rehearsal| node(rehearsal, |site| assert!(disks::unmount(&mut site.node, BACKUP_DISK))),
        ends: |rehearsal| node(rehearsal, |site| disks::mount_at_boot(&mut site.node)),
        told: Some((Place::Local, "run-failed")),
    },
    Trouble {
        what: "the backup server is away",
        begins: |rehearsal| server_is(rehearsal, false),
        ends: |rehearsal| server_is(rehearsal, true),
        told: Some((Place::Remote, "run-failed")),
    },
    Trouble {
        what: "the backup onto the disk fails",
        begins: |rehearsal| node(rehearsal, |site| site.pve.fail_next.push(fails("vzdump", "job errors"))),
        ends: |_| {},
        told: Some((Place::Local, "run-failed")),
    },
    Trouble {
        what: "the server's pruning fails",
        begins: |rehearsal| {
            let mut state = rehearsal.served.lab.lock();
            let server = state.world.backup_servers.get_mut().by_id_mut("grange").expect("a server");
            server.fail_next.push(fails("prunejob", "unable to acquire lock"));
        },
        ends: |_| {},
        told: Some((Place::Remote, "prune-failed")),
    },
    Trouble {
        what: "the power is cut until the morning",
        begins: |rehearsal| {
            let mut state = rehearsal.served.lab.lock();
            let (site, around) = state.world.site_mut(SITE).expect("a site");
            site.switch_off(around);
        },
        ends: |rehearsal| {
            let mut state = rehearsal.served.lab.lock();
            let (site, around) = state.world.site_mut(SITE).expect("a site");
            site.switch_on(around);
        },
        // What was missed is made up for, and nothing has to be told.
        told: None,
    },
];

fn fails(task_type: &str, words: &str) -> FailNext {
    FailNext { task_type: task_type.to_owned(), outcome: Outcome::Error(words.to_owned()) }
}

fn node(rehearsal: &Rehearsal, change: impl FnOnce(&mut Site)) {
    change(rehearsal.served.lab.lock().world.sites.get_mut(SITE).expect("a site"));
}

fn server_is(rehearsal: &Rehearsal, online: bool) {
    let mut state = rehearsal.served.lab.lock();
    let now = state.world.now;
    state.world.backup_servers.get_mut().by_id_mut("grange").expect("a server").set_online(online, now);
}

fn pass_hours(rehearsal: &Rehearsal, hours: u64) {
    rehearsal.served.lab.lock().pass(hours * HOUR_US);
}

/// Onboarded on a Friday; three nights later both places have what they keep. It is noon.
async fn on_monday(seed: u64) -> Snapshot {
    let mut files = small_files();
    let mut add = |path: &str, lines: &str| files.get_mut(path).expect("the example has it").push_str(lines);
    add("sites/friche.toml", "\n[backup]\nlocal_keep = \"keep-last=2\"\n");
    add("backup-servers/grange.toml", "\n[maintenance]\nkeep = \"keep-last=2\"\n");
    let rehearsal = Rehearsal::of(files.clone(), seed).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    let report = rehearsal.apply(&[small_instance()]).await;
    let settled = report.values().all(|one| matches!(one, Applied::Settled { .. }));
    assert!(settled, "{report:#?}\n{}", rehearsal.last_words(30));
    pass_hours(&rehearsal, 72);
    assert_eq!(stored(&rehearsal), (KEPT, KEPT), "three nights, and two are kept");
    rehearsal.snapshot(files).await
}

/// What is said of each place after a fresh look, and when its last good backup was made.
async fn told(rehearsal: &Rehearsal) -> Vec<(Place, Vec<&'static str>, i64)> {
    sweep(rehearsal).await;
    let places = verdicts(rehearsal).await.remove(0).health.places;
    let names = |findings: &[accolades::domain::backup::health::Finding]| {
        findings.iter().map(|one| one.name.name()).collect::<Vec<_>>()
    };
    let last = |place: &accolades::domain::backup::health::PlaceHealth| {
        place.last_good.as_ref().map_or(0, |good| good.at.as_second())
    };
    places.iter().map(|one| (one.place, names(&one.findings), last(one))).collect()
}

async fn night(snapshot: &Snapshot, trouble: &Trouble) {
    let what = trouble.what;
    let rehearsal = Rehearsal::from(snapshot).await;
    trust_the_servers(&mut rehearsal.served.lab.lock());
    let live = vms(&rehearsal)[&LIVE].config.clone();
    (trouble.begins)(&rehearsal);
    pass_hours(&rehearsal, 21);
    (trouble.ends)(&rehearsal);
    pass_hours(&rehearsal, 3);
    let (local, remote) = stored(&rehearsal);
    assert!(local >= KEPT && remote >= KEPT, "{what}: {local} on the disk, {remote} on the server");
    let seen = told(&rehearsal).await;
    if let Some((place, name)) = trouble.told {
        assert!(seen.iter().any(|one| one.0 == place && one.1.contains(&name)), "{what}: {seen:?}");
    } else {
        let went_wrong = |name: &&str| name.starts_with("run-") || name.contains("failed");
        assert!(!seen.iter().flat_map(|one| &one.1).any(went_wrong), "{what}: {seen:?}");
    }

    pass_hours(&rehearsal, 24);
    assert_eq!(stored(&rehearsal), (KEPT, KEPT), "{what}: the next night");
    let after = told(&rehearsal).await;
    let now_s = rehearsal.served.lab.lock().world.now.unix_seconds();
    for (place, names, last_s) in &after {
        assert!(now_s - last_s < 24 * 3600, "{what}: {place:?} has nothing of the last night: {after:?}");
        assert!(!names.iter().any(|name| name.contains("failed")), "{what}: {after:?}");
    }
    let machines = vms(&rehearsal);
    assert_eq!(machines.keys().copied().collect::<Vec<_>>(), [LIVE], "{what}");
    assert_eq!((&machines[&LIVE].config, machines[&LIVE].power), (&live, Power::Running), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nights_with_trouble_lose_no_backup_that_is_to_be_kept_and_are_told_of() {
    let snapshot = on_monday(91).await;
    for trouble in &TROUBLES {
        night(&snapshot, trouble).await;
    }
}
