//! People of whom a new version says nothing any more. Only a seat that has ended closes a door: whoever is struck out of the
//! files keeps the account, and nobody is billed for it.

use jiff::civil::Date;

use super::model::Inventory;
use crate::domain::ids::{ClientId, PersonId};

/// Somebody who had a seat on a day, and of whose seats the new version knows none that had begun by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vanished {
    /// The client.
    pub client: ClientId,
    /// Who it is.
    pub person: PersonId,
}

/// Everybody whom a change of the files strikes out, in the order of clients and seats.
pub fn vanished(before: &Inventory, after: &Inventory, day: Date) -> Vec<Vanished> {
    let mut vanished = Vec::new();
    for client in before.clients.values() {
        let seats = after.clients.get(&client.id).map(|client| client.seats.as_slice()).unwrap_or_default();
        for seat in client.seats_on(day) {
            if !seats.iter().any(|one| one.person == seat.person && one.from <= day) {
                vanished.push(Vanished { client: client.id.clone(), person: seat.person.clone() });
            }
        }
    }
    vanished
}
