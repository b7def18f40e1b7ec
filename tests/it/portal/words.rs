//! Every word in both languages.

use accolades::portal::words;

#[test]
fn portal_words_every_text_has_its_twin() {
    // Words that are the same in both.
    let same = ["date", "nav_documents", "total", "factor_code", "check_service", "kind_incident", "log_actions"];
    let mut keys = std::collections::BTreeSet::new();
    for (key, fr, en) in words::all() {
        assert!(keys.insert(*key), "`{key}` is there twice");
        assert!(!fr.trim().is_empty() && !en.trim().is_empty(), "`{key}` is empty");
        assert!(fr != en || same.contains(key), "`{key}` is not translated: {fr}");
        assert!(!fr.contains('\''), "`{key}`: the apostrophe of French is ’");
    }
    assert!(keys.len() > 200);
}
