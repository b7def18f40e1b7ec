//! VAT: the seller's regime as dated data, and the breakdown per rate (R2, R26).

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::money::Cents;

use super::document::{Line, VatCategory, VatShare};
use super::exact::Exact;
use super::month::Period;
use super::terms::Dated;

/// The standard rate, in hundredths of a per cent.
pub const STANDARD_RATE_BP: u32 = 2000;

/// A rate of 100 %, in hundredths of a per cent.
const WHOLE_BP: i128 = 10_000;

/// The seller's VAT regime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regime {
    /// VAT at the standard rate.
    Standard,
    /// Franchise: category E, rate 0.
    Franchise,
    /// An association that is exempt.
    ExemptAssociation,
}

/// A regime with the words of its exemption, dated because the legal reference moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegimeTerms {
    /// The regime.
    pub regime: Regime,
    /// Why it is exempt, as printed.
    pub exemption_text: Option<String>,
    /// The same as a code of the VATEX list.
    pub exemption_code: Option<String>,
}

impl RegimeTerms {
    /// A regime in the words that are usual for it.
    pub fn usual(regime: Regime) -> RegimeTerms {
        let (text, code) = match regime {
            Regime::Standard => (None, None),
            Regime::Franchise => (Some("TVA non applicable, art. 293 B du CGI"), Some("VATEX-FR-FRANCHISE")),
            Regime::ExemptAssociation => (Some("Exonération de TVA, art. 261, 7-1° b du CGI"), Some("VATEX-EU-132-1L")),
        };
        RegimeTerms { regime, exemption_text: text.map(str::to_owned), exemption_code: code.map(str::to_owned) }
    }
}

/// Category and rate of what was supplied on a day; of what was supplied over days, on the last of them.
pub fn rate_on(regimes: &[Dated<RegimeTerms>], day: Date) -> (VatCategory, u32) {
    match Dated::on_or_first(regimes, day).map(|terms| terms.regime) {
        None | Some(Regime::Standard) => (VatCategory::Standard, STANDARD_RATE_BP),
        Some(Regime::Franchise | Regime::ExemptAssociation) => (VatCategory::Exempt, 0),
    }
}

/// The first day within a period, after its first one, on which another rate begins.
pub fn change_within(regimes: &[Dated<RegimeTerms>], period: Period) -> Option<Date> {
    let begun = regimes.iter().map(|one| one.from).filter(|from| period.from < *from && *from <= period.until);
    begun.filter(|from| rate_on(regimes, *from) != rate_on(regimes, from.saturating_sub(1.day()))).min()
}

/// VAT on a base, rounded once.
pub fn vat_on(base: Cents, rate_bp: u32) -> Cents {
    Exact::cents(base).times(Exact::new(i128::from(rate_bp), WHOLE_BP)).round()
}

/// VAT per category and rate, each on the sum of its lines (R2). The words of an exemption are those in force on the day of
/// issue.
pub fn breakdown(lines: &[Line], regimes: &[Dated<RegimeTerms>], issued_on: Date) -> Vec<VatShare> {
    let mut bases: BTreeMap<(VatCategory, u32), Cents> = BTreeMap::new();
    for line in lines {
        let base = bases.entry((line.category, line.rate_bp)).or_default();
        base.0 = base.0.saturating_add(line.total.0);
    }
    bases
        .into_iter()
        .map(|((category, rate_bp), base)| {
            let exemption = exemption(category, regimes, issued_on);
            VatShare {
                category,
                rate_bp,
                base,
                vat: vat_on(base, rate_bp),
                exemption_text: exemption.and_then(|terms| terms.exemption_text.clone()),
                exemption_code: exemption.and_then(|terms| terms.exemption_code.clone()),
            }
        })
        .collect()
}

/// The last exempting regime that has begun by a day.
fn exemption(category: VatCategory, regimes: &[Dated<RegimeTerms>], day: Date) -> Option<&RegimeTerms> {
    if category != VatCategory::Exempt {
        return None;
    }
    let exempting = || regimes.iter().filter(|one| one.value.regime != Regime::Standard);
    exempting().rev().find(|one| one.from <= day).or_else(|| exempting().next()).map(|one| &one.value)
}
