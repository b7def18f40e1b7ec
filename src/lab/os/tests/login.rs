//! Who may log in, and who may become root.

use crate::os::testing::{KEY, Lab, cloud_init};
use crate::os::{CloudInit, Credential, login, may_log_in};

fn key_opens(lab: &Lab, user: &str, address: &str) -> bool {
    may_log_in(&lab.machine, user, address.parse().expect("an address"), Credential::PublicKey(KEY))
}

#[test]
fn debian_lets_the_cloud_user_in_by_key_only() {
    let lab = Lab::booted_with(&CloudInit { password: Some("Tout-Va-Bien-2026".to_owned()), ..cloud_init() });
    assert!(key_opens(&lab, "debian", "203.0.113.7"));
    assert!(!key_opens(&lab, "www-data", "203.0.113.7"));
    let address = "203.0.113.7".parse().expect("an address");
    assert!(!may_log_in(&lab.machine, "debian", address, Credential::Password("Tout-Va-Bien-2026")));
    let other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOtherOtherOtherOtherOtherOtherOtherOtherOth x";
    assert!(!may_log_in(&lab.machine, "debian", address, Credential::PublicKey(other)));
}

#[test]
fn debian_binds_roots_key_to_a_hint_unless_root_is_the_user() {
    let lab = Lab::booted();
    assert!(key_opens(&lab, "root", "203.0.113.7"));
    let command = login::forced_command(&lab.machine, "root", KEY).expect("a forced command");
    assert!(
        command.starts_with("echo 'Please login as the user \"debian\" rather than the user \"root\".'"),
        "{command}"
    );
    let mut lab = Lab::booted_with(&CloudInit { user: "root".to_owned(), ..cloud_init() });
    assert_eq!(login::forced_command(&lab.machine, "root", KEY), None);
    assert_eq!(lab.root("cat /root/.ssh/authorized_keys").stdout, format!("{KEY}\n"));
}

#[test]
fn the_forced_command_does_what_it_says() {
    let mut lab = Lab::booted();
    let command = login::forced_command(&lab.machine, "root", KEY).expect("a forced command");
    let output = lab.root(&command);
    assert_eq!(output.exit, 142);
    assert_eq!(output.stdout, "Please login as the user \"debian\" rather than the user \"root\".\n\n");
}

#[test]
fn the_cloud_user_needs_no_password_for_sudo() {
    let mut lab = Lab::booted();
    assert_eq!(
        lab.ssh("debian", "sudo -n id -un; sudo -n -u www-data whoami; whoami", "").stdout,
        "root\nwww-data\ndebian\n"
    );
    assert_eq!(lab.ssh("debian", "sudo -n nope", "").stderr, "sudo: nope: command not found\n");
    assert_eq!(lab.root("runuser -u debian -- id -un; su -s /bin/sh -c whoami debian").stdout, "debian\ndebian\n");
    assert_eq!(
        lab.root("runuser -u debian -- sh -c 'runuser -u root -- true'").stderr,
        "runuser: may not be used by non-root users\n"
    );
}

#[test]
fn an_account_without_a_password_rule_may_not_sudo() {
    let mut lab = Lab::booted();
    lab.machine.accounts.add_user("guest", "Guest");
    let output = lab.root("runuser -u guest -- sudo -n true");
    assert_eq!((output.exit, output.stderr.as_str()), (1, "sudo: a password is required\n"));
}

#[test]
fn sshd_reads_its_file_as_openssh_does() {
    let mut lab = Lab::booted();
    lab.ssh(
        "root",
        "cat > /etc/ssh/sshd_config",
        "PermitRootLogin no\nPasswordAuthentication no\nMatch Address 10.0.0.0/8\n  PermitRootLogin yes\n",
    );
    assert_eq!(lab.root("sshd -T | grep permitroot").stdout, "permitrootlogin no\n");
    assert_eq!(lab.root("sshd -T -C user=root,host=x,addr=10.1.2.3 | grep permitroot").stdout, "permitrootlogin yes\n");
}

#[test]
fn sshd_refuses_a_bad_switch_and_then_lets_nobody_in() {
    let mut lab = Lab::booted();
    lab.root("printf 'PasswordAuthentication yes#' > /etc/ssh/sshd_config");
    let output = lab.root("sshd -T");
    assert_eq!(
        (output.exit, output.stderr.as_str()),
        (1, "/etc/ssh/sshd_config line 1: unsupported option \"yes#\".\r\n")
    );
    assert!(!key_opens(&lab, "debian", "203.0.113.7"));
}
