//! What must not be done by two at once (R24).

use super::Desk;
use crate::billing::turn::Turn;
use crate::cli::failure::Failure;
use crate::cli::session::Session;

/// Takes the turn, works, and gives it back whatever came of the work.
///
/// # Errors
/// When somebody else is at work, or what the work fails with.
pub async fn in_turn<T>(
    session: &Session,
    desk: &Desk,
    work: impl AsyncFnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let turn = Turn::take(&desk.store, desk.now, &session.randomness.hex(4)).await?;
    let result = work().await;
    let given_back = turn.give_back(&desk.store).await;
    let done = result?;
    given_back?;
    Ok(done)
}
