//! Which passwords are good enough.
//!
//! The real program greps a list of a hundred thousand listed passwords for the given text. The lab keeps the small
//! part that people meet, plus the rule that follows from the size of the list: whatever is very short and plain is
//! contained in some entry.

use super::context::{Context, Refusal};

/// Length from which a password is refused.
const LENGTH_MAX: usize = 127;

/// Up to this many lower-case letters or digits, a text is contained in a listed password.
const PLAIN_AND_SHORT: usize = 4;

/// Listed passwords that people meet; a given password that is contained in one of them is refused.
const LISTED: &[&str] = &[
    "0123456789",
    "1234567890",
    "123123123",
    "123qwe123",
    "147258369",
    "987654321",
    "0987654321",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "00000000",
    "11111111",
    "12341234",
    "55555555",
    "66666666",
    "77777777",
    "88888888",
    "99999999",
    "Password1",
    "Password123",
    "aaaaaaaa",
    "abcd1234",
    "abcdefgh",
    "abc123456",
    "admin123",
    "administrator",
    "alexander1",
    "alexandra",
    "alexandre",
    "anthony1",
    "asdfghjkl",
    "azerty123",
    "azertyuiop",
    "baseball1",
    "batman123",
    "benjamin",
    "bienvenue",
    "bonjour1",
    "butterfly",
    "camille1",
    "caroline",
    "changeme",
    "charlotte",
    "chocolat",
    "chouchou",
    "christian",
    "christopher",
    "clement1",
    "computer1",
    "courtney",
    "dominique",
    "doudou123",
    "dragon123",
    "elizabeth",
    "florian1",
    "football1",
    "frederic",
    "guillaume",
    "hello123",
    "internet",
    "isabelle",
    "iloveyou2",
    "jennifer",
    "jonathan",
    "jordan23",
    "julien123",
    "killer123",
    "laurent1",
    "letmein1",
    "liverpool",
    "loulou123",
    "manchester",
    "marseille",
    "master123",
    "mathieu1",
    "maxime123",
    "michelle",
    "monkey123",
    "motdepasse",
    "nathalie",
    "nicolas1",
    "nintendo",
    "nothing1",
    "p@ssw0rd",
    "pass1234",
    "passw0rd",
    "password1234",
    "patricia",
    "philippe",
    "pokemon1",
    "princess1",
    "qwerty123",
    "qwertyuiop",
    "rainbow1",
    "romain123",
    "samantha",
    "sandrine",
    "sebastien",
    "secret123",
    "shadow12",
    "shorty12",
    "soleil123",
    "sophie123",
    "starwars1",
    "stephanie",
    "sunshine1",
    "superman1",
    "test1234",
    "testtest",
    "thomas123",
    "trustno1",
    "vacances",
    "valerie1",
    "victoria",
    "vincent1",
    "welcome123",
    "whatever",
    "yunohost",
    "zxcvbnm123",
];

/// Characters, digits, capitals, small letters and others that each level of strength asks for.
const LEVELS: [[usize; 5]; 4] = [[8, 0, 0, 0, 0], [8, 1, 1, 1, 0], [8, 1, 1, 1, 1], [12, 1, 1, 1, 1]];

/// Refuses what is too long, listed, or weaker than a level (1 to 4).
///
/// # Errors
/// The refusal in the words of YunoHost.
pub fn check(password: &str, level: usize, context: &Context<'_>) -> Result<(), Refusal> {
    if password.chars().count() >= LENGTH_MAX {
        return Err(context.refuse("password_too_long", &[]));
    }
    if is_listed(password) {
        return Err(context.refuse("password_listed", &[]));
    }
    let level = level.clamp(1, LEVELS.len());
    if strength(password) < level {
        return Err(context.refuse(&format!("password_too_simple_{level}"), &[]));
    }
    Ok(())
}

/// Whether a password is contained in a listed one.
pub fn is_listed(password: &str) -> bool {
    let plain = password.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    (plain && password.len() <= PLAIN_AND_SHORT) || LISTED.iter().any(|listed| listed.contains(password))
}

fn strength(password: &str) -> usize {
    let count = |wanted: fn(char) -> bool| password.chars().filter(|letter| wanted(*letter)).count();
    let (digits, capitals, small) = (count(char::is_numeric), count(char::is_uppercase), count(char::is_lowercase));
    let length = password.chars().count();
    let found = [length, digits, capitals, small, length - digits - capitals - small];
    LEVELS.iter().take_while(|level| level.iter().zip(found).all(|(least, found)| found >= *least)).count()
}
