//! French legal identity numbers: SIREN, SIRET, RNA and VAT numbers.

use super::refusal::Refusal;

/// La Poste's SIREN: its SIRETs may fail Luhn and then have a digit sum divisible by five.
const LA_POSTE: &str = "356000000";

/// A SIREN: nine digits that pass Luhn. Spaces are not accepted: the number goes into invoices as written.
///
/// # Errors
/// A [`Refusal`] that says whether the length or the check digit is wrong.
pub fn siren(text: &str) -> Result<String, Refusal> {
    digits(text, "SIREN", 9)?;
    if luhn(text) { Ok(text.to_owned()) } else { Err(wrong_check_digit(text, "SIREN")) }
}

/// A SIRET: fourteen digits that pass Luhn, its first nine a SIREN; La Poste's may have a digit sum divisible by five.
///
/// # Errors
/// A [`Refusal`] that says whether the length or a check digit is wrong.
pub fn siret(text: &str) -> Result<String, Refusal> {
    digits(text, "SIRET", 14)?;
    let of_la_poste = text.starts_with(LA_POSTE) && digit_sum(text).is_multiple_of(5);
    if luhn(text) || of_la_poste {
        siren(&text[..9]).map(|_| text.to_owned())
    } else {
        Err(wrong_check_digit(text, "SIRET"))
    }
}

/// The SIREN inside a SIRET that [`siret`] has accepted.
pub fn siren_of_siret(siret: &str) -> &str {
    siret.get(..9).unwrap_or(siret)
}

/// An association's RNA number: `W`, two characters for the registry (`69`, `2A`, `9R`, ...) and seven digits.
///
/// # Errors
/// A [`Refusal`] when the text has another form.
pub fn rna(text: &str) -> Result<String, Refusal> {
    let bytes = text.as_bytes();
    let formed = bytes.len() == 10
        && bytes[0] == b'W'
        && bytes[1].is_ascii_digit()
        && (bytes[2].is_ascii_digit() || bytes[2].is_ascii_uppercase())
        && bytes[3..].iter().all(u8::is_ascii_digit);
    if formed {
        Ok(text.to_owned())
    } else {
        Err(Refusal::new(format!("`{text}` is not an RNA number"))
            .hint("an RNA number is `W` and nine digits, as in `W691234567`"))
    }
}

/// An intra-community VAT number. The French one is `FR`, a key of two digits and the SIREN,
/// with key = (12 + 3 x (SIREN mod 97)) mod 97; those of other countries are checked for their form only.
///
/// # Errors
/// A [`Refusal`] that names the key that would be right.
pub fn vat_number(text: &str) -> Result<String, Refusal> {
    let formed = (4..=14).contains(&text.len())
        && text.bytes().take(2).all(|byte| byte.is_ascii_uppercase())
        && text.bytes().skip(2).all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !formed {
        return Err(Refusal::new(format!("`{text}` is not a VAT number"))
            .hint("a French one is `FR`, two digits and the SIREN, without spaces"));
    }
    let Some(french) = text.strip_prefix("FR") else { return Ok(text.to_owned()) };
    if french.len() != 11 || !french.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::new(format!("`{text}` is not a French VAT number"))
            .hint("write `FR`, two digits and the nine digits of the SIREN, without spaces"));
    }
    let siren = siren(&french[2..])?;
    let expected = format!("FR{:02}{siren}", vat_key(&siren));
    if expected == text {
        Ok(expected)
    } else {
        Err(Refusal::new(format!("the key of VAT number `{text}` is wrong"))
            .hint(format!("for SIREN {siren} it would be `{expected}`")))
    }
}

/// The SIREN inside a French VAT number that [`vat_number`] has accepted.
pub fn siren_of_vat_number(vat_number: &str) -> Option<&str> {
    vat_number.strip_prefix("FR").and_then(|rest| rest.get(2..))
}

fn vat_key(siren: &str) -> u32 {
    let remainder = siren.bytes().fold(0, |remainder, byte| (remainder * 10 + digit(byte)) % 97);
    (12 + 3 * remainder) % 97
}

fn digits(text: &str, name: &str, count: usize) -> Result<(), Refusal> {
    if text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(Refusal::new(format!("`{text}` is not a {name}"))
        .hint(format!("a {name} has {count} digits, written without spaces")))
}

fn wrong_check_digit(text: &str, name: &str) -> Refusal {
    Refusal::new(format!("the check digit of {name} `{text}` is wrong"))
        .hint("compare it with the extract of the register: a digit is mistyped or two are swapped")
}

fn luhn(text: &str) -> bool {
    let sum: u32 = text
        .bytes()
        .rev()
        .enumerate()
        .map(|(position, byte)| match (position % 2, digit(byte)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => 2 * digit - 9,
            (_, digit) => 2 * digit,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn digit_sum(text: &str) -> u32 {
    text.bytes().map(digit).sum()
}

fn digit(byte: u8) -> u32 {
    u32::from(byte - b'0')
}

/// An IBAN, returned without spaces: country, check digits and the form of its country are verified.
///
/// # Errors
/// A [`Refusal`] when a digit is wrong.
pub fn iban(text: &str) -> Result<String, Refusal> {
    let plain: String = text.chars().filter(|c| *c != ' ').collect();
    match plain.parse::<iban::Iban>() {
        Ok(iban) => Ok(iban::IbanLike::electronic_str(&iban).to_owned()),
        Err(_) => Err(Refusal::new(format!("`{text}` is not an IBAN"))
            .hint("copy it from the bank's sheet: a French one is `FR` and 25 digits or letters")),
    }
}

/// A BIC: eight or eleven characters.
///
/// # Errors
/// A [`Refusal`] when the form is another.
pub fn bic(text: &str) -> Result<String, Refusal> {
    let formed = matches!(text.len(), 8 | 11)
        && text.bytes().take(6).all(|byte| byte.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if formed {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not a BIC")).hint("eight or eleven capitals and digits, as in `AGRIFRPP`"))
}

/// A SEPA creditor identifier: country, two check digits, three characters of our choice, the national number. The check
/// leaves the three characters out (mod 97, as an IBAN's).
///
/// # Errors
/// A [`Refusal`] when the form or the check digits are wrong.
pub fn creditor_id(text: &str) -> Result<String, Refusal> {
    let formed = (8..=35).contains(&text.len())
        && text.bytes().take(2).all(|byte| byte.is_ascii_uppercase())
        && text.bytes().skip(2).take(2).all(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !formed {
        return Err(Refusal::new(format!("`{text}` is not a SEPA creditor identifier"))
            .hint("a French one is `FR`, two digits, three characters and six digits: `FR72ZZZ123456`"));
    }
    let checked = text.bytes().skip(7).chain(text.bytes().take(4));
    let remainder = checked.fold(0, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + digit(byte)) % 97,
        letter => (remainder * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    if remainder == 1 {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("the check digits of creditor identifier `{text}` are wrong"))
        .hint("compare it with the bank's letter"))
}
