//! Section 10: what a restored VM has of what was never in its backup.

use accolades::lab::os;
use serde_json::{Value, json};

use super::Lab;
use super::restore::{drill, run};

const QEMU: &str = "/nodes/{node}/qemu";
const START: &str = "/nodes/{node}/qemu/{vmid}/status/start";

#[test]
fn pve_s10_the_cloud_init_drive_is_made_anew_and_an_image_that_is_gone_blocks_the_start() {
    let mut lab = Lab::with_disk();
    let image = "local:iso/outils.iso,media=cdrom";
    lab.vm(101).config.insert("ide3".to_owned(), image.to_owned());
    let (exit, log) = lab.backup(json!({ "vmid": "101", "storage": "hdd" }));
    assert_eq!(exit, "OK", "{log:#?}");
    let volid = lab.stored("hdd")[0]["volid"].as_str().expect("an id").to_owned();
    assert_eq!(lab.task("POST", QEMU, drill(&volid)), "OK");
    let config = lab.vm(900).config.clone();
    assert_eq!(config["ide2"], "local-lvm:vm-900-cloudinit,media=cdrom", "a drive of its own");
    assert_eq!(config["ide3"], image, "the reference is kept as it was");
    let exit = lab.task("POST", START, json!({ "vmid": 900 }));
    assert!(exit.contains("iso/outils.iso"), "{exit}");
}

/// The world an hour after a backup of a guest that was up, or that had just restarted.
fn backed_up_an_hour_ago(restarting: bool) -> Value {
    let mut lab = Lab::with_disk();
    let is_up = |lab: &mut Lab| lab.vm(101).guest.as_ref().is_some_and(os::Machine::ssh_running);
    if restarting {
        assert_eq!(run(&mut lab, 101, "reboot").exit, 0);
        lab.world.advance_by_us(1_000_000);
        assert!(!is_up(&mut lab), "it is on its way up");
    }
    assert_eq!(lab.backup(json!({ "vmid": "101", "storage": "hdd" })).0, "OK");
    lab.world.advance_by_us(3_600_000_000);
    assert!(is_up(&mut lab), "nobody has to ask it for anything");
    lab.world.digest_view()
}

#[test]
fn pve_s9a_a_backup_of_a_guest_that_is_booting_holds_what_one_of_a_guest_that_is_up_holds() {
    assert_eq!(backed_up_an_hour_ago(true), backed_up_an_hour_ago(false));
}

#[test]
fn pve_s10_what_was_under_way_at_the_backup_is_not_finished_in_what_comes_back() {
    let mut lab = Lab::with_disk();
    let slow = "systemd-run --unit=slow sh -c 'echo begun > /srv/begun; sleep 60; echo ended > /srv/ended'";
    assert_eq!(run(&mut lab, 101, slow).exit, 0);
    lab.world.advance_by_us(5_000_000);
    assert_eq!(lab.backup(json!({ "vmid": "101", "storage": "hdd" })).0, "OK");
    lab.world.advance_by_us(3_600_000_000);
    let files = "cat /srv/begun /srv/ended 2>/dev/null";
    assert_eq!(run(&mut lab, 101, files).stdout, "begun\nended\n");
    let volid = lab.stored("hdd")[0]["volid"].as_str().expect("an id").to_owned();
    assert_eq!(lab.task("POST", QEMU, drill(&volid)), "OK");
    assert_eq!(lab.task("POST", START, json!({ "vmid": 900 })), "OK");
    lab.world.advance_by_us(200_000_000);
    assert_eq!(run(&mut lab, 900, files).stdout, "begun\n", "its power failed a few seconds after it began");
}
