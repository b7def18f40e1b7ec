//! Direct debits: files as they were handed to the bank, one row per attempt, and what the bank said of each (R29).

use jiff::civil::Date;

use crate::domain::billing::mandate::Sequence;
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;

use super::scope::Scoped;
use super::{NewMail, Scope, Store, StoreError};

/// A file for the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionFile {
    /// Its message id.
    pub id: String,
    /// Its bytes, as text.
    pub content: String,
    /// SHA-256 of them.
    pub sha256: String,
    /// Who made it.
    pub by: String,
    /// When.
    pub at_us: i64,
}

/// One attempt to collect an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// Known by it to every bank: the number of the invoice, a retry with a suffix.
    pub end_to_end_id: String,
    /// Message id of its file.
    pub file: String,
    /// Id of its block within the file.
    pub block: String,
    /// Whose.
    pub client: ClientId,
    /// The invoice.
    pub number: String,
    /// 1 for the first.
    pub attempt: i64,
    /// Reference of the mandate.
    pub mandate: String,
    /// First or recurrent.
    pub sequence: Sequence,
    /// How much.
    pub cents: Cents,
    /// On which day.
    pub collected_on: Date,
}

/// What a bank says of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NewsKind {
    /// Refused before money moved.
    Rejected,
    /// Money came.
    Settled,
    /// Money went back.
    Returned,
}

impl NewsKind {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            NewsKind::Rejected => "rejected",
            NewsKind::Settled => "settled",
            NewsKind::Returned => "returned",
        }
    }
}

/// What a bank said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// Of which collection.
    pub end_to_end_id: String,
    /// What.
    pub kind: NewsKind,
    /// On which day.
    pub on: Date,
    /// The bank's code; empty when money came.
    pub code: String,
    /// The payment or return that it made.
    pub payment: Option<i64>,
    /// When it was recorded.
    pub at_us: i64,
}

type Row = (String, String, String, String, String, i64, String, String, i64, String);

const INSERT_FILE: &str =
    "INSERT INTO collection_files (id, content, sha256, made_by, made_at_us) VALUES ($1, $2, $3, $4, $5)";
const INSERT: &str = "
    INSERT INTO collections
        (end_to_end_id, file, block, client, number, attempt, mandate, sequence, cents, collected_on)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
const SELECT: Scoped = scoped!(
    "
    SELECT end_to_end_id, file, block, client, number, attempt, mandate, sequence, cents, collected_on
    FROM collections WHERE",
    client "client",
    "ORDER BY collected_on, end_to_end_id"
);
const SELECT_FILES: &str =
    "SELECT id, content, sha256, made_by, made_at_us FROM collection_files ORDER BY made_at_us, id";
pub(super) const INSERT_NEWS: &str = "
    INSERT INTO collection_news (end_to_end_id, kind, happened_on, code, payment, recorded_at_us)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (end_to_end_id, kind) DO NOTHING";
const SELECT_NEWS: &str = "
    SELECT news.end_to_end_id, news.kind, news.happened_on, news.code, news.payment, news.recorded_at_us
    FROM collection_news news JOIN collections ON collections.end_to_end_id = news.end_to_end_id
    WHERE $1 = 'staff' OR 'client:' || collections.client = $1
    ORDER BY news.recorded_at_us, news.end_to_end_id, news.kind";

impl Store {
    /// Records a file and its collections, and puts the mails that announce them into the outbox, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when somebody else collected one of the invoices meanwhile.
    pub async fn record_collections(
        &self,
        file: &CollectionFile,
        collections: &[Collection],
        mails: &[NewMail],
    ) -> Result<(), StoreError> {
        in_transaction!(self, |tx| {
            sqlx::query(INSERT_FILE)
                .bind(&file.id)
                .bind(&file.content)
                .bind(&file.sha256)
                .bind(&file.by)
                .bind(file.at_us)
                .execute(&mut *tx)
                .await?;
            for one in collections {
                let written = sqlx::query(INSERT)
                    .bind(&one.end_to_end_id)
                    .bind(&one.file)
                    .bind(&one.block)
                    .bind(one.client.as_str())
                    .bind(&one.number)
                    .bind(one.attempt)
                    .bind(&one.mandate)
                    .bind(one.sequence.word())
                    .bind(one.cents.0)
                    .bind(one.collected_on.to_string())
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
                if written != 1 {
                    return Err(StoreError::conflict(
                        format!("`{}` is being collected already", one.number),
                        "look at `accolades billing collect --draft`, then make the file again",
                    ));
                }
            }
            for mail in mails {
                put_mail!(tx, mail);
            }
        });
        Ok(())
    }

    /// The collections within a scope, by day.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn collections(&self, scope: &Scope) -> Result<Vec<Collection>, StoreError> {
        let rows: Vec<Row> =
            on_pool!(self, |pool| sqlx::query_as(SELECT.of(scope)).bind(scope.mark()).fetch_all(pool).await?);
        rows.into_iter().map(|row| collection(row).ok_or(StoreError::Unreadable { what: "collection" })).collect()
    }

    /// Every file that was made, oldest first. They are about several clients: staff only.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn collection_files(&self) -> Result<Vec<CollectionFile>, StoreError> {
        let rows: Vec<(String, String, String, String, i64)> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_FILES).fetch_all(pool).await?);
        let of = |(id, content, sha256, by, at_us)| CollectionFile { id, content, sha256, by, at_us };
        Ok(rows.into_iter().map(of).collect())
    }

    /// Records that a bank rejected a collection; what is known already is left alone. Returns whether it was news.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn record_news(&self, news: &News) -> Result<bool, StoreError> {
        let written = on_pool!(self, |pool| {
            sqlx::query(INSERT_NEWS)
                .bind(&news.end_to_end_id)
                .bind(news.kind.word())
                .bind(news.on.to_string())
                .bind(&news.code)
                .bind(news.payment)
                .bind(news.at_us)
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(written == 1)
    }

    /// What banks said of the collections within a scope, in the order of recording.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn collection_news(&self, scope: &Scope) -> Result<Vec<News>, StoreError> {
        let rows: Vec<(String, String, String, String, Option<i64>, i64)> =
            on_pool!(self, |pool| sqlx::query_as(SELECT_NEWS).bind(scope.mark()).fetch_all(pool).await?);
        let of =
            |(end_to_end_id, kind, on, code, payment, at_us): (String, String, String, String, Option<i64>, i64)| {
                let kinds = [NewsKind::Rejected, NewsKind::Settled, NewsKind::Returned];
                let kind = kinds.into_iter().find(|one| one.word() == kind)?;
                Some(News { end_to_end_id, kind, on: on.parse().ok()?, code, payment, at_us })
            };
        rows.into_iter().map(|row| of(row).ok_or(StoreError::Unreadable { what: "news of a collection" })).collect()
    }
}

fn collection(row: Row) -> Option<Collection> {
    let (end_to_end_id, file, block, client, number, attempt, mandate, sequence, cents, collected_on) = row;
    Some(Collection {
        end_to_end_id,
        file,
        block,
        client: ClientId::new(client).ok()?,
        number,
        attempt,
        mandate,
        sequence: [Sequence::First, Sequence::Recurrent].into_iter().find(|one| one.word() == sequence)?,
        cents: Cents(cents),
        collected_on: collected_on.parse().ok()?,
    })
}
