//! The journals that the accountant takes over: sales, bank, cash and VAT on receipts, derived from what was issued and what
//! moved. Nothing is kept twice: an entry is a function of documents, movements and closings, and comes out the same each
//! time (`docs/accounting.md`).

pub mod entry;
pub mod fec;
pub mod fiscal;
pub mod replay;
pub mod share;
pub mod vat;

use serde::{Deserialize, Serialize};

/// Numbers of the accounts that entries are written to. The defaults are those of the French general chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Accounts {
    /// Clients; each one is an auxiliary account of it.
    pub clients: String,
    /// Services sold.
    pub sales: String,
    /// VAT that has fallen due.
    pub vat_due: String,
    /// VAT on invoices that are not paid yet, when it falls due on receipts.
    pub vat_waiting: String,
    /// The bank.
    pub bank: String,
    /// Cash.
    pub cash: String,
    /// Fees of the bank.
    pub fees: String,
    /// Invoices to be made out, at the end of a year.
    pub accrued: String,
    /// Credit notes to be made out, at the end of a year.
    pub accrued_credits: String,
    /// VAT on both.
    pub accrued_vat: String,
}

impl Default for Accounts {
    fn default() -> Accounts {
        let own = str::to_owned;
        Accounts {
            clients: own("411"),
            sales: own("706"),
            vat_due: own("44571"),
            vat_waiting: own("44574"),
            bank: own("512"),
            cash: own("530"),
            fees: own("627"),
            accrued: own("4181"),
            accrued_credits: own("4198"),
            accrued_vat: own("44587"),
        }
    }
}
