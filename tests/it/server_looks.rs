//! What a sweep sees of backup servers of ours, with the lab's server doing its own work by itself: arrivals verified,
//! garbage collected, copies fetched by a third place; and what it says when one of these goes wrong.

use accolades::domain::backup::health::{Place, PlaceHealth, Weight, Word};
use accolades::domain::ids::VmId;
use accolades::engine::run::Applied;
use accolades::lab::net::shell::Outcome;
use accolades::lab::net::topology::Endpoint;
use accolades::lab::pbs::state::BackupServer;
use accolades::pve::{Shutdown, wait_task};
use accolades::util::limits;

use crate::drills::subject;
use crate::rehearsal::{Rehearsal, example_files, small_files, small_instance};
use crate::sweep::{sweep, verdicts};

const HOUR_US: u64 = 3_600_000_000;

/// Onboarded with one remote backup; a second server of ours fetches what arrives at the first one.
async fn saved(seed: u64) -> Rehearsal {
    saved_over(seed, "").await
}

/// The same with more in the file of the site.
async fn saved_over(seed: u64, tables: &str) -> Rehearsal {
    let mut files = small_files();
    files.get_mut("sites/friche.toml").expect("the example has it").push_str(tables);
    let third = "backup-servers/moulin.toml";
    files.insert(third.to_owned(), example_files().remove(third).expect("the example has it"));
    let rehearsal = Rehearsal::of(files, seed).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    let report = rehearsal.apply(&[small_instance()]).await;
    let settled = report.values().all(|one| matches!(one, Applied::Settled { .. }));
    assert!(settled, "{report:#?}\n{}", rehearsal.last_words(30));
    let inventory = rehearsal.accepted.inventory.clone();
    let saved = rehearsal.engine.back_up(&subject(&inventory), Place::Remote).await;
    saved.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
    rehearsal
}

fn pass_hours(rehearsal: &Rehearsal, hours: u64) {
    rehearsal.served.lab.lock().pass(hours * HOUR_US);
}

fn server(rehearsal: &Rehearsal, id: &str, change: impl FnOnce(&mut BackupServer)) {
    let mut state = rehearsal.served.lab.lock();
    change(state.world.backup_servers.get_mut().by_id_mut(id).expect("a server"));
}

/// A place after a fresh look, with the names of what was found.
async fn place(rehearsal: &Rehearsal, place: Place) -> (PlaceHealth, Vec<&'static str>) {
    sweep(rehearsal).await;
    let places = verdicts(rehearsal).await.remove(0).health.places;
    let found = places.into_iter().find(|one| one.place == place).expect("it is judged");
    let names = found.findings.iter().map(|finding| finding.name.name()).collect();
    (found, names)
}

#[tokio::test(flavor = "multi_thread")]
async fn server_looks_see_arrivals_collection_and_copies() {
    let rehearsal = saved(71).await;
    let (remote, found) = place(&rehearsal, Place::Remote).await;
    assert!(found.contains(&"gc-never-ran"), "{found:?}");
    let good = remote.last_good.as_ref().expect("a backup");
    assert!(format!("{good:?}").contains("Encrypted"), "the server's own index says so: {good:?}");
    let (third, _) = place(&rehearsal, Place::Third).await;
    assert_eq!((third.word, third.kept), (Word::Never, 0), "nothing was fetched yet: {third:#?}");

    // From Friday noon to Saturday noon: the node's jobs, pruning, collection, verification, the copies.
    pass_hours(&rehearsal, 26);
    let (remote, found) = place(&rehearsal, Place::Remote).await;
    assert_eq!(found, ["never-restored"], "{remote:#?}");
    assert_eq!((remote.word, remote.kept), (Word::Unproven, 2));
    let (third, found) = place(&rehearsal, Place::Third).await;
    assert_eq!((third.word, found.as_slice()), (Word::Unproven, ["drill-left-out"].as_slice()), "{third:#?}");
    assert_eq!(third.kept, 2, "{third:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn server_looks_name_a_lost_owner_and_preparing_the_server_mends_it() {
    let rehearsal = saved(72).await;
    server(&rehearsal, "grange", |server| {
        let store = server.datastores.get_mut("communs").expect("the datastore");
        for group in store.namespaces.get_mut("ilot").expect("the namespace").groups.values_mut() {
            "root@pam".clone_into(&mut group.owner);
        }
    });
    pass_hours(&rehearsal, 24);
    let (remote, found) = place(&rehearsal, Place::Remote).await;
    assert!(found.contains(&"owner-lost"), "{remote:#?}");
    assert_eq!(remote.word, Word::Failed, "the night's backup was refused: {remote:#?}");
    rehearsal.prepare_servers().await.unwrap_or_else(|error| panic!("{error}"));
    let inventory = rehearsal.accepted.inventory.clone();
    let saved = rehearsal.engine.back_up(&subject(&inventory), Place::Remote).await;
    saved.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
    let (remote, found) = place(&rehearsal, Place::Remote).await;
    assert!(!found.contains(&"owner-lost"), "{remote:#?}");
    assert_eq!(remote.word, Word::Unproven, "{remote:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn server_looks_name_copies_that_stopped() {
    let rehearsal = saved(73).await;
    pass_hours(&rehearsal, 26);
    // The source is away when the next copies are due.
    let now = rehearsal.served.lab.lock().world.now;
    server(&rehearsal, "grange", |server| server.set_online(false, now));
    pass_hours(&rehearsal, 24);
    let now = rehearsal.served.lab.lock().world.now;
    server(&rehearsal, "grange", |server| server.set_online(true, now));
    let (third, found) = place(&rehearsal, Place::Third).await;
    assert!(found.contains(&"sync-stopped"), "{third:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn server_looks_tell_a_refused_pruning_from_a_lost_backup() {
    let rehearsal = saved(74).await;
    {
        let mut state = rehearsal.served.lab.lock();
        let site = state.world.sites.get_mut("friche").expect("a site");
        let job = site.pve.jobs.get_mut("ilot-remote").expect("the job");
        // Somebody lets the node prune, which its token may not.
        job.options.insert("remove".to_owned(), "1".to_owned());
        job.options.insert("prune-backups".to_owned(), "keep-last=1".to_owned());
    }
    pass_hours(&rehearsal, 24);
    let (remote, found) = place(&rehearsal, Place::Remote).await;
    assert!(found.contains(&"prune-refused"), "{remote:#?}");
    assert_eq!(remote.kept, 2, "the backup is there all the same: {remote:#?}");
}

/// The machine is shut down and started again, as somebody does in Proxmox: another process, which knows nothing of what has
/// changed since the last backup.
async fn restart(rehearsal: &Rehearsal) {
    let inventory = rehearsal.accepted.inventory.clone();
    let link = rehearsal.engine.everyday_link(&subject(&inventory)).await.expect("the site is prepared");
    let (vmid, clock) = (VmId(1002), &rehearsal.engine.clock);
    let down = link.pve.shutdown_vm(vmid, Shutdown { timeout: limits::SHUTDOWN_TIMEOUT, force: true }).await;
    wait_task(&link.pve, &down.expect("asked"), clock, limits::PVE_TASK_TIMEOUT).await.expect("it is down");
    let up = link.pve.start_vm(vmid).await.expect("asked");
    wait_task(&link.pve, &up, clock, limits::PVE_TASK_TIMEOUT).await.expect("it is up");
}

#[tokio::test(flavor = "multi_thread")]
async fn server_looks_tell_of_a_whole_read_after_a_restart_before_the_window_is_missed() {
    // 80 GiB at 2 MiB/s: more than eleven hours, when a night's backup needs minutes.
    let rehearsal = saved_over(75, "\n[backup]\nupload_kib_per_second = 2048\n").await;
    pass_hours(&rehearsal, 26);
    let (_, found) = place(&rehearsal, Place::Remote).await;
    assert!(!found.contains(&"full-read-ahead"), "{found:?}");

    // A restart from inside keeps the process, and with it what it knows.
    let guest = Endpoint::GuestSsh { site: "friche".to_owned(), vmid: 1002 };
    let (ended, _) = rehearsal.served.lab.command(&guest, "root", "systemctl reboot", "");
    assert!(matches!(ended, Outcome::Ended(_) | Outcome::Cut), "the guest takes it");
    pass_hours(&rehearsal, 1);
    let (_, found) = place(&rehearsal, Place::Remote).await;
    assert!(!found.contains(&"full-read-ahead"), "{found:?}");

    restart(&rehearsal).await;
    let (remote, _) = place(&rehearsal, Place::Remote).await;
    let told = remote.findings.iter().find(|one| one.name.name() == "full-read-ahead");
    let told = told.unwrap_or_else(|| panic!("{remote:#?}"));
    assert!(told.sentence.contains("all of its 80 GiB") && told.sentence.contains("up to 12 h"), "{}", told.sentence);
    assert_eq!(told.weight, Weight::Warning, "it goes on into the working day");
    assert!(told.mend.contains("accolades backup run ilot --to remote"), "{}", told.mend);
    assert!(remote.next_expected > remote.seen_at, "it is told before: {remote:#?}");

    // As the mend says: read at a quiet hour, the night's backup has little to do again.
    let inventory = rehearsal.accepted.inventory.clone();
    let saved = rehearsal.engine.back_up(&subject(&inventory), Place::Remote).await;
    saved.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
    let (_, found) = place(&rehearsal, Place::Remote).await;
    assert!(!found.contains(&"full-read-ahead"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn server_looks_a_machine_with_a_remote_backup_only_is_not_rebuilt() {
    let rehearsal = saved(47).await;
    let inventory = rehearsal.accepted.inventory.clone();
    let refusal = rehearsal.engine.take_away(&subject(&inventory)).await.expect_err("there is something to restore");
    assert!(refusal.to_string().contains("1 backups of it exist on `pbs-ilot`: restore one instead"), "{refusal}");
    assert_eq!(rehearsal.served.lab.lock().world.sites["friche"].pve.vms.len(), 1, "the machine is untouched");
}
