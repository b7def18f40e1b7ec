//! Whether anything is new about a client, in one statement: what is on record is only ever added (triggers see to it), so
//! that its newest numbers tell; of looks, which are replaced, their moments do.

use crate::domain::ids::{ClientId, InstanceId};

use super::{Scope, Store, StoreError};

/// How far the records of a client reach: equal as long as nothing was added and nobody looked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest([i64; 10]);

type Row = (i64, i64, i64, i64, i64, i64, i64, i64, i64, i64);

const SELECT: &str = "
    SELECT (SELECT coalesce(max(position), 0) FROM support_entries WHERE client = $1),
           (SELECT count(*) FROM consents WHERE client = $1),
           (SELECT coalesce(max(position), 0) FROM renewal_notices WHERE client = $1),
           (SELECT coalesce(max(position), 0) FROM charges WHERE client = $1),
           (SELECT count(*) FROM invoices WHERE client = $1),
           (SELECT coalesce(max(position), 0) FROM payments WHERE client = $1),
           (SELECT coalesce(max(position), 0) FROM invoice_statuses WHERE client = $1),
           (SELECT CAST(coalesce(sum(tried_at_us), 0) AS BIGINT) FROM looks
            WHERE scope = $2 AND subject_kind = 'instance' AND subject_id = $3),
           (SELECT coalesce(max(number), 0) FROM drill_shares WHERE instance = $3 AND scope = $2),
           (SELECT coalesce(max(made_at_us), 0) FROM marker_nonces WHERE instance = $3 AND scope = $2)";

impl Store {
    /// How far the records reach that a client sees of itself and of the instance that it lives on.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn newest_of(&self, client: &ClientId, instance: Option<&InstanceId>) -> Result<Newest, StoreError> {
        let row: Row = on_pool!(self, |pool| {
            sqlx::query_as(SELECT)
                .bind(client.as_str())
                .bind(Scope::Client(client.clone()).mark())
                .bind(instance.map_or("", InstanceId::as_str))
                .fetch_one(pool)
                .await?
        });
        Ok(Newest(row.into()))
    }
}
