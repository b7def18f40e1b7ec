//! One test per statement of the YunoHost sheet that the lab's command line holds.

use accolades::lab::os::units::{Enablement, State};

use crate::replay_yunohost::Server;

/// A server after its post-installation: domain `alpage.test`, administrator `camille`.
fn server() -> Server {
    Server::start("fresh")
}

#[test]
fn yunohost_s2_postinstall_twice_is_refused() {
    let mut server = server();
    let output = server.run(
        "yunohost tools postinstall --domain autre.test --username luc --fullname Luc~Martin --password \
         Reblochon-2026-Savoie --ignore-dyndns --i-have-read-terms-of-services",
    );
    assert_eq!(output.exit, 1);
    assert_eq!(output.stderr, "ERROR YunoHost is already installed\n");
}

#[test]
fn yunohost_s2_before_postinstall_the_refusal_is_on_standard_output() {
    let output = Server::bare().run("yunohost user list --output-as json");
    assert_eq!((output.exit, output.stderr.as_str()), (1, ""));
    assert!(output.stdout.starts_with("Error: YunoHost is not correctly installed."), "{}", output.stdout);
}

#[test]
fn yunohost_s2_a_system_account_cannot_be_the_administrator() {
    let output = Server::bare().run(
        "yunohost tools postinstall --domain a.test --username debian --fullname De~Bian --password \
         Reblochon-2026-Savoie --ignore-dyndns",
    );
    assert_eq!(output.exit, 1);
    assert_eq!(output.stderr, "ERROR Username already exists in the list of system users\n");
}

#[test]
fn yunohost_s2_postinstall_sets_the_password_of_root() {
    let server = server();
    let yunohost = server.machine.yunohost.as_ref().expect("installed");
    assert!(yunohost.password_is("root", "Reblochon-2026-Savoie"));
    assert!(!yunohost.password_is("root", "something else"));
}

#[test]
fn yunohost_s2_an_sshd_configuration_put_aside_comes_back() {
    let mut server = Server::bare();
    server.machine.files.write("/etc/ssh/sshd_config.before_yunohost", "Port 22\n# ours\n");
    let output = server.run(
        "yunohost tools postinstall --domain a.test --username lea --fullname Lea~Petit --password \
         Reblochon-2026-Savoie --ignore-dyndns --i-have-read-terms-of-services",
    );
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert_eq!(server.machine.files.read("/etc/ssh/sshd_config"), Some("Port 22\n# ours\n"));
}

#[test]
fn yunohost_s2_sshd_lets_in_admins_and_root_from_private_addresses_only() {
    let server = server();
    let text = server.machine.files.read("/etc/ssh/sshd_config").expect("generated");
    assert!(text.contains("\nPermitRootLogin no\n"));
    assert!(text.contains("\nAllowGroups ssh.main sftp.main ssh.app sftp.app admins root\n"));
    assert!(text.ends_with("fe80::/10,fd00::/8\n    PermitRootLogin yes"), "no new line at the end");
}

#[test]
fn yunohost_s2_only_admins_and_ssh_main_may_log_in() {
    let mut server = server();
    server.run("yunohost user create yann -F Yann~Le~Gall -d alpage.test -p Abcdefgh1x");
    let may = |server: &Server, user: &str| {
        server.machine.yunohost.as_ref().is_some_and(|yunohost| yunohost.may_log_in_by_ssh(user))
    };
    assert!(may(&server, "camille"));
    assert!(!may(&server, "yann"));
    assert!(!may(&server, "debian"));
    server.run("yunohost user permission add ssh.main yann");
    assert!(may(&server, "yann"));
}

#[test]
fn yunohost_s2_passwordless_sudo_is_a_setting() {
    let mut server = server();
    assert!(!server.machine.yunohost.as_ref().expect("installed").passwordless_sudo);
    server.run("yunohost settings set security.password.passwordless_sudo -v yes");
    assert!(server.machine.yunohost.as_ref().expect("installed").passwordless_sudo);
}

#[test]
fn yunohost_s2_password_authentication_reaches_sshd() {
    let mut server = server();
    server.run("yunohost settings set security.ssh.ssh_password_authentication -v no");
    let text = server.machine.files.read("/etc/ssh/sshd_config").expect("generated");
    assert!(text.contains("\nPasswordAuthentication no\n"));
}

#[test]
fn yunohost_s3_json_is_the_last_line() {
    let mut server = server();
    let output = server.run("yunohost user create luc -F Luc~Martin -d alpage.test -p Abcdefgh1x --output-as json");
    let last = output.stdout.lines().last().expect("a line");
    assert_eq!(last, r#"{"fullname": "Luc Martin", "username": "luc", "mail": "luc@alpage.test"}"#);
    assert!(output.stdout.starts_with("You are now about to define a new user password."));
}

#[test]
fn yunohost_s3_quiet_hides_errors_too() {
    let output = server().run("yunohost user info ghost --quiet");
    assert_eq!((output.exit, output.stdout.as_str(), output.stderr.as_str()), (1, "", ""));
}

#[test]
fn yunohost_s3_password_sentence_stays_with_quiet_and_none() {
    let output =
        server().run("yunohost --quiet --output-as none user create luc -F Luc~Martin -d alpage.test -p Abcdefgh1x");
    assert_eq!(output.exit, 0);
    assert_eq!(output.stdout.lines().count(), 1);
}

#[test]
fn yunohost_s3_nothing_can_be_asked() {
    let output = server().run("yunohost user create luc -F Luc~Martin -d alpage.test");
    assert_eq!((output.exit, output.stderr.as_str()), (1, "ERROR Not a tty, can't do interactive prompts\n"));
}

#[test]
fn yunohost_s3_unknown_commands_exit_2() {
    let output = server().run("yunohost foo");
    assert_eq!(output.exit, 2);
    assert!(output.stderr.contains("invalid choice: 'foo'"), "{}", output.stderr);
}

#[test]
fn yunohost_s3_commands_that_change_wait_for_the_lock() {
    let mut server = server();
    server.machine.files.make_folder("/proc/4242", 0o555, "root");
    server.machine.files.write("/var/run/moulinette_yunohost.lock", "4242");
    let output = server.run("yunohost --timeout 1 user group create g");
    assert_eq!(output.exit, 1);
    assert!(output.stderr.contains("There is already a YunoHost operation running."), "{}", output.stderr);
    assert_eq!(server.run("yunohost user list").exit, 0, "reading takes no lock");
}

#[test]
fn yunohost_s3_a_dead_holder_is_taken_over() {
    let mut server = server();
    server.machine.files.write("/var/run/moulinette_yunohost.lock", "999999");
    assert_eq!(server.run("yunohost --timeout 0 user group create g").exit, 0);
    assert!(!server.machine.files.exists("/var/run/moulinette_yunohost.lock"));
}

#[test]
fn yunohost_s3_without_catalog_user_create_fails_but_leaves_the_user() {
    let mut server = Server::bare();
    server.internet.catalog_reachable = false;
    let output = server.run(
        "yunohost tools postinstall --domain alpage.test --username lea --fullname Lea~Petit --password \
         Reblochon-2026-Savoie --ignore-dyndns --i-have-read-terms-of-services",
    );
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let output = server.run("yunohost user create luc -F Luc~Martin -d alpage.test -p Abcdefgh1x");
    assert_eq!(output.exit, 1);
    assert!(server.machine.yunohost.as_ref().is_some_and(|yunohost| yunohost.user("luc").is_some()));
}

#[test]
fn yunohost_s3_deleting_the_last_admin_fails_half_way() {
    let mut server = server();
    assert_eq!(server.run("yunohost user delete camille").exit, 1);
    let output = server.run("yunohost user group list --output-as json");
    assert!(output.stdout.contains(r#""admins": {"members": ["camille"]}, "all_users": {"members": []}"#));
}

#[test]
fn yunohost_s4_quota_with_two_letters_passes() {
    let mut server = server();
    let command = "yunohost user create luc -F Luc~Martin -d alpage.test -p Abcdefgh1x -q 5GB";
    assert_eq!(server.run(command).exit, 0);
    let yunohost = server.machine.yunohost.as_ref().expect("installed");
    assert_eq!(yunohost.user("luc").map(|user| user.quota.as_str()), Some("5GB"));
}

#[test]
fn yunohost_s4_user_update_resets_the_shell() {
    let mut server = server();
    server.run("yunohost user update camille --loginShell /bin/sh");
    let output = server.run("yunohost user update camille --mailbox-quota 1G --output-as json");
    assert!(output.stdout.contains(r#""loginShell": "/bin/bash""#), "{}", output.stdout);
}

#[test]
fn yunohost_s4_domain_add_takes_eight_seconds_and_answers_nothing() {
    let output = server().run("yunohost domain add cloud.alpage.test --output-as json");
    assert_eq!(output.exit, 0);
    assert_eq!(output.stdout.lines().last(), Some("SUCCESS Domain created"));
    assert_eq!(output.duration_us, 8_500_000);
}

#[test]
fn yunohost_s10_relay_password_is_masked_in_section_reads_only() {
    let mut server = server();
    server.run(
        "yunohost settings set email.smtp --args \
         smtp_relay_enabled=yes&smtp_relay_host=h.example&smtp_relay_user=u&smtp_relay_password=Relais%262026x",
    );
    let section = server.run("yunohost settings get email.smtp --output-as json").stdout;
    assert!(!section.contains("Relais&2026x") && section.contains("**************"));
    assert_eq!(server.run("yunohost settings get email.smtp.smtp_relay_password").stdout, "Relais&2026x\n");
    assert!(server.run("yunohost settings get email.smtp --export --output-as json").stdout.contains("Relais&2026x"));
    let settings = server.machine.files.entry("/etc/yunohost/settings.yml").expect("saved");
    assert_eq!(settings.mode, 0o644);
    assert!(settings.content.as_ref().is_some_and(|text| text.contains("smtp_relay_password: Relais&2026x")));
}

#[test]
fn yunohost_s10_relay_credentials_reach_postfix() {
    let mut server = server();
    server.run(
        "yunohost settings set email.smtp --args \
         smtp_relay_enabled=yes&smtp_relay_host=h.example&smtp_relay_user=u&smtp_relay_password=Relais%262026x",
    );
    assert_eq!(server.machine.files.read("/etc/postfix/sasl_passwd"), Some("[h.example]:587 u:Relais&2026x\n"));
}

#[test]
fn yunohost_s10_moving_the_ssh_port_fails_half_way() {
    let mut server = server();
    let output = server.run("yunohost settings set security.ssh.ssh_port -v 2222");
    assert_eq!(output.exit, 1);
    assert!(output.stderr.ends_with("KeyError: 2222\n"), "{}", output.stderr);
    assert!(server.machine.files.read("/etc/ssh/sshd_config").is_some_and(|text| text.contains("\nPort 2222\n")));
}

#[test]
fn yunohost_s10_keys_are_not_checked() {
    let mut server = server();
    assert_eq!(server.run("yunohost user ssh add-key camille not~a~key").exit, 0);
    assert_eq!(server.run("yunohost user ssh add-key camille not~a~key").exit, 0);
    let output = server.run("yunohost user ssh list-keys camille --output-as json");
    assert_eq!(output.stdout.matches("not a key").count(), 2);
}

#[test]
fn yunohost_s10_removing_a_key_cuts_substrings() {
    let mut server = server();
    server.run("yunohost user ssh add-key camille ssh-ed25519~AAAA~me");
    server.run("yunohost user ssh remove-key camille ed25519");
    let path = "/home/camille/.ssh/authorized_keys";
    assert_eq!(server.machine.files.read(path), Some("\n\nssh- AAAA me\n"));
}

#[test]
fn yunohost_s10_a_part_of_a_listed_password_is_refused() {
    let output = server().run("yunohost user create luc -F Luc~Martin -d alpage.test -p otdepass");
    assert_eq!(output.exit, 1);
    assert!(output.stderr.contains("among the most used passwords"), "{}", output.stderr);
}

#[test]
fn yunohost_s10_domain_names_become_punycode() {
    let mut server = server();
    assert_eq!(server.run("yunohost domain add möulin.test").exit, 0);
    let output = server.run("yunohost domain list --output-as json");
    assert!(output.stdout.contains(r#""xn--mulin-jua.test""#), "{}", output.stdout);
}

#[test]
fn yunohost_s10_french_by_lc_all_only() {
    let mut server = server();
    let ask = |server: &mut Server, variable: &str| {
        let env = [(variable.to_owned(), "fr_FR.UTF-8".to_owned())].into();
        let argv = ["yunohost", "user", "info", "ghost"].map(str::to_owned).to_vec();
        server.exec("root", argv, env, String::new()).stderr
    };
    assert_eq!(ask(&mut server, "LC_ALL"), "ERROR Le compte ghost est inconnu\n");
    assert_eq!(ask(&mut server, "LANG"), "ERROR Unknown user: ghost\n");
}

#[test]
fn yunohost_s10_main_domain_again_works_and_fails() {
    let mut server = server();
    let output = server.run("yunohost domain main-domain -n alpage.test");
    assert_eq!(output.exit, 1);
    assert!(output.duration_us > 10_000_000);
}

#[test]
fn yunohost_s10_csv_takes_other_orders_and_quotes_but_no_byte_order_mark() {
    let mut server = server();
    let csv = "lastname;username;firstname;password;mail;mail-alias;mail-forward;mailbox-quota;groups;more\r\n\
               \"Le Gall\";yann;Yann;;yann@alpage.test;;;;;x\r\n";
    server.machine.files.write("/root/a.csv", csv);
    let output = server.run("yunohost user import /root/a.csv --output-as json");
    assert_eq!(output.stdout.lines().last(), Some(r#"{"created": 1, "updated": 0, "deleted": 0, "errors": 0}"#));
    server.machine.files.write("/root/b.csv", format!("\u{feff}{csv}"));
    let output = server.run("yunohost user import /root/b.csv");
    assert_eq!(output.stderr, "ERROR The following columns are missing: lastname\n");
}

#[test]
fn yunohost_s10_settings_set_without_value_succeeds() {
    let output = server().run("yunohost settings set security.ssh.ssh_port");
    assert_eq!((output.exit, output.stderr.as_str()), (0, ""));
}

/// The relay with its password, in one go.
const RELAY: &str = "yunohost settings set email.smtp --args \
     smtp_relay_enabled=yes&smtp_relay_host=h.example&smtp_relay_user=u&smtp_relay_password=Relais%262026x";

/// The logs of YunoHost that hold a text.
fn logs_with(server: &Server, text: &str) -> Vec<String> {
    let logs = server.machine.files.all().filter(|(path, _)| path.starts_with("/var/log/yunohost/"));
    let holds = logs.filter(|(_, entry)| entry.content.as_deref().is_some_and(|content| content.contains(text)));
    holds.map(|(path, _)| path.to_owned()).collect()
}

#[test]
fn yunohost_s3_the_relay_password_stands_in_clear_in_the_logs() {
    let mut server = server();
    server.run(RELAY);
    let encoded = logs_with(&server, "Relais%262026x");
    assert_eq!(encoded, ["/var/log/yunohost/yunohost-cli.log"]);
    assert!(logs_with(&server, "Relais&2026x").iter().any(|path| path.ends_with("-regen_conf-postfix.log")));
    server.run("yunohost tools regen-conf postfix");
    assert!(server.run("yunohost log show last").stdout.contains("Relais&2026x"), "what `log share` would send out");
    server.run("yunohost user create luc -F Luc~Martin -d alpage.test -p Reblochon-2026-Savoie");
    assert_eq!(logs_with(&server, "Reblochon-2026-Savoie"), Vec::<String>::new(), "passwords of people do not");
}

#[test]
fn yunohost_s10_switching_the_relay_off_reaches_postfix_only_after_regen_conf() {
    let mut server = server();
    server.run(RELAY);
    let relayed = |server: &Server| {
        let main = server.machine.files.read("/etc/postfix/main.cf").unwrap_or_default();
        main.contains("relayhost = [h.example]:587")
    };
    assert_eq!(server.run("yunohost settings set email.smtp.smtp_relay_enabled -v no").exit, 0);
    assert!(relayed(&server), "postfix does not know yet");
    server.run("yunohost tools regen-conf postfix");
    assert!(!relayed(&server));
}

#[test]
fn yunohost_s10_a_relay_port_that_does_not_exist_is_accepted() {
    let mut server = server();
    assert_eq!(server.run(&format!("{RELAY}&smtp_relay_port=99999")).exit, 0);
    assert_eq!(server.run("yunohost settings get email.smtp.smtp_relay_port").stdout, "99999\n");
}

#[test]
fn yunohost_s10_an_empty_lock_file_counts_as_free() {
    let mut server = server();
    server.machine.files.write("/var/run/moulinette_yunohost.lock", "");
    assert_eq!(server.run("yunohost --timeout 0 user group create eleves").exit, 0);
}

#[test]
fn yunohost_s10_the_sshd_configuration_has_no_final_line_break() {
    let server = server();
    let text = server.machine.files.read("/etc/ssh/sshd_config").expect("it is generated");
    assert!(!text.ends_with('\n'), "what is added by hand glues to the last line");
}

#[test]
fn yunohost_s10_a_conflicting_address_in_an_import_is_an_error_and_the_user_exists() {
    let mut server = server();
    server.run("yunohost user create luc -F Luc~Martin -d alpage.test -p Reblochon-2026-Savoie");
    let csv = "username;firstname;lastname;password;mail;mailbox-quota;mail-alias;mail-forward;groups\n\
               yann;Yann;Gall;;luc@alpage.test;0;;;\n";
    server.machine.files.write("/root/a.csv", csv);
    let output = server.run("yunohost user import /root/a.csv --output-as json");
    assert_eq!(output.exit, 0, "partial errors end with 0 (section 3)");
    let last = output.stdout.lines().last().unwrap_or_default();
    assert!(last.contains("\"errors\": 1"), "{last}");
    assert!(server.run("yunohost user info yann --output-as json").stdout.contains("yann@alpage.test"));
}

#[test]
fn yunohost_s10_a_certificate_that_fails_after_adding_a_domain_is_no_error() {
    let mut server = server();
    let output = server.run("yunohost domain add cloud.alpage.test --install-letsencrypt-cert");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let status = server.run("yunohost domain cert status cloud.alpage.test --output-as json").stdout;
    assert!(status.contains("selfsigned"), "{status}");
}

#[test]
fn yunohost_s4_letsencrypt_looks_itself_whatever_checks_are_left_out() {
    let mut server = server();
    server.internet.validators_reachable = true;
    server.machine.units.add("nginx.service", "nginx", Enablement::Enabled, State::Active);
    let install = "yunohost domain cert install alpage.test --no-checks";
    let refused = server.run(install);
    assert_eq!(refused.exit, 1, "a real failure with --no-checks ends with 1");
    assert!(refused.stderr.contains("NXDOMAIN looking up A for alpage.test"), "{}", refused.stderr);

    let key = ("alpage.test".to_owned(), "A".to_owned());
    server.internet.dns.insert(key, vec!["203.0.113.9".to_owned()]);
    let refused = server.run(install);
    assert!(refused.stderr.contains("Timeout during connect"), "nothing leads here: {}", refused.stderr);

    server.machine.public_web = vec!["203.0.113.9".parse().expect("an address")];
    assert_eq!(server.run(install).exit, 0);
    assert!(server.run("yunohost domain cert status alpage.test --output-as json").stdout.contains("letsencrypt"));
}
