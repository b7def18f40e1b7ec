//! Why a bank sends a direct debit back, and whether it may be tried again (R29): the codes of ISO 20022 that the SEPA rule
//! books use for rejects, returns and refunds.

/// What a code means for the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// The same mandate may be used once more: money was short, or a bank had a difficulty.
    Allowed,
    /// Something has to be mended first: account, mandate, name, file.
    AfterMending,
    /// Nothing more is collected under this mandate: the client refuses, is gone, or never agreed.
    Never,
}

impl Again {
    /// Its word, for tables and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Again::Allowed => "allowed",
            Again::AfterMending => "after mending",
            Again::Never => "never",
        }
    }
}

/// A code in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// The code; empty for every other one.
    pub code: &'static str,
    /// What it says, in English.
    pub words: &'static str,
    /// Whether to try again.
    pub again: Again,
}

const fn reason(code: &'static str, again: Again, words: &'static str) -> Reason {
    Reason { code, words, again }
}

/// Every code that we know.
const REASONS: &[Reason] = &[
    reason("AM04", Again::Allowed, "insufficient funds"),
    reason("MS02", Again::Allowed, "refused by the debtor, no reason given"),
    reason("MS03", Again::Allowed, "no reason given by the bank"),
    reason("AB05", Again::Allowed, "time-out at the debtor's bank"),
    reason("AB06", Again::Allowed, "time-out between the banks"),
    reason("AM05", Again::AfterMending, "collected twice"),
    reason("AC01", Again::AfterMending, "the account number is wrong"),
    reason("AC04", Again::AfterMending, "the account is closed"),
    reason("AC06", Again::AfterMending, "the account is blocked"),
    reason("AC13", Again::AfterMending, "the account is a consumer's: B2B is not for it"),
    reason("AG01", Again::AfterMending, "direct debits are not allowed on this account"),
    reason("AG02", Again::AfterMending, "the sequence (first, recurrent) is not what the bank expects"),
    reason("BE05", Again::AfterMending, "the creditor identifier is not recognised"),
    reason("CNOR", Again::AfterMending, "the creditor's bank is not in the scheme"),
    reason("DNOR", Again::AfterMending, "the debtor's bank is not in the scheme"),
    reason("DT01", Again::AfterMending, "the date is not possible"),
    reason("FF01", Again::AfterMending, "the file is not as the bank expects it"),
    reason("FF05", Again::AfterMending, "the scheme (CORE, B2B) is not what the bank expects"),
    reason("MD02", Again::AfterMending, "something of the mandate is missing or wrong"),
    reason("RC01", Again::AfterMending, "the bank is not recognised"),
    reason("RR01", Again::AfterMending, "debtor account missing (required by law)"),
    reason("RR02", Again::AfterMending, "debtor name or address missing (required by law)"),
    reason("RR03", Again::AfterMending, "creditor name or address missing (required by law)"),
    reason("DUPL", Again::AfterMending, "the file was handed in before"),
    reason("ED05", Again::Allowed, "settlement failed"),
    reason("MD01", Again::Never, "no mandate, or refund of a collection that was never agreed to (13 months)"),
    reason("MD06", Again::Never, "refund asked for by the debtor (eight weeks)"),
    reason("MD07", Again::Never, "the debtor has died"),
    reason("DS02", Again::Never, "the debtor has stopped the order"),
    reason("SL01", Again::Never, "the debtor has restricted collections"),
    reason("RR04", Again::Never, "held back by regulation"),
];

/// A code that we do not know: a person looks first.
const UNKNOWN: Reason = reason("", Again::AfterMending, "a reason that this program does not know");

/// The meaning of a code.
pub fn of_code(code: &str) -> Reason {
    REASONS.iter().copied().find(|one| one.code.eq_ignore_ascii_case(code)).unwrap_or(UNKNOWN)
}

/// The code in what a person wrote of a return, as in `AM04, provision insuffisante`; all of it when there is none that we
/// know.
pub fn code_in(words: &str) -> &str {
    let mut parts = words.split(|one: char| !one.is_ascii_alphanumeric());
    parts.find(|part| !of_code(part).code.is_empty()).unwrap_or(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn billing_r29_the_code_says_whether_a_retry_is_allowed() {
        let table = [
            ("AM04", Again::Allowed),
            ("ms03", Again::Allowed),
            ("AC04", Again::AfterMending),
            ("MD01", Again::Never),
            ("MD06", Again::Never),
            ("XX99", Again::AfterMending),
            ("", Again::AfterMending),
        ];
        for (code, again) in table {
            assert_eq!(of_code(code).again, again, "{code}");
        }
        let mut codes: Vec<&str> = REASONS.iter().map(|one| one.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), REASONS.len(), "each code once");
    }

    #[test]
    fn billing_r29_the_code_is_found_among_words() {
        assert_eq!(code_in("AM04"), "AM04");
        assert_eq!(code_in("rejet : md06 (remboursement)"), "md06");
        assert_eq!(code_in("provision insuffisante"), "provision insuffisante");
    }
}
