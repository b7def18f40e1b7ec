//! Boot, cloud-init, reboot.

use crate::os::testing::{KEY, Lab, cloud_init};
use crate::os::{CloudInit, boot};

fn host_key(lab: &Lab) -> String {
    lab.machine.files.read("/etc/ssh/ssh_host_ed25519_key.pub").expect("a host key").to_owned()
}

#[test]
fn a_first_boot_makes_what_the_drive_says() {
    let mut lab = Lab::booted();
    assert_eq!(lab.root("hostname; cat /etc/hostname; id -un debian").stdout, "lilas\nlilas\ndebian\n");
    assert_eq!(lab.root("stat -c '%a %U' /home/debian/.ssh/authorized_keys").stdout, "600 debian\n");
    assert_eq!(lab.root("cat /home/debian/.ssh/authorized_keys").stdout, format!("{KEY}\n"));
    assert!(host_key(&lab).starts_with("ssh-ed25519 AAAA"));
    assert_eq!(lab.root("cloud-init status --wait").stdout, "status: done\n");
    assert_eq!(lab.root("ip -br addr | grep -c 192.0.2.10/24").stdout, "1\n");
}

#[test]
fn pve_s5d_the_guest_grows_its_partition_at_boot() {
    let mut lab = Lab::booted();
    let before: u64 = lab.root("df -B1 --output=size / | tail -n 1").stdout.trim().parse().expect("bytes");
    lab.boot_again(&CloudInit { disk_bytes: 80 * 1024 * 1024 * 1024, ..cloud_init() });
    let after: u64 = lab.root("df -B1 --output=size / | tail -n 1").stdout.trim().parse().expect("bytes");
    assert_eq!(after - before, 40 * 1024 * 1024 * 1024);
}

#[test]
fn pve_s7_the_agent_answers_only_some_time_after_power_on() {
    let mut lab = Lab::booted();
    assert!(lab.machine.agent_running() && lab.machine.ssh_running());
    let previous = std::mem::take(&mut lab.machine);
    let internet = lab.internet.clone();
    let servers = Default::default();
    let around = crate::world::Surroundings { seed: 7, now: lab.now, internet: &internet, servers: &servers };
    lab.machine = boot(&cloud_init(), Some(previous), around);
    assert!(!lab.machine.agent_running() && !lab.machine.ssh_running());
    lab.pass_seconds(60);
    assert!(lab.machine.agent_running() && lab.machine.ssh_running());
}

#[test]
fn the_agent_is_there_only_when_vendor_data_installs_and_starts_it() {
    let lab = Lab::booted_with(&CloudInit { vendor_data: None, ..cloud_init() });
    assert!(!lab.machine.agent_running());
    let vendor_data = Some("#cloud-config\npackages: [qemu-guest-agent]\n".to_owned());
    let mut lab = Lab::booted_with(&CloudInit { vendor_data, ..cloud_init() });
    assert!(!lab.machine.agent_running(), "installed but not started: udev does that at the next boot");
    lab.boot_again(&cloud_init());
    assert!(lab.machine.agent_running());
}

#[test]
fn without_a_network_the_agent_cannot_be_installed() {
    let mut lab = Lab::booted_with(&CloudInit { gateway: None, ..cloud_init() });
    assert!(!lab.machine.agent_running());
    assert_eq!(lab.root("cloud-init status").stdout, "status: error\n");
}

#[test]
fn vendor_data_that_is_not_simulated_is_reported() {
    let vendor_data = Some("#cloud-config\nwrite_files:\n  - path: /x\n".to_owned());
    let mut lab = Lab::booted_with(&CloudInit { vendor_data, ..cloud_init() });
    assert_eq!(lab.root("cloud-init status").exit, 1);
    assert!(lab.root("cat /var/log/cloud-init-output.log").stdout.contains("lab: vendor data key write_files"));
}

#[test]
fn pve_s10_cloud_init_runs_again_when_its_hash_changes() {
    let mut lab = Lab::booted();
    let before = host_key(&lab);
    lab.root("echo kept > /srv/file");
    lab.boot_again(&cloud_init());
    assert_eq!(host_key(&lab), before, "the same instance id: nothing new");
    let changed = CloudInit { instance_id: "second".to_owned(), hostname: "drill".to_owned(), ..cloud_init() };
    lab.boot_again(&changed);
    assert_ne!(host_key(&lab), before);
    assert_eq!(lab.root("hostname; cat /srv/file").stdout, "drill\nkept\n");
}

#[test]
fn pve_s10_cloud_init_disabled_leaves_a_drill_unchanged() {
    let mut lab = Lab::booted();
    let before = host_key(&lab);
    lab.root("touch /etc/cloud/cloud-init.disabled");
    let changed = CloudInit { instance_id: "second".to_owned(), hostname: "drill".to_owned(), ..cloud_init() };
    lab.boot_again(&changed);
    assert_eq!(host_key(&lab), before);
    assert_eq!(lab.root("hostname; cloud-init status").stdout, "lilas\nstatus: disabled\n");
}

#[test]
fn host_keys_depend_on_seed_machine_and_instance() {
    let one = Lab::booted();
    let other = Lab::booted_with(&CloudInit { seed_key: "site/1043".to_owned(), ..cloud_init() });
    assert_eq!(host_key(&one), host_key(&Lab::booted()));
    assert_ne!(host_key(&one), host_key(&other));
}

#[test]
fn upgrading_at_first_boot_takes_its_time() {
    let mut lab = Lab::booted_with(&CloudInit { upgrade: true, ..cloud_init() });
    assert_eq!(lab.machine.packages.upgradable, 0);
    assert!(lab.root("cat /var/log/cloud-init-output.log").stdout.contains("23 upgraded"));
    assert_eq!(Lab::booted().machine.packages.upgradable, 23);
}

#[test]
fn reboot_from_inside_keeps_the_disk_and_loses_what_is_volatile() {
    let mut lab = Lab::booted();
    lab.root("echo kept > /srv/file; echo lost > /run/file; echo lost > /tmp/file; systemctl stop cron");
    lab.root("reboot");
    lab.pass_seconds(1);
    assert!(!lab.machine.ssh_running(), "it is on its way up");
    lab.pass_seconds(60);
    assert_eq!(
        lab.root("cat /srv/file; ls /run/file /tmp/file 2>/dev/null; systemctl is-active cron").stdout,
        "kept\nactive\n"
    );
}
