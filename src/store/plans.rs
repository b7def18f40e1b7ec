//! Plans as they were shown, kept so that `apply --plan` does exactly that.

use serde_json::Value;

use super::{Scope, Store, StoreError, payload};

/// A plan on record. It is never changed.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanRecord {
    /// Its id, as typed after `--plan`.
    pub id: String,
    /// The accepted inventory that it was made from; it must be on record.
    pub inventory_number: i64,
    /// Whose plan.
    pub scope: Scope,
    /// The plan itself, with its `version`.
    pub content: Value,
    /// Digest of the observations it was made from.
    pub observed_digest: String,
    /// When it was made.
    pub created_at_us: i64,
}

type Row = (String, i64, String, String, String, i64);

const INSERT: &str = "
    INSERT INTO plans (id, inventory_number, scope, content, observed_digest, created_at_us)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";
const SELECT: &str = "
    SELECT id, inventory_number, scope, content, observed_digest, created_at_us
    FROM plans WHERE id = $2 AND ($1 = 'staff' OR scope = $1)";

impl Store {
    /// Records a plan. Saving the very same plan again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another plan has this id.
    pub async fn save_plan(&self, plan: &PlanRecord) -> Result<(), StoreError> {
        let content = payload::to_text(&plan.content, "plan")?;
        on_pool!(self, |pool| {
            sqlx::query(INSERT)
                .bind(&plan.id)
                .bind(plan.inventory_number)
                .bind(plan.scope.mark())
                .bind(&content)
                .bind(&plan.observed_digest)
                .bind(plan.created_at_us)
                .execute(pool)
                .await?;
        });
        if self.plan(&Scope::Staff, &plan.id).await?.as_ref() == Some(plan) {
            return Ok(());
        }
        Err(StoreError::conflict(format!("another plan is called `{}`", plan.id), "make the plan again"))
    }

    /// The plan of this id, when it is within the scope.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn plan(&self, scope: &Scope, id: &str) -> Result<Option<PlanRecord>, StoreError> {
        let row: Option<Row> =
            on_pool!(self, |pool| sqlx::query_as(SELECT).bind(scope.mark()).bind(id).fetch_optional(pool).await?);
        row.map(record).transpose()
    }
}

fn record(
    (id, inventory_number, scope, content, observed_digest, created_at_us): Row,
) -> Result<PlanRecord, StoreError> {
    let scope = Scope::from_mark(&scope)?;
    let content = payload::from_text(&content, "plan")?;
    Ok(PlanRecord { id, inventory_number, scope, content, observed_digest, created_at_us })
}
