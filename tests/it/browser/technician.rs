//! A technician onboards a client from the browser, in the lab: the real `accolades serve` with its jobs, from the invitation
//! to the finished machine.

use accolades::portal::factor;
use accolades::store::{Scope, Store};
use accolades::util::clock::Clock;
use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

use super::driver::{Browser, DESK, Setup};
use super::sight::look_at;
use crate::portal::world::{PASSWORD, unbase32};
use crate::rehearsal::RELAY_PASSWORD;
use crate::technician::{DISK_SERIAL, Technician};

/// How often the page of an order is looked at before it must have ended.
const LOOKS_MAX: usize = 1500;

/// What is typed into the form.
const FORM: [(&str, &str); 10] = [
    ("id", "ruche"),
    ("name", "La Ruche <b>des</b> Voisins"),
    ("legal_form", "association loi 1901"),
    ("rna", "W691234567"),
    ("street", "3 place du Marché"),
    ("postcode", "69100"),
    ("city", "Villeurbanne"),
    ("contact", "Inès Faure"),
    ("email", "ines.faure@courriel.example"),
    ("domain", "ruche.example"),
];

/// `accolades serve` at work; gives the portal's address.
pub async fn serve(technician: &Technician) -> (Child, String) {
    let mut server = technician.start(&["serve", "--listen", "127.0.0.1:0"], "").await;
    let mut lines = BufReader::new(server.stdout.take().expect("piped")).lines();
    let first = lines.next_line().await.unwrap().expect("the portal says where it is");
    let address = first.strip_prefix("portal ").unwrap_or_else(|| panic!("`{first}`")).to_owned();
    // Read on, so that it never waits for us.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (server, address)
}

async fn now(technician: &Technician) -> Timestamp {
    Clock::lab(&technician.served.endpoints.clock).now().await.unwrap()
}

/// Somebody of the co-operative takes an invitation and enters.
pub async fn invited(technician: &Technician, browser: &Browser, address: &str, account: &str, role: &str) {
    let named = ["account", "add", account, "--name", "Nadia F", "--email", "n@coop.example"];
    let added = [&named[..], &["--role", role, "--public-url", address]].concat();
    let added = technician.must(&added, "").await;
    let link = added.lines().find(|line| line.starts_with(address)).expect("a link").trim().to_owned();
    browser.go(&link).await;
    let secret = unbase32(browser.text("p.key").await.trim());
    browser.fill("#password", PASSWORD).await;
    browser.fill("#again", PASSWORD).await;
    browser.fill("#code", &factor::code(&secret, factor::step(now(technician).await))).await;
    browser.click("main form button").await;
    browser.until("ul.codes").await;

    // A code works once: the next one is for entering.
    Clock::lab(&technician.served.endpoints.clock).sleep(std::time::Duration::from_secs(60)).await.unwrap();
    browser.go(&format!("{address}/equipe/entrer")).await;
    browser.fill("#name", account).await;
    browser.fill("#password", PASSWORD).await;
    browser.fill("#code", &factor::code(&secret, factor::step(now(technician).await))).await;
    browser.click("main form button").await;
    browser.until("nav").await;
}

/// Presses "refresh" until the order has ended; gives what the page says then.
pub async fn until_it_ends(browser: &Browser, path: &str) -> String {
    for _ in 0..LOOKS_MAX {
        browser.go(path).await;
        let page = browser.text("main").await;
        let is_open = page.contains("En cours.") || page.contains("En attente") || page.contains("Nouvel essai");
        if !is_open {
            return page;
        }
        // The lab's time passes, and with it the program's.
        browser.until("main .sentence").await;
        tokio::task::yield_now().await;
    }
    panic!("it never ends: {}", browser.text("main").await);
}

async fn fill_in(browser: &Browser) {
    for (name, text) in FORM {
        browser.fill(&format!("input[name='{name}']"), text).await;
    }
    browser.fill_date("input[name='start']", "2026-11-01").await;
    browser.choose("vat", "non-taxable").await;
    browser.choose("mail", "here").await;
    browser.choose("on", "ilot").await;
}

async fn onboard(setup: Setup) {
    let technician = Technician::new(12).await;
    technician.must(&["inventory", "accept"], "").await;
    technician.must(&["secret", "set", "relay"], RELAY_PASSWORD).await;
    technician.must(&["site", "prepare", "friche", "--format", DISK_SERIAL], "").await;
    let (mut server, address) = serve(&technician).await;
    let browser = &Browser::open(setup).await;
    // axe-core is a script.
    let look = async |name: &str| {
        if setup.javascript {
            look_at(browser, name).await;
        }
    };
    invited(&technician, browser, &address, "nadia", "technician").await;

    // The form, with a mistake first.
    browser.press("Clients").await;
    browser.press("Nouveau client").await;
    fill_in(browser).await;
    browser.fill("input[name='id']", "La Ruche").await;
    browser.click("main form button").await;
    browser.until(".mistake").await;
    look("equipe-client-nouveau-faute").await;
    assert_eq!(browser.value("input[name='city']").await, "Villeurbanne", "what was typed stays");
    browser.fill("input[name='id']", "ruche").await;
    browser.click("main form button").await;

    // The difference, nothing written yet; then written and accepted, and a plan asked for.
    browser.until_says("pre", "clients/ruche.toml").await;
    look("equipe-difference").await;
    let file = technician.path("inventory/clients/ruche.toml");
    assert!(!file.exists(), "a look writes nothing");
    browser.press("Écrire et accepter").await;
    browser.until("main .sentence").await;
    assert!(file.exists());
    let order = browser.url().await.split('?').next().unwrap().to_owned();
    let ended = until_it_ends(browser, &order).await;
    assert!(ended.contains("Terminé."), "{ended}");
    let store = Store::open(&technician.store()).await.unwrap();
    let accepted = store.latest_inventory().await.unwrap().unwrap();
    assert_eq!((accepted.number, accepted.accepted_by.as_str()), (2, "nadia"));

    // The plan is read and confirmed; the work is followed to its end.
    browser.press("Lire le plan").await;
    browser.until_says("pre", "ruche").await;
    look("equipe-plan").await;
    browser.press("Exécuter ce plan").await;
    browser.until("main .sentence").await;
    let order = browser.url().await.split('?').next().unwrap().to_owned();
    let ended = until_it_ends(browser, &order).await;
    assert!(ended.contains("Terminé."), "{ended}");
    look("equipe-travail").await;
    let machine = technician.served.lab.lock().world.sites["friche"].pve.vms.contains_key(&1002);
    assert!(machine, "the machine stands");
    let runs = store.runs(&Scope::Staff, 9).await.unwrap();
    assert!(runs.iter().any(|run| run.by == "nadia" && run.plan_id.is_some() && run.end.is_some()), "{runs:#?}");
    assert!(store.open_job_orders(&Scope::Staff).await.unwrap().is_empty());

    // What somebody changes in the files and does not accept is shown, and stays.
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str("# nadia: encore à vérifier\n");
    std::fs::write(&file, &text).unwrap();
    browser.go(&format!("{address}/equipe/clients/nouveau")).await;
    fill_in(browser).await;
    browser.fill("input[name='id']", "autre").await;
    browser.click("main form button").await;
    browser.until_says("pre", "encore à vérifier").await;
    look("equipe-inventaire-autre").await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);

    // Work is logged in one line.
    browser.go(&format!("{address}/equipe/clients/ruche")).await;
    browser.fill("#time", "1h30").await;
    browser.fill("#words", "Prise en main").await;
    browser.press("Noter").await;
    browser.until(".notice").await;
    look("equipe-client-note").await;
    let ruche = Scope::Client("ruche".parse().unwrap());
    assert_eq!(store.support_entries(&ruche).await.unwrap()[0].entry.minutes, 90);
    assert!(store.check_audit().await.unwrap().broken_at.is_none());
    server.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_a_technician_onboards_a_client_in_the_lab() {
    onboard(DESK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_a_technician_onboards_a_client_without_scripts() {
    onboard(Setup { javascript: false, ..DESK }).await;
}
