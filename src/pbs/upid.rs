//! The name of a task of a backup server: it has one field more than a node's (sheet Proxmox, section 15).

use std::fmt;
use std::str::FromStr;

/// `UPID:node:pid:pstart:taskid:starttime:type:id:user:`, where `id` has its special characters as `\x3a`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Upid {
    text: String,
    /// When it began, in seconds since 1970.
    pub starttime: i64,
    /// What it does: `verify`, `syncjob`, `prunejob`, `garbage_collection`, `backup`, ...
    pub kind: String,
    /// What it works on, as it is written.
    pub id: String,
    /// Who started it.
    pub user: String,
}

/// The text names no task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a task")]
pub struct NotAUpid(pub String);

impl Upid {
    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Upid {
    type Err = NotAUpid;

    fn from_str(text: &str) -> Result<Upid, NotAUpid> {
        parse(text).ok_or_else(|| NotAUpid(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Upid> {
    let fields: Vec<&str> = text.split(':').collect();
    let &["UPID", node, pid, pstart, task, starttime, kind, id, user, ""] = fields.as_slice() else { return None };
    let hexadecimal = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let numbers = [pid, pstart, task, starttime].iter().all(|digits| hexadecimal(digits));
    let words = [node, kind, id, user].iter().all(|word| !word.contains(char::is_whitespace));
    if !numbers || !words || node.is_empty() || kind.is_empty() || user.is_empty() {
        return None;
    }
    Some(Upid {
        text: text.to_owned(),
        starttime: i64::from_str_radix(starttime, 16).ok()?,
        kind: kind.to_owned(),
        id: id.to_owned(),
        user: user.to_owned(),
    })
}

impl fmt::Display for Upid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFY: &str =
        r"UPID:grange:000003A5:0186A2B3:00000004:68C0FFEE:verify:coop\x3ans-ilot:accolades@pbs!set-up:";

    #[test]
    fn a_upid_is_read_field_by_field() {
        let upid: Upid = VERIFY.parse().unwrap();
        assert_eq!((upid.starttime, upid.kind.as_str(), upid.id.as_str()), (0x68C0_FFEE, "verify", r"coop\x3ans-ilot"));
        assert_eq!((upid.user.as_str(), upid.to_string().as_str()), ("accolades@pbs!set-up", VERIFY));
    }

    #[test]
    fn a_task_of_a_node_is_none_of_a_backup_server() {
        for text in [
            "",
            "OK",
            "UPID:pve1:0003A5F1:0186A2B3C:68C0FFEE:vzdump:1042:root@pam:",
            &VERIFY[..VERIFY.len() - 1],
            &VERIFY.replace("68C0FFEE", "68C0FFEG"),
            &VERIFY.replace("verify", ""),
        ] {
            assert_eq!(text.parse::<Upid>(), Err(NotAUpid(text.to_owned())), "{text}");
        }
    }
}
