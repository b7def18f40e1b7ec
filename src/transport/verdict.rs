//! How a task ended.

/// How a task ended, from its exit status (sheet Proxmox, section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskVerdict {
    /// Done. A start after a create may have failed all the same (section 5a).
    Ok,
    /// Done, with so many warnings in its log.
    Warnings(u32),
    /// Failed, in its own words.
    Failed(String),
    /// Nobody knows: the node went down, or the worker was killed. Read the state before deciding.
    Unknown(String),
}

impl TaskVerdict {
    /// Reads an exit status.
    pub fn from_exit_status(status: &str) -> TaskVerdict {
        if status == "OK" {
            return TaskVerdict::Ok;
        }
        if let Some(count) = status.strip_prefix("WARNINGS: ").and_then(|count| count.trim().parse().ok()) {
            return TaskVerdict::Warnings(count);
        }
        let is_unknown = status.is_empty()
            || status == "unexpected status"
            || status.starts_with("unable to get last line from task log");
        match is_unknown {
            true => TaskVerdict::Unknown(status.to_owned()),
            false => TaskVerdict::Failed(status.to_owned()),
        }
    }

    /// The task did what it was asked, warnings or not.
    pub fn is_success(&self) -> bool {
        matches!(self, TaskVerdict::Ok | TaskVerdict::Warnings(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_statuses_are_judged() {
        let failed = |text: &str| TaskVerdict::Failed(text.to_owned());
        let unknown = |text: &str| TaskVerdict::Unknown(text.to_owned());
        for (status, verdict) in [
            ("OK", TaskVerdict::Ok),
            ("WARNINGS: 3", TaskVerdict::Warnings(3)),
            ("job errors", failed("job errors")),
            ("WARNINGS: many", failed("WARNINGS: many")),
            ("OK but not", failed("OK but not")),
            ("interrupted by signal", failed("interrupted by signal")),
            ("unexpected status", unknown("unexpected status")),
            ("unable to get last line from task log - x", unknown("unable to get last line from task log - x")),
            ("", unknown("")),
        ] {
            assert_eq!(TaskVerdict::from_exit_status(status), verdict, "{status}");
        }
    }
}
