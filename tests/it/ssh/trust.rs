//! Keys: the server's and ours.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use accolades::ssh::{Identity, Login, Session, SshError};
use accolades::util::remote::{Retry, Sent};
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::sshd::{Sshd, redactor};

/// A real `ssh-agent`.
struct Agent {
    socket: PathBuf,
    child: Child,
}

impl Agent {
    fn start(socket: PathBuf) -> Agent {
        let mut child =
            Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::piped()).spawn().unwrap();
        // It says where its socket is once it listens there.
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("SSH_AUTH_SOCK"), "{line}");
        Agent { socket, child }
    }

    fn add(&self, key: &Path) {
        let added = Command::new("ssh-add").arg("-q").arg(key).env("SSH_AUTH_SOCK", &self.socket).status().unwrap();
        assert!(added.success());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn refusal(login: Login) -> SshError {
    Session::open(login, redactor()).await.expect_err("the login must fail")
}

#[tokio::test]
async fn ssh_a_wrong_host_key_shows_both_fingerprints() {
    let sshd = Sshd::start();
    let expected = std::fs::read_to_string(sshd.path("stranger.pub")).unwrap().parse().unwrap();
    let error = refusal(Login { host_key: expected, ..sshd.login() }).await;
    assert!(matches!(error, SshError::HostKeyMismatch { .. }), "{error}");
    assert_eq!((error.sent(), error.retry()), (Sent::No, Retry::Never));
    for name in ["host.pub", "stranger.pub"] {
        let shown = Command::new("ssh-keygen").args(["-l", "-f"]).arg(sshd.path(name)).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        let fingerprint = shown.split_whitespace().nth(1).unwrap();
        assert!(error.to_string().contains(fingerprint), "{error} lacks {fingerprint}");
    }
}

#[tokio::test]
async fn ssh_a_key_that_is_not_authorised_is_refused() {
    let sshd = Sshd::start();
    let error = refusal(Login { identity: Identity::KeyFile(sshd.path("stranger")), ..sshd.login() }).await;
    assert!(matches!(&error, SshError::AuthenticationRefused { user, .. } if *user == sshd.user), "{error}");
    assert_eq!(error.sent(), Sent::No);
}

#[tokio::test]
async fn ssh_a_key_kept_as_text_opens_too() {
    let sshd = Sshd::start();
    let text = SecretString::from(std::fs::read_to_string(sshd.path("client")).unwrap());
    Session::open(Login { identity: Identity::KeyText(text), ..sshd.login() }, redactor()).await.unwrap();
}

#[tokio::test]
async fn ssh_keys_of_an_agent_are_offered_in_turn() {
    let sshd = Sshd::start();
    let agent = Agent::start(sshd.path("agent"));
    let identity = Identity::Agent { socket: Some(agent.socket.clone()) };
    let login = Login { identity, ..sshd.login() };
    let empty = refusal(login.clone()).await;
    assert!(matches!(empty, SshError::AuthenticationRefused { .. }), "{empty}");
    agent.add(&sshd.path("stranger"));
    agent.add(&sshd.path("client"));
    Session::open(login, redactor()).await.unwrap();
}

#[tokio::test]
async fn ssh_an_unusable_key_is_named() {
    let sshd = Sshd::start();
    let missing = refusal(Login { identity: Identity::KeyFile(sshd.path("missing")), ..sshd.login() }).await;
    assert!(matches!(missing, SshError::Identity { .. }), "{missing}");
    assert!(missing.to_string().contains("missing"));
    let text = SecretString::from("no key");
    let unreadable = refusal(Login { identity: Identity::KeyText(text), ..sshd.login() }).await;
    assert!(matches!(unreadable, SshError::Identity { .. }), "{unreadable}");
}

#[tokio::test]
async fn ssh_nobody_there_is_unreachable() {
    let sshd = Sshd::start();
    let login = sshd.login();
    drop(sshd);
    let error = refusal(login).await;
    assert!(matches!(error, SshError::Unreachable { .. }), "{error}");
    assert_eq!((error.sent(), error.retry()), (Sent::No, Retry::After));
}

/// A login on a server that the test plays itself.
async fn own_server() -> (TcpListener, Login) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sshd = Sshd::start();
    let mut login = sshd.login();
    login.identity = Identity::KeyText(SecretString::from(std::fs::read_to_string(sshd.path("client")).unwrap()));
    login.address.port = listener.local_addr().unwrap().port();
    (listener, login)
}

#[tokio::test]
async fn ssh_a_server_that_hangs_up_at_once_is_unreachable() {
    for greeting in ["", "SSH-2.0-OpenSSH_9.2\r\n"] {
        let (listener, login) = own_server().await;
        let hang_up = async { listener.accept().await.unwrap().0.write_all(greeting.as_bytes()).await.unwrap() };
        let (error, ()) = tokio::join!(refusal(login), hang_up);
        assert!(matches!(error, SshError::Unreachable { .. }), "`{greeting}`: {error}");
        assert_eq!(error.retry(), Retry::After);
    }
}

#[tokio::test]
async fn ssh_something_else_that_listens_there_is_said() {
    let (listener, login) = own_server().await;
    let greet = async {
        let mut socket = listener.accept().await.unwrap().0;
        socket.write_all(b"SSH-2.0-x\r\n\0\0\0\x0c\x0athis is no key exchange at all").await.unwrap();
        socket
    };
    let (error, _socket) = tokio::join!(refusal(login), greet);
    assert!(matches!(error, SshError::Protocol { .. }), "{error}");
}

#[tokio::test]
async fn ssh_an_opening_that_nobody_waits_for_is_cut() {
    let (listener, login) = own_server().await;
    let opening = tokio::spawn(Session::open(login, redactor()));
    let mut socket = BufReader::new(listener.accept().await.unwrap().0);
    let mut banner = String::new();
    socket.read_line(&mut banner).await.unwrap();
    assert!(banner.starts_with("SSH-2.0-"), "{banner}");
    opening.abort();
    // The server hears of it at once, not after a timeout.
    socket.read_to_end(&mut Vec::new()).await.unwrap();
    assert!(opening.await.unwrap_err().is_cancelled());
}
