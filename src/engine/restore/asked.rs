//! How a restored machine was asked for, and whether the same is asked for again.

use serde::{Deserialize, Serialize};

use super::{RestoreDetail, RestoreOrder};
use crate::domain::backup::drill::Origin;
use crate::engine::EngineError;
use crate::plan::desired::Subject;
use crate::store::{Restore, RestoreState};

/// How a restored machine was asked for, as it is kept with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Which backup.
    pub from: Origin,
    /// Not later than this moment.
    pub not_after_us: i64,
    /// The moment in the person's words.
    pub at: String,
}

impl Asked {
    pub(super) fn of(order: &RestoreOrder) -> Asked {
        Asked { from: order.from, not_after_us: order.not_after_us, at: order.asked_at.clone() }
    }

    /// Whether the same is asked for again: `now` is so an hour later, too.
    fn is_again(&self, order: &RestoreOrder) -> bool {
        self.from == order.from && (self.at == order.asked_at || self.not_after_us == order.not_after_us)
    }
}

/// A machine that waits at a site is gone on with only when the same is asked for again; one that has the live one's place
/// only until the inventory says so, too.
pub(super) fn must_be_again(subject: &Subject<'_>, row: &Restore, order: &RestoreOrder) -> Result<(), EngineError> {
    let (instance, detail) = (&subject.instance.id, RestoreDetail::of(row));
    let at = format!("vm {} at `{}`", row.new.vmid, row.new.site);
    if row.state == RestoreState::Swapped && subject.instance.vmid == row.new.vmid {
        return Err(EngineError::Conflict(match detail.old_vmid {
            Some(old) => format!(
                "`{instance}` was restored before ({at}), and vm {old}, which it replaced, is still kept: nothing was restored \
                 now\n\ndecide about that one first: `accolades restore discard {instance}` destroys it, `accolades restore \
                 keep {instance}` leaves it there for good; then run the command again"
            ),
            None => format!(
                "`{instance}` was restored before ({at}), and that restore is not closed: nothing was restored now\n\n\
                 run `accolades restore keep {instance}`, then the command again"
            ),
        }));
    }
    let is_there = order.elsewhere.as_ref().filter(|there| there.site != subject.site.id);
    let is_again = detail.asked.as_ref().is_none_or(|asked| asked.is_again(order));
    if is_again && detail.elsewhere.as_ref() == is_there {
        return Ok(());
    }
    let with = match &detail.asked {
        Some(asked) => format!("`--at {} --from {}`", asked.at, asked.from.as_str()),
        None => "other words".to_owned(),
    };
    let with = match &detail.elsewhere {
        Some(there) => format!("{with} and `--on {} --address {}`", there.site, there.address4),
        None => with,
    };
    let or = match row.state {
        RestoreState::Checked => format!(", or give it up first: `accolades restore abandon {instance}`"),
        _ => String::new(),
    };
    Err(EngineError::Conflict(format!(
        "a restored machine of `{instance}` waits already ({at}); it was asked for with {with}\n\n\
         ask in the same way to go on with it{or}"
    )))
}
