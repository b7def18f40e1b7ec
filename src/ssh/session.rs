//! A connection to one machine: commands one after another, on a thread of their own.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::command::{Command, Finished};
use super::connect::{self, Login};
use super::error::SshError;
use super::exec;
use super::wire::Wire;
use crate::util::limits;
use crate::util::redact::Redactor;
use crate::util::remote::Sent;

/// An open session. Dropping it closes the connection.
pub struct Session {
    address: String,
    redactor: Arc<Redactor>,
    jobs: mpsc::Sender<Job>,
}

impl fmt::Debug for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Session({})", self.address)
    }
}

struct Job {
    command: Command,
    reply: oneshot::Sender<Result<Finished, SshError>>,
}

impl Session {
    /// Connects, checks the host key and logs in.
    ///
    /// # Errors
    /// Everything but [`SshError::CommandRefused`]; nothing has been asked of the machine then.
    pub async fn open(login: Login, redactor: Arc<Redactor>) -> Result<Session, SshError> {
        let address = login.address.to_string();
        let (jobs, queue) = mpsc::channel(limits::SSH_COMMANDS_WAITING_MAX);
        connect::open(login, Arc::clone(&redactor), |wire| serve(wire, queue)).await?;
        Ok(Session { address, redactor, jobs })
    }

    /// Runs a command, after those that were asked for before it. The redactor learns its secrets.
    ///
    /// Dropping the future cuts the whole connection when the command has begun: SSH has no way to take back a command
    /// that every server heeds. So does the command's deadline. The session is of no further use then.
    ///
    /// # Errors
    /// [`SshError::Timeout`] and [`SshError::CutOff`] may leave the command running inside the machine
    /// ([`SshError::sent`] says so); [`SshError::CommandRefused`] does not.
    pub async fn run(&self, command: &Command) -> Result<Finished, SshError> {
        command.secrets().for_each(|secret| self.redactor.learn(secret));
        let (reply, answer) = oneshot::channel();
        let gone = || SshError::CutOff {
            address: self.address.clone(),
            why: "the session is closed".to_owned(),
            sent: Sent::No,
        };
        self.jobs.send(Job { command: command.clone(), reply }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// The connection still stands, as far as is known.
    pub fn is_open(&self) -> bool {
        !self.jobs.is_closed()
    }
}

/// The session's thread: takes commands until the handle is dropped or the connection is of no further use.
async fn serve(wire: Wire, mut queue: mpsc::Receiver<Job>) {
    loop {
        let next = tokio::select! {
            job = queue.recv() => job,
            _ = wire.idle() => None,
        };
        let Some(Job { command, mut reply }) = next else { break };
        if reply.is_closed() {
            continue;
        }
        let outcome = tokio::select! {
            outcome = within_deadline(&wire, &command) => outcome,
            () = reply.closed() => break,
        };
        let usable = !matches!(outcome, Err(SshError::Timeout { .. } | SshError::CutOff { .. }));
        if !usable {
            // Closed before the answer, so that whoever hears of the failure finds the session closed.
            queue.close();
        }
        // Nobody waits any more: then the outcome interests nobody.
        let _ = reply.send(outcome);
        if !usable {
            break;
        }
    }
    // Dropping the wire closes the socket; a goodbye must not wait for a server that may be gone.
    let _ = wire.session.disconnect(None, "done", None);
}

async fn within_deadline(wire: &Wire, command: &Command) -> Result<Finished, SshError> {
    let after = command.time_limit();
    let too_slow = |_| SshError::Timeout {
        what: wire.redactor.clean(&format!("`{command}` on `{}`", wire.address)),
        after,
        sent: Sent::Maybe,
    };
    tokio::time::timeout(after, exec::execute(wire, command)).await.map_err(too_slow)?
}
