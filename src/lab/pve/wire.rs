//! The manners of Proxmox VE's own HTTP server.

use std::future::Future;

use tokio::io::{AsyncRead, AsyncWrite};

use super::message::{RawAnswer, RawRequest};
use super::server::reads_body;
use crate::wire::{self, Manner};

const MANNER: Manner = Manner {
    requests_max: 100,
    headers: &[("Cache-Control", "max-age=0"), ("Pragma", "no-cache"), ("Server", "pve-api-daemon/3.0")],
    goes_on: Some("Keep-Alive"),
    reads_body,
    takes_chunks: false,
};

/// Serves one connection until it ends, as [`wire::serve`].
///
/// # Errors
/// The connection broke.
pub async fn serve<S, F, R>(stream: S, respond: F) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(RawRequest) -> R,
    R: Future<Output = Option<RawAnswer>>,
{
    wire::serve(stream, &MANNER, respond).await
}
