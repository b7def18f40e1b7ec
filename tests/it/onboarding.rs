//! The whole journey of a technician who onboards clients, against the lab.

use accolades::domain::backup::health::Place;
use accolades::domain::ids::{ClientId, PersonId};
use accolades::engine::EngineError;
use accolades::engine::run::Applied;
use accolades::inventory::edit::{SeatEnd, seat_end};
use accolades::lab::net::shell::Outcome;
use accolades::lab::net::topology::Endpoint;
use accolades::lab::net::transcript::Entry;
use accolades::plan::desired::Subject;
use accolades::plan::render::render;
use jiff::civil::date;
use secrecy::ExposeSecret;

use crate::rehearsal::{DAY, Rehearsal, example_files, instance};

/// Commands over SSH that a look at a settled guest may cost: it reads some sixty things, in waves.
const LOOK_TRIPS_MAX: usize = 16;

async fn onboarded(only: &str, seed: u64) -> Rehearsal {
    let rehearsal = Rehearsal::new(seed).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    let report = rehearsal.apply(&[instance(only)]).await;
    let settled = matches!(report[&instance(only)], Applied::Settled { .. });
    assert!(settled, "{report:#?}\n{}", rehearsal.last_words(30));
    rehearsal
}

/// Commands that only look: everything a settled instance may be asked.
fn only_looks(command_line: &str) -> bool {
    let words = command_line.trim_start_matches("LC_ALL=C.UTF-8 ").trim_start_matches("sudo -n -- ");
    if let Some(looks) = words.strip_prefix("sh -c '").and_then(|rest| rest.split_once("' looks ")) {
        // Several looks in one shell: each on a line, the end of its answer marked on the next.
        return looks
            .0
            .replace("'\\''", "'")
            .lines()
            .all(|line| line == r#"printf '\n%s %s\n' "$1" "$?""# || only_looks(line));
    }
    [
        "yunohost user list",
        "yunohost user group list",
        "yunohost user permission list",
        "yunohost app list",
        "yunohost app map",
        "yunohost app setting",
    ]
    .iter()
    .chain(&[
        "yunohost settings get",
        "yunohost domain list",
        "yunohost domain config get",
        "yunohost domain cert status",
    ])
    .chain(&[
        "cat ",
        "grep ",
        "ls ",
        "dpkg-query ",
        "postconf ",
        "id -u",
        "systemctl is-enabled ",
        "systemctl is-active ",
    ])
    .any(|look| words.starts_with(look))
        || (words.starts_with("mysql ") && words.contains("SELECT") && !words.contains(';'))
        || (words.starts_with("sudo -u ") && words.ends_with("/occ status --output=json"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_apply_says_no_changes_and_writes_nothing_to_any_remote() {
    let rehearsal = onboarded("lilas", 1).await;
    let before = rehearsal.served.lab.lock().transcript.entries().len();
    let plan = rehearsal.plan(&[instance("lilas")]).await;
    assert!(plan.is_settled(), "{}", render(&plan));
    assert_eq!(render(&plan), "No changes. Everything is as inventory version 1 says.\n");
    let mut trips = 0;
    for entry in &rehearsal.served.lab.lock().transcript.entries()[before..] {
        match entry {
            Entry::Request { method, path, .. } => assert_eq!(method, "GET", "{path}"),
            Entry::Command { command_line, .. } => {
                assert!(only_looks(command_line), "{command_line}");
                trips += 1;
            }
            Entry::Program { .. } => {}
        }
    }
    assert!(trips <= LOOK_TRIPS_MAX, "{trips} commands: what can be read together is");
}

/// What somebody types as root in the guest of the island.
fn in_guest(rehearsal: &Rehearsal, command_line: &str) -> String {
    let endpoint = Endpoint::GuestSsh { site: "friche".to_owned(), vmid: 1002 };
    let (outcome, _) = rehearsal.served.lab.command(&endpoint, "root", command_line, "");
    let Outcome::Ended(output) = outcome else { panic!("the guest answers") };
    assert_eq!(output.exit, 0, "{command_line}: {}{}", output.stdout, output.stderr);
    output.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn an_islands_clients_are_kept_apart() {
    let rehearsal = onboarded("ilot", 2).await;
    let listed = in_guest(&rehearsal, "mysql -N -B dolibarr -e 'SELECT login FROM llx_user'");
    let listed: Vec<&str> = listed.lines().collect();
    assert!(listed.contains(&"claire") && !listed.contains(&"malo"), "{listed:?}");
    let state = rehearsal.served.lab.lock();
    let guest = state.world.sites["friche"].guest(1002).expect("the guest is up");
    let yunohost = guest.yunohost.as_ref().expect("YunoHost is installed");
    let allowed = |permission: &str| {
        let permission = &yunohost.permissions[permission];
        permission.allowed.iter().cloned().collect::<std::collections::BTreeSet<String>>()
    };
    let group = |name: &str| [name, "visitors"].map(str::to_owned).into();
    assert_eq!(allowed("nextcloud.main"), group("claire_voyer"));
    assert_eq!(allowed("nextcloud__2.main"), group("studio_brume"));
    assert!(yunohost.group("claire_voyer").expect("a group").members.iter().all(|member| member != "malo"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_is_offline_stops_no_other_and_is_unknown() {
    let rehearsal = Rehearsal::new(3).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    rehearsal.served.lab.lock().world.sites.get_mut("friche").expect("a site").online = false;
    let report = rehearsal.apply(&[]).await;
    assert!(matches!(report[&instance("valsonne")], Applied::Settled { .. }), "{report:#?}");
    assert!(matches!(&report[&instance("ilot")], Applied::Stopped { .. }), "{report:#?}");
    let plan = rehearsal.plan(&[instance("ilot")]).await;
    assert!(plan.instances[0].unknown.is_some(), "{}", render(&plan));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_our_mark_is_a_conflict_and_stays_untouched_until_it_is_adopted() {
    let rehearsal = onboarded("valsonne", 4).await;
    {
        let mut state = rehearsal.served.lab.lock();
        let pve = &mut state.world.sites.get_mut("valsonne").expect("a site").pve;
        pve.vms.get_mut(&1003).expect("the machine").config.insert("description".to_owned(), "mine".to_owned());
    }
    let digest = rehearsal.served.lab.lock().world.digest();
    let plan = rehearsal.plan(&[instance("valsonne")]).await;
    assert!(plan.instances[0].conflict.is_some(), "{}", render(&plan));
    let report = rehearsal.apply(&[instance("valsonne")]).await;
    assert!(matches!(report[&instance("valsonne")], Applied::Stopped { .. }));
    assert_eq!(rehearsal.served.lab.lock().world.digest(), digest, "it was touched");

    let inventory = rehearsal.accepted.inventory.as_ref();
    let subject = Subject::on(inventory, &inventory.instances[&instance("valsonne")], DAY).expect("it has a place");
    rehearsal.engine.adopt(&subject).await.unwrap_or_else(|error| panic!("{error}"));
    let plan = rehearsal.plan(&[instance("valsonne")]).await;
    assert!(plan.is_settled(), "{}", render(&plan));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_rebuilt_with_its_id_until_passwords_are_handed_over() {
    let rehearsal = onboarded("valsonne", 5).await;
    let inventory = rehearsal.accepted.inventory.as_ref();
    let subject = Subject::on(inventory, &inventory.instances[&instance("valsonne")], DAY).expect("it has a place");
    rehearsal.engine.take_away(&subject).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(!rehearsal.served.lab.lock().world.sites["valsonne"].pve.vms.contains_key(&1003));
    let report = rehearsal.apply(&[instance("valsonne")]).await;
    assert!(matches!(report[&instance("valsonne")], Applied::Settled { .. }), "{report:#?}");

    let secret = rehearsal.engine.vault.secret_names().await.expect("the names");
    let person = secret.iter().find(|one| one.name.starts_with("person/mairie-valsonne/")).expect("a password");
    rehearsal.engine.vault.hand_over(&person.name, 1).await.expect("handed over");
    let refusal = rehearsal.engine.take_away(&subject).await.expect_err("people work on it");
    assert!(matches!(refusal, EngineError::Conflict(_)), "{refusal}");
}

/// Its backups would be pushed out by those of an empty one that looks well.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_gone_is_not_replaced_by_an_empty_one_unasked() {
    let rehearsal = onboarded("valsonne", 7).await;
    lose(&rehearsal, "valsonne", 1003);
    let plan = rehearsal.plan(&[instance("valsonne")]).await;
    let conflict = plan.instances[0].conflict.clone();
    assert!(conflict.is_some_and(|why| why.contains("accolades restore valsonne --at now")), "{}", render(&plan));
    assert!(plan.instances[0].actions.is_empty(), "{}", render(&plan));
    // Who says that nobody misses anything gets a new one.
    let inventory = rehearsal.accepted.inventory.as_ref();
    let subject = Subject::on(inventory, &inventory.instances[&instance("valsonne")], DAY).expect("it has a place");
    rehearsal.engine.take_away(&subject).await.unwrap_or_else(|error| panic!("{error}"));
    let plan = rehearsal.plan(&[instance("valsonne")]).await;
    assert!(plan.instances[0].conflict.is_none(), "{}", render(&plan));
    assert!(plan.instances[0].actions.iter().any(|action| action.key.starts_with("machine/")), "{}", render(&plan));
}

/// Takes a machine away behind our back, with its place in the pools.
fn lose(rehearsal: &Rehearsal, site: &str, vmid: u32) {
    let mut state = rehearsal.served.lab.lock();
    let pve = &mut state.world.sites.get_mut(site).expect("a site").pve;
    assert!(pve.vms.remove(&vmid).is_some());
    for pool in pve.access.pools.values_mut() {
        pool.vms.remove(&vmid);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_gone_is_not_made_anew_while_its_backups_are_there() {
    let rehearsal = onboarded("valsonne", 8).await;
    let inventory = rehearsal.accepted.inventory.as_ref();
    let subject = Subject::on(inventory, &inventory.instances[&instance("valsonne")], DAY).expect("it has a place");
    let saved = rehearsal.engine.back_up(&subject, Place::Local).await;
    saved.unwrap_or_else(|error| panic!("{error}"));
    lose(&rehearsal, "valsonne", 1003);
    let objection = rehearsal.engine.objection_to_rebuilding(&subject).await.expect("it answers");
    assert!(objection.as_ref().is_some_and(|why| why.contains("1 backups of it exist")), "{objection:?}");
    let rights = rehearsal.served.lab.lock().world.sites["valsonne"].pve.access.acl.get("/vms/1003").cloned();
    assert!(rights.is_none_or(|one| one.users.is_empty() && one.tokens.is_empty()), "the right is left");
}

/// Backups that we may not see are listed as none.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_whose_backups_we_may_not_see_is_not_rebuilt() {
    let rehearsal = onboarded("valsonne", 6).await;
    let inventory = rehearsal.accepted.inventory.as_ref();
    let subject = Subject::on(inventory, &inventory.instances[&instance("valsonne")], DAY).expect("it has a place");
    assert_eq!(rehearsal.engine.objection_to_rebuilding(&subject).await.expect("it answers"), None);
    {
        let mut state = rehearsal.served.lab.lock();
        let access = &mut state.world.sites.get_mut("valsonne").expect("a site").pve.access;
        for role in access.roles.values_mut() {
            role.remove("VM.Backup");
        }
    }
    let refusal = rehearsal.engine.take_away(&subject).await.expect_err("nobody knows whether there are backups");
    assert!(matches!(&refusal, EngineError::Unknown(why) if why.contains("VM.Backup on /vms/1003")), "{refusal}");
    assert!(rehearsal.served.lab.lock().world.sites["valsonne"].pve.vms.contains_key(&1003));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_leaves_is_shut_out_at_once_and_deleted_only_after_thirty_days() {
    let mut rehearsal = onboarded("valsonne", 6).await;
    let client = ClientId::new("mairie-valsonne").expect("an id");
    let seats = &rehearsal.accepted.inventory.clients[&client].seats;
    let leaver = seats.iter().find(|seat| seat.active_on(DAY)).expect("somebody works there").person.clone();
    let end = SeatEnd {
        person: leaver.clone(),
        until: date(2026, 11, 19),
        forward_to: Some("suite@ailleurs.example".to_owned()),
        files_to: None,
    };
    let files = rehearsal.files().await;
    let edit = seat_end(&files, &client, &end).unwrap_or_else(|error| panic!("{error:?}"));
    rehearsal.accept(edit.files).await;
    let report = rehearsal.apply(&[instance("valsonne")]).await;
    assert!(
        matches!(report[&instance("valsonne")], Applied::Settled { .. }),
        "{report:#?}\n{}",
        rehearsal.last_words(9)
    );

    let inventory = rehearsal.accepted.inventory.clone();
    let person = &inventory.clients[&client].persons[&leaver];
    let old =
        rehearsal.engine.vault.get_secret(&format!("person/{client}/{leaver}")).await.expect("read").expect("set");
    {
        let state = rehearsal.served.lab.lock();
        let guest = state.world.sites["valsonne"].guest(1003).expect("up");
        let yunohost = guest.yunohost.as_ref().expect("installed");
        assert!(!yunohost.password_is(&person.username, old.expose_secret()), "the old password still opens");
    }
    let on = |day| Subject::on(&inventory, &inventory.instances[&instance("valsonne")], day).expect("it has a place");
    let client = &inventory.clients[&client];
    let early = rehearsal.engine.delete_person(&on(DAY), client, person).await.expect_err("it is kept for thirty days");
    assert!(matches!(early, EngineError::Conflict(_)), "{early}");
    let late = on(date(2026, 12, 21));
    rehearsal.engine.delete_person(&late, client, person).await.unwrap_or_else(|error| panic!("{error}"));
    let plan = rehearsal.plan(&[instance("valsonne")]).await;
    assert!(plan.is_settled(), "{}", render(&plan));
}

#[test]
fn the_example_has_the_three_kinds_of_client() {
    let inventory = accolades::inventory::check(&example_files()).expect("it is right");
    assert_eq!((inventory.clients.len(), inventory.instances.len()), (4, 3));
    let office = &inventory.clients[&ClientId::new("atelier-lilas").expect("an id")];
    assert_eq!(office.seats_on(DAY).count(), 9);
    assert!(office.persons.keys().all(|id| PersonId::new(id.as_str()).is_ok()));
}
