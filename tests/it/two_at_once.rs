//! Two technicians give `apply` at the same moment: two processes of the real binary on one store. One works, the other is
//! told who is at work; nothing is done twice, and the world is that of a run alone.

use accolades::lab::net::transcript::Entry;
use accolades::store::{Scope, Store};

use crate::rehearsal::RELAY_PASSWORD;
use crate::store::bench::Bench;
use crate::technician::{DISK_SERIAL, Technician, said};

const SEED: u64 = 3;

/// The exit codes of somebody who did the work, and of somebody who found a colleague at work.
const DONE: i32 = 0;
const A_PERSON_DECIDES: i32 = 4;

/// The world once what goes on by itself has come to rest.
fn digest(technician: &Technician) -> String {
    let mut state = technician.served.lab.lock();
    state.pass(3_600_000_000);
    state.world.digest()
}

/// How often the node was asked to make a machine.
fn machines_asked_for(technician: &Technician) -> usize {
    let state = technician.served.lab.lock();
    let creates = |entry: &&Entry| matches!(entry, Entry::Request { method, path, .. } if method == "POST" && path.ends_with("/qemu"));
    state.transcript.entries().iter().filter(creates).count()
}

async fn two_apply_at_once(bench: &Bench) {
    let alone = Technician::new(SEED).await;
    let technician = Technician::new(SEED).await;
    let url = bench.url().await;
    let store = ["--store", &url, "--key-file", "secrets.key"];
    let prepare = ["site", "prepare", "friche", "--format", DISK_SERIAL];
    for one in [&alone, &technician] {
        let store: &[&str] = if std::ptr::eq(one, &technician) { &store } else { &[] };
        one.must(&[&["inventory", "accept"], store].concat(), "").await;
        one.must(&[&["secret", "set", "relay"], store].concat(), RELAY_PASSWORD).await;
        one.prepare_server(store).await;
        one.must(&[prepare.as_slice(), store].concat(), "").await;
    }
    alone.must(&["apply", "ilot"], "").await;

    let apply = [&["apply", "ilot"], store.as_slice()].concat();
    let (first, second) = (technician.start(&apply, "").await, technician.start(&apply, "").await);
    let (first, second) = tokio::join!(said(first), said(second));
    let mut ends = [&first, &second].map(|end| end.status.code().expect("nobody killed it"));
    ends.sort_unstable();
    assert_eq!(ends, [DONE, A_PERSON_DECIDES], "{}\n-----\n{}", first.text, second.text);
    let turned_away = if first.status.success() { &second } else { &first };
    assert!(turned_away.text.contains("is being worked on by"), "{}", turned_away.text);

    assert_eq!(machines_asked_for(&technician), 1);
    let again = technician.must(&apply, "").await;
    assert!(again.contains("No changes"), "{again}");
    assert_eq!(digest(&technician), digest(&alone), "the same world as of a run alone");
    let kept = Store::open(&url).await.expect("the store is whole");
    let open = kept.open_actions(&Scope::Staff, "instance/ilot").await.expect("readable");
    assert!(open.is_empty(), "left open: {open:#?}");
    assert!(kept.unfinished_runs(&Scope::Staff).await.expect("readable").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_on_one_sqlite_file_one_works_and_the_other_is_told() {
    two_apply_at_once(&Bench::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_on_one_postgresql_one_works_and_the_other_is_told() {
    two_apply_at_once(&Bench::postgres()).await;
}
