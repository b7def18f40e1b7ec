//! Somebody leaves, comes back, and leaves again: each time the doors are as the seats say.

use accolades::domain::ids::{ClientId, PersonId};
use accolades::engine::EngineError;
use accolades::engine::run::Applied;
use accolades::inventory::edit::{NewSeat, SeatEnd, seat_add, seat_end};
use accolades::plan::desired::Subject;
use accolades::plan::render::render;
use jiff::civil::{Date, date};
use secrecy::ExposeSecret as _;

use crate::rehearsal::{DAY, Rehearsal, small_files, small_instance};

const FORWARD: &str = "yves@ailleurs.example";

fn client() -> ClientId {
    ClientId::new("claire-voyer").expect("an id")
}

fn yves() -> PersonId {
    PersonId::new("yves").expect("an id")
}

async fn ends(rehearsal: &mut Rehearsal, until: Date) {
    let end = SeatEnd {
        person: yves(),
        until,
        forward_to: Some(FORWARD.to_owned()),
        files_to: Some(PersonId::new("claire").expect("an id")),
    };
    let edit = seat_end(&rehearsal.files().await, &client(), &end).unwrap_or_else(|error| panic!("{error:?}"));
    rehearsal.accept(edit.files).await;
}

async fn begins(rehearsal: &mut Rehearsal, from: Date) {
    let seat = NewSeat { person: yves(), from, add: None };
    let edit = seat_add(&rehearsal.files().await, &client(), &seat).unwrap_or_else(|error| panic!("{error:?}"));
    rehearsal.accept(edit.files).await;
}

/// Applies as on that day. Nothing may be left to do.
async fn settle(rehearsal: &Rehearsal, day: Date) {
    let only = [small_instance()];
    let plan = rehearsal.engine.plan(&rehearsal.accepted, day, &only).await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.engine.keep_plan(&plan).await.expect("it is kept");
    let report = rehearsal.engine.apply(&rehearsal.accepted, &plan).await.unwrap_or_else(|error| panic!("{error}"));
    let settled = matches!(report[&only[0]], Applied::Settled { .. });
    assert!(settled, "{report:#?}\n{}\n{}", render(&plan), rehearsal.last_words(20));
}

/// Whether the first password opens, whether the mark of those who left is there, and where mail goes besides.
async fn doors(rehearsal: &Rehearsal) -> (bool, bool, Vec<String>) {
    let first = rehearsal.engine.vault.get_secret("person/claire-voyer/yves").await.expect("read").expect("set");
    let state = rehearsal.served.lab.lock();
    let guest = state.world.sites["friche"].guest(1002).expect("the guest is up");
    let yunohost = guest.yunohost.as_ref().expect("YunoHost is installed");
    let marked = yunohost.group("departed").is_some_and(|group| group.members.iter().any(|member| member == "yves"));
    let forwards = yunohost.user("yves").map(|user| user.forwards.clone()).unwrap_or_default();
    (yunohost.password_is("yves", first.expose_secret()), marked, forwards)
}

fn open() -> (bool, bool, Vec<String>) {
    (true, false, Vec::new())
}

fn closed() -> (bool, bool, Vec<String>) {
    (false, true, vec![FORWARD.to_owned()])
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_came_back_is_shut_out_again_on_leaving_again() {
    let mut rehearsal = Rehearsal::of(small_files(), 7).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    settle(&rehearsal, DAY).await;
    assert_eq!(doors(&rehearsal).await, open());

    ends(&mut rehearsal, date(2026, 11, 19)).await;
    // A seat that begins later opens nothing before it does.
    begins(&mut rehearsal, date(2026, 12, 1)).await;
    settle(&rehearsal, DAY).await;
    assert_eq!(doors(&rehearsal).await, closed());

    settle(&rehearsal, date(2026, 12, 1)).await;
    assert_eq!(doors(&rehearsal).await, open(), "back, with the password of the welcome sheet");

    ends(&mut rehearsal, date(2026, 12, 10)).await;
    settle(&rehearsal, date(2026, 12, 11)).await;
    assert_eq!(doors(&rehearsal).await, closed(), "left for the second time");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_whose_data_was_deleted_is_shut_out_on_leaving_again() {
    let mut rehearsal = Rehearsal::of(small_files(), 8).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    ends(&mut rehearsal, date(2026, 11, 20)).await;
    settle(&rehearsal, DAY).await;
    settle(&rehearsal, date(2026, 11, 21)).await;
    begins(&mut rehearsal, date(2027, 2, 1)).await;
    let deleted = |rehearsal: &Rehearsal| {
        let (engine, inventory) = (rehearsal.engine.clone(), rehearsal.accepted.inventory.clone());
        async move {
            let instance = &inventory.instances[&small_instance()];
            let subject = Subject::on(&inventory, instance, date(2027, 1, 15)).expect("it has a place");
            let client = &inventory.clients[&client()];
            engine.delete_person(&subject, client, &client.persons[&yves()]).await
        }
    };
    let refusal = deleted(&rehearsal).await.expect_err("yves comes back");
    assert!(
        matches!(&refusal, EngineError::Conflict(words) if words.contains("comes back on 2027-02-01")),
        "{refusal}"
    );

    let mut files = rehearsal.files().await;
    let text = files.get_mut("clients/claire-voyer.toml").expect("it is there");
    *text = text.replace("\n[[seats]]\nperson = \"yves\"\nfrom = 2027-02-01\n", "");
    rehearsal.accept(files).await;
    deleted(&rehearsal).await.unwrap_or_else(|error| panic!("{error}"));
    begins(&mut rehearsal, date(2027, 2, 1)).await;
    settle(&rehearsal, date(2027, 2, 1)).await;
    assert_eq!(doors(&rehearsal).await, open(), "an account again");
    ends(&mut rehearsal, date(2027, 2, 10)).await;
    settle(&rehearsal, date(2027, 2, 11)).await;
    assert_eq!(doors(&rehearsal).await, closed());
}
