//! What do I owe? Open amounts, and the next bill.

use jiff::ToSpan;

use crate::billing::book::Account;
use crate::billing::draft::expected;
use crate::billing::statement::{OpenInvoice, Statement, statement};
use crate::domain::billing::month::Month;
use crate::domain::billing::words::month as month_words;
use crate::domain::money::Cents;

use super::super::picture::{Bar, Bars, Tone};
use super::super::say;
use super::super::session::ClientSession;
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::{Answer, Fact, Table, drawn};

/// Invoices in the picture.
const SHOWN: usize = 6;

/// What is said to contacts who see no amounts.
pub(super) fn hidden(session: &ClientSession) -> Answer {
    let words = session.contact.words;
    Answer {
        question: words.ask_money(),
        tone: None,
        sentence: words.money_hidden().to_owned(),
        facts: Vec::new(),
        picture: None,
        caption: None,
        table: Table::default(),
        more: None,
    }
}

/// The account of the client.
pub(super) async fn account(portal: &Portal, session: &ClientSession) -> Result<Statement, Problem> {
    let cooperative = &session.inventory().cooperative;
    Ok(statement(&portal.store, &session.client().id, cooperative, session.today()).await?)
}

/// Whether something of an invoice is open after its due date.
pub(super) fn is_late(invoice: &OpenInvoice, session: &ClientSession) -> bool {
    invoice.open.0 > 0 && session.today() > invoice.due_on
}

/// How it stands, in a sentence.
pub(super) fn sentence(session: &ClientSession, account: &Statement, words: Words) -> (Tone, String) {
    let open: Vec<&OpenInvoice> = account.invoices.iter().filter(|one| one.open.0 > 0).collect();
    let late: Cents = open.iter().filter(|one| is_late(one, session)).map(|one| one.open).sum();
    // What came without naming an invoice pays the late ones, too.
    let late = late.min(account.balance);
    let sum = say::amount(account.balance, words);
    if account.invoices.is_empty() && account.balance.0 == 0 {
        return (Tone::Good, words.money_no_invoice().to_owned());
    }
    if account.balance.0 < 0 {
        let owed = say::amount(Cents(-account.balance.0), words);
        let text = words.pick(
            format!("Rien\u{a0}: c’est nous qui vous devons {owed}."),
            format!("Nothing: it is us who owe you {owed}."),
        );
        return (Tone::Good, text);
    }
    if account.balance.0 == 0 {
        return (Tone::Good, words.money_nothing().to_owned());
    }
    if late.0 > 0 {
        let late = say::amount(late, words);
        let text = words.pick(
            format!("Vous devez {sum} TTC, dont {late} en retard."),
            format!("You owe {sum} including VAT, of which {late} is late."),
        );
        return (Tone::Warning, text);
    }
    let due = open.iter().map(|one| one.due_on).min().map(|due| say::day(due, words));
    let text = match due {
        Some(due) => words.pick(
            format!("Vous devez {sum} TTC, à payer au plus tard le {due}."),
            format!("You owe {sum} including VAT, to be paid by {due}."),
        ),
        // Owed, but not by an invoice: more was paid back than had come.
        None => words.pick(format!("Vous devez {sum} TTC."), format!("You owe {sum} including VAT.")),
    };
    // Nothing is wrong with a bill that is not due.
    (Tone::Good, text)
}

/// The next bill: its month, and what it comes to as recorded today, excluding VAT. After the end of a month it is that
/// month's until it was issued.
pub(super) fn next_bill(session: &ClientSession, account: &Account) -> (Month, Cents) {
    let (client, zone, present) = (session.client(), session.zone(), Month::of(session.today()));
    let first = match account.ledger.invoiced_through {
        Some(through) => through.next(),
        None => Month::of(client.contract.start).max(present.previous()),
    };
    let sum = |month| expected(client, account, month, &zone);
    let due = sum(first);
    // A month that had nothing to charge left no invoice that says that its run is over.
    if due.0 == 0 && first < present { (present, sum(present)) } else { (first, due) }
}

/// When and how much, in words.
fn next_words(session: &ClientSession, month: Month, sum: Cents, words: Words) -> String {
    let (comes, sum) = (month.last().saturating_add(1.day()), say::amount(sum, words));
    if comes <= session.today() {
        let month = month_words(month, words.document());
        return words.pick(
            format!("bientôt, pour {month}, environ {sum} HT"),
            format!("soon, for {month}, about {sum} excluding VAT"),
        );
    }
    let comes = say::day(comes, words);
    words.pick(format!("vers le {comes}, environ {sum} HT"), format!("around {comes}, about {sum} excluding VAT"))
}

/// The answer.
pub(super) async fn answer(portal: &Portal, session: &ClientSession, recorded: &Account) -> Result<Answer, Problem> {
    let words = session.contact.words;
    let account = account(portal, session).await?;
    let (tone, sentence) = sentence(session, &account, words);
    let (month, next) = next_bill(session, recorded);
    let value = next_words(session, month, next, words);
    let facts = vec![
        Fact { label: words.next().to_owned(), value, tone: None },
        Fact {
            label: words.pick("Compté au", "Counted on").to_owned(),
            value: say::day(session.today(), words),
            tone: None,
        },
    ];
    let shown = account.invoices.iter().rev().take(SHOWN).collect::<Vec<_>>();
    let mut bars: Vec<Bar> = shown
        .iter()
        .rev()
        .map(|one| Bar {
            label: label(one),
            total: one.record.gross,
            open: one.open.max(Cents(0)),
            is_late: is_late(one, session),
            is_expected: false,
        })
        .collect();
    let mut table = Table::new(&[words.nav_invoices(), words.date(), words.total(), words.open()]);
    table.rows = shown
        .iter()
        .map(|one| {
            vec![
                one.record.number.clone(),
                say::short_day(one.record.issued_on, words),
                say::amount(one.record.gross, words),
                say::amount(one.open, words),
            ]
        })
        .collect();
    bars.push(Bar { label: words.next().to_owned(), total: next, open: Cents(0), is_late: false, is_expected: true });
    let picture = (!account.invoices.is_empty()).then(|| Bars::new(words.money_picture(), sentence.clone(), &bars));
    Ok(Answer {
        question: words.ask_money(),
        tone: Some(tone),
        sentence,
        facts,
        caption: picture.as_ref().map(|_| words.bars_caption()),
        picture: picture.as_ref().map(drawn).transpose()?,
        table,
        more: Some((session.path("/factures"), words.more())),
    })
}

/// The month that an invoice is for, as a column names it: `10/26`.
fn label(invoice: &OpenInvoice) -> String {
    let day = invoice.record.month.map_or(invoice.record.issued_on, Month::first);
    format!("{:02}/{:02}", day.month(), day.year() % 100)
}
