//! Why a connection or a command failed, and what may be done about it.

use std::io;
use std::time::Duration;

use crate::util::remote::{Retry, Sent};

/// A failure of the SSH adapter. Texts that quote the other side have passed the redactor.
#[derive(Debug, thiserror::Error)]
pub enum SshError {
    /// No connection.
    #[error(
        "`{address}` does not answer over SSH\n\nis the machine on and is the network between it and us up? try `nc -vz` with that address"
    )]
    Unreachable {
        /// Where we tried.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The jump host answered, but could not connect us further.
    #[error(
        "jump host `{jump}` cannot reach `{address}`: {why}\n\nis that machine on, and does the jump host allow TCP forwarding to it?"
    )]
    BeyondJump {
        /// The jump host.
        jump: String,
        /// Where it should have led.
        address: String,
        /// Its own words.
        why: String,
    },
    /// The server has another host key than expected: nothing was sent to it.
    #[error(
        "`{address}` has another host key than expected\nexpected {expected}\ngot      {got}\n\nif the machine was reinstalled, put its new key in its place; otherwise somebody stands between it and us"
    )]
    HostKeyMismatch {
        /// The server.
        address: String,
        /// Fingerprint of the key that it should have.
        expected: String,
        /// Fingerprint of the key that it showed.
        got: String,
    },
    /// Our own key cannot be used.
    #[error(
        "{what} cannot be used as an SSH key: {why}\n\ngive an OpenSSH private key without passphrase, or load it in `ssh-agent`"
    )]
    Identity {
        /// Which key.
        what: String,
        /// Why.
        why: String,
    },
    /// The server does not take our key.
    #[error(
        "`{address}` refuses to let `{user}` in: {why}\n\nis our public key in the `authorized_keys` of that account?"
    )]
    AuthenticationRefused {
        /// The server.
        address: String,
        /// The account.
        user: String,
        /// The last answer.
        why: String,
    },
    /// Something took too long and was cut off.
    #[error("{what} did not end within {} s\n\na command that was under way may go on inside the machine: look before repeating it", .after.as_secs())]
    Timeout {
        /// What was waited for, with the machine's address.
        what: String,
        /// How long.
        after: Duration,
        /// Whether the machine may have acted.
        sent: Sent,
    },
    /// The connection was lost.
    #[error(
        "the connection to `{address}` was lost: {why}\n\na command that was under way may go on inside the machine: look before repeating it"
    )]
    CutOff {
        /// The server.
        address: String,
        /// How it showed.
        why: String,
        /// Whether a command was under way.
        sent: Sent,
    },
    /// The server does not start the command.
    #[error(
        "`{address}` does not start `{command}`: {why}\n\nis the account's shell usable, and `MaxSessions` above 0?"
    )]
    CommandRefused {
        /// The server.
        address: String,
        /// The command, secrets masked.
        command: String,
        /// Why.
        why: String,
    },
    /// No shell can be given this command: a word of it holds a NUL character.
    #[error("`{command}` cannot be run: a word of it holds a NUL character\n\ncorrect the value that it was made from")]
    InvalidCommand {
        /// The command, secrets masked.
        command: String,
    },
    /// The other side does not speak SSH as we do.
    #[error("`{address}` does not speak SSH as expected: {why}\n\nis it an SSH server, and is its version maintained?")]
    Protocol {
        /// The server.
        address: String,
        /// What was wrong.
        why: String,
    },
}

impl SshError {
    /// Whether the machine may have acted.
    pub fn sent(&self) -> Sent {
        match self {
            SshError::Timeout { sent, .. } | SshError::CutOff { sent, .. } => *sent,
            _ => Sent::No,
        }
    }

    /// Whether trying again can help. "Now" still asks for a look first when [`SshError::sent`] says "maybe".
    pub fn retry(&self) -> Retry {
        match self {
            SshError::CutOff { .. } => Retry::Now,
            SshError::Unreachable { .. } | SshError::BeyondJump { .. } | SshError::Timeout { .. } => Retry::After,
            // A machine that boots refuses keys and commands for a moment: cloud-init has not written them yet.
            SshError::AuthenticationRefused { .. } | SshError::CommandRefused { .. } => Retry::After,
            SshError::HostKeyMismatch { .. }
            | SshError::Identity { .. }
            | SshError::InvalidCommand { .. }
            | SshError::Protocol { .. } => Retry::Never,
        }
    }
}
