//! What Proxmox says, in the words of the verdict.

use jiff::{SignedDuration, Timestamp};

use crate::domain::backup::health::{Sealing, Snapshot, TaskEnd, Verification};
use crate::pve::{TaskSummary, TaskVerdict, Volume, VolumeVerification};

/// What a running task's status is in a list.
const RUNNING: &str = "RUNNING";

/// A backup in a listing of the node. None for one without a date, which Proxmox does not make.
pub(super) fn snapshot(volume: &Volume) -> Option<Snapshot> {
    Some(Snapshot {
        id: volume.volid.clone(),
        at: moment(volume.ctime?)?,
        size_bytes: volume.size,
        // The node says this of data that are only signed, too.
        sealing: if volume.encrypted.is_some() { Sealing::Claimed } else { Sealing::Plain },
        verification: volume.verification.as_ref().map(verification),
        protected: volume.protected,
    })
}

fn verification(found: &VolumeVerification) -> Verification {
    let task = found.upid.as_deref().and_then(server_task);
    Verification { ok: found.state == "ok", at: task.as_ref().map(|(_, at)| *at), host: task.map(|(host, _)| host) }
}

/// Host and beginning of a backup server's task, from its name.
pub(super) fn server_task(upid: &str) -> Option<(String, Timestamp)> {
    let task: crate::pbs::Upid = upid.parse().ok()?;
    let at = Timestamp::from_second(task.starttime).ok()?;
    Some((task.node, at))
}

/// Seconds since 1970 as a moment.
pub(super) fn moment(seconds: u64) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

/// A moment so many seconds earlier.
pub(super) fn before(moment: Timestamp, seconds: u64) -> Option<Timestamp> {
    moment.checked_sub(SignedDuration::from_secs(i64::try_from(seconds).ok()?)).ok()
}

/// How a task in a list ended.
pub(super) fn task_end(task: &TaskSummary) -> TaskEnd {
    let Some(status) = task.status.as_deref().filter(|status| *status != RUNNING) else {
        // Without a status it runs, unless an end says otherwise.
        return match task.endtime {
            None => TaskEnd::Running,
            Some(_) => TaskEnd::Unknown(String::new()),
        };
    };
    match TaskVerdict::from_exit_status(status) {
        TaskVerdict::Ok | TaskVerdict::Warnings(_) => TaskEnd::Ok,
        TaskVerdict::Failed(words) => TaskEnd::Failed(words),
        TaskVerdict::Unknown(words) => TaskEnd::Unknown(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_servers_task_tells_where_and_when() {
        let upid = "UPID:grange:000001A4:0000B3F2:00000003:6570B3C0:verify:communs\\x3alilas:root@pam:";
        let (host, at) = server_task(upid).expect("a name");
        assert_eq!((host.as_str(), at.as_second()), ("grange", 0x6570_B3C0));
        // A node's own tasks have a field less.
        assert_eq!(server_task("UPID:pve1:000001A4:0000B3F2:6570B3C0:vzdump:1001:root@pam:"), None);
        assert_eq!(server_task("OK"), None);
    }

    #[test]
    fn ends_of_tasks_are_sorted() {
        let task = |status: Option<&str>, endtime| TaskSummary {
            upid: String::new(),
            kind: "vzdump".to_owned(),
            id: None,
            user: "root@pam".to_owned(),
            starttime: 1,
            endtime,
            status: status.map(str::to_owned),
        };
        assert_eq!(task_end(&task(Some("RUNNING"), None)), TaskEnd::Running);
        assert_eq!(task_end(&task(None, None)), TaskEnd::Running);
        assert_eq!(task_end(&task(Some("WARNINGS: 2"), Some(2))), TaskEnd::Ok);
        assert_eq!(task_end(&task(Some("job errors"), Some(2))), TaskEnd::Failed("job errors".to_owned()));
        assert_eq!(
            task_end(&task(Some("unexpected status"), Some(2))),
            TaskEnd::Unknown("unexpected status".to_owned())
        );
    }
}
