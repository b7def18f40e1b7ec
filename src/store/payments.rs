//! Money that moved: payments, refunds, and payments that came back. Nothing is deleted (R22, R29).

use jiff::civil::Date;

use crate::domain::ids::ClientId;
use crate::domain::money::Cents;

use super::scope::Scoped;
use super::{Scope, Store, StoreError};

/// The means of what moved on a client's account alone: nothing came and nothing left.
pub const SET_OFF: &str = "set-off";

/// Which way money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// From the client.
    Payment,
    /// Back to the client.
    Refund,
    /// A payment that the bank took back.
    Return,
}

impl Movement {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Movement::Payment => "payment",
            Movement::Refund => "refund",
            Movement::Return => "return",
        }
    }

    fn of_word(word: &str) -> Option<Movement> {
        [Movement::Payment, Movement::Refund, Movement::Return].into_iter().find(|one| one.word() == word)
    }
}

/// A movement to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPayment {
    /// Whose.
    pub client: ClientId,
    /// For which invoice, when that is known.
    pub number: Option<String>,
    /// Which way.
    pub movement: Movement,
    /// How much; positive.
    pub cents: Cents,
    /// Day of the movement at the bank.
    pub moved_on: Date,
    /// `transfer`, `direct-debit`, `cheque`, `cash`, [`SET_OFF`].
    pub means: String,
    /// The bank's reference.
    pub reference: String,
    /// The payment that a return takes back.
    pub reverses: Option<i64>,
    /// Who records it.
    pub by: String,
    /// When.
    pub at_us: i64,
}

impl NewPayment {
    /// Whether it moved on the client's account alone.
    pub fn is_set_off(&self) -> bool {
        self.means == SET_OFF
    }

    /// What it is called.
    pub fn word(&self) -> &'static str {
        if self.is_set_off() { SET_OFF } else { self.movement.word() }
    }
}

/// A movement on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecord {
    /// Its number.
    pub position: i64,
    /// What it says.
    pub payment: NewPayment,
}

type Row = (i64, String, Option<String>, String, i64, String, String, String, Option<i64>, String, i64);

pub(super) const COUNT: &str = "
    INSERT INTO counters (name, value) VALUES ($1, 1)
    ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
pub(super) const INSERT: &str = "
    INSERT INTO payments
        (position, client, number, kind, cents, moved_on, means, reference, reverses, recorded_by, recorded_at_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (reverses) DO NOTHING";
const SELECT: Scoped = scoped!(
    "
    SELECT position, client, number, kind, cents, moved_on, means, reference, reverses, recorded_by, recorded_at_us
    FROM payments WHERE",
    client "client",
    "ORDER BY position"
);

/// Writes a movement inside a transaction: its number, and whether it was written (0 when the payment that it takes back was
/// taken back already).
macro_rules! insert_payment {
    ($tx:expr, $new:expr) => {{
        let new: &$crate::store::NewPayment = $new;
        let position: i64 =
            sqlx::query_scalar($crate::store::payments::COUNT).bind("payments").fetch_one(&mut *$tx).await?;
        let written = sqlx::query($crate::store::payments::INSERT)
            .bind(position)
            .bind(new.client.as_str())
            .bind(&new.number)
            .bind(new.movement.word())
            .bind(new.cents.0)
            .bind(new.moved_on.to_string())
            .bind(&new.means)
            .bind(&new.reference)
            .bind(new.reverses)
            .bind(&new.by)
            .bind(new.at_us)
            .execute(&mut *$tx)
            .await?
            .rows_affected();
        (position, written)
    }};
}
pub(super) use insert_payment;

impl Store {
    /// Records a movement; returns its number.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the payment that it takes back was taken back already.
    pub async fn record_payment(&self, new: &NewPayment) -> Result<i64, StoreError> {
        let (position, recorded) = in_transaction!(self, |tx| { insert_payment!(tx, new) });
        if recorded == 1 {
            return Ok(position);
        }
        Err(StoreError::conflict(
            "this payment was taken back already",
            "`accolades billing account CLIENT` shows both",
        ))
    }

    /// Records what is taken from one place of a client's account and what is put to another, both or none; returns their
    /// numbers.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn record_set_off(&self, from: &NewPayment, to: &NewPayment) -> Result<(i64, i64), StoreError> {
        Ok(in_transaction!(self, |tx| {
            let (taken, _) = insert_payment!(tx, from);
            let (put, _) = insert_payment!(tx, to);
            (taken, put)
        }))
    }

    /// The movements within a scope, in the order of recording.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn payments(&self, scope: &Scope) -> Result<Vec<PaymentRecord>, StoreError> {
        let rows: Vec<Row> =
            on_pool!(self, |pool| sqlx::query_as(SELECT.of(scope)).bind(scope.mark()).fetch_all(pool).await?);
        rows.into_iter().map(|row| payment(row).ok_or(StoreError::Unreadable { what: "payment" })).collect()
    }
}

fn payment(row: Row) -> Option<PaymentRecord> {
    let (position, client, number, kind, cents, moved_on, means, reference, reverses, by, at_us) = row;
    let payment = NewPayment {
        client: ClientId::new(client).ok()?,
        number,
        movement: Movement::of_word(&kind)?,
        cents: Cents(cents),
        moved_on: moved_on.parse().ok()?,
        means,
        reference,
        reverses,
        by,
        at_us,
    };
    Some(PaymentRecord { position, payment })
}
