//! Reminders: who is late, how late, and the letter. Interest and compensation are computed and shown; nothing is ever
//! charged by itself (R28).

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::domain::billing::document::{DocumentLanguage, Standing};
use crate::domain::billing::late::{COMPENSATION, interest_over};
use crate::domain::billing::month::Period;
use crate::domain::billing::terms::Dated;
use crate::domain::billing::words::amount;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::inventory::model::{Client, Inventory};
use crate::print::Templates;
use crate::store::{NewMail, Scope, SentReminder, Store};

use super::BillingError;
use super::debit::{Debits, State};
use super::notify::Notice;
use super::papers::{Between, ReminderLetter, ReminderLine};
use super::statement::{rates_of, statement};
use super::terms::language;
use super::{draft::read_document, parties};

/// A late invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Late {
    /// Its number.
    pub number: String,
    /// Day of issue.
    pub issued_on: Date,
    /// Its due date.
    pub due_on: Date,
    /// Including VAT.
    pub gross: Cents,
    /// What is open, money on the client's account taken off.
    pub open: Cents,
    /// The money on the account that was taken off.
    pub on_account: Cents,
    /// Days late.
    pub days: i64,
    /// Interest up to today; none when no rate is known.
    pub interest: Option<Cents>,
    /// The level that it has reached, 1 for the first; 0 before the first.
    pub level: usize,
    /// Whether this level was not sent yet.
    pub is_new: bool,
}

/// A client to remind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// Whom.
    pub client: ClientId,
    /// Its name.
    pub name: String,
    /// The highest level of its invoices: that of the letter.
    pub level: usize,
    /// Its late invoices, the oldest first.
    pub late: Vec<Late>,
    /// Where it is sent: the contacts for bills.
    pub to: Vec<String>,
}

impl Reminder {
    /// What is asked for in all.
    pub fn open(&self) -> Cents {
        self.late.iter().map(|one| one.open).sum()
    }

    /// What was taken off it because it is on the client's account.
    pub fn on_account(&self) -> Cents {
        self.late.iter().map(|one| one.on_account).sum()
    }
}

/// How many levels have begun so many days after the due date.
pub fn level(days_late: i64, levels: &[u16]) -> usize {
    levels.iter().filter(|days| i64::from(**days) <= days_late).count()
}

/// The level that an invoice has reached: one after the other, however late the first one was sent, because a second reminder
/// speaks of the first; and with the days between them that the levels have.
fn next_level(days_late: i64, levels: &[u16], last: Option<(usize, Date)>, today: Date) -> usize {
    let Some((before, sent_on)) = last else { return level(days_late, levels).min(1) };
    let begins = |level: usize| level.checked_sub(1).and_then(|place| levels.get(place)).map(|days| i64::from(*days));
    let between = begins(before + 1).zip(begins(before)).map(|(next, this)| next - this);
    let is_time = between.is_some_and(|days| sent_on.saturating_add(days.days()) <= today);
    if is_time && level(days_late, levels) > before { before + 1 } else { before }
}

/// Who has to be reminded today. An invoice whose collection is at the bank is not late. Nobody is asked for more than is owed:
/// money that names no invoice counts for the oldest that nothing else will pay.
///
/// # Errors
/// When the store cannot be read.
pub async fn due(
    store: &Store,
    inventory: &Inventory,
    only: Option<&BTreeSet<ClientId>>,
    today: Date,
) -> Result<Vec<Reminder>, BillingError> {
    let levels = &inventory.cooperative.billing.reminder_days;
    let rates = rates_of(&inventory.cooperative);
    let mut reminders = Vec::new();
    for client in inventory.clients.values() {
        if only.is_some_and(|only| !only.contains(&client.id)) {
            continue;
        }
        let scope = Scope::Client(client.id.clone());
        let account = statement(store, &client.id, &inventory.cooperative, today).await?;
        if account.balance.0 <= 0 {
            continue;
        }
        let (sent, debits) = (store.reminders(&scope).await?, Debits::read(store, &scope).await?);
        let at_bank = |number: &str| {
            debits.attempts(number).last().is_some_and(|last| debits.state(&last.end_to_end_id) == State::Pending)
        };
        let mut late = Vec::new();
        let mut left = account.on_account();
        for one in account.invoices.iter().filter(|one| one.open.0 > 0) {
            let number = &one.record.number;
            if at_bank(number) {
                continue;
            }
            let on_account = left.min(one.open);
            left.0 -= on_account.0;
            let open = Cents(one.open.0 - on_account.0);
            if open.0 == 0 || one.due_on >= today {
                continue;
            }
            let standing = read_document(&one.record)?.buyer.standing;
            let history = one.history.iter();
            let history = history.map(|step| Dated { from: step.from, value: Cents(step.value.0 - on_account.0) });
            let history: Vec<Dated<Cents>> = history.collect();
            let days = Period { from: one.due_on, until: today }.days() - 1;
            let last = sent.iter().filter(|sent| sent.number == *number).max_by_key(|sent| sent.level);
            let before = last.map_or(0, |last| usize::try_from(last.level).unwrap_or(0));
            let level = next_level(days, levels, last.map(|last| (before, last.sent_on)), today);
            late.push(Late {
                number: number.clone(),
                issued_on: one.record.issued_on,
                due_on: one.due_on,
                gross: one.record.gross,
                open,
                on_account,
                days,
                interest: interest_over(&history, standing, one.due_on, today, &rates).map(|known| known.interest),
                level,
                is_new: level > before,
            });
        }
        if late.iter().any(|one| one.is_new) {
            let level = late.iter().filter(|one| one.is_new).map(|one| one.level).max().unwrap_or(1);
            let name = client.identity.name.clone();
            reminders.push(Reminder { client: client.id.clone(), name, level, late, to: addresses(client) });
        }
    }
    Ok(reminders)
}

/// Where bills go.
pub fn addresses(client: &Client) -> Vec<String> {
    client.billing_contacts().into_iter().map(|one| one.email.clone()).collect()
}

/// The message that the letter comes with: subject and text.
pub fn message(reminder: &Reminder, language: DocumentLanguage, house: &str) -> (String, String) {
    let numbers: Vec<&str> = reminder.late.iter().map(|one| one.number.as_str()).collect();
    let (numbers, open) = (numbers.join(", "), reminder.open());
    match language {
        DocumentLanguage::Fr => (
            format!("Rappel : {numbers}"),
            format!(
                "Bonjour,\n\nSauf erreur de notre part, il reste {} à payer : {numbers}. Le détail est dans la lettre jointe.\nSi vous venez de payer, ne tenez pas compte de ce message. Si quelque chose n'est pas clair, répondez-nous.\n\n{house}\n",
                amount(open, language)
            ),
        ),
        DocumentLanguage::En => (
            format!("Reminder: {numbers}"),
            format!(
                "Hello,\n\nUnless we are mistaken, {} is still to be paid: {numbers}. The attached letter has the details.\nIf you have just paid, please disregard this message. If something is not clear, answer it.\n\n{house}\n",
                amount(open, language)
            ),
        ),
    }
}

/// Who reminds, of what day.
#[derive(Debug, Clone, Copy)]
pub struct Reminding<'a> {
    /// The store.
    pub store: &'a Store,
    /// The inventory.
    pub inventory: &'a Inventory,
    /// Today, where the co-operative is.
    pub today: Date,
    /// Who.
    pub by: &'a str,
    /// When.
    pub now: Timestamp,
    /// Whether the letter goes by post: then nobody gets a mail.
    pub by_post: bool,
}

impl Reminding<'_> {
    /// Prints a client's letter.
    ///
    /// # Errors
    /// When the template is wrong, or a document cannot be read.
    pub async fn letter(&self, reminder: &Reminder) -> Result<Vec<u8>, BillingError> {
        letter(self.store, self.inventory, reminder, self.today).await
    }

    /// Records that a client is reminded, together with the mails that do it: a crash before leaves nothing, a crash after
    /// nothing to do. A letter that goes by post has to be on the disk before.
    ///
    /// # Errors
    /// When somebody else sent the same reminder meanwhile.
    pub async fn send(&self, reminder: &Reminder, letter: &[u8]) -> Result<(), BillingError> {
        let mails = if self.by_post { Vec::new() } else { self.mails(reminder, letter)? };
        let new = reminder.late.iter().filter(|one| one.is_new);
        let sent: Vec<SentReminder> = new.map(|one| self.sent(reminder, one)).collect();
        Ok(self.store.record_reminders(&sent, &mails).await?)
    }

    /// The name under which a letter is kept.
    pub fn file_name(&self, reminder: &Reminder) -> String {
        format!("{}.pdf", self.about(reminder))
    }

    fn about(&self, reminder: &Reminder) -> String {
        format!("{}-{}-{}", self.today, reminder.client, reminder.level)
    }

    fn mails(&self, reminder: &Reminder, letter: &[u8]) -> Result<Vec<NewMail>, BillingError> {
        let cooperative = &self.inventory.cooperative;
        let Some(client) = self.inventory.clients.get(&reminder.client) else { return Err(gone()) };
        let (subject, text) = message(reminder, language(client.language), &cooperative.identity.name);
        let pdf = Some((self.file_name(reminder), letter.to_vec()));
        let notice = Notice { kind: "reminder", about: self.about(reminder), subject, text, pdf };
        notice.mails(cooperative, client, &reminder.to, self.by, self.now)
    }

    fn sent(&self, reminder: &Reminder, late: &Late) -> SentReminder {
        SentReminder {
            client: reminder.client.clone(),
            number: late.number.clone(),
            level: i64::try_from(late.level).unwrap_or(i64::MAX),
            sent_on: self.today,
            means: if self.by_post { "letter" } else { "e-mail" }.to_owned(),
            open: late.open,
            interest: late.interest,
            by: self.by.to_owned(),
            at_us: self.now.as_microsecond(),
        }
    }
}

fn gone() -> BillingError {
    BillingError::refused("this client is gone", "nothing was printed")
}

/// The letter, as a PDF.
async fn letter(
    store: &Store,
    inventory: &Inventory,
    reminder: &Reminder,
    today: Date,
) -> Result<Vec<u8>, BillingError> {
    let seller = parties::seller(&inventory.cooperative);
    let client = inventory.clients.get(&reminder.client);
    let buyer = match client {
        Some(client) => parties::buyer(client),
        None => return Err(gone()),
    };
    let is_public = buyer.party.standing == Standing::Public;
    let mut lines = Vec::new();
    for one in &reminder.late {
        let record = store.invoice(&Scope::Client(reminder.client.clone()), &one.number).await?;
        let period = match &record {
            Some(record) => Some(read_document(record)?.period),
            None => None,
        };
        lines.push(ReminderLine {
            number: one.number.clone(),
            issued_on: one.issued_on,
            due_on: one.due_on,
            period,
            gross: one.gross,
            open: one.open,
            days: one.days,
            interest: one.interest,
        });
    }
    let levels = inventory.cooperative.billing.reminder_days.len();
    let interest = lines.iter().map(|one| one.interest).sum::<Option<Cents>>();
    let compensation = Cents(COMPENSATION.0 * i64::try_from(lines.len()).unwrap_or(0));
    let paper = ReminderLetter {
        sent_on: today,
        level: reminder.level,
        is_first: reminder.level <= 1,
        is_last: reminder.level >= levels && levels > 1,
        is_public,
        open: reminder.open(),
        on_account: reminder.on_account(),
        interest,
        compensation,
        lines,
        iban: seller.iban.clone(),
        bic: seller.bic.clone(),
    };
    let between = Between {
        language: client.map_or_else(Default::default, |client| language(client.language)),
        seller: &seller.party,
        client: &buyer.party,
        contract: reminder.client.as_str(),
    };
    Ok(paper.print(&between, Templates::at_hand())?)
}
