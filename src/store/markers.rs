//! Markers that were seen in guests: what a restore must bring back to be believed.

use serde_json::Value;

use crate::domain::ids::InstanceId;

use super::{Scope, Store, StoreError, payload};

/// A marker that was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenMarker {
    /// Whose data it is: one client's, or staff's.
    pub scope: Scope,
    /// In which guest.
    pub instance: InstanceId,
    /// Its random number.
    pub nonce: String,
    /// When the guest made it, by the guest's clock.
    pub made_at_us: i64,
    /// When we saw it.
    pub seen_at_us: i64,
    /// The whole marker, with its `version`.
    pub marker: Value,
}

type Row = (String, String, String, i64, i64, String);

const RECORD: &str = "
    INSERT INTO marker_nonces (instance, nonce, scope, made_at_us, seen_at_us, marker) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (instance, nonce) DO NOTHING";
const SELECT_BEFORE: &str = "
    SELECT instance, nonce, scope, made_at_us, seen_at_us, marker FROM marker_nonces
    WHERE instance = $2 AND made_at_us <= $3 AND ($1 = 'staff' OR scope = $1)
    ORDER BY made_at_us DESC, nonce LIMIT 1";

impl Store {
    /// Records a marker. The same again changes nothing: the first sight counts.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn record_marker(&self, seen: &SeenMarker) -> Result<(), StoreError> {
        let marker = payload::to_text(&seen.marker, "marker")?;
        on_pool!(self, |pool| {
            sqlx::query(RECORD)
                .bind(seen.instance.as_str())
                .bind(&seen.nonce)
                .bind(seen.scope.mark())
                .bind(seen.made_at_us)
                .bind(seen.seen_at_us)
                .bind(&marker)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// The newest marker of an instance that was made at or before a moment: a backup from that moment must hold it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn marker_before(
        &self,
        scope: &Scope,
        instance: &InstanceId,
        at_us: i64,
    ) -> Result<Option<SeenMarker>, StoreError> {
        let row: Option<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_BEFORE)
                .bind(scope.mark())
                .bind(instance.as_str())
                .bind(at_us)
                .fetch_optional(pool)
                .await?
        });
        row.map(marker).transpose()
    }
}

fn marker((instance, nonce, scope, made_at_us, seen_at_us, marker): Row) -> Result<SeenMarker, StoreError> {
    let instance = InstanceId::new(instance).map_err(|_| StoreError::Unreadable { what: "instance of a marker" })?;
    let marker = payload::from_text(&marker, "marker")?;
    Ok(SeenMarker { scope: Scope::from_mark(&scope)?, instance, nonce, made_at_us, seen_at_us, marker })
}
