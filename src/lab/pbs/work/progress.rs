//! How far a task over groups and their snapshots has come.

use std::fmt;

/// Groups and snapshots done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// How many groups there are.
    pub groups: u64,
    /// How many are done.
    pub done_groups: u64,
    /// How many snapshots the present group has.
    pub snapshots: u64,
    /// How many of them are done.
    pub done_snapshots: u64,
}

impl fmt::Display for Progress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |done: u64, all: u64| if all == 0 { 0.0 } else { done as f64 / all as f64 };
        let inside = part(self.done_snapshots, self.snapshots);
        let share = if self.groups == 0 { 1.0 } else { (self.done_groups as f64 + inside) / self.groups as f64 };
        write!(out, "{:.2}% ", share * 100.0)?;
        if self.groups == 1 && self.snapshots > 0 {
            write!(out, "({}/{} snapshots)", self.done_snapshots, self.snapshots)
        } else if self.snapshots == 0 {
            write!(out, "({}/{} groups)", self.done_groups, self.groups)
        } else if self.done_snapshots == self.snapshots {
            write!(out, "({}/{} groups)", self.done_groups + 1, self.groups)
        } else {
            let Progress { groups, done_groups, snapshots, done_snapshots } = self;
            let number = done_groups + 1;
            write!(out, "({done_groups}/{groups} groups, {done_snapshots}/{snapshots} snapshots in group #{number})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Progress;

    #[test]
    fn lab_pbs_progress_counts_groups_and_the_snapshots_of_the_present_one() {
        let text = |groups, done_groups, snapshots, done_snapshots| {
            Progress { groups, done_groups, snapshots, done_snapshots }.to_string()
        };
        assert_eq!(text(2, 0, 3, 1), "16.67% (0/2 groups, 1/3 snapshots in group #1)");
        assert_eq!(text(2, 0, 3, 3), "50.00% (1/2 groups)");
        assert_eq!(text(1, 0, 3, 2), "66.67% (2/3 snapshots)");
        assert_eq!(text(1, 0, 3, 3), "100.00% (3/3 snapshots)");
    }
}
