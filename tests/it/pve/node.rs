//! A server that records each request and answers as the test says.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use accolades::pve::{Client, Credentials, Endpoint, Fingerprint};
use accolades::ssh::Route;
use accolades::util::redact::Redactor;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub const SECRET: &str = "12345678-aaaa-bbbb-cccc-1234567890ab";
/// How often a request lets the others go on before it is answered.
const TURNS_FOR_OTHERS: u32 = 50;

pub const TOKEN: &str = "coop@pve!app";

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Answers with a status line (`500 some reason`) and a body.
    Answer(String, String),
    /// Closes the connection.
    Cut,
    /// Promises more bytes than it sends, and closes.
    HalfAnswer,
}

impl Reply {
    pub fn data(data: serde_json::Value) -> Reply {
        Reply::Answer("200 OK".to_owned(), serde_json::json!({ "data": data }).to_string())
    }

    pub fn part(data: serde_json::Value, total: u64) -> Reply {
        Reply::Answer("200 OK".to_owned(), serde_json::json!({ "data": data, "total": total }).to_string())
    }

    pub fn status(line: &str, body: &str) -> Reply {
        Reply::Answer(line.to_owned(), body.to_owned())
    }
}

/// A certificate with its key, the authority behind it and their fingerprints.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Signed by an authority of its own, which is sent along.
    pub fn named(name: &str) -> Identity {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        Identity {
            chain: vec![leaf.der().clone(), authority.der().clone()],
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }

    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(&self.chain[0])
    }

    pub fn authority_fingerprint(&self) -> Fingerprint {
        fingerprint(&self.chain[1])
    }
}

fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    hex::encode(Sha256::digest(certificate)).parse().unwrap()
}

/// Requests under way at once.
#[derive(Default)]
pub struct Gauge {
    now: AtomicUsize,
    peak: AtomicUsize,
}

impl Gauge {
    fn enter(&self) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(now, Ordering::SeqCst);
    }

    fn leave(&self) {
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

pub struct Node {
    pub port: u16,
    pub fingerprint: Fingerprint,
    pub authority_fingerprint: Fingerprint,
    requests: Arc<Mutex<Vec<Request>>>,
    gauge: Arc<Gauge>,
}

impl Node {
    /// Answers with the replies in turn, and once they are used up with the last of them.
    pub async fn start(replies: Vec<Reply>) -> Node {
        Node::start_as(Identity::named("127.0.0.1"), replies).await
    }

    pub async fn start_as(identity: Identity, replies: Vec<Reply>) -> Node {
        let replies = Mutex::new(VecDeque::from(replies));
        Node::start_answering(identity, move |_| next(&replies)).await
    }

    /// Answers each request as it is told to.
    pub async fn start_answering(
        identity: Identity,
        answer: impl Fn(Request) -> Reply + Send + Sync + 'static,
    ) -> Node {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let node = Node {
            port: listener.local_addr().unwrap().port(),
            fingerprint: identity.fingerprint(),
            authority_fingerprint: identity.authority_fingerprint(),
            requests: Arc::default(),
            gauge: Arc::default(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(identity.chain, identity.key)
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(config));
        let (requests, answer) = (Arc::clone(&node.requests), Arc::new(answer));
        let gauge = Arc::clone(&node.gauge);
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let (tls, requests, answer) = (tls.clone(), Arc::clone(&requests), Arc::clone(&answer));
                let gauge = Arc::clone(&gauge);
                tokio::spawn(async move {
                    // A client that does not trust us hangs up here.
                    if let Ok(stream) = tls.accept(tcp).await {
                        serve(stream, &gauge, |request| {
                            requests.lock().unwrap().push(request.clone());
                            answer(request)
                        })
                        .await;
                    }
                });
            }
        });
        node
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The most requests that were ever under way at once.
    pub fn peak(&self) -> usize {
        self.gauge.peak.load(Ordering::SeqCst)
    }

    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            node: "pve1".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: self.port,
            pin: self.fingerprint,
            route: Route::Direct,
        }
    }

    pub fn client(&self) -> Client {
        client(self.endpoint())
    }
}

pub fn client(endpoint: Endpoint) -> Client {
    let credentials = Credentials::new(TOKEN, SecretString::from(SECRET)).unwrap();
    Client::new(endpoint, credentials, Arc::new(Redactor::default()))
}

fn next(replies: &Mutex<VecDeque<Reply>>) -> Reply {
    let mut replies = replies.lock().unwrap();
    if replies.len() > 1 { replies.pop_front().unwrap() } else { replies[0].clone() }
}

/// Serves one connection until either side closes it.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    gauge: &Gauge,
    mut answer: impl FnMut(Request) -> Reply,
) {
    let mut stream = BufStream::new(stream);
    while let Some(request) = read_request(&mut stream).await {
        gauge.enter();
        // Lets everybody else in who wants to be, so that the gauge shows it.
        for _ in 0..TURNS_FOR_OTHERS {
            tokio::task::yield_now().await;
        }
        gauge.leave();
        let (text, close) = match answer(request) {
            Reply::Cut => break,
            Reply::HalfAnswer => ("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"data\":".to_owned(), true),
            Reply::Answer(status, body) => {
                let length = body.len();
                (format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}"), !status.starts_with('2'))
            }
        };
        // A client that has heard enough hangs up.
        if stream.write_all(text.as_bytes()).await.is_err() || stream.flush().await.is_err() || close {
            break;
        }
    }
    let _ = stream.shutdown().await;
}

async fn read_request<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let mut words = line.split_whitespace();
    let mut request =
        Request { method: words.next()?.to_owned(), target: words.next()?.to_owned(), ..Request::default() };
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => request.headers.push((name.to_lowercase(), value.to_owned())),
            None => break,
        }
    }
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    request.body = String::from_utf8(body).unwrap();
    Some(request)
}
