//! Decides the movements on the account, each by itself: one that cannot be decided keeps no other one waiting (R29, R30).

use jiff::Timestamp;

use super::situation::{Decision, Situation};
use crate::billing::BillingError;
use crate::domain::ids::ClientId;
use crate::store::{BankMovement, Store, StoreError};

/// Something that was decided, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The movement.
    pub movement: Option<i64>,
    /// Whose.
    pub client: Option<ClientId>,
    /// What.
    pub words: String,
}

/// Decides every movement that can be decided, each in a transaction of its own; what is cut short is taken up by the next
/// call. Returns what was decided, in words.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn settle(store: &Store, by: &str, now: Timestamp) -> Result<Vec<Told>, BillingError> {
    let mut situation = Situation::read(store, by, now).await?;
    settle_in(store, &mut situation).await
}

/// The same by what was known at some moment. A movement that contradicts what was recorded since is told and stays where it
/// is: one that cannot be decided keeps no other one waiting.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn settle_in(store: &Store, situation: &mut Situation) -> Result<Vec<Told>, BillingError> {
    let mut told = Vec::new();
    for movement in store.bank_movements().await?.into_iter().filter(|one| one.decision.is_none()) {
        let Ok(decision) = situation.decide(&movement.movement) else { continue };
        let words = match carry_out(store, situation, &movement, &decision).await {
            Ok(()) => decision.decided.words,
            Err(BillingError::Store(StoreError::Conflict { what, .. })) => format!("left as it is: {what}"),
            Err(error) => return Err(error),
        };
        told.push(Told { movement: Some(movement.position), client: decision.decided.client, words });
    }
    Ok(told)
}

/// Records a decision, and what it changes for the movements after it.
///
/// # Errors
/// When somebody else decided meanwhile, or the store cannot be written.
pub async fn carry_out(
    store: &Store,
    situation: &mut Situation,
    movement: &BankMovement,
    decision: &Decision,
) -> Result<(), BillingError> {
    let positions = store.decide_movement(movement.position, &decision.decided, &decision.made).await?;
    situation.learn(&movement.movement, decision, &positions);
    Ok(())
}
