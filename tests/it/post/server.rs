//! A mail server that takes, refuses or dies as the test says, over real TLS.

use std::sync::{Arc, Mutex};

use accolades::inventory::mail::{SmtpServer, SmtpTls};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub const USER: &str = "coop";
pub const PASSWORD: &str = "canary-smtp-41";

/// Where a conversation stands when the server acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Greeting,
    Mail,
    Recipient,
    Data,
    /// The dot came: the server has the whole message.
    Dot,
}

/// What it does there.
#[derive(Debug, Clone)]
pub enum Act {
    Go,
    Say(&'static str),
    /// Ends the connection without a word.
    Die,
    /// `kill -9` of the process that speaks to it, then ends the connection.
    Kill(u32),
}

/// A message that the server has, whether or not it said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: String,
    pub message: String,
}

type Manner = Arc<dyn Fn(Stage, usize) -> Act + Send + Sync>;

pub struct Server {
    port: u16,
    fingerprint: String,
    tls: SmtpTls,
    received: Arc<Mutex<Vec<Received>>>,
    manner: Arc<Mutex<Manner>>,
}

impl Server {
    pub async fn start(tls: SmtpTls) -> Server {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let der = CertificateDer::from(certificate.der().to_vec());
        let digest = Sha256::digest(&der);
        let fingerprint = digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":");
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![der], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let go: Manner = Arc::new(|_, _| Act::Go);
        let manner = Arc::new(Mutex::new(go));
        let server = Server { port, fingerprint, tls, received: received.clone(), manner: manner.clone() };
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let visit = Visit { received: received.clone(), manner: manner.clone() };
                tokio::spawn(visit.serve(stream, acceptor.clone(), tls));
            }
        });
        server
    }

    /// From now on: what it does at a stage, with the number of messages that it has.
    pub fn behaves(&self, manner: impl Fn(Stage, usize) -> Act + Send + Sync + 'static) {
        *self.manner.lock().unwrap() = Arc::new(manner);
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub fn settings(&self) -> SmtpServer {
        SmtpServer {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls: self.tls,
            username: Some(USER.to_owned()),
            tls_fingerprint: Some(self.fingerprint.clone()),
        }
    }
}

struct Visit {
    received: Arc<Mutex<Vec<Received>>>,
    manner: Arc<Mutex<Manner>>,
}

impl Visit {
    async fn serve(self, stream: TcpStream, acceptor: TlsAcceptor, tls: SmtpTls) -> Option<()> {
        let mut stream = stream;
        if tls == SmtpTls::Starttls {
            let mut plain = BufStream::new(stream);
            say(&mut plain, "220 test ESMTP\r\n").await?;
            loop {
                let line = line(&mut plain).await?;
                match line.split(' ').next()? {
                    "EHLO" => say(&mut plain, "250-test\r\n250 STARTTLS\r\n").await?,
                    "STARTTLS" => break,
                    // Nothing of worth is ever said in clear.
                    _ => say(&mut plain, "530 Must issue a STARTTLS command first\r\n").await?,
                }
            }
            say(&mut plain, "220 go ahead\r\n").await?;
            stream = plain.into_inner();
        }
        let mut stream = BufStream::new(acceptor.accept(stream).await.ok()?);
        if tls == SmtpTls::Implicit {
            self.act(&mut stream, Stage::Greeting, "220 test ESMTP\r\n").await?;
        }
        self.converse(&mut stream).await
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut BufStream<S>) -> Option<()> {
        let (mut from, mut to, mut is_known) = (String::new(), String::new(), false);
        loop {
            let line = line(stream).await?;
            let upper = line.to_ascii_uppercase();
            if upper.starts_with("EHLO") {
                say(stream, "250-test\r\n250-SIZE 20000000\r\n250 AUTH PLAIN LOGIN\r\n").await?;
            } else if let Some(both) = line.strip_prefix("AUTH PLAIN ") {
                is_known = STANDARD.decode(both).ok()? == format!("\0{USER}\0{PASSWORD}").into_bytes();
                let said = if is_known { "235 welcome\r\n".to_owned() } else { format!("535 not with {both}\r\n") };
                say(stream, &said).await?;
            } else if upper.starts_with("MAIL FROM:") {
                if !is_known {
                    say(stream, "530 who are you\r\n").await?;
                    continue;
                }
                from = within(&line);
                self.act(stream, Stage::Mail, "250 ok\r\n").await?;
            } else if upper.starts_with("RCPT TO:") {
                to = within(&line);
                self.act(stream, Stage::Recipient, "250 ok\r\n").await?;
            } else if upper == "DATA" {
                if !self.act(stream, Stage::Data, "354 go on\r\n").await? {
                    continue;
                }
                let message = message(stream).await?;
                self.received.lock().unwrap().push(Received { from: from.clone(), to: to.clone(), message });
                self.act(stream, Stage::Dot, "250 queued as 4711\r\n").await?;
            } else if upper == "QUIT" {
                return say(stream, "221 bye\r\n").await;
            } else {
                say(stream, "250 ok\r\n").await?;
            }
        }
    }

    /// Whether it went on.
    async fn act<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufStream<S>,
        stage: Stage,
        usual: &str,
    ) -> Option<bool> {
        let count = self.received.lock().unwrap().len();
        let manner = self.manner.lock().unwrap().clone();
        match manner(stage, count) {
            Act::Go => say(stream, usual).await.map(|()| true),
            Act::Say(words) => say(stream, &format!("{words}\r\n")).await.map(|()| false),
            Act::Die => None,
            Act::Kill(process) => {
                std::process::Command::new("kill").args(["-9", &process.to_string()]).status().unwrap();
                None
            }
        }
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>, words: &str) -> Option<()> {
    stream.write_all(words.as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

async fn line<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> Option<String> {
    let mut line = String::new();
    (stream.read_line(&mut line).await.ok()? > 0).then(|| line.trim_end().to_owned())
}

/// A message up to its dot, with doubled dots undone.
async fn message<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> Option<String> {
    let mut message = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(message);
        }
        message.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

fn within(line: &str) -> String {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inside, _)| inside.to_owned()).unwrap()
}
