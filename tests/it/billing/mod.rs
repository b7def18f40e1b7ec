//! Billing: every rule of `docs/billing.md` has a test that names it, and worked examples to the cent.

mod cli;
mod properties;
mod rules;
mod scenarios;
mod sending;
mod traps;

use std::collections::BTreeMap;

use accolades::domain::billing::credit::{self, Original};
use accolades::domain::billing::difference::{Billed, Ledger, Run, difference, through};
use accolades::domain::billing::document::{
    Address, ChargeKey, ChargeKind, ContractReference, DocumentKind, DocumentLanguage, Issued, Line, Party, Standing,
    VatDue,
};
use accolades::domain::billing::month::Month;
use accolades::domain::billing::owed::{Owed, Records, owed};
use accolades::domain::billing::seller::{Buyer, Seller};
use accolades::domain::billing::support::{Entry, Envelope};
use accolades::domain::billing::terms::{Accounting, Dated, EarlyEnd, SeatSpan, SupportKind, Terms};
use accolades::domain::billing::vat::{Regime, RegimeTerms};
use accolades::domain::billing::{arithmetic, assemble};
use accolades::domain::money::Cents;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn month(text: &str) -> Month {
    Month::parse(text).expect("a month")
}

fn paris() -> TimeZone {
    TimeZoneDatabase::bundled().get("Europe/Paris").expect("bundled")
}

/// The instant of a local time that exists once.
fn at(local: &str) -> Timestamp {
    let local: jiff::civil::DateTime = local.parse().expect("a local time");
    local.to_zoned(paris()).expect("a time").timestamp()
}

/// A contract at 39.00 a seat and 65.00 an hour, agreed in advance, without seats.
fn terms(start: &str) -> Terms {
    let start = day(start);
    let dated = |cents| vec![Dated { from: start, value: Cents(cents) }];
    Terms {
        language: DocumentLanguage::Fr,
        start,
        end: None,
        notice: None,
        commitment_months: 12,
        refusal_deadline_days: 30,
        early_end: EarlyEnd::Charged,
        renewal_notices: Vec::new(),
        minimum_seats: 0,
        seat_prices: dated(3900),
        seats: Vec::new(),
        allowance_minutes: 1200,
        hour_prices: dated(6500),
        asks_before_overage: false,
        accounting: vec![Dated {
            from: start,
            value: Accounting { rounding_minutes: 1, counted: SupportKind::COUNTED.to_vec() },
        }],
        one_offs: Vec::new(),
    }
}

fn seat(person: &str, from: &str, until: Option<&str>) -> SeatSpan {
    SeatSpan { person: person.to_owned(), from: day(from), until: until.map(day) }
}

/// So many people with a seat from a day on.
fn crowd(count: usize, from: &str, until: Option<&str>) -> Vec<SeatSpan> {
    (0..count).map(|number| seat(&format!("{from}-{number}"), from, until)).collect()
}

fn entry(number: i64, local: &str, minutes: i64) -> Entry {
    Entry { number, started: at(local), minutes, kind: SupportKind::Help, is_accounted: true }
}

fn party(name: &str, siren: &str, standing: Standing) -> Party {
    Party {
        name: name.to_owned(),
        form: "SARL".to_owned(),
        siren: Some(siren.to_owned()),
        siret: None,
        rna: None,
        vat_number: Some("FR53000001016".to_owned()),
        capital: None,
        rcs: None,
        standing,
        address: Address {
            lines: vec!["4 place des Canuts".to_owned()],
            postcode: "69004".to_owned(),
            city: "Lyon".to_owned(),
            country: "FR".to_owned(),
        },
        electronic_address: None,
        email: None,
        phone: None,
    }
}

fn seller() -> Seller {
    Seller {
        party: party("Les Communs Numériques", "000001016", Standing::Taxable),
        regimes: vec![Dated { from: day("2020-01-01"), value: RegimeTerms::usual(Regime::Standard) }],
        vat_due: VatDue::Receipts,
        due_days: 30,
        iban: Some("FR7630006000011234567890189".to_owned()),
        bic: None,
        invoice_series: "F".to_owned(),
        credit_series: "A".to_owned(),
        template_sha256: "0".repeat(64),
    }
}

fn buyer(standing: Standing) -> Buyer {
    Buyer {
        party: Party { vat_number: None, ..party("Atelier des Lilas", "000002022", standing) },
        billing_address: None,
        language: DocumentLanguage::Fr,
        contract: ContractReference { id: "lilas".to_owned(), start: day("2026-01-01") },
        purchase_order: None,
        service_code: None,
        commitment_number: None,
        needs_service_code: false,
        needs_commitment_number: false,
        needs_purchase_order: false,
    }
}

/// A contract's life: what is recorded about it, and every document that was issued.
struct Life {
    terms: Terms,
    entries: Vec<Entry>,
    envelopes: Vec<Envelope>,
    ledger: Ledger,
    originals: Vec<Original>,
    documents: Vec<Issued>,
    seller: Seller,
    buyer: Buyer,
}

impl Life {
    fn of(terms: Terms) -> Life {
        Life {
            terms,
            entries: Vec::new(),
            envelopes: Vec::new(),
            ledger: Ledger::default(),
            originals: Vec::new(),
            documents: Vec::new(),
            seller: seller(),
            buyer: buyer(Standing::Taxable),
        }
    }

    fn owed(&self, through: Month) -> Owed {
        let billed_minutes = self.ledger.billed_minutes();
        let zone = paris();
        let records = Records {
            terms: &self.terms,
            zone: &zone,
            entries: &self.entries,
            envelopes: &self.envelopes,
            billed_minutes: &billed_minutes,
        };
        owed(records, through)
    }

    /// Runs a month on the first day of the next; returns what it issued.
    fn run(&mut self, of: &str) -> Vec<Issued> {
        self.issue(Run { month: month(of), is_final: false })
    }

    fn run_final(&mut self, of: &str) -> Vec<Issued> {
        self.issue(Run { month: month(of), is_final: true })
    }

    fn issue(&mut self, run: Run) -> Vec<Issued> {
        let issued_on = run.month.next().first();
        let owed = self.owed(through(&self.terms, &self.ledger, run));
        let difference = difference(&owed, &self.ledger, run, self.terms.language);
        let mut issued = Vec::new();
        if !difference.lines.is_empty() {
            let draft = assemble::invoice(&self.seller, &self.buyer, &difference.lines, run.month.period(), issued_on);
            for due in &difference.lines {
                let billed = self.ledger.billed.entry(due.key.clone()).or_default();
                billed.total.0 += due.total.0;
                billed.amount += due.amount;
            }
            let invoice = self.numbered(draft, "F");
            self.originals.push(Original::untouched(invoice.clone()));
            issued.push(invoice);
        }
        let (credits, stuck) = credit::spread(&difference.given_back, &self.originals);
        assert!(stuck.is_empty(), "what was invoiced can be credited: {stuck:?}");
        for credit in credits {
            let original =
                self.originals.iter().find(|one| one.invoice.number == credit.original).expect("the original");
            let draft =
                assemble::credit_note(&self.seller, &self.buyer, original, &credit.lines, "Régularisation.", issued_on);
            let note = self.numbered(draft, "A");
            for (line, credited) in note.lines.iter().zip(&credit.lines) {
                let billed = self.ledger.billed.entry(line.key.clone()).or_default();
                billed.total.0 -= line.total.0;
                billed.amount -= credited.amount;
            }
            let original =
                self.originals.iter_mut().find(|one| one.invoice.number == credit.original).expect("the original");
            original.absorb(&note, credit.lines.iter().map(|line| (line.position, line.total)));
            issued.push(note);
        }
        if !issued.is_empty() {
            self.ledger.invoiced_through = self.ledger.invoiced_through.max(Some(run.month));
        }
        issued
    }

    /// Credits lines of an invoice by hand; what is given up is not charged again.
    fn credit(&mut self, number: &str, lines: &[u32]) -> Issued {
        self.give_up(number, lines, None)
    }

    /// The same of an amount of one line, excluding VAT.
    fn give_up(&mut self, number: &str, lines: &[u32], amount: Option<Cents>) -> Issued {
        let original = self.originals.iter().find(|one| one.invoice.number == number).expect("the original").clone();
        let credited = credit::chosen(&original, lines, amount).expect("something is left");
        let issued_on = original.invoice.issued_on;
        let draft = assemble::credit_note(&self.seller, &self.buyer, &original, &credited, "Geste.", issued_on);
        let note = self.numbered(draft, "A");
        for line in &note.lines {
            let billed: &mut Billed = self.ledger.billed.entry(line.key.clone()).or_default();
            billed.total.0 -= line.total.0;
            billed.waived.0 += line.total.0;
        }
        let original = self.originals.iter_mut().find(|one| one.invoice.number == number).expect("the original");
        original.absorb(&note, credited.iter().map(|line| (line.position, line.total)));
        note
    }

    /// Numbers a document; none that contradicts itself comes into the world.
    fn numbered(&mut self, draft: Issued, series: &str) -> Issued {
        let count = self.documents.iter().filter(|one| one.number.starts_with(series)).count();
        let number = format!("{series}{}-{:05}", draft.issued_on.year(), count + 1);
        let issued = assemble::numbered(draft, &number);
        assert_eq!(arithmetic::contradictions(&issued), Vec::<String>::new(), "{issued:#?}");
        self.documents.push(issued.clone());
        issued
    }

    /// What was charged in all, credit notes taken off, excluding VAT.
    fn net(&self) -> i64 {
        self.documents.iter().map(signed_net).sum()
    }
}

fn signed_net(document: &Issued) -> i64 {
    match document.kind {
        DocumentKind::Invoice => document.totals.net.0,
        DocumentKind::CreditNote => -document.totals.net.0,
    }
}

/// The one document of a run.
fn only(mut documents: Vec<Issued>) -> Issued {
    assert_eq!(documents.len(), 1, "{documents:#?}");
    documents.remove(0)
}

/// Totals of lines by kind.
fn lines_of(document: &Issued, kind: ChargeKind) -> Vec<&Line> {
    document.lines.iter().filter(|line| line.kind == kind).collect()
}

/// What is owed, by month and kind.
fn totals(owed: &Owed) -> BTreeMap<(String, &'static str), i64> {
    let mut totals = BTreeMap::new();
    for (ChargeKey { month, kind, .. }, charge) in &owed.charges {
        *totals.entry((month.to_string(), kind.word())).or_default() += charge.total().0;
    }
    totals
}

/// An invoice of seats, for tests of other rooms.
pub fn sample_invoice() -> Issued {
    let mut life = Life::of(terms("2026-11-01"));
    life.terms.seats = crowd(9, "2026-11-01", None);
    only(life.run("2026-11"))
}
