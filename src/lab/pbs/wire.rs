//! The manners of a backup server's HTTP server.

use std::future::Future;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::wire::{self, Manner, RawAnswer, RawRequest};

/// Longer bodies are not read; the method sees that they are too long.
const BODY_BYTES_MAX: u64 = 1024 * 1024;

const MANNER: Manner = Manner {
    requests_max: u32::MAX,
    headers: &[],
    goes_on: None,
    reads_body: |request: &RawRequest| request.content_length() <= BODY_BYTES_MAX,
    takes_chunks: true,
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
