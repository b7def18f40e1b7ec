//! What is said about keys that are missing, unknown or of another kind, and what to write instead.

use jiff::civil::Date;
use toml::de::DeValue;

use super::mistake::{Mistake, Place, did_you_mean};
use super::schema::{Key, Kind, Section};

/// A key that must be there is not.
pub fn missing(section: &Section, key: &Key, place: &Place) -> Mistake {
    let message = format!("`{}` is missing in {}", key.name, section.heading);
    let mistake = Mistake::new(message, place, format!("`{}` belongs here", key.name));
    if key.example.is_empty() {
        mistake.help(key.meaning)
    } else {
        mistake.help(format!("{}, for example `{} = {}`", key.meaning, key.name, key.example))
    }
}

/// A key that the section does not know.
pub fn unknown_key(section: &Section, name: &str, place: &Place) -> Mistake {
    let mistake = Mistake::new(format!("unknown key `{name}` in {}", section.heading), place, "unknown");
    if let Some(known) = did_you_mean(name, section.keys.iter().map(|key| key.name)) {
        return mistake.help(format!("did you mean `{known}`?"));
    }
    let known: Vec<String> = section.keys.iter().map(|key| format!("`{}`", key.name)).collect();
    mistake.help(format!("known keys: {}", known.join(", ")))
}

/// A value of another kind than its key's.
pub fn wrong_kind(key: &Key, found: &DeValue<'_>, place: &Place) -> Mistake {
    let (noun, written) = match found {
        DeValue::String(text) => ("a text", Some(text.to_string())),
        DeValue::Integer(number) => ("a whole number", Some(number.to_string())),
        DeValue::Float(number) => ("a number with a fraction", Some(number.to_string())),
        DeValue::Boolean(truth) => ("`true` or `false`", Some(truth.to_string())),
        DeValue::Datetime(moment) if moment.time.is_none() => ("a day", Some(moment.to_string())),
        DeValue::Datetime(_) => ("a moment with a time", None),
        DeValue::Array(_) => ("a list", None),
        DeValue::Table(_) => ("a table", None),
    };
    let mistake = Mistake::new(format!("`{}` must be {}, not {noun}", key.name, key.kind.words()), place, noun);
    match instead(key.name, key.kind, found, written.as_deref()) {
        Some(help) => mistake.help(help),
        None => mistake,
    }
}

/// What to write instead, where what was written tells what was meant.
fn instead(name: &str, kind: Kind, found: &DeValue<'_>, written: Option<&str>) -> Option<String> {
    match (kind, found, written) {
        (Kind::Price, DeValue::Float(_) | DeValue::Integer(_), Some(written)) => {
            let (euros, cents) = written.split_once('.').unwrap_or((written, ""));
            Some(format!(
                "money is never a binary fraction here: write it in quotes with two digits, `{name} = \"{euros}.{cents:0<2}\"`"
            ))
        }
        (Kind::Text | Kind::Word(_), _, Some(written)) => Some(format!("put it in quotes: `{name} = \"{written}\"`")),
        (Kind::Day, DeValue::String(_), Some(written)) if written.parse::<Date>().is_ok() => {
            Some(format!("leave the quotes away: `{name} = {written}`"))
        }
        (Kind::Whole(..), DeValue::String(_), Some(written)) if written.parse::<i64>().is_ok() => {
            Some(format!("leave the quotes away: `{name} = {written}`"))
        }
        (Kind::Truth, DeValue::String(_), Some(written)) if written.parse::<bool>().is_ok() => {
            Some(format!("leave the quotes away: `{name} = {written}`"))
        }
        (Kind::Texts | Kind::Words(_), DeValue::String(_), Some(written)) => {
            Some(format!("put it in brackets: `{name} = [\"{written}\"]`"))
        }
        (Kind::Tables(section) | Kind::Table(section) | Kind::Named(section), ..) => {
            Some(format!("begin it with a line `{}`", section.heading))
        }
        _ => None,
    }
}
