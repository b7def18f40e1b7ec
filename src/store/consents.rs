//! Consent to hours beyond the allowance: a request, then one decision (R17).

use jiff::civil::Date;

use crate::domain::ids::ClientId;
use crate::domain::money::Cents;

use super::scope::Scoped;
use super::{NewMail, Scope, Store, StoreError};

/// An envelope to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConsent {
    /// Whose.
    pub client: ClientId,
    /// First day of the contract year.
    pub year_from: Date,
    /// Minutes.
    pub minutes: i64,
    /// Hourly price.
    pub price: Cents,
    /// What it is for.
    pub words: String,
    /// Who asks.
    pub by: String,
    /// When.
    pub at_us: i64,
}

/// The decision about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it was approved.
    pub is_approved: bool,
    /// The client's approver, by name and address.
    pub approver: String,
    /// How they said so.
    pub words: String,
    /// Who recorded it.
    pub by: String,
    /// When.
    pub at_us: i64,
}

/// A request on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Its number.
    pub request: i64,
    /// What was asked for.
    pub asked: NewConsent,
    /// What was decided; nothing yet when absent.
    pub decision: Option<Decision>,
}

type Row = (i64, i64, i64, String, String, String, i64, i64, Option<String>, String, String, i64);

const COUNT: &str = "
    INSERT INTO counters (name, value) VALUES ($1, 1)
    ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
const INSERT: &str = "
    INSERT INTO consents
        (position, request, step, state, client, year_from, minutes, price, approver, words, recorded_by, recorded_at_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (request, step) DO NOTHING";
const SELECT: Scoped = scoped!(
    "
    SELECT position, request, step, state, client, year_from, minutes, price, approver, words, recorded_by,
        recorded_at_us
    FROM consents WHERE",
    client "client",
    "ORDER BY request, step"
);

impl Store {
    /// Records a request; returns its number.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn request_consent(&self, new: &NewConsent) -> Result<i64, StoreError> {
        Ok(in_transaction!(self, |tx| {
            let position: i64 = sqlx::query_scalar(COUNT).bind("consents").fetch_one(&mut *tx).await?;
            sqlx::query(INSERT)
                .bind(position)
                .bind(position)
                .bind(0)
                .bind("requested")
                .bind(new.client.as_str())
                .bind(new.year_from.to_string())
                .bind(new.minutes)
                .bind(new.price.0)
                .bind(None::<String>)
                .bind(&new.words)
                .bind(&new.by)
                .bind(new.at_us)
                .execute(&mut *tx)
                .await?;
            position
        }))
    }

    /// Records the decision about a request, once, and with it the receipt that is owed for it, when there is one: a crash
    /// leaves both or none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it was decided already.
    pub async fn decide_consent(
        &self,
        consent: &Consent,
        decision: &Decision,
        receipt: Option<&NewMail>,
    ) -> Result<(), StoreError> {
        let asked = &consent.asked;
        let state = if decision.is_approved { "approved" } else { "refused" };
        let recorded = in_transaction!(self, |tx| {
            let position: i64 = sqlx::query_scalar(COUNT).bind("consents").fetch_one(&mut *tx).await?;
            let inserted = sqlx::query(INSERT)
                .bind(position)
                .bind(consent.request)
                .bind(1)
                .bind(state)
                .bind(asked.client.as_str())
                .bind(asked.year_from.to_string())
                .bind(asked.minutes)
                .bind(asked.price.0)
                .bind(Some(&decision.approver))
                .bind(&decision.words)
                .bind(&decision.by)
                .bind(decision.at_us)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if let Some(receipt) = receipt.filter(|_| inserted == 1) {
                put_mail!(tx, receipt);
            }
            inserted
        });
        if recorded == 1 {
            return Ok(());
        }
        Err(StoreError::conflict(
            format!("request {} was decided already", consent.request),
            "a new need is a new request: `accolades support consent request`",
        ))
    }

    /// The requests within a scope, in the order of asking.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn consents(&self, scope: &Scope) -> Result<Vec<Consent>, StoreError> {
        let rows: Vec<Row> =
            on_pool!(self, |pool| sqlx::query_as(SELECT.of(scope)).bind(scope.mark()).fetch_all(pool).await?);
        let mut consents: Vec<Consent> = Vec::new();
        for row in rows {
            add(&mut consents, row).ok_or(StoreError::Unreadable { what: "consent" })?;
        }
        Ok(consents)
    }
}

fn add(consents: &mut Vec<Consent>, row: Row) -> Option<()> {
    let (_, request, step, state, client, year_from, minutes, price, approver, words, by, at_us) = row;
    if step == 0 {
        let asked = NewConsent {
            client: ClientId::new(client).ok()?,
            year_from: year_from.parse().ok()?,
            minutes,
            price: Cents(price),
            words,
            by,
            at_us,
        };
        consents.push(Consent { request, asked, decision: None });
        return Some(());
    }
    let consent = consents.last_mut().filter(|consent| consent.request == request)?;
    consent.decision = Some(Decision { is_approved: state == "approved", approver: approver?, words, by, at_us });
    Some(())
}
