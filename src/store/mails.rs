//! Mails as the outbox keeps them: what is put in, where each stands, what became of it (R20).

use jiff::civil::Date;
use serde::Serialize;

use super::Scope;

/// The kind of the mails whose sending is the proof of a renewal notice (R11): it is recorded as one in the same
/// transaction; `about` is the last day of the term.
pub const RENEWAL_NOTICE: &str = "renewal-notice";

/// A mail to put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// What it announces, to whom, such as `invoice/F2026-00042/compta@lilas.example`: put in again it stays one mail.
    pub key: String,
    /// Whose.
    pub scope: Scope,
    /// `invoice`, `renewal-notice`, `login`, ...
    pub kind: String,
    /// What it is about, by its kind: the number of a document, the last day of a term.
    pub about: Option<String>,
    /// The one address that it goes to.
    pub recipient: String,
    /// Its subject, for lists.
    pub subject: String,
    /// The whole message, headers included; empty when it is confidential.
    pub message: String,
    /// Whether the message is among the secrets until it is sent, because whoever reads it can log in.
    pub is_confidential: bool,
    /// Who puts it in.
    pub by: String,
    /// When.
    pub at_us: i64,
}

/// Where a mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailState {
    /// It will be sent.
    Waiting,
    /// Somebody is sending it.
    Sending,
    /// The server took it.
    Sent,
    /// It was handed over and no answer came: a person decides.
    MayHaveBeenSent,
    /// The server refuses it, or it was tried too often: a person decides.
    Failed,
    /// A person decided that it is not sent.
    GivenUp,
}

impl MailState {
    /// All of them.
    pub const ALL: [MailState; 6] = [
        MailState::Waiting,
        MailState::Sending,
        MailState::Sent,
        MailState::MayHaveBeenSent,
        MailState::Failed,
        MailState::GivenUp,
    ];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            MailState::Waiting => "waiting",
            MailState::Sending => "sending",
            MailState::Sent => "sent",
            MailState::MayHaveBeenSent => "may-have-been-sent",
            MailState::Failed => "failed",
            MailState::GivenUp => "given-up",
        }
    }

    /// It leaves no more by itself: a person sends it again, says that it arrived, or leaves it.
    pub const fn waits_for_a_person(self) -> bool {
        matches!(self, MailState::MayHaveBeenSent | MailState::Failed | MailState::GivenUp)
    }

    pub(super) fn of_word(word: &str) -> Option<MailState> {
        MailState::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// A mail on record, without its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRecord {
    /// Its number.
    pub position: i64,
    /// What it announces, to whom.
    pub key: String,
    /// Whose.
    pub scope: Scope,
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub about: Option<String>,
    /// Where it goes.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// Whether its message is among the secrets.
    pub is_confidential: bool,
    /// Where it stands.
    pub state: MailState,
    /// How often sending it was begun.
    pub attempts: i64,
    /// Not to be tried before.
    pub not_before_us: i64,
    /// Who is sending it, or was the last to.
    pub holder: Option<String>,
    /// Until when its sender has it for itself.
    pub until_us: i64,
    /// Whether the server may have it.
    pub is_handed_over: bool,
    /// What the server said last, or why it was not asked.
    pub answer: String,
    /// Who put it in.
    pub by: String,
    /// When.
    pub put_at_us: i64,
    /// When its state changed last.
    pub changed_at_us: i64,
}

/// What became of a mail, one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailEvent {
    /// Where it stood from then on.
    pub state: MailState,
    /// What the server said, or why.
    pub answer: String,
    /// Who did it.
    pub by: String,
    /// When.
    pub at_us: i64,
}

/// What a sender, or a person, says of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailOutcome<'a> {
    /// Where it stands now.
    pub state: MailState,
    /// What the server said, or why.
    pub answer: &'a str,
    /// Not to be tried before, when it waits.
    pub not_before_us: i64,
    /// Who says so.
    pub by: &'a str,
    /// When.
    pub at_us: i64,
    /// The same as a day where the co-operative works.
    pub on: Date,
}
