//! One TCP connection carried by a jump host: bytes both ways, half-closes included, at the pace of the slower side.

use std::io::{Read, Write};
use std::task::Context;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use super::wire::{Fault, Wire, attempt};

/// Bytes under way in one direction; no more are read before these are written.
const BUFFER_BYTES: usize = 32 * 1024;

/// A local connection and the channel that continues it beyond the jump host.
pub(super) struct Forward {
    local: TcpStream,
    channel: ssh2::Channel,
    up: Pipe,
    down: Pipe,
    /// One side broke: what is buffered has nowhere to go.
    broken: bool,
    _slot: OwnedSemaphorePermit,
}

/// One direction.
#[derive(Default)]
struct Pipe {
    /// Allocated once, when first needed: a round asks every connection, most of which have nothing to carry.
    buffer: Vec<u8>,
    /// How many bytes of it came from the source.
    filled: usize,
    /// How many of these are written.
    written: usize,
    /// The source has no more.
    source_ended: bool,
    /// The sink knows.
    sink_told: bool,
    /// libssh2 is in the middle of a packet on behalf of this direction: the same call must be repeated, or no channel
    /// of the connection could send again.
    mid_packet: bool,
}

impl Pipe {
    fn is_empty(&self) -> bool {
        self.written == self.filled
    }

    fn wants_more(&self) -> bool {
        self.is_empty() && !self.source_ended
    }

    fn fill(&mut self, read: impl FnOnce(&mut [u8]) -> Result<Option<usize>, Fault>) -> Result<bool, Fault> {
        self.buffer.resize(BUFFER_BYTES, 0);
        self.written = 0;
        self.filled = 0;
        self.filled = read(&mut self.buffer)?.unwrap_or(0);
        Ok(self.filled > 0)
    }

    /// What is still to be written.
    fn waiting(&self) -> &[u8] {
        &self.buffer[self.written..self.filled]
    }
}

/// What a step did.
#[derive(PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing could move.
    Waiting,
    /// Something moved: another step may find more.
    Moved,
    /// The connection is over and its channel closed.
    Over,
}

impl Forward {
    pub(super) fn new(local: TcpStream, channel: ssh2::Channel, slot: OwnedSemaphorePermit) -> Forward {
        Forward { local, channel, up: Pipe::default(), down: Pipe::default(), broken: false, _slot: slot }
    }

    /// Tries everything once.
    pub(super) async fn step(&mut self, wire: &Wire) -> Step {
        if self.is_over() {
            return self.close(wire);
        }
        match self.exchange(wire).await {
            Ok(true) => Step::Moved,
            Ok(false) => Step::Waiting,
            // The other side of this one connection is gone; the jump host and its other connections are not.
            Err(_) => {
                self.broken = true;
                Step::Moved
            }
        }
    }

    /// Ready when the local side allows a direction to go on.
    pub(super) fn poll_local(&self, context: &mut Context<'_>) -> bool {
        let readable = self.up.wants_more() && !self.broken && self.local.poll_read_ready(context).is_ready();
        let writable = !self.down.is_empty() && !self.broken && self.local.poll_write_ready(context).is_ready();
        readable || writable
    }

    /// Something for the local side lies with libssh2 already: the socket will not tell of it again.
    pub(super) fn has_arrived(&self) -> bool {
        let wanted = self.down.wants_more() && !self.down.mid_packet && !self.is_over();
        wanted && (self.channel.read_window().available > 0 || self.channel.eof())
    }

    fn is_over(&self) -> bool {
        self.broken || (self.up.sink_told && self.down.sink_told)
    }

    async fn exchange(&mut self, wire: &Wire) -> Result<bool, Fault> {
        let mut moved = self.carry_up(wire)?;
        moved |= self.carry_down(wire)?;
        if self.channel.eof() && self.down.is_empty() {
            self.down.source_ended = true;
            if !self.down.sink_told {
                self.local.shutdown().await?;
                self.down.sink_told = true;
                moved = true;
            }
            // A server that closed the channel takes nothing more from us either.
            if attempt(self.channel.wait_close())?.is_some() {
                self.broken = true;
                moved = true;
            }
        }
        Ok(moved)
    }

    fn carry_up(&mut self, wire: &Wire) -> Result<bool, Fault> {
        let mut moved = false;
        if self.up.wants_more() {
            let local = &self.local;
            let mut ended = false;
            moved = self.up.fill(|buffer| {
                let count = attempt(local.try_read(buffer))?;
                ended = count == Some(0);
                Ok(count)
            })?;
            self.up.source_ended = ended;
        }
        if !self.up.is_empty() {
            let count = attempt(self.channel.write(self.up.waiting()))?;
            self.up.mid_packet = count.is_none() && wire.is_write_blocked();
            self.up.written += count.unwrap_or(0);
            moved |= count.is_some_and(|count| count > 0);
        } else if self.up.source_ended && !self.up.sink_told {
            self.up.sink_told = attempt(self.channel.send_eof())?.is_some();
            moved |= self.up.sink_told;
        }
        Ok(moved)
    }

    fn carry_down(&mut self, wire: &Wire) -> Result<bool, Fault> {
        let mut moved = false;
        if self.down.wants_more() {
            let channel = &mut self.channel;
            let mut blocked = false;
            moved = self.down.fill(|buffer| {
                let count = attempt(channel.read(buffer))?;
                blocked = count.is_none();
                Ok(count)
            })?;
            self.down.mid_packet = blocked && wire.is_write_blocked();
        }
        if !self.down.is_empty() {
            let count = attempt(self.local.try_write(self.down.waiting()))?.unwrap_or(0);
            self.down.written += count;
            moved |= count > 0;
        }
        Ok(moved)
    }

    /// Closes the channel, after the packets that were begun on its behalf.
    fn close(&mut self, wire: &Wire) -> Step {
        if self.up.mid_packet {
            self.up.mid_packet = !is_done(self.channel.write(self.up.waiting())) && wire.is_write_blocked();
        }
        if self.down.mid_packet {
            let mut unread = [0_u8; 1024];
            self.down.mid_packet = !is_done(self.channel.read(&mut unread)) && wire.is_write_blocked();
        }
        let ready = !self.up.mid_packet && !self.down.mid_packet;
        match ready && is_done(self.channel.close()) {
            true => Step::Over,
            false => Step::Waiting,
        }
    }
}

/// Through, or failed for good, which comes to the same for a connection that ends.
fn is_done<T, E: Into<Fault>>(result: Result<T, E>) -> bool {
    !matches!(attempt(result), Ok(None))
}
