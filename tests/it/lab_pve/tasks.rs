//! Section 4: tasks.

use accolades::lab::pve::call::Refusal;
use accolades::lab::pve::state::{FailNext, Outcome};
use accolades::lab::pve::tasks::lose_all;
use serde_json::{Value, json};

use super::{Lab, typical};

const CREATE: &str = "/nodes/{node}/qemu";
const STATUS: &str = "/nodes/{node}/tasks/{upid}/status";
const LOG: &str = "/nodes/{node}/tasks/{upid}/log";
const LIST: &str = "/nodes/{node}/tasks";
const STOP: &str = "/nodes/{node}/tasks/{upid}";

#[test]
fn pve_s4_a_upid_has_the_nodes_own_grammar() {
    let mut lab = Lab::with_image();
    let upid = lab.started("POST", CREATE, typical(101));
    let parts: Vec<&str> = upid.split(':').collect();
    assert_eq!(
        (parts[0], parts[1], parts[5], parts[6], parts[7], parts[8]),
        ("UPID", "pve1", "qmcreate", "101", "root@pam", "")
    );
    for hexadecimal in &parts[2..5] {
        assert!(hexadecimal.len() == 8 && hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit()), "{upid}");
    }
    assert_eq!(i64::from_str_radix(parts[4], 16).ok(), Some(lab.world.now.unix_seconds()));
}

#[test]
fn pve_s4_a_forked_task_is_visible_at_once_and_its_status_has_no_end_time() {
    let mut lab = Lab::with_image();
    let upid = lab.started("POST", CREATE, typical(101));
    let running = lab.get(STATUS, json!({ "upid": upid }));
    assert_eq!((&running["status"], running.get("exitstatus")), (&json!("running"), None));
    assert!(running["pid"].is_u64() && running["pstart"].is_u64() && running["starttime"].is_i64());
    lab.wait(&upid);
    let stopped = lab.get(STATUS, json!({ "upid": upid }));
    assert_eq!((&stopped["status"], &stopped["exitstatus"]), (&json!("stopped"), &json!("OK")));
    assert_eq!(stopped.get("endtime"), None);
}

#[test]
fn pve_s4_an_unknown_upid_is_400() {
    let mut lab = Lab::new();
    let unknown = "UPID:pve1:00001234:00001234:68B53A00:qmstart:101:root@pam:";
    assert_eq!(lab.refused("GET", STATUS, json!({ "upid": unknown })), Refusal::param("upid", "no such task"));
    let refusal = lab.refused("GET", STATUS, json!({ "upid": "nonsense" }));
    assert_eq!(refusal, Refusal::param("upid", "unable to parse worker upid"));
}

#[test]
fn pve_s4_a_log_is_paged_and_ends_with_the_verdict() {
    let mut lab = Lab::with_image();
    let upid = lab.started("POST", CREATE, typical(101));
    lab.wait(&upid);
    let whole = lab.get(LOG, json!({ "upid": upid }));
    let lines = whole.as_array().expect("lines");
    assert_eq!(lines.last().map(|line| &line["t"]), Some(&json!("TASK OK")));
    let second = lab.get(LOG, json!({ "upid": upid, "start": 1, "limit": 1 }));
    assert_eq!(second, json!([lines[1]]));
    assert_eq!(second[0]["n"], 2);
    let refusal = lab.refused("GET", LOG, json!({ "upid": upid, "download": 1, "limit": 5 }));
    assert!(matches!(refusal, Refusal::Params(_)));
}

#[test]
fn pve_s4_newlines_of_an_error_are_folded() {
    let mut lab = Lab::with_vm();
    let outcome = Outcome::Error("first\nsecond".to_owned());
    lab.pve().fail_next.push(FailNext { task_type: "qmconfig".to_owned(), outcome });
    let exit = lab.task("POST", "/nodes/{node}/qemu/{vmid}/config", json!({ "vmid": 101, "cores": 3 }));
    assert_eq!(exit, "first second");
}

#[test]
fn pve_s4_warnings_are_a_success_with_a_number() {
    let mut lab = Lab::with_vm();
    let bios = json!({ "vmid": 101, "bios": "ovmf" });
    assert!(lab.call("PUT", "/nodes/{node}/qemu/{vmid}/config", bios).is_ok());
    let exit = lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/start", json!({ "vmid": 101 }));
    assert_eq!(exit, "WARNINGS: 1");
    assert!(lab.vm(101).running());
}

#[test]
fn pve_s4_a_listing_shows_finished_tasks_unless_asked_otherwise() {
    let mut lab = Lab::with_vm();
    let start = json!({ "vmid": 101 });
    let upid = lab.started("POST", "/nodes/{node}/qemu/{vmid}/status/start", start);
    let upids = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(|one| one["upid"].as_str().map(str::to_owned)).collect()
    };
    assert!(!upids(&lab.get(LIST, json!({}))).contains(&upid));
    let active = lab.get(LIST, json!({ "source": "active" }));
    assert_eq!((upids(&active), &active[0]["status"]), (vec![upid.clone()], &json!("RUNNING")));
    assert_eq!(active[0].get("endtime"), None);
    lab.wait(&upid);
    let list = lab.get(LIST, json!({ "typefilter": "qmstart", "vmid": 101, "statusfilter": "ok" }));
    assert_eq!((&list[0]["upid"], &list[0]["status"]), (&json!(upid), &json!("OK")));
    assert!(list[0]["endtime"].as_i64() > list[0]["starttime"].as_i64());
    assert_eq!(lab.get(LIST, json!({ "statusfilter": "error" })), json!([]));
}

#[test]
fn pve_s4_a_token_sees_its_own_tasks_on_the_node_only() {
    let mut lab = Lab::with_vm();
    lab.as_token();
    let own = lab.started("POST", "/nodes/{node}/qemu/{vmid}/status/start", json!({ "vmid": 101 }));
    assert!(own.ends_with(":coop@pve!app:"), "{own}");
    lab.wait(&own);
    let list = lab.get(LIST, json!({}));
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    assert_eq!((&list[0]["user"], &list[0]["tokenid"]), (&json!("coop@pve"), &json!("app")));
    assert_eq!(lab.get("/cluster/tasks", json!({})), json!([]));
    assert_eq!(lab.get(STATUS, json!({ "upid": own }))["exitstatus"], "OK");
}

#[test]
fn pve_s4_stopping_a_task_makes_it_clean_up() {
    let mut lab = Lab::with_image();
    lab.pve().fail_next.push(FailNext { task_type: "qmcreate".to_owned(), outcome: Outcome::Hang });
    let upid = lab.started("POST", CREATE, typical(101));
    lab.world.advance_by_us(86_400_000_000);
    assert_eq!(lab.get(STATUS, json!({ "upid": upid }))["status"], "running");
    assert_eq!(lab.call("DELETE", STOP, json!({ "upid": upid })), Ok(Value::Null));
    let exit = lab.get(STATUS, json!({ "upid": upid }))["exitstatus"].clone();
    assert_eq!(exit, "unable to create VM 101 - received interrupt");
    assert!(lab.pve().vms.is_empty());
}

#[test]
fn pve_s4_tasks_of_a_node_that_went_down_have_an_unexpected_status() {
    let mut lab = Lab::with_image();
    let upid = lab.started("POST", CREATE, typical(101));
    let now = lab.world.now;
    lose_all(lab.pve(), now);
    assert_eq!(lab.get(STATUS, json!({ "upid": upid }))["exitstatus"], "unexpected status");
    assert_eq!(lab.get(LIST, json!({ "statusfilter": "unknown" })).as_array().map(Vec::len), Some(1));
}

#[test]
fn pve_s4_a_node_that_restarts_leaves_locks_behind_and_starts_what_is_marked() {
    let mut lab = Lab::with_guest();
    lab.started("POST", CREATE, typical(102));
    let (site, around) = lab.world.site_mut("atelier").expect("the site");
    site.restart_node(around);
    assert!(!lab.vm(101).running());
    assert_eq!(lab.vm(102).lock(), Some("create"));
    let start = lab.pve().tasks.last().map(|task| (task.kind.clone(), task.upid.clone())).expect("a task");
    assert_eq!(start.0, "qmstart");
    assert_eq!(lab.wait(&start.1), "OK");
    assert!(lab.vm(101).running() && !lab.vm(102).running());
}
