//! Ways in: links for one use, and sessions. Only hashes of what opens them are kept.

use super::{Store, StoreError};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// A contact enters.
    Entry,
    /// Somebody of the co-operative sets password and second factor.
    Invitation,
}

impl LinkPurpose {
    const fn word(self) -> &'static str {
        match self {
            LinkPurpose::Entry => "entry",
            LinkPurpose::Invitation => "invitation",
        }
    }
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryLink {
    /// By which the page that asked for it knows it; opens nothing.
    pub id: String,
    /// Whose: an address, or an account's name.
    pub subject: String,
    /// Hash of what stands in the link.
    pub token_hash: String,
    /// Hash of the code of the same mail.
    pub code_hash: Option<String>,
    /// When it was made.
    pub made_at_us: i64,
    /// When it ends.
    pub ends_at_us: i64,
    /// When it was used.
    pub used_at_us: Option<i64>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// By which it is listed and ended; opens nothing.
    pub id: String,
    /// Hash of the cookie's value.
    pub token_hash: String,
    /// Whose: `contact:ADDRESS` or `staff:NAME`.
    pub subject: String,
    /// False while the second factor is asked for.
    pub is_open: bool,
    /// When it began.
    pub began_at_us: i64,
    /// When it was last used, to the minute.
    pub seen_at_us: i64,
    /// When it ends at the latest.
    pub ends_at_us: i64,
    /// When it was ended.
    pub ended_at_us: Option<i64>,
    /// With what, in a few words.
    pub agent: String,
    /// From where.
    pub address: String,
}

type LinkRow = (String, String, String, Option<String>, i64, i64, Option<i64>);
type SessionRow = (String, String, String, String, i64, i64, i64, Option<i64>, String, String);

const INSERT_LINK: &str = "
    INSERT INTO entry_links (id, purpose, subject, token_hash, code_hash, tries, made_at_us, ends_at_us, used_at_us)
    VALUES ($1, $2, $3, $4, $5, 0, $6, $7, NULL)";
const SELECT_LINK: &str = "
    SELECT id, subject, token_hash, code_hash, made_at_us, ends_at_us, used_at_us
    FROM entry_links WHERE token_hash = $1 AND purpose = $2";
const USE_LINK: &str = "
    UPDATE entry_links SET used_at_us = $3
    WHERE token_hash = $1 AND purpose = $2 AND used_at_us IS NULL AND ends_at_us > $3 RETURNING subject";
const TRY_CODE: &str = "
    UPDATE entry_links SET tries = tries + 1
    WHERE id = $1 AND used_at_us IS NULL AND ends_at_us > $2 AND tries < $3 RETURNING code_hash";
const USE_CODE: &str = "
    UPDATE entry_links SET used_at_us = $2 WHERE id = $1 AND used_at_us IS NULL AND ends_at_us > $2 RETURNING subject";
const END_LINKS: &str = "
    UPDATE entry_links SET used_at_us = $3 WHERE subject = $1 AND purpose = $2 AND used_at_us IS NULL";
const FORGET_LINKS: &str = "DELETE FROM entry_links WHERE ends_at_us < $1";
const FORGET_SESSIONS: &str = "DELETE FROM sessions WHERE ends_at_us < $1";
const INSERT_SESSION: &str = "
    INSERT INTO sessions
        (id, token_hash, subject, state, began_at_us, seen_at_us, ends_at_us, ended_at_us, agent, address)
    VALUES ($1, $2, $3, $4, $5, $5, $6, NULL, $7, $8)";
const SELECT_SESSION: &str = "
    SELECT id, token_hash, subject, state, began_at_us, seen_at_us, ends_at_us, ended_at_us, agent, address
    FROM sessions WHERE token_hash = $1";
const SELECT_SESSIONS: &str = "
    SELECT id, token_hash, subject, state, began_at_us, seen_at_us, ends_at_us, ended_at_us, agent, address
    FROM sessions WHERE subject = $1 AND ended_at_us IS NULL AND ends_at_us > $2 ORDER BY began_at_us DESC, id";
const TOUCH: &str = "UPDATE sessions SET seen_at_us = $2 WHERE id = $1 AND seen_at_us < $2";
const END_SESSION: &str = "
    UPDATE sessions SET ended_at_us = $3 WHERE subject = $1 AND id = $2 AND ended_at_us IS NULL";
const END_SESSIONS: &str = "UPDATE sessions SET ended_at_us = $2 WHERE subject = $1 AND ended_at_us IS NULL";

impl Store {
    /// Records a link.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn add_link(&self, purpose: LinkPurpose, link: &EntryLink) -> Result<(), StoreError> {
        on_pool!(self, |pool| {
            sqlx::query(INSERT_LINK)
                .bind(&link.id)
                .bind(purpose.word())
                .bind(&link.subject)
                .bind(&link.token_hash)
                .bind(&link.code_hash)
                .bind(link.made_at_us)
                .bind(link.ends_at_us)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// The link that a token opens, used or not.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn link(&self, purpose: LinkPurpose, token_hash: &str) -> Result<Option<EntryLink>, StoreError> {
        let row: Option<LinkRow> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_LINK).bind(token_hash).bind(purpose.word()).fetch_optional(pool).await?
        });
        Ok(row.map(|(id, subject, token_hash, code_hash, made_at_us, ends_at_us, used_at_us)| EntryLink {
            id,
            subject,
            token_hash,
            code_hash,
            made_at_us,
            ends_at_us,
            used_at_us,
        }))
    }

    /// Uses a link, once; whose it is. Nothing when it is used, over or unknown.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn use_link(
        &self,
        purpose: LinkPurpose,
        token_hash: &str,
        at_us: i64,
    ) -> Result<Option<String>, StoreError> {
        Ok(on_pool!(self, |pool| {
            sqlx::query_scalar(USE_LINK).bind(token_hash).bind(purpose.word()).bind(at_us).fetch_optional(pool).await?
        }))
    }

    /// Counts a try at the code of a link; the hash to compare with. Nothing when there is no try left.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn try_code(&self, id: &str, tries_max: i64, at_us: i64) -> Result<Option<String>, StoreError> {
        let hash: Option<Option<String>> = on_pool!(self, |pool| {
            sqlx::query_scalar(TRY_CODE).bind(id).bind(at_us).bind(tries_max).fetch_optional(pool).await?
        });
        Ok(hash.flatten())
    }

    /// Uses a link whose code was right, once; whose it is.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn use_code(&self, id: &str, at_us: i64) -> Result<Option<String>, StoreError> {
        Ok(on_pool!(self, |pool| sqlx::query_scalar(USE_CODE).bind(id).bind(at_us).fetch_optional(pool).await?))
    }

    /// Ends every unused link of somebody.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn end_links(&self, purpose: LinkPurpose, subject: &str, at_us: i64) -> Result<(), StoreError> {
        on_pool!(self, |pool| {
            sqlx::query(END_LINKS).bind(subject).bind(purpose.word()).bind(at_us).execute(pool).await?;
        });
        Ok(())
    }

    /// Forgets links and sessions that ended before an instant.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn forget_entries(&self, before_us: i64) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            sqlx::query(FORGET_LINKS).bind(before_us).execute(&mut *tx).await?;
            sqlx::query(FORGET_SESSIONS).bind(before_us).execute(&mut *tx).await?;
        });
        Ok(())
    }

    /// Begins a session.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn begin_session(&self, new: &SessionRecord) -> Result<(), StoreError> {
        on_pool!(self, |pool| {
            sqlx::query(INSERT_SESSION)
                .bind(&new.id)
                .bind(&new.token_hash)
                .bind(&new.subject)
                .bind(if new.is_open { "open" } else { "factor" })
                .bind(new.began_at_us)
                .bind(new.ends_at_us)
                .bind(&new.agent)
                .bind(&new.address)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// The session that a cookie opens, ended or not.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn session(&self, token_hash: &str) -> Result<Option<SessionRecord>, StoreError> {
        let row: Option<SessionRow> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_SESSION).bind(token_hash).fetch_optional(pool).await?);
        Ok(row.map(session))
    }

    /// Somebody's sessions that are not over, the latest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn sessions(&self, subject: &str, now_us: i64) -> Result<Vec<SessionRecord>, StoreError> {
        let rows: Vec<SessionRow> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_SESSIONS).bind(subject).bind(now_us).fetch_all(pool).await?
        });
        Ok(rows.into_iter().map(session).collect())
    }

    /// Records that a session was used.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn touch_session(&self, id: &str, at_us: i64) -> Result<(), StoreError> {
        on_pool!(self, |pool| {
            sqlx::query(TOUCH).bind(id).bind(at_us).execute(pool).await?;
        });
        Ok(())
    }

    /// Ends a session of somebody; whether it was under way.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn end_session(&self, subject: &str, id: &str, at_us: i64) -> Result<bool, StoreError> {
        let ended = on_pool!(self, |pool| {
            sqlx::query(END_SESSION).bind(subject).bind(id).bind(at_us).execute(pool).await?.rows_affected()
        });
        Ok(ended == 1)
    }

    /// Ends every session of somebody; how many.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn end_sessions(&self, subject: &str, at_us: i64) -> Result<u64, StoreError> {
        Ok(on_pool!(self, |pool| {
            sqlx::query(END_SESSIONS).bind(subject).bind(at_us).execute(pool).await?.rows_affected()
        }))
    }
}

fn session(row: SessionRow) -> SessionRecord {
    let (id, token_hash, subject, state, began_at_us, seen_at_us, ends_at_us, ended_at_us, agent, address) = row;
    let is_open = state == "open";
    SessionRecord { id, token_hash, subject, is_open, began_at_us, seen_at_us, ends_at_us, ended_at_us, agent, address }
}
