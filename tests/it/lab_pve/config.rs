//! Sections 5c (configuration), 5d (resize) and 11 (firewall).

use accolades::lab::pve::call::Refusal;
use accolades::lab::pve::state::bytes::GIB;
use serde_json::{Value, json};

use super::restore::run;
use super::{KEY, Lab, died};

const CLOUDINIT: &str = "/nodes/{node}/qemu/{vmid}/cloudinit";
const CONFIG: &str = "/nodes/{node}/qemu/{vmid}/config";
const PENDING: &str = "/nodes/{node}/qemu/{vmid}/pending";
const RESIZE: &str = "/nodes/{node}/qemu/{vmid}/resize";
const RULES: &str = "/nodes/{node}/qemu/{vmid}/firewall/rules";

fn put(lab: &mut Lab, mut params: Value) -> Result<Value, Refusal> {
    params["vmid"] = json!(101);
    lab.call("PUT", CONFIG, params)
}

#[test]
fn pve_s5c_put_is_synchronous_and_answers_null() {
    let mut lab = Lab::with_vm();
    assert_eq!(put(&mut lab, json!({ "cores": 4 })), Ok(Value::Null));
    assert_eq!(lab.get(CONFIG, json!({ "vmid": 101 }))["cores"], 4);
}

#[test]
fn pve_s5c_post_is_a_task_or_null_when_the_delay_sufficed() {
    let mut lab = Lab::with_vm();
    let upid = lab.started("POST", CONFIG, json!({ "vmid": 101, "cores": 4 }));
    assert!(upid.contains(":qmconfig:101:"), "{upid}");
    assert_eq!(lab.vm(101).option("cores"), Some("2"));
    assert_eq!(lab.wait(&upid), "OK");
    assert_eq!(lab.vm(101).option("cores"), Some("4"));
    let answer = lab.call("POST", CONFIG, json!({ "vmid": 101, "cores": 3, "background_delay": 5 }));
    assert_eq!(answer, Ok(Value::Null));
    assert_eq!(lab.vm(101).option("cores"), Some("3"));
}

#[test]
fn pve_s5c_a_wrong_digest_is_refused() {
    let mut lab = Lab::with_vm();
    let digest = lab.get(CONFIG, json!({ "vmid": 101 }))["digest"].clone();
    assert!(put(&mut lab, json!({ "cores": 3, "digest": digest })).is_ok());
    let refusal = put(&mut lab, json!({ "cores": 4, "digest": digest }));
    assert_eq!(refusal, Err(died("checksum mismatch (file change by other user?)")));
}

#[test]
fn pve_s5c_unknown_options_cannot_be_deleted_and_nothing_is_set_and_deleted_at_once() {
    let mut lab = Lab::with_vm();
    assert_eq!(put(&mut lab, json!({ "delete": "bogus" })), Err(Refusal::param("delete", "unknown option 'bogus'")));
    let both = put(&mut lab, json!({ "delete": "cores", "cores": 2 }));
    assert_eq!(both, Err(Refusal::param("delete", "you can't use '-cores' and -delete cores' at the same time")));
    assert_eq!(put(&mut lab, json!({})), Err(died("no options specified")));
}

#[test]
fn pve_s5c_what_cannot_be_plugged_waits_with_http_200() {
    let mut lab = Lab::with_guest();
    assert_eq!(put(&mut lab, json!({ "memory": "8192", "name": "rose" })), Ok(Value::Null));
    assert_eq!(lab.get(CONFIG, json!({ "vmid": 101 }))["memory"], "8192");
    assert_eq!(lab.get(CONFIG, json!({ "vmid": 101, "current": 1 }))["memory"], "4096");
    assert_eq!(lab.vm(101).option("name"), Some("rose"));
    let pending = lab.get(PENDING, json!({ "vmid": 101 }));
    let memory = pending.as_array().and_then(|all| all.iter().find(|entry| entry["key"] == "memory")).cloned();
    assert_eq!(memory, Some(json!({ "key": "memory", "value": "4096", "pending": "8192" })));
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/reboot", json!({ "vmid": 101 })), "OK");
    assert_eq!(lab.vm(101).option("memory"), Some("8192"));
    assert!(lab.vm(101).pending.is_empty());
}

/// The entry of an option in `GET …/cloudinit`.
fn on_drive(lab: &mut Lab, key: &str) -> Value {
    let entries = lab.get(CLOUDINIT, json!({ "vmid": 101 }));
    entries.as_array().and_then(|all| all.iter().find(|entry| entry["key"] == key)).cloned().unwrap_or_default()
}

/// Resets the VM and lets its guest boot; the instance that its cloud-init then runs for.
fn after_reset(lab: &mut Lab) -> Option<String> {
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/reset", json!({ "vmid": 101 })), "OK");
    lab.world.advance_by_us(200_000_000);
    lab.vm(101).guest.as_ref().and_then(|guest| guest.instance_id.clone())
}

#[test]
fn pve_s5a_the_drive_of_a_running_vm_lags_behind_its_options_until_it_is_written_anew() {
    let mut lab = Lab::with_guest();
    let first = lab.vm(101).guest.as_ref().and_then(|guest| guest.instance_id.clone());
    assert!(put(&mut lab, json!({ "ciuser": "tech", "cipassword": "hunter22", "delete": "sshkeys" })).is_ok());
    assert_eq!(lab.get(CONFIG, json!({ "vmid": 101, "current": 1 }))["ciuser"], "tech");
    assert_eq!(on_drive(&mut lab, "ciuser"), json!({ "key": "ciuser", "value": "debian", "pending": "tech" }));
    assert_eq!(on_drive(&mut lab, "cipassword"), json!({ "key": "cipassword", "pending": "**********" }));
    assert_eq!(on_drive(&mut lab, "sshkeys"), json!({ "key": "sshkeys", "value": KEY, "delete": 1 }));
    assert_eq!(after_reset(&mut lab), first, "the guest reads the drive that is there");
    assert_eq!(lab.call("PUT", CLOUDINIT, json!({ "vmid": 101 })), Ok(Value::Null));
    assert_eq!(on_drive(&mut lab, "ciuser"), json!({ "key": "ciuser", "value": "tech" }));
    assert_eq!(on_drive(&mut lab, "sshkeys"), Value::Null);
    assert_eq!(run(&mut lab, 101, "id -un tech").exit, 1, "nothing happens before the guest boots again");
    assert_eq!(run(&mut lab, 101, "reboot").exit, 0);
    lab.world.advance_by_us(200_000_000);
    assert_eq!(run(&mut lab, 101, "id -un tech").stdout, "tech\n");
    assert_ne!(after_reset(&mut lab), first);
}

#[test]
fn pve_s5a_a_value_that_is_set_back_waits_for_nothing_and_a_start_writes_the_drive() {
    let mut lab = Lab::with_guest();
    for user in ["tech", "debian"] {
        assert!(put(&mut lab, json!({ "ciuser": user })).is_ok());
    }
    assert_eq!(on_drive(&mut lab, "ciuser"), json!({ "key": "ciuser", "value": "debian" }));
    assert!(put(&mut lab, json!({ "ciuser": "tech" })).is_ok());
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/reboot", json!({ "vmid": 101 })), "OK");
    assert_eq!(on_drive(&mut lab, "ciuser"), json!({ "key": "ciuser", "value": "tech" }));
}

#[test]
fn pve_s5a_with_hotplug_cloudinit_a_change_writes_the_drive() {
    let mut lab = Lab::with_guest();
    assert!(put(&mut lab, json!({ "hotplug": "network,disk,usb,cloudinit" })).is_ok());
    assert!(put(&mut lab, json!({ "ciuser": "tech" })).is_ok());
    assert_eq!(on_drive(&mut lab, "ciuser"), json!({ "key": "ciuser", "value": "tech" }));
    after_reset(&mut lab);
    assert_eq!(run(&mut lab, 101, "id -un tech").stdout, "tech\n");
}

#[test]
fn pve_s5c_processors_and_memory_are_plugged_where_hotplug_says_so_from_the_start() {
    let mut lab = Lab::with_vm();
    assert!(put(&mut lab, json!({ "hotplug": "cpu,memory", "cores": 4, "vcpus": 2 })).is_ok());
    let start = "/nodes/{node}/qemu/{vmid}/status/start";
    assert_eq!(lab.task("POST", start, json!({ "vmid": 101 })), "NUMA needs to be enabled for memory hotplug");
    assert!(put(&mut lab, json!({ "numa": 1 })).is_ok());
    assert_eq!(lab.task("POST", start, json!({ "vmid": 101 })), "OK");
    assert!(put(&mut lab, json!({ "vcpus": 3, "memory": "4700" })).is_ok());
    assert_eq!(lab.get(CONFIG, json!({ "vmid": 101, "current": 1 }))["memory"], "5120", "modules of 512 MiB");
    assert_eq!(lab.vm(101).cpus(), 3);
    assert!(put(&mut lab, json!({ "hotplug": "network" })).is_ok());
    assert_eq!(lab.vm(101).option("hotplug"), Some("cpu,memory"), "QEMU has to be started again for that");
    let refusal = put(&mut lab, json!({ "vcpus": 5 }));
    assert_eq!(refusal, Err(Refusal::param("vcpus", "hotplug problem - you can't add more vcpus than maxcpus")));
}

#[test]
fn pve_s5c_hotplug_1_means_the_default_features_only() {
    let mut lab = Lab::with_guest();
    assert!(put(&mut lab, json!({ "hotplug": "1" })).is_ok());
    assert!(put(&mut lab, json!({ "memory": "8192", "net1": "virtio,bridge=vmbr0" })).is_ok());
    assert_eq!(lab.vm(101).option("memory"), Some("4096"));
    assert!(lab.vm(101).option("net1").is_some());
}

#[test]
fn pve_s5c_a_failed_hotplug_is_400_with_everything_else_applied() {
    let mut lab = Lab::with_guest();
    lab.vm(101).hotplug_problems.insert("net1".to_owned(), "no free slot".to_owned());
    let refusal = put(&mut lab, json!({ "net1": "virtio,bridge=vmbr0", "name": "rose" }));
    assert_eq!(refusal, Err(Refusal::param("net1", "hotplug problem - no free slot")));
    assert_eq!(lab.vm(101).option("name"), Some("rose"));
    assert_eq!(lab.vm(101).option("net1"), None);
}

#[test]
fn pve_s5c_deleting_a_disk_makes_it_unused_and_deleting_that_destroys_it() {
    let mut lab = Lab::with_vm();
    assert!(put(&mut lab, json!({ "scsi1": "local-lvm:4" })).is_ok());
    assert!(put(&mut lab, json!({ "delete": "scsi1" })).is_ok());
    assert_eq!(lab.vm(101).option("unused0"), Some("local-lvm:vm-101-disk-1"));
    assert!(lab.pve().storages["local-lvm"].volumes.contains_key("vm-101-disk-1"));
    assert!(put(&mut lab, json!({ "delete": "unused0" })).is_ok());
    assert_eq!(lab.vm(101).option("unused0"), None);
    assert!(!lab.pve().storages["local-lvm"].volumes.contains_key("vm-101-disk-1"));
}

#[test]
fn pve_s5c_force_destroys_a_disk_at_once() {
    let mut lab = Lab::with_vm();
    assert!(put(&mut lab, json!({ "scsi1": "local-lvm:4" })).is_ok());
    assert!(put(&mut lab, json!({ "delete": "scsi1", "force": 1 })).is_ok());
    assert_eq!(lab.vm(101).option("unused0"), None);
    assert!(!lab.pve().storages["local-lvm"].volumes.contains_key("vm-101-disk-1"));
}

#[test]
fn pve_s5c_protection_blocks_disk_removal_and_destruction() {
    let mut lab = Lab::with_vm();
    assert!(put(&mut lab, json!({ "protection": 1 })).is_ok());
    let refusal = put(&mut lab, json!({ "delete": "scsi0" }));
    assert_eq!(refusal, Err(died("can't remove drive 'scsi0' - protection mode enabled")));
    let refusal = lab.refused("DELETE", "/nodes/{node}/qemu/{vmid}", json!({ "vmid": 101 }));
    assert_eq!(refusal, died("can't remove VM 101 - protection mode enabled"));
}

#[test]
fn pve_s5c_a_locked_vm_is_not_changed() {
    let mut lab = Lab::with_vm();
    lab.vm(101).config.insert("lock".to_owned(), "backup".to_owned());
    assert_eq!(put(&mut lab, json!({ "cores": 4 })), Err(died("VM is locked (backup)")));
}

#[test]
fn pve_s13_only_root_by_ticket_passes_over_a_lock() {
    let mut lab = Lab::with_vm();
    lab.vm(101).config.insert("lock".to_owned(), "backup".to_owned());
    assert_eq!(put(&mut lab, json!({ "cores": 4, "skiplock": 1 })), Ok(Value::Null));
    lab.as_token();
    let refusal = put(&mut lab, json!({ "cores": 4, "skiplock": 1 }));
    assert_eq!(refusal, Err(Refusal::param("skiplock", "Only root may use this option.")));
}

#[test]
fn pve_s5d_a_resize_is_a_task_and_a_relative_one_is_not_idempotent() {
    let mut lab = Lab::with_vm();
    for expected in [13, 23] {
        let upid = lab.started("PUT", RESIZE, json!({ "vmid": 101, "disk": "scsi0", "size": "+10G" }));
        assert!(upid.contains(":resize:101:"), "{upid}");
        assert_eq!(lab.wait(&upid), "OK");
        assert_eq!(lab.vm(101).boot_disk().and_then(|(_, disk)| disk.size()), Some(expected * GIB));
    }
}

#[test]
fn pve_s5d_absolute_same_size_resize_is_a_no_op() {
    let mut lab = Lab::with_vm();
    for _ in 0..2 {
        assert_eq!(lab.task("PUT", RESIZE, json!({ "vmid": 101, "disk": "scsi0", "size": "40G" })), "OK");
        assert_eq!(lab.pve().storages["local-lvm"].volumes["vm-101-disk-0"].size_bytes, 40 * GIB);
    }
}

#[test]
fn pve_s5d_shrinking_is_refused() {
    let mut lab = Lab::with_vm();
    let exit = lab.task("PUT", RESIZE, json!({ "vmid": 101, "disk": "scsi0", "size": "1G" }));
    assert_eq!(exit, "shrinking disks is not supported");
}

#[test]
fn pve_s11_every_new_rule_stands_first_and_is_inert_without_enable() {
    let mut lab = Lab::with_vm();
    for port in ["22", "443"] {
        let rule = json!({ "vmid": 101, "type": "in", "action": "ACCEPT", "proto": "tcp", "dport": port });
        assert_eq!(lab.call("POST", RULES, rule), Ok(Value::Null));
    }
    let rules = lab.get(RULES, json!({ "vmid": 101 }));
    assert_eq!((&rules[0]["dport"], &rules[0]["pos"], &rules[0]["enable"]), (&json!("443"), &json!(0), &json!(0)));
    assert_eq!((&rules[1]["dport"], &rules[1]["pos"]), (&json!("22"), &json!(1)));
}

#[test]
fn pve_s11_the_digest_guards_rules() {
    let mut lab = Lab::with_vm();
    let rule = json!({ "vmid": 101, "type": "in", "action": "ACCEPT", "enable": 1 });
    assert!(lab.call("POST", RULES, rule.clone()).is_ok());
    let digest = lab.get(RULES, json!({ "vmid": 101 }))[0]["digest"].clone();
    assert!(lab.call("POST", RULES, rule).is_ok());
    let position = "/nodes/{node}/qemu/{vmid}/firewall/rules/{pos}";
    let refusal = lab.refused("DELETE", position, json!({ "vmid": 101, "pos": 0, "digest": digest }));
    assert_eq!(refusal, died("detected modified configuration - file changed by other user? Try again."));
    assert!(lab.call("DELETE", position, json!({ "vmid": 101, "pos": 1 })).is_ok());
    assert_eq!(lab.get(RULES, json!({ "vmid": 101 })).as_array().map(Vec::len), Some(1));
}

#[test]
fn pve_s11_firewall_options_are_kept_and_shown_with_their_types() {
    let mut lab = Lab::with_vm();
    let path = "/nodes/{node}/qemu/{vmid}/firewall/options";
    let set = json!({ "vmid": 101, "enable": 1, "policy_in": "DROP" });
    assert_eq!(lab.call("PUT", path, set), Ok(Value::Null));
    let options = lab.get(path, json!({ "vmid": 101 }));
    assert_eq!((&options["enable"], &options["policy_in"]), (&json!(1), &json!("DROP")));
}
