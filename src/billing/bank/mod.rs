//! What the bank sends: statements (camt.053), notifications (camt.054) and status reports (pain.002), read by the crate
//! `sepa`; and what each movement on the account means for invoices (R29, R30).
//!
//! A file is read as a whole or refused. Its movements are recorded once, whatever the number of files that report them;
//! then every movement that nothing was decided about is looked at, those of earlier files too: the order of files does not
//! matter.

pub mod import;
pub mod read;
pub mod settle;
pub mod situation;

pub use import::{Imported, import};
