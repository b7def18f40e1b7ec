//! YunoHost's installer (sheet YunoHost, section 1).

use crate::os::testing::{Lab, cloud_init};
use crate::os::{CloudInit, Output};

fn install(lab: &mut Lab, codename: &str, arguments: &str) -> Output {
    lab.root(&format!("curl -fsSL https://install.yunohost.org/{codename} | bash -s -- {arguments}"))
}

fn refused(lab: &mut Lab, codename: &str, arguments: &str, reason: &str) {
    let output = install(lab, codename, arguments);
    assert_eq!(output.exit, 1, "{output:?}");
    assert!(output.stderr.contains("FAIL") && output.stderr.contains(reason), "{output:?}");
    assert!(lab.machine.yunohost.is_none());
}

#[test]
fn yunohost_s1_installer_installs_without_questions() {
    let mut lab = Lab::booted();
    let output = install(&mut lab, "bookworm", "-a -d stable");
    assert_eq!(output.exit, 0, "{output:?}");
    assert!(output.stdout.contains("YunoHost installation completed !"));
    assert!(output.duration_us > 200_000_000);
    assert!(lab.machine.yunohost.is_some());
    assert_eq!(lab.root("ls /var/log | grep -c yunohost-installation_").stdout, "1\n");
    assert_eq!(lab.root("systemctl is-active nginx slapd").stdout, "active\nactive\n");
}

#[test]
fn yunohost_s1_installer_never_postinstalls_nor_keeps_the_ssh_configuration() {
    let mut lab = Lab::with_yunohost();
    let output = lab.root("ls /etc/yunohost/installed /etc/ssh/sshd_config.before_yunohost");
    assert_eq!((output.exit, output.stdout.as_str()), (2, ""));
    let output = lab.root("yunohost user list");
    assert_eq!(output.exit, 1);
    assert!(output.stdout.contains("YunoHost is not correctly installed"));
}

#[test]
fn yunohost_s1_installer_upgrades_the_system_first() {
    assert_eq!(Lab::with_yunohost().machine.packages.upgradable, 0);
}

#[test]
fn yunohost_s1_installer_refuses_trixie_stable() {
    let mut lab = Lab::booted_with(&CloudInit { image_kind: "debian-13".to_owned(), ..cloud_init() });
    refused(&mut lab, "trixie", "-a -d stable", "Only unstable and testing branches are supported");
    assert_eq!(install(&mut lab, "trixie", "-a -d testing").exit, 0);
}

#[test]
fn yunohost_s1_installer_refuses_another_debian() {
    let mut lab = Lab::booted_with(&CloudInit { image_kind: "debian-13".to_owned(), ..cloud_init() });
    refused(&mut lab, "bookworm", "-a", "version 12 (Bookworm) of Debian, you are using '13.2'");
}

#[test]
fn yunohost_s1_installer_refuses_ubuntu_and_mint() {
    let mut lab = Lab::booted();
    lab.root("echo DISTRIB_ID=Ubuntu > /etc/lsb-release");
    refused(&mut lab, "bookworm", "-a", "Ubuntu or Linux Mint");
}

#[test]
fn yunohost_s1_installer_refuses_who_is_not_root() {
    let mut lab = Lab::booted();
    let output = lab.ssh("debian", "curl -fsSL https://install.yunohost.org/bookworm | bash -s -- -a", "");
    assert_eq!(output.exit, 1);
    assert!(output.stderr.contains("must be run as root"));
}

#[test]
fn yunohost_s1_installer_needs_the_internet() {
    let mut lab = Lab::booted();
    lab.root("curl -fsSL https://install.yunohost.org/bookworm -o /root/install");
    lab.machine.has_uplink = false;
    let output = lab.root("bash /root/install -a");
    assert!(output.stderr.contains("yunohost.org did not respond to ping after more than 30s"), "{output:?}");
    assert_eq!(output.duration_us, 30_000_000);
}

#[test]
fn yunohost_s1_installer_needs_sbin_in_the_path() {
    let mut lab = Lab::booted();
    lab.root("curl -fsSL https://install.yunohost.org/bookworm -o /root/install");
    assert!(lab.root("PATH=/usr/bin:/bin bash /root/install -a").stderr.contains("/sbin directory"));
}

#[test]
fn yunohost_s1_installer_refuses_apache_and_bind_unless_forced() {
    for package in ["apache2", "bind9"] {
        let mut lab = Lab::booted();
        lab.root(&format!("apt-get update && apt-get -y install {package}"));
        refused(&mut lab, "bookworm", "-a", &format!("conflicts with {package}"));
        assert_eq!(install(&mut lab, "bookworm", "-a -f").exit, 0);
    }
}

#[test]
fn yunohost_s1_installer_asks_when_not_told_otherwise() {
    refused(&mut Lab::booted(), "bookworm", "", "Installation cancelled");
}

#[test]
fn a_failed_installer_leaves_dpkg_in_the_middle() {
    let mut lab = Lab::booted();
    lab.machine.fail_next.push("installer".to_owned());
    refused(&mut lab, "bookworm", "-a", "Installation of Yunohost packages failed");
    refused(&mut lab, "bookworm", "-a", "Unable to update the system");
    assert_eq!(lab.root("yunohost tools versions").exit, 127);
    assert_eq!(lab.root("dpkg --configure -a").exit, 0);
    assert_eq!(install(&mut lab, "bookworm", "-a").exit, 0);
}
