//! Contacts enter by e-mail.

use accolades::portal::factor;
use accolades::store::Scope;
use secrecy::ExposeSecret;

use super::http::Browser;
use super::world::{APPROVER, DAY_US, MANAGER, MINUTE_US, OWN, World, form, id, unbase32};

/// Asks for a mail; the page that follows.
async fn ask(world: &World, email: &str) -> String {
    let page = world.browser.post("/entrer", &form(&[("email", email), ("vers", "/c/atelier-lilas/aide")])).await;
    assert_eq!(page.status, 303, "{}", page.text());
    page.header("location").to_owned()
}

/// The text of the login mail, once it is in the outbox. Waits for as long as a slow machine may take.
async fn mail(world: &World) -> String {
    let look = async {
        loop {
            if let Some(mail) = world.store.mails(&Scope::Staff, None, None).await.unwrap().into_iter().next_back() {
                assert!(mail.is_confidential);
                let name = accolades::post::secret_name(&mail.key);
                if let Some(message) = world.portal.vault.get_secret(&name).await.unwrap() {
                    return unquoted(message.expose_secret());
                }
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), look).await.expect("a mail")
}

/// Quoted-printable or base64 as plain text.
fn unquoted(message: &str) -> String {
    if message.to_lowercase().contains("content-transfer-encoding: base64") {
        use base64::Engine;
        let body: String = message.split("\r\n\r\n").nth(1).unwrap().split_whitespace().collect();
        let bytes = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
        return String::from_utf8(bytes).unwrap();
    }
    message.replace("=\r\n", "").replace("=3D", "=")
}

fn link(world: &World, mail: &str) -> String {
    let start = mail.find(&world.portal.settings.public_url).unwrap();
    let link = mail[start..].split_whitespace().next().unwrap();
    link.strip_prefix(&world.portal.settings.public_url).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_entry_a_link_opens_a_button_and_works_once() {
    let world = World::new().await;
    ask(&world, "Camille.Morel@Courriel.example").await;
    let link = link(&world, &mail(&world).await);
    // What a mail scanner does: it looks, and nothing is used up.
    for _ in 0..3 {
        let page = world.browser.get(&link).await;
        assert_eq!(page.status, 200);
        assert!(page.header("set-cookie").is_empty() && page.text().contains("<button>"), "{}", page.text());
    }
    let token = link.split('?').next().unwrap();
    let page = world.browser.post(token, "vers=%2Fc%2Fatelier-lilas%2Faide").await;
    assert_eq!((page.status, page.header("location")), (303, "/c/atelier-lilas/aide"));
    let cookie = page.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let inside = world.browser.with(&page.cookie());
    assert_eq!(inside.get("/c/atelier-lilas").await.status, 200);
    assert_eq!(world.browser.get(&link).await.status, 410, "used");
    assert_eq!(world.browser.post(token, "vers=%2F").await.status, 410, "used");
    assert_eq!(inside.post(token, "vers=%2F").await.status, 303, "pressed twice: whoever is in goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_entry_a_link_ends_after_fifteen_minutes() {
    let world = World::new().await;
    let link = world.portal.entry_link(MANAGER, world.now()).await.unwrap();
    let path = link.strip_prefix(&world.portal.settings.public_url).unwrap();
    world.pass(15 * MINUTE_US);
    assert_eq!(world.browser.get(path).await.status, 410);
    assert_eq!(world.browser.post(path, "vers=%2F").await.status, 410);
    let stranger = format!("/entrer/lien/{}", "0".repeat(64));
    assert_eq!(world.browser.post(&stranger, "vers=%2F").await.status, 410, "nobody's link");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_entry_six_digits_open_on_another_device_and_run_out() {
    let world = World::new().await;
    let page = ask(&world, MANAGER).await;
    let mail = mail(&world).await;
    let digits: String = mail
        .split_whitespace()
        .collect::<Vec<_>>()
        .windows(2)
        .find(|two| two.iter().all(|part| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit())))
        .unwrap()
        .concat();
    let request = page.split("demande=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let wrong = if digits == "000000" { "000001" } else { "000000" };
    let with = |code: &str| form(&[("demande", &request), ("code", code), ("vers", "/")]);
    for _ in 0..4 {
        let refused = world.browser.post("/entrer/code", &with(wrong)).await;
        assert_eq!(refused.status, 422);
        assert!(refused.header("set-cookie").is_empty());
    }
    assert_eq!(world.browser.post("/entrer/code", &with(&digits)).await.status, 303, "the fifth try");

    // After five wrong ones the right one is worth nothing.
    let other = ask(&world, APPROVER).await;
    let request = other.split("demande=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let with = |code: &str| form(&[("demande", &request), ("code", code), ("vers", "/")]);
    let mut all = Vec::new();
    for number in 0..6 {
        all.push(world.browser.post("/entrer/code", &with(&format!("{number:06}"))).await.status);
    }
    assert!(all.iter().all(|status| *status == 422), "{all:?}");
    assert_eq!(world.store.try_code(&request, 5, world.now().as_microsecond()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_entry_an_unknown_address_gets_the_same_answer() {
    let world = World::new().await;
    let known = world.browser.post("/entrer", &form(&[("email", MANAGER)])).await;
    let unknown = world.browser.post("/entrer", &form(&[("email", "personne@ailleurs.example")])).await;
    let shape = |page: &super::http::Page| {
        let location = page.header("location");
        (page.status, location.len(), page.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>())
    };
    assert_eq!(shape(&known), shape(&unknown));
    let page = |location: String| {
        let browser = world.browser.clone();
        async move { browser.get(&location).await.text() }
    };
    let request = |location: &str| location.split("demande=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let (a, b) = (known.header("location").to_owned(), unknown.header("location").to_owned());
    let (first, second) = (page(a.clone()).await, page(b.clone()).await);
    assert_eq!(first.replace(&request(&a), "X"), second.replace(&request(&b), "X"));
    mail(&world).await;
    assert_eq!(world.store.mails(&Scope::Staff, None, None).await.unwrap().len(), 1, "only contacts get a mail");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_entry_nothing_that_opens_stands_in_the_store() {
    let world = World::new().await;
    ask(&world, MANAGER).await;
    let mail = mail(&world).await;
    let link = link(&world, &mail);
    let token = link.split('?').next().unwrap();
    let page = world.browser.post(token, "vers=%2F").await;
    let cookie = page.cookie();
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(world.folder.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    let holds = |needle: &str| bytes.windows(needle.len()).any(|some| some == needle.as_bytes());
    assert!(holds(MANAGER), "the store is what was read");
    assert!(!holds(token.rsplit('/').next().unwrap()), "the link's token");
    assert!(!holds(cookie.split('=').nth(1).unwrap()), "the cookie's value");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_entry_mails_are_limited_also_after_a_restart() {
    let mut world = World::new().await;
    for _ in 0..5 {
        ask(&world, MANAGER).await;
    }
    let body = form(&[("email", MANAGER)]);
    assert_eq!(world.browser.post("/entrer", &body).await.status, 429);
    world.restart().await;
    assert_eq!(world.browser.post("/entrer", &body).await.status, 429, "a restart forgives nothing");
    world.pass(60 * MINUTE_US);
    assert_eq!(world.browser.post("/entrer", &body).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_entry_sessions_end() {
    let mut world = World::new().await;
    let inside = |world: &World, browser: &Browser| world.browser.with(&browser.cookie);
    let status = |browser: Browser| async move { browser.get("/c/atelier-lilas").await.status };

    let idle = world.enter(MANAGER).await;
    world.pass(7 * DAY_US);
    assert_eq!(status(inside(&world, &idle)).await, 303, "not used for a week");

    let busy = world.enter(MANAGER).await;
    for _ in 0..5 {
        world.pass(6 * DAY_US - MINUTE_US);
        assert_eq!(status(inside(&world, &busy)).await, 200, "used again and again");
    }
    world.pass(DAY_US);
    assert_eq!(status(inside(&world, &busy)).await, 303, "thirty days at the latest");

    let mine = world.enter(MANAGER).await;
    world.restart().await;
    assert_eq!(status(inside(&world, &mine)).await, 200, "sessions outlive a restart");
    let left = inside(&world, &mine).post("/sortir", "").await;
    assert_eq!((left.status, left.header("location")), (303, "/entrer"));
    assert_eq!(status(inside(&world, &mine)).await, 303, "left");

    // The inventory says who is a contact: whoever is taken out is out.
    let mine = world.enter(MANAGER).await;
    let mut inventory = world.inventory.clone();
    inventory.clients.get_mut(&id(OWN)).unwrap().contacts.remove(0);
    super::world::accept(&world.store, &inventory).await;
    assert_eq!(status(inside(&world, &mine)).await, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_entry_a_rotated_key_ends_every_session() {
    let mut world = World::new().await;
    let before = world.enter(MANAGER).await;
    assert_eq!(before.get("/moi").await.status, 200);
    let mut vault = world.portal.vault.clone();
    vault.rotate_key().await.unwrap();
    world.restart().await;
    assert_eq!(world.browser.with(&before.cookie).get("/moi").await.status, 303, "a cookie from before the change");
    assert_eq!(world.enter(MANAGER).await.get("/moi").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_entry_a_second_proof_is_asked_for_by_whoever_wants_it() {
    let world = World::new().await;
    let inside = world.enter(MANAGER).await;
    let page = inside.get("/moi/preuve").await.text();
    let secret = unbase32(page.split("<p class=\"key\">").nth(1).unwrap().split('<').next().unwrap());
    let code = |world: &World| factor::code(&secret, factor::step(world.now()));
    assert_eq!(inside.post("/moi/preuve", "code=000000").await.status, 422);
    let codes = inside.post("/moi/preuve", &format!("code={}", code(&world))).await.text();
    let recovery = codes.split("<li>").nth(1).unwrap().split('<').next().unwrap().to_owned();

    world.pass(MINUTE_US);
    let link = world.portal.entry_link(MANAGER, world.now()).await.unwrap();
    let path = link.strip_prefix(&world.portal.settings.public_url).unwrap();
    let page = world.browser.post(path, "vers=%2Fmoi").await;
    assert_eq!((page.status, page.header("location")), (303, "/entrer/preuve?vers=%2Fmoi"));
    let half = world.browser.with(&page.cookie());
    assert_eq!(half.get("/moi").await.status, 303, "the mail alone opens nothing");
    assert_eq!(half.post("/entrer/preuve", "code=000000&vers=%2Fmoi").await.status, 422);
    let whole = half.post("/entrer/preuve", &format!("code={}&vers=%2Fmoi", code(&world))).await;
    assert_eq!((whole.status, whole.header("location")), (303, "/moi"));
    assert_ne!(whole.cookie(), page.cookie(), "another session");
    assert_eq!(world.browser.with(&whole.cookie()).get("/moi").await.status, 200);

    // The same six digits never twice; a recovery code once.
    let again = |code: String| {
        let (world, browser) = (&world, world.browser.clone());
        async move {
            let link = world.portal.entry_link(MANAGER, world.now()).await.unwrap();
            let path = link.strip_prefix(&world.portal.settings.public_url).unwrap().to_owned();
            let half = browser.post(&path, "vers=%2F").await;
            browser.with(&half.cookie()).post("/entrer/preuve", &form(&[("code", &code), ("vers", "/")])).await.status
        }
    };
    assert_eq!(again(code(&world)).await, 422);
    assert_eq!(again(recovery.clone()).await, 303);
    assert_eq!(again(recovery).await, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_entry_a_wrong_code_does_not_take_the_second_proof_away_in_silence() {
    let world = World::new().await;
    let inside = world.enter(MANAGER).await;
    let page = inside.get("/moi/preuve").await.text();
    let secret = unbase32(page.split("<p class=\"key\">").nth(1).unwrap().split('<').next().unwrap());
    let code = |world: &World| factor::code(&secret, factor::step(world.now()));
    assert_eq!(inside.post("/moi/preuve", &format!("code={}", code(&world))).await.status, 200);
    world.pass(MINUTE_US);
    let wrong = inside.post("/moi/preuve/retirer", "code=000000").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("role=\"alert\">Ce code n’est pas le bon"), "{}", wrong.text());
    assert!(inside.get("/moi").await.text().contains("Retirer la deuxième preuve"));
    assert_eq!(inside.post("/moi/preuve/retirer", &format!("code={}", code(&world))).await.status, 303);
    assert!(inside.get("/moi").await.text().contains("Ajouter une deuxième preuve"));
    assert_eq!(inside.post("/moi/preuve/retirer", "code=000000").await.status, 303, "sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_entry_one_recovery_code_is_not_several() {
    let world = World::new().await;
    let inside = world.enter(MANAGER).await;
    let english = inside.with(&format!("{}; langue=en", inside.cookie));
    for (codes, fr, en) in [
        (vec!["a".to_owned()], "1\u{a0}code de secours non utilisé.", "1\u{a0}recovery code not used."),
        (vec![], "0\u{a0}code de secours non utilisé.", "0\u{a0}recovery codes not used."),
    ] {
        world.store.set_factor(&format!("contact:{MANAGER}"), 1, &codes, world.now().as_microsecond()).await.unwrap();
        assert!(inside.get("/moi").await.text().contains(fr), "{fr}");
        assert!(english.get("/moi").await.text().contains(en), "{en}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_entry_another_language_forgets_neither_the_request_nor_where_to_go() {
    let world = World::new().await;
    let code_page = ask(&world, MANAGER).await;
    let button = link(&world, &mail(&world).await);
    for path in [code_page.as_str(), button.as_str(), "/entrer?vers=%2Fc%2Fatelier-lilas%2Faide"] {
        let page = world.browser.get(path).await.text();
        let href = page.split("href=\"/langue/en?").nth(1).unwrap().split('"').next().unwrap();
        let back = world.browser.get(&format!("/langue/en?{href}")).await;
        assert_eq!(back.header("location"), path, "the same page again");
        let english = world.browser.with(&back.cookie()).get(back.header("location")).await;
        assert!(english.text().contains("<html lang=\"en\"") && english.field("vers") == "/c/atelier-lilas/aide");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_entry_another_mail_leads_where_the_first_one_would_have() {
    let world = World::new().await;
    let code_page = ask(&world, MANAGER).await;
    let button = link(&world, &mail(&world).await);
    world.pass(15 * MINUTE_US);
    let again = "href=\"/entrer?vers=%2Fc%2Fatelier-lilas%2Faide\"";
    for (path, status) in [(code_page, 200), (button, 410)] {
        let page = world.browser.get(&path).await;
        assert_eq!(page.status, status, "{path}");
        assert!(page.text().contains(again), "{path}: {}", page.text());
    }
}
