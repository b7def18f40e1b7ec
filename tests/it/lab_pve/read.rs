//! Section 3: reading.

use accolades::lab::pve::call::Refusal;
use serde_json::{Value, json};

use super::{Lab, died, typical};

fn entry<'a>(list: &'a Value, key: &str, value: &str) -> &'a Value {
    let found = list.as_array().and_then(|all| all.iter().find(|one| one[key] == value));
    found.unwrap_or_else(|| panic!("no {key}={value} in {list}"))
}

#[test]
fn pve_s3_nextid_reserves_nothing_and_names_what_is_taken() {
    let mut lab = Lab::with_vm();
    assert_eq!(lab.get("/cluster/nextid", json!({})), lab.get("/cluster/nextid", json!({})));
    let refusal = lab.refused("GET", "/cluster/nextid", json!({ "vmid": 101 }));
    assert_eq!(refusal, Refusal::param("vmid", "VM 101 already exists"));
    assert_eq!(lab.get("/cluster/nextid", json!({ "vmid": 218 })), "218");
}

#[test]
fn pve_s3_nextid_follows_the_datacenters_range() {
    let mut lab = Lab::new();
    assert_eq!(lab.call("PUT", "/cluster/options", json!({ "next-id": "lower=1000,upper=1001" })), Ok(Value::Null));
    assert_eq!(lab.get("/cluster/options", json!({}))["next-id"], json!({ "lower": 1000, "upper": 1001 }));
    assert_eq!(lab.get("/cluster/nextid", json!({})), "1000");
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu", json!({ "vmid": 1000 })), "OK");
    let refusal = lab.refused("GET", "/cluster/nextid", json!({}));
    assert_eq!(refusal, died("unable to get any free VMID in range [1000, 1000]"));
}

#[test]
fn pve_s3_resources_know_a_fresh_vm_only_after_the_next_broadcast() {
    let mut lab = Lab::with_vm();
    let list = lab.get("/cluster/resources", json!({ "type": "vm" }));
    let fresh = entry(&list, "id", "qemu/101");
    assert_eq!((&fresh["status"], fresh.get("name")), (&json!("unknown"), None));
    lab.world.advance_by_us(10_000_000);
    let list = lab.get("/cluster/resources", json!({ "type": "vm" }));
    let known = entry(&list, "id", "qemu/101");
    assert_eq!((&known["status"], &known["name"]), (&json!("stopped"), &json!("lilas")));
}

#[test]
fn pve_s3_resources_may_show_a_stopped_vm_as_running_still() {
    let mut lab = Lab::with_guest();
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/stop", json!({ "vmid": 101 })), "OK");
    assert_eq!(lab.get("/nodes/{node}/qemu/{vmid}/status/current", json!({ "vmid": 101 }))["status"], "stopped");
    let list = lab.get("/cluster/resources", json!({ "type": "vm" }));
    assert_eq!(entry(&list, "id", "qemu/101")["status"], "running");
}

#[test]
fn pve_s3_what_the_caller_may_not_audit_is_absent() {
    let mut lab = Lab::with_vm();
    lab.as_token();
    assert_eq!(lab.get("/cluster/resources", json!({ "type": "vm" })), json!([]));
    assert_eq!(lab.get("/nodes/{node}/qemu", json!({})), json!([]));
    assert_eq!(lab.get("/nodes/{node}/storage", json!({})), json!([]));
}

#[test]
fn pve_s3_node_status_tells_memory_and_load() {
    let mut lab = Lab::new();
    let status = lab.get("/nodes/{node}/status", json!({}));
    assert!(status["loadavg"].as_array().is_some_and(|all| all.iter().all(Value::is_string)));
    for key in ["total", "used", "free", "available"] {
        assert!(status["memory"][key].is_u64(), "{key}");
    }
    let text = "hostname lookup 'pve9' failed - failed to get address info for: pve9: Name or service not known";
    assert_eq!(lab.refused("GET", "/nodes/{node}/status", json!({ "node": "pve9" })), died(text));
}

#[test]
fn pve_s3_the_fingerprint_is_shown_by_nodes_and_certificates() {
    let mut lab = Lab::new();
    lab.pve().fingerprint = "AB:CD".to_owned();
    assert_eq!(lab.get("/nodes", json!({}))[0]["ssl_fingerprint"], "AB:CD");
    assert_eq!(lab.get("/nodes/{node}/certificates/info", json!({}))[0]["fingerprint"], "AB:CD");
}

#[test]
fn pve_s3_a_storage_out_of_reach_is_listed_inactive_with_zero_sizes() {
    let mut lab = Lab::new();
    lab.pve().storages.get_mut("local-lvm").expect("the pool").offline = true;
    let list = lab.get("/nodes/{node}/storage", json!({}));
    let pool = entry(&list, "storage", "local-lvm");
    assert_eq!((&pool["active"], &pool["total"], &pool["enabled"]), (&json!(0), &json!(0), &json!(1)));
    let local = entry(&list, "storage", "local");
    assert!(local["active"] == 1 && local["avail"].as_u64() > Some(0) && local.get("formats").is_none());
}

#[test]
fn pve_s3_an_unknown_storage_has_no_status() {
    let mut lab = Lab::new();
    let refusal = lab.refused("GET", "/nodes/{node}/storage/{storage}/status", json!({ "storage": "nope" }));
    assert_eq!(refusal, Refusal::param("storage", "No such storage."));
}

#[test]
fn pve_s1_a_missing_vm_is_500() {
    let mut lab = Lab::new();
    let refusal = lab.refused("GET", "/nodes/{node}/qemu/{vmid}/config", json!({ "vmid": 101 }));
    assert_eq!(refusal, died("Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist"));
    let refusal = lab.refused("GET", "/storage/{storage}", json!({ "storage": "x9" }));
    assert_eq!(refusal, died("storage 'x9' does not exist"));
}

#[test]
fn pve_s3_the_digest_changes_with_the_configuration() {
    let mut lab = Lab::with_image();
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu", typical(101)), "OK");
    let digest = |lab: &mut Lab| lab.get("/nodes/{node}/qemu/{vmid}/config", json!({ "vmid": 101 }))["digest"].clone();
    let before = digest(&mut lab);
    assert_eq!(before.as_str().map(str::len), Some(40));
    assert_eq!(digest(&mut lab), before);
    assert!(lab.call("PUT", "/nodes/{node}/qemu/{vmid}/config", json!({ "vmid": 101, "cores": 3 })).is_ok());
    assert_ne!(digest(&mut lab), before);
}
