//! The co-operative's people: invitation, password and second factor, always.

use accolades::portal::factor;
use accolades::store::{Scope, StaffRole};

use super::world::{MINUTE_US, PASSWORD, World, form};

#[test]
fn portal_staff_codes_are_those_of_the_standard() {
    // RFC 6238, appendix B, SHA-1, the last six of its eight digits.
    let secret = b"12345678901234567890";
    for (second, digits) in
        [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
    {
        assert_eq!(factor::code(secret, second / 30), digits);
    }
    assert_eq!(factor::base32(secret), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_enter_with_all_three_only() {
    let world = World::new().await;
    let (secret, page) = world.invited("nadia", StaffRole::Technician).await;
    let recovery: Vec<String> =
        page.text().split("<li>").skip(1).map(|part| part.split('<').next().unwrap().to_owned()).collect();
    assert_eq!(recovery.len(), 10);
    world.pass(MINUTE_US);
    let code = factor::code(&secret, factor::step(world.now()));
    let enter =
        |name: &str, password: &str, code: &str| form(&[("name", name), ("password", password), ("code", code)]);
    let refused = world.browser.post("/equipe/entrer", &enter("nadia", "faux", &code)).await;
    let no_code = world.browser.post("/equipe/entrer", &enter("nadia", PASSWORD, "000000")).await;
    let nobody = world.browser.post("/equipe/entrer", &enter("nadia", PASSWORD, "")).await;
    let unknown = world.browser.post("/equipe/entrer", &enter("nadja", PASSWORD, &code)).await;
    assert_eq!([refused.status, no_code.status, nobody.status, unknown.status], [422; 4]);
    assert_eq!(refused.text(), no_code.text(), "what was wrong is not said");
    assert_eq!(refused.text(), unknown.text().replace("nadja", "nadia"), "nor whether there is such an account");
    let inside = world.browser.post("/equipe/entrer", &enter("nadia", PASSWORD, &code)).await;
    assert_eq!(inside.status, 303, "a wrong password does not use the code up");
    assert_eq!(world.browser.post("/equipe/entrer", &enter("nadia", PASSWORD, &code)).await.status, 422, "used");
    let by_recovery = enter("nadia", PASSWORD, &recovery[0].to_lowercase());
    assert_eq!(world.browser.post("/equipe/entrer", &by_recovery).await.status, 303);
    assert_eq!(world.browser.post("/equipe/entrer", &by_recovery).await.status, 422, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_attempts_are_limited_for_each_account() {
    let mut world = World::new().await;
    world.invited("nadia", StaffRole::Admin).await;
    let wrong = form(&[("name", "nadia"), ("password", "faux"), ("code", "1")]);
    for _ in 0..10 {
        assert_eq!(world.browser.post("/equipe/entrer", &wrong).await.status, 422);
    }
    assert_eq!(world.browser.post("/equipe/entrer", &wrong).await.status, 429);
    world.restart().await;
    assert_eq!(world.browser.post("/equipe/entrer", &wrong).await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_an_invitation_works_once_and_ends_what_was() {
    let world = World::new().await;
    let inside = world.staff("nadia", StaffRole::Bookkeeper).await;
    assert_eq!(inside.get("/equipe/moi").await.status, 200);
    let link = world.portal.invite("nadia", world.now()).await.unwrap();
    assert_eq!(inside.get("/equipe/moi").await.status, 303, "its sessions are over");
    let path = link.strip_prefix(&world.portal.settings.public_url).unwrap();
    let short = form(&[("password", "court"), ("again", "court"), ("code", "000000")]);
    assert_eq!(world.browser.post(path, &short).await.status, 422);
    let (_, _) = world.accept_invitation("nadia").await;
    assert_eq!(world.browser.get(path).await.status, 410, "the earlier link");
    world.pass(73 * 60 * MINUTE_US);
    let late = world.portal.invite("nadia", world.now()).await.unwrap();
    world.pass(72 * 60 * MINUTE_US);
    let path = late.strip_prefix(&world.portal.settings.public_url).unwrap();
    assert_eq!(world.browser.get(path).await.status, 410, "after three days");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_a_closed_account_is_out_at_once() {
    let world = World::new().await;
    let inside = world.staff("nadia", StaffRole::Technician).await;
    assert!(world.store.close_account("nadia", true, world.now().as_microsecond()).await.unwrap());
    assert_eq!(inside.get("/equipe/moi").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_what_was_done_is_in_the_audit_log_without_secrets() {
    let world = World::new().await;
    world.staff("nadia", StaffRole::Technician).await;
    let entries = world.store.audit_entries(&Scope::Staff, i64::MAX, 50).await.unwrap();
    let actions: Vec<_> = entries.iter().rev().map(|one| one.action.as_str()).collect();
    assert_eq!(actions, ["invitation-used", "session-began"]);
    assert!(entries.iter().all(|one| !one.detail.to_string().contains(PASSWORD)));
    let chain = world.store.check_audit().await.unwrap();
    assert_eq!((chain.entries, chain.broken_at), (2, None));
}
