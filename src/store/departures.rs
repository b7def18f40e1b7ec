//! Persons whose seat ended: until when their data is kept, and when it was deleted.

use jiff::civil::Date;

use crate::domain::ids::{ClientId, InstanceId, PersonId};

use super::{Scope, Store, StoreError};

/// A seat that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeparture {
    /// The person's client.
    pub client: ClientId,
    /// Who left.
    pub person: PersonId,
    /// Where their data is.
    pub instance: InstanceId,
    /// Last day of the seat.
    pub ended_on: Date,
    /// Last day on which the data is kept.
    pub data_kept_until: Date,
    /// When this was recorded.
    pub at_us: i64,
}

/// A departure on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// Who, where and until when.
    pub seat: NewDeparture,
    /// When the data was deleted.
    pub deleted_at_us: Option<i64>,
}

type Row = (String, String, String, String, String, i64, Option<i64>);

const RECORD: &str = "
    INSERT INTO departures (client, person, instance, ended_on, data_kept_until, recorded_at_us)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (client, person, instance, ended_on) DO UPDATE SET data_kept_until = excluded.data_kept_until
    WHERE departures.deleted_at_us IS NULL";
const SELECT: &str = "
    SELECT client, person, instance, ended_on, data_kept_until, recorded_at_us, deleted_at_us
    FROM departures WHERE $1 = 'staff' OR 'client:' || client = $1
    ORDER BY client, person, instance, ended_on";
const MARK_DELETED: &str = "
    UPDATE departures SET deleted_at_us = $5
    WHERE client = $1 AND person = $2 AND instance = $3 AND ended_on = $4 AND deleted_at_us IS NULL";

impl Store {
    /// Records that a seat ended. The same seat again moves the date until which data is kept, unless it was deleted.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn record_departure(&self, new: &NewDeparture) -> Result<(), StoreError> {
        on_pool!(self, |pool| {
            sqlx::query(RECORD)
                .bind(new.client.as_str())
                .bind(new.person.as_str())
                .bind(new.instance.as_str())
                .bind(new.ended_on.to_string())
                .bind(new.data_kept_until.to_string())
                .bind(new.at_us)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// The departures within a scope, in the order of clients, persons and dates.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn departures(&self, scope: &Scope) -> Result<Vec<Departure>, StoreError> {
        let rows: Vec<Row> = on_pool!(self, |pool| sqlx::query_as(SELECT).bind(scope.mark()).fetch_all(pool).await?);
        rows.into_iter().map(|row| departure(row).ok_or(StoreError::Unreadable { what: "departure" })).collect()
    }

    /// Records that the data of a departed person was deleted. The first date stays.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn mark_deleted(&self, seat: &NewDeparture, at_us: i64) -> Result<(), StoreError> {
        on_pool!(self, |pool| {
            sqlx::query(MARK_DELETED)
                .bind(seat.client.as_str())
                .bind(seat.person.as_str())
                .bind(seat.instance.as_str())
                .bind(seat.ended_on.to_string())
                .bind(at_us)
                .execute(pool)
                .await?;
        });
        Ok(())
    }
}

fn departure(row: Row) -> Option<Departure> {
    let (client, person, instance, ended_on, data_kept_until, at_us, deleted_at_us) = row;
    let seat = NewDeparture {
        client: ClientId::new(client).ok()?,
        person: PersonId::new(person).ok()?,
        instance: InstanceId::new(instance).ok()?,
        ended_on: ended_on.parse().ok()?,
        data_kept_until: data_kept_until.parse().ok()?,
        at_us,
    };
    Some(Departure { seat, deleted_at_us })
}
