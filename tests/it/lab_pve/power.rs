//! Section 6: power, and destroying.

use accolades::lab::pve::state::{BackupJob, Power};
use serde_json::json;

use super::{Lab, died};

const STATUS: &str = "/nodes/{node}/qemu/{vmid}/status/current";

fn path(action: &str) -> String {
    format!("/nodes/{{node}}/qemu/{{vmid}}/status/{action}")
}

impl Lab {
    fn power(&mut self, action: &str) -> String {
        self.task("POST", &path(action), json!({ "vmid": 101 }))
    }
}

#[test]
fn pve_s6_a_start_runs_the_vm() {
    let mut lab = Lab::with_vm();
    assert_eq!(lab.power("start"), "OK");
    let status = lab.get(STATUS, json!({ "vmid": 101 }));
    assert_eq!((&status["status"], &status["qmpstatus"]), (&json!("running"), &json!("running")));
    lab.world.advance_by_us(90_000_000);
    assert_eq!(lab.get(STATUS, json!({ "vmid": 101 }))["uptime"], 90);
}

#[test]
fn pve_s6_starting_a_running_vm_is_the_tasks_error() {
    let mut lab = Lab::with_guest();
    assert_eq!(lab.power("start"), "VM 101 already running");
}

#[test]
fn pve_s6_a_locked_vm_does_not_start() {
    let mut lab = Lab::with_vm();
    lab.vm(101).config.insert("lock".to_owned(), "backup".to_owned());
    assert_eq!(lab.power("start"), "VM is locked (backup)");
}

#[test]
fn pve_s6_a_template_does_not_start() {
    let mut lab = Lab::with_vm();
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/template", json!({ "vmid": 101 })), "OK");
    assert_eq!(lab.power("start"), "you can't start a vm if it's a template");
}

#[test]
fn pve_s6_a_missing_snippet_blocks_the_start() {
    let mut lab = Lab::with_vm();
    lab.site().node.files.remove("/var/lib/vz/snippets/vendor.yaml");
    assert_eq!(lab.power("start"), "can't open '/var/lib/vz/snippets/vendor.yaml' - No such file or directory");
}

#[test]
fn pve_s6_a_storage_out_of_reach_blocks_the_start() {
    let mut lab = Lab::with_vm();
    lab.pve().storages.get_mut("local-lvm").expect("the pool").offline = true;
    assert_eq!(lab.power("start"), "no such logical volume pve/data");
}

#[test]
fn pve_s6_a_guest_that_is_up_shuts_down() {
    let mut lab = Lab::with_guest();
    assert_eq!(lab.power("shutdown"), "OK");
    assert!(!lab.vm(101).running());
}

#[test]
fn pve_s6_a_guest_that_does_not_comply_stays_up_after_the_timeout() {
    let mut lab = Lab::with_guest();
    lab.vm(101).ignores_shutdown = true;
    let before = lab.world.now.unix_seconds();
    assert_eq!(lab.power("shutdown"), "VM quit/powerdown failed - got timeout");
    assert_eq!(lab.world.now.unix_seconds() - before, 60);
    assert!(lab.vm(101).running());
    let params = json!({ "vmid": 101, "forceStop": 1, "timeout": 5 });
    assert_eq!(lab.task("POST", &path("shutdown"), params), "OK");
    assert!(!lab.vm(101).running());
}

#[test]
fn pve_s6_stopping_what_is_stopped_is_fine() {
    let mut lab = Lab::with_vm();
    assert_eq!((lab.power("shutdown"), lab.power("stop")), ("OK".to_owned(), "OK".to_owned()));
}

#[test]
fn pve_s6_a_paused_vm_refuses_to_shut_down() {
    let mut lab = Lab::with_guest();
    assert_eq!(lab.power("suspend"), "OK");
    assert_eq!(lab.get(STATUS, json!({ "vmid": 101 }))["qmpstatus"], "paused");
    let refusal = lab.refused("POST", &path("shutdown"), json!({ "vmid": 101 }));
    assert_eq!(refusal, died("VM is paused - cannot shutdown"));
    assert_eq!(lab.power("resume"), "OK");
    assert_eq!(lab.vm(101).power, Power::Running);
    assert_eq!(lab.power("suspend"), "OK");
    let before = lab.world.now.unix_seconds();
    assert_eq!(lab.task("POST", &path("shutdown"), json!({ "vmid": 101, "forceStop": 1 })), "OK");
    assert_eq!((lab.vm(101).power, lab.world.now.unix_seconds() - before), (Power::Stopped, 1));
}

#[test]
fn pve_s6_overrule_shutdown_kills_the_pending_shutdown() {
    let mut lab = Lab::with_guest();
    lab.vm(101).ignores_shutdown = true;
    let shutdown = lab.started("POST", &path("shutdown"), json!({ "vmid": 101 }));
    assert_eq!(lab.task("POST", &path("stop"), json!({ "vmid": 101, "overrule-shutdown": 1 })), "OK");
    assert_eq!(lab.find(&shutdown).exit.as_deref(), Some("received interrupt"));
    assert!(!lab.vm(101).running());
}

#[test]
fn pve_s6_what_needs_a_running_vm_says_so() {
    let mut lab = Lab::with_vm();
    for action in ["reboot", "reset", "suspend", "resume"] {
        let refusal = lab.refused("POST", &path(action), json!({ "vmid": 101 }));
        assert_eq!(refusal, died("VM 101 not running"), "{action}");
    }
}

#[test]
fn pve_s6_a_running_vm_is_not_destroyed() {
    let mut lab = Lab::with_guest();
    let refusal = lab.refused("DELETE", "/nodes/{node}/qemu/{vmid}", json!({ "vmid": 101 }));
    assert_eq!(refusal, died("VM 101 is running - destroy failed"));
}

#[test]
fn pve_s6_destroying_frees_disks_and_only_purge_touches_backup_jobs() {
    for purge in [0, 1] {
        let mut lab = Lab::with_vm();
        let options =
            [("vmid", "101,102"), ("storage", "local")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        lab.pve().jobs.insert("nightly".to_owned(), BackupJob { options: options.into(), ..BackupJob::default() });
        let exit = lab.task("DELETE", "/nodes/{node}/qemu/{vmid}", json!({ "vmid": 101, "purge": purge }));
        assert_eq!(exit, "OK");
        assert!(lab.pve().vms.is_empty() && lab.pve().storages["local-lvm"].volumes.is_empty());
        assert_eq!(lab.pve().jobs["nightly"].vmids(), if purge == 1 { vec![102] } else { vec![101, 102] });
    }
}

#[test]
fn pve_s6_unreferenced_disks_go_only_when_asked() {
    for (asked, left) in [(0, 1), (1, 0)] {
        let mut lab = Lab::with_vm();
        let pool = &mut lab.pve().storages.get_mut("local-lvm").expect("the pool").volumes;
        let stray = pool["vm-101-disk-0"].clone();
        pool.insert("vm-101-disk-7".to_owned(), stray);
        let params = json!({ "vmid": 101, "destroy-unreferenced-disks": asked });
        assert_eq!(lab.task("DELETE", "/nodes/{node}/qemu/{vmid}", params), "OK");
        assert_eq!(lab.pve().storages["local-lvm"].volumes.len(), left);
    }
}

#[test]
fn pve_s6_the_base_of_a_linked_clone_is_not_destroyed() {
    let mut lab = Lab::with_vm();
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/template", json!({ "vmid": 101 })), "OK");
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/clone", json!({ "vmid": 101, "newid": 102 })), "OK");
    let exit = lab.task("DELETE", "/nodes/{node}/qemu/{vmid}", json!({ "vmid": 101 }));
    assert_eq!(exit, "base volume 'local-lvm:base-101-disk-0' is still in use by linked clones");
    assert!(lab.pve().vms.contains_key(&101));
}
