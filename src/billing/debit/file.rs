//! The file for the bank: pain.008.001.08, one block per scheme, sequence and day, made by the crate `sepa`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use sepa::charset::Transliteration;
use sepa::pain008::DirectDebitScheme;
use sepa::{
    CharsetPolicy, DirectDebitEntry, DirectDebitGroup, IsoDate, IsoDateTime, Pain008Builder, PostalAddress,
    SequenceType, validate_bic, validate_creditor_id, validate_iban,
};
use sha2::{Digest, Sha256};

use crate::domain::billing::mandate::{Scheme, Sequence};
use crate::inventory::model::{self, Inventory};
use crate::store::{Collection, CollectionFile};

use super::super::BillingError;
use super::draft::Ready;

/// The longest name and street of a SEPA file.
const NAME_LENGTH_MAX: usize = 70;

/// The longest town.
const TOWN_LENGTH_MAX: usize = 35;

/// The longest postal code.
const POSTCODE_LENGTH_MAX: usize = 16;

/// A file with its collections, before it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The file.
    pub file: CollectionFile,
    /// What it collects.
    pub collections: Vec<Collection>,
}

/// When and by whom a file is made.
#[derive(Debug, Clone)]
pub struct Making<'a> {
    /// Its message id: never used before, 35 characters at most.
    pub id: String,
    /// Who.
    pub by: &'a str,
    /// When.
    pub now: Timestamp,
    /// Where.
    pub zone: &'a TimeZone,
}

/// Makes the file.
///
/// # Errors
/// [`BillingError::Refused`] when the co-operative has no account or identifier, or something does not fit SEPA's rules.
pub fn make(inventory: &Inventory, ready: &[Ready], making: &Making<'_>) -> Result<Made, BillingError> {
    let cooperative = &inventory.cooperative;
    let missing = |key: &str| {
        BillingError::refused(
            format!("the co-operative has no `{key}` to collect with"),
            format!("write `{key}` into `[billing]` of `cooperative.toml`, then accept it"),
        )
    };
    let iban = cooperative.billing.iban.as_deref().ok_or_else(|| missing("iban"))?;
    let creditor_id = cooperative.billing.creditor_id.as_deref().ok_or_else(|| missing("creditor_id"))?;
    let iban = validate_iban(iban).map_err(|error| unfit("the co-operative's account", &error))?;
    let creditor_id = validate_creditor_id(creditor_id).map_err(|error| unfit("the creditor identifier", &error))?;
    let charset = CharsetPolicy::Transliterate(Transliteration::Epc);
    let name = short(&cooperative.identity.name, NAME_LENGTH_MAX);
    let created = moment(making.now.to_zoned(making.zone.clone()).datetime())?;
    let mut message = Pain008Builder::new(name.clone(), making.id.clone()).created_at(created).charset(charset);
    let mut blocks: BTreeMap<(bool, Sequence, Date), Vec<&Ready>> = BTreeMap::new();
    for one in ready {
        blocks.entry((one.mandate.scheme == Scheme::B2b, one.sequence, one.on)).or_default().push(one);
    }
    let mut collections = Vec::with_capacity(ready.len());
    for (place, ((is_b2b, sequence, on), entries)) in (1..).zip(&blocks) {
        let place: u32 = place;
        let block = format!("{}-{place}", making.id);
        let mut group = DirectDebitGroup::new(name.clone(), &iban, &creditor_id, date(*on)?)
            .payment_info_id(block.clone())
            .scheme(if *is_b2b { DirectDebitScheme::B2b } else { DirectDebitScheme::Core })
            .sequence_type(match sequence {
                Sequence::First => SequenceType::Frst,
                Sequence::Recurrent => SequenceType::Rcur,
            });
        if let Some(bic) = &cooperative.billing.bic {
            group = group.creditor_bic(validate_bic(bic).map_err(|error| unfit("the co-operative's bank", &error))?);
        }
        if let Some(address) = address(&cooperative.identity.address) {
            group = group.creditor_address(address);
        }
        for one in entries {
            group = group.add_entry(entry(inventory, one)?);
            collections.push(Collection {
                end_to_end_id: one.end_to_end_id(),
                file: making.id.clone(),
                block: block.clone(),
                client: one.client.clone(),
                number: one.number.clone(),
                attempt: one.attempt,
                mandate: one.mandate.reference.clone(),
                sequence: one.sequence,
                cents: one.cents,
                collected_on: one.on,
            });
        }
        message = message.add_group(group);
    }
    let content = message.build().map_err(|error| unfit("the file of direct debits", &error))?;
    let file = CollectionFile {
        id: making.id.clone(),
        sha256: hex::encode(Sha256::digest(&content)),
        content,
        by: making.by.to_owned(),
        at_us: making.now.as_microsecond(),
    };
    Ok(Made { file, collections })
}

fn entry(inventory: &Inventory, one: &Ready) -> Result<DirectDebitEntry, BillingError> {
    let what = format!("the mandate of `{}`", one.client);
    let iban = validate_iban(&one.mandate.iban).map_err(|error| unfit(&what, &error))?;
    let name = short(&one.name, NAME_LENGTH_MAX);
    let entry = DirectDebitEntry::new(
        one.mandate.reference.clone(),
        date(one.mandate.signed)?,
        name,
        iban,
        one.cents.0,
        one.end_to_end_id(),
    );
    let entry = entry.with_description(format!("Facture {}", one.number));
    let debtor = inventory.clients.get(&one.client).and_then(|client| address(&client.identity.address));
    Ok(match debtor {
        Some(address) => entry.with_debtor_address(address),
        None => entry,
    })
}

/// A structured address, or none: lines of free text are not taken by banks any more.
fn address(address: &model::PostalAddress) -> Option<PostalAddress> {
    let fits = |text: &str, most: usize| text.chars().count() <= most;
    let street = address.lines.last().filter(|street| fits(street, NAME_LENGTH_MAX))?;
    if !fits(&address.city, TOWN_LENGTH_MAX) || !fits(&address.postcode, POSTCODE_LENGTH_MAX) {
        return None;
    }
    let structured = PostalAddress::new(address.city.clone(), &address.country).ok()?;
    Some(structured.street(street.clone()).post_code(address.postcode.clone()))
}

fn short(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

fn date(day: Date) -> Result<IsoDate, BillingError> {
    day.to_string().parse().map_err(|error| unfit("a day", &error))
}

fn moment(at: DateTime) -> Result<IsoDateTime, BillingError> {
    let text = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    IsoDateTime::parse(&text).map_err(|error| unfit("a moment", &error))
}

fn unfit(what: &str, error: &dyn std::fmt::Display) -> BillingError {
    BillingError::refused(format!("{what} does not fit SEPA: {error}"), "mend it in the inventory; no file was made")
}
