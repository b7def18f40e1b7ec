//! Section 10: what a restored VM has of what was never in its backup.

use serde_json::json;

use super::Lab;
use super::restore::drill;

const QEMU: &str = "/nodes/{node}/qemu";
const START: &str = "/nodes/{node}/qemu/{vmid}/status/start";

#[test]
fn pve_s10_the_cloud_init_drive_is_made_anew_and_an_image_that_is_gone_blocks_the_start() {
    let mut lab = Lab::with_disk();
    let image = "local:iso/outils.iso,media=cdrom";
    lab.vm(101).config.insert("ide3".to_owned(), image.to_owned());
    let (exit, log) = lab.backup(json!({ "vmid": "101", "storage": "hdd" }));
    assert_eq!(exit, "OK", "{log:#?}");
    let volid = lab.stored("hdd")[0]["volid"].as_str().expect("an id").to_owned();
    assert_eq!(lab.task("POST", QEMU, drill(&volid)), "OK");
    let config = lab.vm(900).config.clone();
    assert_eq!(config["ide2"], "local-lvm:vm-900-cloudinit,media=cdrom", "a drive of its own");
    assert_eq!(config["ide3"], image, "the reference is kept as it was");
    let exit = lab.task("POST", START, json!({ "vmid": 900 }));
    assert!(exit.contains("iso/outils.iso"), "{exit}");
}
