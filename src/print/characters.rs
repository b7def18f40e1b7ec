//! Text from outside: whatever a name holds, the document is printed and says what it should.
//!
//! PDF/A forbids glyphs that do not exist, so a character that no font has is drawn as a box. The data itself (and the
//! XML of an invoice) keeps the character.

use serde_json::Value;
use typst::text::Font;

/// Drawn for a character that no font has.
const UNKNOWN: char = '\u{25A1}';

/// The data with every text made printable by these fonts.
pub fn printable(value: &Value, fonts: &[Font]) -> Value {
    match value {
        Value::String(text) => Value::String(text.chars().filter_map(|one| drawn(one, fonts)).collect()),
        Value::Array(items) => items.iter().map(|item| printable(item, fonts)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, value)| (key.clone(), printable(value, fonts))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Text without what cannot be seen, for places that are not drawn.
pub fn plain(text: &str) -> String {
    text.chars().filter(|one| !is_unseen(*one)).collect()
}

fn drawn(one: char, fonts: &[Font]) -> Option<char> {
    if one == '\n' {
        return Some(one);
    }
    if is_unseen(one) {
        return None;
    }
    let known = fonts.iter().any(|font| font.info().coverage.contains(u32::from(one)));
    Some(if known { one } else { UNKNOWN })
}

/// Control characters, marks that turn the direction of other people's text, joiners and variation selectors: either
/// forbidden in the file, or able to make a line read differently from what it says.
fn is_unseen(one: char) -> bool {
    one.is_control()
        || matches!(one,
            '\u{AD}' | '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF0}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}'
            | '\u{E000}'..='\u{F8FF}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::print::fonts::FONTS;

    #[test]
    fn what_no_font_has_becomes_a_box_and_the_rest_stays() {
        let data = json!({"name": ["Ünal & <Søn>", "שלום", "漢字", "😀", 3]});
        assert_eq!(printable(&data, &FONTS), json!({"name": ["Ünal & <Søn>", "שלום", "□□", "😀", 3]}));
    }

    #[test]
    fn marks_that_turn_the_direction_of_text_are_left_out() {
        assert_eq!(plain("fac\u{202E}ture\u{0}\n"), "facture");
        assert_eq!(printable(&json!("a\u{200D}b\u{FE0F}\nc"), &FONTS), json!("ab\nc"));
    }
}
