//! What a person decides about a mail whose fate is not known, or that could not be sent.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::PostError;
use super::put::secret_name;
use crate::store::secrets::Vault;
use crate::store::{MailOutcome, MailRecord, MailState, Store};

/// A decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Send it again, the same message: mail programs know a double by its `Message-ID`.
    Resend,
    /// It arrived: its sending is on record from then on.
    Arrived,
    /// It is not sent any more.
    GiveUp,
}

impl Decision {
    /// Where the mail stands afterwards.
    pub const fn state(self) -> MailState {
        match self {
            Decision::Resend => MailState::Waiting,
            Decision::Arrived => MailState::Sent,
            Decision::GiveUp => MailState::GivenUp,
        }
    }

    /// Whether it makes sense for a mail in that state. What was sent is sent; what is being sent is not interrupted.
    pub fn fits(self, state: MailState) -> bool {
        match self {
            Decision::Resend => {
                matches!(state, MailState::MayHaveBeenSent | MailState::Failed | MailState::GivenUp)
            }
            Decision::Arrived => state == MailState::MayHaveBeenSent,
            Decision::GiveUp => {
                matches!(state, MailState::MayHaveBeenSent | MailState::Failed | MailState::Waiting)
            }
        }
    }

    /// What is recorded as the answer.
    const fn words(self) -> &'static str {
        match self {
            Decision::Resend => "to be sent again",
            Decision::Arrived => "it arrived",
            Decision::GiveUp => "not to be sent",
        }
    }
}

/// Carries out a decision; false when it does not fit the mail's state.
///
/// # Errors
/// [`PostError::Store`] when the mail changed meanwhile, or when store or secrets cannot be written.
pub async fn decide(
    store: &Store,
    vault: &Vault,
    mail: &MailRecord,
    decision: Decision,
    by: &str,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<bool, PostError> {
    if !decision.fits(mail.state) {
        return Ok(false);
    }
    // A mail that arrived did so on the day on which it was handed over.
    let sent_at = match decision {
        Decision::Arrived => Timestamp::from_microsecond(mail.changed_at_us).unwrap_or(now),
        Decision::Resend | Decision::GiveUp => now,
    };
    let outcome = MailOutcome {
        state: decision.state(),
        answer: decision.words(),
        not_before_us: now.as_microsecond(),
        by,
        at_us: now.as_microsecond(),
        on: sent_at.to_zoned(zone.clone()).date(),
    };
    store.decide_mail(mail.position, mail.state, &outcome).await?;
    if mail.is_confidential && decision != Decision::Resend {
        vault.delete_secret(&secret_name(&mail.key)).await?;
    }
    Ok(true)
}
