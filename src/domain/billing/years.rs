//! Contract years, terms of commitment, and the notices between them (R10, R11, R12).

use jiff::ToSpan;
use jiff::civil::Date;

use super::month::Period;
use super::terms::{EarlyEnd, Terms};

/// A tacit renewal is for so many months (R11).
pub const RENEWAL_MONTHS: i64 = 12;

/// Terms that are looked at, at most: a contract of a thousand years is none.
const TERMS_MAX: i64 = 1000;

/// The anniversary after so many years, always counted from the original start: 29 February clamps to the 28th and comes
/// back (R10).
pub fn anniversary(start: Date, years: i64) -> Date {
    start.saturating_add(years.years())
}

/// Which contract year a day lies in: 0 for the first. A day before the start counts into the first.
pub fn year_index(start: Date, day: Date) -> i64 {
    let years = i64::from(day.year()) - i64::from(start.year());
    let index = if day < anniversary(start, years) { years - 1 } else { years };
    index.max(0)
}

/// All days of a contract year.
pub fn contract_year(start: Date, index: i64) -> Period {
    Period { from: anniversary(start, index), until: anniversary(start, index + 1).saturating_sub(1.day()) }
}

/// The last day of a term: of the first commitment (0), of the first renewal (1), ...
pub fn term_end(terms: &Terms, index: i64) -> Date {
    let months = i64::from(terms.commitment_months) + RENEWAL_MONTHS * index;
    terms.start.saturating_add(months.months()).saturating_sub(1.day())
}

/// When the renewal at the end of a term may be refused, and when its notice has to go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewal {
    /// Last day of the term.
    pub term: Date,
    /// Last day for refusing the renewal.
    pub deadline: Date,
    /// Days on which the notice may be sent: from three months to one month before the deadline.
    pub window: Period,
}

/// The renewal at the end of a term.
pub fn renewal(terms: &Terms, index: i64) -> Renewal {
    let term = term_end(terms, index);
    let deadline = term.saturating_sub(i64::from(terms.refusal_deadline_days).days());
    let window = Period { from: deadline.saturating_sub(3.months()), until: deadline.saturating_sub(1.month()) };
    Renewal { term, deadline, window }
}

/// The first renewal whose deadline is not before a day; `None` without commitment or once the contract was ended.
pub fn next_renewal(terms: &Terms, day: Date) -> Option<Renewal> {
    if terms.commitment_months == 0 || terms.end.is_some() {
        return None;
    }
    (0..TERMS_MAX).map(|index| renewal(terms, index)).find(|one| one.deadline >= day)
}

/// Whether the notice of a renewal was sent within its window.
pub fn notice_is_sound(terms: &Terms, renewal: &Renewal) -> bool {
    let within = |day: Date| renewal.window.from <= day && day <= renewal.window.until;
    terms.renewal_notices.iter().any(|notice| notice.term == renewal.term && within(notice.sent_on))
}

/// The days of the commitment that an early end leaves to pay (R12); `None` when there are none.
pub fn early_end(terms: &Terms) -> Option<Period> {
    let end = terms.end?;
    if terms.commitment_months == 0 || terms.early_end == EarlyEnd::Free {
        return None;
    }
    let free_after = |index: i64| !notice_is_sound(terms, &renewal(terms, index));
    let mut index = (0..TERMS_MAX).find(|index| end <= term_end(terms, *index))?;
    // A term that began with a renewal without a sound notice binds nobody: the law says so of clients who are not
    // professionals (R11), the contract of all (R12).
    if index > 0 && free_after(index - 1) {
        return None;
    }
    // Notice that came after the deadline is notice for the next term.
    if terms.notice.is_some_and(|notice| notice > renewal(terms, index).deadline) && !free_after(index) {
        index += 1;
    }
    let rest = Period { from: end.saturating_add(1.day()), until: term_end(terms, index) };
    (rest.from <= rest.until).then_some(rest)
}
