//! What answers come to: refusals, the proxy's codes, odd bodies, tolerant reading.

use accolades::domain::ids::VmId;
use accolades::pve::{BackupRequest, BackupStart, PveError, ResourceKind};
use accolades::util::remote::{Retry, Sent};
use serde_json::json;

use super::node::{Node, Reply, SECRET, TOKEN};

const VM: VmId = VmId(1042);

async fn refusal(reply: Reply) -> PveError {
    Node::start(vec![reply]).await.client().create_pool("a", "").await.expect_err("the call must fail")
}

#[tokio::test]
async fn pve_the_reason_phrase_speaks_where_the_body_is_silent() {
    let error = refusal(Reply::status("401 Authentication failed!", "")).await;
    assert!(matches!(error, PveError::Unauthorised { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("Authentication failed!") && text.contains(TOKEN) && !text.contains(SECRET), "{text}");
    let error = refusal(Reply::status("500 VM is locked (backup)", r#"{"data":null}"#)).await;
    assert!(error.is_locked(), "{error}");
    assert_eq!((error.sent(), error.retry()), (Sent::No, Retry::After));
}

#[tokio::test]
async fn pve_the_message_of_the_body_goes_first() {
    let body = json!({ "data": null, "message": "Permission check failed (/pool/a, Pool.Allocate)\n" }).to_string();
    let error = refusal(Reply::status("403 Forbidden", &body)).await;
    let PveError::Forbidden { path, privilege, .. } = &error else { panic!("{error}") };
    assert_eq!((path.as_deref(), privilege.as_deref()), (Some("/pool/a"), Some("Pool.Allocate")));
}

#[tokio::test]
async fn pve_all_bad_parameters_are_listed() {
    let body = json!({ "data": null, "message": "Parameter verification failed.\n", "errors": {
        "poolid": "value does not match the regex pattern\n", "comment": "too long\n" } });
    let error = refusal(Reply::status("400 Parameter verification failed.", &body.to_string())).await;
    let PveError::Parameters { errors, .. } = &error else { panic!("{error}") };
    assert_eq!(errors.keys().collect::<Vec<_>>(), ["comment", "poolid"]);
    assert_eq!((error.sent(), error.retry()), (Sent::No, Retry::Never));
}

#[tokio::test]
async fn pve_the_proxy_s_codes_leave_the_state_unknown() {
    for line in ["595 Connection refused", "596 Connection timed out", "597 Broken pipe", "599 Too many redirections"] {
        let error = refusal(Reply::status(line, "")).await;
        let PveError::ProxyGaveUp { status, message, .. } = &error else { panic!("{error}") };
        assert_eq!(format!("{status} {message}"), line);
        assert_eq!((error.sent(), error.retry()), (Sent::Maybe, Retry::After));
    }
}

#[tokio::test]
async fn pve_an_echoed_secret_is_masked() {
    let body = json!({ "data": null, "message": format!("what is {SECRET}?") }).to_string();
    let error = refusal(Reply::status("500 x", &body)).await;
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
}

#[tokio::test]
async fn pve_a_new_token_s_secret_is_known_at_once() {
    let value = "99999999-aaaa-bbbb-cccc-1234567890ab";
    let token = json!({ "full-tokenid": "coop@pve!new", "value": value, "info": { "privsep": "1" } });
    let echo = Reply::status("500 x", &json!({ "data": null, "message": format!("no {value}") }).to_string());
    let client = Node::start(vec![Reply::data(token), echo]).await.client();
    let token = client.create_token("coop@pve", "new", "").await.unwrap();
    assert_eq!(token.full_tokenid, "coop@pve!new");
    assert!(!format!("{token:?}").contains(value));
    let error = client.create_pool("a", "").await.unwrap_err();
    assert!(!error.to_string().contains(value), "{error}");
}

#[tokio::test]
async fn pve_an_unknown_pool_is_none() {
    let unknown = Reply::status("500 pool 'p' does not exist", r#"{"data":null}"#);
    let known = json!([{ "poolid": "p", "members": [{ "id": "qemu/1042", "vmid": 1042, "type": "qemu" }] }]);
    let client = Node::start(vec![unknown, Reply::data(known)]).await.client();
    assert_eq!(client.pool("p").await.unwrap(), None);
    assert_eq!(client.pool("p").await.unwrap().unwrap().members[0].vmid, Some(VM));
}

#[tokio::test]
async fn pve_what_is_no_proxmox_answer_is_refused() {
    for body in ["<html>router login</html>", "[]", "{}", r#"{"data":{"other":1}}"#] {
        let error = Node::start(vec![Reply::status("200 OK", body)]).await.client().version().await.unwrap_err();
        assert!(matches!(error, PveError::Malformed { .. }), "{body}: {error}");
        assert_eq!(error.sent(), Sent::No, "reading changes nothing");
    }
}

#[tokio::test]
async fn pve_a_task_must_have_a_name() {
    let node = Node::start(vec![Reply::data(json!("OK"))]).await;
    let error = node.client().start_vm(VM).await.unwrap_err();
    assert!(matches!(error, PveError::Malformed { .. }), "{error}");
    assert_eq!(error.sent(), Sent::Maybe);
}

#[tokio::test]
async fn pve_a_free_id_is_read_in_every_form() {
    let taken = json!({ "data": null, "message": "Parameter verification failed.\n",
        "errors": { "vmid": "VM 218 already exists\n" } });
    let replies = vec![
        Reply::data(json!("1001")),
        Reply::data(json!(1001)),
        Reply::data(json!("1002")),
        Reply::status("400 Parameter verification failed.", &taken.to_string()),
    ];
    let client = Node::start(replies).await.client();
    assert_eq!(client.next_id().await.unwrap(), VmId(1001));
    assert_eq!(client.next_id().await.unwrap(), VmId(1001));
    assert!(client.is_id_free(VmId(1002)).await.unwrap());
    assert!(!client.is_id_free(VmId(218)).await.unwrap());
}

#[tokio::test]
async fn pve_configurations_are_texts_with_a_digest() {
    let config = json!({ "memory": 8192, "cores": "4", "onboot": 1, "name": "lilas", "digest": "abc" });
    let node = Node::start(vec![Reply::data(config)]).await;
    let config = node.client().vm_config(VM).await.unwrap();
    assert_eq!(config.digest, "abc");
    let options: Vec<(&str, &str)> =
        config.options.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(options, [("cores", "4"), ("memory", "8192"), ("name", "lilas"), ("onboot", "1")]);
}

#[tokio::test]
async fn pve_overviews_are_read_with_tolerance() {
    let entries = json!([
        { "id": "qemu/1042", "type": "qemu", "node": "pve1", "vmid": 1042, "status": "unknown" },
        { "id": "qemu/9000", "type": "qemu", "node": "pve1", "vmid": "9000", "name": "debian", "status": "stopped",
          "template": 1, "tags": "a;b", "pool": "p" },
    ]);
    let client = Node::start(vec![Reply::data(entries)]).await.client();
    let [fresh, template] = client.resources(ResourceKind::Vm).await.unwrap().try_into().unwrap();
    assert_eq!((fresh.vmid, fresh.name, fresh.template), (Some(VM), None, false));
    assert_eq!((template.vmid, template.template, template.tags.len()), (Some(VmId(9000)), true, 2));
}

#[tokio::test]
async fn pve_an_unmounted_storage_is_listed_as_inactive() {
    let entries = json!([{ "storage": "hdd", "type": "dir", "content": "backup", "enabled": 1, "active": 0,
        "total": 0, "used": 0, "avail": 0, "shared": 0 }]);
    let client = Node::start(vec![Reply::data(entries)]).await.client();
    let [hdd] = client.storages().await.unwrap().try_into().unwrap();
    assert!(hdd.enabled && !hdd.active && hdd.total == Some(0));
}

#[tokio::test]
async fn pve_the_agent_s_own_errors_are_errors() {
    let failed = json!({ "result": { "error": { "class": "GenericError", "desc": "frozen" } } });
    let interfaces = json!({ "result": [
        { "name": "lo", "ip-addresses": [{ "ip-address": "127.0.0.1", "ip-address-type": "ipv4", "prefix": 8 }] },
        { "name": "eth0", "hardware-address": "bc:24:11:00:00:01", "ip-addresses": [
            { "ip-address": "192.0.2.10", "ip-address-type": "ipv4", "prefix": 24 },
            { "ip-address": "fe80::1", "ip-address-type": "ipv6", "prefix": 64 }] },
        { "name": "wg0" },
    ] });
    let silent = Reply::status("500 QEMU guest agent is not running", r#"{"data":null}"#);
    let client = Node::start(vec![Reply::data(failed), Reply::data(interfaces), silent]).await.client();
    let error = client.agent_interfaces(VM).await.unwrap_err();
    assert!(error.to_string().contains("frozen"), "{error}");
    let [_, eth0, wg0] = client.agent_interfaces(VM).await.unwrap().try_into().unwrap();
    let addresses: Vec<String> = eth0.addresses().map(|address| address.to_string()).collect();
    assert_eq!(addresses, ["192.0.2.10", "fe80::1"]);
    assert_eq!(wg0.addresses().count(), 0);
    let error = client.agent_ping(VM).await.unwrap_err();
    assert!(error.is_agent_silent());
    assert_eq!(error.retry(), Retry::After);
}

#[tokio::test]
async fn pve_a_backup_that_is_answered_ok_without_a_task_saved_nothing() {
    let request = BackupRequest { vmid: VM, storage: "hdd".into(), notes: "n".into(), fleecing: None };
    let begun =
        async |answer: &str| Node::start(vec![Reply::data(json!(answer))]).await.client().start_backup(&request).await;
    assert_eq!(begun("OK").await.expect("an answer"), BackupStart::Nothing);
    let upid = "UPID:pve1:00000001:00000002:00000003:vzdump:1042:coop@pve!app:";
    assert!(matches!(begun(upid).await, Ok(BackupStart::Started(task)) if task.as_str() == upid));
    let error = begun("something else").await.expect_err("no task and no refusal");
    assert_eq!(error.sent(), Sent::Maybe, "{error}");
}
