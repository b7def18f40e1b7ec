//! Runs one command on a connection: input in, both outputs out, together.

use std::io::{Read, Write};

use secrecy::ExposeSecret;

use super::command::{Command, Finished};
use super::error::SshError;
use super::wire::{Fault, Wire, attempt};
use crate::util::limits;
use crate::util::remote::Sent;

/// Bytes that are taken from a channel in one go: what a packet holds.
const READ_BYTES_MAX: usize = 32 * 1024;

/// Runs a command to its end; the caller watches the clock.
pub(super) async fn execute(wire: &Wire, command: &Command) -> Result<Finished, SshError> {
    // Only when something is to be said: looking for every secret in every command would cost more the more clients there are.
    let shown = || wire.redactor.clean(&command.to_string());
    let line = command.line().ok_or_else(|| SshError::InvalidCommand { command: shown() })?;
    let refused = |why: String| SshError::CommandRefused {
        address: wire.address.clone(),
        command: shown(),
        why: wire.redactor.clean(&why),
    };
    let mut channel =
        wire.drive(|| wire.session.channel_session()).await.map_err(|fault| match fault.is_refusal() {
            true => refused(fault.to_string()),
            false => wire.cut_off(&fault, Sent::No),
        })?;
    let started = wire.drive(|| channel.exec(line.expose_secret())).await;
    started.map_err(|fault| match fault.is_refusal() {
        true => refused(fault.to_string()),
        // The request may have arrived although its answer did not.
        false => wire.cut_off(&fault, Sent::Maybe),
    })?;
    converse(wire, &mut channel, command.input()).await.map_err(|fault| wire.cut_off(&fault, Sent::Maybe))
}

async fn converse(wire: &Wire, channel: &mut ssh2::Channel, mut input: &[u8]) -> Result<Finished, Fault> {
    let mut input_open = true;
    let mut stdout = Captured::default();
    let mut stderr = Captured::default();
    let mut buffer = vec![0_u8; READ_BYTES_MAX];
    loop {
        wire.begin_round();
        let mut moved = false;
        if input.is_empty() && input_open {
            input_open = attempt(channel.send_eof())?.is_none();
            moved |= !input_open;
        } else if input_open {
            let written = attempt(channel.write(input))?.unwrap_or(0);
            input = &input[written..];
            moved |= written > 0;
        }
        moved |= stdout.read_some(&mut channel.stream(0), &mut buffer)?;
        moved |= stderr.read_some(&mut channel.stream(1), &mut buffer)?;
        if channel.eof() {
            break;
        }
        // Looking for errors may have taken output from the socket that came after the look for output.
        let arrived = channel.read_window().available > 0 && !wire.is_write_blocked();
        match moved || arrived {
            true => tokio::task::yield_now().await,
            false => wire.wait().await?,
        }
    }
    // The exit status is the last thing that OpenSSH sends, always, before it closes the channel: without having seen
    // that close, the status 0 that libssh2 starts from would pass for success.
    wire.drive(|| channel.wait_close()).await?;
    let signal = channel.exit_signal()?.exit_signal;
    let exit = match &signal {
        Some(name) => 128 + signal_number(name),
        None => channel.exit_status()?,
    };
    wire.drive(|| channel.close()).await?;
    let truncated = stdout.truncated || stderr.truncated;
    Ok(Finished { exit, signal, stdout: stdout.into_text(), stderr: stderr.into_text(), truncated })
}

/// Numbers of the signals that SSH names (the same on every Linux that we manage); 127 for one it does not know.
fn signal_number(name: &str) -> i32 {
    match name {
        "HUP" => 1,
        "INT" => 2,
        "QUIT" => 3,
        "ILL" => 4,
        "ABRT" => 6,
        "FPE" => 8,
        "KILL" => 9,
        "USR1" => 10,
        "SEGV" => 11,
        "USR2" => 12,
        "PIPE" => 13,
        "ALRM" => 14,
        "TERM" => 15,
        _ => 127,
    }
}

/// One output of a command, bounded.
#[derive(Default)]
struct Captured {
    bytes: Vec<u8>,
    truncated: bool,
}

impl Captured {
    /// Reads what is there; true when there was something.
    fn read_some(&mut self, stream: &mut ssh2::Stream, buffer: &mut [u8]) -> Result<bool, Fault> {
        let count = attempt(stream.read(buffer))?.unwrap_or(0);
        let room = limits::SSH_OUTPUT_BYTES_MAX - self.bytes.len();
        self.bytes.extend_from_slice(&buffer[..count.min(room)]);
        self.truncated |= count > room;
        Ok(count > 0)
    }

    fn into_text(self) -> String {
        String::from_utf8(self.bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}
