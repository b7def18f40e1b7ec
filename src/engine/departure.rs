//! People who left: what is kept of them, until when, and its deletion on demand.

use jiff::ToSpan;
use jiff::civil::Date;

use super::guest::Guest;
use super::observe::subject_name;
use super::{Engine, EngineError};
use crate::inventory::model::{Client, Person};
use crate::plan::desired::Subject;
use crate::plan::leaving::{Deleted, departed};
use crate::ssh::SshError;
use crate::store::{NewDeparture, Scope};
use crate::yunohost::playbook::ReadCommand;

/// How long the data of somebody who left is kept, in days.
pub const KEPT_DAYS: i64 = 30;

impl Engine {
    /// The people whose data was deleted, with the last day of the latest seat that had ended then.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn deleted(&self) -> Result<Deleted, EngineError> {
        let departures = self.store.departures(&Scope::Staff).await?;
        let deleted = departures.into_iter().filter(|departure| departure.deleted_at_us.is_some());
        // They come in the order of their dates: the latest stays.
        Ok(deleted.map(|departure| ((departure.seat.client, departure.seat.person), departure.seat.ended_on)).collect())
    }

    /// Records the departures of an instance whose access is closed, with the day until which their data is kept.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) async fn record_departures(&self, subject: &Subject<'_>) -> Result<(), EngineError> {
        for client in subject.clients() {
            for (person, seat) in departed(client, subject.day) {
                let Some(ended_on) = seat.until else { continue };
                let departure = self.departure(subject, client, person, ended_on).await?;
                self.store.record_departure(&departure).await?;
            }
        }
        Ok(())
    }

    /// Deletes the account of somebody who left, with mailbox and home. Done already is done.
    ///
    /// # Errors
    /// A conflict while the person has a seat or the data must still be kept; otherwise what the guest says.
    pub async fn delete_person(
        &self,
        subject: &Subject<'_>,
        client: &Client,
        person: &Person,
    ) -> Result<(), EngineError> {
        let Some(seat) = departed(client, subject.day).find(|(one, _)| one.id == person.id).map(|(_, seat)| seat)
        else {
            let words = format!("`{}` still has a seat\n\nend it with `accolades seat end`, then apply", person.id);
            return Err(EngineError::Conflict(words));
        };
        if let Some(next) = client.seats.iter().find(|seat| seat.person == person.id && seat.from > subject.day) {
            let words = format!(
                "`{}` comes back on {}: the data is kept\n\ntake that seat out of the client's file first",
                person.id, next.from
            );
            return Err(EngineError::Conflict(words));
        }
        let ended_on = seat.until.unwrap_or(subject.day);
        if subject.day <= kept_until(ended_on) {
            let until = kept_until(ended_on);
            return Err(EngineError::Conflict(format!("the data of `{}` is kept until {until}", person.id)));
        }
        let variables = self.variables(subject).await?;
        let link = self.everyday_link(subject).await?;
        let address = self.guest_address(subject, &link).await?;
        let address =
            address.ok_or_else(|| EngineError::Unexpected(format!("`{}` was never met", subject_name(subject))))?;
        let guest = Guest::enter(self, address, &variables).await?;
        if lists(&guest, &person.username).await? {
            let argv = ["yunohost", "--timeout", "900", "user", "delete", &person.username, "--purge"];
            guest.door().run(&argv, None).await?;
        }
        if lists(&guest, &person.username).await? {
            return Err(EngineError::Failed {
                title: format!("deleting `{}`", person.username),
                problem: "the account is still listed".to_owned(),
                next: "look at `yunohost user delete` in the guest, then run the command again".to_owned(),
            });
        }
        let departure = self.departure(subject, client, person, ended_on).await?;
        self.store.record_departure(&departure).await?;
        Ok(self.store.mark_deleted(&departure, departure.at_us).await?)
    }

    async fn departure(
        &self,
        subject: &Subject<'_>,
        client: &Client,
        person: &Person,
        ended_on: Date,
    ) -> Result<NewDeparture, EngineError> {
        Ok(NewDeparture {
            client: client.id.clone(),
            person: person.id.clone(),
            instance: subject.instance.id.clone(),
            ended_on,
            data_kept_until: kept_until(ended_on),
            at_us: self.now_us().await?,
        })
    }
}

fn kept_until(ended_on: Date) -> Date {
    ended_on.checked_add(KEPT_DAYS.days()).unwrap_or(Date::MAX)
}

async fn lists(guest: &Guest<'_>, username: &str) -> Result<bool, SshError> {
    let command = ["yunohost", "user", "list", "--output-as", "json"].map(str::to_owned).to_vec();
    let fact = guest.door().read(&ReadCommand(command)).await?;
    // What cannot be read counts as still there: nothing is called deleted unseen.
    Ok(fact.json().and_then(|json| json.get("users").map(|users| users.get(username).is_some())).unwrap_or(true))
}
