//! Sections 5a (create), 5b (clone) and 12 (the race for ids).

use accolades::lab::pve::call::Refusal;
use accolades::lab::pve::state::{FailNext, Outcome};
use serde_json::{Value, json};

use super::{IMAGE, Lab, died, typical};

const CREATE: &str = "/nodes/{node}/qemu";
const CONFIG: &str = "/nodes/{node}/qemu/{vmid}/config";
const CLONE: &str = "/nodes/{node}/qemu/{vmid}/clone";

fn with(mut params: Value, key: &str, value: &str) -> Value {
    params[key] = json!(value);
    params
}

fn with_template() -> Lab {
    let mut lab = Lab::with_vm();
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/template", json!({ "vmid": 101 })), "OK");
    lab
}

#[test]
fn pve_s5a_the_typical_vm_is_created_by_a_task_of_type_qmcreate() {
    let mut lab = Lab::with_image();
    let upid = lab.started("POST", CREATE, typical(101));
    assert!(upid.contains(":qmcreate:101:root@pam:"), "{upid}");
    assert_eq!(lab.get(CONFIG, json!({ "vmid": 101 }))["lock"], "create");
    assert_eq!(lab.wait(&upid), "OK");
    let config = lab.get(CONFIG, json!({ "vmid": 101 }));
    assert_eq!(config["scsi0"], "local-lvm:vm-101-disk-0,discard=on,iothread=1,size=3G,ssd=1");
    assert_eq!(config["ide2"], "local-lvm:vm-101-cloudinit,media=cdrom");
    assert_eq!(config["boot"], "order=scsi0");
    assert_eq!(config["cores"], 2);
    assert_eq!(config["memory"], "4096");
    assert_eq!(config["onboot"], 1);
    assert_eq!(config["tags"], "accolades;coop");
    assert!(config.get("lock").is_none());
    for key in ["digest", "meta", "smbios1", "vmgenid"] {
        assert!(config[key].is_string(), "{key}");
    }
    let card = config["net0"].as_str().expect("a card");
    assert!(card.starts_with("virtio=BC:24:11:") && card.ends_with(",bridge=vmbr0"), "{card}");
}

#[test]
fn pve_s5a_new_disks_are_allocated_in_gib_with_decimals() {
    let mut lab = Lab::new();
    assert_eq!(lab.task("POST", CREATE, json!({ "vmid": 7_00, "scsi0": "local-lvm:0.5" })), "OK");
    assert_eq!(lab.get(CONFIG, json!({ "vmid": 700 }))["scsi0"], "local-lvm:vm-700-disk-0,size=512M");
}

#[test]
fn pve_s5a_import_from_demands_size_zero() {
    let mut lab = Lab::with_image();
    let refusal = lab.refused("POST", CREATE, with(typical(101), "scsi0", &format!("local-lvm:8,import-from={IMAGE}")));
    let expected =
        Refusal::param("scsi0", "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>");
    assert_eq!(refusal, expected);
}

#[test]
fn pve_s5a_an_imported_disk_keeps_the_images_virtual_size() {
    let mut lab = Lab::with_vm();
    assert_eq!(lab.vm(101).boot_disk().and_then(|(_, disk)| disk.size()), Some(3 * 1024 * 1024 * 1024));
}

#[test]
fn pve_s5a_an_absolute_path_is_for_root_by_ticket_only() {
    let mut lab = Lab::with_image();
    lab.pve().access.add_token("root@pam", "boss", false, "secret");
    lab.caller.token = Some("boss".to_owned());
    let drive = "local-lvm:0,import-from=/root/debian.qcow2";
    let refusal = lab.refused("POST", CREATE, json!({ "vmid": 102, "scsi0": drive }));
    assert_eq!(refusal, died("Only root can pass arbitrary filesystem paths."));
}

#[test]
fn pve_s5a_images_of_the_wrong_type_are_refused() {
    let mut lab = Lab::with_image();
    let refusal =
        lab.refused("POST", CREATE, json!({ "vmid": 102, "scsi0": "local-lvm:0,import-from=local:iso/debian.iso" }));
    let text = "local:iso/debian.iso has wrong type 'iso' - needs to be 'images' or 'import'";
    assert_eq!(refusal, Refusal::param("scsi0", text));
}

#[test]
fn pve_s5a_a_storage_without_images_cannot_carry_disks() {
    let mut lab = Lab::new();
    let refusal = lab.refused("POST", CREATE, json!({ "vmid": 102, "scsi0": "local:8" }));
    assert_eq!(refusal, Refusal::param("storage", "storage 'local' does not support vm images"));
}

#[test]
fn pve_s5a_there_is_only_one_cloud_init_drive() {
    let mut lab = Lab::new();
    let exit =
        lab.task("POST", CREATE, json!({ "vmid": 102, "ide2": "local-lvm:cloudinit", "ide3": "local-lvm:cloudinit" }));
    assert_eq!(exit, "unable to create VM 102 - ide3 - cloud-init drive is already attached at 'ide2'");
    assert!(lab.pve().vms.is_empty() && lab.pve().storages["local-lvm"].volumes.is_empty());
}

#[test]
fn pve_s5a_ssh_keys_are_percent_encoded_and_must_be_keys() {
    let mut lab = Lab::with_vm();
    let dump = lab.get("/nodes/{node}/qemu/{vmid}/cloudinit/dump", json!({ "vmid": 101, "type": "user" }));
    assert!(dump.as_str().is_some_and(|text| text.contains("  - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ coop\n")));
    let refusal = lab.refused("POST", CREATE, json!({ "vmid": 102, "sshkeys": "nonsense" }));
    assert_eq!(refusal, died("SSH public key validation error"));
}

#[test]
fn pve_s5a_a_password_given_at_creation_stands_in_clear_in_the_configuration() {
    let mut lab = Lab::with_image();
    assert_eq!(lab.task("POST", CREATE, with(typical(101), "cipassword", "hunter22")), "OK");
    assert_eq!(lab.vm(101).option("cipassword"), Some("hunter22"));
    assert_eq!(lab.get(CONFIG, json!({ "vmid": 101 }))["cipassword"], "**********");
    assert!(lab.call("PUT", CONFIG, json!({ "vmid": 101, "cipassword": "hunter22" })).is_ok());
    assert!(lab.vm(101).option("cipassword").is_some_and(|text| text.starts_with("$5$") && !text.contains("hunter22")));
}

#[test]
fn pve_s5a_packages_are_upgraded_at_first_boot_unless_told_otherwise() {
    let mut lab = Lab::with_image();
    let mut params = typical(101);
    params.as_object_mut().expect("an object").remove("ciupgrade");
    assert_eq!(lab.task("POST", CREATE, params), "OK");
    let dump = lab.get("/nodes/{node}/qemu/{vmid}/cloudinit/dump", json!({ "vmid": 101, "type": "user" }));
    assert!(dump.as_str().is_some_and(|text| text.contains("package_upgrade: true")));
}

#[test]
fn pve_s5a_a_snippet_must_stand_on_a_storage_for_snippets() {
    let mut lab = Lab::with_image();
    if let Some(local) = lab.pve().storages.get_mut("local") {
        local.options.insert("content".to_owned(), "iso,import".to_owned());
    }
    let refusal = lab.refused("POST", CREATE, typical(101));
    assert_eq!(refusal, died("storage 'local' does not support content type 'snippets'"));
}

#[test]
fn pve_s5a_a_failed_task_removes_configuration_and_disks() {
    let mut lab = Lab::with_image();
    let error = Outcome::Error("lvcreate 'pve/vm-101-disk-0' error: no luck".to_owned());
    lab.pve().fail_next.push(FailNext { task_type: "qmcreate".to_owned(), outcome: error });
    let exit = lab.task("POST", CREATE, typical(101));
    assert_eq!(exit, "unable to create VM 101 - lvcreate 'pve/vm-101-disk-0' error: no luck");
    assert!(lab.pve().vms.is_empty() && lab.pve().storages["local-lvm"].volumes.is_empty());
    assert_eq!(lab.task("POST", CREATE, typical(101)), "OK");
}

#[test]
fn pve_s5a_a_full_storage_fails_the_task() {
    let mut lab = Lab::with_image();
    lab.pve().storages.get_mut("local-lvm").expect("the pool").full = true;
    let exit = lab.task("POST", CREATE, typical(101));
    assert!(exit.starts_with("unable to create VM 101 - ") && exit.contains("free space in thin pool"), "{exit}");
    assert!(lab.pve().vms.is_empty() && lab.pve().storages["local-lvm"].volumes.is_empty());
}

#[test]
fn pve_s5a_start_1_leaves_the_task_ok_although_the_start_fails() {
    let mut lab = Lab::with_image();
    let mut params = with(typical(101), "net0", "virtio,bridge=vmbr9");
    params["start"] = json!(1);
    assert_eq!(lab.task("POST", CREATE, params), "OK");
    let start = lab.pve().tasks.iter().find(|task| task.kind == "qmstart").map(|task| task.upid.clone());
    assert_eq!(lab.wait(&start.expect("a start was tried")), "start failed: QEMU exited with code 1");
    assert!(!lab.vm(101).running());
}

#[test]
fn pve_s12_an_id_in_use_is_refused_before_any_task() {
    let mut lab = Lab::with_vm();
    let tasks = lab.pve().tasks.len();
    let refusal = lab.refused("POST", CREATE, typical(101));
    assert_eq!(refusal, died("unable to create VM 101 - VM 101 already exists on node 'pve1'"));
    assert_eq!(lab.pve().tasks.len(), tasks);
}

#[test]
fn pve_s12_an_id_is_taken_from_the_moment_the_task_starts() {
    let mut lab = Lab::with_image();
    lab.started("POST", CREATE, typical(101));
    assert!(matches!(lab.refused("POST", CREATE, typical(101)), Refusal::Status(500, _)));
    assert_eq!(lab.get("/cluster/nextid", json!({})), "100");
}

#[test]
fn pve_s12_ids_of_destroyed_vms_are_proposed_again() {
    let mut lab = Lab::new();
    assert_eq!(lab.task("POST", CREATE, json!({ "vmid": 100 })), "OK");
    assert_eq!(lab.get("/cluster/nextid", json!({})), "101");
    assert_eq!(lab.task("DELETE", "/nodes/{node}/qemu/{vmid}", json!({ "vmid": 100 })), "OK");
    assert_eq!(lab.get("/cluster/nextid", json!({})), "100");
}

#[test]
fn pve_s11_a_new_vm_joins_the_pool_that_was_named() {
    let mut lab = Lab::with_image();
    lab.pve().access.pools.insert("clients".to_owned(), accolades::lab::pve::access::Pool::default());
    assert_eq!(lab.task("POST", CREATE, with(typical(101), "pool", "clients")), "OK");
    assert_eq!(lab.pve().access.pool_of(101), Some("clients"));
    let refusal = lab.refused("POST", CREATE, with(typical(102), "pool", "nobody"));
    assert_eq!(refusal, Refusal::Status(403, "Permission check failed (pool 'nobody' does not exist)".to_owned()));
}

#[test]
fn pve_s5b_task_id_of_a_clone_is_the_source() {
    let mut lab = with_template();
    let upid = lab.started("POST", CLONE, json!({ "vmid": 101, "newid": 102 }));
    assert!(upid.contains(":qmclone:101:"), "{upid}");
}

#[test]
fn pve_s5b_a_template_is_cloned_by_link_unless_full_is_asked_for() {
    let mut lab = with_template();
    assert_eq!(lab.vm(101).option("scsi0"), Some("local-lvm:base-101-disk-0,discard=on,iothread=1,size=3G,ssd=1"));
    assert_eq!(lab.task("POST", CLONE, json!({ "vmid": 101, "newid": 102 })), "OK");
    assert_eq!(lab.task("POST", CLONE, json!({ "vmid": 101, "newid": 103, "full": 1 })), "OK");
    let pool = &lab.pve().storages["local-lvm"].volumes;
    assert_eq!(pool["vm-102-disk-0"].parent.as_deref(), Some("local-lvm:base-101-disk-0"));
    assert_eq!(pool["vm-103-disk-0"].parent, None);
}

#[test]
fn pve_s5b_storage_and_format_are_refused_for_linked_clones() {
    let mut lab = with_template();
    for name in ["storage", "format"] {
        let value = if name == "storage" { "local-lvm" } else { "raw" };
        let refusal = lab.refused("POST", CLONE, json!({ "vmid": 101, "newid": 102, name: value }));
        assert_eq!(refusal, died(&format!("parameter '{name}' not allowed for linked clones")));
    }
}

#[test]
fn pve_s5b_a_clone_without_a_name_is_called_copy_of_vm() {
    let mut lab = with_template();
    assert_eq!(lab.task("POST", CLONE, json!({ "vmid": 101, "newid": 102 })), "OK");
    assert_eq!(lab.vm(102).option("name"), Some("Copy-of-VM-lilas"));
}

#[test]
fn pve_s5b_a_clone_has_new_addresses_and_uuids_and_everything_else_copied() {
    let mut lab = with_template();
    let set = json!({ "vmid": 101, "protection": 1, "description": "golden" });
    assert!(lab.call("PUT", CONFIG, set).is_ok());
    let rule = json!({ "vmid": 101, "type": "in", "action": "ACCEPT", "enable": 1 });
    assert!(lab.call("POST", "/nodes/{node}/qemu/{vmid}/firewall/rules", rule).is_ok());
    assert_eq!(lab.task("POST", CLONE, json!({ "vmid": 101, "newid": 102, "name": "rose" })), "OK");
    let (source, copy) = (lab.vm(101).clone(), lab.vm(102).clone());
    for key in ["net0", "smbios1", "vmgenid"] {
        assert_ne!(source.option(key), copy.option(key), "{key}");
    }
    for key in ["onboot", "protection", "tags", "description", "sshkeys", "ipconfig0", "cicustom"] {
        assert_eq!(source.option(key), copy.option(key), "{key}");
    }
    assert_eq!(source.firewall, copy.firewall);
    assert!(!copy.template());
}

#[test]
fn pve_s5b_the_new_vm_is_locked_while_it_is_cloned() {
    let mut lab = with_template();
    let upid = lab.started("POST", CLONE, json!({ "vmid": 101, "newid": 102 }));
    assert_eq!(lab.get(CONFIG, json!({ "vmid": 102 }))["lock"], "clone");
    let refusal = lab.refused("PUT", CONFIG, json!({ "vmid": 102, "name": "rose" }));
    assert_eq!(refusal, died("VM is locked (clone)"));
    let other = lab.started("POST", CLONE, json!({ "vmid": 101, "newid": 103 }));
    assert_eq!((lab.wait(&upid), lab.wait(&other)), ("OK".to_owned(), "OK".to_owned()));
}

#[test]
fn pve_s5b_a_failed_clone_frees_disks_and_configuration() {
    let mut lab = with_template();
    let before = lab.pve().storages["local-lvm"].volumes.len();
    let text = "can't lock file '/var/lock/pve-manager/pve-storage-local-lvm' - got timeout";
    let outcome = Outcome::Error(text.to_owned());
    lab.pve().fail_next.push(FailNext { task_type: "qmclone".to_owned(), outcome });
    let exit = lab.task("POST", CLONE, json!({ "vmid": 101, "newid": 102 }));
    assert_eq!(exit, format!("clone failed: {text}"));
    assert!(!lab.pve().vms.contains_key(&102));
    assert_eq!(lab.pve().storages["local-lvm"].volumes.len(), before);
}

#[test]
fn pve_s12_a_clone_onto_an_id_in_use_is_refused() {
    let mut lab = with_template();
    let refusal = lab.refused("POST", CLONE, json!({ "vmid": 101, "newid": 101 }));
    assert_eq!(refusal, died("unable to create VM 101: config file already exists"));
}
