//! Machines for this room's tests.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{CloudInit, Login, Machine, Output, advance, boot, shell};
use crate::pbs::state::BackupServers;
use crate::world::internet::Download;
use crate::world::{Internet, Moment, Surroundings};

/// A key as a technician has it.
pub const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtlc3RrZXl0ZXN0a2V5dGVzdGtleXRlc3RrZXl0ZXN0 tool@bastion";

/// A small world around one machine.
pub struct Lab {
    pub internet: Internet,
    pub servers: RefCell<BackupServers>,
    pub now: Moment,
    pub machine: Machine,
}

/// What cloud-init is told in most tests.
pub fn cloud_init() -> CloudInit {
    CloudInit {
        instance_id: "first".to_owned(),
        hostname: "lilas".to_owned(),
        user: "debian".to_owned(),
        ssh_keys: vec![KEY.to_owned()],
        addresses: vec!["192.0.2.10/24".to_owned()],
        gateway: Some("192.0.2.1".to_owned()),
        nameservers: vec!["192.0.2.1".to_owned()],
        vendor_data: Some(
            "#cloud-config\npackages:\n  - qemu-guest-agent\nruncmd:\n  - [systemctl, start, qemu-guest-agent]\n"
                .to_owned(),
        ),
        disk_bytes: 40 * 1024 * 1024 * 1024,
        memory_mib: 4096,
        image_kind: "debian-12".to_owned(),
        seed_key: "site/1042".to_owned(),
        ..CloudInit::default()
    }
}

fn internet() -> Internet {
    let installer = |size_bytes| Download { size_bytes, sha512: String::new(), kind: "yunohost-installer".to_owned() };
    let downloads = ["bookworm", "trixie"]
        .into_iter()
        .map(|name| (format!("https://install.yunohost.org/{name}"), installer(23_000)))
        .collect();
    Internet {
        dns: BTreeMap::new(),
        downloads,
        catalog_reachable: true,
        validators_reachable: true,
        ..Internet::default()
    }
}

impl Lab {
    /// A Debian 12 guest that has finished its first boot.
    pub fn booted() -> Lab {
        Lab::booted_with(&cloud_init())
    }

    /// A guest with this drive, five minutes after power-on.
    pub fn booted_with(cloud_init: &CloudInit) -> Lab {
        let now = Moment(1_790_000_000_000_000);
        let mut lab = Lab { internet: internet(), servers: RefCell::default(), now, machine: Machine::default() };
        lab.machine = boot(cloud_init, None, lab.around());
        lab.pass_seconds(300);
        lab
    }

    /// A Proxmox node.
    pub fn node(disks: Vec<super::Disk>) -> Lab {
        let mut lab = Lab::booted();
        lab.machine = super::proxmox_node("pve1", &["192.0.2.2/24".to_owned()], disks, 7);
        lab
    }

    /// A guest on which YunoHost's packages are installed.
    pub fn with_yunohost() -> Lab {
        let mut lab = Lab::booted();
        let output =
            lab.root("curl -fsSL https://install.yunohost.org/bookworm -o /root/install && bash /root/install -a");
        assert_eq!(output.exit, 0, "{output:?}");
        lab
    }

    fn around(&self) -> Surroundings<'_> {
        Surroundings { seed: 7, now: self.now, internet: &self.internet, servers: &self.servers }
    }

    /// Lets time pass.
    pub fn pass_seconds(&mut self, seconds: u64) {
        self.now = self.now.plus_us(seconds * 1_000_000);
        let around = Surroundings { seed: 7, now: self.now, internet: &self.internet, servers: &self.servers };
        advance(&mut self.machine, around);
    }

    /// A command line over SSH; the time it takes passes.
    pub fn ssh(&mut self, user: &str, line: &str, stdin: &str) -> Output {
        let around = Surroundings { seed: 7, now: self.now, internet: &self.internet, servers: &self.servers };
        let login = Login { user: user.to_owned() };
        let output = shell(&mut self.machine, &login, line, stdin, around);
        self.now = self.now.plus_us(output.duration_us);
        output
    }

    /// A command line of root.
    pub fn root(&mut self, line: &str) -> Output {
        self.ssh("root", line, "")
    }

    /// Boots again from this drive.
    pub fn boot_again(&mut self, cloud_init: &CloudInit) {
        let previous = std::mem::take(&mut self.machine);
        self.machine = boot(cloud_init, Some(previous), self.around());
        self.pass_seconds(300);
    }
}

/// What a command line of root prints on a fresh guest.
pub fn printed(line: &str) -> String {
    let output = Lab::booted().root(line);
    format!("{}{}", output.stdout, output.stderr)
}
