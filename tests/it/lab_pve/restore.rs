//! Section 10: backups come back.

use accolades::lab::os::{self, Login};
use accolades::lab::pve::call::Refusal;
use accolades::lab::pve::state::Power;
use accolades::lab::world::World;
use serde_json::{Value, json};

use super::{Lab, died, typical};

const QEMU: &str = "/nodes/{node}/qemu";
const CONFIG: &str = "/nodes/{node}/qemu/{vmid}/config";
const START: &str = "/nodes/{node}/qemu/{vmid}/status/start";
const STOP: &str = "/nodes/{node}/qemu/{vmid}/status/stop";
const MARKER: &str = "/var/lib/accolades/marker.json";

fn with(mut params: Value, more: Value) -> Value {
    let more = more.as_object().cloned().expect("an object");
    params.as_object_mut().expect("an object").extend(more);
    params
}

/// A world with one backup of a guest in which a marker lay; the backup's id.
fn backed_up() -> (Lab, String) {
    let mut lab = Lab::with_disk();
    write(&mut lab, 101, MARKER, "{\"nonce\":\"before\"}");
    assert_eq!(lab.backup(json!({ "vmid": "101", "storage": "hdd", "compress": "zstd" })).0, "OK");
    let volid = lab.stored("hdd")[0]["volid"].as_str().expect("an id").to_owned();
    (lab, volid)
}

fn write(lab: &mut Lab, vmid: u32, path: &str, text: &str) {
    lab.vm(vmid).guest.as_mut().expect("a guest").files.write(path, text);
}

fn read(lab: &mut Lab, vmid: u32, path: &str) -> Option<String> {
    lab.vm(vmid).guest.as_ref().expect("a guest").files.read(path).map(str::to_owned)
}

pub fn drill(volid: &str) -> Value {
    json!({
        "vmid": 900, "archive": volid, "storage": "local-lvm", "unique": 1, "name": "drill-lilas", "onboot": 0,
        "net0": "virtio,bridge=vmbr0,link_down=1", "memory": "1024", "tags": "drill",
    })
}

pub fn run(lab: &mut Lab, vmid: u32, command: &str) -> os::Output {
    let (site, around) = lab.world.site_mut("atelier").expect("the site");
    let guest = site.guest_mut(vmid).expect("a running guest");
    os::shell(guest, &Login { user: "root".to_owned() }, command, "", around)
}

#[test]
fn pve_s10_a_restored_vm_has_its_guest_as_it_was_then() {
    let (mut lab, volid) = backed_up();
    write(&mut lab, 101, MARKER, "{\"nonce\":\"after\"}");
    let upid = lab.started("POST", QEMU, drill(&volid));
    assert!(upid.contains(":qmrestore:900:root@pam:"), "{upid}");
    lab.world.advance_by_us(1_000_000);
    assert_eq!(lab.vm(900).lock(), Some("create"));
    assert_eq!(lab.wait(&upid), "OK");
    let config = lab.get(CONFIG, json!({ "vmid": 900 }));
    assert_eq!(
        (&config["name"], &config["onboot"], &config["tags"]),
        (&json!("drill-lilas"), &json!(0), &json!("drill"))
    );
    assert!(config["scsi0"].as_str().is_some_and(|disk| disk.starts_with("local-lvm:vm-900-disk-0,")), "{config}");
    assert!(config["ide2"].as_str().is_some_and(|disk| disk.contains("vm-900-cloudinit")), "{config}");
    assert_eq!(lab.task("POST", START, json!({ "vmid": 900 })), "OK");
    lab.world.advance_by_us(60_000_000);
    assert_eq!(read(&mut lab, 900, MARKER).as_deref(), Some("{\"nonce\":\"before\"}"));
    assert_eq!(read(&mut lab, 101, MARKER).as_deref(), Some("{\"nonce\":\"after\"}"));
}

#[test]
fn pve_s10_unique_gives_new_addresses_and_an_identity_and_vmgenid_is_always_new() {
    let (mut lab, volid) = backed_up();
    let old = lab.vm(101).config.clone();
    let plain = json!({ "vmid": 900, "archive": volid });
    assert_eq!(lab.task("POST", QEMU, plain.clone()), "OK");
    let same = lab.vm(900).config.clone();
    assert_eq!((&same["net0"], &same["smbios1"]), (&old["net0"], &old["smbios1"]));
    for key in ["onboot", "ipconfig0", "name", "tags"] {
        assert_eq!(same[key], old[key], "{key}");
    }
    assert_ne!(same["vmgenid"], old["vmgenid"]);
    assert_eq!(lab.task("POST", QEMU, with(plain, json!({ "vmid": 901, "unique": 1 }))), "OK");
    let unique = lab.vm(901).config.clone();
    assert_ne!(unique["net0"], old["net0"]);
    assert_ne!(unique["smbios1"], old["smbios1"]);
}

#[test]
fn pve_s10_cloud_init_runs_again_when_its_data_changed_unless_it_sleeps() {
    let (mut lab, volid) = backed_up();
    let key = |lab: &mut Lab, vmid: u32| lab.vm(vmid).guest.as_ref().map(|guest| guest.host_key_seed);
    let original = key(&mut lab, 101);
    assert_eq!(lab.task("POST", QEMU, drill(&volid)), "OK");
    assert_eq!(lab.task("POST", START, json!({ "vmid": 900 })), "OK");
    lab.world.advance_by_us(200_000_000);
    assert_ne!(key(&mut lab, 900), original, "a new name is a new instance");
    assert_eq!(run(&mut lab, 900, "hostname").stdout, "drill-lilas\n");
    write(&mut lab, 101, "/etc/cloud/cloud-init.disabled", "");
    assert_eq!(lab.backup(json!({ "vmid": "101", "storage": "hdd", "compress": "zstd" })).0, "OK");
    let asleep = lab.stored("hdd").last().expect("it")["volid"].as_str().expect("an id").to_owned();
    assert_eq!(lab.task("POST", QEMU, with(drill(&asleep), json!({ "vmid": 901 }))), "OK");
    assert_eq!(lab.task("POST", START, json!({ "vmid": 901 })), "OK");
    lab.world.advance_by_us(200_000_000);
    assert_eq!(key(&mut lab, 901), original, "it boots unchanged");
    assert_eq!(run(&mut lab, 901, "hostname").stdout, "lilas\n");
}

#[test]
fn pve_s10_a_guest_with_its_link_down_is_reached_by_the_agent_only() {
    let (mut lab, volid) = backed_up();
    let asleep = "/etc/cloud/cloud-init.disabled";
    write(&mut lab, 101, asleep, "");
    assert_eq!(lab.backup(json!({ "vmid": "101", "storage": "hdd", "compress": "zstd" })).0, "OK");
    let volid = lab.stored("hdd").last().map_or(volid, |one| one["volid"].as_str().expect("an id").to_owned());
    assert_eq!(lab.task("POST", STOP, json!({ "vmid": 101 })), "OK");
    assert_eq!(lab.task("POST", QEMU, drill(&volid)), "OK");
    assert_eq!(lab.task("POST", START, json!({ "vmid": 900 })), "OK");
    lab.world.advance_by_us(60_000_000);
    assert!(lab.call("POST", "/nodes/{node}/qemu/{vmid}/agent/ping", json!({ "vmid": 900 })).is_ok());
    assert_eq!(lab.site().vm_at("192.0.2.10"), None);
    assert_ne!(run(&mut lab, 900, "ping -c 1 -W 1 192.0.2.1").exit, 0);
    let plugged = json!({ "vmid": 900, "net0": "virtio,bridge=vmbr0" });
    assert_eq!(lab.call("PUT", CONFIG, plugged), Ok(Value::Null));
    assert_eq!(lab.site().vm_at("192.0.2.10"), Some(900));
    assert_eq!(run(&mut lab, 900, "ping -c 1 -W 1 192.0.2.1").exit, 0);
}

#[test]
fn pve_s10_disks_left_out_come_back_as_comments() {
    let mut lab = Lab::with_disk();
    let more = json!({ "vmid": 101, "scsi1": "local-lvm:8,backup=0" });
    assert_eq!(lab.call("PUT", CONFIG, more), Ok(Value::Null));
    assert_eq!(lab.backup(json!({ "vmid": "101", "storage": "hdd" })).0, "OK");
    let volid = lab.stored("hdd")[0]["volid"].clone();
    assert_eq!(lab.task("POST", QEMU, json!({ "vmid": 900, "archive": volid })), "OK");
    let config = lab.get(CONFIG, json!({ "vmid": 900 }));
    assert!(config.get("scsi1").is_none(), "{config}");
    assert!(config["description"].as_str().is_some_and(|text| text.contains("scsi1: local-lvm:vm-101-disk-1")));
}

#[test]
fn pve_s10_the_firewall_comes_back_too() {
    let mut lab = Lab::with_disk();
    lab.vm(101).firewall.options.insert("enable".to_owned(), "1".to_owned());
    assert_eq!(lab.backup(json!({ "vmid": "101", "storage": "hdd" })).0, "OK");
    let volid = lab.stored("hdd")[0]["volid"].clone();
    assert_eq!(lab.task("POST", QEMU, json!({ "vmid": 900, "archive": volid })), "OK");
    let firewall = lab.vm(101).firewall.clone();
    assert_eq!(lab.vm(900).firewall, firewall);
}

#[test]
fn pve_s10_early_refusals() {
    let (mut lab, volid) = backed_up();
    let refused = |lab: &mut Lab, more: Value| lab.refused("POST", QEMU, with(drill(&volid), more));
    let drive = Refusal::param("scsi0", "option conflicts with option 'archive'");
    assert_eq!(refused(&mut lab, json!({ "scsi0": "local-lvm:8" })), drive);
    let there = "unable to restore VM 101 - VM 101 already exists on node 'pve1'";
    assert_eq!(refused(&mut lab, json!({ "vmid": 101 })), died(there));
    let locked = "unable to restore VM 101 - VM is locked (backup)";
    lab.vm(101).config.insert("lock".to_owned(), "backup".to_owned());
    assert_eq!(refused(&mut lab, json!({ "vmid": 101, "force": 1 })), died(locked));
    lab.vm(101).config.remove("lock");
    let wrong = "unable to use volume local-lvm:vm-101-disk-0 - content type needs to be 'backup'";
    assert_eq!(refused(&mut lab, json!({ "archive": "local-lvm:vm-101-disk-0" })), died(wrong));
    let running = lab.task("POST", QEMU, with(drill(&volid), json!({ "vmid": 101, "force": 1 })));
    assert_eq!(running, "unable to restore VM 101 - vm is running");
    assert_eq!(lab.vm(101).lock(), None, "the lock is taken back");
    let live = lab.task("POST", QEMU, with(drill(&volid), json!({ "live-restore": 1 })));
    assert_eq!(live, "live-restore is only compatible with backup images from a Proxmox Backup Server");
}

#[test]
fn pve_s10_rights_on_archive_storage_and_the_bridges_of_the_merged_configuration() {
    let (mut lab, volid) = backed_up();
    lab.as_token();
    let access = &mut lab.pve().access;
    access.add_user("coop@pve", None);
    access.add_token("coop@pve", "app", false, "secret");
    access.add_pool("clients", &[101], &[]);
    access.add_pool("drills", &[], &[]);
    let drills =
        ["VM.Allocate", "VM.Config.Options", "VM.Config.Memory", "VM.Config.Network", "VM.Audit", "VM.PowerMgmt"];
    access.add_role("Drills", &drills);
    access.add_role("Saver", &["VM.Backup"]);
    access.add_role("Store", &["Datastore.AllocateSpace"]);
    access.add_role("Net", &["SDN.Use"]);
    access.grant("/pool/drills", "coop@pve", "Drills");
    let params = with(drill(&volid), json!({ "pool": "drills" }));
    let denied = |text: &str| Refusal::Status(403, format!("Permission check failed ({text})"));
    let refused = |lab: &mut Lab| lab.refused("POST", QEMU, params.clone());
    assert_eq!(refused(&mut lab), denied("/storage/local-lvm, Datastore.AllocateSpace"));
    lab.pve().access.grant("/storage/local-lvm", "coop@pve", "Store");
    assert_eq!(refused(&mut lab), denied("/storage/hdd, Datastore.AllocateSpace"));
    lab.pve().access.grant("/storage/hdd", "coop@pve", "Store");
    assert_eq!(refused(&mut lab), denied("/vms/101, VM.Backup"));
    lab.pve().access.grant("/pool/clients", "coop@pve", "Saver");
    assert_eq!(refused(&mut lab), denied("/sdn/zones/localnetwork/vmbr0, SDN.Use"));
    let mut without = params.clone();
    without.as_object_mut().expect("an object").remove("net0");
    let exit = lab.task("POST", QEMU, without);
    assert_eq!(exit, "403 Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)");
    lab.pve().vms.remove(&900);
    lab.pve().access.grant("/sdn/zones/localnetwork", "coop@pve", "Net");
    assert_eq!(lab.task("POST", QEMU, params.clone()), "OK");
    assert_eq!(lab.pve().access.pool_of(900), Some("drills"));
}

#[test]
fn pve_s10_a_damaged_file_fails_and_leaves_the_id_and_partial_disks() {
    let (mut lab, volid) = backed_up();
    let path = format!("/mnt/hdd/dump/{}", volid.trim_start_matches("hdd:backup/"));
    let text = lab.site().node.files.read(&path).expect("the archive").to_owned();
    let keys: Vec<String> =
        text.match_indices("\"content\":\"").map(|(at, found)| text[at + found.len()..][..64].to_owned()).collect();
    keys.iter().for_each(|key| lab.pve().contents.damage(key));
    let upid = lab.started("POST", QEMU, drill(&volid));
    let exit = lab.wait(&upid);
    assert!(
        exit.starts_with("command 'set -o pipefail && zstd -q -d -c ") && exit.ends_with("failed: exit code 1"),
        "{exit}"
    );
    let log = lab.find(&upid).log.clone();
    assert!(log.iter().any(|line| line.contains("VM 900 state is NOT cleaned up")), "{log:#?}");
    let config = lab.vm(900).config.clone();
    assert_eq!(
        config.into_iter().collect::<Vec<_>>(),
        [("memory".to_owned(), "128".to_owned())],
        "a stub without name or tag"
    );
    let left: Vec<String> =
        lab.pve().storages["local-lvm"].volumes.keys().filter(|name| name.contains("900")).cloned().collect();
    assert_eq!(left, ["vm-900-cloudinit", "vm-900-disk-0"]);
    assert_eq!(
        lab.refused("POST", QEMU, drill(&volid)),
        died("unable to restore VM 900 - VM 900 already exists on node 'pve1'")
    );
    let destroy = json!({ "vmid": 900, "purge": 1, "destroy-unreferenced-disks": 1 });
    assert_eq!(lab.task("DELETE", "/nodes/{node}/qemu/{vmid}", destroy), "OK");
    assert!(!lab.pve().storages["local-lvm"].volumes.keys().any(|name| name.contains("900")));
}

#[test]
fn pve_s10_a_storage_that_is_not_here_fails_the_restore() {
    let (mut lab, volid) = backed_up();
    let storage = lab.pve().storages.remove("local-lvm").expect("the pool");
    lab.pve().storages.insert("fast".to_owned(), storage);
    let exit = lab.task("POST", QEMU, json!({ "vmid": 900, "archive": volid }));
    assert_eq!(exit, "storage 'local-lvm' does not exist");
    lab.pve().vms.remove(&900);
    assert_eq!(lab.task("POST", QEMU, json!({ "vmid": 900, "archive": volid, "storage": "fast" })), "OK");
    assert!(lab.vm(900).config["scsi0"].starts_with("fast:vm-900-disk-0"));
    lab.pve().vms.remove(&900);
    let exit = lab.task("POST", QEMU, json!({ "vmid": 900, "archive": volid, "storage": "hdd" }));
    assert_eq!(exit, "Content type 'images' is not available on storage 'hdd'");
}

#[test]
fn pve_s10_force_frees_the_old_disks_before_data_is_fetched() {
    let (mut lab, volid) = backed_up();
    let snapshot = json!({ "vmid": 101, "snapname": "before" });
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/snapshot", snapshot), "OK");
    assert_eq!(lab.task("POST", STOP, json!({ "vmid": 101 })), "OK");
    let over = json!({ "vmid": 101, "archive": volid, "force": 1 });
    let upid = lab.started("POST", QEMU, over.clone());
    lab.world.advance_by_us(1_000_000);
    assert!(lab.vm(101).guest.is_none() && lab.vm(101).snapshots.is_empty(), "the old VM is gone");
    // The archive's disk goes away meanwhile: the VM is lost.
    lab.unmount();
    assert_ne!(lab.wait(&upid), "OK");
    assert_eq!(lab.vm(101).option("name"), None);
    lab.mount();
    assert_eq!(lab.task("POST", QEMU, over), "OK");
    assert_eq!(read(&mut lab, 101, MARKER).as_deref(), Some("{\"nonce\":\"before\"}"));
    let protect = json!({ "vmid": 101, "protection": 1 });
    assert_eq!(lab.call("PUT", CONFIG, protect), Ok(Value::Null));
    let exit = lab.task("POST", QEMU, json!({ "vmid": 101, "archive": volid, "force": 1 }));
    assert_eq!(exit, "unable to restore VM 101 - - protection mode enabled");
}

#[test]
fn pve_s10_bwlimit_slows_a_restore_down() {
    let (mut lab, volid) = backed_up();
    let seconds = |lab: &mut Lab, more: Value| {
        let before = lab.world.now;
        assert_eq!(lab.task("POST", QEMU, with(json!({ "archive": volid }), more)), "OK");
        (lab.world.now.0 - before.0) / 1_000_000
    };
    let free = seconds(&mut lab, json!({ "vmid": 900 }));
    let slow = seconds(&mut lab, json!({ "vmid": 901, "bwlimit": 10_240 }));
    assert!(slow >= 307 && slow > free, "3 GiB at 10 MiB/s: {free} s, then {slow} s");
    let set = json!({ "storage": "hdd", "bwlimit": "restore=5120" });
    assert!(lab.call("PUT", "/storage/{storage}", set).is_ok());
    assert!(seconds(&mut lab, json!({ "vmid": 902 })) >= 614);
}

#[test]
fn pve_s10_a_second_large_vm_makes_the_kernel_kill_the_largest() {
    let (mut lab, volid) = backed_up();
    assert_eq!(lab.task("POST", STOP, json!({ "vmid": 101 })), "OK");
    lab.pve().hardware.memory_bytes = 16 * 1024 * 1024 * 1024;
    lab.vm(101).config.insert("memory".to_owned(), "8192".to_owned());
    assert_eq!(lab.task("POST", START, json!({ "vmid": 101 })), "OK");
    let memory = lab.get("/nodes/{node}/status", json!({}))["memory"]["available"].as_u64();
    assert_eq!(memory, Some(6 * 1024 * 1024 * 1024));
    let large = with(drill(&volid), json!({ "memory": "8192" }));
    assert_eq!(lab.task("POST", QEMU, large), "OK");
    assert_eq!(lab.task("POST", START, json!({ "vmid": 900 })), "OK", "the start itself is fine");
    assert_eq!(lab.vm(101).power, Power::Stopped, "the client's machine is the victim");
    assert_eq!(lab.vm(900).power, Power::Running);
    assert_eq!(lab.task("POST", STOP, json!({ "vmid": 900 })), "OK");
    assert_eq!(lab.task("POST", START, json!({ "vmid": 101 })), "OK");
    lab.vm(900).config.insert("memory".to_owned(), "4096".to_owned());
    assert_eq!(lab.task("POST", START, json!({ "vmid": 900 })), "OK");
    assert_eq!(lab.vm(101).power, Power::Running, "with less memory both fit");
}

#[test]
fn pve_s10_start_is_filed_after_the_restore_and_a_template_stays_one() {
    let (mut lab, volid) = backed_up();
    let started = with(drill(&volid), json!({ "start": 1 }));
    assert_eq!(lab.task("POST", QEMU, started), "OK");
    lab.world.advance_by_us(20_000_000);
    assert_eq!(lab.vm(900).power, Power::Running);
    assert_eq!(lab.task("POST", QEMU, with(typical(102), json!({ "name": "base" }))), "OK");
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/template", json!({ "vmid": 102 })), "OK");
    assert_eq!(lab.backup(json!({ "vmid": "102", "storage": "hdd" })).0, "OK");
    let list = lab.stored("hdd");
    let base = list.iter().find(|one| one["vmid"] == 102).expect("it")["volid"].clone();
    assert_eq!(lab.task("POST", QEMU, json!({ "vmid": 903, "archive": base })), "OK");
    assert!(lab.vm(903).template());
    assert!(lab.vm(903).config["scsi0"].starts_with("local-lvm:base-903-disk-0"), "{:?}", lab.vm(903).config);
}

#[test]
fn pve_s10_a_restore_that_is_killed_or_crashes_leaves_the_id_taken() {
    let (mut lab, volid) = backed_up();
    let upid = lab.started("POST", QEMU, drill(&volid));
    lab.world.advance_by_us(1_000_000);
    assert!(lab.call("DELETE", "/nodes/{node}/tasks/{upid}", json!({ "upid": upid })).is_ok());
    assert_eq!(lab.find(&upid).exit.as_deref(), Some("interrupted by signal"));
    assert_eq!(lab.vm(900).lock(), None);
    let crashed = with(drill(&volid), json!({ "vmid": 901 }));
    lab.started("POST", QEMU, crashed);
    lab.world.advance_by_us(1_000_000);
    let (site, around) = lab.world.site_mut("atelier").expect("the site");
    site.restart_node(around);
    assert_eq!(lab.vm(901).lock(), Some("create"), "after a crash nobody unlocks it");
}

#[test]
fn lab_restore_equal_work_gives_equal_worlds() {
    let world = |lab: Lab| -> World { lab.world };
    let make = || {
        let (mut lab, volid) = backed_up();
        assert_eq!(lab.task("POST", QEMU, drill(&volid)), "OK");
        lab
    };
    let first = world(make());
    let mut later = make();
    later.world.advance_by_us(3_600_000_000);
    assert_eq!(first.digest_view(), world(later).digest_view());
}
