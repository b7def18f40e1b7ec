//! Every call of the client against the schema of the real API: path, method and parameter names.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use accolades::domain::ids::VmId;
use accolades::pve::{
    Client, CloneVm, Download, FirewallOptions, FirewallRule, Grantee, NextIdRange, ResourceKind, Shutdown,
    StorageDefinition, TaskFilter, Upid,
};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::node::{Node, Reply, Request};

const VM: VmId = VmId(1042);

/// The schema, unless it is not there and need not be.
fn schema() -> Option<Vec<Value>> {
    let bytes = std::fs::read(crate::contracts::folder()?.join("proxmox/pve-api.json")).unwrap();
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// The entry of the schema that a path belongs to, with the parameters that the path itself gives.
fn find<'a>(nodes: &'a [Value], path: &[&str]) -> Option<(&'a Value, Vec<String>)> {
    nodes.iter().find_map(|node| {
        let template: Vec<&str> = node["path"].as_str()?.split('/').skip(1).collect();
        let fits = |(part, word): (&&str, &&str)| part.starts_with('{') || part == word;
        if template.len() > path.len() || !template.iter().zip(path).all(fits) {
            return None;
        }
        if template.len() == path.len() {
            let given = template.iter().filter(|part| part.starts_with('{'));
            return Some((node, given.map(|part| part.trim_matches(['{', '}']).to_owned()).collect()));
        }
        find(node["children"].as_array()?, path)
    })
}

fn check(schema: &[Value], request: &Request) {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let path: Vec<&str> = path.strip_prefix("/api2/json/").unwrap().split('/').collect();
    let (entry, given) = find(schema, &path).unwrap_or_else(|| panic!("no such path: {}", request.target));
    let method = &entry["info"][&request.method];
    assert!(method.is_object(), "no such method: {} {}", request.method, request.target);
    let text = format!("{query}{}", request.body);
    let names = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next().unwrap());
    let mut sent: BTreeSet<String> = names.map(|name| percent_decode_str(name).decode_utf8().unwrap().into()).collect();
    let known = method["parameters"]["properties"].as_object().cloned().unwrap_or_default();
    for name in &sent {
        // `scsi0` stands in the schema as `scsi[n]`.
        let numbered = format!("{}[n]", name.trim_end_matches(|c: char| c.is_ascii_digit()));
        assert!(known.contains_key(name) || known.contains_key(&numbered), "`{name}` in {request:?}");
    }
    sent.extend(given);
    for (name, parameter) in &known {
        let required = !["1", "true"].contains(&parameter["optional"].to_string().trim_matches('"'));
        assert!(!required || sent.contains(name), "`{name}` is missing in {request:?}");
    }
}

/// Makes every call once; what the node answers does not matter here.
async fn make_every_call(client: &Client) {
    let upid: Upid = "UPID:pve1:00000001:00000002:00000003:vzdump::root@pam:".parse().unwrap();
    let options = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let create =
        options(&[("name", "lilas"), ("memory", "8192"), ("scsi0", "lvm:0"), ("sshkeys", "a%20b"), ("pool", "p")]);
    let clone = CloneVm {
        newid: VM,
        name: "lilas".to_owned(),
        full: true,
        storage: Some("lvm".to_owned()),
        pool: Some("p".to_owned()),
        description: Some("d".to_owned()),
    };
    let image = Download {
        url: "https://x.example/i.qcow2".to_owned(),
        content: "import".to_owned(),
        filename: "i.qcow2".to_owned(),
        sha512: "00".to_owned(),
    };
    let storage = StorageDefinition {
        storage: "hdd".to_owned(),
        kind: "dir".to_owned(),
        options: options(&[("path", "/mnt/hdd"), ("is_mountpoint", "yes"), ("content", "backup")]),
    };
    let filter = TaskFilter {
        kind: Some("qmcreate".to_owned()),
        vmid: Some(VM),
        since: Some(0),
        limit: Some(10),
        ..TaskFilter::default()
    };
    let rule = FirewallRule {
        direction: "in".to_owned(),
        action: "ACCEPT".to_owned(),
        proto: Some("tcp".to_owned()),
        dport: Some("443".to_owned()),
        source: Some("192.0.2.0/24".to_owned()),
        comment: Some("web".to_owned()),
        enable: true,
    };
    let firewall = FirewallOptions { enable: true, policy_in: Some("DROP".to_owned()) };
    let user = Grantee::User("coop@pve".to_owned());
    let token = Grantee::Token("coop@pve!app".to_owned());
    let shutdown = Shutdown { timeout: Duration::from_secs(60), force: true };

    // Only what was sent counts here; the answers are `null` and most calls refuse that.
    macro_rules! call {
        ($($call:expr),+ $(,)?) => { $( let _ = $call.await; )+ };
    }
    call! {
        client.version(),
        client.permissions(Some("/vms/1042")),
        client.nodes(),
        client.node_status(),
        client.next_id(),
        client.is_id_free(VM),
        client.next_id_range(),
        client.set_next_id_range(NextIdRange { lower: VmId(1000), upper: VmId(2000) }),
        client.resources(ResourceKind::Vm),
        client.storage_definitions(),
        client.create_storage(&storage),
        client.update_storage("hdd", &options(&[("content", "backup")])),
        client.storages(),
        client.storage_status("hdd"),
        client.volumes("hdd", Some("backup"), Some(VM)),
        client.download("local", &image),
        client.task_status(&upid),
        client.task_log(&upid, 0, 50),
        client.tasks(&filter),
        client.stop_task(&upid),
        client.vms(),
        client.create_vm(VM, &create),
        client.clone_vm(VmId(9000), &clone),
        client.vm_config(VM),
        client.set_vm_config(VM, &options(&[("memory", "4096")]), &["tags"], Some("abc")),
        client.vm_pending(VM),
        client.resize_disk(VM, "scsi0", 40),
        client.regenerate_cloudinit(VM),
        client.make_template(VM),
        client.destroy_vm(VM),
        client.vm_state(VM),
        client.start_vm(VM),
        client.stop_vm(VM),
        client.shutdown_vm(VM, shutdown),
        client.reboot_vm(VM),
        client.agent_ping(VM),
        client.agent_interfaces(VM),
        client.agent_host_name(VM),
        client.agent_os(VM),
        client.agent_read_file(VM, "/etc/ssh/ssh_host_ed25519_key.pub"),
        client.agent_exec(VM, &["echo", "a"], Some("b")),
        client.agent_exec_status(VM, 7),
        client.pools(),
        client.pool("p"),
        client.create_pool("p", "c"),
        client.add_to_pool("p", VM),
        client.remove_from_pool("p", VM),
        client.users(),
        client.create_user("coop@pve", "c"),
        client.tokens("coop@pve"),
        client.create_token("coop@pve", "app", "c"),
        client.regenerate_token("coop@pve", "app"),
        client.roles(),
        client.create_role("Coop", &["VM.Audit"]),
        client.update_role("Coop", &["VM.Audit", "VM.Clone"]),
        client.acl(),
        client.grant("/pool/p", "Coop", &user, true),
        client.revoke("/pool/p", "Coop", &token),
        client.firewall_options(VM),
        client.set_firewall_options(VM, &firewall),
        client.firewall_rules(VM),
        client.add_firewall_rule(VM, &rule),
        client.delete_firewall_rule(VM, 0),
        client.snapshots(VM),
        client.take_snapshot(VM, "before", "d"),
        client.roll_back(VM, "before"),
        client.delete_snapshot(VM, "before"),
    }
}

#[tokio::test]
async fn pve_every_call_fits_the_schema_of_the_real_api() {
    let Some(schema) = schema() else { return };
    let node = Node::start(vec![Reply::data(json!(null))]).await;
    make_every_call(&node.client()).await;
    let requests = node.requests();
    assert_eq!(requests.len(), 67, "every call sends one request");
    requests.iter().for_each(|request| check(&schema, request));
}
