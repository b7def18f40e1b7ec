//! Sections 5a (images), 9b (jobs), 9c (content) and 9d (definitions of storages).

use accolades::lab::pbs::state::BackupServer;
use accolades::lab::pve::call::Refusal;
use serde_json::{Value, json};

use super::{IMAGE, IMAGE_SHA512, IMAGE_URL, Lab, died};

const DOWNLOAD: &str = "/nodes/{node}/storage/{storage}/download-url";
const CONTENT: &str = "/nodes/{node}/storage/{storage}/content";
const STORAGE: &str = "/storage/{storage}";
const VOLUME: &str = "/nodes/{node}/storage/{storage}/content/{volume}";

fn image(filename: &str, sha512: &str) -> Value {
    json!({
        "storage": "local", "content": "import", "filename": filename, "url": IMAGE_URL,
        "checksum": sha512, "checksum-algorithm": "sha512",
    })
}

#[test]
fn pve_s5a_a_download_is_a_task_that_checks_the_sum() {
    let mut lab = Lab::new();
    let upid = lab.started("POST", DOWNLOAD, image("debian-12.qcow2", IMAGE_SHA512));
    assert!(upid.contains(":download:debian-12.qcow2:"), "{upid}");
    assert_eq!(lab.wait(&upid), "OK");
    let list = lab.get(CONTENT, json!({ "storage": "local", "content": "import" }));
    assert_eq!(
        (&list[0]["volid"], &list[0]["format"], &list[0]["size"]),
        (&json!(IMAGE), &json!("qcow2"), &json!(350_000_000))
    );
    let volume = lab.get(VOLUME, json!({ "storage": "local", "volume": IMAGE }));
    assert_eq!(volume["path"], "/var/lib/vz/import/debian-12.qcow2");
}

#[test]
fn pve_s5a_a_wrong_sum_fails_the_task_and_leaves_nothing() {
    let mut lab = Lab::new();
    let exit = lab.task("POST", DOWNLOAD, image("debian-12.qcow2", "cd"));
    assert_eq!(exit, "checksum mismatch: got 'ab' != expect 'cd'");
    assert_eq!(lab.get(CONTENT, json!({ "storage": "local", "content": "import" })), json!([]));
}

#[test]
fn pve_s5a_img_names_are_refused() {
    let mut lab = Lab::new();
    let refusal = lab.refused("POST", DOWNLOAD, image("debian-12.img", IMAGE_SHA512));
    assert_eq!(refusal, Refusal::param("filename", "wrong file extension"));
}

#[test]
fn pve_s5a_a_file_that_is_there_already_is_not_fetched_again() {
    let mut lab = Lab::with_image();
    let upid = lab.started("POST", DOWNLOAD, image("debian-12.qcow2", IMAGE_SHA512));
    assert_eq!(lab.wait(&upid), "OK");
    assert!(lab.find(&upid).log.iter().any(|line| line.contains("no need to download")));
}

#[test]
fn pve_s5a_a_download_needs_space_and_a_reachable_url() {
    let mut lab = Lab::new();
    lab.pve().storages.get_mut("local").expect("the folder").full = true;
    let exit = lab.task("POST", DOWNLOAD, image("debian-12.qcow2", IMAGE_SHA512));
    assert!(exit.starts_with("download failed: ") && exit.ends_with("exit code 3"), "{exit}");
    let mut lost = image("other.qcow2", IMAGE_SHA512);
    lost["url"] = json!("https://cloud.example/nothing");
    let exit = lab.task("POST", DOWNLOAD, lost);
    assert!(exit.starts_with("download failed: ") && exit.ends_with("exit code 8"), "{exit}");
}

#[test]
fn pve_s9c_deleting_a_volume_is_a_task_and_a_protected_one_stays() {
    let mut lab = Lab::with_image();
    let volume = json!({ "storage": "local", "volume": "import/debian-12.qcow2" });
    lab.pve()
        .storages
        .get_mut("local")
        .and_then(|local| local.volumes.get_mut("import/debian-12.qcow2"))
        .expect("the image")
        .protected = true;
    let exit = lab.task("DELETE", VOLUME, volume.clone());
    assert_eq!(exit, format!("can't remove protected volume '{IMAGE}'"));
    lab.pve()
        .storages
        .get_mut("local")
        .and_then(|local| local.volumes.get_mut("import/debian-12.qcow2"))
        .expect("the image")
        .protected = false;
    let upid = lab.started("DELETE", VOLUME, volume);
    assert!(upid.contains(":imgdel:"), "{upid}");
    assert_eq!(lab.wait(&upid), "OK");
    assert!(lab.pve().storages["local"].volumes.is_empty());
}

#[test]
fn pve_s9c_snippets_are_the_nodes_own_files() {
    let mut lab = Lab::new();
    let list = lab.get(CONTENT, json!({ "storage": "local", "content": "snippets" }));
    assert_eq!(list[0]["volid"], "local:snippets/vendor.yaml");
}

#[test]
fn pve_s9d_a_mount_point_without_its_disk_is_not_activated() {
    let mut lab = Lab::new();
    let hdd =
        json!({ "storage": "hdd", "type": "dir", "path": "/mnt/hdd", "content": "backup", "is_mountpoint": "yes" });
    let refusal = lab.refused("POST", "/storage", hdd.clone());
    let text = "create storage failed: unable to activate storage 'hdd' - directory is expected to be a mount point but is not mounted: '/mnt/hdd'";
    assert_eq!(refusal, died(text));
    assert!(!lab.pve().storages.contains_key("hdd"));
    let site = lab.site();
    site.node.files.make_folder("/mnt/hdd", 0o755, "root");
    let disk = site.node.disks.iter_mut().find(|disk| disk.serial == "WD-1").expect("the disk");
    disk.filesystem = Some("ext4".to_owned());
    disk.mounted_at = Some("/mnt/hdd".to_owned());
    assert_eq!(lab.call("POST", "/storage", hdd.clone()), Ok(json!({ "storage": "hdd", "type": "dir" })));
    let status = lab.get("/nodes/{node}/storage/{storage}/status", json!({ "storage": "hdd" }));
    assert_eq!((&status["active"], &status["total"]), (&json!(1), &json!(2_000_398_934_016_u64)));
    assert_eq!(lab.refused("POST", "/storage", hdd), died("storage ID 'hdd' already defined"));
    lab.site().node.disks.iter_mut().for_each(|disk| disk.present = false);
    let status = lab.get("/nodes/{node}/storage/{storage}/status", json!({ "storage": "hdd" }));
    assert_eq!((&status["active"], &status["total"]), (&json!(0), &json!(0)));
}

#[test]
fn pve_s9d_type_and_path_are_fixed() {
    let mut lab = Lab::new();
    let refusal = lab.refused("PUT", "/storage/{storage}", json!({ "storage": "local", "path": "/elsewhere" }));
    assert!(matches!(refusal, Refusal::Params(errors) if errors.contains_key("path")));
    let set = json!({ "storage": "local", "prune-backups": "keep-daily=7" });
    assert_eq!(lab.call("PUT", "/storage/{storage}", set), Ok(json!({ "storage": "local", "type": "dir" })));
    assert_eq!(lab.get("/storage/{storage}", json!({ "storage": "local" }))["prune-backups"], "keep-daily=7");
    let unset = json!({ "storage": "local", "delete": "prune-backups" });
    assert!(lab.call("PUT", "/storage/{storage}", unset).is_ok());
    assert!(lab.get("/storage/{storage}", json!({ "storage": "local" })).get("prune-backups").is_none());
}

#[test]
fn pve_s9d_a_backup_server_is_contacted_at_creation() {
    let mut lab = Lab::new();
    let mut pbs = json!({
        "storage": "pbs1", "type": "pbs", "server": "pbs.example", "datastore": "coop", "username": "node@pbs",
        "password": "secret", "fingerprint": "aa:bb",
    });
    let create = |lab: &mut Lab, pbs: &Value| lab.call("POST", "/storage", pbs.clone());
    let words = |text: &str| Err(died(&format!("create storage failed: pbs1: {text}")));
    let down = "error fetching datastores - 500 Can't connect to pbs.example:8007 (Connection refused)";
    assert_eq!(create(&mut lab, &pbs), words(down));
    let mut server = BackupServer::new("pbs", "root-password", lab.world.now);
    server.fingerprint = "AA:CC".to_owned();
    server.access.add_user("node@pbs", Some("secret"));
    server.access.grant("/datastore/other", "node@pbs", "DatastoreBackup");
    server.add_datastore("other", 1_000);
    lab.world.backup_servers.borrow_mut().0.insert("pbs.example".to_owned(), server);
    assert_eq!(create(&mut lab, &pbs), words("error fetching datastores - fingerprint 'AA:CC' not verified, abort!"));
    pbs["fingerprint"] = json!("aa:cc");
    let missing = "Cannot find datastore 'coop', check permissions and existence!";
    assert_eq!(create(&mut lab, &pbs), words(missing));
    pbs["datastore"] = json!("other");
    assert!(create(&mut lab, &pbs).is_ok());
    assert!(lab.get("/storage/{storage}", json!({ "storage": "pbs1" })).get("password").is_none());
}

#[test]
fn pve_s9d_without_content_a_storage_carries_what_its_type_carries_by_default() {
    let mut lab = Lab::with_disk();
    let list = |lab: &mut Lab| lab.get("/nodes/{node}/storage", json!({ "content": "backup" }));
    assert!(list(&mut lab).as_array().is_some_and(|all| all.iter().any(|one| one["storage"] == "hdd")));
    assert!(lab.call("PUT", STORAGE, json!({ "storage": "hdd", "delete": "content" })).is_ok());
    assert_eq!(lab.get(STORAGE, json!({ "storage": "hdd" }))["content"], "images,rootdir");
    assert!(list(&mut lab).as_array().is_some_and(|all| all.iter().all(|one| one["storage"] != "hdd")));
    let disk = json!({ "vmid": 101, "scsi1": "hdd:4" });
    assert_eq!(lab.call("PUT", "/nodes/{node}/qemu/{vmid}/config", disk), Ok(Value::Null));
    assert!(lab.call("PUT", STORAGE, json!({ "storage": "hdd", "content": "backup" })).is_ok());
    assert_eq!(lab.get(STORAGE, json!({ "storage": "hdd" }))["content"], "backup");
}

#[test]
fn pve_s9d_the_digest_is_that_of_all_definitions() {
    let mut lab = Lab::new();
    let read = |lab: &mut Lab, id: &str| lab.get(STORAGE, json!({ "storage": id }))["digest"].clone();
    let before = read(&mut lab, "local-lvm");
    assert_eq!(before, read(&mut lab, "local"));
    let change = json!({ "storage": "local", "max-protected-backups": 3, "digest": before });
    assert!(lab.call("PUT", STORAGE, change).is_ok());
    let late = json!({ "storage": "local-lvm", "disable": 1, "digest": before });
    let refusal = lab.refused("PUT", STORAGE, late);
    assert_eq!(refusal, died("detected modified configuration - file changed by other user? Try again."));
    assert_eq!(lab.get("/storage", json!({}))[0]["digest"], read(&mut lab, "local-lvm"));
}

#[test]
fn pve_s9b_jobs_are_shown_with_objects_where_text_was_given() {
    let mut lab = Lab::with_vm();
    let job = json!({
        "id": "nightly", "schedule": "02:30", "storage": "local", "vmid": "101", "mode": "snapshot",
        "prune-backups": "keep-daily=7,keep-weekly=4",
    });
    assert_eq!(lab.call("POST", "/cluster/backup", job.clone()), Ok(Value::Null));
    assert_eq!(lab.refused("POST", "/cluster/backup", job), died("Job 'nightly' already exists"));
    let shown = lab.get("/cluster/backup/{id}", json!({ "id": "nightly" }));
    assert_eq!(shown["prune-backups"], json!({ "keep-daily": 7, "keep-weekly": 4 }));
    assert_eq!((&shown["vmid"], &shown["enabled"]), (&json!("101"), &json!(1)));
    let volumes = lab.get("/cluster/backup/{id}/included_volumes", json!({ "id": "nightly" }));
    assert_eq!(volumes["children"][0]["children"][0]["id"], "101:scsi0");
    assert_eq!(lab.get("/cluster/backup-info/not-backed-up", json!({})), json!([]));
    lab.pve().access.add_pool("clients", &[], &[]);
    let other = json!({ "id": "nightly", "pool": "clients", "delete": "mode" });
    assert_eq!(lab.call("PUT", "/cluster/backup/{id}", other), Ok(Value::Null));
    assert_eq!(lab.get("/cluster/backup-info/not-backed-up", json!({}))[0]["vmid"], 101);
    assert_eq!(lab.call("DELETE", "/cluster/backup/{id}", json!({ "id": "nightly" })), Ok(Value::Null));
    let refusal = lab.refused("GET", "/cluster/backup/{id}", json!({ "id": "nightly" }));
    assert_eq!(refusal, Refusal::param("id", "No such job 'nightly'"));
}
