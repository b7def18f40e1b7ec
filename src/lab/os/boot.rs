//! Booting: a fresh image with cloud-init, a reboot, a Proxmox node.
//!
//! cloud-init runs its first-boot work again whenever the instance id changed, unless it was switched off with
//! `/etc/cloud/cloud-init.disabled` (sheet Proxmox, section 10). What takes time at boot happens in the background:
//! SSH and the guest agent answer only after [`BOOT_US`], the first boot's packages after that.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::files::Files;
use super::packages::Packages;
use super::programs::keyed_bytes;
use super::units::{self, Background, Enablement, State};
use super::vendor_data::vendor_work;
use super::{Accounts, Disk, Exec, Machine, sshd};
use crate::world::{Moment, Surroundings};

/// From power-on to the first answer over SSH or from the guest agent.
pub const BOOT_US: u64 = 14_000_000;

/// Turns cloud-init off when it exists.
pub const CLOUD_INIT_DISABLED: &str = "/etc/cloud/cloud-init.disabled";

/// Vendor data as cloud-init last saw it.
const VENDOR_DATA: &str = "/var/lib/cloud/instance/vendor-data.txt";

/// Made when cloud-init's last stage of an instance's first boot is over.
const BOOT_FINISHED: &str = "/var/lib/cloud/instance/boot-finished";

/// Where the results of cloud-init's last work stand.
const CLOUD_INIT_STATUS: &str = "/run/cloud-init/status";

/// What a hypervisor gives a machine at boot: the cloud-init drive and its hardware.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudInit {
    /// A changed id makes cloud-init do its first-boot work again.
    pub instance_id: String,
    /// Host name.
    pub hostname: String,
    /// Account to make; `root` uses root itself, an empty text means the image's own (`debian`).
    pub user: String,
    /// Public keys in OpenSSH's text form.
    pub ssh_keys: Vec<String>,
    /// Password in clear, for the account.
    pub password: Option<String>,
    /// Addresses with prefix length.
    pub addresses: Vec<String>,
    /// Whether the addresses are leased, and so not remembered by the machine.
    #[serde(default)]
    pub leased: bool,
    /// Default gateway.
    pub gateway: Option<String>,
    /// Name servers.
    pub nameservers: Vec<String>,
    /// Whether packages are upgraded at first boot.
    pub upgrade: bool,
    /// Vendor data (YAML), where the image's owner installs the guest agent.
    pub vendor_data: Option<String>,
    /// Size of the system disk in bytes.
    pub disk_bytes: u64,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// What the disk was made from: `debian-12`, `debian-13`.
    pub image_kind: String,
    /// What the machine's own random choices are keyed by, for example its site and id.
    pub seed_key: String,
}

/// Size of Debian's cloud image before its partition is grown.
const IMAGE_BYTES: u64 = 3 * 1024 * 1024 * 1024;

/// What the partition table and the EFI partition take of the disk.
const OUTSIDE_ROOT_BYTES: u64 = 128 * 1024 * 1024;

/// Boots a machine: from its image when there is no previous one, else from its disk as it was left.
pub fn boot(cloud_init: &CloudInit, previous: Option<Machine>, around: Surroundings<'_>) -> Machine {
    let mut machine = match previous {
        Some(mut machine) => {
            power_off(&mut machine, around);
            machine
        }
        None => from_image(cloud_init),
    };
    machine.cloud_init = Some(Box::new(cloud_init.clone()));
    machine.memory_mib = cloud_init.memory_mib;
    let mut is_new = false;
    if !machine.files.exists(CLOUD_INIT_DISABLED) {
        machine.root_bytes = cloud_init.disk_bytes.saturating_sub(OUTSIDE_ROOT_BYTES).max(machine.root_bytes);
        machine.addresses = cloud_init.addresses.clone();
        machine.has_uplink = cloud_init.gateway.is_some() && !cloud_init.nameservers.is_empty();
        is_new = machine.instance_id.as_ref() != Some(&cloud_init.instance_id);
        if is_new {
            first_boot(&mut machine, cloud_init, around.seed);
        }
        let status = if is_new { "running" } else { "done" };
        machine.files.write(CLOUD_INIT_STATUS, status);
    } else if cloud_init.leased {
        machine.addresses = cloud_init.addresses.clone();
    }
    power_on(&mut machine, around);
    if is_new {
        let started_at = around.now.plus_us(BOOT_US);
        in_background(&mut machine, "lab-cloud-final", started_at, around);
    }
    machine
}

/// Boots again with the same drive and hardware, as `reboot` inside the machine does.
pub fn reboot(machine: &mut Machine, around: Surroundings<'_>) {
    let before = std::mem::take(machine);
    *machine = match before.cloud_init.clone() {
        Some(cloud_init) => boot(&cloud_init, Some(before), around),
        None => {
            let mut machine = before;
            power_off(&mut machine, around);
            power_on(&mut machine, around);
            machine
        }
    };
}

/// A Proxmox VE node: Debian 13, root may log in, its disks as given.
pub fn proxmox_node(hostname: &str, addresses: &[String], disks: Vec<Disk>, seed: u64) -> Machine {
    let mut machine = Machine {
        hostname: hostname.to_owned(),
        debian: 13,
        files: base_files(13),
        packages: Packages::of_debian(13),
        accounts: Accounts::default(),
        disks,
        memory_mib: 32 * 1024,
        root_bytes: 100 * 1024 * 1024 * 1024,
        addresses: addresses.to_vec(),
        has_uplink: true,
        ..Machine::default()
    };
    machine.files.write("/etc/hostname", format!("{hostname}\n"));
    machine
        .files
        .write(sshd::CONFIG, "PermitRootLogin yes\nKbdInteractiveAuthentication no\nUsePAM yes\nX11Forwarding yes\n");
    machine.files.make_folder("/var/lib/vz", 0o755, "root");
    machine.files.make_folder("/etc/pve", 0o755, "root");
    for (package, version) in [("pve-manager", "9.2.3"), ("proxmox-ve", "9.2.0"), ("gdisk", "1.0.10-2")] {
        machine.packages.set(package, version);
    }
    for (unit, description) in [
        ("pvedaemon.service", "PVE API Daemon"),
        ("pveproxy.service", "PVE API Proxy Server"),
        ("pvestatd.service", "PVE Status Daemon"),
    ] {
        machine.units.add(unit, description, Enablement::Enabled, State::Active);
    }
    new_host_key(&mut machine, seed, &format!("node/{hostname}"));
    machine
}

fn from_image(cloud_init: &CloudInit) -> Machine {
    let debian = if cloud_init.image_kind.ends_with("13") { 13 } else { 12 };
    let mut machine = Machine {
        hostname: "localhost".to_owned(),
        debian,
        files: base_files(debian),
        packages: Packages::of_debian(debian),
        root_bytes: IMAGE_BYTES - OUTSIDE_ROOT_BYTES,
        ..Machine::default()
    };
    machine.packages.set("cloud-init", if debian >= 13 { "25.1.4-1" } else { "22.4.2-1+deb12u3" });
    machine.packages.upgradable = 23;
    machine.files.write(
        sshd::CONFIG,
        "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM yes\n\
         X11Forwarding yes\nPrintMotd no\nClientAliveInterval 120\n",
    );
    machine
}

fn base_files(debian: u8) -> Files {
    let mut files = Files::default();
    for folder in [
        "/bin",
        "/boot",
        "/dev",
        "/etc/cloud",
        "/etc/ssh/sshd_config.d",
        "/etc/sudoers.d",
        "/etc/systemd/system",
        "/home",
        "/media",
        "/mnt",
        "/opt",
        "/proc",
        "/run/systemd/system",
        "/sbin",
        "/srv",
        "/sys",
        "/usr/bin",
        "/usr/local/bin",
        "/usr/local/sbin",
        "/usr/sbin",
        "/var/cache",
        "/var/lib",
        "/var/log",
        "/var/mail",
        "/var/run",
        "/var/www",
    ] {
        files.make_folder(folder, 0o755, "root");
    }
    files.make_folder("/root", 0o700, "root");
    files.make_folder("/tmp", 0o1777, "root");
    files.make_folder("/var/tmp", 0o1777, "root");
    let (version, codename) = if debian >= 13 { ("13.2", "trixie") } else { ("12.12", "bookworm") };
    files.write("/etc/debian_version", format!("{version}\n"));
    files.write(
        "/etc/os-release",
        format!(
            "PRETTY_NAME=\"Debian GNU/Linux {debian} ({codename})\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"{debian}\"\n\
             VERSION=\"{debian} ({codename})\"\nVERSION_CODENAME={codename}\nID=debian\n"
        ),
    );
    files.write("/etc/fstab", "# <file system> <mount point> <type> <options> <dump> <pass>\n");
    files
}

/// What happens while a machine goes down: work in the background is cut short, volatile files are lost.
pub fn power_off(machine: &mut Machine, around: Surroundings<'_>) {
    let pids: Vec<u32> = machine.units.background.iter().map(|one| one.pid).collect();
    for pid in pids {
        units::interrupt(machine, pid, around);
    }
    machine.units.known.retain(|_, unit| unit.transient.is_none());
    for folder in ["/run", "/var/run", "/tmp"] {
        let inside: Vec<String> =
            machine.files.list(folder).into_iter().map(|name| format!("{folder}/{name}")).collect();
        for path in inside {
            machine.files.remove(&path);
        }
    }
    machine.files.make_folder("/run/systemd/system", 0o755, "root");
    super::disks::unmount_all(machine);
    nothing_runs(machine);
    machine.reboot_at = None;
}

/// A machine as it stands on its disk at this moment: what was only in its memory is not there, and what was under way
/// stops here, however much later the disk is booted.
pub fn on_disk(machine: &Machine, around: Surroundings<'_>) -> Machine {
    let mut copy = machine.clone();
    power_off(&mut copy, around);
    copy
}

/// Which units run is known to the running system only.
fn nothing_runs(machine: &mut Machine) {
    for unit in machine.units.known.values_mut() {
        unit.state = State::Inactive;
        unit.result = "success".to_owned();
        unit.exit_status = 0;
    }
}

/// Nothing answers until the boot is through; then what is enabled runs.
fn power_on(machine: &mut Machine, around: Surroundings<'_>) {
    machine.booted_at = around.now;
    nothing_runs(machine);
    in_background(machine, "lab-boot", around.now, around);
}

/// Starts one of the internal programs below; its duration is learned from a trial on a copy.
fn in_background(machine: &mut Machine, program: &str, started_at: Moment, around: Surroundings<'_>) {
    let exec =
        Exec { user: "root".to_owned(), argv: vec![program.to_owned()], env: BTreeMap::new(), stdin: String::new() };
    let mut copy = machine.clone();
    let output = super::process::Os::new(&mut copy, Surroundings { now: started_at, ..around }).run(&exec);
    let pid = machine.units.take_pid();
    let ends_at = started_at.plus_us(output.duration_us);
    machine.units.background.push(Background { pid, unit: None, exec: Some(exec), started_at, ends_at });
}

/// The end of a boot: file systems of `fstab` and mount units, then what is enabled.
pub fn services_start(machine: &mut Machine) {
    super::disks::mount_at_boot(machine);
    let has_agent = machine.packages.installed("qemu-guest-agent");
    for (name, unit) in &mut machine.units.known {
        let is_mount = name.ends_with(".mount");
        // udev starts the agent when its virtio port appears.
        let wanted = unit.enablement == Enablement::Enabled || (has_agent && name == "qemu-guest-agent.service");
        if wanted && !is_mount {
            unit.state = State::Active;
        }
    }
}

/// The first-boot work of cloud-init's early stages.
fn first_boot(machine: &mut Machine, cloud_init: &CloudInit, seed: u64) {
    machine.instance_id = Some(cloud_init.instance_id.clone());
    new_host_key(machine, seed, &format!("{}/{}", cloud_init.seed_key, cloud_init.instance_id));
    let machine_id = hex::encode(&keyed_bytes(seed, &cloud_init.seed_key, "machine-id")[..16]);
    machine.files.write("/etc/machine-id", format!("{machine_id}\n"));
    machine.hostname = cloud_init.hostname.clone();
    machine.files.write("/etc/hostname", format!("{}\n", cloud_init.hostname));
    machine.files.write("/etc/hosts", format!("127.0.0.1 localhost\n127.0.1.1 {0} {0}\n", cloud_init.hostname));
    match &cloud_init.vendor_data {
        Some(text) => machine.files.write(VENDOR_DATA, text.clone()),
        None => machine.files.write(VENDOR_DATA, ""),
    }

    let user = if cloud_init.user.is_empty() { "debian" } else { &cloud_init.user };
    if user != "root" {
        let account = machine.accounts.add_user(user, "Debian");
        account.groups = ["adm", "dialout", "cdrom", "floppy", "sudo", "audio", "dip", "video", "plugdev", "netdev"]
            .map(str::to_owned)
            .to_vec();
        account.sudo_without_password = true;
        let home = account.home.clone();
        machine.files.create(
            "/etc/sudoers.d/90-cloud-init-users",
            0o440,
            "root",
            format!("{user} ALL=(ALL) NOPASSWD:ALL\n"),
        );
        machine.files.make_folder(&home, 0o755, user);
        add_keys(machine, user, &home, &cloud_init.ssh_keys, "");
        // Debian's `disable_root`: the keys are root's too, but bound to a hint.
        let hint = format!(
            "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,command=\"echo 'Please login as the user \\\"{user}\\\" \
             rather than the user \\\"root\\\".';echo;sleep 10;exit 142\" "
        );
        add_keys(machine, "root", "/root", &cloud_init.ssh_keys, &hint);
    } else {
        add_keys(machine, "root", "/root", &cloud_init.ssh_keys, "");
    }
    if let Some(password) = &cloud_init.password {
        machine.accounts.set_password(user, Some(password));
    }
}

/// Adds keys to an account's `authorized_keys`; a key that is there gets the new options.
fn add_keys(machine: &mut Machine, user: &str, home: &str, keys: &[String], options: &str) {
    if keys.is_empty() {
        return;
    }
    let path = format!("{home}/.ssh/authorized_keys");
    let before = machine.files.read(&path).unwrap_or_default().to_owned();
    let mut lines: Vec<String> = before.lines().map(str::to_owned).collect();
    for key in keys.iter().map(|key| key.trim()).filter(|key| !key.is_empty()) {
        let body = key.split_whitespace().nth(1).unwrap_or(key);
        lines.retain(|line| !line.contains(body));
        lines.push(format!("{options}{key}"));
    }
    machine.files.make_folder(&format!("{home}/.ssh"), 0o700, user);
    machine.files.create(&path, 0o600, user, format!("{}\n", lines.join("\n")));
}

fn new_host_key(machine: &mut Machine, seed: u64, entity: &str) {
    use russh::keys::ssh_key::private::Ed25519Keypair;
    use russh::keys::ssh_key::{PublicKey, public::KeyData};
    machine.host_key_seed = keyed_bytes(seed, entity, "ssh-host-key");
    let pair = Ed25519Keypair::from_seed(&machine.host_key_seed);
    let key = PublicKey::new(KeyData::Ed25519(pair.public), format!("root@{}", machine.hostname));
    let text = key.to_openssh().expect("an ed25519 key always has a text form");
    machine.files.create("/etc/ssh/ssh_host_ed25519_key.pub", 0o644, "root", format!("{text}\n"));
}

/// The last stage of a first boot: upgrade, packages, commands. It runs as the program `lab-cloud-final`.
pub fn cloud_final(os: &mut super::process::Os<'_>) {
    let upgrade = os.machine.cloud_init.as_ref().is_some_and(|cloud_init| cloud_init.upgrade);
    let work = vendor_work(os.machine.files.read(VENDOR_DATA).unwrap_or_default());
    let mut lines = Vec::new();
    if upgrade {
        lines.push("apt-get -y dist-upgrade".to_owned());
    }
    if !work.packages.is_empty() {
        lines.push(format!("apt-get -y install {}", work.packages.join(" ")));
    }
    if upgrade || !work.packages.is_empty() {
        lines.insert(0, "apt-get update".to_owned());
    }
    lines.extend(work.commands);
    let mut good = true;
    let mut log = String::new();
    for line in lines {
        let exec = Exec {
            user: "root".to_owned(),
            argv: vec!["sh".to_owned(), "-c".to_owned(), line.clone()],
            ..Exec::default()
        };
        let output = os.run(&exec);
        good &= output.exit == 0;
        log.push_str(&format!("{line}: exit {}\n{}{}", output.exit, output.stdout, output.stderr));
    }
    for key in work.not_simulated {
        good = false;
        log.push_str(&format!("lab: vendor data key {key} is not simulated\n"));
    }
    os.machine.files.append("/var/log/cloud-init-output.log", &log);
    os.machine.files.write(BOOT_FINISHED, "");
    os.machine.files.write(CLOUD_INIT_STATUS, if good { "done" } else { "error" });
}

/// What `cloud-init status` says: `running`, `done`, `error`, `disabled`.
pub fn cloud_init_status(machine: &Machine) -> String {
    match machine.files.read(CLOUD_INIT_STATUS) {
        _ if machine.files.exists(CLOUD_INIT_DISABLED) => "disabled".to_owned(),
        Some(status) => status.to_owned(),
        None => "not started".to_owned(),
    }
}
