//! The patterns that arguments must match, by name: the expression as YunoHost shows it, the words of the refusal,
//! and the rule. Python's `re.match` anchors the beginning only, so `$` counts where it stands.

/// A named pattern.
pub struct Pattern {
    /// The regular expression as it appears in the warning.
    pub expression: &'static str,
    /// The key of the sentence that explains it; for groups there is no sentence (a bug of the real program).
    pub key: &'static str,
    /// The rule.
    pub matches: fn(&str) -> bool,
}

/// The pattern of this name.
pub fn named(name: &str) -> Option<Pattern> {
    let pattern = |expression, key, matches| Some(Pattern { expression, key, matches });
    match name {
        "username" => pattern(r"^[a-z0-9_\.]+$", "pattern_username", username),
        "fullname" => pattern(r"^([^\W_]{1,30}[ ,.'-]{0,3})+$", "pattern_fullname", fullname),
        "password" => pattern(r"^.{3,}$", "pattern_password", password),
        "domain" => pattern(r"^([^\W_A-Z]+([-]*[^\W_A-Z]+)*\.)+((xn--)?[^\W_]{2,})$", "pattern_domain", domain),
        "mailbox_quota" => pattern(r"^(\d+[bkMGT])|0$", "pattern_mailbox_quota", mailbox_quota),
        "email" => pattern(r"^[\w.-]+@([^\W_A-Z]+([-]*[^\W_A-Z]+)*\.)+((xn--)?[^\W_]{2,})$", "pattern_email", |text| {
            address(text, ".-")
        }),
        "email_forward" => pattern(
            r"^[\w\+.-]+@([^\W_A-Z]+([-]*[^\W_A-Z]+)*\.)+((xn--)?[^\W_]{2,})$",
            "pattern_email_forward",
            |text| address(text, "+.-"),
        ),
        "groupname" => pattern(r"^[a-z0-9_]+$", "pattern_groupname", groupname),
        "backup_archive_name" => {
            pattern(r"^[\w\-\._]{1,50}(?<!\.)$", "pattern_backup_archive_name", backup_archive_name)
        }
        "port_or_range" => pattern(
            r"((^|(?!\A):)([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])){1,2}?$",
            "pattern_port_or_range",
            port_or_range,
        ),
        _ => None,
    }
}

/// `[^\W_]`: a letter or a digit of any script.
fn is_alphanumeric(letter: char) -> bool {
    letter.is_alphanumeric()
}

/// Lower-case letters, digits, underscores and dots.
pub fn username(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c))
}

/// Lower-case letters, digits and underscores.
pub fn groupname(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Words of letters and digits, with at most three of ` ,.'-` after each.
pub fn fullname(text: &str) -> bool {
    let mut separators = 3;
    for (position, letter) in text.chars().enumerate() {
        if is_alphanumeric(letter) {
            separators = 0;
        } else if " ,.'-".contains(letter) && position > 0 && separators < 3 {
            separators += 1;
        } else {
            return false;
        }
    }
    !text.is_empty()
}

/// Three characters at least, on one line.
pub fn password(text: &str) -> bool {
    text.chars().count() >= 3 && !text.contains('\n')
}

/// Labels without capitals or underscores, then a last one of two letters at least.
pub fn domain(text: &str) -> bool {
    let Some((labels, last)) = text.rsplit_once('.') else { return false };
    let letters = last.strip_prefix("xn--").unwrap_or(last);
    letters.chars().count() >= 2 && letters.chars().all(is_alphanumeric) && labels.split('.').all(label)
}

fn label(text: &str) -> bool {
    let small = |letter: char| is_alphanumeric(letter) && !letter.is_ascii_uppercase();
    text.chars().all(|letter| small(letter) || letter == '-')
        && text.chars().next().is_some_and(small)
        && text.chars().last().is_some_and(small)
}

/// Digits and a unit (what follows is not looked at: `5GB` passes), or exactly `0`.
pub fn mailbox_quota(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_numeric());
    text == "0" || (rest.len() < text.len() && rest.starts_with(['b', 'k', 'M', 'G', 'T']))
}

/// A mail address whose name holds letters, digits, underscores and this punctuation.
pub fn address(text: &str, punctuation: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    !name.is_empty()
        && name.chars().all(|letter| is_alphanumeric(letter) || letter == '_' || punctuation.contains(letter))
        && domain(host)
}

/// Letters, digits, `-`, `_` and dots, fifty at most, no dot at the end.
pub fn backup_archive_name(text: &str) -> bool {
    (1..=50).contains(&text.chars().count())
        && text.chars().all(|c| is_alphanumeric(c) || "-._".contains(c))
        && !text.ends_with('.')
}

/// A port, or two of them around a colon.
pub fn port_or_range(text: &str) -> bool {
    let port = |text: &str| {
        let short = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let long = text.len() == 5 && !text.starts_with('0') && text.parse::<u16>().is_ok();
        short || long
    };
    match text.split_once(':') {
        None => port(text),
        Some((first, last)) => port(first) && port(last),
    }
}
