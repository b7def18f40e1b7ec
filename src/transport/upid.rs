//! The name of a task, as nodes and backup servers write it.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Digits of the numbers that are as long as their machine makes them.
const DIGITS: RangeInclusive<usize> = 8..=16;

/// `UPID:node:NUMBERS:type:id:user:`. A node writes three numbers: process, its beginning in ticks, its beginning in seconds
/// since 1970; a backup server has the number of the task before the last one (sheet Proxmox, sections 4 and 15). One is
/// never taken for the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TaskName<const NUMBERS: usize> {
    text: String,
    /// The machine that runs it, as it calls itself: in a cluster ask that one, not the one that was called.
    pub node: String,
    /// When it began, in seconds since 1970.
    pub starttime: i64,
    /// What it does: `qmcreate`, `vzdump`, `verify`, `syncjob`, ...
    pub kind: String,
    /// What it works on, as it is written: on a node often a VM id, empty for a backup of several, a clone names its source;
    /// on a backup server special characters are `\x3a` and the like.
    pub id: String,
    /// Who started it: `user@realm` or `user@realm!token`.
    pub user: String,
}

/// The text names no task. A backup that found nothing to do answers `OK` in the place of a name (section 9a).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a task")]
pub struct NotAUpid(pub String);

impl<const NUMBERS: usize> TaskName<NUMBERS> {
    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn read(text: &str) -> Option<TaskName<NUMBERS>> {
        let fields: Vec<&str> = text.split(':').collect();
        let ["UPID", node, numbers @ .., kind, id, user, ""] = fields.as_slice() else { return None };
        let (starttime, earlier) = numbers.split_last()?;
        let is_number = |digits: &str| DIGITS.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let numbers_ok = numbers.len() == NUMBERS && earlier.iter().all(|digits| is_number(digits));
        let words_ok = [kind, id, user].iter().all(|word| !word.contains(char::is_whitespace));
        if !numbers_ok || !words_ok || !is_node(node) || kind.is_empty() || user.is_empty() {
            return None;
        }
        Some(TaskName {
            text: text.to_owned(),
            node: (*node).to_owned(),
            starttime: seconds(starttime)?,
            kind: (*kind).to_owned(),
            id: (*id).to_owned(),
            user: (*user).to_owned(),
        })
    }
}

/// A host name.
fn is_node(node: &str) -> bool {
    !node.is_empty()
        && !node.starts_with('-')
        && !node.ends_with('-')
        && node.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Exactly eight digits.
fn seconds(digits: &str) -> Option<i64> {
    let is_number = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_number { i64::from_str_radix(digits, 16).ok() } else { None }
}

impl<const NUMBERS: usize> FromStr for TaskName<NUMBERS> {
    type Err = NotAUpid;

    fn from_str(text: &str) -> Result<TaskName<NUMBERS>, NotAUpid> {
        TaskName::read(text).ok_or_else(|| NotAUpid(text.to_owned()))
    }
}

impl<const NUMBERS: usize> fmt::Display for TaskName<NUMBERS> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type OfNode = TaskName<3>;
    type OfServer = TaskName<4>;

    const CREATE: &str = "UPID:pve1:0003A5F1:0186A2B3C:68C0FFEE:qmcreate:1042:root@pam!accolades:";
    const VERIFY: &str =
        r"UPID:grange:000003A5:0186A2B3:00000004:68C0FFEE:verify:coop\x3ans-ilot:accolades@pbs!set-up:";

    #[test]
    fn a_upid_is_read_field_by_field() {
        let of_node: OfNode = CREATE.parse().unwrap();
        assert_eq!((of_node.node.as_str(), of_node.starttime), ("pve1", 0x68C0_FFEE));
        assert_eq!((of_node.kind.as_str(), of_node.id.as_str()), ("qmcreate", "1042"));
        assert_eq!((of_node.user.as_str(), of_node.to_string().as_str()), ("root@pam!accolades", CREATE));
        let of_server: OfServer = VERIFY.parse().unwrap();
        assert_eq!((of_server.node.as_str(), of_server.starttime), ("grange", 0x68C0_FFEE));
        assert_eq!((of_server.kind.as_str(), of_server.id.as_str()), ("verify", r"coop\x3ans-ilot"));
        assert_eq!((of_server.user.as_str(), of_server.as_str()), ("accolades@pbs!set-up", VERIFY));
    }

    #[test]
    fn a_backup_of_several_machines_has_no_id() {
        let upid: OfNode = "UPID:pve1:00000001:00000002:00000003:vzdump::root@pam:".parse().unwrap();
        assert_eq!(upid.id, "");
    }

    #[test]
    fn what_is_no_upid_is_refused() {
        let broken = [
            "OK",
            "",
            VERIFY,
            &CREATE[..CREATE.len() - 1],
            &CREATE.replace("pve1", "-pve1"),
            &CREATE.replace("0003A5F1", "3A5F1"),
            &CREATE.replace("68C0FFEE", "+8C0FFEE"),
            &CREATE.replace("68C0FFEE", "068C0FFEE"),
            &CREATE.replace("qmcreate", ""),
            &CREATE.replace("root@pam!accolades", ""),
            &CREATE.replace("1042", "10 42"),
            &format!("{CREATE}:"),
        ];
        for text in broken {
            assert_eq!(text.parse::<OfNode>(), Err(NotAUpid(text.to_owned())), "{text}");
        }
        let broken = [
            "OK",
            CREATE,
            &VERIFY[..VERIFY.len() - 1],
            &VERIFY.replace("68C0FFEE", "68C0FFEG"),
            &VERIFY.replace("verify", ""),
        ];
        for text in broken {
            assert_eq!(text.parse::<OfServer>(), Err(NotAUpid(text.to_owned())), "{text}");
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
            let upid: OfNode = text.parse().unwrap();
            prop_assert_eq!(upid.starttime, i64::from(start));
            prop_assert_eq!(upid.to_string(), text);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
            let _ = (text.parse::<OfNode>(), text.parse::<OfServer>());
        }
    }
}
