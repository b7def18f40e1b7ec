//! Accounts of the co-operative's people for the portal, and second factors.

use super::{Store, StoreError};

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StaffRole {
    /// Looks after sites and clients.
    Technician,
    /// Bills.
    Bookkeeper,
    /// Both, and accounts.
    Admin,
}

impl StaffRole {
    /// Every role.
    pub const ALL: [StaffRole; 3] = [StaffRole::Technician, StaffRole::Bookkeeper, StaffRole::Admin];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            StaffRole::Technician => "technician",
            StaffRole::Bookkeeper => "bookkeeper",
            StaffRole::Admin => "admin",
        }
    }

    /// Reads it back.
    pub fn of_word(word: &str) -> Option<StaffRole> {
        StaffRole::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffAccount {
    /// What is typed on entering; never changes.
    pub name: String,
    /// Who it is.
    pub full_name: String,
    /// Where they are written to.
    pub email: String,
    /// What they may do.
    pub role: StaffRole,
    /// Hash of the password (argon2id, PHC form); none until the invitation was used.
    pub password: Option<String>,
    /// Since when it is closed.
    pub disabled_at_us: Option<i64>,
    /// When it was made.
    pub created_at_us: i64,
    /// When it last changed.
    pub changed_at_us: i64,
}

/// A second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factor {
    /// Since when.
    pub since_us: i64,
    /// The last time step whose code was used: none is taken twice.
    pub last_step: i64,
}

type Row = (String, String, String, String, Option<String>, Option<i64>, i64, i64);

const INSERT: &str = "
    INSERT INTO accounts (name, full_name, email, role, password, disabled_at_us, created_at_us, changed_at_us)
    VALUES ($1, $2, $3, $4, NULL, NULL, $5, $5) ON CONFLICT (name) DO NOTHING";
const SELECT: &str = "
    SELECT name, full_name, email, role, password, disabled_at_us, created_at_us, changed_at_us
    FROM accounts WHERE $1 = '' OR name = $1 ORDER BY name";
const SET_PASSWORD: &str = "UPDATE accounts SET password = $2, changed_at_us = $3 WHERE name = $1";
const DISABLE: &str = "
    UPDATE accounts SET disabled_at_us = $2, changed_at_us = $2 WHERE name = $1 AND disabled_at_us IS NULL";
const ENABLE: &str = "UPDATE accounts SET disabled_at_us = NULL, changed_at_us = $2 WHERE name = $1";
const SET_FACTOR: &str = "
    INSERT INTO factors (subject, since_us, last_step) VALUES ($1, $2, $3)
    ON CONFLICT (subject) DO UPDATE SET since_us = excluded.since_us, last_step = excluded.last_step";
const SELECT_FACTOR: &str = "SELECT since_us, last_step FROM factors WHERE subject = $1";
const USE_STEP: &str = "UPDATE factors SET last_step = $2 WHERE subject = $1 AND last_step < $2";
const DROP_FACTOR: &str = "DELETE FROM factors WHERE subject = $1";
const DROP_CODES: &str = "DELETE FROM recovery_codes WHERE subject = $1";
const INSERT_CODE: &str = "INSERT INTO recovery_codes (subject, code_hash, used_at_us) VALUES ($1, $2, NULL)";
const USE_CODE: &str = "
    UPDATE recovery_codes SET used_at_us = $3 WHERE subject = $1 AND code_hash = $2 AND used_at_us IS NULL";
const COUNT_CODES: &str = "SELECT count(*) FROM recovery_codes WHERE subject = $1 AND used_at_us IS NULL";

impl Store {
    /// Makes an account without password.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is one of that name.
    pub async fn add_account(
        &self,
        name: &str,
        full_name: &str,
        email: &str,
        role: StaffRole,
        at_us: i64,
    ) -> Result<(), StoreError> {
        let inserted = on_pool!(self, |pool| {
            sqlx::query(INSERT)
                .bind(name)
                .bind(full_name)
                .bind(email)
                .bind(role.word())
                .bind(at_us)
                .execute(pool)
                .await?
                .rows_affected()
        });
        if inserted == 1 {
            return Ok(());
        }
        let next = "`accolades account list` shows them; `accolades account reset` invites somebody anew";
        Err(StoreError::conflict(format!("there is an account `{name}` already"), next))
    }

    /// Every account, in order of name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn accounts(&self) -> Result<Vec<StaffAccount>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| sqlx::query_as(SELECT).bind("").fetch_all(pool).await?);
        rows.into_iter().map(account).collect()
    }

    /// The account of this name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn account(&self, name: &str) -> Result<Option<StaffAccount>, StoreError> {
        if name.is_empty() {
            return Ok(None);
        }
        let row: Option<Row> = on_pool!(self, |pool| sqlx::query_as(SELECT).bind(name).fetch_optional(pool).await?);
        row.map(account).transpose()
    }

    /// Sets the hash of a password, or takes it away; whether there is such an account.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn set_password(&self, name: &str, hash: Option<&str>, at_us: i64) -> Result<bool, StoreError> {
        let changed = on_pool!(self, |pool| {
            sqlx::query(SET_PASSWORD).bind(name).bind(hash).bind(at_us).execute(pool).await?.rows_affected()
        });
        Ok(changed == 1)
    }

    /// Closes an account, or opens it again; whether that changed anything.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn close_account(&self, name: &str, is_closed: bool, at_us: i64) -> Result<bool, StoreError> {
        let sql = if is_closed { DISABLE } else { ENABLE };
        let changed =
            on_pool!(self, |pool| sqlx::query(sql).bind(name).bind(at_us).execute(pool).await?.rows_affected());
        Ok(changed == 1)
    }

    /// Records that a subject has a second factor, with fresh recovery codes in the place of older ones.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn set_factor(
        &self,
        subject: &str,
        used_step: i64,
        code_hashes: &[String],
        at_us: i64,
    ) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            sqlx::query(SET_FACTOR).bind(subject).bind(at_us).bind(used_step).execute(&mut *tx).await?;
            sqlx::query(DROP_CODES).bind(subject).execute(&mut *tx).await?;
            for hash in code_hashes {
                sqlx::query(INSERT_CODE).bind(subject).bind(hash).execute(&mut *tx).await?;
            }
        });
        Ok(())
    }

    /// The second factor of a subject.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn factor(&self, subject: &str) -> Result<Option<Factor>, StoreError> {
        let row: Option<(i64, i64)> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_FACTOR).bind(subject).fetch_optional(pool).await?);
        Ok(row.map(|(since_us, last_step)| Factor { since_us, last_step }))
    }

    /// Takes a time step's code, once: false when that step or a later one was used already.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn use_factor_step(&self, subject: &str, step: i64) -> Result<bool, StoreError> {
        let used = on_pool!(self, |pool| {
            sqlx::query(USE_STEP).bind(subject).bind(step).execute(pool).await?.rows_affected()
        });
        Ok(used == 1)
    }

    /// Takes a recovery code, once.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn use_recovery_code(&self, subject: &str, code_hash: &str, at_us: i64) -> Result<bool, StoreError> {
        let used = on_pool!(self, |pool| {
            sqlx::query(USE_CODE).bind(subject).bind(code_hash).bind(at_us).execute(pool).await?.rows_affected()
        });
        Ok(used == 1)
    }

    /// How many recovery codes are left.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn recovery_codes_left(&self, subject: &str) -> Result<i64, StoreError> {
        Ok(on_pool!(self, |pool| sqlx::query_scalar(COUNT_CODES).bind(subject).fetch_one(pool).await?))
    }

    /// Takes a subject's second factor away, with its recovery codes.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn drop_factor(&self, subject: &str) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            sqlx::query(DROP_FACTOR).bind(subject).execute(&mut *tx).await?;
            sqlx::query(DROP_CODES).bind(subject).execute(&mut *tx).await?;
        });
        Ok(())
    }
}

fn account(row: Row) -> Result<StaffAccount, StoreError> {
    let (name, full_name, email, role, password, disabled_at_us, created_at_us, changed_at_us) = row;
    let role = StaffRole::of_word(&role).ok_or(StoreError::Unreadable { what: "role of an account" })?;
    Ok(StaffAccount { name, full_name, email, role, password, disabled_at_us, created_at_us, changed_at_us })
}
