//! Our own test whether a domain answers from outside: a file that we put there, fetched through the public address.
//!
//! Let's Encrypt counts failed attempts, and YunoHost's own diagnosis is wrong behind a relay: so we look ourselves,
//! in the same place where the certificate's challenge will lie.

use std::net::SocketAddr;

use super::door::{Door, GuestAddress};
use super::{Engine, EngineError};
use crate::ssh::{Route, Stdin};
use crate::util::limits;

/// Where YunoHost's web server serves the challenges of certificates from.
const CHALLENGES: &str = "/var/www/.well-known/acme-challenge-public";

/// The name of our file: always the same, so that one left behind by a run that was cut short is replaced and removed by
/// the next. What counts is its content.
const FILE: &str = "accolades";

/// Whether a file of ours comes back under this name through the site's public address.
///
/// # Errors
/// When the guest cannot be worked in; a name that does not answer is no error.
pub async fn answers_from_outside(
    guest: &GuestAddress,
    door: &Door,
    engine: &Engine,
    domain: &str,
) -> Result<bool, EngineError> {
    let Some(public) = guest.public4 else { return Ok(false) };
    let nonce = engine.randomness.hex(16);
    let path = format!("{CHALLENGES}/{FILE}");
    let script = "umask 022 && mkdir -p \"$1\" && cat > \"$2\"";
    door.run(&["sh", "-c", script, "sh", CHALLENGES, &path], Some(Stdin::Bytes(nonce.clone().into_bytes()))).await?;
    let fetched = fetch(guest, SocketAddr::from((public, 80)), domain).await;
    door.run(&["rm", "-f", &path], None).await?;
    Ok(fetched.is_some_and(|text| text == nonce))
}

/// The file as the world gets it; `None` for every kind of failure.
async fn fetch(guest: &GuestAddress, public: SocketAddr, domain: &str) -> Option<String> {
    let address = match &guest.route {
        Route::Direct => public,
        Route::Jump(jump) => jump.forward(&public.ip().to_string(), public.port()).await.ok()?,
    };
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(limits::REACH_TIMEOUT)
        .build()
        .ok()?;
    let url = format!("http://{address}/.well-known/acme-challenge/{FILE}");
    let answer = http.get(url).header(reqwest::header::HOST, domain).send().await.ok()?;
    if !answer.status().is_success() {
        return None;
    }
    answer.text().await.ok()
}
