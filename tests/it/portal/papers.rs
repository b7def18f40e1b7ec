//! What is on paper, and what the portal says of it.

use accolades::billing::book::Book;
use accolades::billing::paperwork::Paperwork;
use accolades::domain::backup::names;
use accolades::domain::billing::terms::SupportKind;
use accolades::domain::ids::InstanceId;
use accolades::store::{NewSupportEntry, Scope};
use secrecy::SecretString;

use super::world::{DAY_US, MEMBER, NOW_US, OWN, World, accept, id};

/// Puts a secret and gives it out on a day before the present one.
async fn handed_over(world: &World, name: &str, days_ago: i64) {
    let value = SecretString::from("a secret of theirs".to_owned());
    world.portal.vault.put_secret(name, &value, NOW_US - 30 * DAY_US).await.unwrap();
    world.portal.vault.hand_over(name, NOW_US - days_ago * DAY_US).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_a_sheet_is_said_to_be_made_only_when_that_is_on_record() {
    let world = World::new().await;
    let inside = world.enter(MEMBER).await;
    let documents = async || inside.get("/c/atelier-lilas/documents").await.text();
    let page = documents().await;
    assert!(page.contains("Aucune feuille n’est notée comme préparée") && !page.contains("mots de passe de départ"));
    assert!(page.contains("Aucune clé n’est enregistrée pour votre machine."), "{page}");

    // Somebody else's sheets are nobody's here.
    handed_over(&world, "person/mairie-valsonne/beatrice", 1).await;
    assert!(documents().await.contains("Aucune feuille n’est notée comme préparée"));
    handed_over(&world, "person/atelier-lilas/camille", 13).await;
    handed_over(&world, "person/atelier-lilas/samir", 4).await;
    let page = documents().await;
    assert!(page.contains("préparée le 10\u{a0}décembre 2026") && page.contains("de 1\u{a0}personne."), "{page}");

    let key = names::key_secret(&InstanceId::new("lilas").unwrap());
    let value = SecretString::from("a key".to_owned());
    world.portal.vault.put_secret(&key, &value, NOW_US - 30 * DAY_US).await.unwrap();
    assert!(documents().await.contains("Aucune feuille de secours n’est notée comme imprimée"));
    world.portal.vault.hand_over(&key, NOW_US - 2 * DAY_US).await.unwrap();
    let page = documents().await;
    assert!(page.contains("imprimée le 12\u{a0}décembre 2026") && page.contains("n’est pas noté"), "{page}");

    let mut inventory = world.inventory.clone();
    let lilas = inventory.instances.get_mut(&InstanceId::new("lilas").unwrap()).unwrap();
    lilas.key_sheet_kept = Some("coffre de la banque, à Lyon".to_owned());
    accept(&world.store, &inventory).await;
    assert!(documents().await.contains("elle est rangée ici\u{a0}: coffre de la banque, à Lyon."));
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_the_statement_of_hours_says_which_are_beyond() {
    let world = World::new().await;
    let own = id(OWN);
    for (number, minutes) in [(0, 19 * 60), (1, 3 * 60)] {
        let entry = NewSupportEntry {
            client: own.clone(),
            kind: SupportKind::Help,
            started_at_us: NOW_US - (5 - number) * DAY_US,
            minutes,
            words: "Installation".to_owned(),
            not_accounted: None,
            corrects: None,
            reason: None,
            by: "nadia".to_owned(),
            at_us: NOW_US,
        };
        world.store.record_support(&entry).await.unwrap();
    }
    let (inventory, zone) = (&world.inventory, world.inventory.cooperative_zone());
    let book = Book::read(&world.store, &Scope::Client(own.clone())).await.unwrap();
    let (client, account) = (&inventory.clients[&own], book.account(&own));
    let today = world.now().to_zoned(zone.clone()).date();
    let papers = Paperwork { cooperative: &inventory.cooperative, client, account: &account, zone: &zone, today };
    let beyond: Vec<i64> = papers.support_statement().entries.iter().map(|entry| entry.over).collect();
    assert_eq!(beyond, [0, 2 * 60]);
    let page = world.enter(MEMBER).await.get("/c/atelier-lilas/documents/releve-assistance.pdf").await;
    assert_eq!(page.status, 200);
    assert!(page.bytes == papers.statement().unwrap(), "the portal prints what the co-operative prints");
}
