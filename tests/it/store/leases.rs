//! Leases.

use accolades::store::{Acquired, Lease, Store, StoreError};

use super::NOW_US;
use super::bench::Bench;

fn ours(acquired: Acquired) -> Lease {
    match acquired {
        Acquired::Lease(lease) => lease,
        Acquired::HeldBy(lease) => panic!("held: {lease:?}"),
    }
}

pub async fn one_of_many_gets_the_lease(bench: &Bench) {
    let url = bench.url().await;
    let stores = [Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap()];
    // The second round takes over what the first left: the same race on an existing row.
    for round in 0..2 {
        let now_us = NOW_US + round * 1_000;
        let tasks: Vec<_> = (0..8)
            .map(|number| {
                let (store, holder) = (stores[number % 2].clone(), format!("process {number}"));
                tokio::spawn(
                    async move { store.acquire_lease("instance/lilas", &holder, now_us, now_us + 1_000).await },
                )
            })
            .collect();
        let (mut won, mut refused) = (Vec::new(), Vec::new());
        for task in tasks {
            match task.await.unwrap().unwrap() {
                Acquired::Lease(lease) => won.push(lease),
                Acquired::HeldBy(lease) => refused.push(lease),
            }
        }
        assert_eq!(won.len(), 1);
        assert_eq!(won[0].fence, round + 1);
        assert!(refused.iter().all(|held| *held == won[0]), "the others are told who holds it");
    }
    ours(stores[0].acquire_lease("instance/mairie", "process 0", NOW_US, NOW_US + 1).await.unwrap());
}

pub async fn a_lease_that_ended_is_taken_over(bench: &Bench) {
    let store = bench.store().await;
    let first = ours(store.acquire_lease("x", "one", NOW_US, NOW_US + 10).await.unwrap());
    let again = store.acquire_lease("x", "one", NOW_US + 9, NOW_US + 99).await.unwrap();
    assert_eq!(again, Acquired::HeldBy(first.clone()), "not even its holder gets it twice");
    let first = store.renew_lease(&first, NOW_US + 20).await.unwrap();
    assert!(matches!(store.acquire_lease("x", "two", NOW_US + 19, NOW_US + 99).await.unwrap(), Acquired::HeldBy(_)));

    let second = ours(store.acquire_lease("x", "two", NOW_US + 20, NOW_US + 40).await.unwrap());
    assert!(second.fence > first.fence);
    assert!(matches!(store.renew_lease(&first, NOW_US + 50).await, Err(StoreError::Conflict { .. })));
    store.release_lease(&first).await.unwrap();
    assert_eq!(
        store.acquire_lease("x", "three", NOW_US + 21, NOW_US + 50).await.unwrap(),
        Acquired::HeldBy(second.clone()),
        "a lost lease releases nothing"
    );

    store.release_lease(&second).await.unwrap();
    let third = ours(store.acquire_lease("x", "three", NOW_US + 21, NOW_US + 50).await.unwrap());
    assert!(third.fence > second.fence, "the number grows past a release");
}

pub async fn a_dead_holder_is_replaced_once(bench: &Bench) {
    let store = bench.store().await;
    let dead = ours(store.acquire_lease("x", "dead", NOW_US, NOW_US + 1_000).await.unwrap());
    let (one, two) = tokio::join!(
        store.take_over_lease(&dead, "one", NOW_US + 2_000),
        store.take_over_lease(&dead, "two", NOW_US + 2_000)
    );
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
    let heir = one.or(two).unwrap();
    assert_eq!(heir.fence, dead.fence + 1);
    let held = store.acquire_lease("x", "three", NOW_US + 1_500, NOW_US + 3_000).await.unwrap();
    assert_eq!(held, Acquired::HeldBy(heir));
}
