//! Mails to send: put in once under a key of their own, claimed by one sender at a time, and on record with everything
//! that became of them (R20). A mail whose fate is not known says so; it is never sent again in silence.

use super::mails::{MailEvent, MailOutcome, MailRecord, MailState, NewMail, RENEWAL_NOTICE};
use super::{Scope, Store, StoreError};

pub(super) const COUNT: &str = "
    INSERT INTO counters (name, value) VALUES ($1, 1)
    ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
pub(super) const FIND: &str = "SELECT position FROM outbox WHERE mail_key = $1";
pub(super) const INSERT: &str = "
    INSERT INTO outbox
        (position, mail_key, scope, kind, about, recipient, subject, message, confidential, state, attempts,
         not_before_us, holder, until_us, handed_over, answer, put_by, put_at_us, changed_at_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', 0, $11, NULL, 0, 0, '', $10, $11, $11)
    ON CONFLICT (mail_key) DO NOTHING";
pub(super) const INSERT_EVENT: &str = "
    INSERT INTO outbox_events (position, mail, state, answer, by_whom, at_us) VALUES ($1, $2, $3, $4, $5, $6)";
const SELECT: &str = "
    SELECT position, mail_key, scope, kind, about, recipient, subject, confidential, state, attempts, not_before_us,
        holder, until_us, handed_over, answer, put_by, put_at_us, changed_at_us
    FROM outbox
    WHERE ($1 = 'staff' OR scope = $1) AND ($2 = '' OR state = $2) AND ($3 = 0 OR position = $3)
        AND ($4 = '' OR about = $4)
    ORDER BY position";
const SELECT_MESSAGE: &str = "SELECT message FROM outbox WHERE ($1 = 'staff' OR scope = $1) AND position = $2";
const SELECT_EVENTS: &str = "
    SELECT event.state, event.answer, event.by_whom, event.at_us FROM outbox_events event
    JOIN outbox ON outbox.position = event.mail
    WHERE ($1 = 'staff' OR outbox.scope = $1) AND event.mail = $2 ORDER BY event.position";
const DUE: &str = "
    SELECT position FROM outbox WHERE state = 'waiting' AND not_before_us <= $1 ORDER BY not_before_us, position LIMIT $2";
const CLAIM: &str = "
    UPDATE outbox SET state = 'sending', attempts = attempts + 1, holder = $2, until_us = $3, handed_over = 0,
        changed_at_us = $4
    WHERE position = $1 AND state = 'waiting' AND not_before_us <= $4";
const HAND_OVER: &str = "
    UPDATE outbox SET handed_over = 1 WHERE position = $1 AND state = 'sending' AND holder = $2";
const FINISH: &str = "
    UPDATE outbox SET state = $3, answer = $4, not_before_us = $5, changed_at_us = $6
    WHERE position = $1 AND state = 'sending' AND holder = $2
    RETURNING kind, about, scope, mail_key";
const DECIDE: &str = "
    UPDATE outbox SET state = $3, answer = $4, not_before_us = $5, changed_at_us = $6
    WHERE position = $1 AND state = $2
    RETURNING kind, about, scope, mail_key";
const INSERT_NOTICE: &str = "
    INSERT INTO renewal_notices (position, client, term, sent_on, means, proof, recorded_by, recorded_at_us)
    VALUES ($1, $2, $3, $4, 'e-mail', $5, $6, $7)";

/// Reads a row of either engine.
macro_rules! record {
    ($row:expr) => {{
        use sqlx::Row;
        let row = $row;
        let text = |place: usize| row.try_get::<String, usize>(place).ok();
        let option = |place: usize| row.try_get::<Option<String>, usize>(place).ok();
        let number = |place: usize| row.try_get::<i64, usize>(place).ok();
        read_record(&text, &option, &number)
    }};
}

/// Puts a mail in inside a transaction: `(its number, whether it is new)`.
macro_rules! put_mail {
    ($tx:expr, $mail:expr) => {{
        let mail: &$crate::store::NewMail = $mail;
        let found: Option<i64> =
            sqlx::query_scalar($crate::store::outbox::FIND).bind(&mail.key).fetch_optional(&mut *$tx).await?;
        match found {
            Some(position) => (position, false),
            None => {
                let position: i64 =
                    sqlx::query_scalar($crate::store::outbox::COUNT).bind("outbox").fetch_one(&mut *$tx).await?;
                let inserted = sqlx::query($crate::store::outbox::INSERT)
                    .bind(position)
                    .bind(&mail.key)
                    .bind(mail.scope.mark())
                    .bind(&mail.kind)
                    .bind(&mail.about)
                    .bind(&mail.recipient)
                    .bind(&mail.subject)
                    .bind(&mail.message)
                    .bind(i64::from(mail.is_confidential))
                    .bind(&mail.by)
                    .bind(mail.at_us)
                    .execute(&mut *$tx)
                    .await?
                    .rows_affected();
                if inserted == 1 {
                    record_mail_event!($tx, position, "waiting", "", &mail.by, mail.at_us);
                    (position, true)
                } else {
                    let position: i64 =
                        sqlx::query_scalar($crate::store::outbox::FIND).bind(&mail.key).fetch_one(&mut *$tx).await?;
                    (position, false)
                }
            }
        }
    }};
}

/// Records a step inside a transaction.
macro_rules! record_mail_event {
    ($tx:expr, $mail:expr, $state:expr, $answer:expr, $by:expr, $at_us:expr) => {{
        let position: i64 =
            sqlx::query_scalar($crate::store::outbox::COUNT).bind("outbox_events").fetch_one(&mut *$tx).await?;
        sqlx::query($crate::store::outbox::INSERT_EVENT)
            .bind(position)
            .bind($mail)
            .bind($state)
            .bind($answer)
            .bind($by)
            .bind($at_us)
            .execute(&mut *$tx)
            .await?;
    }};
}

/// Changes a mail's state inside a transaction, with the step and what follows from it; whether it was so before.
macro_rules! change_mail {
    ($tx:expr, $statement:expr, $position:expr, $was:expr, $outcome:expr) => {{
        let outcome: &MailOutcome<'_> = $outcome;
        let changed: Option<(String, Option<String>, String, String)> = sqlx::query_as($statement)
            .bind($position)
            .bind($was)
            .bind(outcome.state.word())
            .bind(outcome.answer)
            .bind(outcome.not_before_us)
            .bind(outcome.at_us)
            .fetch_optional(&mut *$tx)
            .await?;
        if let Some((kind, about, scope, key)) = &changed {
            record_mail_event!($tx, $position, outcome.state.word(), outcome.answer, outcome.by, outcome.at_us);
            if let Some((client, term)) = announced_renewal(outcome.state, kind, about.as_deref(), scope)? {
                let position: i64 = sqlx::query_scalar(COUNT).bind("renewal_notices").fetch_one(&mut *$tx).await?;
                sqlx::query(INSERT_NOTICE)
                    .bind(position)
                    .bind(client)
                    .bind(term)
                    .bind(outcome.on.to_string())
                    .bind(proof($position, key, outcome.answer))
                    .bind(outcome.by)
                    .bind(outcome.at_us)
                    .execute(&mut *$tx)
                    .await?;
            }
        }
        changed.is_some()
    }};
}

impl Store {
    /// Puts a mail in: its number, and whether it is new. One of the same key is left as it is.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn put_mail(&self, mail: &NewMail) -> Result<(i64, bool), StoreError> {
        Ok(in_transaction!(self, |tx| { put_mail!(tx, mail) }))
    }

    /// The mails within a scope, in the order in which they were put in; only those of a state, or about something, when
    /// that is said.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn mails(
        &self,
        scope: &Scope,
        state: Option<MailState>,
        about: Option<&str>,
    ) -> Result<Vec<MailRecord>, StoreError> {
        self.select_mails(scope, state.map_or("", MailState::word), 0, about.unwrap_or_default()).await
    }

    /// A mail by its number, if it is within the scope.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn mail(&self, scope: &Scope, position: i64) -> Result<Option<MailRecord>, StoreError> {
        if position <= 0 {
            return Ok(None);
        }
        Ok(self.select_mails(scope, "", position, "").await?.pop())
    }

    async fn select_mails(
        &self,
        scope: &Scope,
        state: &str,
        position: i64,
        about: &str,
    ) -> Result<Vec<MailRecord>, StoreError> {
        let rows: Vec<Option<MailRecord>> = on_pool!(self, |pool| {
            let rows =
                sqlx::query(SELECT).bind(scope.mark()).bind(state).bind(position).bind(about).fetch_all(pool).await?;
            rows.iter().map(|row| record!(row)).collect()
        });
        rows.into_iter().map(|row| row.ok_or(StoreError::Unreadable { what: "mail" })).collect()
    }

    /// The message of a mail, headers included; empty for a confidential one.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn mail_message(&self, scope: &Scope, position: i64) -> Result<Option<String>, StoreError> {
        Ok(on_pool!(self, |pool| {
            sqlx::query_scalar(SELECT_MESSAGE).bind(scope.mark()).bind(position).fetch_optional(pool).await?
        }))
    }

    /// What became of a mail, step by step.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn mail_events(&self, scope: &Scope, position: i64) -> Result<Vec<MailEvent>, StoreError> {
        let rows: Vec<(String, String, String, i64)> = on_pool!(self, |pool| {
            sqlx::query_as(SELECT_EVENTS).bind(scope.mark()).bind(position).fetch_all(pool).await?
        });
        let of = |(state, answer, by, at_us): (String, String, String, i64)| {
            Some(MailEvent { state: MailState::of_word(&state)?, answer, by, at_us })
        };
        rows.into_iter().map(|row| of(row).ok_or(StoreError::Unreadable { what: "step of a mail" })).collect()
    }

    /// The numbers of mails that may be sent now, those that have waited longest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn due_mails(&self, now_us: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
        Ok(on_pool!(self, |pool| sqlx::query_scalar(DUE).bind(now_us).bind(limit).fetch_all(pool).await?))
    }

    /// Claims a mail for one sender until `until_us`; whether it was free.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn claim_mail(
        &self,
        position: i64,
        holder: &str,
        now_us: i64,
        until_us: i64,
    ) -> Result<bool, StoreError> {
        Ok(in_transaction!(self, |tx| {
            let claimed = sqlx::query(CLAIM)
                .bind(position)
                .bind(holder)
                .bind(until_us)
                .bind(now_us)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if claimed == 1 {
                record_mail_event!(tx, position, MailState::Sending.word(), "", holder, now_us);
            }
            claimed == 1
        }))
    }

    /// Records that the server may have a mail from now on; false when it is no longer this sender's.
    ///
    /// # Errors
    /// When the store cannot be written: nothing may be handed over then.
    pub async fn hand_mail_over(&self, position: i64, holder: &str) -> Result<bool, StoreError> {
        let marked = on_pool!(self, |pool| {
            sqlx::query(HAND_OVER).bind(position).bind(holder).execute(pool).await?.rows_affected()
        });
        Ok(marked == 1)
    }

    /// What its sender says of a mail; false when it is no longer this sender's. A renewal notice that was sent is recorded
    /// as such along with it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn finish_mail(
        &self,
        position: i64,
        holder: &str,
        outcome: &MailOutcome<'_>,
    ) -> Result<bool, StoreError> {
        Ok(in_transaction!(self, |tx| { change_mail!(tx, FINISH, position, holder, outcome) }))
    }

    /// What a person decides about a mail that is in state `was`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is in another state by now.
    pub async fn decide_mail(
        &self,
        position: i64,
        was: MailState,
        outcome: &MailOutcome<'_>,
    ) -> Result<(), StoreError> {
        let changed = in_transaction!(self, |tx| { change_mail!(tx, DECIDE, position, was.word(), outcome) });
        if changed {
            return Ok(());
        }
        Err(StoreError::conflict(
            format!("mail {position} is no longer {}", was.word()),
            "look at it again with `accolades mail show`",
        ))
    }
}

/// A row by the places of its columns, in the order of [`SELECT`].
fn read_record(
    text: &dyn Fn(usize) -> Option<String>,
    option: &dyn Fn(usize) -> Option<Option<String>>,
    number: &dyn Fn(usize) -> Option<i64>,
) -> Option<MailRecord> {
    Some(MailRecord {
        position: number(0)?,
        key: text(1)?,
        scope: Scope::from_mark(&text(2)?).ok()?,
        kind: text(3)?,
        about: option(4)?,
        recipient: text(5)?,
        subject: text(6)?,
        is_confidential: number(7)? == 1,
        state: MailState::of_word(&text(8)?)?,
        attempts: number(9)?,
        not_before_us: number(10)?,
        holder: option(11)?,
        until_us: number(12)?,
        is_handed_over: number(13)? == 1,
        answer: text(14)?,
        by: text(15)?,
        put_at_us: number(16)?,
        changed_at_us: number(17)?,
    })
}

/// Whose renewal after which term was announced, when a mail that was sent did so.
fn announced_renewal<'a>(
    state: MailState,
    kind: &str,
    about: Option<&'a str>,
    scope: &str,
) -> Result<Option<(String, &'a str)>, StoreError> {
    match (state, about, Scope::from_mark(scope)?) {
        (MailState::Sent, Some(term), Scope::Client(client)) if kind == RENEWAL_NOTICE => {
            Ok(Some((client.to_string(), term)))
        }
        _ => Ok(None),
    }
}

fn proof(position: i64, key: &str, answer: &str) -> String {
    format!("mail {position} ({key}): {answer}")
}
