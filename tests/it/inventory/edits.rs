//! `client add`, `seat add` and `seat end`: comments and order stay, and what would not pass the check is not written.

use accolades::domain::ids::{ClientId, InstanceId, PersonId, SiteId};
use accolades::inventory::edit::{
    EditError, NewClient, NewContact, NewInstance, NewPerson, NewSeat, SeatEnd, Setting, Whereabouts, client_add,
    seat_add, seat_end, settings_change,
};
use accolades::inventory::model::{DolibarrRights, InboundMail, PostalAddress, VatStatus};
use accolades::inventory::{self, Drawing};
use jiff::civil::{Date, date};

use super::example;

fn client() -> ClientId {
    ClientId::new("atelier-lilas").expect("an id")
}

fn person(id: &str) -> PersonId {
    PersonId::new(id).expect("an id")
}

fn sacha(from: Date) -> NewSeat {
    let add = NewPerson {
        first_name: "Sacha".to_owned(),
        last_name: "Nguyen".to_owned(),
        username: "sacha".to_owned(),
        mail_domain: "atelier-lilas.example".to_owned(),
        mailbox_quota: Some("5G".to_owned()),
        dolibarr: DolibarrRights::Read,
    };
    NewSeat { person: person("sacha"), from, add: Some(add) }
}

#[test]
fn inventory_seat_add_keeps_comments_and_order() {
    let before = example().files;
    let edit = seat_add(&before, &client(), &sacha(date(2026, 12, 1))).expect("a sound seat");
    insta::assert_snapshot!(inventory::difference(&before, &edit.files));
    assert_eq!(edit.changed.len(), 1);
}

#[test]
fn inventory_seat_add_twice_overlaps_and_writes_nothing() {
    let before = example().files;
    let seat = NewSeat { person: person("theo"), from: date(2027, 1, 1), add: None };
    let Err(EditError::Mistakes(mistakes)) = seat_add(&before, &client(), &seat) else { panic!("the seat overlaps") };
    assert_eq!(mistakes.list()[0].message, "`theo` has two seats on 2027-01-01");
}

#[test]
fn inventory_seat_add_wants_a_known_person_or_a_name() {
    let seat = NewSeat { person: person("teo"), from: date(2027, 1, 1), add: None };
    let error = seat_add(&example().files, &client(), &seat).expect_err("unknown");
    assert_eq!(error.to_string(), "person `teo` is unknown at `atelier-lilas`\n\ndid you mean `theo`?");
}

#[test]
fn inventory_seat_add_gives_nobody_the_account_of_a_namesake_of_the_id() {
    let end = SeatEnd { person: person("theo"), until: date(2026, 12, 31), forward_to: None, files_to: None };
    let ended = seat_end(&example().files, &client(), &end).expect("a sound end");
    let other = NewSeat { person: person("theo"), ..sacha(date(2027, 1, 1)) };
    let error = seat_add(&ended.files, &client(), &other).expect_err("theo is somebody else");
    assert!(matches!(error, EditError::OtherPerson { .. }), "{error}");
    assert!(error.to_string().starts_with("`theo` at `atelier-lilas` is Théo Garnier\n\n"), "{error}");
    let mut same = NewSeat { person: person("theo"), ..sacha(date(2027, 1, 1)) };
    let named = same.add.as_mut().expect("described");
    (named.first_name, named.last_name) = ("Théo".to_owned(), "Garnier".to_owned());
    assert!(seat_add(&ended.files, &client(), &same).is_ok(), "the same person may be named");
}

#[test]
fn inventory_seat_end_says_what_happens_to_mail_and_files() {
    let before = example().files;
    let end = SeatEnd {
        person: person("theo"),
        until: date(2026, 12, 31),
        forward_to: Some("camille@atelier-lilas.example".to_owned()),
        files_to: Some(person("jules")),
    };
    let edit = seat_end(&before, &client(), &end).expect("a sound end");
    insta::assert_snapshot!(inventory::difference(&before, &edit.files));
    let again = seat_end(&edit.files, &client(), &end).expect_err("no open seat is left");
    assert!(matches!(again, EditError::NoOpenSeat { .. }), "{again}");
}

#[test]
fn inventory_seat_comes_back_after_an_end() {
    let end = SeatEnd { person: person("theo"), until: date(2026, 12, 31), forward_to: None, files_to: None };
    let ended = seat_end(&example().files, &client(), &end).expect("a sound end");
    let seat = NewSeat { person: person("theo"), from: date(2027, 3, 1), add: None };
    let back = seat_add(&ended.files, &client(), &seat).expect("no overlap");
    let seats = &back.inventory.clients[&client()].seats;
    assert_eq!(seats.iter().filter(|seat| seat.person == person("theo")).count(), 2);
}

fn association() -> NewClient {
    NewClient {
        id: ClientId::new("les-abeilles").expect("an id"),
        name: "Les Abeilles \"solidaires\"".to_owned(),
        form: "association loi 1901".to_owned(),
        vat: VatStatus::NonTaxable,
        siren: None,
        siret: None,
        rna: Some("W691234567".to_owned()),
        address: PostalAddress {
            lines: vec!["3 chemin du Rucher".to_owned()],
            postcode: "69440".to_owned(),
            city: "Mornant".to_owned(),
            country: "FR".to_owned(),
        },
        contact: NewContact { name: "Inès Petit".to_owned(), email: "ines@courriel.example".to_owned() },
        start: date(2026, 12, 1),
        overage_price: Some("60.00".to_owned()),
        domain: "abeilles.example".to_owned(),
        inbound_mail: InboundMail::Here,
        nextcloud: true,
        dolibarr: false,
        whereabouts: Whereabouts::Own(NewInstance {
            id: InstanceId::new("abeilles").expect("an id"),
            site: SiteId::new("croix-rousse").expect("an id"),
            address4: "192.168.10.21/24".parse().expect("an address"),
            cores: 2,
            memory_mib: 4096,
            disk_gib: 60,
        }),
    }
}

#[test]
fn inventory_client_add_writes_a_commented_file_and_takes_the_next_vmid() {
    let before = example().files;
    let edit = client_add(&before, &association()).expect("a sound client");
    let texts: String = edit.changed.iter().map(|(path, text)| format!("==> {path}\n{text}\n")).collect();
    insta::assert_snapshot!(texts);
    let vmids: Vec<u32> = edit.inventory.instances.values().map(|instance| instance.vmid.0).collect();
    assert_eq!(vmids.iter().max(), Some(&1004));
    let with_seat = seat_add(
        &edit.files,
        &association().id,
        &NewSeat { add: sacha_at("abeilles.example"), ..sacha(date(2026, 12, 1)) },
    );
    assert_eq!(with_seat.expect("a first seat").inventory.clients[&association().id].seats.len(), 1);
}

fn sacha_at(domain: &str) -> Option<NewPerson> {
    let add = sacha(date(2026, 12, 1)).add?;
    Some(NewPerson { mail_domain: domain.to_owned(), dolibarr: DolibarrRights::None, ..add })
}

#[test]
fn inventory_client_add_to_an_instance_makes_an_island() {
    let ilot = InstanceId::new("ilot").expect("an id");
    let client = NewClient { whereabouts: Whereabouts::Existing(ilot.clone()), ..association() };
    let edit = client_add(&example().files, &client).expect("a sound client");
    assert_eq!(edit.inventory.clients_on(&ilot, date(2026, 12, 1)).count(), 3);
}

#[test]
fn inventory_client_add_refuses_what_the_check_refuses() {
    let client = NewClient { rna: None, ..association() };
    let Err(EditError::Mistakes(mistakes)) = client_add(&example().files, &client) else { panic!("no number at all") };
    assert!(mistakes.render(Drawing::Plain).contains("this identity needs a `siren` or an `rna`"));
    let taken = NewClient { id: super::edits::client(), ..association() };
    assert!(matches!(client_add(&example().files, &taken), Err(EditError::Exists(_))));
}

#[test]
fn inventory_edit_is_written_whole_and_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in &example().files {
        inventory::write_file(folder.path(), path, text).expect("written");
    }
    let before = inventory::load(folder.path()).expect("sound");
    assert_eq!(before.content_hash, example().content_hash);
    let edit = seat_add(&before.files, &client(), &sacha(date(2026, 12, 1))).expect("a sound seat");
    edit.write(folder.path()).expect("written");
    let after = inventory::load(folder.path()).expect("sound");
    assert_eq!(after.files, edit.files);
    assert_eq!(after.inventory, edit.inventory);
    let names: Vec<_> = std::fs::read_dir(folder.path().join("clients")).expect("a folder").collect();
    assert_eq!(names.len(), 4, "no temporary file stays");
}

#[test]
fn inventory_settings_change_in_place() {
    let before = example().files;
    let site = "sites/croix-rousse.toml";
    let settings = [
        Setting { file: site, key: "node.address", value: "192.168.10.3".into() },
        Setting { file: site, key: "node.api_port", value: 18006.into() },
        Setting { file: site, key: "reach.port", value: 2222.into() },
        Setting { file: "cooperative.toml", key: "image.url", value: "http://127.0.0.1:8080/debian-12.qcow2".into() },
    ];
    let edit = settings_change(&before, &settings).expect("sound values");
    insta::assert_snapshot!(inventory::difference(&before, &edit.files));
    let wrong = [Setting { file: site, key: "nod.address", value: "192.168.10.3".into() }];
    let error = settings_change(&before, &wrong).expect_err("no such table");
    assert_eq!(error.to_string(), "`sites/croix-rousse.toml` has no place for `nod.address`");
    let refused = [Setting { file: site, key: "node.api_port", value: 0.into() }];
    assert!(matches!(settings_change(&before, &refused), Err(EditError::Mistakes(_))));
}

#[test]
fn inventory_edit_of_an_unknown_client_proposes_the_known_one() {
    let typed = ClientId::new("atelier-lila").expect("an id");
    let error = seat_add(&example().files, &typed, &sacha(date(2026, 12, 1))).expect_err("unknown");
    assert_eq!(error.to_string(), "client `atelier-lila` is unknown\n\ndid you mean `atelier-lilas`?");
}
