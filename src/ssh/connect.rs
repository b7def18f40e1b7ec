//! From an address to an authenticated connection on a thread of its own.

use std::fmt;
use std::future::Future;
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use super::error::SshError;
use super::host_key::HostKey;
use super::jump::JumpHost;
use super::wire::Wire;
use crate::util::limits;
use crate::util::redact::Redactor;
use crate::util::remote::Sent;

/// A host and its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// How a host is reached.
#[derive(Debug, Clone)]
pub enum Route {
    /// From where we are.
    Direct,
    /// Through an SSH host.
    Jump(Arc<JumpHost>),
}

/// Our own key.
#[derive(Debug, Clone)]
pub enum Identity {
    /// An OpenSSH private key in a file, without passphrase.
    KeyFile(PathBuf),
    /// An OpenSSH private key that the store keeps.
    KeyText(SecretString),
    /// Whatever a running `ssh-agent` holds.
    Agent {
        /// Its socket; none for the one that `SSH_AUTH_SOCK` names.
        socket: Option<PathBuf>,
    },
}

/// Everything needed to log in on a machine.
#[derive(Debug, Clone)]
pub struct Login {
    /// Where it answers.
    pub address: Address,
    /// How it is reached.
    pub route: Route,
    /// The account.
    pub user: String,
    /// Our key.
    pub identity: Identity,
    /// Its key.
    pub host_key: HostKey,
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(out, "[{}]:{}", self.host, self.port),
            false => write!(out, "{}:{}", self.host, self.port),
        }
    }
}

/// Opens a connection and lets `serve` use it on a thread of its own until it returns.
///
/// The thread sets the connection up with blocking calls; this future watches over it and cuts the socket when it takes
/// too long or when nobody waits for it any more.
pub(super) async fn open<F, Fut>(login: Login, redactor: Arc<Redactor>, serve: F) -> Result<(), SshError>
where
    F: FnOnce(Wire) -> Fut + Send + 'static,
    Fut: Future<Output = ()>,
{
    if let Identity::KeyText(key) = &login.identity {
        redactor.learn(key);
    }
    let address = login.address.to_string();
    let too_slow = |what: &str| SshError::Timeout {
        what: format!("{what} with `{address}`"),
        after: limits::SSH_CONNECT_TIMEOUT,
        sent: Sent::No,
    };
    let tcp = tokio::time::timeout(limits::SSH_CONNECT_TIMEOUT, dial(&login))
        .await
        .map_err(|_| too_slow("the TCP connection"))??;
    let cannot = |source| SshError::Unreachable { address: address.clone(), source };
    let mut watch = CutOnDrop(Some(tcp.try_clone().map_err(cannot)?));
    let (ready, opened) = oneshot::channel();
    std::thread::Builder::new()
        .name("ssh".to_owned())
        .spawn(move || run_thread(tcp, &login, redactor, ready, serve))
        .map_err(cannot)?;
    let outcome = tokio::time::timeout(limits::SSH_CONNECT_TIMEOUT, opened)
        .await
        .map_err(|_| too_slow("SSH key exchange and authentication"))?;
    let ended = |_| SshError::Protocol { address: address.clone(), why: "its thread ended without a word".to_owned() };
    outcome.map_err(ended)??;
    watch.0 = None;
    Ok(())
}

/// Shuts the socket down unless it was disarmed: a blocking call on it then returns.
struct CutOnDrop(Option<TcpStream>);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        if let Some(tcp) = &self.0 {
            // It may be gone already, which is what is wanted.
            let _ = tcp.shutdown(Shutdown::Both);
        }
    }
}

async fn dial(login: &Login) -> Result<TcpStream, SshError> {
    let Address { host, port } = &login.address;
    let connected = match &login.route {
        Route::Direct => tokio::net::TcpStream::connect((host.as_str(), *port)).await,
        Route::Jump(jump) => {
            // Boxed: a jump host may itself be reached through another one.
            let tunnel = Box::pin(jump.forward(host, *port)).await?;
            tokio::net::TcpStream::connect(tunnel).await
        }
    };
    connected
        .and_then(tokio::net::TcpStream::into_std)
        .map_err(|source| SshError::Unreachable { address: login.address.to_string(), source })
}

fn run_thread<F, Fut>(
    tcp: TcpStream,
    login: &Login,
    redactor: Arc<Redactor>,
    ready: oneshot::Sender<Result<(), SshError>>,
    serve: F,
) where
    F: FnOnce(Wire) -> Fut,
    Fut: Future<Output = ()>,
{
    let opened = log_in(tcp, login, &redactor).and_then(|(session, tcp)| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| SshError::Unreachable { address: login.address.to_string(), source })?;
        Ok((session, tcp, runtime))
    });
    match opened {
        // Whoever waited may have left; there is nobody else to tell.
        Err(error) => drop(ready.send(Err(error))),
        Ok((session, tcp, runtime)) => runtime.block_on(async {
            match Wire::new(session, tcp, login.address.to_string(), redactor) {
                Err(error) => drop(ready.send(Err(error))),
                Ok(wire) => {
                    if ready.send(Ok(())).is_ok() {
                        serve(wire).await;
                    }
                }
            }
        }),
    }
}

/// Key exchange, host key, authentication: blocking, every wait bounded.
fn log_in(tcp: TcpStream, login: &Login, redactor: &Redactor) -> Result<(ssh2::Session, TcpStream), SshError> {
    let address = login.address.to_string();
    let broken =
        |error: ssh2::Error| SshError::Protocol { address: address.clone(), why: redactor.clean(error.message()) };
    let cannot = |source| SshError::Unreachable { address: address.clone(), source };

    let mut session = ssh2::Session::new().map_err(broken)?;
    session.set_timeout(u32::try_from(limits::SSH_CONNECT_TIMEOUT.as_millis()).unwrap_or(u32::MAX));
    session.method_pref(ssh2::MethodType::HostKey, &login.host_key.preferred_algorithms()).map_err(broken)?;
    tcp.set_nodelay(true).map_err(cannot)?;
    session.set_tcp_stream(tcp.try_clone().map_err(cannot)?);
    session.handshake().map_err(|error| {
        failure(&address, &error, redactor, |why| match is_closed(&tcp) {
            // A connection lost during the key exchange is called a failed key exchange.
            true => SshError::Unreachable { address: address.clone(), source: std::io::Error::other(why) },
            false => SshError::Protocol { address: address.clone(), why },
        })
    })?;

    let shown = session.host_key().and_then(|(blob, _)| HostKey::from_blob(blob));
    let shown = shown.ok_or_else(|| SshError::Protocol { address: address.clone(), why: "no host key".to_owned() })?;
    if shown != login.host_key {
        return Err(SshError::HostKeyMismatch {
            address,
            expected: login.host_key.fingerprint(),
            got: shown.fingerprint(),
        });
    }
    authenticate(&session, login, redactor)?;
    Ok((session, tcp))
}

/// The other side has closed the connection. libssh2 made the socket non-blocking, so that looking does not wait.
fn is_closed(tcp: &TcpStream) -> bool {
    match tcp.peek(&mut [0]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

/// Sorts what libssh2 reports: a lost socket and a silent server are the same in every phase, the rest is `otherwise`.
fn failure(
    address: &str,
    error: &ssh2::Error,
    redactor: &Redactor,
    otherwise: impl FnOnce(String) -> SshError,
) -> SshError {
    let why = redactor.clean(error.message());
    match error.code() {
        // No banner, not sent, disconnected, not received.
        ssh2::ErrorCode::Session(-2 | -7 | -13 | -43) => {
            SshError::Unreachable { address: address.to_owned(), source: std::io::Error::other(why) }
        }
        // Timed out, in libssh2 or in the socket.
        ssh2::ErrorCode::Session(-9 | -30) => SshError::Timeout {
            what: format!("SSH key exchange and authentication with `{address}`"),
            after: limits::SSH_CONNECT_TIMEOUT,
            sent: Sent::No,
        },
        _ => otherwise(why),
    }
}

fn authenticate(session: &ssh2::Session, login: &Login, redactor: &Redactor) -> Result<(), SshError> {
    let attempt = match &login.identity {
        Identity::KeyText(text) => session.userauth_pubkey_memory(&login.user, None, text.expose_secret(), None),
        Identity::KeyFile(path) => {
            // Read here and not by libssh2, which calls a missing file a wrong key.
            let text = std::fs::read_to_string(path).map(SecretString::from).map_err(|error| SshError::Identity {
                what: format!("`{}`", path.display()),
                why: error.to_string(),
            })?;
            session.userauth_pubkey_memory(&login.user, None, text.expose_secret(), None)
        }
        Identity::Agent { socket } => try_agent(session, &login.user, socket.as_deref()),
    };
    let Err(error) = attempt else { return Ok(()) };
    let address = login.address.to_string();
    Err(failure(&address, &error, redactor, |why| match error.code() {
        // The key itself could not be read: file error, invalid.
        ssh2::ErrorCode::Session(-16 | -34) => {
            let what = match &login.identity {
                Identity::KeyFile(path) => format!("`{}`", path.display()),
                Identity::KeyText(_) => "the stored key".to_owned(),
                Identity::Agent { .. } => "what `ssh-agent` holds".to_owned(),
            };
            SshError::Identity { what, why }
        }
        _ => SshError::AuthenticationRefused { address: address.clone(), user: login.user.clone(), why },
    }))
}

/// Offers every key of the agent until one is taken.
fn try_agent(session: &ssh2::Session, user: &str, socket: Option<&Path>) -> Result<(), ssh2::Error> {
    let mut agent = session.agent()?;
    if let Some(socket) = socket {
        agent.set_identity_path(socket)?;
    }
    agent.connect()?;
    agent.list_identities()?;
    let mut last = ssh2::Error::new(ssh2::ErrorCode::Session(-18), "`ssh-agent` holds no key that the server takes");
    for key in agent.identities()? {
        match agent.userauth(user, &key) {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}
