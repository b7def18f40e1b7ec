//! What stands in the co-operative's own Dolibarr: our id, and the number that it has there.

use super::{Store, StoreError};

/// What was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PushKind {
    /// A client, as a third party.
    Client,
    /// An invoice or a credit note.
    Document,
    /// A payment.
    Payment,
}

impl PushKind {
    const ALL: [PushKind; 3] = [PushKind::Client, PushKind::Document, PushKind::Payment];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            PushKind::Client => "client",
            PushKind::Document => "document",
            PushKind::Payment => "payment",
        }
    }
}

/// Something that stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// What.
    pub kind: PushKind,
    /// Our id.
    pub ours: String,
    /// Its number there.
    pub theirs: String,
    /// Since when we know.
    pub at_us: i64,
}

const INSERT: &str = "
    INSERT INTO dolibarr_pushes (kind, ours, theirs, pushed_at_us) VALUES ($1, $2, $3, $4)
    ON CONFLICT (kind, ours) DO NOTHING";
const SELECT: &str = "SELECT kind, ours, theirs, pushed_at_us FROM dolibarr_pushes ORDER BY kind, ours";

impl Store {
    /// Records that something stands there; the first record stays.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn record_push(&self, push: &Push) -> Result<(), StoreError> {
        on_pool!(self, |pool| {
            sqlx::query(INSERT)
                .bind(push.kind.word())
                .bind(&push.ours)
                .bind(&push.theirs)
                .bind(push.at_us)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Everything that stands there: staff only.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn pushes(&self) -> Result<Vec<Push>, StoreError> {
        let rows: Vec<(String, String, String, i64)> =
            on_pool!(self, |pool| sqlx::query_as(SELECT).fetch_all(pool).await?);
        let of = |(kind, ours, theirs, at_us): (String, String, String, i64)| {
            let kind = PushKind::ALL.into_iter().find(|one| one.word() == kind)?;
            Some(Push { kind, ours, theirs, at_us })
        };
        rows.into_iter().map(|row| of(row).ok_or(StoreError::Unreadable { what: "push" })).collect()
    }
}
