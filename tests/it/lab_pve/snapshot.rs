//! Section 8: snapshots.

use serde_json::json;

use super::{Lab, died};

const SNAPSHOT: &str = "/nodes/{node}/qemu/{vmid}/snapshot";
const ONE: &str = "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}";
const ROLLBACK: &str = "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback";

#[test]
fn pve_s8_a_snapshot_is_listed_beside_the_pseudo_entry_current() {
    let mut lab = Lab::with_vm();
    let upid = lab.started("POST", SNAPSHOT, json!({ "vmid": 101, "snapname": "before", "description": "x" }));
    assert!(upid.contains(":qmsnapshot:101:"), "{upid}");
    assert_eq!(lab.wait(&upid), "OK");
    let list = lab.get(SNAPSHOT, json!({ "vmid": 101 }));
    assert_eq!(
        (&list[0]["name"], &list[0]["description"], &list[0]["vmstate"]),
        (&json!("before"), &json!("x"), &json!(0))
    );
    assert_eq!(
        (&list[1]["name"], &list[1]["parent"], &list[1]["running"]),
        (&json!("current"), &json!("before"), &json!(0))
    );
}

#[test]
fn pve_s8_a_name_in_use_is_the_tasks_error_and_reserved_names_are_refused() {
    let mut lab = Lab::with_vm();
    let before = json!({ "vmid": 101, "snapname": "before" });
    assert_eq!(lab.task("POST", SNAPSHOT, before.clone()), "OK");
    assert_eq!(lab.task("POST", SNAPSHOT, before), "snapshot name 'before' already used");
    let refusal = lab.refused("POST", SNAPSHOT, json!({ "vmid": 101, "snapname": "current" }));
    assert_eq!(refusal, died("unable to use snapshot name 'current' (reserved name)"));
}

#[test]
fn pve_s8_a_rollback_brings_configuration_and_guest_back() {
    let mut lab = Lab::with_guest();
    assert_eq!(lab.task("POST", SNAPSHOT, json!({ "vmid": 101, "snapname": "before" })), "OK");
    lab.site().guest_mut(101).expect("a guest").files.write("/srv/new", "x");
    assert!(lab.call("PUT", "/nodes/{node}/qemu/{vmid}/config", json!({ "vmid": 101, "name": "rose" })).is_ok());
    assert_eq!(lab.task("POST", ROLLBACK, json!({ "vmid": 101, "snapname": "before" })), "OK");
    let vm = lab.vm(101);
    assert_eq!(vm.option("name"), Some("lilas"));
    assert!(!vm.running());
    assert!(vm.guest.as_ref().is_some_and(|guest| !guest.files.exists("/srv/new")));
}

#[test]
fn pve_s8_rollback_can_start_and_deletion_forgets() {
    let mut lab = Lab::with_vm();
    let before = json!({ "vmid": 101, "snapname": "before" });
    assert_eq!(lab.task("POST", SNAPSHOT, before.clone()), "OK");
    assert_eq!(lab.task("POST", ROLLBACK, json!({ "vmid": 101, "snapname": "before", "start": 1 })), "OK");
    assert!(lab.vm(101).running());
    assert_eq!(lab.task("DELETE", ONE, before.clone()), "OK");
    assert_eq!(lab.vm(101).option("parent"), None);
    assert_eq!(lab.task("DELETE", ONE, before), "snapshot 'before' does not exist");
}

#[test]
fn pve_s8_the_storage_must_support_snapshots() {
    let mut lab = Lab::with_vm();
    let local = lab.pve().storages.get_mut("local").expect("the folder");
    local.options.insert("content".to_owned(), "images,import".to_owned());
    let raw = json!({ "vmid": 101, "scsi1": "local:1,format=raw" });
    assert!(lab.call("PUT", "/nodes/{node}/qemu/{vmid}/config", raw).is_ok());
    let exit = lab.task("POST", SNAPSHOT, json!({ "vmid": 101, "snapname": "before" }));
    assert_eq!(exit, "snapshot feature is not available");
}
