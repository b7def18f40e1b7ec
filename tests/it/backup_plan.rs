//! What a plan says about the backups of an instance, from what its node has: pure.

use std::collections::BTreeMap;

use accolades::domain::backup::names;
use accolades::domain::ids::{BackupServerId, VmId};
use accolades::inventory::model::Inventory;
use accolades::plan::Action;
use accolades::plan::backups::{
    BackupPlan, RemoteAccess, SeenBackups, decide, local_job, next_runs, remote_job, remote_storage,
};
use accolades::plan::desired::Subject;

use crate::rehearsal::{DAY, example_files, instance};

const KEY: &str = "0e:ab:d4:46:0b:6e:b9:ca:34:50:23:de:e2:b7:78:c7:90:e5:4a:16:83:b9:65:9c:0a:57:ae:19:90:90:15:9b";
const AUTH: &str = "accolades-friche@pbs!backup";

fn inventory() -> Inventory {
    accolades::inventory::check(&example_files()).expect("the example is right")
}

fn subject(inventory: &Inventory) -> Subject<'_> {
    Subject::on(inventory, &inventory.instances[&instance("ilot")], DAY).expect("it has a place")
}

fn ready() -> RemoteAccess {
    RemoteAccess::Ready { auth_id: AUTH.to_owned(), key: Some(KEY.to_owned()), token: "sum".to_owned() }
}

/// A node that has everything as it should be, as Proxmox shows it.
fn declared(subject: &Subject<'_>) -> SeenBackups {
    let id = &subject.instance.id;
    let server = &subject.inventory.backup_servers[&BackupServerId::new("grange").expect("an id")];
    let mut storage = remote_storage(subject, server, AUTH);
    storage.insert("encryption-key".to_owned(), KEY.to_owned());
    SeenBackups {
        pool: Some(vec![subject.instance.vmid]),
        storages: BTreeMap::from([(names::remote_storage(id), storage)]),
        jobs: BTreeMap::from([
            (names::local_job(id), local_job(subject)),
            (names::remote_job(id), remote_job(subject)),
        ]),
        sent_token: Some("sum".to_owned()),
    }
}

fn keys(plan: &BackupPlan) -> Vec<&str> {
    plan.actions.iter().map(|action| action.key.as_str()).collect()
}

#[test]
fn backup_plan_has_nothing_to_do_where_everything_is_declared() {
    let inventory = inventory();
    let subject = subject(&inventory);
    let mut seen = declared(&subject);
    assert!(decide(&subject, &seen, true, &ready()).actions.is_empty());
    // Proxmox shows property strings in another order, and not every default.
    let job = seen.jobs.get_mut("ilot-local").expect("a job");
    job.insert("prune-backups".to_owned(), "keep-weekly=4,keep-daily=7".to_owned());
    job.remove("mode");
    let storage = seen.storages.get_mut("pbs-ilot").expect("a storage");
    storage.remove("port");
    storage.insert("encryption-key".to_owned(), KEY[..23].to_owned());
    let fingerprint = storage["fingerprint"].to_uppercase();
    storage.insert("fingerprint".to_owned(), fingerprint);
    let plan = decide(&subject, &seen, true, &ready());
    assert_eq!((plan.actions, plan.conflict, plan.drift), (vec![], None, vec![]));
}

#[test]
fn backup_plan_declares_what_is_not_there_in_an_order_that_works() {
    let inventory = inventory();
    let subject = subject(&inventory);
    let seen = SeenBackups { pool: Some(vec![]), ..SeenBackups::default() };
    let plan = decide(&subject, &seen, true, &ready());
    assert_eq!(keys(&plan), ["backup/member", "backup/local-job", "backup/storage", "backup/remote-job"]);
    // Before its machine is there, nothing can join.
    assert_eq!(keys(&decide(&subject, &seen, false, &RemoteAccess::None)), ["backup/local-job"]);
    assert!(decide(&subject, &SeenBackups::default(), true, &ready()).unprepared);
}

#[test]
fn backup_plan_remote_job_never_prunes_and_never_slows_the_guest() {
    let inventory = inventory();
    let job = remote_job(&subject(&inventory));
    assert_eq!((job["remove"].as_str(), job["prune-backups"].as_str()), ("0", "keep-all=1"));
    assert_eq!(job["fleecing"], "enabled=1,storage=local-lvm");
    let valsonne = Subject::on(&inventory, &inventory.instances[&instance("valsonne")], DAY).expect("it has a place");
    assert_eq!(remote_job(&valsonne)["bwlimit"], "2048");
}

#[test]
fn backup_plan_waits_for_a_token_and_says_where_it_comes_from() {
    let inventory = inventory();
    let subject = subject(&inventory);
    let waiting = RemoteAccess::Waiting("run `accolades backup-server prepare grange`".to_owned());
    let plan =
        decide(&subject, &SeenBackups { pool: Some(vec![VmId(1002)]), ..SeenBackups::default() }, true, &waiting);
    let storage = plan.actions.iter().find(|action| action.key == "backup/storage").expect("it is told");
    assert_eq!(storage.waiting.as_deref(), Some("run `accolades backup-server prepare grange`"));
}

#[test]
fn backup_plan_a_key_that_is_not_saved_stops_everything() {
    let inventory = inventory();
    let subject = subject(&inventory);
    let unsaved = RemoteAccess::Ready { auth_id: AUTH.to_owned(), key: None, token: "sum".to_owned() };
    let conflict = decide(&subject, &declared(&subject), true, &unsaved).conflict.expect("a conflict");
    assert!(conflict.contains("accolades key import ilot"), "{conflict}");
    let mut seen = declared(&subject);
    let other = KEY.replace("0e:ab", "1e:ab");
    seen.storages.get_mut("pbs-ilot").expect("a storage").insert("encryption-key".to_owned(), other);
    assert!(decide(&subject, &seen, true, &ready()).conflict.is_some());
    // Without any key the backups would be readable there: that is mended.
    seen.storages.get_mut("pbs-ilot").expect("a storage").remove("encryption-key");
    let plan = decide(&subject, &seen, true, &ready());
    assert_eq!(keys(&plan), ["backup/storage"]);
    assert!(plan.drift.iter().any(|line| line.contains("does not encrypt")), "{:?}", plan.drift);
}

#[test]
fn backup_plan_a_storage_that_leads_elsewhere_is_left_untouched() {
    let inventory = inventory();
    let subject = subject(&inventory);
    let mut seen = declared(&subject);
    seen.storages.get_mut("pbs-ilot").expect("a storage").insert("server".to_owned(), "elsewhere.example".to_owned());
    let conflict = decide(&subject, &seen, true, &ready()).conflict.expect("a conflict");
    assert!(conflict.contains("elsewhere.example"), "{conflict}");
}

#[test]
fn backup_plan_sends_a_renewed_token_to_the_node() {
    let inventory = inventory();
    let subject = subject(&inventory);
    let renewed = RemoteAccess::Ready { auth_id: AUTH.to_owned(), key: Some(KEY.to_owned()), token: "new".to_owned() };
    let plan = decide(&subject, &declared(&subject), true, &renewed);
    assert_eq!(keys(&plan), ["backup/storage"]);
    assert!(matches!(plan.actions[0].action, Action::DeclareStorage { .. }));
}

#[test]
fn backup_plan_knows_a_job_that_backs_nothing_up() {
    let inventory = inventory();
    let subject = subject(&inventory);
    for (name, value) in [("pool", "accolades-clients"), ("enabled", "0"), ("storage", "local"), ("remove", "1")] {
        let mut seen = declared(&subject);
        seen.jobs.get_mut("ilot-remote").expect("a job").insert(name.to_owned(), value.to_owned());
        let plan = decide(&subject, &seen, true, &ready());
        assert_eq!(keys(&plan), ["backup/remote-job"], "{name}");
    }
    // One that chooses by id, or is bound to another node, passes our machine by.
    for (name, value) in [("node", "another"), ("exclude", "1002")] {
        let mut seen = declared(&subject);
        seen.jobs.get_mut("ilot-local").expect("a job").insert(name.to_owned(), value.to_owned());
        assert_eq!(keys(&decide(&subject, &seen, true, &ready())), ["backup/local-job"], "{name}");
    }
    let mut seen = declared(&subject);
    seen.pool = Some(vec![VmId(1002), VmId(4711)]);
    let plan = decide(&subject, &seen, true, &ready());
    assert!(plan.drift.iter().any(|line| line.contains("4711")), "{:?}", plan.drift);
}

#[test]
fn backup_plan_shows_the_next_three_runs_on_the_nodes_clock() {
    let inventory = inventory();
    let now = "2027-03-27T12:00:00Z".parse().expect("a moment");
    let jobs = next_runs(&subject(&inventory), now);
    let shown: Vec<(String, Vec<String>)> =
        jobs.into_iter().map(|job| (job.job, job.runs.iter().map(|run| run.at.to_string()).collect())).collect();
    // The clocks change in the night to the 28th: 03:15 is an hour earlier from then on.
    let runs = |times: [&str; 3]| times.map(str::to_owned).to_vec();
    assert_eq!(
        shown,
        [
            ("ilot-local".to_owned(), runs(["2027-03-28T00:15:00Z", "2027-03-28T23:15:00Z", "2027-03-29T23:15:00Z"])),
            ("ilot-remote".to_owned(), runs(["2027-03-28T01:15:00Z", "2027-03-29T01:15:00Z", "2027-03-30T01:15:00Z"])),
        ]
    );
}

/// The example where these backups of `ilot` are left out.
fn without(what: &[&str]) -> Inventory {
    let mut files = example_files();
    let file = files.get_mut("instances/ilot.toml").expect("the example has it");
    for one in what {
        file.push_str(&format!("\n[[without]]\nwhat = \"{one}\"\nwhy = \"the line is too slow\"\n"));
    }
    accolades::inventory::check(&files).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

#[test]
fn backup_plan_makes_nothing_of_what_the_inventory_leaves_out() {
    let inventory = without(&["remote-backup"]);
    let subject = subject(&inventory);
    let seen = SeenBackups { pool: Some(vec![]), ..SeenBackups::default() };
    for remote in [ready(), RemoteAccess::Waiting("run something".to_owned()), RemoteAccess::None] {
        let plan = decide(&subject, &seen, true, &remote);
        assert_eq!(keys(&plan), ["backup/member", "backup/local-job"], "no key, no storage, no job: {remote:?}");
    }
    let jobs: Vec<String> = next_runs(&subject, jiff::Timestamp::UNIX_EPOCH).into_iter().map(|one| one.job).collect();
    assert_eq!(jobs, ["ilot-local"], "no run is announced that will not come");
    let inventory = without(&["local-backup", "remote-backup"]);
    let subject = self::subject(&inventory);
    assert_eq!(keys(&decide(&subject, &seen, true, &ready())), ["backup/member"]);
    assert_eq!(next_runs(&subject, jiff::Timestamp::UNIX_EPOCH), []);
}

#[test]
fn backup_plan_switches_off_what_is_left_out_from_now_on_and_says_why() {
    let with_all = inventory();
    let mut seen = declared(&subject(&with_all));
    let inventory = without(&["remote-backup"]);
    let subject = subject(&inventory);
    let plan = decide(&subject, &seen, true, &ready());
    assert_eq!(keys(&plan), ["backup/remote-job"], "the storage stays: earlier backups lie there");
    let Action::DeclareJob { id, options } = &plan.actions[0].action else { panic!("{:?}", plan.actions) };
    assert_eq!((id.as_str(), options["enabled"].as_str()), ("ilot-remote", "0"));
    assert_eq!(options["comment"], "accolades: left out: the line is too slow");
    let options = options.clone();
    seen.jobs.insert("ilot-remote".to_owned(), options);
    assert!(decide(&subject, &seen, true, &ready()).actions.is_empty());
    // Taken back into the inventory, it is switched on again.
    assert_eq!(keys(&decide(&self::subject(&with_all), &seen, true, &ready())), ["backup/remote-job"]);
}

#[test]
fn backup_plan_bounds_what_the_remote_job_sends_and_takes_away_a_bound_that_nobody_wants() {
    let unbounded = inventory();
    let mut files = example_files();
    files.get_mut("sites/friche.toml").expect("it is there").push_str("\n[backup]\nupload_kib_per_second = 512\n");
    let bounded = accolades::inventory::check(&files).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(remote_job(&subject(&bounded)).get("bwlimit").map(String::as_str), Some("512"));
    assert_eq!(local_job(&subject(&bounded)).get("bwlimit"), None, "the disk in the house has no line to share");
    let mut seen = declared(&subject(&unbounded));
    assert_eq!(keys(&decide(&subject(&bounded), &seen, true, &ready())), ["backup/remote-job"]);
    seen.jobs.insert("ilot-remote".to_owned(), remote_job(&subject(&bounded)));
    let plan = decide(&subject(&unbounded), &seen, true, &ready());
    assert!(plan.drift.iter().any(|line| line.contains("bwlimit is 512 (inventory says nothing)")), "{:?}", plan.drift);
}
