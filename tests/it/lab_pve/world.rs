//! The world: deterministic, serialisable, comparable. Section 10: when cloud-init takes a boot for a first one.

use accolades::lab::world::World;
use serde_json::json;

use super::{Lab, typical};

#[test]
fn lab_world_the_same_requests_make_the_same_world() {
    let (mut one, mut two) = (Lab::with_guest(), Lab::with_guest());
    assert_eq!(one.world.snapshot().ok(), two.world.snapshot().ok());
    // Asking more often changes nothing.
    for _ in 0..3 {
        two.get("/cluster/resources", json!({}));
    }
    assert!(
        one.call("PUT", "/nodes/{node}/qemu/{vmid}/config", json!({ "vmid": 101, "net1": "virtio,bridge=vmbr0" }))
            .is_ok()
    );
    assert!(
        two.call("PUT", "/nodes/{node}/qemu/{vmid}/config", json!({ "vmid": 101, "net1": "virtio,bridge=vmbr0" }))
            .is_ok()
    );
    assert_eq!(one.vm(101).option("net1"), two.vm(101).option("net1"));
}

#[test]
fn lab_world_a_snapshot_restores_everything() {
    let mut lab = Lab::with_guest();
    let upid = lab.started("POST", "/nodes/{node}/qemu/{vmid}/status/shutdown", json!({ "vmid": 101 }));
    let text = lab.world.snapshot().expect("a snapshot");
    let restored = World::restore(&text).expect("the same world");
    assert_eq!(restored.snapshot().expect("a snapshot"), text);
    assert_eq!(restored.digest(), lab.world.digest());
    lab.world = restored;
    assert_eq!(lab.wait(&upid), "OK");
}

#[test]
fn lab_world_the_digest_ignores_history_and_random_values() {
    let (mut straight, mut detour) = (Lab::with_image(), Lab::with_image());
    assert_eq!(straight.task("POST", "/nodes/{node}/qemu", typical(101)), "OK");
    assert_eq!(detour.task("POST", "/nodes/{node}/qemu", typical(101)), "OK");
    assert_eq!(detour.task("DELETE", "/nodes/{node}/qemu/{vmid}", json!({ "vmid": 101 })), "OK");
    detour.world.advance_by_us(3_600_000_000);
    assert_eq!(detour.task("POST", "/nodes/{node}/qemu", typical(101)), "OK");
    assert_ne!(straight.vm(101).option("smbios1"), detour.vm(101).option("smbios1"));
    assert_eq!(straight.world.digest_view(), detour.world.digest_view());
    assert_eq!(straight.world.digest(), detour.world.digest());
}

#[test]
fn lab_world_the_digest_sees_what_a_failed_run_leaves_behind() {
    let mut lab = Lab::with_vm();
    let clean = lab.world.digest();
    let pool = &mut lab.pve().storages.get_mut("local-lvm").expect("the pool").volumes;
    let stray = pool["vm-101-disk-0"].clone();
    pool.insert("vm-101-disk-1".to_owned(), stray);
    assert_ne!(lab.world.digest(), clean);
}

#[test]
fn lab_world_tasks_take_effect_when_their_time_comes() {
    let mut lab = Lab::with_vm();
    lab.started("POST", "/nodes/{node}/qemu/{vmid}/status/start", json!({ "vmid": 101 }));
    assert!(!lab.vm(101).running());
    lab.world.advance_by_us(2_900_000);
    assert!(!lab.vm(101).running());
    lab.world.advance_by_us(100_000);
    assert!(lab.vm(101).running());
}

#[test]
fn pve_s10_cloud_init_runs_again_when_name_key_or_address_change() {
    for change in
        [json!({ "name": "drill-lilas" }), json!({ "ciuser": "other" }), json!({ "net0": "virtio,bridge=vmbr0" })]
    {
        let mut lab = Lab::with_guest();
        let first = lab.vm(101).guest.as_ref().and_then(|guest| guest.instance_id.clone());
        assert!(first.is_some());
        let restart = |lab: &mut Lab| {
            assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/stop", json!({ "vmid": 101 })), "OK");
            assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/start", json!({ "vmid": 101 })), "OK");
            lab.world.advance_by_us(200_000_000);
            lab.vm(101).guest.as_ref().and_then(|guest| guest.instance_id.clone())
        };
        assert_eq!(restart(&mut lab), first, "nothing changed");
        let mut params = change.clone();
        params["vmid"] = json!(101);
        assert!(lab.call("PUT", "/nodes/{node}/qemu/{vmid}/config", params).is_ok());
        assert_ne!(restart(&mut lab), first, "{change}");
    }
}

#[test]
fn pve_s10_a_guest_with_a_new_disk_size_grows_at_its_next_boot() {
    let mut lab = Lab::with_vm();
    let size = json!({ "vmid": 101, "disk": "scsi0", "size": "40G" });
    assert_eq!(lab.task("PUT", "/nodes/{node}/qemu/{vmid}/resize", size), "OK");
    assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/start", json!({ "vmid": 101 })), "OK");
    lab.world.advance_by_us(200_000_000);
    let bytes = lab.site().guest(101).expect("a guest").root_bytes;
    assert!(bytes > 39 * 1024 * 1024 * 1024, "{bytes}");
    assert_eq!(lab.site().vm_at("192.0.2.10"), Some(101));
}
