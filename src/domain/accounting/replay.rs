//! From what was issued and what moved to entries and VAT: everything in the order in which it is written, invoice by invoice.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::billing::document::{DocumentKind, Issued, VatDue};
use crate::domain::billing::month::Month;
use crate::domain::billing::vat::vat_on;
use crate::domain::money::Cents;

use super::Accounts;
use super::entry::{Auxiliary, Entry, Journal, Posting};
use super::fiscal::{Closing, final_since, posting_day, year_of};
use super::share::{Amounts, Progress, Rate, rates};

/// A document that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFact {
    /// Whose: the id.
    pub client: String,
    /// The document.
    pub issued: Issued,
    /// When it was issued.
    pub recorded_at_us: i64,
}

/// Where money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the bank.
    Bank,
    /// In the till.
    Cash,
    /// On the client's account alone: what no invoice needed pays one.
    Account,
}

/// Money that moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyFact {
    /// Its number.
    pub position: i64,
    /// Whose: the id.
    pub client: String,
    /// The name of that client.
    pub name: String,
    /// For which invoice.
    pub number: Option<String>,
    /// Positive when it came, negative when it went back.
    pub cents: Cents,
    /// Day at the bank.
    pub on: Date,
    /// Where it moved.
    pub place: Place,
    /// What it is, in French.
    pub label: String,
    /// When it was recorded.
    pub recorded_at_us: i64,
}

/// A fee of the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeFact {
    /// What it is about.
    pub piece: String,
    /// How much.
    pub cents: Cents,
    /// Day at the bank.
    pub on: Date,
    /// When it was recorded.
    pub recorded_at_us: i64,
}

/// Everything that journals are made of.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Documents.
    pub documents: Vec<DocumentFact>,
    /// Movements.
    pub money: Vec<MoneyFact>,
    /// Fees.
    pub fees: Vec<FeeFact>,
    /// Months that were closed.
    pub closings: Vec<Closing>,
}

/// VAT that fell due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VatFact {
    /// The day under which it is written.
    pub on: Date,
    /// The invoice or credit note.
    pub number: String,
    /// Whose.
    pub client: String,
    /// What made it fall due: the movement or the document.
    pub piece: String,
    /// The rate.
    pub rate: Rate,
    /// Base and VAT; negative when it is taken back.
    pub amounts: Amounts,
}

/// What comes out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Books {
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// VAT that fell due, in order.
    pub vat: Vec<VatFact>,
    /// Invoices that are settled, with the day since when.
    pub settled: BTreeMap<String, Date>,
    /// What came in for no invoice in particular.
    pub unattributed: Cents,
}

enum Event<'a> {
    Document(&'a DocumentFact),
    Money(&'a MoneyFact),
}

struct Writer<'a> {
    accounts: &'a Accounts,
    facts: &'a Facts,
    books: Books,
    progress: BTreeMap<String, (Progress, VatDue)>,
    /// Money that came before the invoice that it is for.
    early: BTreeMap<String, Cents>,
}

/// Writes the books up to and including a day.
pub fn books(facts: &Facts, accounts: &Accounts, fiscal_year_end_month: i8, until: Date) -> Books {
    let day = |on: Date, recorded_at_us: i64| posting_day(on, recorded_at_us, &facts.closings);
    let mut events: Vec<(Date, i64, u8, String, Event<'_>)> = Vec::new();
    for fact in &facts.documents {
        let on = day(fact.issued.issued_on, fact.recorded_at_us);
        let rank = if fact.issued.kind == DocumentKind::Invoice { 0 } else { 1 };
        events.push((on, fact.recorded_at_us, rank, fact.issued.number.clone(), Event::Document(fact)));
    }
    for fact in &facts.money {
        let on = day(fact.on, fact.recorded_at_us);
        events.push((on, fact.recorded_at_us, 2, format!("{:020}", fact.position), Event::Money(fact)));
    }
    events.retain(|(on, ..)| *on <= until);
    events.sort_by(|one, other| (one.0, one.1, one.2, &one.3).cmp(&(other.0, other.1, other.2, &other.3)));
    let mut writer =
        Writer { accounts, facts, books: Books::default(), progress: BTreeMap::new(), early: BTreeMap::new() };
    for (on, .., event) in events {
        match event {
            Event::Document(fact) => writer.document(fact, on),
            Event::Money(fact) => writer.money(fact, on),
        }
    }
    for fee in &facts.fees {
        let on = day(fee.on, fee.recorded_at_us);
        if on <= until {
            writer.fee(fee, on);
        }
    }
    writer.accruals(fiscal_year_end_month, until);
    let mut books = writer.books;
    // What was written first stays first among entries of one day and moment: an invoice before its credit note.
    books.entries.sort_by_key(|one| (one.on, one.recorded_at_us));
    books
}

impl Writer<'_> {
    fn push(
        &mut self,
        journal: Journal,
        on: Date,
        recorded_at_us: i64,
        piece: (&str, Date),
        label: String,
        postings: Vec<Posting>,
    ) {
        let postings: Vec<Posting> = postings.into_iter().filter(|one| one.debit.0 != 0 || one.credit.0 != 0).collect();
        if postings.is_empty() {
            return;
        }
        let final_since = final_since(on, &self.facts.closings);
        let (piece, piece_on) = (piece.0.to_owned(), piece.1);
        self.books.entries.push(Entry { journal, on, recorded_at_us, piece, piece_on, label, postings, final_since });
    }

    fn document(&mut self, fact: &DocumentFact, on: Date) {
        let issued = &fact.issued;
        let is_invoice = issued.kind == DocumentKind::Invoice;
        let sign = if is_invoice { 1 } else { -1 };
        let of = if is_invoice {
            &issued.number
        } else {
            issued.corrects.as_ref().map_or(&issued.number, |one| &one.number)
        };
        let auxiliary =
            Auxiliary { id: fact.client.clone(), name: issued.buyer.name.clone(), invoice: Some(of.clone()) };
        let vat_account = match issued.vat_due {
            VatDue::Receipts => (self.accounts.vat_waiting.clone(), "TVA collectée en attente d'encaissement"),
            VatDue::Debits => (self.accounts.vat_due.clone(), "TVA collectée"),
        };
        let (clients, sales) = (self.accounts.clients.clone(), self.accounts.sales.clone());
        let postings = vec![
            Posting::signed(&clients, "Clients", Cents(sign * issued.totals.gross.0)).of(auxiliary),
            Posting::signed(&sales, "Prestations de services", Cents(-sign * issued.totals.net.0)),
            Posting::signed(&vat_account.0, vat_account.1, Cents(-sign * issued.totals.vat.0)),
        ];
        let word = if is_invoice { "Facture" } else { "Avoir" };
        let label = format!("{word} {} {}", issued.number, issued.buyer.name);
        self.push(Journal::Sales, on, fact.recorded_at_us, (&issued.number, issued.issued_on), label, postings);
        if issued.vat_due == VatDue::Debits {
            for (rate, amounts) in rates(issued) {
                let amounts = if is_invoice { amounts } else { Amounts::default().minus(amounts) };
                self.fell_due(on, &issued.number, &fact.client, &issued.number, rate, amounts);
            }
        }
        if is_invoice {
            let mut progress = Progress::of(issued);
            progress.receive(self.early.remove(&issued.number).unwrap_or_default());
            self.progress.insert(issued.number.clone(), (progress, issued.vat_due));
        } else if let Some((progress, _)) = self.progress.get_mut(of) {
            progress.credit(issued);
        }
        let of = of.clone();
        self.settle(&of, &fact.client, on, fact.recorded_at_us, (&issued.number, issued.issued_on));
    }

    fn money(&mut self, fact: &MoneyFact, on: Date) {
        let auxiliary = Auxiliary { id: fact.client.clone(), name: fact.name.clone(), invoice: fact.number.clone() };
        let clients = self.accounts.clients.clone();
        let (journal, against) = match fact.place {
            Place::Bank => (Journal::Bank, Posting::signed(&self.accounts.bank, "Banque", fact.cents)),
            Place::Cash => (Journal::Cash, Posting::signed(&self.accounts.cash, "Caisse", fact.cents)),
            Place::Account => {
                let of_none = Auxiliary { invoice: None, ..auxiliary.clone() };
                (Journal::Various, Posting::signed(&clients, "Clients", fact.cents).of(of_none))
            }
        };
        let own = Posting::signed(&clients, "Clients", Cents(-fact.cents.0)).of(auxiliary);
        // What no invoice had is taken from no invoice: both lines would be one and the same.
        let is_nothing = fact.place == Place::Account && fact.number.is_none();
        let postings = if is_nothing { Vec::new() } else { vec![against, own] };
        let piece = format!("{}{}", journal.code(), fact.position);
        self.push(journal, on, fact.recorded_at_us, (&piece, fact.on), fact.label.clone(), postings);
        match &fact.number {
            None => self.books.unattributed.0 += fact.cents.0,
            Some(number) => {
                match self.progress.get_mut(number) {
                    Some((progress, _)) => progress.receive(fact.cents),
                    None => self.early.entry(number.clone()).or_default().0 += fact.cents.0,
                }
                self.settle(number, &fact.client, on, fact.recorded_at_us, (&piece, fact.on));
            }
        }
    }

    /// What has fallen due of an invoice by what just happened to it, and whether it is settled now.
    fn settle(&mut self, number: &str, client: &str, on: Date, recorded_at_us: i64, piece: (&str, Date)) {
        let Some((progress, due)) = self.progress.get_mut(number) else { return };
        if progress.open().0 == 0 {
            self.books.settled.insert(number.to_owned(), on);
        } else {
            self.books.settled.remove(number);
        }
        if *due == VatDue::Debits {
            return;
        }
        let news = progress.declare();
        let vat: i64 = news.values().map(|one| one.vat.0).sum();
        for (rate, amounts) in news {
            self.fell_due(on, number, client, piece.0, rate, amounts);
        }
        let (waiting, due) = (self.accounts.vat_waiting.clone(), self.accounts.vat_due.clone());
        let postings = vec![
            Posting::signed(&waiting, "TVA collectée en attente d'encaissement", Cents(vat)),
            Posting::signed(&due, "TVA collectée", Cents(-vat)),
        ];
        let label = format!("TVA sur encaissement {number}");
        self.push(Journal::Various, on, recorded_at_us, piece, label, postings);
    }

    fn fell_due(&mut self, on: Date, number: &str, client: &str, piece: &str, rate: Rate, amounts: Amounts) {
        let (number, client, piece) = (number.to_owned(), client.to_owned(), piece.to_owned());
        self.books.vat.push(VatFact { on, number, client, piece, rate, amounts });
    }

    fn fee(&mut self, fee: &FeeFact, on: Date) {
        let (fees, bank) = (self.accounts.fees.clone(), self.accounts.bank.clone());
        let postings = vec![
            Posting::signed(&fees, "Services bancaires", fee.cents),
            Posting::signed(&bank, "Banque", Cents(-fee.cents.0)),
        ];
        let label = format!("Frais bancaires {}", fee.piece);
        self.push(Journal::Bank, on, fee.recorded_at_us, (&fee.piece, fee.on), label, postings);
    }

    /// At the end of a fiscal year: what belongs to it and was invoiced afterwards, and the same backwards on the next day.
    /// What was issued after the year's last month was closed is not in it any more.
    fn accruals(&mut self, end_month: i8, until: Date) {
        let facts = self.facts;
        for fact in &facts.documents {
            let issued = &fact.issued;
            let end = year_of(issued.issued_on, end_month).from.saturating_sub(1.day());
            let closed = facts.closings.iter().filter(|one| one.month >= Month::of(end)).map(|one| one.at_us).min();
            if end > until || closed.is_some_and(|closed| closed < fact.recorded_at_us) {
                continue;
            }
            let mut bases: BTreeMap<u32, Cents> = BTreeMap::new();
            for line in issued.lines.iter().filter(|line| line.key.month <= Month::of(end)) {
                bases.entry(line.rate_bp).or_default().0 += line.total.0;
            }
            let net: i64 = bases.values().map(|base| base.0).sum();
            let vat: i64 = bases.iter().map(|(rate, base)| vat_on(*base, *rate).0).sum();
            if net == 0 {
                continue;
            }
            let is_invoice = issued.kind == DocumentKind::Invoice;
            let (account, name, sign) = if is_invoice {
                (self.accounts.accrued.clone(), "Clients, factures à établir", 1)
            } else {
                (self.accounts.accrued_credits.clone(), "Clients, avoirs à établir", -1)
            };
            let (sales, accrued_vat) = (self.accounts.sales.clone(), self.accounts.accrued_vat.clone());
            let lines = |sign: i64| {
                vec![
                    Posting::signed(&account, name, Cents(sign * (net + vat))),
                    Posting::signed(&sales, "Prestations de services", Cents(-sign * net)),
                    Posting::signed(&accrued_vat, "TVA sur factures à établir", Cents(-sign * vat)),
                ]
            };
            let piece = (issued.number.as_str(), issued.issued_on);
            let label = format!("À établir au {end} : {}", issued.number);
            self.push(Journal::Various, end, fact.recorded_at_us, piece, label, lines(sign));
            let next = end.saturating_add(1.day());
            if next <= until {
                let label = format!("Extourne : {}", issued.number);
                self.push(Journal::Various, next, fact.recorded_at_us, piece, label, lines(-sign));
            }
        }
    }
}
