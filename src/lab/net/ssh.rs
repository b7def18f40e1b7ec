//! SSH servers of the lab: nodes, guests, and the jump host that passes connections on to them.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use russh::keys::ssh_key::PrivateKey;
use russh::server::{Auth, ChannelOpenHandle, Config, Handle, Handler, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelMsg};
use tokio::io::{AsyncRead, AsyncWrite};

use super::api::Door;
use super::shell::Outcome;
use super::topology::{Endpoint, JUMP_ADDRESS};
use super::{Lab, keys};
use crate::os::Credential;

/// Speaks SSH as a node or a guest. Returns when the connection ends.
pub async fn serve_machine<S>(lab: Lab, endpoint: Endpoint, from: IpAddr, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Some(seed) = lab.host_key_seed(&endpoint) else { return };
    let handler = MachineHandler { lab, endpoint, from, user: String::new(), forced: None };
    run(keys::ssh_key(&seed), handler, stream).await;
}

/// Speaks SSH as the jump host.
pub async fn serve_jump<S>(lab: Lab, host_key: PrivateKey, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    run(host_key, JumpHandler { lab }, stream).await;
}

async fn run<H, S>(host_key: PrivateKey, handler: H, stream: S)
where
    H: Handler<Error = russh::Error> + Send + 'static,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let config = Config {
        keys: vec![host_key],
        // Nobody guesses passwords here: waiting would only slow the tests down.
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        nodelay: true,
        ..Config::default()
    };
    // A client that goes away in the middle is an ordinary end.
    if let Ok(session) = russh::server::run_stream(Arc::new(config), stream, handler).await {
        let _ = session.await;
    }
}

struct MachineHandler {
    lab: Lab,
    endpoint: Endpoint,
    from: IpAddr,
    user: String,
    /// What the key that let the client in is bound to.
    forced: Option<String>,
}

impl Handler for MachineHandler {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        Ok(self.decide(user, Credential::Password(password)).await)
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let text = key.public_key.to_openssh().map_err(|_| russh::Error::CouldNotReadKey)?;
        let decision = self.decide(user, Credential::PublicKey(&text)).await;
        self.forced = self.lab.forced_command(&self.endpoint, user, &text);
        Ok(decision)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        let connection = session.handle();
        let place = Place { lab: self.lab.clone(), endpoint: self.endpoint.clone(), user: self.user.clone() };
        tokio::spawn(execute(place, self.forced.clone(), channel, connection));
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: russh::ChannelId,
        _command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn pty_request(
        &mut self,
        channel: russh::ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(russh::Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        // Terminals are not simulated: with one, YunoHost would ask questions.
        session.channel_failure(channel)
    }
}

impl MachineHandler {
    async fn decide(&mut self, user: &str, offered: Credential<'_>) -> Auth {
        let (may, owed) = self.lab.may_log_in(&self.endpoint, user, self.from, offered);
        tokio::time::sleep(owed).await;
        if !may {
            return Auth::reject();
        }
        user.clone_into(&mut self.user);
        Auth::Accept
    }
}

/// Where a command runs, and as whom.
struct Place {
    lab: Lab,
    endpoint: Endpoint,
    user: String,
}

/// One channel: a command line (or the one that the key is bound to), its input up to the end, its answer.
async fn execute(place: Place, forced: Option<String>, mut channel: Channel<Msg>, connection: Handle) {
    let mut command = None;
    let mut input = Vec::new();
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Exec { command: line, .. } => command = Some(String::from_utf8_lossy(&line).into_owned()),
            ChannelMsg::Data { data } => input.extend_from_slice(&data),
            ChannelMsg::Eof => break,
            _ => {}
        }
    }
    let Some(command) = command.map(|asked| forced.unwrap_or(asked)) else { return };
    let input = String::from_utf8_lossy(&input).into_owned();
    // A command may take a while of real time (a large file system, many accounts): not on a thread that serves others.
    let ran = move || place.lab.command(&place.endpoint, &place.user, &command, &input);
    let (outcome, owed) = tokio::task::spawn_blocking(ran).await.unwrap_or((Outcome::Cut, Duration::ZERO));
    tokio::time::sleep(owed).await;
    if let Outcome::Silence = outcome {
        return std::future::pending().await;
    }
    if let Outcome::Ended(output) = outcome {
        let answered = async {
            channel.data(output.stdout.as_bytes()).await?;
            channel.extended_data(1, output.stderr.as_bytes()).await?;
            channel.exit_status(output.exit.unsigned_abs()).await?;
            channel.eof().await?;
            channel.close().await
        };
        // The client may have gone.
        let _ = answered.await;
        return;
    }
    // The whole connection breaks: a channel that only closes would look like exit 0 to some clients.
    let _ = connection.disconnect(russh::Disconnect::ByApplication, String::new(), String::new()).await;
}

struct JumpHandler {
    lab: Lab,
}

impl Handler for JumpHandler {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, _user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let text = key.public_key.to_openssh().map_err(|_| russh::Error::CouldNotReadKey)?;
        let body = text.split_whitespace().nth(1).map(str::to_owned);
        let known =
            self.lab.lock().topology.jump_keys.iter().any(|key| key.split_whitespace().nth(1) == body.as_deref());
        Ok(if known { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host_to_connect: &str,
        port_to_connect: u32,
        _originator_address: &str,
        _originator_port: u32,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        let address = host_to_connect.parse::<Ipv4Addr>().ok();
        let port = u16::try_from(port_to_connect).ok();
        let endpoint = match (address, port) {
            (Some(address), Some(port)) => {
                let mut state = self.lab.lock();
                state.settle();
                state.topology.resolve(&state.world, address, port)
            }
            _ => None,
        };
        let Some(endpoint) = endpoint else {
            reply.reject(russh::ChannelOpenFailure::ConnectFailed).await;
            return Ok(());
        };
        reply.accept().await;
        let lab = self.lab.clone();
        let stream = channel.into_stream();
        match endpoint {
            Endpoint::Api { site } => drop(tokio::spawn(super::api::serve(lab, Door::Node { site }, stream))),
            Endpoint::BackupApi { id } => {
                drop(tokio::spawn(super::api::serve(lab, Door::BackupServer { id }, stream)));
            }
            Endpoint::GuestWeb { site, vmid } => drop(tokio::spawn(super::http::serve(lab, site, vmid, stream))),
            // Boxed: an SSH server inside a channel of an SSH server.
            other => {
                let served: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> =
                    Box::pin(serve_machine(lab, other, IpAddr::V4(JUMP_ADDRESS), stream));
                drop(tokio::spawn(served));
            }
        }
        Ok(())
    }
}
