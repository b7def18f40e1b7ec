//! Printing: the same bytes from the same data, templates that a folder replaces, mistakes with their place.

use accolades::print::{Identity, PrintError, Templates, pdf};
use serde_json::{Value, json};

fn letter() -> (Value, Identity) {
    let data = json!({
        "language": "fr",
        "house": {"name": "Les Communs Numériques", "address": ["4 place des Canuts", "69004 Lyon"], "contact": [], "legal": ""},
        "title": "Bonjour",
        "place-and-date": "Lyon, le 1er décembre 2026",
        "recipient": ["Atelier des Lilas"],
        "paragraphs": ["Voici une lettre."],
        "signature": ["Nadia"],
    });
    let identity = Identity {
        id: "letter 1".to_owned(),
        title: "Bonjour".to_owned(),
        author: "Les Communs Numériques".to_owned(),
        date: jiff::civil::date(2026, 12, 1),
    };
    (data, identity)
}

#[test]
fn print_of_a_wrong_template_says_where_it_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "#import \"/house.typ\": *\n#let document(data) = {\n  data.nothing\n}\n";
    std::fs::write(folder.path().join("letter.typ"), text).expect("writable");
    let own = Templates::with_folder(folder.path()).expect("it reads");
    let (data, identity) = letter();
    let Err(PrintError::Template { problems, .. }) = own.pdf("letter", &data, &identity, &[]) else {
        panic!("it cannot be printed");
    };
    assert_eq!(problems[0].file.as_deref(), Some("letter.typ"));
    assert_eq!(problems[0].place, Some((3, 8)), "{problems:?}");
    assert!(problems[0].message.contains("nothing"), "{problems:?}");
    let Err(error) = own.pdf("certificat", &data, &identity, &[]) else { panic!("no such template") };
    assert!(error.to_string().contains("invoice"), "{error}");
}

#[test]
fn print_knows_neither_the_day_nor_other_files() {
    let (data, identity) = letter();
    for (body, words) in [
        ("datetime.today().display()", "date"),
        ("read(\"/etc/passwd\")", "not found"),
        ("read(\"../../Cargo.toml\")", ""),
        ("import \"@preview/cetz:0.4.0\"", "not found"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("#let document(data) = {{ {body} }}\n");
        std::fs::write(folder.path().join("letter.typ"), text).expect("writable");
        let own = Templates::with_folder(folder.path()).expect("it reads");
        let error = own.pdf("letter", &data, &identity, &[]).expect_err(body).to_string();
        assert!(error.contains("letter.typ:1:") && error.contains(words), "{body}: {error}");
    }
}

#[test]
fn print_gives_the_same_bytes_and_depends_on_every_part_of_the_identity() {
    let (data, identity) = letter();
    let first = pdf("letter", &data, &identity).expect("it prints");
    assert!(first.starts_with(b"%PDF-1.7"));
    assert_eq!(pdf("letter", &data, &identity).expect("it prints"), first);
    for other in [
        Identity { id: "letter 2".to_owned(), ..identity.clone() },
        Identity { title: "Bonsoir".to_owned(), ..identity.clone() },
        Identity { author: "Nadia".to_owned(), ..identity.clone() },
        Identity { date: jiff::civil::date(2026, 12, 2), ..identity.clone() },
    ] {
        assert_ne!(pdf("letter", &data, &other).expect("it prints"), first, "{other:?}");
    }
}

#[test]
fn print_uses_the_files_of_a_folder_in_place_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let logo = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><circle cx="5" cy="5" r="4" fill="#7a3b69"/></svg>"##;
    std::fs::write(folder.path().join("logo.svg"), logo).expect("writable");
    std::fs::write(folder.path().join("look.toml"), "accent = \"#7a3b69\"\nlogo = \"logo.svg\"\n").expect("writable");
    let own = Templates::with_folder(folder.path()).expect("it reads");
    assert_ne!(own.version(), Templates::built_in().version());
    let (data, identity) = letter();
    let restyled = own.pdf("letter", &data, &identity, &[]).expect("it prints");
    assert_ne!(restyled, pdf("letter", &data, &identity).expect("it prints"));
    let empty = tempfile::tempdir().expect("a folder");
    let same = Templates::with_folder(empty.path()).expect("it reads");
    assert_eq!(same.version(), Templates::built_in().version(), "an empty folder changes nothing");
}

#[test]
fn print_refuses_files_that_it_cannot_use_and_names_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing");
    assert!(matches!(Templates::with_folder(&missing), Err(PrintError::Folder { path, .. }) if path == missing));
    for (name, words) in [("letter.typ", "UTF-8"), ("own.ttf", "not a font")] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(name), [0xFF, 0xFE, 0x00]).expect("writable");
        let Err(error) = Templates::with_folder(folder.path()) else { panic!("{name} is refused") };
        assert!(error.to_string().contains(name) && error.to_string().contains(words), "{error}");
    }
}
