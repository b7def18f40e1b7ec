//! Every word in both languages.

use accolades::portal::words;

#[test]
fn portal_words_every_text_has_its_twin() {
    // Words that are the same in both.
    let same = [
        "check_service",
        "date",
        "factor_code",
        "kind_incident",
        "log_actions",
        "nav_documents",
        "staff_client",
        "staff_contacts",
        "staff_kind_incident",
        "staff_machines",
        "staff_month_document",
        "staff_month_total",
        "staff_onboard_contact",
        "staff_onboard_rna",
        "staff_onboard_services",
        "staff_onboard_siren",
        "staff_onboard_siret",
        "staff_plan",
        "staff_site",
        "staff_verdict",
        "total",
    ];
    let mut keys = std::collections::BTreeSet::new();
    for (key, fr, en) in words::all() {
        assert!(keys.insert(*key), "`{key}` is there twice");
        assert!(!fr.trim().is_empty() && !en.trim().is_empty(), "`{key}` is empty");
        assert!(fr != en || same.contains(key), "`{key}` is not translated: {fr}");
        assert!(!fr.contains('\''), "`{key}`: the apostrophe of French is ’");
    }
    assert!(keys.len() > 200);
}
