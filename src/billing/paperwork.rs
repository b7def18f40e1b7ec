//! The papers of a client of the inventory: what `papers` prints, filled in.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::billing::document::DocumentLanguage;
use crate::domain::billing::duration;
use crate::domain::billing::month::Period;
use crate::domain::billing::support::{self, exhausted_on};
use crate::domain::billing::terms::{Dated, EarlyEnd, Terms};
use crate::domain::billing::vat::rate_on;
use crate::domain::billing::words;
use crate::domain::billing::years::{self, RENEWAL_MONTHS, Renewal};
use crate::inventory::billing::MandateScheme;
use crate::inventory::model::{Client, ContactRole, Cooperative, VatStatus};
use crate::print::{PrintError, Templates};

use super::BillingError;
use super::book::Account;
use super::hours::Hours;
use super::papers::{Between, ContractSheet, MandateForm, RenewalLetter, StatementEntry, SupportStatement};
use super::terms::language;
use super::{parties, terms};

/// Employees up to which a firm may withdraw from a contract that it signed off-premises (L221-3).
pub const WITHDRAWAL_EMPLOYEES_MAX: u32 = 5;

/// Whose papers, and when.
pub struct Paperwork<'a> {
    /// The co-operative.
    pub cooperative: &'a Cooperative,
    /// The client.
    pub client: &'a Client,
    /// What is recorded about it.
    pub account: &'a Account,
    /// The co-operative's zone.
    pub zone: &'a TimeZone,
    /// The day on which they are made.
    pub today: Date,
}

/// How a contract is signed: it decides the right of withdrawal.
#[derive(Debug, Clone, Copy)]
pub struct Signing {
    /// Whether it is signed outside the co-operative's premises.
    pub is_off_premises: bool,
    /// Employees of the client; its seats when nobody says it.
    pub employees: Option<u32>,
}

impl Paperwork<'_> {
    fn language(&self) -> DocumentLanguage {
        language(self.client.language)
    }

    fn terms(&self) -> Terms {
        terms::terms(self.client, self.account.notices.clone())
    }

    /// Prints with the parties of today.
    fn print(
        &self,
        paper: impl FnOnce(&Between<'_>, &Templates) -> Result<Vec<u8>, PrintError>,
    ) -> Result<Vec<u8>, PrintError> {
        let seller = parties::seller(self.cooperative).party;
        let client = parties::buyer(self.client).party;
        let between =
            Between { language: self.language(), seller: &seller, client: &client, contract: self.client.id.as_str() };
        paper(&between, Templates::at_hand())
    }

    /// The contract sheet, with the withdrawal form where the law gives that right.
    ///
    /// # Errors
    /// When the template is wrong.
    pub fn contract(&self, signing: Signing) -> Result<Vec<u8>, PrintError> {
        let (contract, terms) = (&self.client.contract, self.terms());
        let seats = u32::try_from(self.client.seats_on(contract.start).count()).unwrap_or(u32::MAX);
        let seller = parties::seller(self.cooperative);
        let (_, vat_rate_bp) = rate_on(&seller.regimes, contract.start);
        let regime = Dated::on_or_first(&seller.regimes, contract.start);
        let manager = self.client.contacts.iter().find(|one| one.roles.contains(&ContactRole::Manager));
        let small = signing.employees.unwrap_or(seats) <= WITHDRAWAL_EMPLOYEES_MAX;
        let sheet = ContractSheet {
            made_on: self.today,
            represented_by: manager.map(|manager| manager.name.clone()),
            start: contract.start,
            commitment_months: contract.commitment_months,
            first_term: years::term_end(&terms, 0),
            renewal_months: u16::try_from(RENEWAL_MONTHS).unwrap_or(u16::MAX),
            refusal_days: contract.refusal_deadline_days,
            seats,
            seat_price: Dated::on_or_first(&terms.seat_prices, contract.start)
                .copied()
                .unwrap_or(self.cooperative.seat_price),
            minimum_seats: contract.minimum_seats,
            support_minutes: contract.support_minutes_per_year,
            overage_price: Dated::on(&terms.hour_prices, contract.start).copied(),
            overage_policy: if terms.asks_before_overage { "ask" } else { "pre-approved" },
            rounding_minutes: contract.rounding_minutes,
            vat_rate_bp,
            exemption: regime.and_then(|regime| regime.exemption_text.clone()),
            payment_days: seller.due_days,
            early_end: match contract.early_end {
                EarlyEnd::Free => "free",
                EarlyEnd::Charged => "due",
            },
            withdrawal: signing.is_off_premises && small && self.client.identity.vat != VatStatus::Public,
        };
        self.print(|between, templates| sheet.print(between, templates))
    }

    /// The SEPA mandate to sign, or as it was signed.
    ///
    /// # Errors
    /// Refused for a public body (R29), and without a creditor identifier.
    pub fn mandate(&self, scheme: MandateScheme) -> Result<Vec<u8>, BillingError> {
        if self.client.identity.vat == VatStatus::Public {
            return Err(BillingError::refused(
                format!("`{}` is a public body: it is never debited (R29)", self.client.id),
                "it pays by transfer",
            ));
        }
        let creditor_id = self.cooperative.billing.creditor_id.clone().ok_or_else(|| {
            BillingError::refused(
                "the co-operative has no creditor identifier",
                "ask your bank for it (ICS) and set `creditor_id` in `[billing]` of cooperative.toml",
            )
        })?;
        let signed = self.client.billing.mandate.as_ref();
        let form = MandateForm {
            made_on: self.today,
            scheme: match signed.map_or(scheme, |mandate| mandate.scheme) {
                MandateScheme::Core => "core",
                MandateScheme::B2b => "b2b",
            },
            reference: signed.map_or_else(|| self.mandate_reference(), |mandate| mandate.reference.clone()),
            creditor_id,
            iban: signed.map(|mandate| mandate.iban.clone()),
            bic: None,
        };
        self.print(|between, templates| form.print(between, templates)).map_err(|error| unprinted(&error))
    }

    /// A reference that no other mandate has: the client's id and the day, at most 35 characters.
    fn mandate_reference(&self) -> String {
        let day = self.today.strftime("%Y%m%d").to_string();
        let id: String = self.client.id.as_str().to_uppercase().chars().take(35 - day.len() - 1).collect();
        format!("{id}-{day}")
    }

    /// The notice of a renewal (R11).
    ///
    /// # Errors
    /// When the template is wrong.
    pub fn renewal(&self, renewal: &Renewal) -> Result<Vec<u8>, PrintError> {
        let letter = RenewalLetter {
            sent_on: self.today,
            professional: self.client.identity.vat != VatStatus::NonTaxable,
            start: self.client.contract.start,
            ends: renewal.term,
            renewed_until: self.renewed_until(renewal),
            renewal_months: u16::try_from(RENEWAL_MONTHS).unwrap_or(u16::MAX),
            deadline: renewal.deadline,
            refuse_by: match self.language() {
                DocumentLanguage::Fr => format!("{} ou à l'adresse ci-dessus", self.cooperative.support_email),
                DocumentLanguage::En => format!("{} or to the address above", self.cooperative.support_email),
            },
            price_words: self.price_words(renewal.term),
        };
        self.print(|between, templates| letter.print(between, templates))
    }

    /// Last day of the term after a renewal.
    pub fn renewed_until(&self, renewal: &Renewal) -> Date {
        let terms = self.terms();
        let next = (0..).map(|index| years::term_end(&terms, index)).take(1000).find(|end| *end > renewal.term);
        next.unwrap_or(renewal.term)
    }

    fn price_words(&self, day: Date) -> String {
        let terms = self.terms();
        let Some(price) = Dated::on_or_first(&terms.seat_prices, day) else { return String::new() };
        let price = words::amount(*price, self.language());
        match self.language() {
            DocumentLanguage::Fr => format!(", soit {price} HT par poste et par mois"),
            DocumentLanguage::En => format!(", that is {price} excluding VAT per seat and month"),
        }
    }

    /// What was done in the present contract year, and what is left of it.
    ///
    /// # Errors
    /// When the template is wrong.
    pub fn statement(&self) -> Result<Vec<u8>, PrintError> {
        let statement = self.support_statement();
        self.print(|between, templates| statement.print(between, templates))
    }

    /// The same as data.
    pub fn support_statement(&self) -> SupportStatement {
        let hours = Hours::of(self.client, self.account, self.zone);
        let year = hours.year(self.today);
        let language = self.language();
        let approver = self.client.contacts.iter().find(|one| one.roles.contains(&ContactRole::Approver));
        SupportStatement {
            as_of: self.today,
            year: Period { from: year.from, until: year.until },
            allowance_minutes: year.allowance,
            used_minutes: year.used.min(year.allowance),
            overage_minutes: year.over,
            waiting_minutes: year.waiting(),
            forecast: exhausted_on(&year, self.today).map(|day| match language {
                DocumentLanguage::Fr => format!("À ce rythme, elles seront épuisées le {}.", words::day(day, language)),
                DocumentLanguage::En => format!("At this pace they will be used up on {}.", words::day(day, language)),
            }),
            approver: approver.filter(|_| hours.terms.asks_before_overage).map(|approver| match language {
                DocumentLanguage::Fr => {
                    format!("Les heures au-delà du forfait demandent l'accord de {}.", approver.name)
                }
                DocumentLanguage::En => format!("Hours beyond the allowance need the consent of {}.", approver.name),
            }),
            entries: self.statement_entries(&hours, Period { from: year.from, until: year.until }, year.allowance),
        }
    }

    /// Entries of the year in the order in which the work was done; what is beyond the allowance falls to the last (R14).
    fn statement_entries(&self, hours: &Hours, year: Period, allowance: i64) -> Vec<StatementEntry> {
        let day = |at: jiff::Timestamp| at.to_zoned(self.zone.clone()).date();
        let within = |at: jiff::Timestamp| year.from <= day(at) && day(at) <= year.until;
        let mut entries: Vec<_> = self
            .account
            .entries
            .iter()
            .filter(|one| !one.is_gone())
            .filter(|one| {
                let parts = support::parts(&hours.terms, self.zone, &one.entry());
                within(one.entry().started) || parts.iter().any(|part| within(part.at))
            })
            .collect();
        entries.sort_by_key(|one| (one.entry().started, one.number));
        let mut used = 0;
        entries
            .into_iter()
            .map(|one| {
                let entry = one.entry();
                let parts = support::parts(&hours.terms, self.zone, &entry);
                let accounted: i64 = parts.iter().filter(|part| within(part.at)).map(|part| part.minutes).sum();
                let before = (used - allowance).max(0);
                used += accounted;
                let over = (used - allowance).max(0) - before;
                let recorded = &one.latest.entry;
                StatementEntry {
                    day: day(entry.started),
                    words: recorded.words.clone(),
                    kind: recorded.kind.word().to_owned(),
                    person: None,
                    minutes: entry.minutes,
                    accounted,
                    over,
                    note: self.note(recorded.not_accounted.as_deref(), accounted, entry.minutes),
                }
            })
            .collect()
    }

    fn note(&self, not_accounted: Option<&str>, accounted: i64, minutes: i64) -> Option<String> {
        let french = self.language() == DocumentLanguage::Fr;
        match not_accounted {
            Some(reason) if french => Some(format!("non compté : {reason}")),
            Some(reason) => Some(format!("not accounted: {reason}")),
            None if accounted > 0 && accounted < minutes => {
                let rest = duration::shown(minutes - accounted);
                Some(if french {
                    format!("{rest} dans une autre année de contrat")
                } else {
                    format!("{rest} in another contract year")
                })
            }
            None => None,
        }
    }
}

fn unprinted(error: &PrintError) -> BillingError {
    BillingError::refused(
        format!("the paper cannot be printed: {error}"),
        "mend the template, then give the same command again",
    )
}
