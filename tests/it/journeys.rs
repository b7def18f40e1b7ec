//! Ways through an onboarding that the example co-operative does not take, and what comes after it.

use accolades::engine::EngineError;
use accolades::engine::prepare::Agreed;
use accolades::engine::run::Applied;
use accolades::lab::net::fault::{Fault, FaultKind};
use accolades::lab::net::shell::Outcome;
use accolades::lab::net::topology::Endpoint;
use accolades::lab::net::transcript::Entry;
use accolades::lab::os::Machine;
use accolades::lab::os::disks::Disk;
use accolades::plan::render::render;

use crate::rehearsal::{Rehearsal, instance, small_files, small_instance};

const SEED: u64 = 1;

async fn prepared(files: std::collections::BTreeMap<String, String>) -> Rehearsal {
    let rehearsal = Rehearsal::of(files, SEED).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    rehearsal
}

async fn settle(rehearsal: &Rehearsal, only: &str) {
    let report = rehearsal.apply(&[instance(only)]).await;
    let settled = matches!(report[&instance(only)], Applied::Settled { .. });
    assert!(settled, "{report:#?}\n{}", rehearsal.last_words(30));
}

/// What somebody types as root on the node.
fn on_node(rehearsal: &Rehearsal, command_line: &str) -> String {
    let endpoint = Endpoint::NodeSsh { site: "friche".to_owned() };
    let (outcome, _) = rehearsal.served.lab.command(&endpoint, "root", command_line, "");
    let Outcome::Ended(output) = outcome else { panic!("the node answers") };
    assert_eq!(output.exit, 0, "{command_line}: {}{}", output.stdout, output.stderr);
    output.stdout
}

fn look_into<T>(rehearsal: &Rehearsal, site: &str, vmid: u32, look: impl FnOnce(&Machine) -> T) -> T {
    let state = rehearsal.served.lab.lock();
    look(state.world.sites[site].guest(vmid).expect("the guest runs"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_names_a_template_gets_a_clone_of_it() {
    let mut rehearsal = prepared(small_files()).await;
    // The technician makes the template; a site that names one downloads no image by itself.
    let image = "local:import/debian-12-genericcloud-amd64.qcow2";
    on_node(
        &rehearsal,
        &format!(
            "pvesh create /nodes/pve2/qemu --vmid 9000 --name debian12 --memory 1024 --scsihw virtio-scsi-single \
             --scsi0 local-lvm:0,import-from={image} --boot order=scsi0"
        ),
    );
    rehearsal.served.lab.lock().pass(600_000_000);
    on_node(&rehearsal, "pvesh create /nodes/pve2/qemu/9000/template");
    rehearsal.served.lab.lock().pass(60_000_000);
    let mut files = rehearsal.files().await;
    let site = files.get_mut("sites/friche.toml").expect("it is there");
    *site = site.replacen("bridge = \"vmbr0\"", "bridge = \"vmbr0\"\ntemplate = 9000", 1);
    rehearsal.accept(files).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    let plan = rehearsal.plan(&[small_instance()]).await;
    assert!(render(&plan).contains("clone of template 9000"), "{}", render(&plan));

    settle(&rehearsal, "ilot").await;
    {
        let state = rehearsal.served.lab.lock();
        let asked = |wanted: &str| {
            let is = |entry: &&Entry| matches!(entry, Entry::Request { method, path, .. } if method == "POST" && path.ends_with(wanted));
            state.transcript.entries().iter().filter(is).count()
        };
        assert_eq!((asked("/qemu/9000/clone"), asked("/nodes/pve2/qemu")), (1, 0), "cloned, not imported");
        let made = &state.world.sites["friche"].pve.vms[&1002].config;
        assert!(made["scsi0"].contains("size=80G"), "{}", made["scsi0"]);
        assert!(made["description"].starts_with("accolades instance ilot"), "{}", made["description"]);
        assert!(!made.contains_key("template"), "a clone is a machine");
        assert!(state.world.sites["friche"].pve.vms[&9000].config.contains_key("template"), "the template stays one");
    }
    let again = rehearsal.plan(&[small_instance()]).await;
    assert!(again.is_settled(), "{}", render(&again));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_with_an_ipv6_address_has_it_inside_and_in_the_public_dns() {
    let rehearsal = Rehearsal::new(SEED).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    settle(&rehearsal, "lilas").await;
    let addresses = look_into(&rehearsal, "croix-rousse", 1001, |guest| guest.addresses.clone());
    assert!(addresses.iter().any(|one| one == "2001:db8:69::20/64"), "{addresses:?}");
    let state = rehearsal.served.lab.lock();
    let config = &state.world.sites["croix-rousse"].pve.vms[&1001].config["ipconfig0"];
    assert!(config.contains("ip6=2001:db8:69::20/64,gw6=2001:db8:69::1"), "{config}");
    let published = |kind: &str| state.world.internet.dns.get(&("atelier-lilas.example".to_owned(), kind.to_owned()));
    assert_eq!(published("AAAA"), Some(&vec!["2001:db8:69::20".to_owned()]), "the instance's own: nothing forwards it");
    assert_eq!(published("A"), Some(&vec!["203.0.113.20".to_owned()]), "the router's");
}

/// The same rehearsal, its site reached without the jump host: node and API answer where the lab listens.
async fn through_the_tunnel() -> Rehearsal {
    let mut rehearsal = Rehearsal::of(small_files(), SEED).await;
    let endpoints = rehearsal.served.endpoints.sites["friche"].clone();
    let api_port: u16 = endpoints.api.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let mut files = rehearsal.files().await;
    let site = files.get_mut("sites/friche.toml").expect("it is there");
    let reach = site.find("[reach]").expect("it has one");
    let end = site[reach..].find("# Nothing can be forwarded").map(|at| reach + at).expect("what comes after it");
    site.replace_range(reach..end, "[reach]\nby = \"wireguard\"\n\n");
    let ports = format!("address = \"127.0.0.1\"\napi_port = {api_port}\nssh_port = {}", endpoints.ssh.port);
    *site = site.replacen("address = \"192.168.20.2\"", &ports, 1);
    rehearsal.accept(files).await;
    rehearsal
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_behind_wireguard_is_spoken_to_directly_and_the_hint_names_the_tunnel() {
    let rehearsal = through_the_tunnel().await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    let plan = rehearsal.plan(&[small_instance()]).await;
    assert!(render(&plan).contains("vm 1002 `ilot` on pve2"), "{}", render(&plan));

    rehearsal.served.lab.lock().world.sites.get_mut("friche").expect("it is there").online = false;
    let plan = rehearsal.plan(&[small_instance()]).await;
    let unknown = plan.instances[0].unknown.as_deref().expect("nobody answers");
    assert!(unknown.contains("WireGuard") && unknown.contains("wg show"), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_behind_wireguard_that_does_not_answer_is_a_question_of_the_tunnel() {
    let mut rehearsal = through_the_tunnel().await;
    let mut files = rehearsal.files().await;
    let site = files.get_mut("sites/friche.toml").expect("it is there");
    let port = rehearsal.served.endpoints.sites["friche"].ssh.port;
    // Nobody listens on the discard port of loopback.
    *site = site.replacen(&format!("ssh_port = {port}"), "ssh_port = 9", 1);
    rehearsal.accept(files).await;
    let Err(error) = rehearsal.prepare().await else { panic!("nobody answers there") };
    assert!(matches!(error, EngineError::Unknown(_)), "{error:?}");
    assert!(error.to_string().contains("wg show"), "{error}");
}

/// Keys of somebody who works here no longer.
const FORMER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICo2QwY151BUefC6dsSR8f4kNzc/mG7WkAm4LK9QkH/K paul@portable";

/// A key that somebody wrote into the guest by hand.
const BY_HAND: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBsAFwakGL38o1NhNVxkO3kYVyuPm3UD8wQ6biO0Xc5S prestataire";

fn keys_of(rehearsal: &Rehearsal, account: &str) -> String {
    let home = if account == "root" { "/root".to_owned() } else { format!("/home/{account}") };
    look_into(rehearsal, "friche", 1002, |guest| {
        guest.files.read(&format!("{home}/.ssh/authorized_keys")).unwrap_or_default().to_owned()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_taken_out_of_the_inventory_opens_no_guest_any_more() {
    let mut rehearsal = Rehearsal::of(small_files(), SEED).await;
    let ours = rehearsal.accepted.inventory.cooperative.ssh_keys[0].clone();
    let admin = rehearsal.accepted.inventory.cooperative.admin_username.clone();
    let with = |text: &str, keys: &str| {
        let line =
            text.lines().find(|line| line.starts_with("ssh_keys")).expect("the co-operative has keys").to_owned();
        text.replacen(&line, &format!("ssh_keys = [{keys}]"), 1)
    };
    let mut files = rehearsal.files().await;
    let cooperative = files["cooperative.toml"].clone();
    files.insert("cooperative.toml".to_owned(), with(&cooperative, &format!("\"{ours}\", \"{FORMER}\"")));
    rehearsal.accept(files.clone()).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    settle(&rehearsal, "ilot").await;
    for account in ["root", &admin] {
        assert!(keys_of(&rehearsal, account).contains(FORMER), "{account} lets both in");
    }
    let path = format!("/home/{admin}/.ssh/authorized_keys");
    {
        let mut state = rehearsal.served.lab.lock();
        let guest = state.world.sites.get_mut("friche").and_then(|site| site.guest_mut(1002)).expect("the guest runs");
        guest.files.append(&path, &format!("{BY_HAND}\n"));
    }

    files.insert("cooperative.toml".to_owned(), with(&cooperative, &format!("\"{ours}\"")));
    rehearsal.accept(files).await;
    let plan = rehearsal.plan(&[small_instance()]).await;
    assert!(render(&plan).contains("a former technician's key opens nothing"), "{}", render(&plan));
    settle(&rehearsal, "ilot").await;
    for account in ["root", &admin] {
        let keys = keys_of(&rehearsal, account);
        assert!(!keys.contains(FORMER) && keys.contains(&ours), "{account}: {keys}");
    }
    assert!(keys_of(&rehearsal, &admin).contains(BY_HAND), "what somebody wrote by hand is not ours");
    let again = rehearsal.plan(&[small_instance()]).await;
    assert!(again.is_settled(), "{}", render(&again));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_added_later_leaves_the_relays_password_in_no_log() {
    let mut rehearsal = prepared(small_files()).await;
    settle(&rehearsal, "ilot").await;
    let leaks = |rehearsal: &Rehearsal| {
        look_into(rehearsal, "friche", 1002, |guest| {
            let logs = guest.files.all().filter(|(path, _)| path.starts_with("/var/log/"));
            let holds =
                logs.filter(|(_, entry)| entry.content.as_deref().is_some_and(|text| text.contains("Relais-Mot")));
            holds.map(|(path, _)| path.to_owned()).collect::<Vec<_>>()
        })
    };
    assert_eq!(leaks(&rehearsal), Vec::<String>::new(), "after the onboarding");

    let mut files = rehearsal.files().await;
    let client = files.get_mut("clients/claire-voyer.toml").expect("it is there");
    client.push_str("\n[[domains]]\nname = \"voyer.example\"\ninbound_mail = \"none\"\n");
    rehearsal.accept(files).await;
    rehearsal.publish_dns();
    let plan = rehearsal.plan(&[small_instance()]).await;
    assert!(render(&plan).contains("the relay's password stands in no log"), "{}", render(&plan));
    settle(&rehearsal, "ilot").await;
    assert_eq!(leaks(&rehearsal), Vec::<String>::new(), "adding a domain generates postfix's configuration again");
}

/// Logins that Dolibarr lets in.
fn let_into_dolibarr(rehearsal: &Rehearsal) -> Vec<String> {
    let endpoint = Endpoint::GuestSsh { site: "friche".to_owned(), vmid: 1002 };
    let command = "mysql -N -B dolibarr -e 'SELECT login FROM llx_user WHERE statut = 1'";
    let (outcome, _) = rehearsal.served.lab.command(&endpoint, "root", command, "");
    let Outcome::Ended(output) = outcome else { panic!("the guest answers") };
    assert_eq!(output.exit, 0, "{}", output.stderr);
    output.stdout.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_about_somebody_later_reaches_their_account() {
    let mut rehearsal = prepared(small_files()).await;
    settle(&rehearsal, "ilot").await;
    assert!(let_into_dolibarr(&rehearsal).contains(&"yves".to_owned()));
    let mut files = rehearsal.files().await;
    let client = files.get_mut("clients/claire-voyer.toml").expect("it is there");
    for (old, new) in [
        (
            "last_name = \"Voyer\"\nusername = \"claire\"\nmail_domain = \"claire-voyer.example\"\nmailbox_quota = \"5G\"",
            "last_name = \"Voyer-Blanc\"\nusername = \"claire\"\nmail_domain = \"voyer.example\"\nmailbox_quota = \"20G\"",
        ),
        ("\ndolibarr = \"write\"", ""),
    ] {
        assert!(client.contains(old), "{client}");
        *client = client.replacen(old, new, 1);
    }
    client.push_str("\n[[domains]]\nname = \"voyer.example\"\ninbound_mail = \"here\"\n");
    rehearsal.accept(files).await;
    rehearsal.publish_dns();
    let plan = rehearsal.plan(&[small_instance()]).await;
    assert!(render(&plan).contains("yves not let into Dolibarr"), "{}", render(&plan));
    settle(&rehearsal, "ilot").await;

    look_into(&rehearsal, "friche", 1002, |guest| {
        let yunohost = guest.yunohost.as_ref().expect("YunoHost is installed");
        let claire = yunohost.user("claire").expect("she has an account");
        assert_eq!(
            (claire.fullname.as_str(), claire.mail.as_str(), claire.quota.as_str()),
            ("Claire Voyer-Blanc", "claire@voyer.example", "20G")
        );
    });
    let logins = let_into_dolibarr(&rehearsal);
    assert!(logins.contains(&"claire".to_owned()) && !logins.contains(&"yves".to_owned()), "{logins:?}");
    let again = rehearsal.plan(&[small_instance()]).await;
    assert!(again.is_settled(), "{}", render(&again));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settled_plan_is_no_run_and_asks_nobody() {
    let rehearsal = prepared(small_files()).await;
    settle(&rehearsal, "ilot").await;
    let plan = rehearsal.plan(&[small_instance()]).await;
    let asked = rehearsal.served.lab.lock().transcript.entries().len();
    let runs = rehearsal.engine.store.runs(&accolades::store::Scope::Staff, u32::MAX).await.expect("readable").len();
    let report = rehearsal.engine.apply(&rehearsal.accepted, &plan).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report[&small_instance()], Applied::Settled { done: 0 });
    assert_eq!(rehearsal.served.lab.lock().transcript.entries().len(), asked);
    let after = rehearsal.engine.store.runs(&accolades::store::Scope::Staff, u32::MAX).await.expect("readable").len();
    assert_eq!(after, runs);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serial_number_that_two_disks_say_formats_neither() {
    let rehearsal = Rehearsal::of(small_files(), 47).await;
    rehearsal.prepare_servers().await.unwrap_or_else(|error| panic!("{error}"));
    let inventory = rehearsal.accepted.inventory.clone();
    let site = inventory.sites.values().next().expect("a site");
    let serial = &site.node.backup_disk_serial;
    {
        let mut state = rehearsal.served.lab.lock();
        let disks = &mut state.world.sites.get_mut(site.id.as_str()).expect("a site").node.disks;
        let twin = disks.iter().find(|disk| disk.serial == *serial).expect("it is plugged in").clone();
        disks.push(Disk { path: "/dev/sdz".to_owned(), ..twin });
    }
    let agreed = Agreed { format_serial: Some(serial.clone()) };
    let refusal = rehearsal.engine.prepare_site(&inventory, site, &agreed).await.expect_err("which one is meant?");
    assert!(matches!(&refusal, EngineError::Conflict(text) if text.contains("/dev/sdz")), "{refusal}");
    let state = rehearsal.served.lab.lock();
    let disks = &state.world.sites[site.id.as_str()].node.disks;
    assert!(
        disks.iter().filter(|disk| disk.serial == *serial).all(|disk| disk.filesystem.is_none()),
        "one was formatted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_people_that_fails_leaves_no_file_with_their_passwords() {
    let rehearsal = prepared(small_files()).await;
    let fault = Fault {
        site: None,
        on: "yunohost --timeout 900 user import".to_owned(),
        after: 0,
        times: 9,
        kind: FaultKind::YunohostLocked { seconds: 100_000 },
    };
    rehearsal.served.lab.lock().faults.0.push(fault);
    let report = rehearsal.apply(&[instance("ilot")]).await;
    assert!(matches!(report[&instance("ilot")], Applied::Stopped { .. }), "{report:#?}");
    let left: Vec<String> = look_into(&rehearsal, "friche", 1002, |guest| {
        guest.files.all().map(|(path, _)| path.to_owned()).filter(|path| path.ends_with("/file")).collect()
    });
    assert!(left.is_empty(), "{left:?}");
    let asked = rehearsal.served.lab.lock().transcript.lines().matches("user import").count();
    assert!(asked > 0, "nobody was imported");
}
