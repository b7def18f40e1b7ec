//! Sending, papers and notices as a bookkeeper types them, with the real binary. It is Monday 23 November 2026.

use accolades::inventory::mail::SmtpTls;
use serde_json::Value;

use crate::cli::Desk;
use crate::post::server::{Act, PASSWORD, Server, Stage, USER};

fn json(desk: &Desk, arguments: &[&str]) -> Value {
    let answer = desk.run(&[arguments, &["--json"]].concat());
    assert!([0, 6].contains(&answer.code), "{arguments:?}: {}{}", answer.stdout, answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {}", answer.stdout))
}

fn count(desk: &Desk, folder: &str) -> usize {
    std::fs::read_dir(desk.path(folder)).map_or(0, Iterator::count)
}

fn number_of(desk: &Desk, client: &str) -> String {
    let issued = json(desk, &["billing", "list"]);
    let documents = issued["documents"].as_array().expect("documents");
    let of = documents.iter().find(|one| one["client"] == client).expect("one of that client");
    of["number"].as_str().expect("a number").to_owned()
}

/// R20, R26: by e-mail to the billing contacts, once; what goes by another road is left to it.
#[test]
fn billing_invoices_are_sent_once_by_the_road_of_each_client() {
    let desk = Desk::accepted();
    assert_eq!(desk.run(&["billing", "issue", "2026-10", "--yes"]).code, 0);
    let unconfirmed = desk.run(&["billing", "send"]);
    assert_eq!((unconfirmed.code, count(&desk, "mail")), (2, 0), "{}", unconfirmed.stderr);

    let sent = json(&desk, &["billing", "send", "--yes"]);
    let town = number_of(&desk, "mairie-valsonne");
    let lilas = number_of(&desk, "atelier-lilas");
    assert_eq!(sent["by_platform"][0]["number"], town.as_str());
    let mails = sent["mails_sent"].as_array().map_or(0, Vec::len);
    assert_eq!((mails, count(&desk, "mail")), (3, 3), "one mail per billing contact: {sent}");
    let file = std::fs::read_dir(desk.path("mail"))
        .expect("mails")
        .map(|one| one.expect("a mail").path())
        .find(|path| path.to_string_lossy().contains(&lilas))
        .expect("the mail of the architects");
    let mail = std::fs::read_to_string(file).expect("a mail");
    for part in
        ["To: =?UTF-8?B?", "<factures@cabinet-duval.example>", "application/pdf", "aide@communs-numeriques.example"]
    {
        assert!(mail.contains(part), "{part} in {mail}");
    }

    let again = desk.run(&["billing", "send", "--yes"]);
    assert_eq!((again.code, count(&desk, "mail")), (0, 3), "nothing twice: {}", again.stdout);
    assert!(again.stdout.contains("nothing to send by e-mail"), "{}", again.stdout);
    let shown = json(&desk, &["billing", "show", &lilas]);
    assert_eq!(shown["mails"][0]["state"], "sent");
    let listed = json(&desk, &["mail", "list", "--about", &lilas]);
    assert_eq!(listed["mails"][0]["to"], "factures@cabinet-duval.example");
    let steps = json(&desk, &["mail", "show", "1"]);
    assert_eq!(steps["events"].as_array().map(Vec::len), Some(3));

    let exchanged = json(&desk, &["billing", "platform", "exchange"]);
    assert_eq!(exchanged["chorus"]["handed_over"][0], town.as_str());
    assert!(desk.path(&format!("drop/chorus/out/{town}.pdf")).exists());
    let status = format!(
        r#"{{"number":"{town}","code":210,"at":"2026-11-23T09:00:00Z","reason":"engagement inconnu","collected":[]}}"#
    );
    std::fs::create_dir_all(desk.path("drop/chorus/in")).expect("a folder");
    std::fs::write(desk.path("drop/chorus/in/back.json"), status).expect("a status");
    json(&desk, &["billing", "platform", "exchange"]);
    let shown = desk.run(&["billing", "show", &town]);
    assert!(shown.stdout.contains("210 Refusée: engagement inconnu"), "{}", shown.stdout);
    assert!(shown.stdout.contains("through chorus: accepted"), "{}", shown.stdout);
}

#[test]
fn billing_issue_sends_on_demand_what_it_issued() {
    let desk = Desk::accepted();
    let answer = desk.run(&["billing", "issue", "2026-10", "--client", "atelier-lilas", "--send", "--yes"]);
    assert_eq!((answer.code, count(&desk, "mail")), (0, 1), "{}{}", answer.stdout, answer.stderr);
}

/// R25: nothing is sent by a store that is behind the issue journal.
#[test]
fn billing_nothing_is_sent_by_a_store_that_is_behind() {
    let desk = Desk::accepted();
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::copy(desk.path(&format!("accolades.sqlite{end}")), desk.path(&format!("kept{end}")));
    }
    assert_eq!(desk.run(&["billing", "issue", "2026-10", "--yes"]).code, 0);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(desk.path(&format!("accolades.sqlite{end}")));
        let _ = std::fs::copy(desk.path(&format!("kept{end}")), desk.path(&format!("accolades.sqlite{end}")));
    }
    let refused = desk.run(&["billing", "send", "--yes"]);
    assert_eq!((refused.code, count(&desk, "mail")), (4, 0), "{}", refused.stderr);
    assert!(refused.stderr.contains("billing recover"), "{}", refused.stderr);
    assert_eq!(desk.run(&["billing", "recover"]).code, 0);
    assert_eq!(desk.run(&["billing", "send", "--yes"]).code, 0);
    assert_eq!(count(&desk, "mail"), 3);
}

/// A mail server that dies after the message is "may have been sent", through the whole program.
#[tokio::test(flavor = "multi_thread")]
async fn billing_a_mail_server_that_dies_is_told_and_asked_about() {
    let server = Server::start(SmtpTls::Starttls).await;
    let settings = server.settings();
    let desk = Desk::new();
    let mail = format!(
        "[mail]\nby = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\nusername = \"{USER}\"\ntls_fingerprint = \"{}\"\n\n[image]",
        settings.port,
        settings.tls_fingerprint.as_deref().unwrap_or_default()
    );
    desk.replace("inventory/cooperative.toml", "[image]", &mail);
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    let (desk, server) = tokio::task::spawn_blocking(move || {
        assert_eq!(desk.run(&["billing", "issue", "2026-10", "--client", "atelier-lilas", "--yes"]).code, 0);
        let unset = desk.run(&["billing", "send", "--yes"]);
        assert_eq!(unset.code, 3, "{}", unset.stderr);
        assert!(unset.stderr.contains("accolades secret set mail"), "{}", unset.stderr);
        assert_eq!(desk.run_with(&["secret", "set", "mail"], &format!("{PASSWORD}\n")).code, 0);

        server.behaves(|stage, _| if stage == Stage::Dot { Act::Die } else { Act::Go });
        let told = desk.run(&["mail", "send"]);
        assert_eq!(told.code, 6, "{}{}", told.stdout, told.stderr);
        assert!(
            told.stderr.contains("may have been sent") && told.stderr.contains("mail arrived 1"),
            "{}",
            told.stderr
        );
        server.behaves(|_, _| Act::Go);
        assert_eq!(desk.run(&["mail", "send"]).code, 0);
        assert_eq!(desk.run(&["billing", "send", "--yes"]).code, 0);
        assert_eq!(server.received().len(), 1, "never twice in silence");
        let waiting = json(&desk, &["mail", "list", "--state", "may-have-been-sent"]);
        assert_eq!(waiting["mails"][0]["number"], 1);
        assert_eq!(desk.run(&["mail", "resend", "1"]).code, 0);
        assert_eq!(desk.run(&["mail", "send"]).code, 0);
        assert_eq!(server.received().len(), 2, "a person said so");
        assert_eq!(desk.run(&["mail", "give-up", "1"]).code, 2, "what was sent is sent");
        (desk, server)
    })
    .await
    .expect("the blocking part ends");
    assert_eq!(server.received()[0].message, server.received()[1].message, "the same message, byte for byte");
    drop(desk);
}

fn pdf_text(desk: &Desk, file: &str) -> Option<String> {
    let output = std::process::Command::new("pdftotext").arg("-layout").arg(desk.path(file)).arg("-").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn billing_papers_are_printed_for_the_client_as_it_is() {
    let desk = Desk::accepted();
    let paper = |arguments: &[&str]| desk.run(&[&["billing", "paper"], arguments].concat());
    assert_eq!(paper(&["contract", "atelier-lilas"]).code, 0);
    assert_eq!(paper(&["contract", "atelier-lilas"]).code, 2, "a file that is there is not replaced");
    let small = ["contract", "atelier-lilas", "--off-premises", "--employees", "5", "--output", "small.pdf"];
    assert_eq!(paper(&small).code, 0);
    assert_eq!(paper(&["contract", "atelier-lilas", "--off-premises", "-o", "nine.pdf", "--employees", "6"]).code, 0);
    if let (Some(plain), Some(small), Some(nine)) =
        (pdf_text(&desk, "contract-atelier-lilas.pdf"), pdf_text(&desk, "small.pdf"), pdf_text(&desk, "nine.pdf"))
    {
        for part in ["Atelier des Lilas", "Camille Morel", "39,00 €", "46,80 €", "65,00 €", "31 août 2027", "20 h"]
        {
            assert!(plain.contains(part), "{part} in {plain}");
        }
        assert!(!plain.contains("rétractation") && !nine.contains("rétractation"));
        assert!(small.contains("Formulaire de rétractation"), "{small}");
    }

    assert_eq!(desk.run(&["support", "log", "atelier-lilas", "19h", "Reprise", "--at", "2026-11-02 02:00"]).code, 0);
    assert_eq!(desk.run(&["support", "log", "atelier-lilas", "3h", "Suite", "--at", "2026-11-04 09:00"]).code, 0);
    assert_eq!(paper(&["statement", "atelier-lilas"]).code, 0);
    if let Some(text) = pdf_text(&desk, "statement-atelier-lilas.pdf") {
        for part in
            ["Reprise", "Suite", "2 h au-delà du forfait", "attendent votre accord", "l'accord de Camille Morel"]
        {
            assert!(text.replace('’', "'").contains(part), "{part} in {text}");
        }
    }

    let unknown = paper(&["mandate", "atelier-lilas"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("creditor_id"), "{}", unknown.stderr);
    desk.replace("inventory/cooperative.toml", "due_days = 30", "due_days = 30\ncreditor_id = \"FR72ZZZ123456\"");
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    assert_eq!(paper(&["mandate", "atelier-lilas"]).code, 0);
    let public = paper(&["mandate", "mairie-valsonne"]);
    assert_eq!(public.code, 2);
    assert!(public.stderr.contains("R29"), "{}", public.stderr);
    let early = paper(&["renewal", "atelier-lilas"]);
    assert_eq!(early.code, 0);
    assert!(early.stderr.contains("2027-05-01 to 2027-07-01"), "{}", early.stderr);
}

/// R11: within the window only, once, with the proof recorded.
#[test]
fn billing_notices_of_renewal_are_sent_within_their_window() {
    let desk = Desk::accepted();
    let nothing = desk.run(&["billing", "notice", "send", "--yes"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (0, "no notice is due\n"));
    let early = desk.run(&["billing", "notice", "send", "atelier-lilas", "--yes"]);
    assert_eq!((early.code, count(&desk, "mail")), (2, 0), "{}", early.stderr);
    assert!(early.stderr.contains("R11") && early.stderr.contains("2027-05-01"), "{}", early.stderr);

    // Its term is 31 January then: the window is open since 1 October.
    desk.replace(
        "inventory/clients/atelier-lilas.toml",
        "minimum_seats = 5",
        "minimum_seats = 5\ncommitment_months = 5",
    );
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    assert!(desk.run(&["billing", "notice", "list"]).stdout.contains("due"));
    assert_eq!(desk.run(&["billing", "notice", "send", "--yes"]).code, 0);
    assert_eq!(count(&desk, "mail"), 1, "to the manager");
    let listed = json(&desk, &["billing", "notice", "list"]);
    let lilas = listed["renewals"].as_array().and_then(|all| all.iter().find(|one| one["client"] == "atelier-lilas"));
    assert_eq!(lilas.map(|one| one["state"].clone()), Some("sent".into()));
    let again = desk.run(&["billing", "notice", "send", "--yes"]);
    assert_eq!((again.stdout.as_str(), count(&desk, "mail")), ("no notice is due\n", 1));
    let events = json(&desk, &["mail", "show", "1"]);
    assert_eq!(events["mail"]["kind"], "renewal-notice");
    let file = std::fs::read_dir(desk.path("mail")).expect("mails").next().expect("one").expect("readable").path();
    let mail = std::fs::read_to_string(file).expect("a mail");
    assert!(mail.contains("AU PLUS TARD LE 1er janvier 2027"), "{mail}");
}
