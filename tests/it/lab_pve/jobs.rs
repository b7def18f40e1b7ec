//! Section 9b: backup jobs run by themselves.

use accolades::lab::pve::call::Refusal;
use accolades::lab::world::Moment;
use serde_json::{Value, json};

use super::{Lab, died};

const JOBS: &str = "/cluster/backup";
const JOB: &str = "/cluster/backup/{id}";
const DAY_US: u64 = 86_400_000_000;
/// 2026-09-02T00:00:00Z.
const MIDNIGHT_S: i64 = 1_788_307_200;

fn nightly() -> Value {
    json!({
        "id": "lilas-local", "schedule": "02:30", "storage": "hdd", "pool": "clients", "mode": "snapshot",
        "compress": "zstd", "prune-backups": "keep-daily=2",
    })
}

fn with(mut params: Value, more: Value) -> Value {
    let more = more.as_object().cloned().expect("an object");
    params.as_object_mut().expect("an object").extend(more);
    params
}

fn ready() -> Lab {
    let mut lab = Lab::with_disk();
    lab.pve().access.add_pool("clients", &[101], &[]);
    lab
}

/// Start times and exit statuses of the backups so far.
fn runs(lab: &mut Lab) -> Vec<(i64, String)> {
    let tasks = lab.pve().tasks.iter().filter(|task| task.kind == "vzdump");
    tasks.map(|task| (task.started.unix_seconds(), task.exit.clone().unwrap_or_default())).collect()
}

#[test]
fn pve_s9b_a_job_runs_at_its_times_as_root_and_prunes() {
    let mut lab = ready();
    assert_eq!(lab.call("POST", JOBS, nightly()), Ok(Value::Null));
    let next = lab.get(JOBS, json!({}))[0]["next-run"].clone();
    assert_eq!(next, json!(MIDNIGHT_S + 9_000));
    assert!(lab.get(JOB, json!({ "id": "lilas-local" })).get("next-run").is_none());
    for _ in 0..4 {
        lab.world.advance_by_us(DAY_US);
    }
    let expected: Vec<(i64, String)> = (0..4).map(|day| (MIDNIGHT_S + 9_000 + day * 86_400, "OK".to_owned())).collect();
    assert_eq!(runs(&mut lab), expected);
    let task = lab.pve().tasks.iter().rfind(|task| task.kind == "vzdump").expect("a task").clone();
    assert_eq!((task.owner.as_str(), task.id.as_str()), ("root@pam", "101"));
    assert!(!task.upid.contains("lilas-local") && !task.log[0].contains("lilas-local"), "the job is not named");
    assert_eq!(lab.stored("hdd").len(), 2);
}

#[test]
fn pve_s9b_a_schedule_is_on_the_clock_of_the_node() {
    let mut lab = ready();
    lab.site().node.files.write("/etc/timezone", "Europe/Paris\n");
    assert_eq!(lab.call("POST", JOBS, nightly()), Ok(Value::Null));
    lab.world.advance_by_us(DAY_US);
    assert_eq!(runs(&mut lab), [(MIDNIGHT_S + 1_800, "OK".to_owned())]);
}

#[test]
fn pve_s9b_a_node_without_the_jobs_guests_writes_no_task() {
    let mut lab = ready();
    lab.pve().access.pools.get_mut("clients").expect("the pool").vms.clear();
    assert_eq!(lab.call("POST", JOBS, nightly()), Ok(Value::Null));
    let elsewhere = with(nightly(), json!({ "id": "elsewhere", "node": "pve9", "pool": "clients" }));
    assert_eq!(lab.call("POST", JOBS, elsewhere), Ok(Value::Null));
    lab.world.advance_by_us(3 * DAY_US);
    assert_eq!(runs(&mut lab), []);
}

#[test]
fn pve_s9b_a_job_for_another_node_never_runs_here() {
    let mut lab = ready();
    let elsewhere = with(nightly(), json!({ "node": "pve9" }));
    assert_eq!(lab.call("POST", JOBS, elsewhere), Ok(Value::Null));
    lab.world.advance_by_us(2 * DAY_US);
    assert_eq!(runs(&mut lab), []);
    assert!(lab.get(JOBS, json!({}))[0]["next-run"].is_i64(), "its schedule is shown all the same");
}

#[test]
fn pve_s9b_a_run_is_skipped_while_the_one_before_still_goes_on() {
    let mut lab = ready();
    let slow = with(nightly(), json!({ "schedule": "*:0/30", "bwlimit": 900 }));
    assert_eq!(lab.call("POST", JOBS, slow), Ok(Value::Null));
    lab.world.advance_to(Moment((MIDNIGHT_S - 3_600) * 1_000_000));
    let starts: Vec<i64> = runs(&mut lab).iter().map(|(start, _)| *start).collect();
    // 3 GiB at 900 KiB/s take 58 minutes: every other time is skipped.
    assert!(starts.len() > 10, "{starts:?}");
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == 3_600), "{starts:?}");
}

#[test]
fn pve_s9b_a_disabled_job_does_not_run_and_a_changed_time_counts_from_now() {
    let mut lab = ready();
    assert_eq!(lab.call("POST", JOBS, with(nightly(), json!({ "enabled": 0 }))), Ok(Value::Null));
    lab.world.advance_by_us(2 * DAY_US);
    assert_eq!(runs(&mut lab), []);
    let on = json!({ "id": "lilas-local", "enabled": 1, "schedule": "03:00" });
    assert_eq!(lab.call("PUT", JOB, on), Ok(Value::Null));
    let now_s = lab.world.now.unix_seconds();
    lab.world.advance_by_us(DAY_US);
    let found = runs(&mut lab);
    assert_eq!(found.len(), 1);
    assert!(found[0].0 > now_s && found[0].0 % 86_400 == 10_800, "{found:?}");
}

#[test]
fn pve_s9b_a_run_missed_while_the_node_was_off_is_skipped_unless_it_is_to_be_repeated() {
    for (repeat, expected) in [(0, 0), (1, 1)] {
        let mut lab = ready();
        assert_eq!(lab.call("POST", JOBS, with(nightly(), json!({ "repeat-missed": repeat }))), Ok(Value::Null));
        // The disk is mounted again at boot.
        let path = lab.site().node.disks.iter().find(|disk| disk.serial == "WD-1").expect("it").path.clone();
        lab.site().node.files.append("/etc/fstab", &format!("{path} /mnt/hdd ext4 defaults,nofail 0 2\n"));
        let (site, around) = lab.world.site_mut("atelier").expect("the site");
        site.switch_off(around);
        // The second night ends, and with it the third day begins.
        lab.world.advance_to(Moment((MIDNIGHT_S + 86_400 + 6 * 3_600) * 1_000_000));
        assert_eq!(runs(&mut lab), []);
        let (site, around) = lab.world.site_mut("atelier").expect("the site");
        site.switch_on(around);
        lab.world.advance_by_us(3_600_000_000);
        let found = runs(&mut lab);
        assert_eq!(found.len(), expected, "repeat-missed={repeat}: {found:?}");
        assert!(found.iter().all(|(_, exit)| exit == "OK"), "{found:?}");
    }
}

#[test]
fn pve_s6_without_purge_a_job_keeps_the_id_and_fails() {
    let mut lab = ready();
    let listed = json!({ "id": "listed", "schedule": "02:30", "storage": "hdd", "vmid": "101" });
    assert_eq!(lab.call("POST", JOBS, listed), Ok(Value::Null));
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/stop", json!({ "vmid": 101 })), "OK");
    assert_eq!(lab.task("DELETE", "/nodes/{node}/qemu/{vmid}", json!({ "vmid": 101 })), "OK");
    lab.world.advance_by_us(DAY_US);
    assert_eq!(runs(&mut lab), [(MIDNIGHT_S + 9_000, "job errors".to_owned())]);
    let volumes = lab.get("/cluster/backup/{id}/included_volumes", json!({ "id": "listed" }));
    assert_eq!(volumes["children"], json!([{ "id": 101, "type": "unknown", "children": [] }]));
}

#[test]
fn pve_s9b_all_takes_every_guest_and_exclude_everybody_else() {
    let mut lab = ready();
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu", json!({ "vmid": 900, "name": "drill" })), "OK");
    let all = json!({ "id": "all", "schedule": "02:30", "storage": "hdd", "exclude": "101" });
    assert_eq!(lab.call("POST", JOBS, all), Ok(Value::Null));
    let volumes = lab.get("/cluster/backup/{id}/included_volumes", json!({ "id": "all" }));
    assert_eq!(volumes["children"][0]["id"], 900, "drills are part of it: {volumes}");
    assert_eq!(lab.get("/cluster/backup-info/not-backed-up", json!({}))[0]["vmid"], 101);
}

#[test]
fn pve_s9b_a_job_needs_rights_on_storage_and_pool() {
    let mut lab = ready();
    lab.as_token();
    let access = &mut lab.pve().access;
    access.add_user("coop@pve", None);
    access.add_token("coop@pve", "app", false, "secret");
    let denied = |text: &str| Refusal::Status(403, format!("Permission check failed ({text})"));
    assert_eq!(lab.refused("POST", JOBS, nightly()), denied("/storage/hdd, Datastore.Allocate"));
    lab.pve().access.add_role("Admin", &["Datastore.Allocate"]);
    lab.pve().access.grant("/storage/hdd", "coop@pve", "Admin");
    assert_eq!(lab.refused("POST", JOBS, nightly()), denied("/pool/clients, VM.Backup"));
    let nowhere = with(nightly(), json!({ "pool": "nowhere" }));
    assert_eq!(lab.refused("POST", JOBS, nowhere), denied("pool 'nowhere' does not exist"));
    lab.caller.token = None;
    lab.caller.user = "root@pam".to_owned();
    assert_eq!(lab.call("POST", JOBS, nightly()), Ok(Value::Null));
    assert_eq!(lab.refused("POST", JOBS, nightly()), died("Job 'lilas-local' already exists"));
    let nothing = json!({ "schedule": "02:30", "storage": "hdd" });
    assert_eq!(lab.refused("POST", JOBS, nothing), Refusal::param("vmid", "property is missing"));
    let old = json!({ "id": "old", "starttime": "01:15", "dow": "sat,sun", "storage": "hdd", "all": 1 });
    assert_eq!(lab.call("POST", JOBS, old), Ok(Value::Null));
    assert_eq!(lab.get(JOB, json!({ "id": "old" }))["schedule"], "sat,sun 01:15");
}

#[test]
fn pve_s9b_a_change_of_a_job_is_partial_and_an_unknown_job_is_no_404() {
    let mut lab = ready();
    assert_eq!(lab.call("POST", JOBS, nightly()), Ok(Value::Null));
    let change = json!({ "id": "lilas-local", "schedule": "04:30", "delete": "compress" });
    assert_eq!(lab.call("PUT", JOB, change), Ok(Value::Null));
    let job = lab.get(JOB, json!({ "id": "lilas-local" }));
    assert_eq!((&job["schedule"], &job["pool"], job.get("compress")), (&json!("04:30"), &json!("clients"), None));
    for verb in ["GET", "DELETE"] {
        let refused = lab.refused(verb, JOB, json!({ "id": "gone" }));
        assert!(matches!(refused, Refusal::Params(_)), "{verb}: {refused:?}");
    }
}
