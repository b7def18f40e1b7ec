//! Credit notes: positive amounts, of one original each, never more than it (R22).

use std::collections::BTreeMap;

use crate::domain::money::Cents;
use crate::domain::refusal::Refusal;

use super::decimal::Decimal;
use super::difference::GivenBack;
use super::document::{ChargeKey, ChargeKind, Issued, Line, Unit, VatCategory, VatShare};
use super::vat::vat_on;
use super::words;

/// An invoice with what was credited of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Original {
    /// The invoice.
    pub invoice: Issued,
    /// Credited by line of the invoice, excluding VAT.
    pub credited: BTreeMap<u32, Cents>,
    /// Credited by category and rate: base and VAT.
    pub credited_vat: BTreeMap<(VatCategory, u32), (Cents, Cents)>,
}

impl Original {
    /// An invoice of which nothing was credited.
    pub fn untouched(invoice: Issued) -> Original {
        Original { invoice, credited: BTreeMap::new(), credited_vat: BTreeMap::new() }
    }

    /// Takes a credit note into account. `lines` says which line of the invoice each of its lines credits.
    pub fn absorb(&mut self, note: &Issued, lines: impl IntoIterator<Item = (u32, Cents)>) {
        for (position, total) in lines {
            self.credited.entry(position).or_default().0 += total.0;
        }
        for share in &note.vat {
            let sums = self.credited_vat.entry((share.category, share.rate_bp)).or_default();
            sums.0.0 += share.base.0;
            sums.1.0 += share.vat.0;
        }
    }

    /// What a line leaves to credit.
    pub fn left(&self, line: &Line) -> Cents {
        Cents(line.total.0 - self.credited.get(&line.position).copied().unwrap_or_default().0)
    }

    /// What the whole invoice leaves to credit, excluding VAT.
    pub fn left_in_all(&self) -> Cents {
        self.invoice.lines.iter().map(|line| self.left(line)).sum()
    }
}

/// A line of the original that is credited.
#[derive(Debug, Clone, PartialEq)]
pub struct CreditedLine {
    /// Line of the original.
    pub position: u32,
    /// Excluding VAT, positive.
    pub total: Cents,
    /// What the key's own measure shrinks by.
    pub amount: i64,
    /// Sentences.
    pub explanation: Vec<String>,
}

/// One credit note to write.
#[derive(Debug, Clone, PartialEq)]
pub struct Credit {
    /// Number of the original.
    pub original: String,
    /// Its lines.
    pub lines: Vec<CreditedLine>,
}

/// Spreads what has to be given back over the invoices in which it was charged, the latest first: one credit note per
/// original. Returns what no invoice can give back any more.
pub fn spread(given_back: &[GivenBack], originals: &[Original]) -> (Vec<Credit>, Vec<ChargeKey>) {
    let mut credits: BTreeMap<String, Credit> = BTreeMap::new();
    let mut stuck = Vec::new();
    for one in given_back {
        let (mut total, mut amount) = (one.total.0, one.amount);
        let lines = originals.iter().rev().flat_map(|original| {
            original.invoice.lines.iter().filter(|line| line.key == one.key).map(move |line| (original, line))
        });
        for (original, line) in lines {
            let part = total.min(original.left(line).0);
            if part <= 0 {
                continue;
            }
            total -= part;
            // The measure goes with the last part, so that the parts' measures are its sum.
            let measure = if total == 0 { std::mem::take(&mut amount) } else { 0 };
            let number = original.invoice.number.clone();
            let credit = credits.entry(number.clone()).or_insert(Credit { original: number, lines: Vec::new() });
            credit.lines.push(CreditedLine {
                position: line.position,
                total: Cents(part),
                amount: measure,
                explanation: one.explanation.clone(),
            });
            if total == 0 {
                break;
            }
        }
        if total > 0 {
            stuck.push(one.key.clone());
        }
    }
    (credits.into_values().collect(), stuck)
}

/// Lines of the original that a person credits: the whole invoice when none is named, or whole lines, or an amount of one.
///
/// # Errors
/// A [`Refusal`] when a line does not exist or leaves less than is asked for.
pub fn chosen(original: &Original, positions: &[u32], amount: Option<Cents>) -> Result<Vec<CreditedLine>, Refusal> {
    let number = &original.invoice.number;
    if original.left_in_all().0 <= 0 {
        return Err(Refusal::new(format!("`{number}` was credited entirely"))
            .hint(format!("`accolades billing show {number}` lists its credit notes")));
    }
    let mut lines = Vec::new();
    for position in positions {
        let line = original.invoice.lines.iter().find(|line| line.position == *position).ok_or_else(|| {
            Refusal::new(format!("`{number}` has no line {position}"))
                .hint(format!("it has {} lines", original.invoice.lines.len()))
        })?;
        lines.push(line);
    }
    if positions.is_empty() {
        lines = original.invoice.lines.iter().filter(|line| original.left(line).0 > 0).collect();
    }
    if amount.is_some() && lines.len() != 1 {
        return Err(Refusal::new("an amount is credited of one line").hint("name it with `--line`"));
    }
    let mut out: Vec<CreditedLine> = Vec::new();
    for line in lines {
        let left = original.left(line);
        if left.0 <= 0 {
            return Err(Refusal::new(format!("line {} of `{number}` was credited entirely", line.position))
                .hint(format!("`accolades billing show {number}` lists its credit notes")));
        }
        let total = amount.unwrap_or(left);
        if total.0 <= 0 || total > left {
            let problem = format!("line {} of `{number}` leaves {left} to credit, not {total}", line.position);
            return Err(Refusal::new(problem).hint("a credit note never exceeds its original (R22)"));
        }
        if out.iter().any(|one| one.position == line.position) {
            return Err(Refusal::new(format!("line {} is named twice", line.position)));
        }
        out.push(CreditedLine { position: line.position, total, amount: 0, explanation: Vec::new() });
    }
    Ok(out)
}

/// The lines of a credit note.
pub fn lines(original: &Issued, credited: &[CreditedLine]) -> Vec<Line> {
    let numbered = (1..).zip(credited);
    numbered
        .filter_map(|(position, credit)| {
            let line = original.lines.iter().find(|line| line.position == credit.position)?;
            // A whole line is credited as it was written; of a part only the amount is exact.
            if credit.total == line.total {
                let explanation = if credit.explanation.is_empty() { &line.explanation } else { &credit.explanation };
                return Some(Line { position, explanation: explanation.clone(), ..line.clone() });
            }
            Some(Line {
                position,
                kind: ChargeKind::Regularisation,
                key: line.key.clone(),
                description: words::regularisation(line.key.month, line.key.kind, original.language),
                explanation: credit.explanation.clone(),
                period: line.period,
                quantity: Decimal::whole(1),
                unit: Unit::One,
                price: credit.total,
                basis: Decimal::whole(1),
                total: credit.total,
                category: line.category,
                rate_bp: line.rate_bp,
            })
        })
        .collect()
}

/// VAT of a credit note: the one that exhausts a rate takes what is left of it, none takes more (R22).
pub fn breakdown(original: &Original, lines: &[Line]) -> Vec<VatShare> {
    let mut bases: BTreeMap<(VatCategory, u32), Cents> = BTreeMap::new();
    for line in lines {
        bases.entry((line.category, line.rate_bp)).or_default().0 += line.total.0;
    }
    bases
        .into_iter()
        .filter_map(|((category, rate_bp), base)| {
            let whole = original.invoice.vat.iter().find(|one| (one.category, one.rate_bp) == (category, rate_bp))?;
            let (credited, credited_vat) = original.credited_vat.get(&(category, rate_bp)).copied().unwrap_or_default();
            let vat_left = Cents(whole.vat.0 - credited_vat.0);
            let exhausts = credited.0 + base.0 >= whole.base.0;
            let vat = if exhausts { vat_left } else { vat_on(base, rate_bp).min(vat_left) };
            Some(VatShare { base, vat, ..whole.clone() })
        })
        .collect()
}
