//! Names that YunoHost accepts: domains, usernames, people's names, quotas and app paths (sheet YunoHost, sections 2 and 4).

use unicode_normalization::UnicodeNormalization;

use super::refusal::Refusal;

/// The longest username that Debian's account tools take.
const USERNAME_LENGTH_MAX: usize = 32;

/// Letters in a row that YunoHost accepts in a person's name.
const NAME_PART_LENGTH_MAX: usize = 30;

/// Separators in a row that YunoHost accepts in a person's name.
const NAME_SEPARATORS_MAX: usize = 3;

/// Names that YunoHost keeps for itself: mail aliases of the administrators and its groups.
const RESERVED_BY_YUNOHOST: &[&str] =
    &["abuse", "admin", "admins", "all_users", "postmaster", "root", "visitors", "webmaster"];

/// Accounts of Debian 12, of YunoHost's services and of the apps that we install.
const SYSTEM_ACCOUNTS: &[&str] = &[
    "_apt",
    "_chrony",
    "_rspamd",
    "adm",
    "backup",
    "bin",
    "daemon",
    "debian",
    "dnsmasq",
    "dolibarr",
    "dovecot",
    "dovenull",
    "fail2ban",
    "games",
    "irc",
    "landscape",
    "list",
    "lp",
    "mail",
    "man",
    "messagebus",
    "metronome",
    "mysql",
    "news",
    "nextcloud",
    "nobody",
    "nslcd",
    "ntp",
    "openldap",
    "opendkim",
    "polkitd",
    "postfix",
    "postgres",
    "postsrsd",
    "proxy",
    "redis",
    "shadow",
    "sshd",
    "ssl",
    "sudo",
    "sync",
    "sys",
    "syslog",
    "systemd",
    "tcpdump",
    "tss",
    "unscd",
    "users",
    "uucp",
    "uuidd",
    "vmail",
    "www",
    "ynh",
    "yunohost",
];

/// Groups of Debian 12 that are no accounts.
const SYSTEM_GROUPS: &[&str] = &[
    "audio", "cdrom", "crontab", "dialout", "dip", "disk", "fax", "floppy", "input", "kmem", "kvm", "netdev",
    "nogroup", "operator", "plugdev", "render", "sasl", "sgx", "src", "staff", "tape", "tty", "utmp", "video", "voice",
];

/// The group of those who left an instance (`playbooks/70-departures.toml`).
pub const DEPARTED_GROUP: &str = "departed";

/// The YunoHost group of a client's people, from the client's id: group names have no dash (recorded refusals).
pub fn group(client: &str) -> String {
    client.replace('-', "_")
}

/// Whether the people of a client with this id can be a group of their own. A group that is there already would be taken
/// for it: people of a client called `admins` would administer the instance.
///
/// # Errors
/// A [`Refusal`] that says whose group it is.
pub fn own_group(client: &str) -> Result<(), Refusal> {
    let group = group(client);
    let name = group.as_str();
    let whose = if name == DEPARTED_GROUP {
        "those who left"
    } else if RESERVED_BY_YUNOHOST.contains(&name) {
        "YunoHost itself"
    } else if SYSTEM_ACCOUNTS.contains(&name) || SYSTEM_GROUPS.contains(&name) || client.starts_with("systemd-") {
        "the system"
    } else {
        return Ok(());
    };
    Err(Refusal::new(format!("a client cannot be called `{client}`: its people would be the group of {whose}"))
        .hint("rename the file"))
}

/// A domain as YunoHost wants it: lower case, letters, digits and inner dashes, at least one point.
///
/// # Errors
/// A [`Refusal`] with the lower-case form or the punycode advice where that is the mistake.
pub fn domain(text: &str) -> Result<String, Refusal> {
    let lower = text.to_lowercase();
    if lower != text {
        return Err(Refusal::new(format!("domain `{text}` has upper-case letters, which YunoHost refuses"))
            .hint(format!("write `{lower}`")));
    }
    if !text.is_ascii() {
        return Err(Refusal::new(format!("domain `{text}` has letters outside a-z"))
            .hint("write its punycode form, which begins with `xn--`"));
    }
    let labels: Vec<&str> = text.split('.').collect();
    let top_is_sound = labels.last().is_some_and(|top| {
        let name = top.strip_prefix("xn--").unwrap_or(top);
        name.len() >= 2 && !name.bytes().all(|byte| byte.is_ascii_digit()) && (name != *top || !top.contains('-'))
    });
    if labels.len() < 2 || text.len() > 253 || !top_is_sound || !labels.iter().all(|label| is_label(label)) {
        return Err(Refusal::new(format!("`{text}` is not a domain"))
            .hint("write letters, digits and inner dashes, with a point: `atelier.example`"));
    }
    Ok(lower)
}

/// Whether a text is one label of a host name: 1 to 63 lower-case letters, digits and inner dashes.
pub fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A YunoHost username: lower-case letters, digits, `_` and `.`, at most 32 characters, neither reserved by YunoHost nor
/// the account of a service. Points stand between other characters, because the username begins the mail address.
///
/// # Errors
/// A [`Refusal`] that proposes a name where a dash, an accent or a capital is the mistake.
pub fn username(text: &str) -> Result<String, Refusal> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
    if text.is_empty() || !text.chars().all(allowed) {
        let refusal = Refusal::new(format!(
            "username `{text}` is refused by YunoHost: only lower-case letters, digits, `_` and `.`, no dash"
        ));
        let proposal = plain_username(text);
        return Err(if proposal.is_empty() { refusal } else { refusal.hint(format!("write `{proposal}`")) });
    }
    if text.len() > USERNAME_LENGTH_MAX {
        return Err(Refusal::new(format!("username `{text}` is longer than {USERNAME_LENGTH_MAX} characters")));
    }
    if text.starts_with('.') || text.ends_with('.') || text.contains("..") {
        return Err(Refusal::new(format!("username `{text}` makes no mail address"))
            .hint("put letters or digits around each point"));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::new(format!("username `{text}` looks like the number of an account"))
            .hint("add a letter: Linux takes digits alone for a user id"));
    }
    if RESERVED_BY_YUNOHOST.contains(&text) {
        return Err(Refusal::new(format!("username `{text}` is reserved by YunoHost")).hint("choose another one"));
    }
    if text == DEPARTED_GROUP {
        return Err(
            Refusal::new(format!("username `{text}` is the group of those who left")).hint("choose another one")
        );
    }
    if SYSTEM_ACCOUNTS.contains(&text) || text.starts_with("systemd-") {
        return Err(Refusal::new(format!("username `{text}` is an account of the system")).hint("choose another one"));
    }
    Ok(text.to_owned())
}

/// The username that a text most likely means: accents removed, lower case, dashes and spaces as points.
fn plain_username(text: &str) -> String {
    let mapped: String = text
        .nfd()
        .flat_map(char::to_lowercase)
        .filter_map(|c| match c {
            'a'..='z' | '0'..='9' | '_' | '.' => Some(c),
            '-' | ' ' => Some('.'),
            _ => None,
        })
        .collect();
    mapped.trim_matches('.').to_owned()
}

/// A first or last name as YunoHost's import wants it: letters (accents included), parts joined by spaces, commas, points,
/// straight apostrophes or dashes; no digit.
///
/// # Errors
/// A [`Refusal`] that names the first character that is not accepted.
pub fn person_name(text: &str) -> Result<String, Refusal> {
    name_of(text, |c| c.is_alphabetic())
}

/// The full name of an administrator's account: as [`person_name`], digits allowed.
///
/// # Errors
/// As [`person_name`].
pub fn full_name(text: &str) -> Result<String, Refusal> {
    name_of(text, |c| c.is_alphanumeric())
}

fn name_of(text: &str, is_letter: impl Fn(char) -> bool) -> Result<String, Refusal> {
    let composed: String = text.nfc().collect();
    if composed != text {
        return Err(Refusal::new(format!("name `{text}` has an accent typed as a character of its own"))
            .hint(format!("type it again: `{composed}`")));
    }
    if !text.starts_with(&is_letter) {
        return Err(Refusal::new(format!("name `{text}` does not begin with a letter")));
    }
    let (mut letters, mut separators) = (0, 0);
    for c in text.chars() {
        if is_letter(c) {
            (letters, separators) = (letters + 1, 0);
        } else if [' ', ',', '.', '\'', '-'].contains(&c) {
            (letters, separators) = (0, separators + 1);
        } else {
            let refusal = Refusal::new(format!("name `{text}` contains `{c}`, which YunoHost's import refuses"));
            return Err(match c {
                '\u{2019}' => refusal.hint("write a straight apostrophe: '"),
                c if c.is_numeric() => refusal.hint("names have letters only"),
                _ => refusal.hint("use letters, spaces, points, straight apostrophes and dashes"),
            });
        }
        if letters > NAME_PART_LENGTH_MAX || separators > NAME_SEPARATORS_MAX {
            return Err(Refusal::new(format!("name `{text}` is refused by YunoHost's import")).hint(format!(
                "at most {NAME_PART_LENGTH_MAX} letters in a row and {NAME_SEPARATORS_MAX} separators"
            )));
        }
    }
    Ok(composed)
}

/// A mailbox quota: a number and one of `b k M G T`, or `0` for no limit.
///
/// # Errors
/// A [`Refusal`] that proposes `5G` for `5GB` and the like.
pub fn quota(text: &str) -> Result<String, Refusal> {
    let number: String = text.chars().take_while(char::is_ascii_digit).collect();
    let unit = &text[number.len()..];
    if text == "0" || (!number.is_empty() && matches!(unit, "b" | "k" | "M" | "G" | "T")) {
        return Ok(text.to_owned());
    }
    let likely = match unit.trim().to_lowercase().as_str() {
        "k" | "kb" | "ko" | "kib" => "k",
        "m" | "mb" | "mo" | "mib" => "M",
        "t" | "tb" | "to" | "tib" => "T",
        _ => "G",
    };
    let refusal = Refusal::new(format!("`{text}` is not a mailbox quota"));
    // Half a gigabyte cut down to `0G` would be no limit at all.
    let is_fraction = unit.starts_with(['.', ',']) || number.bytes().all(|byte| byte == b'0');
    Err(if number.is_empty() || is_fraction {
        refusal.hint("write a number without a fraction and one of b, k, M, G, T: `5G`, `512M`; `0` means no limit")
    } else {
        refusal.hint(format!("write `{number}{likely}`: YunoHost would store `{text}` and dovecot not understand it"))
    })
}

/// The path of an app: `/` or segments of letters, digits, `-`, `_` and `.`, no slash at the end.
///
/// # Errors
/// A [`Refusal`] with the path without its last slash where that is the mistake.
pub fn app_path(text: &str) -> Result<String, Refusal> {
    if text == "/" {
        return Ok(text.to_owned());
    }
    let refusal = || Refusal::new(format!("`{text}` is not the path of an app"));
    let Some(segments) = text.strip_prefix('/') else {
        return Err(refusal().hint(format!("begin with a slash: `/{text}`")));
    };
    if let Some(shorter) = text.strip_suffix('/') {
        return Err(refusal().hint(format!("leave the last slash away: `{shorter}`")));
    }
    let sound = |segment: &str| {
        !segment.is_empty()
            && segment != "."
            && segment != ".."
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    if !segments.split('/').all(sound) {
        return Err(refusal().hint("use letters, digits, dashes, `_` and points between slashes"));
    }
    if segments == "yunohost" || segments.starts_with("yunohost/") {
        return Err(refusal().hint("YunoHost keeps `/yunohost` for its own pages"));
    }
    Ok(text.to_owned())
}

/// Whether two app paths on one domain get into each other's way: the same, or one below the other.
pub fn paths_conflict(one: &str, other: &str) -> bool {
    let below = |inner: &str, outer: &str| {
        outer == "/" || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    below(one, other) || below(other, one)
}

/// The name of a Dolibarr module as its API knows it: lower-case letters, digits and `_`, a letter first.
///
/// # Errors
/// A [`Refusal`] that removes the `mod` in front where that is the mistake.
pub fn dolibarr_module(text: &str) -> Result<String, Refusal> {
    let formed = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if formed {
        return Ok(text.to_owned());
    }
    let likely = text.strip_prefix("mod").unwrap_or(text).to_lowercase();
    Err(Refusal::new(format!("`{text}` is not the name of a Dolibarr module"))
        .hint(format!("module names are lower case: `{likely}`")))
}
