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

/// A failed operation, before it is known what it means for the caller.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{}", .0.message())]
    Ssh(#[from] ssh2::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// libssh2's code for "would block".
const AGAIN: i32 = -37;

impl Fault {
    /// libssh2's own code, where it was libssh2 that failed.
    pub(super) fn code(&self) -> Option<i32> {
        match self {
            Fault::Ssh(error) => match error.code() {
                ssh2::ErrorCode::Session(code) => Some(code),
                ssh2::ErrorCode::SFTP(_) => None,
            },
            Fault::Io(_) => None,
        }
    }

    /// The server answered with a refusal, and so did nothing: libssh2's codes for "channel failure" and "request denied".
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self.code(), Some(-21 | -22))
    }

    fn would_block(&self) -> bool {
        match self {
            Fault::Ssh(_) => self.code() == Some(AGAIN),
            Fault::Io(error) => error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}

/// The outcome of one non-blocking attempt: `None` when it would have blocked.
pub(super) fn attempt<T, E: Into<Fault>>(result: Result<T, E>) -> Result<Option<T>, Fault> {
    match result.map_err(Into::into) {
        Ok(value) => Ok(Some(value)),
        Err(fault) if fault.would_block() => Ok(None),
        Err(fault) => Err(fault),
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
    pub(super) async fn wait(&self) -> Result<(), Fault> {
        let mut interest = Interest::READABLE;
        if self.is_write_blocked() {
            let _: io::Result<()> = self.socket.try_io(Interest::WRITABLE, || Err(io::ErrorKind::WouldBlock.into()));
            interest |= Interest::WRITABLE;
        }
        tokio::select! {
            ready = self.socket.ready(interest) => match ready?.is_read_closed() {
                true => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server closed it").into()),
                false => Ok(()),
            },
            () = tokio::time::sleep_until(self.asked.get() + limits::SSH_KEEPALIVE_INTERVAL) => self.ask_for_life(),
        }
    }

    fn ask_for_life(&self) -> Result<(), Fault> {
        if self.heard.get().elapsed() > limits::SSH_SILENCE_MAX {
            let silence = format!("no sign of life for {} s", limits::SSH_SILENCE_MAX.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, silence).into());
        }
        self.asked.set(Instant::now());
        self.session.keepalive_send()?;
        Ok(())
    }

    /// Repeats one operation until it is through.
    pub(super) async fn drive<T, E: Into<Fault>>(
        &self,
        mut operation: impl FnMut() -> Result<T, E>,
    ) -> Result<T, Fault> {
        loop {
            self.begin_round();
            match attempt(operation())? {
                Some(value) => return Ok(value),
                None => self.wait().await?,
            }
        }
    }

    /// Waits for the connection to break, keeping it alive.
    pub(super) async fn idle(&self) -> Fault {
        loop {
            self.begin_round();
            if let Err(fault) = self.wait().await {
                return fault;
            }
        }
    }

    /// The connection was lost.
    pub(super) fn cut_off(&self, fault: &Fault, sent: Sent) -> SshError {
        SshError::CutOff { address: self.address.clone(), why: self.redactor.clean(&fault.to_string()), sent }
    }
}
