//! The machines that a restore of ours made: written down before the node is asked for them, closed once they are gone or
//! somebody's. What is written here is one of the two proofs that a machine is ours to destroy.

use serde_json::Value;

use crate::domain::ids::{InstanceId, SiteId, VmId};

use super::{Scope, Store, StoreError, payload};

/// What a machine is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A test: it is destroyed whatever happens.
    Drill,
    /// To take a live machine's place.
    Restore,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreState {
    /// The node is, or was, or is about to be asked to make it.
    Begun,
    /// It is there, was looked into, and waits for somebody's word.
    Checked,
    /// It takes the live machine's place; a run that was cut short goes on with that.
    Swapping,
    /// It has the live machine's place. The old one is kept, stopped.
    Swapped,
    /// The old machine was destroyed on somebody's word: over.
    Discarded,
    /// The old machine stays for good: over.
    Kept,
    /// The machine was destroyed, or was never made: over.
    Gone,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Purpose::Drill => "drill",
            Purpose::Restore => "restore",
        }
    }
}

impl RestoreState {
    const ALL: [RestoreState; 7] =
        [Self::Begun, Self::Checked, Self::Swapping, Self::Swapped, Self::Discarded, Self::Kept, Self::Gone];

    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Checked => "checked",
            Self::Swapping => "swapping",
            Self::Swapped => "swapped",
            Self::Discarded => "discarded",
            Self::Kept => "kept",
            Self::Gone => "gone",
        }
    }

    /// Whether nothing is left to be done.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Discarded | Self::Kept | Self::Gone)
    }
}

/// A machine that is about to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRestore {
    /// Its id, unique for ever: it stands in the machine's description, too.
    pub id: String,
    /// What for.
    pub purpose: Purpose,
    /// Whose.
    pub scope: Scope,
    /// Of which instance.
    pub instance: InstanceId,
    /// On which site.
    pub site: SiteId,
    /// Under which id.
    pub vmid: VmId,
    /// Everything else, with its `version`.
    pub detail: Value,
    /// When.
    pub at_us: i64,
}

/// A machine on record.
#[derive(Debug, Clone, PartialEq)]
pub struct Restore {
    /// As it was begun; `detail` is the present one.
    pub new: NewRestore,
    /// How far it is.
    pub state: RestoreState,
    /// The task that made it.
    pub task: Option<String>,
    /// When its state was last changed.
    pub changed_at_us: i64,
}

type Row = (String, String, String, String, String, i64, String, Option<String>, String, i64, i64);

const INSERT: &str = "
    INSERT INTO restores (id, purpose, scope, instance, site, vmid, state, task, detail, begun_at_us, changed_at_us)
    SELECT $1, $2, $3, $4, $5, $6, 'begun', NULL, $7, $8, $8
    WHERE NOT EXISTS (
        SELECT 1 FROM restores WHERE site = $5 AND vmid = $6 AND state NOT IN ('discarded', 'kept', 'gone'))
    ON CONFLICT (id) DO NOTHING";
const SET_TASK: &str = "UPDATE restores SET task = $2 WHERE id = $1 AND state = 'begun'";
const MOVE: &str = "
    UPDATE restores SET state = $3, detail = $4, changed_at_us = $5 WHERE id = $1 AND state = $2";
const SELECT_OPEN: &str = "
    SELECT id, purpose, scope, instance, site, vmid, state, task, detail, begun_at_us, changed_at_us
    FROM restores WHERE state NOT IN ('discarded', 'kept', 'gone') AND ($1 = 'staff' OR scope = $1)
    ORDER BY begun_at_us, id";
const SELECT_INSTANCE: &str = "
    SELECT id, purpose, scope, instance, site, vmid, state, task, detail, begun_at_us, changed_at_us
    FROM restores WHERE instance = $2 AND ($1 = 'staff' OR scope = $1)
    ORDER BY begun_at_us, id";

impl Store {
    /// Records that a machine is about to be made.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when its id was used before, or another machine of ours under this VM id is not over.
    pub async fn begin_restore(&self, new: &NewRestore) -> Result<(), StoreError> {
        let detail = payload::to_text(&new.detail, "detail of a restore")?;
        let inserted = on_pool!(self, |pool| {
            sqlx::query(INSERT)
                .bind(&new.id)
                .bind(new.purpose.as_str())
                .bind(new.scope.mark())
                .bind(new.instance.as_str())
                .bind(new.site.as_str())
                .bind(i64::from(new.vmid.0))
                .bind(&detail)
                .bind(new.at_us)
                .execute(pool)
                .await?
                .rows_affected()
        });
        if inserted == 1 {
            return Ok(());
        }
        Err(StoreError::conflict(
            format!("vm {} at `{}` is a restored machine that is not over yet", new.vmid, new.site),
            "see `accolades restore list`, then run the command again",
        ))
    }

    /// Records the task that makes it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is no longer being made.
    pub async fn set_restore_task(&self, id: &str, task: &str) -> Result<(), StoreError> {
        let set = on_pool!(self, |pool| sqlx::query(SET_TASK).bind(id).bind(task).execute(pool).await?.rows_affected());
        if set == 1 { Ok(()) } else { Err(moved(id)) }
    }

    /// Records how far it is now.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it was not in the state `from`.
    pub async fn move_restore(
        &self,
        id: &str,
        from: RestoreState,
        to: RestoreState,
        detail: &Value,
        at_us: i64,
    ) -> Result<(), StoreError> {
        let detail = payload::to_text(detail, "detail of a restore")?;
        let set = on_pool!(self, |pool| {
            sqlx::query(MOVE)
                .bind(id)
                .bind(from.as_str())
                .bind(to.as_str())
                .bind(&detail)
                .bind(at_us)
                .execute(pool)
                .await?
                .rows_affected()
        });
        if set == 1 { Ok(()) } else { Err(moved(id)) }
    }

    /// The machines that are not over, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open_restores(&self, scope: &Scope) -> Result<Vec<Restore>, StoreError> {
        let rows: Vec<Row> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_OPEN).bind(scope.mark()).fetch_all(pool).await?);
        rows.into_iter().map(restore).collect()
    }

    /// Every machine that was ever made for an instance, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn restores(&self, scope: &Scope, instance: &InstanceId) -> Result<Vec<Restore>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_INSTANCE).bind(scope.mark()).bind(instance.as_str()).fetch_all(pool).await?
        });
        rows.into_iter().map(restore).collect()
    }
}

fn moved(id: &str) -> StoreError {
    StoreError::conflict(
        format!("the restored machine `{id}` was moved on by somebody else"),
        "see `accolades restore list`, then run the command again",
    )
}

fn restore(row: Row) -> Result<Restore, StoreError> {
    let unreadable = || StoreError::Unreadable { what: "restored machine" };
    let (id, purpose, scope, instance, site, vmid, state, task, detail, at_us, changed_at_us) = row;
    let purpose = [Purpose::Drill, Purpose::Restore].into_iter().find(|one| one.as_str() == purpose);
    let state = RestoreState::ALL.into_iter().find(|one| one.as_str() == state);
    let new = NewRestore {
        id,
        purpose: purpose.ok_or_else(unreadable)?,
        scope: Scope::from_mark(&scope)?,
        instance: InstanceId::new(instance).map_err(|_| unreadable())?,
        site: SiteId::new(site).map_err(|_| unreadable())?,
        vmid: VmId(u32::try_from(vmid).map_err(|_| unreadable())?),
        detail: payload::from_text(&detail, "detail of a restore")?,
        at_us,
    };
    Ok(Restore { new, state: state.ok_or_else(unreadable)?, task, changed_at_us })
}
