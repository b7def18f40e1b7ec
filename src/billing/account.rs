//! The statement of account: what a client was billed and paid, with what is owed after each, as data and as a PDF.

use jiff::civil::Date;

use crate::domain::billing::document::DocumentKind;
use crate::domain::billing::month::Period;
use crate::domain::money::Cents;
use crate::inventory::model::{Client, Cooperative};
use crate::print::Templates;
use crate::store::{Scope, Store};

use super::debit::{Debits, State};
use super::papers::{AccountLine, AccountStatement, Between, OpenLine};
use super::statement::{signed, statement};
use super::terms::language;
use super::{BillingError, parties};

/// Makes a client's statement of account.
///
/// # Errors
/// When the store cannot be read.
pub async fn account(
    store: &Store,
    client: &Client,
    cooperative: &Cooperative,
    today: Date,
) -> Result<AccountStatement, BillingError> {
    let account = statement(store, &client.id, cooperative, today).await?;
    let debits = Debits::read(store, &Scope::Client(client.id.clone())).await?;
    let mut dated: Vec<(Date, i64, AccountLine)> = Vec::new();
    let records = account.invoices.iter().map(|one| &one.record).chain(&account.credit_notes);
    for record in records {
        let is_invoice = record.kind == DocumentKind::Invoice;
        let line = AccountLine {
            day: record.issued_on,
            kind: if is_invoice { "invoice" } else { "credit-note" },
            number: Some(record.number.clone()),
            means: None,
            cents: if is_invoice { record.gross } else { Cents(-record.gross.0) },
            balance: Cents(0),
        };
        dated.push((record.issued_on, record.issued_at_us, line));
    }
    for one in &account.payments {
        let payment = &one.payment;
        let line = AccountLine {
            day: payment.moved_on,
            kind: payment.word(),
            number: payment.number.clone(),
            means: Some(payment.means.clone()).filter(|_| !payment.is_set_off()),
            cents: Cents(-signed(one).0),
            balance: Cents(0),
        };
        dated.push((payment.moved_on, payment.at_us, line));
    }
    dated.sort_by_key(|(day, at_us, _)| (*day, *at_us));
    let mut balance = Cents(0);
    let lines = dated.into_iter().map(|(_, _, line)| {
        balance.0 += line.cents.0;
        AccountLine { balance, ..line }
    });
    let lines: Vec<AccountLine> = lines.collect();
    let open: Vec<OpenLine> = account
        .invoices
        .iter()
        .filter(|one| one.open.0 != 0)
        .map(|one| OpenLine {
            number: one.record.number.clone(),
            issued_on: one.record.issued_on,
            due_on: one.due_on,
            gross: one.record.gross,
            open: one.open,
            days_late: if one.open.0 > 0 { (Period { from: one.due_on, until: today }.days() - 1).max(0) } else { 0 },
            collected_on: debits
                .attempts(&one.record.number)
                .last()
                .filter(|last| debits.state(&last.end_to_end_id) == State::Pending)
                .map(|last| last.collected_on),
        })
        .collect();
    let late: Cents = open.iter().filter(|one| one.days_late > 0).map(|one| one.open).sum();
    // What is late is a part of what is owed: money on the account counts for the oldest first.
    let late = Cents((late.0 - account.on_account().0).max(0));
    let billing = &cooperative.billing;
    let (iban, bic) = (billing.iban.clone(), billing.bic.clone());
    Ok(AccountStatement { as_of: today, lines, open, balance: account.balance, late, iban, bic })
}

/// Prints it.
///
/// # Errors
/// When the template is wrong.
pub fn print(account: &AccountStatement, client: &Client, cooperative: &Cooperative) -> Result<Vec<u8>, BillingError> {
    let (seller, buyer) = (parties::seller(cooperative), parties::buyer(client));
    let between = Between {
        language: language(client.language),
        seller: &seller.party,
        client: &buyer.party,
        contract: client.id.as_str(),
    };
    Ok(account.print(&between, Templates::at_hand())?)
}
