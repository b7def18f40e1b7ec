//! What YunoHost would write: the parts of each file that something in the lab depends on.

use serde_json::Value;

use super::super::Yunohost;
use super::super::neighbours;
use super::super::settings;

/// The categories in the order in which they are regenerated.
pub const CATEGORIES: [&str; 15] = [
    "ssh", "yunohost", "ssl", "slapd", "nslcd", "apt", "nginx", "postfix", "dovecot", "opendkim", "mdns", "nftables",
    "dnsmasq", "nsswitch", "fail2ban",
];

/// The SSH server's configuration.
pub const SSHD_CONFIG: &str = "/etc/ssh/sshd_config";

/// Relay credentials for postfix.
pub const SASL_PASSWD: &str = "/etc/postfix/sasl_passwd";

/// Comes out different at every regeneration (recorded): the map of backup MX recipients, and dnsmasq's resolvers.
const RELAY_RECIPIENTS: &str = "/etc/postfix/relay_recipients.db";
const RESOLVERS: &str = "/etc/resolv.dnsmasq.conf";

/// Files that Debian packages had put there before YunoHost took them over.
const PACKAGED: [&str; 8] = [
    "/etc/default/postsrsd",
    "/etc/postfix/virtual-mailbox-domains",
    "/etc/postfix/sni",
    "/etc/postfix/main.cf",
    "/etc/dovecot/dovecot.conf",
    "/etc/nftables.d/yunohost-firewall.conf",
    "/etc/dnsmasq.conf",
    RESOLVERS,
];

/// Whether a file comes out different every time.
pub fn is_volatile(path: &str) -> bool {
    path == RELAY_RECIPIENTS || path == RESOLVERS
}

/// Whether a package had put the file there.
pub fn is_packaged(path: &str) -> bool {
    PACKAGED.contains(&path)
}

/// Mode and owner of a file.
pub fn protection(path: &str) -> (u32, &'static str) {
    match path {
        SASL_PASSWD => (0o750, "postfix"),
        _ => (0o644, "root"),
    }
}

/// The files of a category; `None` where a file ought not to be.
pub fn files_of(category: &str, yunohost: &Yunohost) -> Vec<(String, Option<String>)> {
    let file = |path: &str, content: String| (path.to_owned(), Some(content));
    let setting = |key: &str| settings::text(yunohost, key);
    match category {
        "ssh" => vec![file(SSHD_CONFIG, sshd_config(yunohost))],
        "yunohost" => vec![file("/etc/systemd/system/yunohost-api.service.d/override.conf", "# YunoHost\n".to_owned())],
        "ssl" => vec![file("/usr/share/yunohost/yunohost-config/ssl/yunoCA/openssl.cnf", "# YunoHost\n".to_owned())],
        "slapd" => vec![file("/etc/ldap/slapd.ldif", "# YunoHost\n".to_owned())],
        "nslcd" => vec![file("/etc/nslcd.conf", "# YunoHost\n".to_owned())],
        "apt" => ["yarn", "extra_php_version"]
            .map(|name| file(&format!("/etc/apt/sources.list.d/{name}.list"), format!("# {name}\n")))
            .to_vec(),
        "nginx" => nginx(yunohost),
        "postfix" => postfix(yunohost),
        "dovecot" => {
            let content = format!(
                "# main domain {}\nprotocols = imap{}\n# mail domains {}\n",
                yunohost.main_domain,
                if setting("pop3_enabled") == "1" { " pop3" } else { "" },
                mail_domains(yunohost, "mail_in").join(" ")
            );
            vec![file("/etc/dovecot/dovecot.conf", content)]
        }
        "opendkim" => vec![file("/etc/opendkim.conf", "# YunoHost\n".to_owned())],
        "mdns" => vec![file("/etc/yunohost/mdns.yml", "# YunoHost\n".to_owned())],
        "nftables" => vec![file("/etc/nftables.d/yunohost-firewall.conf", neighbours::firewall_rules(yunohost))],
        "dnsmasq" => {
            let mut files = vec![
                file("/etc/dnsmasq.conf", "# YunoHost\nresolv-file=/etc/resolv.dnsmasq.conf\n".to_owned()),
                file(RESOLVERS, "# public resolvers, in a new order every time\n".to_owned()),
            ];
            files.extend(yunohost.domains.iter().map(|domain| {
                file(&format!("/etc/dnsmasq.d/{}", domain.name), format!("address=/{}/127.0.0.1\n", domain.name))
            }));
            files
        }
        "nsswitch" => vec![file("/etc/nsswitch.conf", "# YunoHost\n".to_owned())],
        "fail2ban" => {
            let content = format!("[sshd]\nport = {}\nenabled = true\n", setting("ssh_port"));
            vec![file("/etc/fail2ban/jail.d/yunohost-jails.conf", content)]
        }
        _ => Vec::new(),
    }
}

fn mail_domains<'a>(yunohost: &'a Yunohost, feature: &str) -> Vec<&'a str> {
    let enabled = |value: Option<&Value>| value.is_none_or(|value| value != &Value::from(0));
    let domains = yunohost.domains.iter().filter(|domain| enabled(domain.config.get(feature)));
    domains.map(|domain| domain.name.as_str()).collect()
}

/// Who reaches the administration page. An empty list gives `allow ;`, which nginx refuses (sheet YunoHost, section 10).
fn allow_list(yunohost: &Yunohost) -> String {
    if settings::text(yunohost, "webadmin_allowlist_enabled") != "1" {
        return String::new();
    }
    let list = settings::text(yunohost, "webadmin_allowlist");
    let allowed: String = list.split(',').map(|address| format!("allow {};\n", address.trim())).collect();
    format!("{allowed}deny all;\n")
}

fn nginx(yunohost: &Yunohost) -> Vec<(String, Option<String>)> {
    let setting = |key: &str| settings::text(yunohost, key);
    let mut files = vec![(
        "/etc/nginx/conf.d/yunohost_admin.conf.inc".to_owned(),
        Some(format!(
            "# compatibility {}, experimental {}, TLS forwarding {} {}\n{}",
            setting("nginx_compatibility"),
            setting("security_experimental_enabled"),
            setting("tls_passthrough_enabled"),
            setting("tls_passthrough_list"),
            allow_list(yunohost),
        )),
    )];
    let with_mail = mail_domains(yunohost, "mail_in");
    for domain in &yunohost.domains {
        let content = format!("server_name {};\n# https {}\n", domain.name, setting("nginx_redirect_to_https"));
        files.push((format!("/etc/nginx/conf.d/{}.conf", domain.name), Some(content)));
        let autoconfig = with_mail.contains(&domain.name.as_str());
        let content = format!("<clientConfig version=\"1.1\"><!-- {} --></clientConfig>\n", domain.name);
        files.push((autoconfig_path(&domain.name), autoconfig.then_some(content)));
    }
    // Those of domains that are no more.
    let of_domains: Vec<String> = yunohost.domains.iter().map(|domain| autoconfig_path(&domain.name)).collect();
    let written = yunohost.regenconf.written.keys().filter(|path| path.starts_with("/var/www/.well-known/"));
    files.extend(written.filter(|path| !of_domains.contains(path)).map(|path| (path.clone(), None)));
    files
}

/// Where mail programs find a domain's servers.
pub fn autoconfig_path(domain: &str) -> String {
    format!("/var/www/.well-known/{domain}/autoconfig/mail/config-v1.1.xml")
}

fn postfix(yunohost: &Yunohost) -> Vec<(String, Option<String>)> {
    let setting = |key: &str| settings::text(yunohost, key);
    let relayed = setting("smtp_relay_enabled") == "1";
    let relay = format!("[{}]:{}", setting("smtp_relay_host"), setting("smtp_relay_port"));
    let credentials = format!("{relay} {}:{}\n", setting("smtp_relay_user"), setting("smtp_relay_password"));
    let mut main = format!(
        "# main domain {}\ninet_protocols = {}\nsmtp_tls_security_level = may\n# compatibility {}\n",
        yunohost.main_domain,
        if setting("smtp_allow_ipv6") == "1" { "all" } else { "ipv4" },
        setting("postfix_compatibility")
    );
    if relayed {
        main.push_str(&format!(
            "relayhost = {relay}\nsmtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = hash:{SASL_PASSWD}\n"
        ));
    } else {
        main.push_str("relayhost =\n");
    }
    // Without the setting an (empty) map is made; an empty text asks for none (recorded).
    let backup_mx = yunohost.settings.contains_key("smtp_backup_mx_domains");
    vec![
        ("/etc/default/postsrsd".to_owned(), Some(format!("SRS_DOMAIN={}\n", yunohost.main_domain))),
        ("/etc/postfix/virtual-mailbox-domains".to_owned(), Some(lines(&mail_domains(yunohost, "mail_in")))),
        ("/etc/postfix/sni".to_owned(), Some(lines(&mail_domains(yunohost, "mail_out")))),
        ("/etc/postfix/main.cf".to_owned(), Some(main)),
        (SASL_PASSWD.to_owned(), relayed.then_some(credentials)),
        (RELAY_RECIPIENTS.to_owned(), (!backup_mx).then(|| "# backup MX recipients\n".to_owned())),
    ]
}

fn lines(names: &[&str]) -> String {
    names.iter().map(|name| format!("{name}\n")).collect()
}

/// The generated SSH configuration. It ends without a new line (recorded): what is added by hand glues to it.
fn sshd_config(yunohost: &Yunohost) -> String {
    let setting = |key: &str| settings::text(yunohost, key);
    let (key_exchange, ciphers, macs) = match setting("ssh_compatibility").as_str() {
        "intermediate" => {
            ("diffie-hellman-group-exchange-sha256", "aes256-ctr,aes192-ctr,aes128-ctr", "hmac-sha2-512,hmac-sha2-256")
        }
        _ => (
            "curve25519-sha256@libssh.org,ecdh-sha2-nistp521,ecdh-sha2-nistp384,ecdh-sha2-nistp256,\
             diffie-hellman-group-exchange-sha256",
            "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,\
             aes128-ctr",
            "hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-512,\
             hmac-sha2-256,umac-128@openssh.com",
        ),
    };
    let passwords = if setting("ssh_password_authentication") == "1" { "yes" } else { "no" };
    format!(
        "# Managed by YunoHost (category ssh).\n\
         Protocol 2\n\
         Port {port}\n\
         HostKey /etc/ssh/ssh_host_ed25519_key\n\
         HostKey /etc/ssh/ssh_host_rsa_key\n\
         KexAlgorithms {key_exchange}\n\
         Ciphers {ciphers}\n\
         MACs {macs}\n\
         PermitRootLogin no\n\
         PubkeyAuthentication yes\n\
         PasswordAuthentication {passwords}\n\
         KbdInteractiveAuthentication no\n\
         UsePAM yes\n\
         X11Forwarding no\n\
         AllowTcpForwarding yes\n\
         AllowGroups ssh.main sftp.main ssh.app sftp.app admins root\n\
         Subsystem sftp internal-sftp\n\
         \n\
         # Root may come in from a private address.\n\
         Match Address 192.168.0.0/16,10.0.0.0/8,172.16.0.0/12,169.254.0.0/16,fe80::/10,fd00::/8\n    \
         PermitRootLogin yes",
        port = setting("ssh_port"),
    )
}
