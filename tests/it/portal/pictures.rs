//! Pictures of every page, to look at: `ACCOLADES_PORTAL_PICTURES=FOLDER` and Debian's `chromium` make them. Without the
//! variable nothing is made.

use std::path::{Path, PathBuf};
use std::process::Command;

use accolades::domain::backup::health::{ListingSeen, NodeSeen, SEEN_VERSION, Sealing, Snapshot, Verification};
use accolades::domain::services::{Power, ServicesSeen};
use accolades::health::services::promised;
use accolades::store::{Movement, NewLook, NewPayment, Scope, StaffRole};
use jiff::Timestamp;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::http::Browser;
use super::world::{DAY_US, MANAGER, MINUTE_US, NOW_US, OWN, World, id};

/// Names the folder.
const VARIABLE: &str = "ACCOLADES_PORTAL_PICTURES";

/// Name, width and height of a screen.
const SCREENS: [(&str, u32); 2] = [("phone", 390), ("desktop", 1280)];
/// Name and Chromium's number of a theme.
const THEMES: [(&str, u32); 2] = [("light", 1), ("dark", 0)];

#[tokio::test(flavor = "multi_thread")]
async fn portal_pictures_are_made_on_demand() {
    let Some(folder) = std::env::var_os(VARIABLE).map(PathBuf::from) else { return };
    let world = World::new().await;
    world.fill().await;
    world.issue().await;
    lived(&world).await;
    let inside = world.enter(MANAGER).await;
    let staff = world.staff("nadia", StaffRole::Technician).await;
    let invoice = world.invoice_of(OWN).await;
    let request = world.store.consents(&Scope::Client(OWN.parse().unwrap())).await.unwrap()[0].request;
    let invitation = world.portal.invite("nadia", world.now()).await.unwrap();
    let invitation = invitation.strip_prefix(&world.portal.settings.public_url).unwrap().to_owned();
    let link = world.portal.entry_link(MANAGER, world.now()).await.unwrap();
    let link = link.strip_prefix(&world.portal.settings.public_url).unwrap().to_owned();
    let client = |rest: &str| format!("/c/{OWN}{rest}");
    let pages = [
        ("accueil", client(""), &inside, 1500, 2900),
        ("sauvegardes", client("/sauvegardes"), &inside, 1500, 2400),
        ("essai", client("/sauvegardes/essai/lilas/1"), &inside, 1300, 1800),
        ("assistance", client("/assistance"), &inside, 1100, 1500),
        ("accord", client(&format!("/assistance/accord/{request}")), &inside, 900, 1100),
        ("accord-relire", client(&format!("/assistance/accord/{request}/relire?choix=oui")), &inside, 1000, 1300),
        ("factures", client("/factures"), &inside, 900, 1400),
        ("facture", client(&format!("/factures/{invoice}")), &inside, 1300, 1900),
        ("postes", client("/postes"), &inside, 1700, 2100),
        ("aide", client("/aide"), &inside, 1000, 1200),
        ("documents", client("/documents"), &inside, 1300, 1600),
        ("personnes", client("/acces"), &inside, 1200, 1400),
        ("journal", client("/journal"), &inside, 900, 1100),
        ("mes-acces", "/moi".to_owned(), &inside, 800, 900),
        ("deuxieme-preuve", "/moi/preuve".to_owned(), &inside, 900, 1000),
        ("entrer", "/entrer".to_owned(), &world.browser, 700, 800),
        ("code", "/entrer/code?demande=x".to_owned(), &world.browser, 700, 800),
        ("bouton", link, &world.browser, 700, 700),
        ("introuvable", "/nulle-part".to_owned(), &world.browser, 600, 700),
        ("equipe-entrer", "/equipe/entrer".to_owned(), &world.browser, 700, 800),
        ("invitation", invitation, &world.browser, 1100, 1200),
        ("equipe-acces", "/equipe/moi".to_owned(), &staff, 700, 800),
    ];
    std::fs::create_dir_all(&folder).unwrap();
    for (name, path, browser, desktop, phone) in pages {
        let address = with_cookie(browser.clone()).await;
        for (screen, width) in SCREENS {
            let height = if screen == "phone" { phone } else { desktop };
            for (theme, number) in THEMES {
                let file = folder.join(format!("{name}-{screen}-{theme}.png"));
                picture(&format!("http://{address}{path}"), (width, height), number, &file).await;
            }
        }
    }
}

async fn picture(url: &str, (width, height): (u32, u32), theme: u32, file: &Path) {
    let (url, file) = (url.to_owned(), file.to_owned());
    let taken = tokio::task::spawn_blocking(move || {
        Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--lang=fr"])
            .arg(format!("--blink-settings=preferredColorScheme={theme}"))
            .arg(format!("--window-size={width},{height}"))
            .arg(format!("--screenshot={}", file.display()))
            .arg(url)
            .output()
            .map(|output| (output.status.success(), file))
    });
    let (is_taken, file) = taken.await.unwrap().unwrap();
    assert!(is_taken && file.exists(), "{}", file.display());
}

/// An address that asks the portal with a cookie: a browser cannot be given one on its command line.
async fn with_cookie(browser: Browser) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let browser = browser.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                let mut byte = [0; 1];
                while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).await.is_ok() {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let Some(path) = head.split(' ').nth(1) else { return };
                let page = browser.get(path).await;
                let mut answer = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", page.status);
                for (name, value) in page.headers.iter().filter(|(name, _)| name != "connection") {
                    answer.push_str(&format!("{name}: {value}\r\n"));
                }
                answer.push_str("\r\n");
                // A browser that has seen enough hangs up.
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.write_all(&page.bytes).await;
            });
        }
    });
    address
}

fn at(at_us: i64) -> Timestamp {
    Timestamp::from_microsecond(at_us).unwrap()
}

/// Sixty days of backups, services that run, an invoice that was paid.
async fn lived(world: &World) {
    let look = |what: &str, seen: Value| NewLook {
        scope: Scope::Client(OWN.parse().unwrap()),
        subject_kind: "instance",
        subject_id: "lilas".to_owned(),
        what: what.to_owned(),
        at_us: NOW_US - 4 * MINUTE_US,
        found: Ok(seen),
    };
    let snapshot = |days: i64, hour: i64| Snapshot {
        id: format!("vm/1001/{days}"),
        at: at(NOW_US - days * DAY_US - hour * 60 * MINUTE_US),
        size_bytes: 41_300_000_000,
        sealing: Sealing::Encrypted,
        verification: Some(Verification { ok: true, at: Some(at(NOW_US - DAY_US)), host: None }),
        protected: false,
    };
    let local = (0..7).chain([14, 21, 28]).filter(|day| *day != 3).map(|day| snapshot(day, 5)).collect();
    let remote = (0..14).chain((14..60).step_by(7)).map(|day| snapshot(day, 4)).collect();
    let listing =
        |snapshots: Vec<Snapshot>| serde_json::to_value(ListingSeen { version: SEEN_VERSION, snapshots }).unwrap();
    let node = NodeSeen {
        version: SEEN_VERSION,
        clock_ahead_s: 0,
        time_zone: "Europe/Paris".to_owned(),
        machine: None,
        places: std::collections::BTreeMap::new(),
        tasks: vec![accolades::domain::backup::health::TaskSeen {
            started_at: at(NOW_US - 3 * DAY_US - 5 * 60 * MINUTE_US),
            end: accolades::domain::backup::health::TaskEnd::Failed("no".to_owned()),
            storage: None,
            reasons: Vec::new(),
        }],
    };
    let own = &world.inventory.clients[&id(OWN)];
    let mut services = ServicesSeen::of_machine(Power::On, None);
    services.reported_at = Some(at(NOW_US - 5 * MINUTE_US));
    for unit in accolades::domain::services::UNITS {
        services.units.insert(unit.to_owned(), "active".to_owned());
    }
    for (app, domain, path) in promised(own) {
        let answer = Some(accolades::domain::services::ANSWERS.to_owned());
        services.apps.push(accolades::domain::services::AppSeen { app, address: format!("{domain}{path}"), answer });
    }
    let looks = [
        look("backup-node", serde_json::to_value(node).unwrap()),
        look("backup-local", listing(local)),
        look("backup-remote", listing(remote)),
        look("services", serde_json::to_value(services).unwrap()),
    ];
    world.store.record_looks(&looks).await.unwrap();
    let number = world.invoice_of(OWN).await;
    let gross = world.store.invoice(&Scope::Staff, &number).await.unwrap().unwrap().gross;
    let payment = NewPayment {
        client: OWN.parse().unwrap(),
        number: Some(number),
        movement: Movement::Payment,
        cents: gross,
        moved_on: "2026-11-20".parse().unwrap(),
        means: "transfer".to_owned(),
        reference: "VIR".to_owned(),
        reverses: None,
        by: "ana".to_owned(),
        at_us: NOW_US - 20 * DAY_US,
    };
    world.store.record_payment(&payment).await.unwrap();
}
