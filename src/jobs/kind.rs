//! The kinds of jobs.

use serde::Serialize;

use super::schedule::Rhythm;
use crate::util::limits;

/// What the program does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Looking at all sites.
    Sweep,
    /// Restore tests that are due.
    Drills,
    /// Sending mails that wait.
    Mail,
    /// Alerts of hours, notices of renewal, reminders: into the outbox.
    Letters,
    /// Comparing all instances with the inventory, and changing nothing.
    Compare,
    /// Forgetting what nobody needs any more.
    Tidy,
    /// Looking at what would be done, because a person asked.
    Plan,
    /// Carrying out a plan that a person confirmed.
    Apply,
    /// Issuing a month's documents that a person confirmed.
    Issue,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 9] = [
        Kind::Sweep,
        Kind::Drills,
        Kind::Mail,
        Kind::Letters,
        Kind::Compare,
        Kind::Tidy,
        Kind::Plan,
        Kind::Apply,
        Kind::Issue,
    ];

    /// The name that people, the store and scripts see.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Sweep => "sweep",
            Kind::Drills => "drills",
            Kind::Mail => "mail",
            Kind::Letters => "letters",
            Kind::Compare => "compare",
            Kind::Tidy => "tidy",
            Kind::Plan => "plan",
            Kind::Apply => "apply",
            Kind::Issue => "issue",
        }
    }

    /// Reads the name back.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// When it comes by itself; none for what is ordered.
    pub fn rhythm(self) -> Option<Rhythm> {
        match self {
            Kind::Sweep => Some(Rhythm::Every(limits::SWEEP_INTERVAL)),
            Kind::Drills => {
                Some(Rhythm::Daily { hour: limits::JOB_DRILLS_HOUR, late_max: limits::JOB_DRILLS_LATE_MAX })
            }
            Kind::Mail => Some(Rhythm::Every(limits::JOB_MAIL_INTERVAL)),
            Kind::Letters => {
                Some(Rhythm::Daily { hour: limits::JOB_LETTERS_HOUR, late_max: limits::JOB_LETTERS_LATE_MAX })
            }
            Kind::Compare => Some(Rhythm::Daily { hour: limits::JOB_COMPARE_HOUR, late_max: Rhythm::A_DAY }),
            Kind::Tidy => Some(Rhythm::Daily { hour: limits::JOB_TIDY_HOUR, late_max: Rhythm::A_DAY }),
            Kind::Plan | Kind::Apply | Kind::Issue => None,
        }
    }
}
