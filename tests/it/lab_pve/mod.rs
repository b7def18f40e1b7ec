//! The lab's Proxmox below the wire: one test per sentence of the behaviour sheet that the methods and the world
//! cover, named after its section.

mod agent;
mod backup;
mod config;
mod create;
mod jobs;
mod power;
mod read;
mod restore;
mod restored;
mod rights;
mod server;
mod snapshot;
mod storage;
mod tasks;
mod world;

use accolades::lab::os::disks;
use accolades::lab::pve::call::{Call, Caller, Refusal};
use accolades::lab::pve::handlers;
use accolades::lab::pve::state::{Pve, Task, Vm};
use accolades::lab::world::internet::Download;
use accolades::lab::world::{Site, SiteSpec, World};
use serde_json::{Map, Value, json};

/// Where the test image is.
pub const IMAGE_URL: &str = "https://cloud.example/debian-12.qcow2";

/// The image's SHA-512, and one that differs.
pub const IMAGE_SHA512: &str = "ab";

/// The image as a volume.
pub const IMAGE: &str = "local:import/debian-12.qcow2";

/// A public key.
pub const KEY: &str = "ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIJ%20coop";

/// A world with one site, and root by ticket asking.
pub struct Lab {
    /// The world.
    pub world: World,
    /// Who asks.
    pub caller: Caller,
}

impl Lab {
    /// One fresh node `pve1` at the site `atelier`.
    pub fn new() -> Lab {
        let mut world = World::new(7);
        let image = Download { size_bytes: 350_000_000, sha512: IMAGE_SHA512.to_owned(), kind: "debian-12".to_owned() };
        world.internet.downloads.insert(IMAGE_URL.to_owned(), image);
        let subnet = "192.0.2.0/24".parse().expect("a subnet");
        let site = world.add_site(SiteSpec::box_with_disk("atelier", "pve1", "WD-1", subnet));
        site.node.files.write(
            "/var/lib/vz/snippets/vendor.yaml",
            "#cloud-config\npackages:\n  - qemu-guest-agent\nruncmd:\n  - systemctl enable --now qemu-guest-agent\n",
        );
        Lab { world, caller: Caller { user: "root@pam".to_owned(), token: None } }
    }

    /// As [`Lab::new`], with the Debian image downloaded.
    pub fn with_image() -> Lab {
        let mut lab = Lab::new();
        let exit = lab.task(
            "POST",
            "/nodes/{node}/storage/{storage}/download-url",
            json!({
                "storage": "local", "content": "import", "filename": "debian-12.qcow2", "url": IMAGE_URL,
                "checksum": IMAGE_SHA512, "checksum-algorithm": "sha512",
            }),
        );
        assert_eq!(exit, "OK");
        lab
    }

    /// As [`Lab::with_image`], with the typical VM 101 of the sheet.
    pub fn with_vm() -> Lab {
        let mut lab = Lab::with_image();
        assert_eq!(lab.task("POST", "/nodes/{node}/qemu", typical(101)), "OK");
        lab
    }

    /// As [`Lab::with_vm`], with the guest up.
    pub fn with_guest() -> Lab {
        let mut lab = Lab::with_vm();
        assert_eq!(lab.task("POST", "/nodes/{node}/qemu/{vmid}/status/start", json!({ "vmid": 101 })), "OK");
        lab.world.advance_by_us(200_000_000);
        lab
    }

    /// As [`Lab::with_guest`], with the backup disk mounted and defined as the storage `hdd`.
    pub fn with_disk() -> Lab {
        let mut lab = Lab::with_guest();
        lab.mount();
        let hdd =
            json!({ "storage": "hdd", "type": "dir", "path": "/mnt/hdd", "content": "backup", "is_mountpoint": "yes" });
        assert_eq!(lab.call("POST", "/storage", hdd), Ok(json!({ "storage": "hdd", "type": "dir" })));
        lab
    }

    /// Mounts the backup disk at `/mnt/hdd`.
    pub fn mount(&mut self) {
        let node = &mut self.site().node;
        node.files.make_folder("/mnt/hdd", 0o755, "root");
        let disk = node.disks.iter_mut().find(|disk| disk.serial == "WD-1").expect("the disk");
        disk.filesystem = Some("ext4".to_owned());
        let path = disk.path.clone();
        disks::mount(node, &path, "/mnt/hdd").expect("it is free");
    }

    /// Takes the backup disk away.
    pub fn unmount(&mut self) {
        assert!(disks::unmount(&mut self.site().node, "/mnt/hdd"));
    }

    /// Backs up with these parameters, waits for the end; the exit status and the log.
    pub fn backup(&mut self, params: Value) -> (String, Vec<String>) {
        let upid = self.started("POST", "/nodes/{node}/vzdump", params);
        let exit = self.wait(&upid);
        (exit, self.find(&upid).log.clone())
    }

    /// The backups on a storage, as a listing shows them.
    pub fn stored(&mut self, storage: &str) -> Vec<Value> {
        let params = json!({ "storage": storage, "content": "backup" });
        let list = self.get("/nodes/{node}/storage/{storage}/content", params);
        list.as_array().cloned().expect("a list")
    }

    /// Asks for a method; the node is added to the parameters.
    pub fn call(&mut self, verb: &str, path: &str, params: Value) -> Result<Value, Refusal> {
        let handler = handlers::find(verb, path).unwrap_or_else(|| panic!("{verb} {path} is not there"));
        let mut params: Map<String, Value> = params.as_object().cloned().unwrap_or_default();
        params.entry("node").or_insert_with(|| json!("pve1"));
        let call = Call { caller: self.caller.clone(), params };
        let now = self.world.now;
        self.world.advance_to(now);
        let (site, around) = self.world.site_mut("atelier").expect("the site is there");
        // A part of a list comes with its total; here only the part matters.
        handler(site, around, &call).map(|answer| answer.get("lab:part").cloned().unwrap_or(answer))
    }

    /// Asks for a method that must answer.
    pub fn get(&mut self, path: &str, params: Value) -> Value {
        self.call("GET", path, params).unwrap_or_else(|refusal| panic!("{path}: {refusal:?}"))
    }

    /// Asks for a method that must be refused.
    pub fn refused(&mut self, verb: &str, path: &str, params: Value) -> Refusal {
        match self.call(verb, path, params) {
            Ok(answer) => panic!("{verb} {path} answered {answer}"),
            Err(refusal) => refusal,
        }
    }

    /// Asks for a method that starts a task; the task's identifier.
    pub fn started(&mut self, verb: &str, path: &str, params: Value) -> String {
        let answer = self.call(verb, path, params).unwrap_or_else(|refusal| panic!("{path}: {refusal:?}"));
        let upid = answer.as_str().unwrap_or_else(|| panic!("{path}: no task but {answer}")).to_owned();
        assert!(upid.starts_with("UPID:pve1:"), "{upid}");
        upid
    }

    /// Asks for a method that starts a task and waits for its end; its exit status.
    pub fn task(&mut self, verb: &str, path: &str, params: Value) -> String {
        let upid = self.started(verb, path, params);
        self.wait(&upid)
    }

    /// Lets time pass until a task ends; its exit status.
    pub fn wait(&mut self, upid: &str) -> String {
        loop {
            if let Some(exit) = &self.find(upid).exit {
                return exit.clone();
            }
            let next = self.site().next_moment().expect("the task ends some day");
            self.world.advance_to(next);
        }
    }

    /// A task.
    pub fn find(&self, upid: &str) -> &Task {
        self.world.sites["atelier"].pve.tasks.iter().find(|task| task.upid == upid).expect("the task is there")
    }

    /// The site.
    pub fn site(&mut self) -> &mut Site {
        self.world.sites.get_mut("atelier").expect("the site is there")
    }

    /// Its Proxmox.
    pub fn pve(&mut self) -> &mut Pve {
        &mut self.site().pve
    }

    /// A VM.
    pub fn vm(&mut self, vmid: u32) -> &mut Vm {
        self.pve().vms.get_mut(&vmid).expect("the VM is there")
    }

    /// Asks as an API token of somebody else from now on.
    pub fn as_token(&mut self) {
        self.caller = Caller { user: "coop@pve".to_owned(), token: Some("app".to_owned()) };
    }
}

/// The parameter set of the sheet's section 5a.
pub fn typical(vmid: u32) -> Value {
    json!({
        "vmid": vmid,
        "name": "lilas",
        "memory": "4096",
        "cores": 2,
        "cpu": "host",
        "ostype": "l26",
        "scsihw": "virtio-scsi-single",
        "scsi0": format!("local-lvm:0,import-from={IMAGE},discard=on,iothread=1,ssd=1"),
        "ide2": "local-lvm:cloudinit",
        "net0": "virtio,bridge=vmbr0",
        "boot": "order=scsi0",
        "serial0": "socket",
        "vga": "serial0",
        "agent": "enabled=1",
        "ciuser": "debian",
        "sshkeys": KEY,
        "ipconfig0": "ip=192.0.2.10/24,gw=192.0.2.1",
        "cicustom": "vendor=local:snippets/vendor.yaml",
        "ciupgrade": 0,
        "onboot": 1,
        "tags": "Coop;accolades",
    })
}

/// The text of a 500.
pub fn died(text: &str) -> Refusal {
    Refusal::died(text)
}
