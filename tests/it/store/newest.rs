//! Whether anything is new about a client: every kind of record that its first screen reads tells.

use accolades::domain::backup::drill::{Origin, Verdict};
use accolades::domain::ids::{ClientId, InstanceId};
use accolades::domain::money::Cents;
use accolades::store::{Decision, NewConsent, NewInvoiceStatus, Newest, Scope, SentNotice, Store};

use super::NOW_US;
use super::bench::Bench;
use super::billing::{day, issue_one, payment, support_entry};
use super::drills::record;
use super::looks::{marker, met, seen};

/// A client's own records, and those of a neighbour who must not hear of them.
struct Watched {
    store: Store,
    client: ClientId,
    instance: InstanceId,
    last: Newest,
}

impl Watched {
    async fn begin(store: Store) -> Watched {
        let (client, instance): (ClientId, InstanceId) = ("lilas".parse().unwrap(), "lilas".parse().unwrap());
        let last = store.newest_of(&client, Some(&instance)).await.unwrap();
        Watched { store, client, instance, last }
    }

    /// Something was recorded since the last time.
    async fn has_news(&mut self, what: &str) {
        let now = self.store.newest_of(&self.client, Some(&self.instance)).await.unwrap();
        assert_ne!(now, self.last, "{what}");
        assert_eq!(self.store.newest_of(&self.client, Some(&self.instance)).await.unwrap(), now, "{what}: only once");
        self.last = now;
    }
}

pub async fn every_kind_of_record_of_a_client_is_news(bench: &Bench) {
    let store = bench.store().await;
    let neighbour: ClientId = "mairie".parse().unwrap();
    let nothing = store.newest_of(&neighbour, None).await.unwrap();
    let mut watched = Watched::begin(store.clone()).await;

    let first = store.record_support(&support_entry("lilas", None, 90)).await.unwrap();
    watched.has_news("an entry of support").await;
    store.record_support(&support_entry("lilas", Some(first), 60)).await.unwrap();
    watched.has_news("its correction").await;

    let asked = NewConsent {
        client: watched.client.clone(),
        year_from: day("2026-09-01"),
        minutes: 120,
        price: Cents(6500),
        words: "Reprise de données".to_owned(),
        by: "ana".to_owned(),
        at_us: NOW_US,
    };
    store.request_consent(&asked).await.unwrap();
    watched.has_news("a request for consent").await;
    let consent = store.consents(&Scope::Staff).await.unwrap().remove(0);
    let decision = Decision {
        is_approved: true,
        approver: "Camille Morel".to_owned(),
        words: "au téléphone".to_owned(),
        by: "ana".to_owned(),
        at_us: NOW_US,
    };
    store.decide_consent(&consent, &decision, None).await.unwrap();
    watched.has_news("its answer").await;

    let number = issue_one(&store, "lilas", "month:lilas:2026-11", "2026-12-01", 0).await.unwrap();
    watched.has_news("a document").await;
    store.record_payment(&payment("lilas", Some(&number), None)).await.unwrap();
    watched.has_news("a payment").await;
    let status = NewInvoiceStatus {
        number,
        code: 202,
        is_incoming: true,
        at_us: NOW_US,
        reason: None,
        collected: "{\"version\":1,\"collected\":[]}".to_owned(),
        reference: "flow 1 0".to_owned(),
        seen_at_us: NOW_US,
        recorded_at_us: NOW_US,
    };
    assert!(store.record_invoice_status(&status).await.unwrap());
    watched.has_news("a status of a document").await;
    let notice = SentNotice {
        client: watched.client.clone(),
        term: day("2027-08-31"),
        sent_on: day("2027-05-10"),
        means: "letter".to_owned(),
        proof: "1A 000".to_owned(),
        by: "ana".to_owned(),
        at_us: NOW_US,
    };
    store.record_notice(&notice).await.unwrap();
    watched.has_news("a notice of renewal").await;

    store.record_looks(&[seen("lilas", "services", NOW_US, 1)]).await.unwrap();
    watched.has_news("a look").await;
    store.record_looks(&[met("lilas", "services", NOW_US + 1, "nobody answers")]).await.unwrap();
    watched.has_news("a look that saw nothing").await;
    store.record_marker(&marker("0123", NOW_US)).await.unwrap();
    watched.has_news("a marker").await;
    let drill = record("one", "lilas", Origin::Local, Verdict::Proven, None);
    store.keep_drill(&drill, &[(watched.client.clone(), drill.clone())]).await.unwrap();
    watched.has_news("a restore test").await;

    assert_eq!(store.newest_of(&neighbour, None).await.unwrap(), nothing, "nothing of it is a neighbour's");
    assert_eq!(
        store.newest_of(&neighbour, Some(&watched.instance)).await.unwrap(),
        nothing,
        "nor of one who shares the machine"
    );
}
