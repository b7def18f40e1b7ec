//! The settings there are, in order: place, name, what it holds, default, label, and the switch it depends on.

use serde_json::Value;

use super::super::panel::{Entry, Kind};

/// Kind and default in one word.
#[derive(Clone, Copy)]
enum Holds {
    Off,
    On,
    Choice(&'static [&'static str], &'static str),
    Number(i64),
    Text(&'static str),
    TextOrNothing,
    Password,
    Shown,
}

use Holds::{Choice, Number, Off, On, Password, Shown, Text, TextOrNothing};

type Row = (&'static str, &'static str, Holds, &'static str, Option<&'static str>);

const STRENGTHS: &[&str] = &["1", "2", "3", "4"];
const COMPATIBILITIES: &[&str] = &["intermediate", "modern"];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("security.password", "admin_strength", Choice(STRENGTHS, "1"), "Admin password strength requirements", None),
    ("security.password", "user_strength", Choice(STRENGTHS, "1"), "User password strength requirements", None),
    ("security.password", "passwordless_sudo", Off, "Allow admins to use 'sudo' without re-typing their passwords", None),
    ("security.ssh", "ssh_compatibility", Choice(COMPATIBILITIES, "modern"), "SSH Compatibility", None),
    ("security.ssh", "ssh_port", Number(22), "SSH port", None),
    ("security.ssh", "ssh_password_authentication", On, "Password authentication", None),
    ("security.nginx", "nginx_redirect_to_https", On, "Force HTTPS", None),
    ("security.nginx", "nginx_compatibility", Choice(COMPATIBILITIES, "intermediate"), "NGINX Compatibility", None),
    ("security.postfix", "postfix_compatibility", Choice(COMPATIBILITIES, "intermediate"), "Postfix Compatibility", None),
    ("security.webadmin", "webadmin_allowlist_enabled", Off, "Enable Webadmin IP allowlist", None),
    ("security.webadmin", "webadmin_allowlist", TextOrNothing, "Webadmin IP allowlist", Some("webadmin_allowlist_enabled")),
    ("security.portal", "portal_allow_edit_email", Off, "Allow users to edit their main email address", None),
    ("security.portal", "portal_allow_edit_email_alias", On, "Allow users to add, remove, edit mail aliases", None),
    ("security.portal", "portal_allow_edit_email_forward", On, "Allow users to add, remove, edit mail forward", None),
    ("security.root_access", "root_access_explain", Shown, "On Linux systems, 'root' is the absolute admin. In YunoHost context, direct 'root' SSH login is by default disable - except from the local network of the server. Members of the 'admins' group can use the sudo command to act as root from the command line. However, it can be helpful to have a (robust) root password to debug the system if for some reason regular admins can not login anymore.", None),
    ("security.root_access", "root_password", Password, "New root password", None),
    ("security.root_access", "root_password_confirm", Password, "New root password (confirm)", None),
    ("security.experimental", "security_experimental_enabled", Off, "Experimental security features", None),
    ("email.pop3", "pop3_enabled", Off, "Enable POP3", None),
    ("email.smtp", "smtp_allow_ipv6", On, "Allow IPv6", None),
    ("email.smtp", "smtp_relay_enabled", Off, "Enable SMTP relay", None),
    ("email.smtp", "smtp_relay_host", Text(""), "SMTP relay host", Some("smtp_relay_enabled")),
    ("email.smtp", "smtp_relay_port", Number(587), "SMTP relay port", Some("smtp_relay_enabled")),
    ("email.smtp", "smtp_relay_user", Text(""), "SMTP relay user", Some("smtp_relay_enabled")),
    ("email.smtp", "smtp_relay_password", Password, "SMTP relay password", Some("smtp_relay_enabled")),
    ("email.smtp", "smtp_backup_mx_domains", TextOrNothing, "Domains to act as secondary MX for", None),
    ("email.smtp", "smtp_backup_mx_emails_whitelisted", TextOrNothing, "SMTP backup MX emails whitelist", Some("smtp_backup_mx_domains")),
    ("email.antispam", "enable_blocklists", On, "Enable blocklists for incoming traffic", None),
    ("misc.backup", "backup_compress_tar_archives", Off, "Compress backups", None),
    ("misc.network", "dns_exposure", Choice(&["both", "ipv4", "ipv6"], "both"), "IP versions to consider for DNS configuration and diagnosis", None),
    ("misc.tls_passthrough", "tls_passthrough_enabled", Off, "Enable TLS-passthrough / SNI-based forwarding", None),
    ("misc.tls_passthrough", "tls_passthrough_explain", Shown, "This feature is ADVANCED and EXPERIMENTAL and will trigger major changes in the nginx configuration of this server. Please DO NOT use it if you don't know what you are doing! In particular, you must be aware that fail2ban cannot be implemented on the proxied server (nftables cannot ban malicious traffic as all IP packets appear as coming from the front server). In addition, for now the proxied server's nginx configuration needs to manually tweaked to accept the `proxy_protocol`.", None),
    ("misc.tls_passthrough", "tls_passthrough_list", TextOrNothing, "List of forwarding", Some("tls_passthrough_enabled")),
];

/// All settings in order.
pub fn all() -> Vec<Entry> {
    ROWS.iter().map(entry_of).collect()
}

/// One setting by its own name.
pub fn entry(key: &str) -> Option<Entry> {
    ROWS.iter().find(|row| row.1 == key).map(entry_of)
}

fn entry_of(row: &Row) -> Entry {
    let (place, key, holds, ask, needs) = row;
    let (kind, default) = match *holds {
        Off => (Kind::Boolean, Value::Bool(false)),
        On => (Kind::Boolean, Value::Bool(true)),
        Choice(choices, default) => {
            (Kind::Select(choices.iter().map(|choice| (*choice).to_owned()).collect()), Value::from(default))
        }
        Number(default) => (Kind::Number, Value::from(default)),
        Text(default) => (Kind::Text, Value::from(default)),
        TextOrNothing => (Kind::Text, Value::Null),
        Password => (Kind::Password, Value::from("")),
        Shown => (Kind::Alert, Value::Null),
    };
    Entry { place, key, kind, default, ask: (*ask).to_owned(), needs: *needs }
}
