//! Section 11: what a token needs, and what it is refused without it.

use accolades::lab::pve::call::Refusal;
use serde_json::json;

use super::{Lab, typical};

const CREATE: &str = "/nodes/{node}/qemu";

/// The everyday token of section 11.
fn with_everyday_token() -> Lab {
    let mut lab = Lab::with_image();
    let access = &mut lab.pve().access;
    access.add_user("coop@pve", None);
    access.add_token("coop@pve", "app", true, "secret");
    access.add_pool("clients", &[], &[]);
    access.add_role(
        "CoopVm",
        &[
            "VM.Allocate",
            "VM.Audit",
            "VM.Clone",
            "VM.Backup",
            "VM.PowerMgmt",
            "VM.Snapshot",
            "VM.Config.Disk",
            "VM.Config.CPU",
            "VM.Config.Memory",
            "VM.Config.Network",
            "VM.Config.HWType",
            "VM.Config.Options",
            "VM.Config.Cloudinit",
            "VM.Config.CDROM",
            "VM.GuestAgent.Audit",
            "Pool.Audit",
        ],
    );
    access.add_role("CoopStore", &["Datastore.AllocateSpace", "Datastore.Audit"]);
    access.add_role("CoopNet", &["SDN.Use"]);
    for holder in ["coop@pve", "coop@pve!app"] {
        access.grant("/pool/clients", holder, "CoopVm");
        access.grant("/storage/local-lvm", holder, "CoopStore");
        access.grant("/storage/local", holder, "CoopStore");
        access.grant("/sdn/zones/localnetwork/vmbr0", holder, "CoopNet");
    }
    lab.as_token();
    lab
}

fn in_pool(vmid: u32) -> serde_json::Value {
    let mut params = typical(vmid);
    params["pool"] = json!("clients");
    params
}

#[test]
fn pve_s11_the_least_privileges_are_enough_for_a_vm_in_the_pool() {
    let mut lab = with_everyday_token();
    assert_eq!(lab.task("POST", CREATE, in_pool(101)), "OK");
    let set = json!({ "vmid": 101, "cores": 4, "delete": "serial0", "net1": "virtio,bridge=vmbr0" });
    assert!(lab.call("PUT", "/nodes/{node}/qemu/{vmid}/config", set).is_ok());
    let size = json!({ "vmid": 101, "disk": "scsi0", "size": "40G" });
    assert_eq!(lab.task("PUT", "/nodes/{node}/qemu/{vmid}/resize", size), "OK");
    assert_eq!(lab.get("/cluster/resources", json!({ "type": "vm" })).as_array().map(Vec::len), Some(1));
}

#[test]
fn pve_s11_without_the_pool_a_new_vm_is_not_covered() {
    let mut lab = with_everyday_token();
    let refusal = lab.refused("POST", CREATE, typical(101));
    assert_eq!(refusal, Refusal::Status(403, "Permission check failed".to_owned()));
}

#[test]
fn pve_s11_a_missing_privilege_is_named_with_its_path() {
    let mut lab = with_everyday_token();
    lab.pve().access.acl.remove("/sdn/zones/localnetwork/vmbr0");
    let refusal = lab.refused("POST", CREATE, in_pool(101));
    let text = "Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)";
    assert_eq!(refusal, Refusal::Status(403, text.to_owned()));
    lab.pve().access.acl.remove("/storage/local-lvm");
    let refusal = lab.refused("POST", CREATE, in_pool(101));
    let text = "Permission check failed (/storage/local-lvm, Datastore.AllocateSpace)";
    assert_eq!(refusal, Refusal::Status(403, text.to_owned()));
}

#[test]
fn pve_s5a_a_start_order_needs_more_than_the_vm() {
    let mut lab = with_everyday_token();
    let mut params = in_pool(101);
    params["startup"] = json!("order=1");
    let refusal = lab.refused("POST", CREATE, params);
    assert_eq!(refusal, Refusal::Status(403, "Permission check failed (/, Sys.Modify)".to_owned()));
    let mut params = in_pool(101);
    params["args"] = json!("-foo");
    assert_eq!(lab.refused("POST", CREATE, params), Refusal::died("only root can set 'args' config"));
}

#[test]
fn pve_s6_a_destroyed_vm_loses_pool_and_permissions() {
    let mut lab = with_everyday_token();
    assert_eq!(lab.task("POST", CREATE, in_pool(101)), "OK");
    lab.pve().access.grant("/vms/101", "coop@pve", "CoopVm");
    assert_eq!(lab.task("DELETE", "/nodes/{node}/qemu/{vmid}", json!({ "vmid": 101 })), "OK");
    let access = &lab.pve().access;
    assert!(access.pool_of(101).is_none() && !access.acl.contains_key("/vms/101"));
}
