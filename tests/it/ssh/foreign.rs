//! A server of another make (russh, of which the lab is made): it must be as good as Debian's.

use std::sync::Arc;

use accolades::ssh::{Address, Command, Identity, JumpHost, Login, Route, Session, SshError, Stdin};
use accolades::util::remote::Sent;
use russh::keys::ssh_key::PrivateKey;
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, VerifiedPublicKey};
use russh::{Channel, ChannelMsg};
use secrecy::SecretString;
use tokio::net::{TcpListener, TcpStream};

use super::sshd::{make_key, redactor};

/// What makes the server break the connection in the middle of a command.
const VANISH: &str = "vanish";

struct Server;

impl Handler for Server {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, _: &str, _: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        session: &mut russh::server::Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        tokio::spawn(answer(channel, session.handle()));
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: russh::ChannelId,
        _: &[u8],
        session: &mut russh::server::Session,
    ) -> Result<(), russh::Error> {
        session.channel_success(channel)
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut russh::server::Session,
    ) -> Result<(), russh::Error> {
        let port = u16::try_from(port).unwrap();
        match TcpStream::connect((host, port)).await {
            Err(_) => reply.reject(russh::ChannelOpenFailure::ConnectFailed).await,
            Ok(mut beyond) => {
                reply.accept().await;
                let mut stream = channel.into_stream();
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut stream, &mut beyond).await });
            }
        }
        Ok(())
    }
}

/// Reads the input to its end, then gives it back, and the command line as standard error.
async fn answer(mut channel: Channel<Msg>, session: russh::server::Handle) {
    let (mut line, mut input) = (Vec::new(), Vec::new());
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Exec { command, .. } => line = command.to_vec(),
            ChannelMsg::Data { data } => input.extend_from_slice(&data),
            ChannelMsg::Eof => break,
            _ => {}
        }
    }
    if line.ends_with(VANISH.as_bytes()) {
        let reason = russh::Disconnect::ByApplication;
        session.disconnect(reason, String::new(), String::new()).await.unwrap();
        return;
    }
    channel.data(input.as_slice()).await.unwrap();
    channel.extended_data(1, line.as_slice()).await.unwrap();
    channel.exit_status(7).await.unwrap();
    channel.eof().await.unwrap();
    channel.close().await.unwrap();
}

/// Starts the server; gives a login on it.
async fn server() -> Login {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    make_key(&path);
    let text = std::fs::read_to_string(&path).unwrap();
    let key = PrivateKey::from_openssh(&text).unwrap();
    let host_key = key.public_key().to_openssh().unwrap().parse().unwrap();
    let config = Arc::new(Config { keys: vec![key], ..Config::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let running = russh::server::run_stream(Arc::clone(&config), tcp, Server).await.unwrap();
            tokio::spawn(running);
        }
    });
    Login {
        address: Address { host: "127.0.0.1".to_owned(), port },
        route: Route::Direct,
        user: "root".to_owned(),
        identity: Identity::KeyText(SecretString::from(text)),
        host_key,
    }
}

#[tokio::test]
async fn ssh_another_server_runs_commands_through_a_tunnel_of_its_own() {
    let login = server().await;
    let jump = Arc::new(JumpHost::new(login.clone(), redactor()));
    let session = Session::open(Login { route: Route::Jump(jump), ..login }, redactor()).await.unwrap();
    let bytes = vec![b'x'; 3_000_000];
    for _ in 0..3 {
        let done = session.run(&Command::new("some").arg("l'été").stdin(Stdin::Bytes(bytes.clone()))).await.unwrap();
        assert_eq!((done.exit, done.stdout.len()), (7, bytes.len()));
        assert_eq!(done.stderr, r"LC_ALL=C.UTF-8 some 'l'\''été'");
    }
}

#[tokio::test]
async fn ssh_another_server_that_vanishes_is_no_success() {
    let session = Session::open(server().await, redactor()).await.unwrap();
    let error = session.run(&Command::new(VANISH)).await.unwrap_err();
    assert!(matches!(error, SshError::CutOff { sent: Sent::Maybe, .. }), "{error}");
}
