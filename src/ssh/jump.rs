//! A jump host: one SSH connection that carries the TCP connections to a site that is reached no other way.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::connect::{self, Address, Login};
use super::error::SshError;
use super::forward::{Forward, Step};
use super::wire::{Fault, Wire, attempt};
use crate::util::limits;
use crate::util::redact::Redactor;
use crate::util::remote::Sent;

/// A host that passes TCP connections on. It connects when first needed, and again when its connection was lost.
///
/// One jump host per site, even where sites share the machine: libssh2 opens channels one after another, so that an
/// address that swallows packets delays its neighbours on the same connection.
pub struct JumpHost {
    login: Login,
    redactor: Arc<Redactor>,
    slots: Arc<Semaphore>,
    pump: Mutex<Option<mpsc::Sender<Opening>>>,
}

struct Opening {
    address: Address,
    slot: OwnedSemaphorePermit,
    reply: oneshot::Sender<Result<SocketAddr, SshError>>,
}

impl fmt::Debug for JumpHost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "JumpHost({}@{})", self.login.user, self.login.address)
    }
}

impl JumpHost {
    /// A jump host, not connected yet.
    pub fn new(login: Login, redactor: Arc<Redactor>) -> JumpHost {
        JumpHost { login, redactor, slots: Arc::new(Semaphore::new(limits::SSH_FORWARDS_MAX)), pump: Mutex::new(None) }
    }

    /// Connects to `host:port` as seen from the jump host. The answer is a loopback port that accepts one connection,
    /// for [`limits::SSH_FORWARD_CLAIM_TIMEOUT`].
    ///
    /// # Errors
    /// Those of a login on the jump host, and [`SshError::BeyondJump`] when it cannot connect further. Nothing has
    /// reached the host beyond it.
    pub async fn forward(&self, host: &str, port: u16) -> Result<SocketAddr, SshError> {
        match self.ask(host, port).await {
            // The connection was lost while it lay idle, which shows only when it is used: it is opened anew, once.
            Err(SshError::CutOff { .. }) => {
                *self.pump.lock().await = None;
                self.ask(host, port).await
            }
            answer => answer,
        }
    }

    async fn ask(&self, host: &str, port: u16) -> Result<SocketAddr, SshError> {
        let address = Address { host: host.to_owned(), port };
        let slot = Arc::clone(&self.slots).acquire_owned().await.expect("the slots are never closed");
        let (reply, answer) = oneshot::channel();
        let lost = || SshError::CutOff {
            address: self.login.address.to_string(),
            why: "the jump host went away".to_owned(),
            sent: Sent::No,
        };
        let pump = self.pump().await?;
        pump.send(Opening { address, slot, reply }).await.map_err(|_| lost())?;
        answer.await.map_err(|_| lost())?
    }

    /// The running pump, started when there is none.
    async fn pump(&self) -> Result<mpsc::Sender<Opening>, SshError> {
        let mut pump = self.pump.lock().await;
        if let Some(running) = pump.as_ref().filter(|running| !running.is_closed()) {
            return Ok(running.clone());
        }
        let (jobs, queue) = mpsc::channel(limits::SSH_FORWARDS_MAX);
        connect::open(self.login.clone(), Arc::clone(&self.redactor), |wire| Pump::new(wire, queue).serve()).await?;
        *pump = Some(jobs.clone());
        Ok(jobs)
    }
}

/// The thread's side: every connection of the jump host, in rounds.
struct Pump {
    wire: Wire,
    queue: mpsc::Receiver<Opening>,
    /// The channel that is being opened, and those that wait for their turn.
    openings: VecDeque<Opening>,
    claims: FuturesUnordered<BoxFuture<'static, Claim>>,
    forwards: Vec<Forward>,
    closing: Vec<ssh2::Channel>,
}

/// An open channel whose loopback port was used, or not in time.
struct Claim {
    channel: ssh2::Channel,
    slot: OwnedSemaphorePermit,
    local: Option<TcpStream>,
}

impl Pump {
    fn new(wire: Wire, queue: mpsc::Receiver<Opening>) -> Pump {
        Pump {
            wire,
            queue,
            openings: VecDeque::new(),
            claims: FuturesUnordered::new(),
            forwards: Vec::new(),
            closing: Vec::new(),
        }
    }

    /// Works until the connection breaks, or until nobody can ask for more and everything is closed.
    async fn serve(mut self) {
        let mut wanted = true;
        while wanted || !self.is_empty() {
            self.wire.begin_round();
            let mut moved = self.open_next();
            moved |= self.step_all().await;
            if !moved {
                // Whoever tried last may have taken from the socket what belongs to one that had tried before.
                moved = self.open_next() || self.forwards.iter().any(Forward::has_arrived);
            }
            let forwards = &self.forwards;
            let local_ready = poll_fn(|context| {
                // Every one is asked, so that each of them can wake us.
                let ready = forwards.iter().filter(|forward| forward.poll_local(context)).count() > 0;
                if ready { Poll::Ready(()) } else { Poll::Pending }
            });
            tokio::select! {
                opening = self.queue.recv(), if wanted => match opening {
                    Some(opening) => self.openings.push_back(opening),
                    None => wanted = false,
                },
                Some(claim) = self.claims.next() => match claim.local {
                    Some(local) => self.forwards.push(Forward::new(local, claim.channel, claim.slot)),
                    None => self.closing.push(claim.channel),
                },
                outcome = self.wire.wait(), if !moved => {
                    if outcome.is_err() {
                        break;
                    }
                }
                () = local_ready, if !moved => {}
                () = tokio::task::yield_now(), if moved => {}
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.openings.is_empty() && self.claims.is_empty() && self.forwards.is_empty() && self.closing.is_empty()
    }

    /// Goes on opening the first channel in line; true when it is settled.
    fn open_next(&mut self) -> bool {
        let Some(Opening { address, .. }) = self.openings.front() else { return false };
        // Even when nobody waits for it any more it must be brought to its end: libssh2 has one opening at a time.
        let outcome = match attempt(self.wire.session.channel_direct_tcpip(&address.host, address.port, None)) {
            Ok(None) => return false,
            Ok(Some(channel)) => Ok(channel),
            Err(fault) => Err(self.not_opened(address, &fault)),
        };
        let Some(Opening { slot, reply, .. }) = self.openings.pop_front() else { return false };
        match outcome.and_then(|channel| Ok((channel, self.listen()?))) {
            // Whoever asked may have left; a refusal then concerns nobody.
            Err(error) => drop(reply.send(Err(error))),
            Ok((channel, (listener, port))) => match reply.send(Ok(port)) {
                Err(_) => self.closing.push(channel),
                Ok(()) => self.claims.push(Box::pin(wait_for_claim(listener, channel, slot))),
            },
        }
        true
    }

    fn listen(&self) -> Result<(TcpListener, SocketAddr), SshError> {
        let bound = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok((TcpListener::from_std(listener)?, address))
        });
        bound.map_err(|source| SshError::Unreachable { address: "127.0.0.1".to_owned(), source })
    }

    fn not_opened(&self, address: &Address, fault: &Fault) -> SshError {
        /// libssh2's code for an answer that did not come.
        const TIMED_OUT: i32 = -9;
        match fault.is_refusal() || fault.code() == Some(TIMED_OUT) {
            true => SshError::BeyondJump {
                jump: self.wire.address.clone(),
                address: address.to_string(),
                why: self.wire.redactor.clean(&fault.to_string()),
            },
            false => self.wire.cut_off(fault, Sent::No),
        }
    }

    /// Moves every connection on; true when any of them moved.
    async fn step_all(&mut self) -> bool {
        let mut moved = false;
        let mut position = 0;
        while position < self.forwards.len() {
            match self.forwards[position].step(&self.wire).await {
                Step::Over => {
                    self.forwards.swap_remove(position);
                    moved = true;
                }
                Step::Moved => {
                    moved = true;
                    position += 1;
                }
                Step::Waiting => position += 1,
            }
        }
        self.closing.retain_mut(|channel| matches!(attempt(channel.close()), Ok(None)));
        moved
    }
}

async fn wait_for_claim(listener: TcpListener, channel: ssh2::Channel, slot: OwnedSemaphorePermit) -> Claim {
    let accepted = tokio::time::timeout(limits::SSH_FORWARD_CLAIM_TIMEOUT, listener.accept()).await;
    let local = accepted.ok().and_then(Result::ok).map(|(local, _)| local);
    if let Some(local) = &local {
        // An answer of several small packets would otherwise wait for an acknowledgement that the other side delays (40 ms).
        // Failing to set it costs speed only.
        let _ = local.set_nodelay(true);
    }
    Claim { channel, slot, local }
}
