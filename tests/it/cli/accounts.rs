//! Secrets and the welcome sheet: what is given, what is never shown.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use accolades::store::Store;
use accolades::store::secrets::Vault;
use accolades::util::random::Randomness;
use secrecy::SecretString;

use super::{Desk, NOW_US, assert_session};

const CANARY: &str = "Kanari-Vogel-7Gz2-Wq9x";

/// What an onboarding leaves in the store for a person.
fn give_account(desk: &Desk, person: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(desk.path("accolades.sqlite").to_str().expect("text")).await.expect("the store");
        let vault = Vault::open(&store, None, Arc::new(Randomness::from_seed(1))).await.expect("the vault");
        let name = format!("person/atelier-lilas/{person}");
        vault.put_secret(&name, &SecretString::from(CANARY), NOW_US).await.expect("set");
        store.close().await;
    });
}

#[test]
fn cli_secrets_that_nothing_could_use_are_refused() {
    let desk = Desk::new();
    let refused = [
        (&["secret", "set", "relay"][..], ""),
        (&["secret", "set", "relay"], "   \n"),
        (&["secret", "set", "relay"], "short\n"),
        (&["secret", "set", "relay"], "with#a-hash-mark\n"),
        (&["secret", "set", "relay"], "first-line-of-two\nsecond\n"),
        (&["secret", "set", "relais"], "long-enough\n"),
        (&["secret", "set", "person/atelier-lilas/theo"], "long-enough\n"),
    ];
    let mut session = String::new();
    for (arguments, stdin) in refused {
        let answer = desk.run_with(arguments, stdin);
        assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{}", answer.stderr);
        session.push_str(&format!("{stdin:?} | accolades {}\n{}\n", arguments.join(" "), answer.stderr));
    }
    assert_session("secret_refusals", &session);
    assert!(desk.run(&["secret", "list"]).stdout.is_empty(), "nothing was set");
}

#[test]
fn cli_a_token_of_a_site_that_nobody_knows_is_not_set() {
    let desk = Desk::accepted();
    for (name, hint) in [
        ("site/frich/set-up-token", "did you mean `friche`?"),
        ("backup-server/grance/admin", "did you mean `grange`?"),
        ("site/somewhere/everyday-token", "accolades inventory accept"),
    ] {
        let answer = desk.run_with(&["secret", "set", name], "long-enough\n");
        assert_eq!(answer.code, 2, "{name}: {}", answer.stderr);
        assert!(answer.stderr.contains(hint), "{name}: {}", answer.stderr);
    }
    assert!(desk.run(&["secret", "list"]).stdout.is_empty(), "nothing was set");
    assert_eq!(desk.run_with(&["secret", "set", "site/friche/set-up-token"], "long-enough\n").code, 0);
}

#[test]
fn cli_a_secret_is_never_shown() {
    let desk = Desk::new();
    let set = desk.run_with(&["secret", "set", "relay"], &format!("{CANARY}\n"));
    let rotated = desk.run(&["secret", "rotate"]);
    let listed = desk.run(&["secret", "list"]);
    let listed_as_json = desk.run(&["secret", "list", "--json"]);
    for answer in [&set, &rotated, &listed, &listed_as_json] {
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        assert!(!answer.stdout.contains(CANARY) && !answer.stderr.contains(CANARY));
    }
    assert!(listed.stdout.contains("relay"));
    for file in std::fs::read_dir(desk.path(".")).expect("a folder").flatten().filter(|one| one.path().is_file()) {
        let bytes = std::fs::read(file.path()).expect("readable");
        assert!(!bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()), "{}", file.path().display());
    }
}

#[test]
fn cli_the_welcome_sheet_gives_each_password_once() {
    let desk = Desk::accepted();
    let nobody = desk.run(&["welcome", "atelier-lilas", "--yes"]);
    assert_eq!(nobody.code, 3, "without accounts there is nothing to hand over: {}", nobody.stderr);
    give_account(&desk, "theo");
    let later = desk.run(&["welcome", "atelier-lilas", "--out", "later", "--passwords-later"]);
    assert_eq!(later.code, 0, "{}", later.stderr);
    let sheet = |folder: &str| {
        std::fs::read_to_string(desk.path(folder).join("bienvenue-atelier-lilas.html")).expect("a sheet")
    };
    assert!(!sheet("later").contains(CANARY));

    let first = desk.run(&["welcome", "atelier-lilas", "--out", "first", "--yes"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert!(sheet("first").contains(CANARY));
    assert!(!first.stdout.contains(CANARY) && !first.stderr.contains(CANARY));
    let file = desk.path("first/bienvenue-atelier-lilas.html");
    assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);

    let over = desk.run(&["welcome", "atelier-lilas", "--out", "first", "--yes"]);
    assert_eq!(over.code, 2, "a sheet with passwords is not written over");
    let second = desk.run(&["welcome", "atelier-lilas", "--out", "second", "--yes"]);
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert!(
        !sheet("second").contains(CANARY) && sheet("second").contains("Mot de passe déjà remis le 23 novembre 2026")
    );
}

#[test]
fn cli_the_welcome_sheet_says_what_the_inventory_says() {
    let desk = Desk::accepted();
    let written = desk.run(&["welcome", "mairie-valsonne", "--passwords-later"]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    let sheet = std::fs::read_to_string(desk.path("bienvenue-mairie-valsonne.html")).expect("a sheet");
    assert!(sheet.contains("Commune de Valsonne-les-Bois") && sheet.contains("mairie-valsonne.example/nextcloud"));
    assert!(
        sheet.contains("ne répondent que depuis le réseau de vos locaux"),
        "the site is reached from its own network only"
    );
    assert!(!sheet.contains("Dolibarr"), "it has none");
    assert!(!sheet.contains("IMAP"), "its mailboxes are elsewhere");
    assert!(!sheet.contains("src=") && !sheet.contains("url("), "nothing is loaded from anywhere");
}

#[test]
fn cli_no_account_is_made_or_closed_that_cannot_be_recorded() {
    let desk = Desk::accepted();
    let add = |account: &'static str, last: [&'static str; 2]| {
        let role = ["--name", "Paul Roy", "--email", "paul@x.example", "--role", "technician"];
        desk.run(&[&["account", "add", account], &role[..], &last].concat())
    };
    assert_eq!(add("paul", ["--as", " "]).code, 2, "nobody knows who made it");
    assert_eq!(add("paul", ["--public-url", "nowhere"]).code, 2, "there is no link to hand over");
    assert!(
        !desk.run(&["account", "list"]).stdout.contains("paul"),
        "half made, it would be in the way of the next try"
    );
    assert_eq!(add("paul", ["--as", "nadia"]).code, 0);
    assert_eq!(desk.run(&["account", "disable", "paul", "--as", " "]).code, 2);
    let listed = desk.run(&["account", "list"]).stdout;
    assert!(listed.contains("invited") && !listed.contains("closed"), "{listed}");
}

#[test]
fn cli_a_contact_is_put_out_by_address_and_on_record() {
    let desk = Desk::accepted();
    let nobody = desk.run(&["account", "put-out", "personne@courriel.example"]);
    assert_eq!(nobody.code, 2, "a slip of the pen would leave them in: {}", nobody.stderr);
    assert_eq!(desk.run(&["account", "put-out", "camille.morel@courriel.example"]).code, 0);
    let log = desk.run(&["account", "audit"]).stdout;
    assert!(log.contains("sessions-closed") && log.contains("nadia"), "{log}");
}
