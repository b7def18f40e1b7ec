//! What the bank reports: files, movements on the account, and what became of each, once (R29, R30).

use jiff::civil::Date;

use crate::domain::ids::ClientId;
use crate::domain::money::Cents;

use super::collections::INSERT_NEWS;
use super::payments::insert_payment;
use super::{NewPayment, News, Store, StoreError};

/// A file of the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankFile {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// What it is: `camt.053`, `camt.054`, `pain.002`.
    pub kind: String,
    /// The id that the bank gave it.
    pub message: String,
    /// Its name.
    pub name: String,
    /// Who imported it.
    pub by: String,
    /// When.
    pub at_us: i64,
}

/// A movement on the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMovement {
    /// The same in every file that reports it.
    pub identity: String,
    /// Checksum of the file that reported it first.
    pub file: String,
    /// Day of booking.
    pub booked_on: Date,
    /// Positive when it came, negative when it went.
    pub cents: Cents,
    /// What the payer or we called it; empty when nobody did.
    pub end_to_end_id: String,
    /// Block of a file of ours that it books as a whole; empty when it is none.
    pub block: String,
    /// Words that came with it.
    pub words: String,
    /// The other side's name.
    pub counterparty: String,
    /// The other side's account.
    pub counterparty_iban: String,
    /// Why it came back; empty when it did not.
    pub code: String,
}

/// A movement on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankMovement {
    /// Its number.
    pub position: i64,
    /// What it says.
    pub movement: NewMovement,
    /// What became of it.
    pub decision: Option<Decided>,
}

/// How a movement was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A direct debit of ours came.
    Collected,
    /// A direct debit of ours went back.
    Returned,
    /// A transfer that names what it pays.
    Transfer,
    /// A person said whose it is.
    ByHand,
    /// Another movement has told the same.
    Known,
    /// It is no client's.
    SetAside,
}

impl How {
    /// Every way.
    pub const ALL: [How; 6] = [How::Collected, How::Returned, How::Transfer, How::ByHand, How::Known, How::SetAside];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            How::Collected => "collected",
            How::Returned => "returned",
            How::Transfer => "transfer",
            How::ByHand => "by-hand",
            How::Known => "known",
            How::SetAside => "set-aside",
        }
    }
}

/// What became of a movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// How.
    pub how: How,
    /// Whose it is.
    pub client: Option<ClientId>,
    /// What of it is a fee of the bank.
    pub fee: Cents,
    /// In words.
    pub words: String,
    /// Who decided.
    pub by: String,
    /// When.
    pub at_us: i64,
}

/// A payment that a decision makes, with what it means for a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The payment, refund or return.
    pub payment: NewPayment,
    /// What it says of a collection; its `payment` is filled in.
    pub news: Option<News>,
}

type Row = (i64, String, String, String, i64, String, String, String, String, String, String);

const INSERT_FILE: &str = "
    INSERT INTO bank_files (sha256, kind, message, name, imported_by, imported_at_us)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (sha256) DO NOTHING";
const KNOWN: &str = "SELECT count(*) FROM bank_movements WHERE identity = $1";
const COUNT: &str = "
    INSERT INTO counters (name, value) VALUES ($1, 1)
    ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
const INSERT: &str = "
    INSERT INTO bank_movements
        (position, identity, file, booked_on, cents, end_to_end_id, block, words, counterparty, counterparty_iban, code)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (identity) DO NOTHING";
const SELECT: &str = "
    SELECT position, identity, file, booked_on, cents, end_to_end_id, block, words, counterparty, counterparty_iban, code
    FROM bank_movements ORDER BY booked_on, position";
const LAST_FILE: &str = "SELECT max(imported_at_us) FROM bank_files";
const INSERT_DECISION: &str = "
    INSERT INTO bank_decisions (movement, how, client, fee, words, decided_by, decided_at_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (movement) DO NOTHING";
const SELECT_DECISIONS: &str =
    "SELECT movement, how, client, fee, words, decided_by, decided_at_us FROM bank_decisions ORDER BY movement";
const INSERT_POSTING: &str = "INSERT INTO bank_postings (payment, movement) VALUES ($1, $2)";

impl Store {
    /// Records a file and its movements, all or none; what another file has told is left alone. Returns how many were new.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn record_bank_file(&self, file: &BankFile, movements: &[NewMovement]) -> Result<usize, StoreError> {
        Ok(in_transaction!(self, |tx| {
            sqlx::query(INSERT_FILE)
                .bind(&file.sha256)
                .bind(&file.kind)
                .bind(&file.message)
                .bind(&file.name)
                .bind(&file.by)
                .bind(file.at_us)
                .execute(&mut *tx)
                .await?;
            let mut count = 0;
            for one in movements {
                let known: i64 = sqlx::query_scalar(KNOWN).bind(&one.identity).fetch_one(&mut *tx).await?;
                if known > 0 {
                    continue;
                }
                let position: i64 = sqlx::query_scalar(COUNT).bind("bank_movements").fetch_one(&mut *tx).await?;
                let written = sqlx::query(INSERT)
                    .bind(position)
                    .bind(&one.identity)
                    .bind(&one.file)
                    .bind(one.booked_on.to_string())
                    .bind(one.cents.0)
                    .bind(&one.end_to_end_id)
                    .bind(&one.block)
                    .bind(&one.words)
                    .bind(&one.counterparty)
                    .bind(&one.counterparty_iban)
                    .bind(&one.code)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
                count += usize::try_from(written).unwrap_or(0);
            }
            count
        }))
    }

    /// When a file of the bank was taken in last; none when none ever was.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn last_bank_file_us(&self) -> Result<Option<i64>, StoreError> {
        Ok(on_pool!(self, |pool| sqlx::query_scalar(LAST_FILE).fetch_one(pool).await?))
    }

    /// Every movement with what became of it, by day. The account is the co-operative's: staff only.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn bank_movements(&self) -> Result<Vec<BankMovement>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| sqlx::query_as(SELECT).fetch_all(pool).await?);
        let decisions: Vec<DecisionRow> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_DECISIONS).fetch_all(pool).await?);
        let mut decided = std::collections::BTreeMap::new();
        for row in decisions {
            let movement = row.0;
            decided.insert(movement, decision(row).ok_or(StoreError::Unreadable { what: "decision on a movement" })?);
        }
        let mut of = |row: Row| {
            let mut movement = movement(row)?;
            movement.decision = decided.remove(&movement.position);
            Some(movement)
        };
        rows.into_iter().map(|row| of(row).ok_or(StoreError::Unreadable { what: "movement at the bank" })).collect()
    }

    /// Decides a movement: the decision, its payments and what they say of collections, all or none. Returns the numbers of
    /// the payments.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it was decided meanwhile, or a payment was taken back already.
    pub async fn decide_movement(
        &self,
        movement: i64,
        decided: &Decided,
        made: &[Made],
    ) -> Result<Vec<i64>, StoreError> {
        Ok(in_transaction!(self, |tx| {
            let written = sqlx::query(INSERT_DECISION)
                .bind(movement)
                .bind(decided.how.word())
                .bind(decided.client.as_ref().map(ClientId::as_str))
                .bind(decided.fee.0)
                .bind(&decided.words)
                .bind(&decided.by)
                .bind(decided.at_us)
                .execute(&mut *tx)
                .await?
                .rows_affected();
            if written != 1 {
                return Err(StoreError::conflict(
                    format!("movement {movement} was decided already"),
                    "`accolades billing bank list` shows what became of it",
                ));
            }
            let mut positions = Vec::with_capacity(made.len());
            for one in made {
                let (position, written) = insert_payment!(tx, &one.payment);
                if written != 1 {
                    return Err(StoreError::conflict(
                        "this payment was taken back already",
                        "`accolades billing account CLIENT` shows both",
                    ));
                }
                sqlx::query(INSERT_POSTING).bind(position).bind(movement).execute(&mut *tx).await?;
                if let Some(news) = &one.news {
                    sqlx::query(INSERT_NEWS)
                        .bind(&news.end_to_end_id)
                        .bind(news.kind.word())
                        .bind(news.on.to_string())
                        .bind(&news.code)
                        .bind(position)
                        .bind(news.at_us)
                        .execute(&mut *tx)
                        .await?;
                }
                positions.push(position);
            }
            positions
        }))
    }
}

type DecisionRow = (i64, String, Option<String>, i64, String, String, i64);

fn decision(row: DecisionRow) -> Option<Decided> {
    let (_, how, client, fee, words, by, at_us) = row;
    let how = How::ALL.into_iter().find(|one| one.word() == how)?;
    let client = client.map(ClientId::new).transpose().ok()?;
    Some(Decided { how, client, fee: Cents(fee), words, by, at_us })
}

fn movement(row: Row) -> Option<BankMovement> {
    let (position, identity, file, booked_on, cents, end_to_end_id, block, words, counterparty, iban, code) = row;
    let movement = NewMovement {
        identity,
        file,
        booked_on: booked_on.parse().ok()?,
        cents: Cents(cents),
        end_to_end_id,
        block,
        words,
        counterparty,
        counterparty_iban: iban,
        code,
    };
    Some(BankMovement { position, movement, decision: None })
}
