//! Observations: what was seen of the world, and when. The latest of each kind count, a few older ones are kept.

use serde_json::Value;

use crate::util::limits;

use super::{Scope, Store, StoreError, payload};

/// Something that was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct NewObservation {
    /// Whose data it is: one client's, or staff's.
    pub scope: Scope,
    /// Kind of the subject, for example `instance`.
    pub subject_kind: String,
    /// Which one.
    pub subject_id: String,
    /// What was looked at, for example `memory`.
    pub what: String,
    /// What was seen, with its `version`.
    pub value: Value,
    /// When.
    pub at_us: i64,
}

/// An observation on record.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Place among the observations of this subject and matter: 1 for the first.
    pub sequence: i64,
    /// What was seen.
    pub seen: NewObservation,
}

type Row = (i64, String, String, String, String, String, i64);

const NEXT_SEQUENCE: &str = "
    INSERT INTO observation_series (subject_kind, subject_id, what, last) VALUES ($1, $2, $3, 1)
    ON CONFLICT (subject_kind, subject_id, what) DO UPDATE SET last = observation_series.last + 1
    RETURNING last";
const INSERT: &str = "
    INSERT INTO observations (subject_kind, subject_id, what, sequence, scope, value, observed_at_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const PRUNE: &str = "
    DELETE FROM observations WHERE subject_kind = $1 AND subject_id = $2 AND what = $3 AND sequence <= $4";
const SELECT_LATEST: &str = "
    SELECT sequence, scope, subject_kind, subject_id, what, value, observed_at_us
    FROM observations
    WHERE subject_kind = $2 AND subject_id = $3 AND what = $4 AND ($1 = 'staff' OR scope = $1)
    ORDER BY sequence DESC LIMIT 1";
const SELECT_LATEST_OF_KIND: &str = "
    SELECT sequence, scope, subject_kind, subject_id, what, value, observed_at_us
    FROM observations
    WHERE subject_kind = $2 AND what = $3 AND ($1 = 'staff' OR scope = $1)
    AND NOT EXISTS (
        SELECT 1 FROM observations AS later
        WHERE later.subject_kind = observations.subject_kind AND later.subject_id = observations.subject_id
        AND later.what = observations.what AND later.sequence > observations.sequence
        AND ($1 = 'staff' OR later.scope = $1))
    ORDER BY subject_id";
const SELECT_SERIES: &str = "
    SELECT sequence, scope, subject_kind, subject_id, what, value, observed_at_us
    FROM observations
    WHERE subject_kind = $2 AND subject_id = $3 AND what = $4 AND ($1 = 'staff' OR scope = $1)
    ORDER BY sequence DESC";

impl Store {
    /// Records an observation; the oldest of its series beyond [`limits::STORE_OBSERVATIONS_KEPT`] are dropped.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn observe(&self, new: &NewObservation) -> Result<(), StoreError> {
        let value = payload::to_text(&new.value, "observation")?;
        in_transaction!(self, |tx| {
            let sequence: i64 = sqlx::query_scalar(NEXT_SEQUENCE)
                .bind(&new.subject_kind)
                .bind(&new.subject_id)
                .bind(&new.what)
                .fetch_one(&mut *tx)
                .await?;
            sqlx::query(INSERT)
                .bind(&new.subject_kind)
                .bind(&new.subject_id)
                .bind(&new.what)
                .bind(sequence)
                .bind(new.scope.mark())
                .bind(&value)
                .bind(new.at_us)
                .execute(&mut *tx)
                .await?;
            sqlx::query(PRUNE)
                .bind(&new.subject_kind)
                .bind(&new.subject_id)
                .bind(&new.what)
                .bind(sequence - limits::STORE_OBSERVATIONS_KEPT)
                .execute(&mut *tx)
                .await?;
        });
        Ok(())
    }

    /// The last observation of a matter on a subject.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn latest_observation(
        &self,
        scope: &Scope,
        subject_kind: &str,
        subject_id: &str,
        what: &str,
    ) -> Result<Option<Observation>, StoreError> {
        let row: Option<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_LATEST)
                .bind(scope.mark())
                .bind(subject_kind)
                .bind(subject_id)
                .bind(what)
                .fetch_optional(pool)
                .await?
        });
        row.map(observation).transpose()
    }

    /// The observations of a matter on a subject that are kept, the newest first: since when something is so.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn observations(
        &self,
        scope: &Scope,
        subject_kind: &str,
        subject_id: &str,
        what: &str,
    ) -> Result<Vec<Observation>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_SERIES)
                .bind(scope.mark())
                .bind(subject_kind)
                .bind(subject_id)
                .bind(what)
                .fetch_all(pool)
                .await?
        });
        rows.into_iter().map(observation).collect()
    }

    /// The last observation of a matter on each subject of a kind, in the order of the subjects.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn latest_observations(
        &self,
        scope: &Scope,
        subject_kind: &str,
        what: &str,
    ) -> Result<Vec<Observation>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_LATEST_OF_KIND)
                .bind(scope.mark())
                .bind(subject_kind)
                .bind(what)
                .fetch_all(pool)
                .await?
        });
        rows.into_iter().map(observation).collect()
    }
}

fn observation(row: Row) -> Result<Observation, StoreError> {
    let (sequence, scope, subject_kind, subject_id, what, value, at_us) = row;
    let scope = Scope::from_mark(&scope)?;
    let value = payload::from_text(&value, "observation")?;
    Ok(Observation { sequence, seen: NewObservation { scope, subject_kind, subject_id, what, value, at_us } })
}
