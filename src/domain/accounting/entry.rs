//! An entry of a journal: lines whose debits and credits are equal.

use jiff::civil::Date;

use crate::domain::money::Cents;

/// A journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Journal {
    /// Invoices and credit notes.
    Sales,
    /// Money at the bank.
    Bank,
    /// Cash.
    Cash,
    /// The rest: VAT that falls due on receipts, the end of a year.
    Various,
}

impl Journal {
    /// Its code.
    pub const fn code(self) -> &'static str {
        match self {
            Journal::Sales => "VE",
            Journal::Bank => "BQ",
            Journal::Cash => "CA",
            Journal::Various => "OD",
        }
    }

    /// Its name, as the export writes it.
    pub const fn label(self) -> &'static str {
        match self {
            Journal::Sales => "Ventes",
            Journal::Bank => "Banque",
            Journal::Cash => "Caisse",
            Journal::Various => "Opérations diverses",
        }
    }
}

/// A client as an auxiliary account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auxiliary {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The invoice that the line is about: lines of an invoice that is settled are lettered together.
    pub invoice: Option<String>,
}

/// One line. Exactly one of debit and credit is not zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Number of the account.
    pub account: String,
    /// Its name.
    pub label: &'static str,
    /// The client, on the clients' account.
    pub auxiliary: Option<Auxiliary>,
    /// Debit.
    pub debit: Cents,
    /// Credit.
    pub credit: Cents,
}

impl Posting {
    /// A line with a signed amount: positive is a debit, negative a credit.
    pub fn signed(account: &str, label: &'static str, cents: Cents) -> Posting {
        Posting {
            account: account.to_owned(),
            label,
            auxiliary: None,
            debit: Cents(cents.0.max(0)),
            credit: Cents((-cents.0).max(0)),
        }
    }

    /// The same line, of a client.
    #[must_use]
    pub fn of(self, auxiliary: Auxiliary) -> Posting {
        Posting { auxiliary: Some(auxiliary), ..self }
    }
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The journal.
    pub journal: Journal,
    /// The day under which it is written.
    pub on: Date,
    /// When what it is about was recorded: orders entries of one day.
    pub recorded_at_us: i64,
    /// What proves it: a number of a document, a movement at the bank.
    pub piece: String,
    /// The day of that.
    pub piece_on: Date,
    /// What happened, in French: it goes to the accountant.
    pub label: String,
    /// The lines, without those that are zero.
    pub postings: Vec<Posting>,
    /// Since when it is final.
    pub final_since: Option<Date>,
}

impl Entry {
    /// Debits minus credits; zero in every entry.
    pub fn difference(&self) -> Cents {
        self.postings.iter().map(|one| Cents(one.debit.0 - one.credit.0)).sum()
    }
}
