//! Accepted versions of the inventory: numbered without a gap, never changed, never removed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Store, StoreError, payload};

/// An inventory that somebody accepts.
#[derive(Debug, Clone, PartialEq)]
pub struct NewInventoryVersion {
    /// Number of the version that `difference` was computed against, 0 for none.
    pub follows: i64,
    /// Hash of the content; equal contents have equal hashes.
    pub content_hash: String,
    /// The validated model, with its `version`.
    pub model: Value,
    /// The files as they were, by path below the inventory's folder.
    pub files: BTreeMap<String, String>,
    /// Who accepted it.
    pub accepted_by: String,
    /// When.
    pub accepted_at_us: i64,
    /// What changed, as shown to that person.
    pub difference: String,
}

/// A version on record.
#[derive(Debug, Clone, PartialEq)]
pub struct InventoryVersion {
    /// 1 for the first, then without a gap.
    pub number: i64,
    /// Hash of the content.
    pub content_hash: String,
    /// The validated model.
    pub model: Value,
    /// The files as they were.
    pub files: BTreeMap<String, String>,
    /// Who accepted it.
    pub accepted_by: String,
    /// When.
    pub accepted_at_us: i64,
    /// What changed.
    pub difference: String,
}

type Row = (i64, String, String, String, String, i64, String);

const INSERT: &str = "
    INSERT INTO inventory_versions (number, content_hash, model, files, accepted_by, accepted_at_us, difference)
    SELECT $1 + 1, $2, $3, $4, $5, $6, $7
    WHERE $1 = (SELECT coalesce(max(number), 0) FROM inventory_versions)
    ON CONFLICT DO NOTHING";
const SELECT_LATEST: &str = "
    SELECT number, content_hash, model, files, accepted_by, accepted_at_us, difference
    FROM inventory_versions ORDER BY number DESC LIMIT 1";
const SELECT_MODEL: &str = "SELECT number, model FROM inventory_versions ORDER BY number DESC LIMIT 1";
const SELECT_NUMBER: &str = "SELECT coalesce(max(number), 0) FROM inventory_versions";
const SELECT_ONE: &str = "
    SELECT number, content_hash, model, files, accepted_by, accepted_at_us, difference
    FROM inventory_versions WHERE number = $1";
const SELECT_ALL: &str = "
    SELECT number, content_hash, model, files, accepted_by, accepted_at_us, difference
    FROM inventory_versions ORDER BY number";

impl Store {
    /// Records an accepted inventory. The content of the latest version again adds nothing and returns that version.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another version was accepted after the one that `new.follows` names.
    pub async fn accept_inventory(&self, new: &NewInventoryVersion) -> Result<InventoryVersion, StoreError> {
        let model = payload::to_text(&new.model, "inventory's model")?;
        let files = serde_json::to_string(&new.files).expect("a map of texts is always JSON");
        if let Some(latest) = self.latest_inventory().await?
            && latest.content_hash == new.content_hash
        {
            return Ok(latest);
        }
        let inserted = on_pool!(self, |pool| {
            sqlx::query(INSERT)
                .bind(new.follows)
                .bind(&new.content_hash)
                .bind(&model)
                .bind(&files)
                .bind(&new.accepted_by)
                .bind(new.accepted_at_us)
                .bind(&new.difference)
                .execute(pool)
                .await?
                .rows_affected()
        });
        match (inserted, self.inventory(new.follows + 1).await?) {
            (1, Some(version)) => Ok(version),
            // Somebody accepted the very same content at the same moment.
            (_, Some(version)) if version.content_hash == new.content_hash => Ok(version),
            _ => Err(StoreError::conflict(
                format!("another inventory was accepted after version {}", new.follows),
                "look at the difference again, then accept it",
            )),
        }
    }

    /// The version in force.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn latest_inventory(&self) -> Result<Option<InventoryVersion>, StoreError> {
        let row: Option<Row> = on_pool!(self, |pool| sqlx::query_as(SELECT_LATEST).fetch_optional(pool).await?);
        row.map(version).transpose()
    }

    /// Number and model of the version in force, the model as JSON text: whoever needs no more than the model reads it into
    /// its own form at once, which takes a fraction of the memory.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn latest_inventory_model(&self) -> Result<Option<(i64, String)>, StoreError> {
        Ok(on_pool!(self, |pool| sqlx::query_as(SELECT_MODEL).fetch_optional(pool).await?))
    }

    /// The number of the version in force, 0 for none: cheap to ask often.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn latest_inventory_number(&self) -> Result<i64, StoreError> {
        Ok(on_pool!(self, |pool| sqlx::query_scalar(SELECT_NUMBER).fetch_one(pool).await?))
    }

    /// The version of this number.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn inventory(&self, number: i64) -> Result<Option<InventoryVersion>, StoreError> {
        let row: Option<Row> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_ONE).bind(number).fetch_optional(pool).await?);
        row.map(version).transpose()
    }

    /// Every version, the first one first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn inventory_history(&self) -> Result<Vec<InventoryVersion>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| sqlx::query_as(SELECT_ALL).fetch_all(pool).await?);
        rows.into_iter().map(version).collect()
    }
}

fn version(row: Row) -> Result<InventoryVersion, StoreError> {
    let (number, content_hash, model, files, accepted_by, accepted_at_us, difference) = row;
    let model = payload::from_text(&model, "inventory's model")?;
    let files = serde_json::from_str(&files).map_err(|_| StoreError::Unreadable { what: "inventory's files" })?;
    Ok(InventoryVersion { number, content_hash, model, files, accepted_by, accepted_at_us, difference })
}
