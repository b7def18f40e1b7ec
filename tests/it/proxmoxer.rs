//! A Proxmox client that is not ours leads a virtual machine through its whole life in the lab.

use accolades::lab::net::keys;
use accolades::lab::net::serve::{Ports, serve};
use accolades::lab::net::topology::Topology;
use accolades::lab::world::internet::Download;
use accolades::lab::world::{SiteSpec, World};
use serde_json::json;

use crate::oracle;

const PASSWORD: &str = "lab-root-password";
const IMAGE_URL: &str = "https://cloud.example/debian-12.qcow2";

fn world() -> World {
    let mut world = World::new(11);
    let image = Download { size_bytes: 450_000_000, sha512: "ab".repeat(64), kind: "debian-12".to_owned() };
    world.internet.downloads.insert(IMAGE_URL.to_owned(), image);
    let subnet = "192.0.2.0/24".parse().expect("a subnet");
    let mut spec = SiteSpec::box_with_disk("atelier", "pve1", "WD-1", subnet);
    PASSWORD.clone_into(&mut spec.root_password);
    let site = world.add_site(spec);
    site.node.files.write(
        "/var/lib/vz/snippets/vendor.yaml",
        "#cloud-config\npackages:\n  - qemu-guest-agent\nruncmd:\n  - systemctl enable --now qemu-guest-agent\n",
    );
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn proxmoxer_leads_a_virtual_machine_through_its_life() {
    let Some(python) = oracle::python() else { return };
    let served = serve(world(), Topology::default(), PASSWORD, Ports::default()).await.expect("the lab starts");
    let site = &served.endpoints.sites["atelier"];
    let (host, port) = site.api.trim_start_matches("https://").split_once(':').expect("host and port");
    let argument = json!({
        "host": host,
        "port": port.parse::<u16>().expect("a port"),
        "fingerprint": site.tls_fingerprint,
        "password": site.root_password,
        "node": site.node,
        "address": "192.0.2.10/24",
        "gateway": "192.0.2.1",
        "bridge": "vmbr0",
        "image_url": IMAGE_URL,
        "image_sha512": "ab".repeat(64),
        "key": keys::public_text(&keys::ssh_key(&keys::seed_of(11, "technician"))),
        "vendor": "local:snippets/vendor.yaml",
    })
    .to_string();
    let judged = tokio::task::spawn_blocking(move || oracle::judge(&python, "proxmoxer_life.py", &[&argument]));
    oracle::assert_content(&judged.await.expect("the client ends"));
    let state = served.lab.lock();
    assert!(state.world.sites["atelier"].pve.vms.is_empty(), "the life is over");
}
