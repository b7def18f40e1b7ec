//! `[billing]` of the co-operative and of a client.

use jiff::civil::Date;

use super::demand_increasing;
use crate::domain::accounting::Accounts;
use crate::domain::billing::vat::Regime;
use crate::domain::legal;
use crate::domain::refusal::Refusal;
use crate::inventory::billing::{
    ClientBilling, CooperativeBilling, DatedRates, DatedRegime, Mandate, MandateScheme, OwnDolibarr, Route,
};
use crate::inventory::mistake::{Mistake, Placed};
use crate::inventory::reader::{Reader, plain};

/// The longest purchase order, service code or commitment number: Chorus Pro's own bound.
const REFERENCE_LENGTH_MAX: usize = 50;

/// The longest mandate reference of SEPA.
const MANDATE_LENGTH_MAX: usize = 35;

/// The longest beginning of a number: year, dash and five digits follow, twenty characters in all.
const SERIES_LENGTH_MAX: usize = 6;

/// The longest number of an account.
const ACCOUNT_LENGTH_MAX: usize = 20;

/// Reads the co-operative's part.
pub fn of_cooperative(reader: &Reader<'_>) -> Option<CooperativeBilling> {
    let iban = reader.text("iban", legal::iban);
    let bic = reader.text("bic", legal::bic);
    let creditor_id = reader.text("creditor_id", legal::creditor_id);
    let electronic_address = reader.text("electronic_address", electronic_address);
    let vat_on_debits = reader.truth("vat_on_debits");
    let due_days = reader.whole("due_days");
    let invoice_series = reader.text("invoice_series", series);
    let credit_series = reader.text("credit_series", series);
    if let (Some(invoices), Some(credits)) = (&invoice_series, &credit_series)
        && invoices.value == credits.value
    {
        let problem = format!("invoices and credit notes would both be called `{}...`", invoices.value);
        reader.add(Mistake::new(problem, &credits.place, "the same").also(&invoices.place, "as here"));
    }
    let vat_regimes = regimes(reader);
    let late_rates = late_rates(reader);
    let reminder_days = reminder_days(reader);
    let automatic_reminders = reader.truth("automatic_reminders");
    let accounts = reader.table_or_defaults("accounts").and_then(|table| accounts(&table));
    let fiscal_year_end_month = reader.whole("fiscal_year_end_month");
    let dolibarr = match reader.table("dolibarr") {
        None => Some(None),
        Some(table) => own_dolibarr(&table).map(Some),
    };
    Some(CooperativeBilling {
        iban: iban.map(|iban| iban.value),
        bic: bic.map(|bic| bic.value),
        creditor_id: creditor_id.map(|id| id.value),
        electronic_address: electronic_address.map(|address| address.value),
        vat_on_debits: vat_on_debits?.value,
        due_days: due_days?.value,
        invoice_series: invoice_series?.value,
        credit_series: credit_series?.value,
        vat_regimes: vat_regimes?,
        late_rates: late_rates?,
        reminder_days: reminder_days?,
        automatic_reminders: automatic_reminders?.value,
        accounts: accounts?,
        fiscal_year_end_month: fiscal_year_end_month?.value,
        dolibarr: dolibarr?,
    })
}

/// The levels of reminders, each later than the one before.
fn reminder_days(reader: &Reader<'_>) -> Option<Vec<u16>> {
    if !reader.has("reminders") {
        return Some(CooperativeBilling::default().reminder_days);
    }
    let mut levels: Vec<u16> = Vec::new();
    let mut is_sound = true;
    for table in reader.tables("reminders") {
        let Some(days) = table.whole::<u16>("days_late") else {
            is_sound = false;
            continue;
        };
        if levels.last().is_some_and(|last| *last >= days.value) {
            let problem = format!("a reminder {} days late does not come after the one before", days.value);
            table.add(Mistake::new(problem, &days.place, "not later"));
            is_sound = false;
        }
        levels.push(days.value);
    }
    is_sound.then_some(levels)
}

fn accounts(reader: &Reader<'_>) -> Option<Accounts> {
    let of = |name: &str| reader.text(name, account).map(|account| account.value);
    let (clients, sales, vat_due, vat_waiting) = (of("clients"), of("sales"), of("vat_due"), of("vat_waiting"));
    let (bank, cash, fees) = (of("bank"), of("cash"), of("fees"));
    let (accrued, accrued_credits, accrued_vat) = (of("accrued"), of("accrued_credits"), of("accrued_vat"));
    Some(Accounts {
        clients: clients?,
        sales: sales?,
        vat_due: vat_due?,
        vat_waiting: vat_waiting?,
        bank: bank?,
        cash: cash?,
        fees: fees?,
        accrued: accrued?,
        accrued_credits: accrued_credits?,
        accrued_vat: accrued_vat?,
    })
}

fn own_dolibarr(reader: &Reader<'_>) -> Option<OwnDolibarr> {
    let url = reader.text("url", own_url);
    let bank_account = reader.whole("bank_account");
    Some(OwnDolibarr { url: url?.value, bank_account: bank_account?.value })
}

/// Three digits at least, then digits or capitals.
fn account(text: &str) -> Result<String, Refusal> {
    let is_number = text.len() >= 3 && text.bytes().take(3).all(|byte| byte.is_ascii_digit());
    if is_number && text.len() <= ACCOUNT_LENGTH_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not the number of an account")).hint("three digits at least, as in `411`"))
}

fn own_url(text: &str) -> Result<String, Refusal> {
    let host = text.strip_prefix("https://").unwrap_or_default();
    if !host.is_empty() && !text.ends_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not the address of a Dolibarr"))
        .hint("`https://` and its name, without a slash at the end: `https://gestion.example`"))
}

fn regimes(reader: &Reader<'_>) -> Option<Vec<DatedRegime>> {
    let tables = reader.tables("vat_regimes");
    let mut days = Vec::new();
    let mut models = Vec::new();
    for table in &tables {
        let from = table.day("from");
        let regime = table.word::<Regime>("regime");
        let text = table.words("text").map(|text| text.value);
        let code = table.text("code", vatex).map(|code| code.value);
        if regime.as_ref().is_some_and(|regime| regime.value == Regime::Standard) && table.has("text") {
            let mistake = Mistake::new("the standard regime exempts nothing", &table.place_of("text"), "has no effect");
            table.add(mistake);
        }
        days.push(from.clone());
        let model = || Some(DatedRegime { from: from?.value, regime: regime?.value, text, code });
        models.push(model());
    }
    demand_increasing(reader, "vat_regimes", &days);
    models.into_iter().collect()
}

fn late_rates(reader: &Reader<'_>) -> Option<Vec<DatedRates>> {
    let tables = reader.tables("late_rates");
    let mut days = Vec::new();
    let mut models = Vec::new();
    for table in &tables {
        let from: Option<Placed<Date>> = table.day("from");
        let ecb = table.text("ecb", per_cent);
        let legal = table.text("legal", per_cent).map(|rate| rate.value);
        if let Some(from) = from.as_ref().filter(|from| !matches!((from.value.month(), from.value.day()), (1 | 7, 1))) {
            let problem = format!("rates for late interest hold from 1 January or 1 July, not from {}", from.value);
            table.add(Mistake::new(problem, &from.place, "no half-year begins here"));
        }
        days.push(from.clone());
        let model = || Some(DatedRates { from: from?.value, ecb_bp: ecb?.value, legal_bp: legal });
        models.push(model());
    }
    demand_increasing(reader, "late_rates", &days);
    models.into_iter().collect()
}

/// Reads a client's part.
pub fn of_client(reader: &Reader<'_>) -> Option<ClientBilling> {
    let text = |name: &str| reader.text(name, reference).map(|text| text.value);
    let (purchase_order, service_code, commitment_number) =
        (text("purchase_order"), text("service_code"), text("commitment_number"));
    let purchase_order_required = reader.truth("purchase_order_required");
    let service_code_required = reader.truth("service_code_required");
    let commitment_number_required = reader.truth("commitment_number_required");
    let electronic_address = reader.text("electronic_address", electronic_address);
    let route = reader.word::<Route>("route");
    let mandate = match reader.table("mandate") {
        None => Some(None),
        Some(table) => mandate(&table).map(Some),
    };
    Some(ClientBilling {
        purchase_order,
        purchase_order_required: purchase_order_required?.value,
        service_code,
        service_code_required: service_code_required?.value,
        commitment_number,
        commitment_number_required: commitment_number_required?.value,
        electronic_address: electronic_address.map(|address| address.value),
        mandate: mandate?,
        route: route.map(|route| route.value),
    })
}

fn mandate(reader: &Reader<'_>) -> Option<Mandate> {
    let reference = reader.text("reference", mandate_reference);
    let signed = reader.day("signed");
    let scheme = reader.word::<MandateScheme>("scheme");
    let iban = reader.text("iban", legal::iban);
    let notice_days = reader.whole("notice_days");
    Some(Mandate {
        reference: reference?.value,
        signed: signed?.value,
        scheme: scheme?.value,
        iban: iban?.value,
        notice_days: notice_days?.value,
    })
}

fn reference(text: &str) -> Result<String, Refusal> {
    let text = plain(text)?;
    if text.chars().count() > REFERENCE_LENGTH_MAX {
        return Err(Refusal::new(format!("this reference is longer than {REFERENCE_LENGTH_MAX} characters")));
    }
    Ok(text)
}

fn mandate_reference(text: &str) -> Result<String, Refusal> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"+?/-:().,'".contains(&byte);
    if !text.is_empty() && text.len() <= MANDATE_LENGTH_MAX && text.bytes().all(sound) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not the reference of a mandate"))
        .hint("at most 35 letters, digits and dashes, without spaces"))
}

/// Scheme 0225: the SIREN, alone or with a suffix behind an underscore.
fn electronic_address(text: &str) -> Result<String, Refusal> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.+".contains(&byte);
    let siren = text.get(..9).map(legal::siren);
    if matches!(siren, Some(Ok(_))) && text.len() <= 125 && text.bytes().all(sound) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not an electronic address of scheme 0225"))
        .hint("it begins with the SIREN, as in `900000009` or `900000009_factures`"))
}

fn series(text: &str) -> Result<String, Refusal> {
    let sound = |byte: u8| byte.is_ascii_uppercase() || byte == b'-';
    if (1..=SERIES_LENGTH_MAX).contains(&text.len()) && text.bytes().all(sound) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` does not begin a number")).hint("one to six capitals: `F` gives `F2026-00042`"))
}

fn vatex(text: &str) -> Result<String, Refusal> {
    let sound = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    if text.starts_with("VATEX-") && text.bytes().all(sound) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not a code of an exemption")).hint("as in `VATEX-FR-FRANCHISE`"))
}

/// A rate such as `2.15`, in hundredths of a per cent.
fn per_cent(text: &str) -> Result<u32, Refusal> {
    let refused = || Refusal::new(format!("`{text}` is not a rate")).hint("per cent with two digits: \"2.15\"");
    let (whole, rest) = text.split_once('.').ok_or_else(refused)?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(rest) || whole.len() > 2 || rest.len() != 2 {
        return Err(refused());
    }
    let number = |part: &str| part.parse::<u32>().map_err(|_| refused());
    Ok(number(whole)? * 100 + number(rest)?)
}
