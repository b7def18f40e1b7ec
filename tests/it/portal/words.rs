//! Every word in both languages.

use accolades::portal::{Who, table, words};
use accolades::store::{Scope, StaffRole};
use axum::http::Method;

use super::lived::{asked, lived, worked};
use super::world::{MANAGER, OWN, World};

#[test]
fn portal_words_every_text_has_its_twin() {
    // Words that are the same in both.
    let same = [
        "check_service",
        "date",
        "factor_code",
        "kind_incident",
        "log_action",
        "log_actions",
        "nav_documents",
        "rights_admin",
        "staff_client",
        "staff_clients",
        "staff_contacts",
        "staff_kind_incident",
        "staff_machine",
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
        assert!(!fr.to_lowercase().contains("e-mail"), "`{key}`: the French word is `courriel`");
    }
    assert!(keys.len() > 200);
}

/// Everything below a folder, in one text.
fn text_below(folder: &std::path::Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { text_below(&path) } else { std::fs::read_to_string(path).unwrap() }).collect()
}

#[test]
fn portal_words_every_text_is_on_a_page() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = text_below(&root.join("src/portal")) + &text_below(&root.join("templates/portal"));
    for (key, _, _) in words::all() {
        assert!(pages.contains(&format!(".{key}()")), "`{key}` is said nowhere");
    }
}

/// What follows a number in French and stays on its line.
const UNITS: [&str; 14] =
    ["h", "min", "s", "€", "%", "jour", "jours", "heure", "heures", "minute", "minutes", "mois", "Go", "Mo"];

/// What is wrong with the spaces of a French text: signs of two parts hold to what they follow, quotation marks to what they
/// enclose, units to their numbers.
fn badly_set(text: &str) -> Option<String> {
    let letters: Vec<char> = text.chars().collect();
    for (place, pair) in letters.windows(2).enumerate() {
        let around: String = letters[place.saturating_sub(15)..(place + 15).min(letters.len())].iter().collect();
        let is_bad = match (pair[0], pair[1]) {
            (' ' | '\n', ':' | ';' | '?' | '!' | '»') | ('«', ' ' | '\n') => true,
            // Not the sign within an address.
            (before, '?' | '!' | ';' | ':') => {
                before.is_alphabetic() && letters.get(place + 2).is_none_or(|next| next.is_whitespace())
            }
            _ => false,
        };
        if is_bad {
            return Some(around);
        }
    }
    let words: Vec<&str> = text.split([' ', '\n']).collect();
    words.windows(2).find_map(|pair| {
        let unit = pair[1].trim_end_matches(['.', ',', ')', ':', ';']);
        let is_bad = pair[0].ends_with(|last: char| last.is_ascii_digit()) && UNITS.contains(&unit);
        is_bad.then(|| pair.join(" "))
    })
}

#[test]
fn portal_words_french_is_set_as_french_is() {
    assert_eq!(badly_set("Pour qui venez-vous ?").as_deref(), Some(" qui venez-vous ?"));
    assert!(badly_set("Attention!").is_some() && badly_set("« non »").is_some() && badly_set("15 jours.").is_some());
    assert_eq!(badly_set("Vu à 14:00\u{a0}: «\u{a0}oui\u{a0}»\u{a0}; 15\u{a0}jours, voir https://x.example"), None);
    for (key, fr, _) in words::all() {
        assert_eq!(badly_set(fr), None, "`{key}`");
    }
}

/// The French text of a page: no tags, nothing that says it is English, nothing of the inventory's files.
fn french(page: &str) -> String {
    let body = page.split("<body>").nth(1).unwrap();
    let mut text = String::new();
    let mut is_skipped = false;
    for part in body.split('<') {
        let (tag, words) = part.split_once('>').unwrap_or(("", part));
        is_skipped = match tag {
            tag if tag.starts_with("pre") => true,
            "/pre" => false,
            tag if tag.contains("lang=\"en\"") => {
                text.push(' ');
                continue;
            }
            _ => is_skipped,
        };
        if !is_skipped {
            text.push_str(if tag.starts_with('/') || tag.is_empty() { "" } else { "\u{1}" });
            text.push_str(words);
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_words_french_pages_are_set_as_french_is() {
    let world = World::new().await;
    world.fill().await;
    world.issue().await;
    lived(&world).await;
    asked(&world).await;
    worked(&world).await;
    let (client, staff) = (world.enter(MANAGER).await, world.staff("nadia", StaffRole::Admin).await);
    let invoice = world.invoice_of(OWN).await;
    let request = world.store.consents(&Scope::Client(OWN.parse().unwrap())).await.unwrap()[0].request.to_string();
    let mut looked_at = 0;
    for route in table() {
        let inside = match route.who {
            Who::Staff(_) => &staff,
            Who::Client(_) | Who::Contact => &client,
            Who::Anybody => &world.browser,
        };
        let number = if route.path.contains("/factures/") { invoice.as_str() } else { "1" };
        let path = route.path.replace("{client}", OWN).replace("{instance}", "lilas");
        let path = path.replace("{site}", "croix-rousse").replace("{request}", &request).replace("{number}", number);
        if route.method != Method::GET || path.contains('{') {
            continue;
        }
        let page = inside.get(&format!("{path}?choix=oui")).await;
        if page.status == 200 && page.header("content-type").starts_with("text/html") {
            assert_eq!(badly_set(&french(&page.text())), None, "{path}");
            looked_at += 1;
        }
    }
    assert!(looked_at > 25, "{looked_at}");
}
