//! `user list|create|delete|update|info|export|import`.

mod change;
pub mod directory;
pub mod groups;
mod import;
pub mod permissions;
pub mod ssh;

use serde_json::{Map, Value, json};

use super::context::{Context, Outcome, Refusal};
use super::reply::{Args, Line};
use super::state::{User, fingerprint};
use super::{neighbours, passwords, settings};

pub use change::{delete, update};
pub use import::import;

/// Names that stand for the administrators in mail.
pub const ADMIN_ALIASES: [&str; 6] = ["root", "admin", "admins", "webmaster", "postmaster", "abuse"];

/// Accounts that Debian, mail and web programs bring.
const SYSTEM_ACCOUNTS: [&str; 39] = [
    "root",
    "daemon",
    "bin",
    "sys",
    "sync",
    "games",
    "man",
    "lp",
    "mail",
    "news",
    "uucp",
    "proxy",
    "www-data",
    "backup",
    "list",
    "irc",
    "gnats",
    "_apt",
    "nobody",
    "systemd-network",
    "systemd-timesync",
    "messagebus",
    "sshd",
    "postfix",
    "dovecot",
    "dovenull",
    "opendkim",
    "openldap",
    "nslcd",
    "dnsmasq",
    "vmail",
    "mysql",
    "redis",
    "postsrsd",
    "avahi",
    "polkitd",
    "tss",
    "ntp",
    "debian",
];

/// Shells that `/etc/shells` lists.
const SHELLS: [&str; 8] = [
    "/bin/sh",
    "/usr/bin/sh",
    "/bin/bash",
    "/usr/bin/bash",
    "/bin/rbash",
    "/usr/bin/rbash",
    "/bin/dash",
    "/usr/bin/dash",
];

/// Whether the machine has an account of this name that is no YunoHost user. Cloud images bring `debian`.
pub fn is_system_account(name: &str) -> bool {
    SYSTEM_ACCOUNTS.contains(&name)
}

/// `user list`.
pub fn list(context: &mut Context<'_>, args: &Args) -> Outcome {
    let usual = ["username", "fullname", "mail", "mailbox-quota"].map(str::to_owned);
    let fields = if args.given("--fields") { args.many("--fields") } else { &usual };
    let known = [
        "username",
        "fullname",
        "firstname",
        "lastname",
        "mail",
        "mail-alias",
        "mail-forward",
        "mailbox-quota",
        "groups",
        "shell",
        "home-path",
        "password",
    ];
    if let Some(wrong) = fields.iter().find(|field| !known.contains(&field.as_str())) {
        return Err(Refusal::error(format!("Invalid field '{wrong}'")));
    }
    let state = context.state();
    let users = state.users.iter().map(|user| {
        let shown = fields.iter().map(|field| (field.clone(), directory::field(state, user, field)));
        (user.username.clone(), Value::Object(shown.collect()))
    });
    Ok(Some(json!({ "users": users.collect::<Map<_, _>>() })))
}

/// `user info`: by name or address.
pub fn info(context: &mut Context<'_>, args: &Args) -> Outcome {
    let asked = args.one("username").unwrap_or_default();
    let state = context.state();
    let found =
        state.users.iter().find(|user| user.username == asked || directory::addresses(user).any(|mail| mail == asked));
    match found {
        Some(user) => Ok(Some(directory::details(state, user, asked))),
        None => Err(unknown(context, asked)),
    }
}

/// `user export`: CSV as one text.
pub fn export(context: &mut Context<'_>) -> Outcome {
    Ok(Some(Value::from(import::export(context.state()))))
}

/// What a new user is to be.
pub struct NewUser<'a> {
    pub username: &'a str,
    pub fullname: &'a str,
    pub domain: &'a str,
    pub password: &'a str,
    pub quota: &'a str,
    pub shell: &'a str,
    /// Whether this is the first administrator.
    pub admin: bool,
}

/// `user create`.
pub fn create(context: &mut Context<'_>, args: &Args) -> Outcome {
    let text = |name: &str| args.one(name).unwrap_or_default();
    let username = text("username");
    check_password(context, text("--password"), false)?;
    let Some(domain) = args.one("--domain") else {
        let names = super::domains::sorted(context.state());
        context.lines.push(Line::Out("Available domains:".to_owned()));
        context.lines.extend(names.iter().map(|name| Line::Out(format!("- {name}"))));
        return Err(context.refuse("not_a_tty", &[]));
    };
    let new = NewUser {
        username,
        fullname: text("--fullname"),
        domain,
        password: text("--password"),
        quota: text("--mailbox-quota"),
        shell: text("--loginShell"),
        admin: false,
    };
    check_new(context, &new)?;
    context.operation("user_create", Some(username), |context| {
        add(context, &new)?;
        neighbours::refresh_single_sign_on(context)?;
        context.success("user_created", &[]);
        let mail = format!("{username}@{domain}");
        Ok(Some(json!({ "fullname": new.fullname, "username": username, "mail": mail })))
    })
}

/// Refuses a password that is not strong enough for a user or an administrator.
pub fn check_password(context: &mut Context<'_>, password: &str, admin: bool) -> Result<(), Refusal> {
    let key = if admin { "admin_strength" } else { "user_strength" };
    let level = settings::text(context.state(), key).parse().unwrap_or(1);
    passwords::check(password, level, context)
}

/// Refuses a user who exists, whose address is taken, or who bears a reserved name.
fn check_new(context: &mut Context<'_>, new: &NewUser<'_>) -> Result<(), Refusal> {
    let username = new.username;
    super::domains::require(context, new.domain)?;
    if context.state().user(username).is_some() {
        return Err(context.refuse("user_already_exists", &[("user", username)]));
    }
    let mail = format!("{username}@{}", new.domain);
    let taken = if directory::owner_of(context.state(), &mail).is_some() {
        Some(("mail", mail.as_str()))
    } else if context.state().group(username).is_some() {
        Some(("cn", username))
    } else {
        None
    };
    if let Some((attribute, value)) = taken {
        let error = not_unique(context, attribute, value);
        return Err(context.refuse("user_creation_failed", &[("user", username), ("error", &error)]));
    }
    if is_system_account(username) {
        return Err(context.refuse("system_username_exists", &[]));
    }
    if ADMIN_ALIASES.contains(&username) {
        return Err(Refusal::error(format!("Unfortunately, {username} cannot be used as a username")));
    }
    Ok(())
}

/// Says that a value of the directory is taken, and gives the end of the refusal.
pub fn not_unique(context: &mut Context<'_>, attribute: &str, value: &str) -> String {
    context.lines.push(Line::Info(format!("attribute '{attribute}' with value '{value}' is not unique")));
    format!("LDAP attribute '{attribute}' already exists with value '{value}'")
}

/// Puts a user into the directory, with home and groups.
pub fn add(context: &mut Context<'_>, new: &NewUser<'_>) -> Result<(), Refusal> {
    if !SHELLS.contains(&new.shell) {
        return Err(context.refuse("invalid_shell", &[("shell", new.shell)]));
    }
    let username = new.username;
    context.state().users.push(User {
        username: username.to_owned(),
        fullname: new.fullname.to_owned(),
        mail: format!("{username}@{}", new.domain),
        quota: new.quota.to_owned(),
        shell: new.shell.to_owned(),
        password: fingerprint(new.password),
        ..User::default()
    });
    groups::create_primary(context.state(), username);
    context.files().make_folder(&directory::home(username), 0o755, username);
    if new.admin {
        groups::join(context, "admins", username);
        context.success("group_updated", &[("group", "admins")]);
    }
    groups::join(context, "all_users", username);
    Ok(())
}

/// Refuses an address whose domain is not the server's.
pub fn require_mail_domain(context: &mut Context<'_>, mail: &str) -> Result<(), Refusal> {
    let domain = mail.split_once('@').map_or("", |(_, domain)| domain);
    if context.state().domain(domain).is_some() {
        return Ok(());
    }
    Err(context.refuse("mail_domain_unknown", &[("domain", domain)]))
}

/// The refusal of an unknown user.
pub fn unknown(context: &Context<'_>, username: &str) -> Refusal {
    context.refuse("user_unknown", &[("user", username)])
}

/// `tools rootpw`.
pub fn root_password(context: &mut Context<'_>, args: &Args) -> Outcome {
    let password = args.one("--new-password").unwrap_or_default();
    check_password(context, password, true)?;
    context.state().root_password = fingerprint(password);
    context.info("root_password_changed", &[]);
    Ok(None)
}
