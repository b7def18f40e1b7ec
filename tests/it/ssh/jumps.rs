//! Jump hosts: many connections on one, both ends closing when they like, two hops.

use std::net::SocketAddr;
use std::sync::Arc;

use accolades::ssh::{Command, JumpHost, Login, Route, Session, SshError};
use accolades::util::remote::Sent;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::sshd::{Sshd, redactor};

/// A server that gives back what it is sent, and says goodbye when it has been told that there is no more.
async fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut from, mut to) = socket.split();
                tokio::io::copy(&mut from, &mut to).await.unwrap();
                to.write_all(b"goodbye").await.unwrap();
                to.shutdown().await.unwrap();
            });
        }
    });
    address
}

/// Sends all, closes its sending side, and reads to the end.
async fn converse(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let (mut from, mut to) = socket.split();
    let mut answer = Vec::new();
    let send = async {
        to.write_all(bytes).await.unwrap();
        to.shutdown().await.unwrap();
    };
    tokio::join!(send, async { from.read_to_end(&mut answer).await.unwrap() });
    answer
}

#[tokio::test]
async fn ssh_a_jump_host_carries_twenty_connections_at_once() {
    let sshd = Sshd::start();
    let jump = sshd.jump_host(Route::Direct);
    let echo = echo_server().await;
    let one = async |number: u8| {
        let tunnel = jump.forward("127.0.0.1", echo.port()).await.unwrap();
        let bytes: Vec<u8> = (0..600_000_u32).map(|n| n.to_le_bytes()[0] ^ number).collect();
        let answer = converse(tunnel, &bytes).await;
        assert!(answer.len() == bytes.len() + 7 && answer.starts_with(&bytes) && answer.ends_with(b"goodbye"));
    };
    join_all((0..20).map(one)).await;
}

#[tokio::test]
async fn ssh_a_slow_reader_does_not_hold_up_its_neighbours() {
    let sshd = Sshd::start();
    let jump = sshd.jump_host(Route::Direct);
    let echo = echo_server().await;
    // This one sends more than all buffers hold and reads nothing until its neighbour is done.
    let lazy = jump.forward("127.0.0.1", echo.port()).await.unwrap();
    let (mut from, mut to) = TcpStream::connect(lazy).await.unwrap().into_split();
    let bytes = vec![7_u8; 20_000_000];
    let size = bytes.len();
    let sending = tokio::spawn(async move {
        to.write_all(&bytes).await.unwrap();
        to.shutdown().await.unwrap();
    });
    let neighbour = jump.forward("127.0.0.1", echo.port()).await.unwrap();
    assert_eq!(converse(neighbour, b"hello ").await, b"hello goodbye");
    assert!(!sending.is_finished(), "twenty megabytes fit in no buffer on the way");
    let mut answer = Vec::new();
    from.read_to_end(&mut answer).await.unwrap();
    sending.await.unwrap();
    assert_eq!(answer.len(), size + 7);
}

#[tokio::test]
async fn ssh_a_server_that_closes_first_is_passed_on() {
    let sshd = Sshd::start();
    let jump = sshd.jump_host(Route::Direct);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(b"hello").await.unwrap();
    });
    let mut socket = TcpStream::connect(jump.forward("127.0.0.1", port).await.unwrap()).await.unwrap();
    let mut greeting = String::new();
    socket.read_to_string(&mut greeting).await.unwrap();
    assert_eq!(greeting, "hello");
    server.await.unwrap();
}

#[tokio::test]
async fn ssh_a_client_that_leaves_is_passed_on() {
    let sshd = Sshd::start();
    let jump = sshd.jump_host(Route::Direct);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tunnel = jump.forward("127.0.0.1", listener.local_addr().unwrap().port()).await.unwrap();
    let (mut beyond, _) = listener.accept().await.unwrap();
    drop(TcpStream::connect(tunnel).await.unwrap());
    assert_eq!(beyond.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn ssh_a_tunnel_takes_one_connection_only() {
    let sshd = Sshd::start();
    let jump = sshd.jump_host(Route::Direct);
    let echo = echo_server().await;
    let tunnel = jump.forward("127.0.0.1", echo.port()).await.unwrap();
    assert_eq!(converse(tunnel, b"first ").await, b"first goodbye");
    assert!(TcpStream::connect(tunnel).await.is_err());
}

#[tokio::test]
async fn ssh_a_closed_port_beyond_the_jump_host_is_named() {
    let sshd = Sshd::start();
    let jump = sshd.jump_host(Route::Direct);
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error = jump.forward("127.0.0.1", port).await.unwrap_err();
    assert!(matches!(error, SshError::BeyondJump { .. }), "{error}");
    assert_eq!(error.sent(), Sent::No);
    // The jump host itself still serves.
    let echo = echo_server().await;
    let tunnel = jump.forward("127.0.0.1", echo.port()).await.unwrap();
    assert_eq!(converse(tunnel, b"").await, b"goodbye");
}

#[tokio::test]
async fn ssh_a_forbidden_forwarding_is_named() {
    let sshd = Sshd::start_with("AllowTcpForwarding no");
    let error = sshd.jump_host(Route::Direct).forward("127.0.0.1", 1).await.unwrap_err();
    assert!(matches!(error, SshError::BeyondJump { .. }), "{error}");
}

#[tokio::test]
async fn ssh_two_jump_hosts_lead_to_a_session() {
    let sshd = Sshd::start();
    let first = sshd.jump_host(Route::Direct);
    let second = sshd.jump_host(Route::Jump(first));
    let login = Login { route: Route::Jump(second), ..sshd.login() };
    let session = Session::open(login, redactor()).await.unwrap();
    let script = "echo $SSH_CONNECTION | cut -d' ' -f1; head -c 3000000 /dev/zero";
    let done = session.run(&Command::new("sh").args(["-c", script])).await.unwrap();
    assert!(done.stdout.starts_with("127.0.0.1\n"));
    assert_eq!((done.exit, done.stdout.len()), (0, 3_000_010));
}

#[tokio::test]
async fn ssh_a_jump_host_that_was_lost_is_connected_anew() {
    let sshd = Sshd::start();
    let cut = Arc::new(Notify::new());
    let mut login = sshd.login();
    login.address.port = cable(sshd.port, Arc::clone(&cut)).await;
    let route = Route::Jump(Arc::new(JumpHost::new(login, redactor())));
    let beyond = Login { route, ..sshd.login() };
    let session = Session::open(beyond.clone(), redactor()).await.unwrap();
    cut.notify_one();
    let lost = session.run(&Command::new("sleep").arg("30")).await.unwrap_err();
    assert!(matches!(lost, SshError::CutOff { .. }), "{lost}");
    let again = Session::open(beyond, redactor()).await.unwrap();
    assert_eq!(again.run(&Command::new("true")).await.unwrap().exit, 0);
}

/// A network cable between us and a port: pulling it breaks what goes through, and it can be plugged in again.
async fn cable(port: u16, pull: Arc<Notify>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let mut near = accepted.unwrap().0;
                    let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                    connections.spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
                }
                () = pull.notified() => connections.abort_all(),
            }
        }
    });
    own
}

#[tokio::test]
async fn ssh_packets_fetched_in_anothers_turn_are_noticed_at_once() {
    // Reading for one connection takes whatever has arrived from the socket, packets for its neighbours too, and the socket
    // stays silent afterwards. Whoever waits for the socket alone then sleeps until the next sign of life, which is longer
    // than a tunnel may take to open.
    const CONNECTIONS: usize = 24;
    const ROUNDS: usize = 20;
    let sshd = Sshd::start();
    let jump = sshd.jump_host(Route::Direct);
    let echo = echo_server().await;
    let one = async || {
        for _ in 0..ROUNDS {
            let tunnel = jump.forward("127.0.0.1", echo.port()).await.unwrap();
            assert_eq!(converse(tunnel, b"hello ").await, b"hello goodbye");
        }
    };
    join_all((0..CONNECTIONS).map(|_| one())).await;
}
