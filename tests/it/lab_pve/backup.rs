//! Section 9a and 9c: backups now, on a disk of the node, and what a listing shows of them.

use accolades::lab::pve::call::Refusal;
use accolades::lab::pve::state::Power;
use accolades::lab::world::{Moment, World};
use serde_json::{Value, json};

use super::{Lab, died, typical};

const VZDUMP: &str = "/nodes/{node}/vzdump";
const CONTENT: &str = "/nodes/{node}/storage/{storage}/content";
const VOLUME: &str = "/nodes/{node}/storage/{storage}/content/{volume}";
const PRUNE: &str = "/nodes/{node}/storage/{storage}/prunebackups";

fn to_disk() -> Value {
    json!({ "vmid": "101", "storage": "hdd", "compress": "zstd" })
}

fn with(mut params: Value, more: Value) -> Value {
    let more = more.as_object().cloned().expect("an object");
    params.as_object_mut().expect("an object").extend(more);
    params
}

fn has(log: &[String], line: &str) -> bool {
    log.iter().any(|one| one == line)
}

/// A token that may back up the pool's VMs onto the disk.
fn client(lab: &mut Lab) {
    lab.as_token();
    let access = &mut lab.pve().access;
    access.add_user("coop@pve", None);
    access.add_token("coop@pve", "app", true, "secret");
    access.add_pool("clients", &[101], &[]);
    access.add_role("Saver", &["VM.Backup", "VM.Audit"]);
    access.add_role("Store", &["Datastore.AllocateSpace", "Datastore.Audit"]);
    for holder in ["coop@pve", "coop@pve!app"] {
        access.grant("/pool/clients", holder, "Saver");
        access.grant("/storage/hdd", holder, "Store");
    }
}

#[test]
fn pve_s9a_a_backup_is_a_task_whose_log_has_proxmoxs_words() {
    let mut lab = Lab::with_disk();
    let upid = lab.started("POST", VZDUMP, to_disk());
    assert!(upid.contains(":vzdump:101:root@pam:"), "{upid}");
    assert_eq!(lab.wait(&upid), "OK");
    let log = lab.find(&upid).log.clone();
    assert_eq!(log[0], "INFO: starting new backup job: vzdump 101 --storage hdd --compress zstd --node pve1");
    assert_eq!(log[1], "INFO: Starting Backup of VM 101 (qemu)");
    for line in [
        "INFO: status = running",
        "INFO: VM Name: lilas",
        "INFO: include disk 'scsi0' 'local-lvm:vm-101-disk-0' 3G",
        "INFO: backup mode: snapshot",
        "INFO: ionice priority: 7",
        "INFO: issuing guest-agent 'fs-freeze' command",
        "INFO: resuming VM again",
        "INFO: Backup job finished successfully",
        "TASK OK",
    ] {
        assert!(has(&log, line), "{line}: {log:#?}");
    }
    assert!(log.iter().any(|line| line.starts_with("INFO: Finished Backup of VM 101 (00:00:")), "{log:#?}");
    assert!(log.iter().any(|line| line.starts_with("INFO: 100% (3.0 GiB of 3.0 GiB) in ")), "{log:#?}");
}

#[test]
fn pve_s9c_the_archives_name_is_in_local_time_and_its_ctime_is_right() {
    let mut lab = Lab::with_disk();
    lab.site().node.files.write("/etc/timezone", "Europe/Paris\n");
    lab.world.advance_to(Moment(1_788_300_000_000_000));
    assert_eq!(lab.backup(to_disk()).0, "OK");
    let list = lab.stored("hdd");
    let volid = "hdd:backup/vzdump-qemu-101-2026_09_02-00_00_00.vma.zst";
    assert_eq!(list.len(), 1);
    assert_eq!(list[0]["volid"], volid);
    assert_eq!((&list[0]["format"], &list[0]["subtype"]), (&json!("vma.zst"), &json!("qemu")));
    assert_eq!((&list[0]["ctime"], &list[0]["vmid"]), (&json!(1_788_300_000), &json!(101)));
    assert!(list[0]["size"].as_u64().is_some_and(|size| size > 100_000_000), "{list:?}");
    assert!(list[0].get("verification").is_none(), "nobody verifies a file");
    let log = lab.site().node.files.read("/mnt/hdd/dump/vzdump-qemu-101-2026_09_02-00_00_00.log").map(str::to_owned);
    assert!(log.is_some_and(|log| log.starts_with("2026-09-02 00:00:00 INFO: Starting Backup of VM 101 (qemu)\n")));
}

#[test]
fn pve_s9c_an_archive_under_construction_is_not_listed() {
    let mut lab = Lab::with_disk();
    let upid = lab.started("POST", VZDUMP, to_disk());
    lab.world.advance_by_us(1_000_000);
    let node = &lab.site().node;
    let names = node.files.list("/mnt/hdd/dump");
    assert!(names.iter().any(|name| name.ends_with(".vma.dat")), "{names:?}");
    assert_eq!(lab.stored("hdd"), Vec::<Value>::new());
    assert_eq!(lab.wait(&upid), "OK");
    assert_eq!(lab.stored("hdd").len(), 1);
}

#[test]
fn pve_s9a_without_a_storage_the_backup_goes_to_local() {
    let mut lab = Lab::with_guest();
    assert_eq!(lab.backup(json!({ "vmid": "101" })).0, "OK");
    let list = lab.stored("local");
    assert_eq!(list[0]["format"], "vma", "nothing is compressed unless asked for: {list:?}");
}

#[test]
fn pve_s9a_no_guest_of_the_request_here_answers_ok_without_a_task() {
    let mut lab = Lab::with_disk();
    lab.pve().access.add_pool("empty", &[], &[]);
    let before = lab.pve().tasks.len();
    for pool in ["empty", "unknown"] {
        let answer = lab.call("POST", VZDUMP, json!({ "pool": pool, "storage": "hdd" }));
        assert_eq!(answer, Ok(json!("OK")), "{pool}");
    }
    assert_eq!(lab.pve().tasks.len(), before);
    assert_eq!(lab.stored("hdd"), Vec::<Value>::new());
}

#[test]
fn pve_s9a_an_unknown_guest_fails_inside_the_task_while_the_others_succeed() {
    let mut lab = Lab::with_disk();
    let upid = lab.started("POST", VZDUMP, with(to_disk(), json!({ "vmid": "101,999" })));
    assert!(upid.contains(":vzdump::root@pam:"), "several guests have no id in the task: {upid}");
    assert_eq!(lab.wait(&upid), "job errors");
    let log = lab.find(&upid).log.clone();
    assert!(has(&log, "ERROR: Backup of VM 999 failed - unable to find VM '999'"), "{log:#?}");
    assert!(has(&log, "INFO: Backup job finished with errors"), "{log:#?}");
    assert_eq!(lab.stored("hdd").len(), 1);
}

#[test]
fn pve_s9a_a_listed_guest_without_the_right_raises_and_all_skips_it_in_silence() {
    let mut lab = Lab::with_disk();
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu", with(typical(102), json!({ "name": "other" }))), "OK");
    client(&mut lab);
    let (exit, _) = lab.backup(with(to_disk(), json!({ "vmid": "101,102" })));
    assert_eq!(exit, "403 Permission check failed (/vms/102, VM.Backup)");
    assert_eq!(lab.stored("hdd"), Vec::<Value>::new());
    let (exit, log) = lab.backup(json!({ "all": 1, "storage": "hdd" }));
    assert_eq!(exit, "OK");
    assert!(!log.iter().any(|line| line.contains("102")), "{log:#?}");
    assert_eq!(lab.stored("hdd").len(), 1);
}

#[test]
fn pve_s9a_options_of_the_host_and_of_root_are_refused_to_a_token() {
    let mut lab = Lab::with_disk();
    client(&mut lab);
    let refused = |lab: &mut Lab, more: Value| lab.refused("POST", VZDUMP, with(to_disk(), more));
    let only_root = Refusal::param("job-id", "Only root may set this option.");
    assert_eq!(refused(&mut lab, json!({ "job-id": "nightly" })), only_root);
    let denied = |text: &str| Refusal::Status(403, format!("Permission check failed ({text})"));
    assert_eq!(refused(&mut lab, json!({ "bwlimit": 100 })), denied("/, Sys.Modify"));
    let keep = json!({ "prune-backups": "keep-last=1" });
    assert_eq!(refused(&mut lab, keep), denied("/storage/hdd, Datastore.Allocate"));
    let elsewhere = json!({ "storage": "local" });
    assert_eq!(refused(&mut lab, elsewhere), denied("/storage/local, Datastore.AllocateSpace"));
    let both = Refusal::param("all", "option conflicts with option 'vmid'");
    assert_eq!(refused(&mut lab, json!({ "all": 1 })), both);
    let none = lab.refused("POST", VZDUMP, json!({ "storage": "hdd" }));
    assert_eq!(none, Refusal::param("vmid", "property is missing"));
}

#[test]
fn pve_s9a_one_backup_at_a_time_and_the_next_ones_wait() {
    let mut lab = Lab::with_disk();
    let first = lab.started("POST", VZDUMP, to_disk());
    lab.world.advance_by_us(1_000_000);
    let second = lab.started("POST", VZDUMP, to_disk());
    lab.world.advance_by_us(1_000_000);
    assert_eq!(lab.find(&second).log, ["INFO: trying to get global lock - waiting..."]);
    assert_eq!(lab.wait(&second), "OK");
    let first = lab.find(&first).clone();
    let second = lab.find(&second).clone();
    assert_eq!(second.log[1], "INFO: got global lock");
    assert!(first.ended < second.ended && first.exit.as_deref() == Some("OK"));
    assert_eq!(lab.stored("hdd").len(), 2);
}

#[test]
fn pve_s9a_a_backup_that_waited_too_long_ends_without_a_verdict() {
    let mut lab = Lab::with_disk();
    // The first one is slow.
    let slow = with(to_disk(), json!({ "bwlimit": 100 }));
    let first = lab.started("POST", VZDUMP, slow);
    lab.world.advance_by_us(1_000_000);
    let second = lab.started("POST", VZDUMP, with(to_disk(), json!({ "lockwait": 10 })));
    assert_eq!(lab.wait(&second), "unexpected status");
    let log = lab.find(&second).log.clone();
    assert_eq!(log[1], "ERROR: can't acquire lock '/var/run/vzdump.lock' - got timeout");
    assert!(!log.iter().any(|line| line.starts_with("TASK")), "{log:?}");
    assert_eq!(lab.find(&second).class(), Some("unknown"));
    assert!(lab.find(&first).running());
    assert_eq!(lab.wait(&first), "OK");
}

#[test]
fn pve_s9a_a_storage_that_is_down_gives_a_task_that_fails() {
    let mut lab = Lab::with_disk();
    lab.unmount();
    let (exit, log) = lab.backup(to_disk());
    let text = "could not activate storage 'hdd': unable to activate storage 'hdd' - directory is expected to be a \
                mount point but is not mounted: '/mnt/hdd'";
    assert_eq!(exit, text);
    assert_eq!(log, [format!("TASK ERROR: {text}")]);
    let (exit, _) = lab.backup(with(to_disk(), json!({ "storage": "local-lvm" })));
    assert_eq!(
        exit,
        "could not get storage information for 'local-lvm': can't use storage 'local-lvm' for backups - wrong content type"
    );
}

#[test]
fn pve_s9d_without_is_mountpoint_an_unmounted_disk_fills_the_root_disk() {
    let mut lab = Lab::with_disk();
    let looser = json!({ "storage": "hdd", "delete": "is_mountpoint" });
    assert!(lab.call("PUT", "/storage/{storage}", looser).is_ok());
    assert_eq!(lab.backup(to_disk()).0, "OK");
    let used = |lab: &mut Lab| {
        let status = lab.get("/nodes/{node}/status", json!({}));
        status["rootfs"]["used"].as_u64().expect("bytes")
    };
    let before = used(&mut lab);
    lab.unmount();
    lab.site().node.files.make_folder("/mnt/hdd/dump", 0o755, "root");
    assert_eq!(lab.stored("hdd"), Vec::<Value>::new(), "what lay on the disk is not there");
    let status = lab.get("/nodes/{node}/storage/{storage}/status", json!({ "storage": "hdd" }));
    assert_eq!(status["active"], 1, "it looks healthy");
    assert_eq!(lab.backup(to_disk()).0, "OK");
    assert!(used(&mut lab) > before + 100_000_000);
    lab.mount();
    let list = lab.stored("hdd");
    assert_eq!(list.len(), 1, "the second one is hidden below the mount point: {list:?}");
}

#[test]
fn pve_s9a_the_guest_is_locked_meanwhile_and_changes_are_refused() {
    let mut lab = Lab::with_disk();
    let upid = lab.started("POST", VZDUMP, to_disk());
    lab.world.advance_by_us(1_000_000);
    let status = lab.get("/nodes/{node}/qemu/{vmid}/status/current", json!({ "vmid": 101 }));
    assert_eq!(status["lock"], "backup");
    let change = json!({ "vmid": 101, "cores": 4 });
    assert_eq!(lab.refused("PUT", "/nodes/{node}/qemu/{vmid}/config", change), died("VM is locked (backup)"));
    assert_eq!(lab.wait(&upid), "OK");
    assert_eq!(lab.vm(101).lock(), None);
}

#[test]
fn pve_s3_a_stopped_vm_shows_running_and_prelaunch_while_it_is_backed_up() {
    let mut lab = Lab::with_disk();
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/stop", json!({ "vmid": 101 })), "OK");
    let upid = lab.started("POST", VZDUMP, to_disk());
    lab.world.advance_by_us(1_000_000);
    let status = lab.get("/nodes/{node}/qemu/{vmid}/status/current", json!({ "vmid": 101 }));
    assert_eq!((&status["status"], &status["qmpstatus"]), (&json!("running"), &json!("prelaunch")));
    assert_eq!(lab.wait(&upid), "OK");
    let log = lab.find(&upid).log.clone();
    for line in [
        "status = stopped",
        "backup mode: stop",
        "starting kvm to execute backup task",
        "stopping kvm after backup task",
    ] {
        assert!(has(&log, &format!("INFO: {line}")), "{line}: {log:#?}");
    }
    assert_eq!(lab.vm(101).power, Power::Stopped);
}

#[test]
fn pve_s6_starting_a_vm_during_its_own_backup_resumes_it() {
    let mut lab = Lab::with_disk();
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/stop", json!({ "vmid": 101 })), "OK");
    let upid = lab.started("POST", VZDUMP, with(to_disk(), json!({ "bwlimit": 10_000 })));
    lab.world.advance_by_us(1_000_000);
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/start", json!({ "vmid": 101 })), "OK");
    assert!(lab.find(&upid).running());
    assert_eq!(lab.wait(&upid), "OK");
    let log = lab.find(&upid).log.clone();
    assert!(has(&log, "INFO: kvm status changed after backup ('running') - keep VM running"), "{log:#?}");
    assert_eq!(lab.vm(101).power, Power::Running);
}

#[test]
fn pve_s9a_stop_mode_shuts_the_guest_down_and_starts_it_again() {
    let mut lab = Lab::with_disk();
    let booted = lab.vm(101).guest.as_ref().map(|guest| guest.booted_at);
    let (exit, log) = lab.backup(with(to_disk(), json!({ "mode": "stop" })));
    assert_eq!(exit, "OK");
    for line in ["stopping virtual guest", "resuming VM again after 8 seconds"] {
        assert!(has(&log, &format!("INFO: {line}")), "{line}: {log:#?}");
    }
    assert!(!log.iter().any(|line| line.contains("fs-freeze")), "{log:#?}");
    assert_eq!(lab.vm(101).power, Power::Running);
    assert!(lab.vm(101).guest.as_ref().map(|guest| guest.booted_at) > booted);
}

#[test]
fn pve_s9a_freezing_is_best_effort_and_the_task_stays_ok() {
    let mut lab = Lab::with_disk();
    lab.vm(101).freeze_problem = Some("got timeout".to_owned());
    let (exit, log) = lab.backup(to_disk());
    assert_eq!(exit, "OK");
    assert!(has(&log, "ERROR: VM 101 qmp command 'guest-fsfreeze-freeze' failed - got timeout"), "{log:#?}");
    lab.vm(101).agent_silent = true;
    let (exit, log) = lab.backup(to_disk());
    assert_eq!(exit, "OK");
    let skipped = "INFO: skipping guest filesystem freeze - agent configured but not running?";
    assert!(has(&log, skipped), "{log:#?}");
}

#[test]
fn pve_s9a_disks_that_are_left_out_are_told_and_not_in_it() {
    let mut lab = Lab::with_disk();
    let more = json!({ "vmid": 101, "scsi1": "local-lvm:8,backup=0" });
    assert_eq!(lab.call("PUT", "/nodes/{node}/qemu/{vmid}/config", more), Ok(Value::Null));
    let (exit, log) = lab.backup(to_disk());
    assert_eq!(exit, "OK");
    assert!(has(&log, "INFO: exclude disk 'scsi1' 'local-lvm:vm-101-disk-1' (backup=no)"), "{log:#?}");
    let volid = lab.stored("hdd")[0]["volid"].clone();
    let text = lab.get("/nodes/{node}/vzdump/extractconfig", json!({ "volume": volid }));
    let text = text.as_str().expect("text");
    assert!(text.contains("#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:\n"), "{text}");
    assert!(text.contains("scsi1: local-lvm:vm-101-disk-1,backup=0") && !text.contains("map:scsi1"), "{text}");
    assert!(text.contains("name: lilas\n") && !text.contains("lock:"), "{text}");
}

#[test]
fn pve_s9a_notes_and_protection_are_set_before_older_backups_go() {
    let mut lab = Lab::with_disk();
    let noted = json!({ "notes-template": "{{guestname}} on {{node}}\\n{{vmid}}", "protected": 1 });
    let (exit, log) = lab.backup(with(to_disk(), noted));
    assert_eq!(exit, "OK", "{log:#?}");
    let list = lab.stored("hdd");
    assert_eq!((&list[0]["notes"], &list[0]["protected"]), (&json!("lilas on pve1"), &json!(1)));
    let volume = json!({ "storage": "hdd", "volume": list[0]["volid"] });
    assert_eq!(lab.get(VOLUME, volume.clone())["notes"], "lilas on pve1\n101");
    let exit = lab.task("DELETE", VOLUME, volume.clone());
    assert_eq!(exit, format!("can't remove protected volume '{}'", list[0]["volid"].as_str().expect("an id")));
    assert!(lab.call("PUT", VOLUME, with(volume.clone(), json!({ "protected": 0, "notes": "other" }))).is_ok());
    assert_eq!(lab.stored("hdd")[0]["notes"], "other");
    let upid = lab.started("DELETE", VOLUME, volume);
    assert!(upid.contains(":imgdel:101@hdd:"), "{upid}");
    assert_eq!(lab.wait(&upid), "OK");
    let left = lab.site().node.files.list("/mnt/hdd/dump").len();
    assert_eq!(left, 0, "log and notes go with it");
    assert!(lab.pve().contents.is_empty());
}

#[test]
fn pve_s9c_a_deletion_that_is_done_within_its_delay_answers_null() {
    let mut lab = Lab::with_disk();
    assert_eq!(lab.backup(to_disk()).0, "OK");
    let volume = json!({ "storage": "hdd", "volume": lab.stored("hdd")[0]["volid"], "delay": 5 });
    assert_eq!(lab.call("DELETE", VOLUME, volume), Ok(Value::Null));
}

#[test]
fn pve_s9a_retention_runs_inside_the_guests_turn() {
    let mut lab = Lab::with_disk();
    for expected in
        ["pruned 0 backup(s)", "pruned 0 backup(s)", "pruned 1 backup(s) not covered by keep-retention policy"]
    {
        let (exit, log) = lab.backup(with(to_disk(), json!({ "prune-backups": "keep-last=2" })));
        assert_eq!(exit, "OK");
        assert!(has(&log, "INFO: prune older backups with retention: keep-last=2"), "{log:#?}");
        assert!(has(&log, &format!("INFO: {expected}")), "{expected}: {log:#?}");
    }
    assert_eq!(lab.stored("hdd").len(), 2);
}

#[test]
fn pve_s9a_remove_with_keep_all_does_nothing_and_remove_0_has_a_limit() {
    let mut lab = Lab::with_disk();
    let (_, log) = lab.backup(to_disk());
    assert!(!log.iter().any(|line| line.contains("prune")), "{log:#?}");
    let set = json!({ "storage": "hdd", "prune-backups": "keep-last=1" });
    assert!(lab.call("PUT", "/storage/{storage}", set).is_ok());
    let (exit, log) = lab.backup(with(to_disk(), json!({ "remove": 0 })));
    assert_eq!(exit, "job errors");
    let text = "ERROR: Backup of VM 101 failed - There is a max backup limit of 1 enforced by the target storage or the \
                vzdump parameters. Either increase the limit or delete old backups.";
    assert!(has(&log, text), "{log:#?}");
    assert_eq!(lab.stored("hdd").len(), 1);
}

#[test]
fn pve_s9a_a_full_disk_fails_the_guest_and_leaves_nothing_half_done() {
    let mut lab = Lab::with_disk();
    lab.pve().storages.get_mut("hdd").expect("the disk").full = true;
    let (exit, log) = lab.backup(to_disk());
    assert_eq!(exit, "job errors");
    assert!(has(&log, "ERROR: Backup of VM 101 failed - vma_queue_write: write error - Broken pipe"), "{log:#?}");
    assert_eq!(lab.site().node.files.list("/mnt/hdd/dump").len(), 0);
    assert_eq!(lab.vm(101).lock(), None);
    assert!(lab.pve().contents.is_empty());
}

#[test]
fn pve_s9a_a_disk_that_is_pulled_meanwhile_fails_the_guest() {
    let mut lab = Lab::with_disk();
    let upid = lab.started("POST", VZDUMP, to_disk());
    lab.world.advance_by_us(1_000_000);
    lab.unmount();
    assert_eq!(lab.wait(&upid), "job errors");
    assert_eq!(lab.vm(101).lock(), None);
}

#[test]
fn pve_s9a_a_crash_of_the_node_leaves_the_lock_and_the_unfinished_file() {
    let mut lab = Lab::with_disk();
    let upid = lab.started("POST", VZDUMP, with(to_disk(), json!({ "fleecing": "enabled=1,storage=local-lvm" })));
    lab.world.advance_by_us(1_000_000);
    let (site, around) = lab.world.site_mut("atelier").expect("the site");
    site.restart_node(around);
    assert_eq!(lab.find(&upid).exit.as_deref(), Some("unexpected status"));
    assert_eq!(lab.vm(101).lock(), Some("backup"));
    assert!(lab.pve().storages["local-lvm"].volumes.contains_key("vm-101-fleece-0"), "the fleecing image stays");
    lab.world.advance_by_us(100_000_000);
    assert_eq!(lab.vm(101).power, Power::Stopped, "a locked VM is not started with its node");
    assert_eq!(
        lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/start", json!({ "vmid": 101 })),
        "VM is locked (backup)"
    );
    lab.as_token();
    let unlock = json!({ "vmid": 101, "delete": "lock" });
    assert!(lab.call("PUT", "/nodes/{node}/qemu/{vmid}/config", unlock).is_err(), "only root unlocks");
}

#[test]
fn pve_s4_a_backup_that_is_killed_cleans_up() {
    let mut lab = Lab::with_disk();
    let upid = lab.started("POST", VZDUMP, to_disk());
    lab.world.advance_by_us(1_000_000);
    assert_eq!(lab.call("DELETE", "/nodes/{node}/tasks/{upid}", json!({ "upid": upid })), Ok(Value::Null));
    assert_eq!(lab.find(&upid).exit.as_deref(), Some("interrupted by signal"));
    assert_eq!(lab.vm(101).lock(), None);
    assert_eq!(lab.stored("hdd").len(), 0);
}

#[test]
fn pve_s9a_how_long_a_local_backup_takes_follows_the_whole_disk() {
    let mut lab = Lab::with_disk();
    let seconds = |lab: &mut Lab| {
        let before = lab.world.now;
        assert_eq!(lab.backup(to_disk()).0, "OK");
        (lab.world.now.0 - before.0) / 1_000_000
    };
    let small = seconds(&mut lab);
    let grown = json!({ "vmid": 101, "disk": "scsi0", "size": "200G" });
    assert_eq!(lab.task("PUT", "/nodes/{node}/qemu/{vmid}/resize", grown), "OK");
    let large = seconds(&mut lab);
    assert!(large > small + 100, "{small} s, then {large} s");
}

#[test]
fn pve_s9c_entries_without_rights_are_dropped_in_silence() {
    let mut lab = Lab::with_disk();
    assert_eq!(lab.backup(to_disk()).0, "OK");
    client(&mut lab);
    assert_eq!(lab.stored("hdd").len(), 1);
    lab.pve().access.pools.get_mut("clients").expect("the pool").vms.clear();
    assert_eq!(lab.stored("hdd"), Vec::<Value>::new(), "an empty list is not: no backup");
    lab.pve().access.add_role("Admin", &["Datastore.Allocate"]);
    for holder in ["coop@pve", "coop@pve!app"] {
        lab.pve().access.grant("/storage/hdd", holder, "Admin");
    }
    assert_eq!(lab.stored("hdd").len(), 1, "Datastore.Allocate on the storage is enough");
}

#[test]
fn pve_s9c_pruning_is_shown_first_and_then_a_task() {
    let mut lab = Lab::with_disk();
    for _ in 0..3 {
        assert_eq!(lab.backup(to_disk()).0, "OK");
    }
    let oldest = lab.stored("hdd")[0]["volid"].clone();
    assert!(lab.call("PUT", VOLUME, json!({ "storage": "hdd", "volume": oldest, "protected": 1 })).is_ok());
    let files = &mut lab.site().node.files;
    let archive =
        files.read(&format!("/mnt/hdd/dump/{}", oldest.as_str().expect("an id").trim_start_matches("hdd:backup/")));
    let archive = archive.expect("the file").to_owned();
    files.create("/mnt/hdd/dump/before-the-move.vma.zst", 0o644, "root", archive);
    let plan = json!({ "storage": "hdd", "prune-backups": "keep-last=1" });
    let marks = lab.get(PRUNE, plan.clone());
    let marks: Vec<&str> = marks.as_array().expect("a list").iter().filter_map(|one| one["mark"].as_str()).collect();
    assert_eq!(marks, ["renamed", "protected", "remove", "keep"]);
    let upid = lab.started("DELETE", PRUNE, plan);
    assert!(upid.contains(":prunebackups:hdd:"), "{upid}");
    assert_eq!(lab.wait(&upid), "OK");
    assert_eq!(lab.stored("hdd").len(), 3);
    let none = lab.refused("GET", PRUNE, json!({ "storage": "hdd" }));
    assert_eq!(none, died("no prune-backups options configured for storage 'hdd'"));
}

#[test]
fn pve_s9a_the_defaults_are_told() {
    let mut lab = Lab::with_disk();
    let defaults = lab.get("/nodes/{node}/vzdump/defaults", json!({}));
    assert_eq!((&defaults["storage"], &defaults["mode"]), (&json!("local"), &json!("snapshot")));
    assert_eq!((&defaults["lockwait"], &defaults["prune-backups"]), (&json!(180), &json!("keep-all=1")));
}

#[test]
fn lab_backup_archives_share_what_is_the_same_and_survive_a_snapshot_of_the_world() {
    let mut lab = Lab::with_disk();
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/stop", json!({ "vmid": 101 })), "OK");
    for _ in 0..3 {
        assert_eq!(lab.backup(to_disk()).0, "OK");
    }
    assert_eq!((lab.stored("hdd").len(), lab.pve().contents.len()), (3, 1));
    let digest = lab.world.digest();
    let copy = World::restore(&lab.world.snapshot().expect("text")).expect("a world");
    assert_eq!(copy.digest(), digest);
    let volume = json!({ "storage": "hdd", "volume": lab.stored("hdd")[0]["volid"], "notes": "looked at" });
    assert!(lab.call("PUT", VOLUME, volume).is_ok());
    assert_ne!(lab.world.digest(), digest, "notes count");
    let list = lab.get(CONTENT, json!({ "storage": "hdd", "content": "backup", "vmid": 102 }));
    assert_eq!(list, json!([]));
}
