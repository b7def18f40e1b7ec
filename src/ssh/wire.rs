//! An authenticated connection used without blocking: libssh2 on one handle of the socket, tokio's readiness on another.
//!
//! The rule of a round, which every user keeps: [`Wire::begin_round`], then try everything once, then, when nothing
//! moved, [`Wire::wait`]. One attempt reads whatever has arrived for all channels, so that only a whole round without
//! progress says that there is nothing left to do; forgetting readiness *before* the round means that bytes which arrive
//! during it are noticed.

use std::cell::Cell;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use tokio::io::Interest;
use tokio::time::Instant;

use super::error::SshError;
use crate::util::limits;
use crate::util::redact::Redactor;
use crate::util::remote::Sent;

/// A connection in non-blocking mode; lives on one thread.
pub(super) struct Wire {
    pub(super) session: ssh2::Session,
    pub(super) redactor: Arc<Redactor>,
    pub(super) address: String,
    socket: tokio::net::TcpStream,
    /// When the server last sent anything.
    heard: Cell<Instant>,
    /// When it was last asked for a sign of life.
    asked: Cell<Instant>,
}

/// The outcome of one non-blocking attempt: `None` when it would have blocked.
pub(super) fn attempt<T, E: Into<io::Error>>(result: Result<T, E>) -> io::Result<Option<T>> {
    match result.map_err(Into::into) {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

impl Wire {
    /// Takes an authenticated session over; `tcp` is another handle of its socket. Called on the runtime that serves it.
    pub(super) fn new(
        session: ssh2::Session,
        tcp: TcpStream,
        address: String,
        redactor: Arc<Redactor>,
    ) -> Result<Wire, SshError> {
        session.set_blocking(false);
        // libssh2 counts whole seconds of its own: an interval below ours never swallows one of our requests.
        let seconds = limits::SSH_KEEPALIVE_INTERVAL.as_secs() / 2;
        session.set_keepalive(true, u32::try_from(seconds).unwrap_or(u32::MAX));
        let socket = tcp
            .set_nonblocking(true)
            .and_then(|()| tokio::net::TcpStream::from_std(tcp))
            .map_err(|source| SshError::Unreachable { address: address.clone(), source })?;
        let now = Instant::now();
        Ok(Wire { session, redactor, address, socket, heard: Cell::new(now), asked: Cell::new(now) })
    }

    /// Forgets that the socket was readable: what arrives from here on counts.
    pub(super) fn begin_round(&self) {
        let forgotten: io::Result<()> = self.socket.try_io(Interest::READABLE, || {
            self.heard.set(Instant::now());
            Err(io::ErrorKind::WouldBlock.into())
        });
        debug_assert!(forgotten.is_err());
    }

    /// The last attempt left a packet half written: it must be tried again before any other can be sent.
    pub(super) fn is_write_blocked(&self) -> bool {
        matches!(self.session.block_directions(), ssh2::BlockDirections::Outbound | ssh2::BlockDirections::Both)
    }

    /// Waits until another round can make progress, and keeps the connection alive meanwhile.
    ///
    /// # Errors
    /// The server has closed the connection, or has said nothing for [`limits::SSH_SILENCE_MAX`].
    pub(super) async fn wait(&self) -> io::Result<()> {
        let mut interest = Interest::READABLE;
        if self.is_write_blocked() {
            let _: io::Result<()> = self.socket.try_io(Interest::WRITABLE, || Err(io::ErrorKind::WouldBlock.into()));
            interest |= Interest::WRITABLE;
        }
        tokio::select! {
            ready = self.socket.ready(interest) => match ready?.is_read_closed() {
                true => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server closed it")),
                false => Ok(()),
            },
            () = tokio::time::sleep_until(self.asked.get() + limits::SSH_KEEPALIVE_INTERVAL) => self.ask_for_life(),
        }
    }

    fn ask_for_life(&self) -> io::Result<()> {
        if self.heard.get().elapsed() > limits::SSH_SILENCE_MAX {
            let silence = format!("no sign of life for {} s", limits::SSH_SILENCE_MAX.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, silence));
        }
        self.asked.set(Instant::now());
        self.session.keepalive_send()?;
        Ok(())
    }

    /// Repeats one operation until it is through.
    pub(super) async fn drive<T, E: Into<io::Error>>(
        &self,
        mut operation: impl FnMut() -> Result<T, E>,
    ) -> io::Result<T> {
        loop {
            self.begin_round();
            match attempt(operation())? {
                Some(value) => return Ok(value),
                None => self.wait().await?,
            }
        }
    }

    /// Waits for the connection to break, keeping it alive.
    pub(super) async fn idle(&self) -> io::Error {
        loop {
            self.begin_round();
            if let Err(error) = self.wait().await {
                return error;
            }
        }
    }

    /// The connection was lost.
    pub(super) fn cut_off(&self, error: &io::Error, sent: Sent) -> SshError {
        SshError::CutOff { address: self.address.clone(), why: self.redactor.clean(&error.to_string()), sent }
    }
}
