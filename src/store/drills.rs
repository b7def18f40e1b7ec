//! Records of restore tests: only ever added, each chained to the one before it of the same instance. The whole record is
//! staff's; each client that lived on the instance has a share of its own, under the hash of the whole.

use crate::domain::backup::drill::{Known, Origin, Record};
use crate::domain::ids::{ClientId, InstanceId};

use super::{Scope, Store, StoreError};

/// A record with the hash that it was kept under.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptDrill {
    /// Its number among those of its instance: 1 for the first, without a gap.
    pub number: i64,
    /// The record.
    pub record: Record,
    /// Its hash.
    pub hash: String,
}

type Row = (i64, String, String);

const SELECT_LAST: &str = "
    SELECT number, hash FROM drills WHERE instance = $1 ORDER BY number DESC LIMIT 1";
const INSERT: &str = "
    INSERT INTO drills (id, scope, instance, number, origin, verdict, backup_at_us, began_at_us, ended_at_us,
                        previous_hash, hash, record)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";
const INSERT_SHARE: &str = "
    INSERT INTO drill_shares (drill, scope, instance, number, origin, verdict, ended_at_us, hash, record)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const SELECT: &str = "
    SELECT number, hash, record FROM drills
    WHERE instance = $2 AND $1 = 'staff' AND (ended_at_us >= $3 OR ended_at_us = (
        SELECT max(ended_at_us) FROM drills WHERE instance = $2 AND verdict = 'proven'))
    UNION ALL SELECT number, hash, record FROM drill_shares
    WHERE instance = $2 AND scope = $1 AND (ended_at_us >= $3 OR ended_at_us = (
        SELECT max(ended_at_us) FROM drill_shares WHERE instance = $2 AND scope = $1 AND verdict = 'proven'))
    ORDER BY number";
const SELECT_ALL: &str = "
    SELECT number, hash, record FROM (
        SELECT number, hash, record, instance, ended_at_us FROM drills WHERE $1 = 'staff'
        UNION ALL SELECT number, hash, record, instance, ended_at_us FROM drill_shares WHERE scope = $1
    ) AS visible ORDER BY ended_at_us, instance, number";
const SELECT_KNOWN: &str = "
    SELECT max(CASE WHEN verdict = 'proven' THEN ended_at_us END), max(ended_at_us) FROM (
        SELECT instance, origin, verdict, ended_at_us FROM drills WHERE $1 = 'staff'
        UNION ALL SELECT instance, origin, verdict, ended_at_us FROM drill_shares WHERE scope = $1
    ) AS visible WHERE instance = $2 AND origin = $3";

const SELECT_PROOFS: &str = "
    WITH proven AS (
        SELECT origin, ended_at_us, number, hash, record FROM drills
        WHERE $1 = 'staff' AND instance = $2 AND verdict = 'proven'
        UNION ALL SELECT origin, ended_at_us, number, hash, record FROM drill_shares
        WHERE scope = $1 AND instance = $2 AND verdict = 'proven'
    )
    SELECT number, hash, record FROM proven AS one
    WHERE ended_at_us = (SELECT max(ended_at_us) FROM proven AS other WHERE other.origin = one.origin)
    ORDER BY number";

impl Store {
    /// The hash of the last record of an instance: what the next one names.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn last_drill_hash(&self, instance: &InstanceId) -> Result<Option<String>, StoreError> {
        let last: Option<(i64, String)> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_LAST).bind(instance.as_str()).fetch_optional(pool).await?);
        Ok(last.map(|(_, hash)| hash))
    }

    /// Keeps a record, and the share of each client in it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it does not name the last record of its instance, or its id is taken.
    pub async fn keep_drill(&self, record: &Record, shares: &[(ClientId, Record)]) -> Result<KeptDrill, StoreError> {
        let (hash, text) = (record.hash(), record.canonical());
        let shares: Vec<_> = shares
            .iter()
            .map(|(client, share)| (Scope::Client(client.clone()).mark(), share.verdict.as_str(), share.canonical()))
            .collect();
        let number: Option<i64> = in_transaction!(self, |tx| {
            let last: Option<(i64, String)> =
                sqlx::query_as(SELECT_LAST).bind(record.instance.as_str()).fetch_optional(&mut *tx).await?;
            let (number, previous) = last.map_or((1, None), |(number, hash)| (number + 1, Some(hash)));
            if previous == record.previous {
                let inserted = sqlx::query(INSERT)
                    .bind(&record.id)
                    .bind(Scope::Staff.mark())
                    .bind(record.instance.as_str())
                    .bind(number)
                    .bind(record.from.as_str())
                    .bind(record.verdict.as_str())
                    .bind(record.backup.as_ref().map(|backup| backup.at_us))
                    .bind(record.began_at_us)
                    .bind(record.ended_at_us)
                    .bind(&record.previous)
                    .bind(&hash)
                    .bind(&text)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
                if inserted == 1 {
                    for (mark, verdict, share) in &shares {
                        sqlx::query(INSERT_SHARE)
                            .bind(&record.id)
                            .bind(mark)
                            .bind(record.instance.as_str())
                            .bind(number)
                            .bind(record.from.as_str())
                            .bind(*verdict)
                            .bind(record.ended_at_us)
                            .bind(&hash)
                            .bind(share)
                            .execute(&mut *tx)
                            .await?;
                    }
                }
                (inserted == 1).then_some(number)
            } else {
                None
            }
        });
        match number {
            Some(number) => Ok(KeptDrill { number, record: record.clone(), hash }),
            None => Err(StoreError::conflict(
                format!("the drill `{}` of `{}` does not follow the last one on record", record.id, record.instance),
                "another drill of the same instance was recorded meanwhile: run this one again",
            )),
        }
    }

    /// The records of an instance, the oldest first; a client sees its shares of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn drills(&self, scope: &Scope, instance: &InstanceId) -> Result<Vec<KeptDrill>, StoreError> {
        self.drills_since(scope, instance, i64::MIN).await
    }

    /// As [`Store::drills`], only those that ended from a moment on, and the last that proved something, however old it is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn drills_since(
        &self,
        scope: &Scope,
        instance: &InstanceId,
        since_us: i64,
    ) -> Result<Vec<KeptDrill>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| {
            let query = sqlx::query_as(SELECT).bind(scope.mark()).bind(instance.as_str()).bind(since_us);
            query.fetch_all(pool).await?
        });
        rows.into_iter().map(kept).collect()
    }

    /// The records of all instances, the oldest first; a client sees its shares of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn all_drills(&self, scope: &Scope) -> Result<Vec<KeptDrill>, StoreError> {
        let rows: Vec<Row> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_ALL).bind(scope.mark()).fetch_all(pool).await?);
        rows.into_iter().map(kept).collect()
    }

    /// The last record of each kind of backup of an instance that proved it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn last_proofs(&self, scope: &Scope, instance: &InstanceId) -> Result<Vec<KeptDrill>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_PROOFS).bind(scope.mark()).bind(instance.as_str()).fetch_all(pool).await?
        });
        rows.into_iter().map(kept).collect()
    }

    /// When a backup of an instance was last proven and last tried.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn known_of_drills(
        &self,
        scope: &Scope,
        instance: &InstanceId,
        origin: Origin,
    ) -> Result<Known, StoreError> {
        let (proven_at_us, tried_at_us): (Option<i64>, Option<i64>) = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_KNOWN)
                .bind(scope.mark())
                .bind(instance.as_str())
                .bind(origin.as_str())
                .fetch_one(pool)
                .await?
        });
        Ok(Known { proven_at_us, tried_at_us, since_us: None })
    }
}

fn kept((number, hash, text): Row) -> Result<KeptDrill, StoreError> {
    let record = serde_json::from_str(&text).map_err(|_| StoreError::Unreadable { what: "record of a drill" })?;
    Ok(KeptDrill { number, record, hash })
}
