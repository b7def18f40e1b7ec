//! Late payment: interest with dated rates, the fixed compensation, and the balance (R22, R28, R30).

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::money::Cents;

use super::document::Standing;
use super::exact::Exact;
use super::month::Period;
use super::seller::late_points;
use super::terms::Dated;

/// Compensation for recovery, per invoice, of clients who are professionals or public bodies.
pub const COMPENSATION: Cents = Cents(4000);

/// Days of the year that rates are for.
const YEAR_DAYS: i128 = 365;

/// 100 % in hundredths of a per cent.
const WHOLE_BP: i128 = 10_000;

/// Rates of a half-year, in hundredths of a per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Main refinancing rate of the European Central Bank.
    pub ecb_bp: u32,
    /// Legal interest rate, of which three times is the least; unknown when absent.
    pub legal_bp: Option<u32>,
}

/// Interest on an amount that is late, or was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interest {
    /// Days on which something was late.
    pub days: i64,
    /// Interest, rounded once.
    pub interest: Cents,
    /// The fixed compensation.
    pub compensation: Cents,
}

/// The half-year of a day: rates are those of 1 January or 1 July (R28).
fn half_year(day: Date) -> Period {
    let first = if day.month() < 7 { 1 } else { 7 };
    let from = Date::new(day.year(), first, 1).unwrap_or(day);
    Period { from, until: from.saturating_add(6.months()).saturating_sub(1.day()) }
}

/// Interest from the day after the due date up to and including a day. Nothing is due up to the due date.
///
/// `None` when no rate is known for a half-year of it: unknown, not zero.
pub fn interest(
    amount: Cents,
    standing: Standing,
    due_on: Date,
    until: Date,
    rates: &[Dated<Rates>],
) -> Option<Interest> {
    interest_over(&[Dated { from: Date::MIN, value: amount }], standing, due_on, until, rates)
}

/// The same of an amount that changed meanwhile: `open` says how much was open from each day on, oldest first. Days on which
/// nothing was open are not late.
///
/// `None` as [`interest`].
pub fn interest_over(
    open: &[Dated<Cents>],
    standing: Standing,
    due_on: Date,
    until: Date,
    rates: &[Dated<Rates>],
) -> Option<Interest> {
    let (mut sum, mut days) = (Exact::ZERO, 0);
    let mut day = due_on.saturating_add(1.day());
    while day <= until {
        let half = half_year(day);
        let change = open.iter().map(|one| one.from).find(|from| *from > day);
        let before_change = change.map_or(until, |from| from.saturating_sub(1.day()));
        let part = Period { from: day, until: half.until.min(until).min(before_change) };
        let amount = Dated::on(open, day).copied().unwrap_or_default();
        if amount.0 > 0 {
            // A rate is fixed for its half-year alone: that of an earlier one would be a guess.
            let of_half = rates.iter().find(|one| one.from == half.from)?.value;
            let rate = of_half.ecb_bp + 100 * late_points(standing);
            // Three times the legal rate is the least between professionals.
            let least = of_half.legal_bp.filter(|_| standing != Standing::Public).unwrap_or(0) * 3;
            let per_year = Exact::new(i128::from(rate.max(least)), WHOLE_BP);
            let years = Exact::new(i128::from(part.days()), YEAR_DAYS);
            sum = sum.plus(Exact::cents(amount).times(per_year).times(years));
            days += part.days();
        }
        day = part.until.saturating_add(1.day());
    }
    let compensation = if days > 0 { COMPENSATION } else { Cents(0) };
    Some(Interest { days, interest: sum.round(), compensation })
}

/// What a client owes: invoices, minus credit notes, minus payments, plus refunds and returned payments (R22). Negative when
/// the co-operative owes. A cent short is open by a cent (R30).
pub fn balance(invoices: Cents, credit_notes: Cents, payments: Cents, refunds_and_returns: Cents) -> Cents {
    Cents(invoices.0 - credit_notes.0 - payments.0 + refunds_and_returns.0)
}

/// VAT that has fallen due on receipts: the share of what was paid, of the whole, minus what was declared before.
pub fn vat_on_receipts(vat: Cents, total: Cents, paid: Cents, declared: Cents) -> Cents {
    let share = Exact::cents(vat).times(Exact::cents(paid)).per(Exact::cents(total)).round();
    Cents(share.0 - declared.0)
}
