//! Whose the machine under a VM id is: what may be destroyed, and what a person has to look at.

use std::collections::BTreeMap;

use super::copy::{DRILL_TAG, mark, name};
use crate::engine::EngineError;
use crate::pve::Upid;
use crate::store::Restore;

/// What a stub's configuration may have in it: what Proxmox itself writes while it restores.
const STUB_OPTIONS: [&str; 4] = ["memory", "lock", "digest", "meta"];

/// Whose the machine under a VM id is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) enum Whose {
    /// It carries the mark of the row.
    Ours,
    /// It is the stub of our failed restore.
    OurStub,
    /// It is a whole machine of somebody's: ours is not there. It is described so.
    Foreign(String),
    /// We made it, and somebody wrote something else into its description. It is described so.
    Altered(String),
    /// It is bare and may be anybody's.
    Unclear,
}

/// Judges a machine's configuration. `task` is our task that made, or tried to make it.
pub(in crate::engine) fn whose(config: &BTreeMap<String, String>, row: &Restore, task: Option<&Upid>) -> Whose {
    let first_line = config.get("description").and_then(|text| text.lines().next()).map(str::trim);
    if first_line == Some(mark(row.new.purpose, &row.new.id, &row.new.instance).as_str()) {
        return Whose::Ours;
    }
    let is_bare = config.keys().all(|option| STUB_OPTIONS.contains(&option.as_str()));
    let is_our_task = task.is_some_and(|task| task.kind == "qmrestore" && task.id == row.new.vmid.to_string());
    match (is_bare, is_our_task) {
        (true, true) => Whose::OurStub,
        (true, false) => Whose::Unclear,
        (false, _) => {
            let called = config.get("name").map(|name| format!(" and called `{name}`")).unwrap_or_default();
            let who = format!("described as `{}`{called}", first_line.unwrap_or_default());
            if is_our_task && still_ours(config, row) { Whose::Altered(who) } else { Whose::Foreign(who) }
        }
    }
}

/// Whether a machine still has the tag or the name that ours get.
fn still_ours(config: &BTreeMap<String, String>, row: &Restore) -> bool {
    let has_tag = config.get("tags").is_some_and(|tags| tags.split([';', ',', ' ']).any(|tag| tag == DRILL_TAG));
    has_tag || config.get("name") == Some(&name(row.new.purpose, &row.new.instance))
}

/// What is said of a machine that somebody changed.
pub(super) fn altered(row: &Restore, who: &str) -> EngineError {
    EngineError::Conflict(format!(
        "vm {0} at `{1}` was made by our restore and is {who} now: somebody changed it; it is left untouched, and stays on \
         record\n\n\
         if it may go, write `{2}` into the first line of its notes again, then run the same command; if somebody uses it, \
         give it another name and take the tag `{DRILL_TAG}` off",
        row.new.vmid,
        row.new.site,
        mark(row.new.purpose, &row.new.id, &row.new.instance)
    ))
}

/// What is said of a bare machine that may be anybody's.
pub(super) fn unclear(row: &Restore) -> EngineError {
    EngineError::Conflict(format!(
        "vm {} at `{}` is bare, and no restore of ours is known that left it; it is left untouched\n\n\
         look at it on the node (`qm config {0}`); if it is nobody's, remove it there (`qm destroy {0}`)",
        row.new.vmid, row.new.site
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::ids::{InstanceId, SiteId, VmId};
    use crate::store::{NewRestore, Purpose, RestoreState, Scope};

    fn row() -> Restore {
        let new = NewRestore {
            id: "d1".to_owned(),
            purpose: Purpose::Drill,
            scope: Scope::Staff,
            instance: InstanceId::new("lilas").expect("an id"),
            site: SiteId::new("friche").expect("an id"),
            vmid: VmId(1999),
            detail: json!({ "version": 1 }),
            at_us: 0,
        };
        Restore { new, state: RestoreState::Begun, task: None, changed_at_us: 0 }
    }

    fn config(options: &[(&str, &str)]) -> BTreeMap<String, String> {
        options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn task(kind: &str, id: &str) -> Upid {
        format!("UPID:pve2:00000001:00000002:68C0FFEE:{kind}:{id}:accolades@pve!everyday:").parse().expect("a task")
    }

    #[test]
    fn only_the_mark_of_this_very_drill_is_ours() {
        let described = |text: &str| config(&[("description", text), ("name", "drill-lilas"), ("scsi0", "x")]);
        assert_eq!(whose(&described("accolades drill d1 of lilas\nmore"), &row(), None), Whose::Ours);
        for other in [
            "accolades drill d2 of lilas",
            "accolades drill d1 of ilot",
            "accolades instance lilas",
            "accolades restore d1 of lilas",
            "",
        ] {
            let restore = task("qmrestore", "1999");
            // What our task made and still has our name is somebody's change of ours: neither destroyed nor called gone.
            assert!(matches!(whose(&described(other), &row(), Some(&restore)), Whose::Altered(_)), "{other}");
            assert!(matches!(whose(&described(other), &row(), None), Whose::Foreign(_)), "{other}");
            let mut renamed = described(other);
            renamed.insert("name".to_owned(), "theirs".to_owned());
            assert!(matches!(whose(&renamed, &row(), Some(&restore)), Whose::Foreign(_)), "{other}");
            renamed.insert("tags".to_owned(), "theirs;accolades-drill".to_owned());
            assert!(matches!(whose(&renamed, &row(), Some(&restore)), Whose::Altered(_)), "{other}");
        }
    }

    #[test]
    fn a_stub_without_name_or_tag_is_ours_by_its_task_only() {
        let stub = config(&[("memory", "128")]);
        assert_eq!(whose(&stub, &row(), Some(&task("qmrestore", "1999"))), Whose::OurStub);
        assert_eq!(whose(&stub, &row(), None), Whose::Unclear);
        assert_eq!(whose(&stub, &row(), Some(&task("qmrestore", "1998"))), Whose::Unclear);
        assert_eq!(whose(&stub, &row(), Some(&task("qmcreate", "1999"))), Whose::Unclear);
        let with_a_disk = config(&[("memory", "128"), ("scsi0", "local-lvm:vm-1999-disk-0")]);
        assert!(matches!(whose(&with_a_disk, &row(), Some(&task("qmrestore", "1999"))), Whose::Foreign(_)));
    }
}
