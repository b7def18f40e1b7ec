//! Around every answer: headers, foreign requests, limits, and a store that is gone.

use super::http::Browser;
use super::world::{MANAGER, World, form};

const HEADERS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

#[tokio::test(flavor = "multi_thread")]
async fn portal_layers_every_answer_has_the_headers_and_no_page_has_code() {
    let world = World::new().await;
    let inside = world.enter(MANAGER).await;
    for path in ["/entrer", "/c/atelier-lilas", "/nulle-part", "/c/atelier-lilas/factures/F2026-99999", "/healthz"] {
        let page = inside.get(path).await;
        for (name, value) in HEADERS {
            assert_eq!(page.header(name), value, "{path}");
        }
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        let text = page.text();
        for inline in ["<script", " style=", "<style", "javascript:", " onclick"] {
            assert!(!text.contains(inline), "{path} has {inline}");
        }
    }
    let text = inside.get("/entrer").await.text();
    let style = text.split("href=\"/style/").nth(1).unwrap().split('"').next().unwrap();
    let style = inside.get(&format!("/style/{style}")).await;
    assert!(style.header("cache-control").contains("immutable"));
    let whole = inside.get("/c/atelier-lilas").await.bytes.len() + style.bytes.len();
    assert!(whole < 40_000, "the first screen with its style sheet is {whole} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_layers_what_does_not_come_from_our_pages_changes_nothing() {
    let world = World::new().await;
    let inside = world.enter(MANAGER).await;
    let here = format!("http://{}", world.browser.address);
    let body = form(&[("session", "others")]);
    for (headers, expected) in [
        (vec![], 403),
        (vec![("Sec-Fetch-Site", "cross-site")], 403),
        (vec![("Sec-Fetch-Site", "same-site")], 403),
        (vec![("Origin", "https://ailleurs.example")], 403),
        (vec![("Origin", "null")], 403),
        (vec![("Sec-Fetch-Site", "same-origin"), ("Origin", "https://ailleurs.example")], 403),
        (vec![("Origin", here.as_str())], 303),
        (vec![("Sec-Fetch-Site", "same-origin")], 303),
    ] {
        let page = inside.raw("POST", "/moi/fermer", &headers, &body).await;
        assert_eq!(page.status, expected, "{headers:?}");
    }
    let stranger = inside.raw("GET", "/moi", &[("Host", "ailleurs.example")], "").await;
    assert_eq!(stranger.status, 404, "a name that is not ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_layers_what_is_too_long_is_refused() {
    let world = World::new().await;
    let inside = world.enter(MANAGER).await;
    assert_eq!(inside.get(&format!("/moi?x={}", "x".repeat(3000))).await.status, 413);
    let long = format!("form=a&subject=a&text={}", "x".repeat(33_000));
    assert_eq!(inside.post("/c/atelier-lilas/aide", &long).await.status, 413);
    let many: Vec<String> = (0..100).map(|number| format!("a{number}=1")).collect();
    assert_eq!(inside.post("/c/atelier-lilas/aide", &many.join("&")).await.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_layers_redirects_lead_inside_only() {
    let world = World::new().await;
    for outside in ["https://ailleurs.example/", "//ailleurs.example", "/\\ailleurs.example", "ailleurs", "/a b"] {
        let encoded = super::http::encoded(outside);
        let page = world.browser.get(&format!("/langue/en?vers={encoded}")).await;
        assert_eq!((page.status, page.header("location")), (303, "/"), "{outside}");
        let link = world.portal.entry_link(MANAGER, world.now()).await.unwrap();
        let path = link.strip_prefix(&world.portal.settings.public_url).unwrap();
        let page = world.browser.post(path, &form(&[("vers", outside)])).await;
        assert_eq!(page.header("location"), "/", "{outside}");
    }
    let page = world.browser.get("/c/atelier-lilas/aide").await;
    assert_eq!(page.header("location"), "/entrer?vers=%2Fc%2Fatelier-lilas%2Faide");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_layers_a_public_address_wants_https_cookies() {
    let world = World::reached_at(Some("https://portail.example")).await;
    let link = world.portal.entry_link(MANAGER, world.now()).await.unwrap();
    let path = link.strip_prefix("https://portail.example").unwrap();
    let named = [("Host", "portail.example"), ("Origin", "https://portail.example")];
    let page = world.browser.raw("POST", path, &named, "vers=%2F").await;
    let cookie = page.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-accolades=") && cookie.contains("Secure") && cookie.contains("Path=/"),
        "{cookie}"
    );
    assert!(page.header("strict-transport-security").contains("max-age"));
    let local = world.browser.raw("GET", "/entrer", &[("Host", "127.0.0.1")], "").await;
    assert_eq!(local.status, 404, "only under its name");
    assert_eq!(world.browser.get("/healthz").await.status, 200, "but for whoever looks whether it lives");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_layers_a_path_that_is_no_text_is_a_page_that_does_not_exist() {
    let world = World::new().await;
    let inside = world.enter(MANAGER).await;
    let english = inside.with(&format!("{}; langue=en", inside.cookie));
    for path in ["/c/%FF/aide", "/c/atelier-lilas/factures/%FF", "/entrer/lien/%FF", "/langue/%FF", "/style/%FF"] {
        let page = inside.get(path).await;
        assert_eq!(
            (page.status, page.text().contains("Cette page n’existe pas")),
            (404, true),
            "{path}: {}",
            page.text()
        );
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        assert!(english.get(path).await.text().contains("This page does not exist"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_layers_whoever_is_told_to_call_is_told_the_number() {
    let world = World::new().await;
    // The first page that this portal is asked for.
    let page = world.browser.get("/nulle-part").await.text();
    assert!(page.contains("href=\"tel:0400000000\">04 00 00 00 00</a>"), "{page}");
    let path = format!("sqlite:{}", world.folder.path().join("s.sqlite").display());
    crate::store::bench::execute(&path, "DROP TABLE sessions; DROP TABLE inventory_versions").await.unwrap();
    let page = world.browser.get("/entrer").await;
    assert!(page.status == 503 && page.text().contains("tel:0400000000"), "what was known is enough: {}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_layers_a_store_that_is_gone_is_a_plain_page() {
    let world = World::new().await;
    let inside = world.enter(MANAGER).await;
    assert_eq!(inside.get("/healthz").await.text(), "ok\n");
    let path = format!("sqlite:{}", world.folder.path().join("s.sqlite").display());
    crate::store::bench::execute(&path, "DROP TABLE sessions; DROP TABLE inventory_versions").await.unwrap();
    for path in ["/c/atelier-lilas", "/entrer", "/moi"] {
        let page = inside.get(path).await;
        assert_eq!(page.status, 503, "{path}");
        let text = page.text();
        assert!(text.contains("Rien n’est perdu") && !text.contains("sessions") && !text.contains("sqlite"), "{text}");
        assert_eq!(page.header("x-frame-options"), "DENY");
    }
    assert_eq!(inside.get("/healthz").await.status, 503);
    let gone = Browser::new(&world.browser.address).post("/equipe/entrer", "name=a&password=b&code=c").await;
    assert_ne!(gone.status, 303);
}
