//! What holds for any text: a check ends in a model or in mistakes with sound places, never in a crash or in silence.

use std::collections::BTreeMap;

use accolades::inventory::{self, Drawing};
use proptest::prelude::*;

use super::example;

/// Whatever a check says can be drawn and printed, and a refusal always says why.
fn judge(files: &BTreeMap<String, String>) -> Result<(), TestCaseError> {
    let Err(mistakes) = inventory::check(files) else { return Ok(()) };
    prop_assert!(!mistakes.list().is_empty());
    for mistake in mistakes.list() {
        for place in std::iter::once(&mistake.place).chain(mistake.also.iter().map(|(place, _)| place)) {
            if let Some(text) = files.get(&*place.file) {
                prop_assert!(text.get(place.start..place.end).is_some(), "{mistake:?}");
            }
        }
    }
    let drawn = mistakes.render(Drawing::Plain);
    prop_assert!(mistakes.list().iter().all(|mistake| !mistake.message.is_empty()) && !drawn.is_empty());
    prop_assert_eq!(mistakes.to_json()["mistakes"].as_array().map(Vec::len), Some(mistakes.list().len()));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn inventory_survives_a_cut_anywhere(file in 0_usize..12, at in 0_usize..6000, length in 0_usize..80) {
        let mut files = example().files;
        let text = files.values_mut().nth(file % 12).expect("twelve files");
        let start = text.floor_char_boundary(at % text.len());
        let end = text.ceil_char_boundary((start + length).min(text.len()));
        text.replace_range(start..end, "");
        judge(&files)?;
    }

    #[test]
    fn inventory_survives_noise(file in 0_usize..12, at in 0_usize..6000, noise in "[\\[\\]\"'=.,{}#\\n é€0-9a-z-]{1,12}") {
        let mut files = example().files;
        let text = files.values_mut().nth(file % 12).expect("twelve files");
        let start = text.floor_char_boundary(at % text.len());
        text.insert_str(start, &noise);
        judge(&files)?;
    }
}

#[test]
fn inventory_says_the_same_each_time() {
    let mut files = example().files;
    for text in files.values_mut() {
        *text = text.replace("from", "form");
    }
    let told = || inventory::check(&files).expect_err("broken").render(Drawing::Plain);
    assert_eq!(told(), told());
}

/// The check has no pairs of everything: a thousand clients are the example a thousand times over, ids renamed.
#[test]
fn inventory_of_many_clients_is_sound() {
    let inventory = inventory::check(&super::many_clients(200)).expect("sound");
    assert_eq!(inventory.clients.len(), 200);
}
