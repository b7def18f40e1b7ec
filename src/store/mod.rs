//! What the program remembers: accepted inventories, plans, runs and their journal, leases, observations, host keys,
//! departures and secrets. SQLite in one file by default, PostgreSQL when the URL says so.
//!
//! Nothing else in the program writes SQL. Every instant is passed in as microseconds since 1970 UTC (`*_us`), every JSON
//! payload carries a `version` of its own, and every reading of client data takes a [`Scope`].

// First, because the other modules use its macros.
#[macro_use]
mod pool;
// Second: statements in two forms, by scope.
#[macro_use]
mod scope;
// Third: putting a mail in is part of others' transactions.
#[macro_use]
mod outbox;

mod accounts;
mod attempts;
mod audit;
mod bank;
mod closings;
mod collections;
mod consents;
mod copy;
mod departures;
mod drills;
mod entries;
mod error;
mod host_keys;
mod inventory;
mod invoices;
mod jobs;
mod journal;
mod leases;
mod looks;
mod mails;
mod markers;
mod migrate;
mod newest;
mod notices;
mod observations;
mod open;
mod orders;
mod payload;
mod payments;
mod plans;
mod platform;
mod pushes;
mod reminders;
mod requests;
mod restores;
mod runs;
pub mod secrets;
mod support;
mod vm_ids;
mod work;

pub use accounts::{Factor, StaffAccount, StaffRole};
pub use audit::{AuditChain, AuditEntry, NewAudit};
pub use bank::{BankFile, BankMovement, Decided, How, Made, NewMovement};
pub use closings::ClosedMonth;
pub use collections::{Collection, CollectionFile, News, NewsKind};
pub use consents::{Consent, Decision, NewConsent};
pub use copy::{CopyReport, TableCopy, copy};
pub use departures::{Departure, NewDeparture};
pub use drills::KeptDrill;
pub use entries::{EntryLink, LinkPurpose, SessionRecord};
pub use error::StoreError;
pub use host_keys::{HostKeyPin, PinOutcome};
pub use inventory::{InventoryVersion, NewInventoryVersion};
pub use invoices::{
    ChargeRecord, InvoiceFile, InvoiceRecord, Issue, LedgerRow, NewDocument, Numbered, RECORD_VERSION, SeriesEnd,
    number as invoice_number,
};
pub use jobs::{Begun, JobAttempt, JobEnd, JobKey};
pub use journal::{ActionState, JournalEntry, JournalRecord};
pub use leases::{Acquired, Lease};
pub use looks::{Look, NewLook, StandingObstacle};
pub use mails::{MailEvent, MailOutcome, MailRecord, MailState, NewMail, RENEWAL_NOTICE};
pub use markers::SeenMarker;
pub use newest::Newest;
pub use notices::SentNotice;
pub use observations::{NewObservation, Observation};
pub use orders::{JobOrder, NewJobOrder};
pub use payments::{Movement, NewPayment, PaymentRecord, SET_OFF};
pub use plans::PlanRecord;
pub use platform::{FileKind, FileState, InvoiceStatus, NewInvoiceStatus, NewPlatformFile, PlatformFile};
pub use pushes::{Push, PushKind};
pub use reminders::SentReminder;
pub use requests::{NewRequest, Request, RequestKind, RequestState, RequestStep};
pub use restores::{NewRestore, Purpose, Restore, RestoreState};
pub use runs::{NewRun, Run, RunEnd};
pub use scope::Scope;
pub use support::{NewSupportEntry, SupportEntry};
pub use work::WorkDone;

/// The two engines a store may live in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One file on this machine.
    Sqlite,
    /// A PostgreSQL database, shared by several machines.
    Postgres,
}

/// An open store. Cloning shares the connections.
#[derive(Debug, Clone)]
pub struct Store {
    pool: pool::Pool,
}
