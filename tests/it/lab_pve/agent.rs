//! Section 7: the guest agent.

use serde_json::json;

use super::{Lab, died};

const PING: &str = "/nodes/{node}/qemu/{vmid}/agent/ping";
const EXEC: &str = "/nodes/{node}/qemu/{vmid}/agent/exec";
const EXEC_STATUS: &str = "/nodes/{node}/qemu/{vmid}/agent/exec-status";
const READ: &str = "/nodes/{node}/qemu/{vmid}/agent/file-read";
const WRITE: &str = "/nodes/{node}/qemu/{vmid}/agent/file-write";

fn agent(question: &str) -> String {
    format!("/nodes/{{node}}/qemu/{{vmid}}/agent/{question}")
}

#[test]
fn pve_s7_the_agents_errors_come_in_this_order() {
    let mut lab = Lab::with_vm();
    let vm = json!({ "vmid": 101 });
    assert_eq!(lab.refused("POST", PING, vm.clone()), died("VM 101 is not running"));
    assert!(lab.call("PUT", "/nodes/{node}/qemu/{vmid}/config", json!({ "vmid": 101, "delete": "agent" })).is_ok());
    assert_eq!(lab.refused("POST", PING, vm), died("No QEMU guest agent configured"));
}

#[test]
fn pve_s7_the_agent_is_silent_for_tens_of_seconds_while_the_guest_boots() {
    let mut lab = Lab::with_vm();
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/start", json!({ "vmid": 101 })), "OK");
    let mut waited = 0;
    while lab.call("POST", PING, json!({ "vmid": 101 })).is_err() {
        assert_eq!(lab.refused("POST", PING, json!({ "vmid": 101 })), died("QEMU guest agent is not running"));
        lab.world.advance_by_us(1_000_000);
        waited += 1;
        assert!(waited < 120, "the agent never answers");
    }
    assert!(waited >= 10, "answered after {waited} s");
    assert_eq!(lab.call("POST", PING, json!({ "vmid": 101 })), Ok(json!({ "result": {} })));
}

#[test]
fn pve_s7_without_the_vendor_snippet_no_agent_ever_answers() {
    let mut lab = Lab::with_image();
    let mut params = super::typical(101);
    params.as_object_mut().expect("an object").remove("cicustom");
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu", params), "OK");
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/start", json!({ "vmid": 101 })), "OK");
    lab.world.advance_by_us(600_000_000);
    assert_eq!(lab.refused("POST", PING, json!({ "vmid": 101 })), died("QEMU guest agent is not running"));
}

#[test]
fn pve_s7_interfaces_show_the_addresses_of_cloud_init() {
    let mut lab = Lab::with_guest();
    let answer = lab.get(&agent("network-get-interfaces"), json!({ "vmid": 101 }));
    let card = &answer["result"][1];
    assert_eq!(card["name"], "eth0");
    assert!(card["hardware-address"].as_str().is_some_and(|mac| mac.starts_with("bc:24:11:")));
    let address = json!({ "ip-address": "192.0.2.10", "ip-address-type": "ipv4", "prefix": 24 });
    assert!(card["ip-addresses"].as_array().is_some_and(|all| all.contains(&address)), "{card}");
}

#[test]
fn pve_s7_a_lease_stays_with_the_hardware_address() {
    let mut lab = Lab::with_image();
    let mut params = super::typical(101);
    params["ipconfig0"] = json!("ip=dhcp");
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu", params), "OK");
    let mut seen = Vec::new();
    for _ in 0..2 {
        assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/start", json!({ "vmid": 101 })), "OK");
        lab.world.advance_by_us(200_000_000);
        seen.push(
            lab.get(&agent("network-get-interfaces"), json!({ "vmid": 101 }))["result"][1]["ip-addresses"].clone(),
        );
        assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/stop", json!({ "vmid": 101 })), "OK");
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0][0]["ip-address"].as_str().is_some_and(|address| address.starts_with("192.0.2.")), "{}", seen[0]);
}

#[test]
fn pve_s7_host_name_and_system_are_told() {
    let mut lab = Lab::with_guest();
    assert_eq!(lab.get(&agent("get-host-name"), json!({ "vmid": 101 })), json!({ "result": { "host-name": "lilas" } }));
    let system = lab.get(&agent("get-osinfo"), json!({ "vmid": 101 }));
    assert_eq!((&system["result"]["id"], &system["result"]["version-id"]), (&json!("debian"), &json!("12")));
}

#[test]
fn pve_s7_an_exit_is_reported_once() {
    let mut lab = Lab::with_guest();
    let answer = lab.call("POST", EXEC, json!({ "vmid": 101, "command": ["/bin/hostname"] }));
    let pid = answer.expect("a process")["pid"].clone();
    lab.world.advance_by_us(5_000_000);
    let status = lab.get(EXEC_STATUS, json!({ "vmid": 101, "pid": pid }));
    assert_eq!(status, json!({ "exited": 1, "exitcode": 0, "out-data": "lilas\n" }));
    let refusal = lab.refused("GET", EXEC_STATUS, json!({ "vmid": 101, "pid": pid }));
    assert_eq!(refusal, died(&format!("Agent error: PID {pid} does not exist")));
}

#[test]
fn pve_s7_a_killed_program_has_a_signal_and_no_exit_status() {
    let mut lab = Lab::with_guest();
    let mut end = |line: &str| {
        let answer = lab.call("POST", EXEC, json!({ "vmid": 101, "command": ["sh", "-c", line] }));
        let pid = answer.expect("a process")["pid"].clone();
        lab.world.advance_by_us(5_000_000);
        lab.get(EXEC_STATUS, json!({ "vmid": 101, "pid": pid }))
    };
    let killed = end("echo begun; (echo inside; kill -KILL $$); echo never");
    assert_eq!(killed, json!({ "exited": 1, "signal": 9, "out-data": "begun\ninside\n" }));
    assert_eq!(end("kill $$"), json!({ "exited": 1, "signal": 15 }));
    assert_eq!(end("exit 137"), json!({ "exited": 1, "exitcode": 137 }));
    let child = end("sh -c 'kill -9 $$'; echo $?");
    assert_eq!(child, json!({ "exited": 1, "exitcode": 0, "out-data": "137\n" }), "only the child dies");
}

#[test]
fn pve_s7_files_are_written_and_read_as_text() {
    let mut lab = Lab::with_guest();
    let write = json!({ "vmid": 101, "file": "/root/note", "content": "bonjour\n" });
    assert_eq!(lab.call("POST", WRITE, write), Ok(serde_json::Value::Null));
    let content = lab.get(READ, json!({ "vmid": 101, "file": "/root/note" }))["content"].clone();
    assert_eq!(content, "bonjour\n");
    let part = lab.get(READ, json!({ "vmid": 101, "file": "/root/note", "count": 3 }));
    assert_eq!((&part["content"], &part["truncated"]), (&json!("bon"), &json!(1)));
    let refusal = lab.refused("GET", READ, json!({ "vmid": 101, "file": "/nope" }));
    let text = "Agent error: failed to open file '/nope' (mode: 'r'): No such file or directory";
    assert_eq!(refusal, died(text));
}
