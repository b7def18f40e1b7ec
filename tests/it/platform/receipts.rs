//! Status 212: what was received, per VAT rate.

use accolades::billing::draft::read_document;
use accolades::billing::platform::cashed;
use accolades::domain::billing::document::{Issued, VatShare};
use accolades::domain::money::Cents;
use accolades::inventory::billing::Route;
use accolades::platform::cdar;
use accolades::platform::{Collected, DropFolder};
use accolades::store::{FileKind, Movement, NewPayment, PaymentRecord, Scope};
use proptest::prelude::*;

use super::{Desk, client};

#[tokio::test(flavor = "multi_thread")]
async fn platform_a_payment_is_told_with_its_amount_per_vat_rate() {
    let desk = Desk::new().await;
    let record = desk.document("atelier-lilas").await;
    let folder = tempfile::tempdir().unwrap();
    let platform = DropFolder::new(folder.path());
    let part = desk.moved(&record, Movement::Payment, 1000, None).await;
    let first = desk.exchange(&platform, Route::Platform).await.unwrap();
    assert_eq!(first.handed_over, std::slice::from_ref(&record.number));
    let second = desk.exchange(&platform, Route::Platform).await.unwrap();
    assert_eq!(second.handed_over, [format!("{}-212-{part}", record.number)], "a status follows its document");
    let back = desk.moved(&record, Movement::Return, 1000, Some(part)).await;
    desk.exchange(&platform, Route::Platform).await.unwrap();
    desk.exchange(&platform, Route::Platform).await.unwrap();
    let scope = Scope::Client(record.client.clone());
    let files = desk.store.platform_files(&scope, Some(&record.number)).await.unwrap();
    let told: Vec<_> = files.iter().filter(|file| file.kind == FileKind::Status).collect();
    assert_eq!(told.len(), 2);
    let amounts: Vec<Vec<Collected>> =
        told.iter().map(|file| cdar::read(file.content.as_bytes()).unwrap().remove(0).collected).collect();
    let of = |cents| vec![Collected { rate_bp: 2000, gross: Cents(cents) }];
    assert_eq!(amounts, [of(1000), of(-1000)], "a payment that came back is told too");
    let statuses = desk.store.invoice_statuses(&scope, Some(&record.number)).await.unwrap();
    let sent: Vec<_> = statuses.iter().map(|one| (one.status.code, one.status.is_incoming)).collect();
    assert_eq!(sent, [(212, false), (212, false)], "once each, as sent by us");
    assert!(folder.path().join("out").join(format!("{}-212-{back}.xml", record.number)).exists());
}

/// A document with these shares of VAT; of a real one everything else.
async fn sample() -> Issued {
    read_document(&Desk::new().await.document("atelier-lilas").await).unwrap()
}

fn movement(position: i64, cents: i64) -> PaymentRecord {
    PaymentRecord {
        position,
        payment: NewPayment {
            client: client("atelier-lilas"),
            number: Some("F2026-00001".to_owned()),
            movement: if cents < 0 { Movement::Return } else { Movement::Payment },
            cents: Cents(cents.abs()),
            moved_on: "2026-12-15".parse().unwrap(),
            means: "transfer".to_owned(),
            reference: "X".to_owned(),
            reverses: None,
            by: "ana".to_owned(),
            at_us: 0,
        },
    }
}

#[test]
fn platform_parts_of_receipts_add_up_per_movement_and_per_rate() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sample = runtime.block_on(sample());
    let strategy =
        (prop::collection::vec((1_u32..3000, 1_i64..500_000), 1..4), prop::collection::vec(1_i64..100, 1..8));
    proptest!(|((rates, weights) in strategy)| {
        let mut issued = sample.clone();
        issued.vat = rates
            .iter()
            .enumerate()
            .map(|(place, (rate_bp, gross))| VatShare {
                rate_bp: rate_bp + 3000 * u32::try_from(place).unwrap(),
                base: Cents(gross - gross / 6),
                vat: Cents(gross / 6),
                ..sample.vat[0].clone()
            })
            .collect();
        let total: i64 = rates.iter().map(|(_, gross)| gross).sum();
        issued.totals.gross = Cents(total);
        // Payments of any size that come to the whole in the end, one of them returned and paid again.
        let sum: i64 = weights.iter().sum();
        let mut paid = 0;
        let mut movements = Vec::new();
        for (place, weight) in weights.iter().enumerate() {
            let cents = if place + 1 == weights.len() { total - paid } else { total * weight / sum };
            paid += cents;
            if cents > 0 {
                movements.push(cents);
            }
        }
        let first = movements[0];
        movements.extend([-first, first]);
        let movements: Vec<PaymentRecord> =
            movements.iter().enumerate().map(|(place, cents)| movement(place as i64, *cents)).collect();
        let told = cashed(&issued, &movements);
        for (one, movement) in told.iter().zip(&movements) {
            let sign = if movement.payment.movement == Movement::Payment { 1 } else { -1 };
            let parts: i64 = one.collected.iter().map(|part| part.gross.0).sum();
            prop_assert_eq!(parts, sign * movement.payment.cents.0, "the parts of a movement are the movement");
        }
        for share in &issued.vat {
            let parts: i64 = told
                .iter()
                .flat_map(|one| &one.collected)
                .filter(|part| part.rate_bp == share.rate_bp)
                .map(|part| part.gross.0)
                .sum();
            prop_assert_eq!(parts, share.base.0 + share.vat.0, "paid in full, each rate has its own total");
        }
    });
}
