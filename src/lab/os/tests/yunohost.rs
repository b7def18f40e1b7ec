//! What the operating system makes of YunoHost's state (sheet YunoHost, sections 2 and 8).

use crate::os::testing::{KEY, Lab};
use crate::os::{Credential, may_log_in};

const PASSWORD: &str = "Reblochon-2026-Savoie";

fn postinstalled() -> Lab {
    let mut lab = Lab::with_yunohost();
    let output = lab.root(&format!(
        "yunohost tools postinstall --domain alpage.test --username camille --fullname 'Camille Dupont' \
         --password {PASSWORD} --ignore-dyndns --i-have-read-terms-of-services"
    ));
    assert_eq!(output.exit, 0, "{output:?}");
    lab
}

fn opens(lab: &Lab, user: &str, address: &str, offered: Credential<'_>) -> bool {
    may_log_in(&lab.machine, user, address.parse().expect("an address"), offered)
}

#[test]
fn yunohost_s2_root_comes_in_only_from_private_addresses() {
    let mut lab = postinstalled();
    lab.root(&format!("echo '{KEY}' > /root/.ssh/authorized_keys"));
    for private in ["10.11.0.4", "172.16.3.4", "192.168.1.9", "169.254.1.1", "fe80::1", "fd00::9"] {
        assert!(opens(&lab, "root", private, Credential::PublicKey(KEY)), "{private}");
        assert!(opens(&lab, "root", private, Credential::Password(PASSWORD)), "{private}");
    }
    for public in ["203.0.113.7", "2001:db8::1"] {
        assert!(!opens(&lab, "root", public, Credential::PublicKey(KEY)), "{public}");
    }
}

#[test]
fn sshd_prints_its_settings_in_order() {
    let mut lab = postinstalled();
    let line = "sshd -T -C user=root,host=client.example.org,addr=192.168.1.9 | cut -d' ' -f1 | uniq | tail -n 5";
    assert_eq!(lab.root(line).stdout, "hostkeyalgorithms\nallowgroups\nauthenticationmethods\nhostkey\nsubsystem\n");
}

#[test]
fn yunohost_s2_the_cloud_user_is_shut_out() {
    let lab = postinstalled();
    assert!(!opens(&lab, "debian", "192.168.1.9", Credential::PublicKey(KEY)));
}

#[test]
fn yunohost_s2_roots_keys_are_not_copied_to_the_administrator() {
    let mut lab = postinstalled();
    assert!(!opens(&lab, "camille", "203.0.113.7", Credential::PublicKey(KEY)));
    assert!(opens(&lab, "camille", "203.0.113.7", Credential::Password(PASSWORD)));
    assert_eq!(lab.root(&format!("yunohost user ssh add-key camille '{KEY}'")).exit, 0);
    assert!(opens(&lab, "camille", "203.0.113.7", Credential::PublicKey(KEY)));
}

#[test]
fn yunohost_s2_passwords_can_be_switched_off() {
    let mut lab = postinstalled();
    lab.root("yunohost settings set security.ssh.ssh_password_authentication -v no");
    assert!(!opens(&lab, "camille", "203.0.113.7", Credential::Password(PASSWORD)));
    assert!(!opens(&lab, "root", "192.168.1.9", Credential::Password(PASSWORD)));
}

#[test]
fn yunohost_s2_users_without_the_ssh_permission_stay_outside() {
    let mut lab = postinstalled();
    lab.root("yunohost user create yann --fullname 'Yann Noir' --domain alpage.test --password Abcdefgh1x-y");
    assert!(!opens(&lab, "yann", "203.0.113.7", Credential::Password("Abcdefgh1x-y")));
    assert_eq!(lab.root("id -nG yann").stdout, "yann all_users mail.main\n");
}

/// What `tools update` says of the age of the package lists, in seconds.
fn lists_age_s(lab: &mut Lab) -> i64 {
    let output = lab.root("yunohost tools update system --no-refresh --output-as json");
    let answer = output.stdout.lines().last().and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    answer.and_then(|answer| answer["last_apt_update"].as_i64()).unwrap_or_else(|| panic!("{output:?}"))
}

#[test]
fn yunohost_s10_the_package_lists_are_as_old_as_the_installation_not_as_the_epoch() {
    let mut lab = postinstalled();
    assert!((240..3_600).contains(&lists_age_s(&mut lab)));
    lab.pass_seconds(86_400);
    assert!((86_640..90_000).contains(&lists_age_s(&mut lab)));
    assert_eq!(lab.root("apt-get update").exit, 0);
    assert!(lists_age_s(&mut lab) < 60);
}

#[test]
fn yunohost_s2_sudo_asks_until_passwordless_sudo_is_on() {
    let mut lab = postinstalled();
    let refused = lab.ssh("camille", "sudo -n yunohost user list", "");
    assert_eq!((refused.exit, refused.stderr.as_str()), (1, "sudo: a password is required\n"));
    let search = "ldapsearch -x -H ldap://127.0.0.1 -LLL -b cn=admins,ou=sudo,dc=yunohost,dc=org sudoOption";
    assert_eq!(lab.root(search).stdout, "dn: cn=admins,ou=sudo,dc=yunohost,dc=org\n\n");
    lab.root("yunohost settings set security.password.passwordless_sudo -v yes");
    assert_eq!(lab.root(search).stdout, "dn: cn=admins,ou=sudo,dc=yunohost,dc=org\nsudoOption: !authenticate\n\n");
    assert_eq!(lab.ssh("camille", "sudo -n yunohost user list --output-as json | grep -c camille", "").stdout, "1\n");
}

#[test]
fn the_system_sees_the_directory() {
    let mut lab = postinstalled();
    assert_eq!(
        lab.root("id -nG camille; getent passwd camille | cut -d: -f1,5-").stdout,
        "camille admins all_users mail.main ssh.main\ncamille:Camille Dupont:/home/camille:/bin/bash\n"
    );
    let bind = "ldapwhoami -x -H ldap://127.0.0.1 -D uid=camille,ou=users,dc=yunohost,dc=org -w";
    assert_eq!(lab.root(&format!("{bind} {PASSWORD}")).stdout, "dn:uid=camille,ou=users,dc=yunohost,dc=org\n");
    assert_eq!(lab.root(&format!("{bind} wrong")).exit, 49);
}

#[test]
fn the_web_server_answers_with_a_certificate_of_its_own() {
    let mut lab = postinstalled();
    assert_eq!(lab.root("curl -sS https://alpage.test/").exit, 60);
    assert_eq!(lab.root("curl -sk -o /dev/null -w '%{http_code}' https://alpage.test/").stdout, "302");
    assert_eq!(lab.root("curl -sk -o /dev/null -w '%{http_code}' https://alpage.test/nothing").stdout, "404");
}

#[test]
fn yunohost_s8_the_apps_answer_to_their_own_commands() {
    let mut lab = postinstalled();
    for app in ["nextcloud", "dolibarr"] {
        let args = format!("domain=alpage.test&path=/{app}&admin=camille&init_main_permission=all_users");
        let output = lab.root(&format!("yunohost app install {app} --args '{args}'"));
        assert_eq!(output.exit, 0, "{output:?}");
    }
    assert!(lab.root("curl -sk https://alpage.test/nextcloud/status.php").stdout.contains("\"installed\":true"));
    let occ = "php8.4 --define apc.enable_cli=1 /var/www/nextcloud/occ status --output=json";
    assert!(lab.root(&format!("sudo -u nextcloud {occ}")).stdout.contains("\"installed\":true"));
    assert_eq!(lab.root(occ).exit, 1, "only the app's own account may");
    let logins = lab.root("mysql -N -B dolibarr -e 'SELECT login FROM llx_user ORDER BY login'");
    assert!(logins.stdout.contains("camille"), "{logins:?}");
    assert_eq!(lab.ssh("camille", "mysql dolibarr -e 'SELECT 1'", "").exit, 1);
    assert_eq!(lab.root("mysql ghost -e 'SELECT 1'").stderr, "ERROR 1049 (42000): Unknown database 'ghost'\n");
}

#[test]
fn a_reboot_asked_for_by_yunohost_reboots() {
    let mut lab = postinstalled();
    lab.root("yunohost tools reboot --force");
    lab.pass_seconds(1);
    assert!(!lab.machine.ssh_running());
    lab.pass_seconds(60);
    assert!(lab.machine.ssh_running());
}

#[test]
fn a_killed_app_installation_leaves_an_app_that_does_not_work() {
    let mut lab = postinstalled();
    let args = "domain=alpage.test&path=/nextcloud&admin=camille&init_main_permission=all_users";
    lab.root(&format!("systemd-run --unit=app --no-block yunohost app install nextcloud --args '{args}'"));
    lab.pass_seconds(5);
    assert_eq!(lab.root("yunohost app list --output-as json | grep -c nextcloud").stdout, "0\n", "still at work");
    lab.root("reboot");
    lab.pass_seconds(60);
    assert_eq!(lab.root("yunohost app list --output-as json | grep -c nextcloud").stdout, "1\n");
    assert!(!lab.root("curl -sk https://alpage.test/nextcloud/status.php").stdout.contains("\"installed\""));
}

#[test]
fn yunohost_s2_a_killed_postinstallation_leaves_its_user_without_the_mark() {
    let mut lab = Lab::with_yunohost();
    lab.root(&format!(
        "timeout 3 yunohost tools postinstall --domain alpage.test --username camille --fullname 'Camille Dupont' \
         --password {PASSWORD} --ignore-dyndns --i-have-read-terms-of-services"
    ));
    assert_eq!(lab.root("ls /etc/yunohost/installed").exit, 2);
    assert_eq!(lab.root("getent passwd camille").exit, 0);
    assert_eq!(lab.root("cat /var/run/moulinette_yunohost.lock").exit, 0, "the lock names a process that is gone");
}
