//! Every route x every foreign id x every role: what is not one's own looks like what does not exist.

use accolades::inventory::model::ContactRole;
use accolades::portal::{Route, Who, table};
use accolades::store::{Scope, StaffRole};
use axum::http::Method;

use super::http::{Browser, Page};
use super::world::{APPROVER, BILLING, MANAGER, MEMBER, OTHER, OWN, World};

/// Whose id stands in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    Foreign,
    Nobodys,
}

/// The ids of two clients.
struct Ids {
    invoices: [String; 2],
    files: [String; 2],
    requests: [i64; 2],
}

impl Ids {
    async fn of(world: &World) -> Ids {
        let invoices = [world.invoice_of(OWN).await, world.invoice_of(OTHER).await];
        let request = |client: &'static str| async move {
            world.store.consents(&Scope::Client(client.parse().unwrap())).await.unwrap()[0].request
        };
        Ids {
            files: invoices.clone().map(|number| format!("{number}.pdf")),
            requests: [request(OWN).await, request(OTHER).await],
            invoices,
        }
    }

    /// What stands in the place of a name in a path. A name that is not here fails the test: give its ids.
    fn fill(&self, name: &str, whose: Whose) -> String {
        let (own, foreign, nobodys): (String, String, String) = match name {
            "client" => (OWN.into(), OTHER.into(), "personne".into()),
            "instance" => ("lilas".into(), "valsonne".into(), "nulle-part".into()),
            "site" => ("croix-rousse".into(), "valsonne".into(), "nulle-part".into()),
            "number" => ("1".into(), "1".into(), "999".into()),
            "invoice" => (self.invoices[0].clone(), self.invoices[1].clone(), "F2026-99999".into()),
            "file" => (self.files[0].clone(), self.files[1].clone(), "F2026-99999.pdf".into()),
            "request" => (self.requests[0].to_string(), self.requests[1].to_string(), "999".into()),
            other => panic!("`{{{other}}}` is new in a path: say which ids it has"),
        };
        match whose {
            Whose::Own => own,
            Whose::Foreign => foreign,
            Whose::Nobodys => nobodys,
        }
    }
}

/// The names in a path. An invoice's number and a drill's are told apart by what stands before them.
fn names(path: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = path.split('/').collect();
    let named = |(place, part): (usize, &&str)| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        let kind = if name == "number" && parts[place - 1] == "factures" { "invoice" } else { name };
        Some((format!("{{{name}}}"), kind.to_owned()))
    };
    parts.iter().enumerate().filter_map(named).collect()
}

fn filled(route: &Route, ids: &Ids, whose: impl Fn(&str) -> Whose) -> String {
    names(route.path)
        .into_iter()
        .fold(route.path.to_owned(), |path, (hole, kind)| path.replace(&hole, &ids.fill(&kind, whose(&kind))))
}

async fn ask(browser: &Browser, route: &Route, path: &str) -> Page {
    match route.method {
        Method::GET => browser.get(&format!("{path}?choix=oui")).await,
        _ => browser.post(path, "form=abc&choix=peut-etre&session=x&email=x&code=x&what=end").await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_isolation_every_route_x_every_foreign_id_x_every_role() {
    let world = World::new().await;
    world.fill().await;
    world.issue().await;
    let ids = Ids::of(&world).await;
    let contacts = [
        (MANAGER, vec![ContactRole::Manager, ContactRole::Approver, ContactRole::Technical]),
        (BILLING, vec![ContactRole::Billing]),
        (APPROVER, vec![ContactRole::Approver]),
        (MEMBER, vec![ContactRole::Technical]),
    ];
    let mut people = Vec::new();
    for (email, roles) in contacts {
        people.push((world.enter(email).await, roles));
    }
    let mut staff = Vec::new();
    for role in StaffRole::ALL {
        staff.push((world.staff(role.word(), role).await, role));
    }
    let nowhere = people[0].0.get("/nulle-part").await;
    assert_eq!(nowhere.status, 404);
    let (mut hidden, mut shown) = (0, 0);
    for route in table() {
        let Who::Client(need) = route.who else { continue };
        let own = filled(&route, &ids, |_| Whose::Own);
        for (browser, roles) in &people {
            // One foreign id at a time, and all of them.
            let kinds: Vec<String> = names(route.path).into_iter().map(|(_, kind)| kind).collect();
            for whose in [Whose::Foreign, Whose::Nobodys] {
                for kind in &kinds {
                    let path = filled(&route, &ids, |one| if one == kind { whose } else { Whose::Own });
                    if path == own {
                        continue; // the same number means another thing at another client's
                    }
                    let page = ask(browser, &route, &path).await;
                    assert_eq!(page.status, 404, "{} {path} as {roles:?}", route.method);
                    assert_eq!(page.text(), nowhere.text(), "{path} looks otherwise than what does not exist");
                    hidden += 1;
                }
                let path = filled(&route, &ids, |_| whose);
                let page = ask(browser, &route, &path).await;
                assert_eq!((page.status, page.text()), (404, nowhere.text()), "{} {path}", route.method);
            }
            let page = ask(browser, &route, &own).await;
            if need.is_met_by(roles) {
                assert_ne!(page.status, 404, "{} {own} as {roles:?}", route.method);
                assert!(page.status < 500, "{} {own}: {}", route.method, page.status);
                assert!(!page.text().contains(&format!("secret-of-{OTHER}")), "{own} shows another client's");
                shown += 1;
            } else {
                assert_eq!((page.status, page.text()), (404, nowhere.text()), "{} {own} as {roles:?}", route.method);
                hidden += 1;
            }
        }
        // The co-operative's people enter elsewhere, nobody enters at all.
        for browser in staff.iter().map(|(browser, _)| browser).chain([&world.browser]) {
            let page = ask(browser, &route, &own).await;
            assert_eq!(page.status, 303, "{} {own}", route.method);
            assert!(page.header("location").starts_with("/entrer"), "{own}");
        }
    }
    assert!(hidden > 200 && shown > 40, "{hidden} hidden, {shown} shown");

    for route in table() {
        let Who::Staff(roles) = route.who else { continue };
        let path = filled(&route, &ids, |_| Whose::Own);
        for browser in people.iter().map(|(browser, _)| browser).chain([&world.browser]) {
            let page = ask(browser, &route, &path).await;
            assert_eq!((page.status, page.header("location")), (303, "/equipe/entrer"), "{} {path}", route.method);
        }
        for (browser, role) in &staff {
            let page = ask(browser, &route, &path).await;
            let is_hidden = page.status == 404 && page.text().contains("Cette page n’existe pas");
            assert!(roles.contains(role) || is_hidden, "{} {path} as {role:?}: {}", route.method, page.status);
        }
    }
}

#[test]
fn portal_isolation_every_route_below_a_client_is_a_clients() {
    let mut clients = 0;
    for route in table() {
        assert_eq!(route.path.starts_with("/c/"), matches!(route.who, Who::Client(_)), "{}", route.path);
        assert_eq!(route.path.starts_with("/c/{client}"), matches!(route.who, Who::Client(_)), "{}", route.path);
        let is_staff = matches!(route.who, Who::Staff(_));
        let is_entrance = route.path == "/equipe/entrer" || route.path.starts_with("/equipe/invitation/");
        assert_eq!(route.path.starts_with("/equipe") && !is_entrance, is_staff, "{}", route.path);
        clients += usize::from(matches!(route.who, Who::Client(_)));
    }
    assert!(clients >= 20);
}
