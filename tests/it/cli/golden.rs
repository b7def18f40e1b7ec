//! Sessions and their whole output.

use serde_json::Value;

use super::{Desk, assert_session};

#[test]
fn cli_help_of_every_kind() {
    let desk = Desk::new();
    assert_session(
        "help",
        &desk.session(&[&["--help"], &["plan", "--help"], &["apply", "--help"], &["seat", "--help"]]),
    );
}

#[test]
fn cli_an_unknown_command_is_a_usage_error() {
    let desk = Desk::new();
    let answer = desk.run(&["aply"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (2, ""));
    assert!(answer.stderr.contains("similar subcommand exists: 'apply'"), "{}", answer.stderr);
    assert_eq!(desk.run(&["apply"]).code, 2, "what to apply must be said");
}

#[test]
fn cli_check_tells_every_mistake() {
    let desk = Desk::new();
    desk.replace("inventory/clients/studio-brume.toml", "overage = \"pre-approved\"", "overage = \"preapproved\"");
    desk.replace("inventory/instances/valsonne.toml", "vmid = 1003", "vmid = 1002");
    assert_session("check_with_mistakes", &desk.session(&[&["check"], &["apply", "--all", "--yes"]]));
    let answer = desk.run(&["check", "--json"]);
    let told: Value = serde_json::from_str(&answer.stdout).expect("JSON on standard output");
    assert_eq!((answer.code, answer.stderr.as_str()), (3, ""));
    assert_eq!(told["version"], 1);
    assert_eq!(told["mistakes"].as_array().map(Vec::len), Some(2));
}

#[test]
fn cli_nothing_is_planned_before_it_is_accepted() {
    let desk = Desk::new();
    assert_session(
        "acceptance",
        &desk.session(&[&["check"], &["plan"], &["inventory", "history"], &["inventory", "accept"]]),
    );
    assert_eq!(desk.run_with(&["inventory", "accept"], "n\n").code, 1, "no is an answer");
    assert_eq!(desk.run_with(&["inventory", "accept"], "yes\n").code, 0);
    let history = desk.run(&["inventory", "history", "--json"]);
    let history: Value = serde_json::from_str(&history.stdout).expect("JSON");
    assert_eq!(history["versions"][0]["number"], 1);
    assert_eq!(history["versions"][0]["accepted_by"], "nadia");
}

#[test]
fn cli_an_unknown_name_is_said_before_anybody_is_asked_to_accept() {
    let desk = Desk::new();
    for line in [&["apply", "nope"][..], &["apply", "lilas", "nope"], &["apply", "--rebuild", "nope"]] {
        let answer = desk.run_with(line, "yes\n");
        assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{line:?}: {}", answer.stderr);
        assert!(answer.stderr.contains("no client and no instance is called `nope`"), "{line:?}: {}", answer.stderr);
        assert!(!answer.stderr.contains("Accept this"), "{line:?}: {}", answer.stderr);
    }
    let history = desk.run(&["inventory", "history", "--json"]);
    let history: Value = serde_json::from_str(&history.stdout).expect("JSON");
    assert_eq!(history["versions"].as_array().map(Vec::len), Some(0), "nothing was accepted");
}

#[test]
fn cli_an_edit_is_shown_and_the_accepted_version_is_planned() {
    let desk = Desk::accepted();
    desk.replace("inventory/instances/ilot.toml", "memory_mib = 6144", "memory_mib = 8192");
    assert_session(
        "edit",
        &desk.session(&[
            &["plan", "ilot"],
            &["inventory", "accept", "--yes", "--as", "yann"],
            &["inventory", "accept"],
            &["inventory", "show", "2"],
            &["inventory", "show", "3"],
        ]),
    );
}

#[test]
fn cli_sites_that_are_not_prepared_are_said_so_and_nothing_is_done() {
    let desk = Desk::accepted();
    assert_session(
        "not_prepared",
        &desk.session(&[
            &["status"],
            &["plan", "claire-voyer"],
            &["apply", "claire-voyer", "--yes"],
            &["apply", "lilas", "--yes", "--json"],
            &["apply", "--plan", "00000000", "--yes"],
            &["apply", "ilott"],
        ]),
    );
    let status: Value = serde_json::from_str(&desk.run(&["status", "--json"]).stdout).expect("JSON");
    assert_eq!(status["instances"][0]["instance"], "ilot");
    assert_eq!(status["instances"][0]["state"]["is"], "unknown");
}

#[test]
fn cli_a_plan_that_the_world_left_behind_is_refused() {
    let desk = Desk::accepted();
    let plan: Value = serde_json::from_str(&desk.run(&["plan", "ilot", "--json"]).stdout).expect("JSON");
    let id = plan["id"].as_str().expect("an id").to_owned();
    desk.replace("inventory/instances/ilot.toml", "memory_mib = 6144", "memory_mib = 8192");
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    let answer = desk.run(&["apply", "--plan", &id, "--yes"]);
    assert_eq!(answer.code, 4, "{}", answer.stderr);
    assert!(answer.stderr.contains("the world moved since"), "{}", answer.stderr);
}

#[test]
fn cli_seats_come_and_go_in_the_files() {
    let desk = Desk::new();
    let before = std::fs::read_to_string(desk.path("inventory/clients/studio-brume.toml")).expect("a file");
    let sacha = ["seat", "add", "studio-brume", "sacha", "--from", "2027-01-01", "--name", "Sacha", "Nguyen"];
    let sacha = [&sacha[..], &["--mail-domain", "studio-brume.example", "--dolibarr", "none"]].concat();
    let declined = desk.run_with(&sacha, "no\n");
    assert_eq!(declined.code, 1, "{}", declined.stderr);
    let unchanged = std::fs::read_to_string(desk.path("inventory/clients/studio-brume.toml")).expect("a file");
    assert_eq!(before, unchanged, "nothing is written without a yes");
    let sacha = [&sacha[..], &["--yes"]].concat();
    assert_session(
        "seats",
        &desk.session(&[
            &sacha,
            &["seat", "end", "studio-brume", "malo", "--on", "2026-12-31", "--files-to", "sacha", "--yes"],
            &["seat", "end", "studio-brume", "mallo", "--on", "2026-12-31"],
            &["seat", "add", "studio-brume", "sacha", "--from", "2027-02-01", "--yes"],
            &["seat", "add", "studio-brume", "x", "--from", "2027-02-30"],
        ]),
    );
}

#[test]
fn cli_an_edit_takes_nothing_from_who_changed_the_file_while_the_question_waited() {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};
    let desk = Desk::new();
    let file = desk.path("inventory/clients/studio-brume.toml");
    let mut asked = Command::new(env!("CARGO_BIN_EXE_accolades"))
        .args(["seat", "end", "studio-brume", "malo", "--on", "2026-12-31"])
        .current_dir(desk.folder.path())
        .env_clear()
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let (mut told, mut byte) = (Vec::new(), [0]);
    let mut words = asked.stderr.take().expect("piped");
    while !told.ends_with(b"[y/N] ") {
        assert_eq!(words.read(&mut byte).expect("readable"), 1, "{}", String::from_utf8_lossy(&told));
        told.push(byte[0]);
    }
    desk.replace("inventory/clients/studio-brume.toml", "Malo Kervella", "Malo Le Kervella");
    let changed = std::fs::read_to_string(&file).expect("a file");
    asked.stdin.take().expect("piped").write_all(b"yes\n").expect("it reads");
    words.read_to_end(&mut told).expect("readable");
    assert_eq!(asked.wait().expect("it ends").code(), Some(4), "{}", String::from_utf8_lossy(&told));
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), changed);
}

#[test]
fn cli_who_is_struck_out_of_the_files_is_said_before_it_is_accepted() {
    let desk = Desk::accepted();
    desk.replace("inventory/clients/studio-brume.toml", "[[seats]]\nperson = \"malo\"\nfrom = 2026-10-01\n", "");
    let answer = desk.run_with(&["inventory", "accept"], "no\n");
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    let warning = answer.stderr.find("warning: `malo` of `studio-brume` is struck out: the account stays open");
    assert!(warning.is_some_and(|at| answer.stderr[at..].contains("Accept this")), "{}", answer.stderr);

    let end = ["inventory/clients/studio-brume.toml", "[persons.malo]"];
    desk.replace(
        end[0],
        end[1],
        "[[seats]]\nperson = \"malo\"\nfrom = 2026-10-01\nuntil = 2026-11-22\n\n[persons.malo]",
    );
    let answer = desk.run_with(&["inventory", "accept"], "no\n");
    assert!(!answer.stderr.contains("struck out"), "an end is the way: {}", answer.stderr);
}

#[test]
fn cli_what_would_be_made_anew_beside_the_old_one_is_said_before_it_is_accepted() {
    let desk = Desk::accepted();
    desk.replace("inventory/clients/studio-brume.toml", "path = \"/nextcloud\"", "path = \"/cloud\"");
    desk.replace("inventory/instances/valsonne.toml", "vmid = 1003", "vmid = 1010");
    let told = desk.run_with(&["inventory", "accept"], "no\n").stderr;
    for words in [
        "warning: Nextcloud of `studio-brume` would be installed anew and empty at studio-brume.example/cloud",
        "warning: `valsonne` would be made anew and empty as vm 1010; vm 1003 stays as it is",
    ] {
        assert!(told.find(words).is_some_and(|at| told[at..].contains("Accept this")), "{words}: {told}");
    }
}

#[test]
fn cli_a_client_is_added_with_its_instance() {
    let desk = Desk::new();
    let add = [
        "client",
        "add",
        "les-abeilles",
        "--name",
        "Les Abeilles",
        "--form",
        "association loi 1901",
        "--vat",
        "non-taxable",
        "--rna",
        "W691234567",
        "--street",
        "3 chemin du Rucher",
        "--postcode",
        "69440",
        "--city",
        "Mornant",
        "--contact",
        "Inès Petit",
        "--contact-email",
        "ines@courriel.example",
        "--start",
        "2026-12-01",
        "--overage-price",
        "60.00",
        "--domain",
        "abeilles.example",
        "--no-dolibarr",
    ];
    assert_eq!(desk.run(&add).code, 2, "where it lives must be said");
    let own = [&add[..], &["--site", "croix-rousse", "--address", "192.168.10.21/24", "--yes"]].concat();
    let answer = desk.run(&own);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(desk.run(&["check"]).code, 0);
    assert!(desk.path("inventory/instances/les-abeilles.toml").exists());
    assert_eq!(desk.run(&own).code, 3, "it is there already");
}

#[test]
fn cli_records_are_printed_for_the_registrar() {
    let desk = Desk::accepted();
    assert_session(
        "dns",
        &desk.session(&[&["dns", "claire-voyer"], &["dns", "mairie-valsonne", "--json"], &["dns", "ilot"]]),
    );
}

#[test]
fn cli_colours_only_where_they_are_wanted() {
    let desk = Desk::new();
    desk.replace("inventory/instances/valsonne.toml", "vmid = 1003", "vmid = 1002");
    for arguments in [&["check"][..], &["plan"], &["--help"]] {
        let answer = desk.run(arguments);
        assert!(!answer.stderr.contains('\u{1b}') && !answer.stdout.contains('\u{1b}'), "{arguments:?}");
    }
}

#[test]
fn cli_completions_and_manual_pages_are_not_empty() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish"] {
        let answer = desk.run(&["completions", shell]);
        assert!(answer.code == 0 && answer.stdout.contains("accolades"), "{shell}");
    }
    assert!(desk.run(&["man"]).stdout.contains(".TH accolades 1"));
    assert_eq!(desk.run(&["man", "--out", "pages"]).code, 0);
    assert!(desk.path("pages/accolades-plan.1").exists());
}

#[test]
fn cli_stores_are_copied_and_checked() {
    let desk = Desk::accepted();
    assert_eq!(desk.run_with(&["secret", "set", "relay"], "motdepasse-relais\n").code, 0);
    assert_session(
        "store_check",
        &desk.session(&[&["store", "check"], &["store", "copy", "nowhere.sqlite", "b.sqlite"]]),
    );
    let copied = desk.run(&["store", "copy", "accolades.sqlite", "copy.sqlite", "--json"]);
    let copied: Value = serde_json::from_str(&copied.stdout).expect("JSON");
    let rows = |name: &str| {
        let tables = copied["tables"].as_array().expect("a list");
        tables.iter().find(|one| one["table"] == name).expect("the table")["rows"].clone()
    };
    assert_eq!((rows("inventory_versions"), rows("secrets")), (1.into(), 1.into()));
    assert_eq!(desk.run(&["store", "copy", "accolades.sqlite", "copy.sqlite"]).code, 4, "it is not empty any more");
}
