//! The name of a task.

use std::fmt;
use std::str::FromStr;

/// A task's name: `UPID:node:pid:pstart:starttime:type:id:user:` (sheet Proxmox, section 4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Upid {
    text: String,
    /// The node that runs it: ask that one, not the one that was called.
    pub node: String,
    /// Process id.
    pub pid: u32,
    /// Start time of the process in ticks since the node's boot.
    pub pstart: u64,
    /// When it began, in seconds since 1970.
    pub starttime: i64,
    /// What it does: `qmcreate`, `vzdump`, ...
    pub kind: String,
    /// What it works on, often a VM id; empty for a backup of several. A clone names its source.
    pub id: String,
    /// Who started it: `user@realm` or `user@realm!token`.
    pub user: String,
}

/// The text names no task. A backup that found nothing to do answers `OK` in the place of a name (section 9a).
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
    let &["UPID", node, pid, pstart, starttime, kind, id, user, ""] = fields.as_slice() else { return None };
    let node_ok =
        !node.starts_with('-') && !node.ends_with('-') && node.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let words_ok = [kind, id, user].iter().all(|word| !word.contains(char::is_whitespace));
    if !node_ok || !words_ok || node.is_empty() || kind.is_empty() || user.is_empty() {
        return None;
    }
    Some(Upid {
        text: text.to_owned(),
        node: node.to_owned(),
        pid: u32::try_from(hexadecimal(pid, 8..=8)?).ok()?,
        pstart: hexadecimal(pstart, 8..=9)?,
        starttime: i64::try_from(hexadecimal(starttime, 8..=8)?).ok()?,
        kind: kind.to_owned(),
        id: id.to_owned(),
        user: user.to_owned(),
    })
}

fn hexadecimal(digits: &str, length: std::ops::RangeInclusive<usize>) -> Option<u64> {
    let is_number = length.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_number { u64::from_str_radix(digits, 16).ok() } else { None }
}

impl fmt::Display for Upid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CREATE: &str = "UPID:pve1:0003A5F1:0186A2B3C:68C0FFEE:qmcreate:1042:root@pam!accolades:";

    #[test]
    fn a_upid_is_read_field_by_field() {
        let upid: Upid = CREATE.parse().unwrap();
        assert_eq!((upid.node.as_str(), upid.pid, upid.pstart), ("pve1", 0x3A5F1, 0x186A_2B3C));
        assert_eq!((upid.starttime, upid.kind.as_str(), upid.id.as_str()), (0x68C0_FFEE, "qmcreate", "1042"));
        assert_eq!((upid.user.as_str(), upid.to_string().as_str()), ("root@pam!accolades", CREATE));
    }

    #[test]
    fn a_backup_of_several_machines_has_no_id() {
        let upid: Upid = "UPID:pve1:00000001:00000002:00000003:vzdump::root@pam:".parse().unwrap();
        assert_eq!(upid.id, "");
    }

    #[test]
    fn what_is_no_upid_is_refused() {
        let broken = [
            "OK",
            "",
            &CREATE[..CREATE.len() - 1],
            &CREATE.replace("pve1", "-pve1"),
            &CREATE.replace("0003A5F1", "3A5F1"),
            &CREATE.replace("68C0FFEE", "+8C0FFEE"),
            &CREATE.replace("qmcreate", ""),
            &CREATE.replace("root@pam!accolades", ""),
            &CREATE.replace("1042", "10 42"),
            &format!("{CREATE}:"),
        ];
        for text in broken {
            assert_eq!(text.parse::<Upid>(), Err(NotAUpid(text.to_owned())), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_upid_survives(
            pid in any::<u32>(), pstart in 0_u64..0xF_FFFF_FFFF, start in any::<u32>(),
            kind in "[a-z]{1,10}", id in "[0-9a-zA-Z-]{0,8}",
        ) {
            let text = format!("UPID:n-1:{pid:08X}:{pstart:08X}:{start:08X}:{kind}:{id}:root@pam:");
            let upid: Upid = text.parse().unwrap();
            prop_assert_eq!((upid.pid, upid.pstart, upid.starttime), (pid, pstart, i64::from(start)));
            prop_assert_eq!(upid.to_string(), text);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
            let _ = text.parse::<Upid>();
        }
    }
}
