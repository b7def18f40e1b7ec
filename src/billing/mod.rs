//! The monthly run: what the store and the accepted inventory say becomes documents with numbers, an issue journal outside
//! the store, and archived bytes. The rules themselves are in `domain::billing`.

pub mod account;
pub mod alerts;
pub mod archive;
pub mod bank;
pub mod book;
pub mod books;
pub mod close;
pub mod credit;
pub mod debit;
pub mod draft;
pub mod entries;
mod error;
pub mod explain;
pub mod facturx;
pub mod hours;
pub mod impact;
pub mod issue;
pub mod journal;
pub mod letters;
pub mod mails;
pub mod notices;
pub mod notify;
pub mod papers;
pub mod paperwork;
pub mod parties;
pub mod platform;
pub mod recover;
pub mod remind;
pub mod send;
pub mod statement;
pub mod terms;
pub mod turn;
pub mod work;

pub use error::BillingError;
