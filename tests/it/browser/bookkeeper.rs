//! A bookkeeper issues a month from the browser: the real `accolades serve` with its jobs.

use accolades::store::{Scope, Store};

use super::driver::{Browser, DESK};
use super::sight::look_at;
use super::technician::{invited, serve, until_it_ends};
use crate::technician::Technician;

#[tokio::test(flavor = "multi_thread")]
async fn browser_a_bookkeeper_issues_the_month_that_was_shown() {
    let technician = Technician::new(14).await;
    technician.must(&["inventory", "accept"], "").await;
    let (mut server, address) = serve(&technician).await;
    let browser = &Browser::open(DESK).await;
    invited(&technician, browser, &address, "ana", "bookkeeper").await;

    // Nothing has a number before it is confirmed.
    browser.press("Facturation du mois").await;
    let month = browser.value("input[name='mois']").await;
    let draft = browser.text("main").await;
    assert!(draft.contains("Claire Voyer"), "{draft}");
    look_at(browser, "equipe-mois-projet").await;
    let store = Store::open(&technician.store()).await.unwrap();
    assert!(store.invoices(&Scope::Staff).await.unwrap().is_empty());

    // Whoever waits for another run is in no sum.
    let all = browser.text("tfoot").await;
    browser.click("input[type=checkbox]").await;
    browser.press("Recalculer").await;
    browser.until("input[type=checkbox]:checked").await;
    assert_ne!(browser.text("tfoot").await, all);
    browser.click("input[type=checkbox]").await;
    browser.press("Recalculer").await;
    browser.until("button.grave").await;
    assert_eq!(browser.text("tfoot").await, all);

    browser.press("Émettre ces documents").await;
    browser.until("main .sentence").await;
    let order = browser.url().await.split('?').next().unwrap().to_owned();
    let ended = until_it_ends(browser, &order).await;
    assert!(ended.contains("Terminé."), "{ended}");
    let issued = store.invoices(&Scope::Staff).await.unwrap();
    assert_eq!(issued.iter().map(|one| one.issued_by.as_str()).collect::<Vec<_>>(), ["ana"]);

    // The files are there, and there is nothing left to issue.
    browser.go(&format!("{address}/equipe/mois?mois={month}")).await;
    browser.until_says("a", &format!("{}.pdf", issued[0].number)).await;
    assert!(!browser.source().await.contains("class=\"grave\""), "nothing is left to issue");
    look_at(browser, "equipe-mois-emis").await;
    server.kill().await.unwrap();
}
