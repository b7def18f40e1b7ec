//! XP Z12-013 over HTTP.

use accolades::billing::platform::ExchangeError;
use accolades::inventory::billing::Route;
use accolades::lab::platform::{Fault, Line, Platform as Simulated};
use accolades::platform::{Access, HttpPlatform, LineState, Platform, PlatformError};
use accolades::store::{FileState, Scope};
use accolades::transport::client_config;
use accolades::util::remote::Sent;
use secrecy::SecretString;

use super::{Desk, now};

const TOKEN: &str = "canary-platform-77";

async fn simulated() -> Simulated {
    Simulated::start(TOKEN, now()).await.unwrap()
}

fn with(simulated: &Simulated, access: Access) -> HttpPlatform {
    let tls = client_config(Some(simulated.fingerprint()), "127.0.0.1").unwrap();
    let directory = simulated.directory_service();
    HttpPlatform::new(&simulated.flow_service(), Some(&directory), access, (*tls).clone()).unwrap()
}

fn platform(simulated: &Simulated) -> HttpPlatform {
    with(simulated, Access::Token(SecretString::from(TOKEN)))
}

async fn state(desk: &Desk, tracking: &str) -> FileState {
    let files = desk.store.platform_files(&Scope::Staff, None).await.unwrap();
    files.iter().find(|file| file.tracking == tracking).unwrap().state
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_documents_are_handed_over_once_and_their_life_is_read_back() {
    let (desk, simulated) = (Desk::new().await, simulated().await);
    let platform = platform(&simulated);
    let record = desk.document("atelier-lilas").await;
    let number = record.number.as_str();

    let first = desk.exchange(&platform, Route::Platform).await.unwrap();
    assert_eq!(first.handed_over, [number], "only who is reached by this road");
    assert_eq!(state(&desk, number).await, FileState::Filed);
    let flows = simulated.flows();
    assert_eq!(flows.len(), 1);
    assert_eq!((flows[0].tracking.as_deref(), flows[0].syntax.as_str()), (Some(number), "Factur-X"));
    assert_eq!(flows[0].rule, "B2B");
    let file = desk.archive.folder().join(format!("{number}.pdf"));
    assert!(flows[0].file == std::fs::read(file).unwrap(), "the archived bytes");

    let again = desk.exchange(&platform, Route::Platform).await.unwrap();
    assert_eq!((again.handed_over.len(), simulated.flows().len()), (0, 1), "nothing twice");

    simulated.integrate();
    let then = desk.exchange(&platform, Route::Platform).await.unwrap();
    assert_eq!(then.accepted, [number]);
    assert_eq!(then.statuses, [(number.to_owned(), 200, None)]);
    simulated.say(number, 210, Some("TVA & <taux>"));
    simulated.say("F1999-00001", 213, None);
    simulated.say_nonsense(b"<a/>");
    let later = desk.exchange(&platform, Route::Platform).await.unwrap();
    assert_eq!(later.statuses, [(number.to_owned(), 210, Some("AUTRE: TVA & <taux>".to_owned()))]);
    assert_eq!(later.unreadable.len(), 2, "what is not ours is told: {:?}", later.unreadable);
    let end = desk.exchange(&platform, Route::Platform).await.unwrap();
    assert_eq!(end.statuses, [], "a status that comes again is known");
    let known = desk.store.invoice_statuses(&Scope::Client(record.client), Some(number)).await.unwrap();
    assert_eq!(known.iter().map(|one| one.status.code).collect::<Vec<_>>(), [200, 210]);
    let other = Scope::Client(super::client("studio-brume"));
    assert_eq!(desk.store.invoice_statuses(&other, Some(number)).await.unwrap(), [], "a client sees its own only");
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_a_lost_answer_is_read_before_anything_is_handed_over_again() {
    let (desk, simulated) = (Desk::new().await, simulated().await);
    let platform = platform(&simulated);
    let number = desk.document("atelier-lilas").await.number;
    for fault in [Fault::Cut, Fault::Status(503), Fault::Status(429), Fault::Status(500)] {
        simulated.fail_next(fault);
        let error = desk.exchange(&platform, Route::Platform).await.unwrap_err();
        let ExchangeError::Platform(error) = error else { panic!("{error}") };
        let expected = if fault == Fault::Status(429) { Sent::No } else { Sent::Maybe };
        assert_eq!(error.sent(), expected, "{fault:?}: {error}");
        assert_eq!((simulated.flows().len(), state(&desk, &number).await), (0, FileState::Waiting), "{fault:?}");
    }
    simulated.fail_next(Fault::LostAnswer);
    assert!(desk.exchange(&platform, Route::Platform).await.is_err());
    assert_eq!((simulated.flows().len(), state(&desk, &number).await), (1, FileState::Waiting));
    let next = desk.exchange(&platform, Route::Platform).await.unwrap();
    assert_eq!(next.handed_over.len(), 0, "it is there");
    assert_eq!((simulated.flows().len(), state(&desk, &number).await), (1, FileState::Filed));
}

/// A process that died between its record and the request, or between the request and the next record, leaves what a lost
/// answer leaves.
#[tokio::test(flavor = "multi_thread")]
async fn platform_a_process_that_died_on_the_way_makes_no_double() {
    let (desk, simulated) = (Desk::new().await, simulated().await);
    let platform = platform(&simulated);
    let number = desk.document("atelier-lilas").await.number;
    simulated.fail_next(Fault::Cut);
    assert!(desk.exchange(&platform, Route::Platform).await.is_err());
    desk.store.begin_platform_file(&number, 1).await.unwrap();
    assert_eq!(platform.find(&number).await.unwrap(), None);
    assert_eq!(desk.exchange(&platform, Route::Platform).await.unwrap().handed_over, [number]);
    assert_eq!(simulated.flows().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_a_refused_document_waits_for_a_person() {
    let (desk, simulated) = (Desk::new().await, simulated().await);
    let platform = platform(&simulated);
    let number = desk.document("atelier-lilas").await.number;
    desk.exchange(&platform, Route::Platform).await.unwrap();
    simulated.refuse_pending("InvalidSchema", "line 3");
    let refused = desk.exchange(&platform, Route::Platform).await.unwrap().refused;
    assert_eq!(refused, [(number.clone(), format!("InvalidSchema ({number}.pdf): line 3"))]);
    assert_eq!(state(&desk, &number).await, FileState::Refused);
    assert_eq!(desk.exchange(&platform, Route::Platform).await.unwrap().handed_over.len(), 0);

    let (desk, simulated) = (Desk::new().await, self::simulated().await);
    simulated.fail_next(Fault::Status(422));
    let exchanged = desk.exchange(&self::platform(&simulated), Route::Platform).await.unwrap();
    assert_eq!(exchanged.refused.len(), 1);
    assert!(exchanged.refused[0].1.contains("422 UNPROCESSABLE_ENTITY"), "{:?}", exchanged.refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_nobody_is_let_in_without_the_token_and_no_error_shows_it() {
    let (desk, simulated) = (Desk::new().await, simulated().await);
    let wrong = with(&simulated, Access::Token(SecretString::from("canary-wrong-token")));
    let error = desk.exchange(&wrong, Route::Platform).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Platform(PlatformError::Denied { status: 401, .. })), "{error}");
    assert!(!format!("{error:?} {error}").contains("canary"), "{error:?}");
    let tls = client_config(None, "127.0.0.1").unwrap();
    let access = Access::Token(SecretString::from(TOKEN));
    let untrusting = HttpPlatform::new(&simulated.flow_service(), None, access.clone(), (*tls).clone()).unwrap();
    let requests = simulated.requests();
    let error = untrusting.find("x").await.unwrap_err();
    assert!(matches!(error, PlatformError::Unreachable { sent: Sent::No, .. }), "{error:?}");
    assert_eq!(simulated.requests(), requests, "its token went nowhere");
    let clear = HttpPlatform::new("http://127.0.0.1/flow-service", None, access, (*tls).clone());
    assert!(matches!(clear.err(), Some(PlatformError::Address { .. })), "nothing goes in clear");
    let oauth = |secret: &str| Access::Client {
        token_url: simulated.token_service(),
        id: "coop".to_owned(),
        secret: SecretString::from(secret.to_owned()),
    };
    assert!(with(&simulated, oauth("canary-wrong")).find("x").await.is_err());
    assert_eq!(with(&simulated, oauth(&format!("{TOKEN}-secret"))).find("x").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_the_directory_says_where_a_client_receives() {
    let simulated = simulated().await;
    let line = |address: &str, siren: &str, status| Line {
        addressing_identifier: address.to_owned(),
        siren: siren.to_owned(),
        siret: None,
        status,
    };
    simulated.list(line("900000009", "900000009", "Enabled"));
    simulated.list(line("900000009_old", "900000009", "Disabled"));
    simulated.list(line("900000017", "900000017", "Upcoming"));
    let found = platform(&simulated).look_up("900000009").await.unwrap();
    let found: Vec<_> = found.iter().map(|line| (line.address.as_str(), line.state)).collect();
    assert_eq!(found, [("900000009", LineState::Enabled), ("900000009_old", LineState::Disabled)]);
    assert_eq!(platform(&simulated).look_up("111111111").await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_long_lists_are_read_to_their_end() {
    let (desk, simulated) = (Desk::new().await, simulated().await);
    let number = desk.document("atelier-lilas").await.number;
    for _ in 0..130 {
        simulated.say(&number, 204, None);
    }
    let exchanged = desk.exchange(&platform(&simulated), Route::Platform).await.unwrap();
    assert_eq!(exchanged.statuses.len(), 130, "two pages");
}
