//! The sending side of SMTP (RFC 5321) over TLS, command by command: the sender has to know whether a message was handed
//! over when something goes wrong, and that is decided between the last line of the message and the dot after it.

mod error;
mod line;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub use error::SmtpError;
use line::{Line, Reply};

use crate::inventory::mail::{SmtpServer, SmtpTls};
use crate::transport::client_config;
use crate::util::limits;
use crate::util::redact::Redactor;

/// A mail server, and how we are known there.
pub struct Smtp {
    server: SmtpServer,
    password: Option<SecretString>,
    tls: Arc<ClientConfig>,
    redactor: Redactor,
}

/// An encrypted connection on which mails can be handed over.
pub struct Connection<'a> {
    line: Line<TlsStream<TcpStream>>,
    redactor: &'a Redactor,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Smtp").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Smtp {
    /// A server; nothing is opened yet.
    ///
    /// # Errors
    /// [`SmtpError::Name`] and [`SmtpError::Fingerprint`] when the inventory's words are neither.
    pub fn new(server: SmtpServer, password: Option<SecretString>) -> Result<Smtp, SmtpError> {
        let redactor = Redactor::default();
        password.iter().for_each(|password| redactor.learn(password));
        let tls = client_config(server.tls_fingerprint.as_deref(), &server.host)
            .map_err(|_| SmtpError::Fingerprint { text: server.tls_fingerprint.clone().unwrap_or_default() })?;
        Ok(Smtp { server, password, tls, redactor })
    }

    /// Connects, encrypts, logs in.
    ///
    /// # Errors
    /// Whatever stands in the way; nothing was sent.
    pub async fn connect(&self) -> Result<Connection<'_>, SmtpError> {
        let opening = async {
            let address = (self.server.host.as_str(), self.server.port);
            let stream = TcpStream::connect(address).await.map_err(|source| self.unreachable(source))?;
            let name = hello_name(&stream);
            let stream = match self.server.tls {
                SmtpTls::Implicit => stream,
                SmtpTls::Starttls => start_tls(stream, &name).await?,
            };
            let host = ServerName::try_from(self.server.host.clone()).map_err(|_| self.name())?;
            let stream = TlsConnector::from(Arc::clone(&self.tls)).connect(host, stream).await;
            let mut line = Line::new(stream.map_err(|source| SmtpError::Encryption { source })?);
            if self.server.tls == SmtpTls::Implicit {
                line.reply("greeting", limits::MAIL_REPLY_TIMEOUT).await?.demand("greeting", 2)?;
            }
            let offers = line.command("EHLO", &format!("EHLO {name}")).await?.demand("EHLO", 2)?;
            Ok((line, offers))
        };
        let opened = timeout(limits::MAIL_CONNECT_TIMEOUT, opening).await;
        let (mut line, offers) = opened.unwrap_or_else(|_| Err(SmtpError::Silent { step: "connect" }))?;
        self.log_in(&mut line, &offers).await.map_err(|error| error.redacted(&self.redactor))?;
        Ok(Connection { line, redactor: &self.redactor })
    }

    async fn log_in(&self, line: &mut Line<TlsStream<TcpStream>>, offers: &Reply) -> Result<(), SmtpError> {
        let (Some(username), Some(password)) = (&self.server.username, &self.password) else { return Ok(()) };
        let ways = offers.offer("AUTH").unwrap_or_default();
        let offers = |way: &str| ways.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(way));
        if offers("PLAIN") {
            let both = STANDARD.encode(format!("\0{username}\0{}", password.expose_secret()));
            line.command("AUTH", &format!("AUTH PLAIN {both}")).await?.demand("AUTH", 2)?;
        } else if offers("LOGIN") {
            line.command("AUTH", "AUTH LOGIN").await?.demand("AUTH", 3)?;
            line.command("AUTH", &STANDARD.encode(username)).await?.demand("AUTH", 3)?;
            line.command("AUTH", &STANDARD.encode(password.expose_secret())).await?.demand("AUTH", 2)?;
        } else {
            return Err(SmtpError::NoLogin);
        }
        Ok(())
    }

    fn unreachable(&self, source: std::io::Error) -> SmtpError {
        SmtpError::Unreachable { host: self.server.host.clone(), port: self.server.port, source }
    }

    fn name(&self) -> SmtpError {
        SmtpError::Name { host: self.server.host.clone() }
    }
}

impl Connection<'_> {
    /// Everything but the dot that ends the message: until then the server must forget it when the connection ends.
    ///
    /// # Errors
    /// [`SmtpError::Refused`] when the server does not want it; anything else means that the connection is of no use.
    pub async fn offer(&mut self, from: &str, to: &str, message: &str) -> Result<(), SmtpError> {
        let offered = async {
            self.line.command("MAIL", &format!("MAIL FROM:<{from}>")).await?.demand("MAIL", 2)?;
            self.line.command("RCPT", &format!("RCPT TO:<{to}>")).await?.demand("RCPT", 2)?;
            self.line.command("DATA", "DATA").await?.demand("DATA", 3)?;
            self.line.send("message", &stuffed(message), limits::MAIL_MESSAGE_TIMEOUT).await
        };
        offered.await.map_err(|error: SmtpError| error.redacted(self.redactor))
    }

    /// The dot: from here on the server may have it. Returns what the server said.
    ///
    /// # Errors
    /// [`SmtpError::Refused`] means that it has not; with anything else nobody knows.
    pub async fn hand_over(&mut self) -> Result<String, SmtpError> {
        let handed_over = async {
            self.line.send("end of the message", ".\r\n", limits::MAIL_REPLY_TIMEOUT).await?;
            let reply = self.line.reply("end of the message", limits::MAIL_ACCEPT_TIMEOUT).await?;
            reply.demand("end of the message", 2)
        };
        let reply = handed_over.await.map_err(|error: SmtpError| error.redacted(self.redactor))?;
        Ok(self.redactor.clean(&reply.words()))
    }

    /// Forgets a mail that was refused, so that the next one can be offered; whether the connection is still of use.
    pub async fn reset(&mut self) -> bool {
        let reply = self.line.command("RSET", "RSET").await.and_then(|reply| reply.demand("RSET", 2));
        reply.is_ok()
    }

    /// Says good-bye. What the server answers changes nothing.
    pub async fn quit(mut self) {
        let _ = self.line.command("QUIT", "QUIT").await;
    }
}

/// Asks for encryption in clear. Words that came before it are not trusted: nothing may be left in the buffer.
async fn start_tls(stream: TcpStream, name: &str) -> Result<TcpStream, SmtpError> {
    let mut line = Line::new(stream);
    line.reply("greeting", limits::MAIL_REPLY_TIMEOUT).await?.demand("greeting", 2)?;
    let offers = line.command("EHLO", &format!("EHLO {name}")).await?.demand("EHLO", 2)?;
    if offers.offer("STARTTLS").is_none() {
        return Err(SmtpError::NoEncryption);
    }
    line.command("STARTTLS", "STARTTLS").await?.demand("STARTTLS", 2)?;
    line.into_empty_stream()
}

/// How we greet: by our address, since a machine behind a router has no name that leads to it.
fn hello_name(stream: &TcpStream) -> String {
    match stream.local_addr().map(|address| address.ip()) {
        Ok(std::net::IpAddr::V6(address)) => format!("[IPv6:{address}]"),
        Ok(std::net::IpAddr::V4(address)) => format!("[{address}]"),
        Err(_) => "[127.0.0.1]".to_owned(),
    }
}

/// Dots at the beginning of a line are doubled, and the message ends with a line end.
fn stuffed(message: &str) -> String {
    let mut out = String::with_capacity(message.len() + 16);
    for line in message.split_inclusive('\n') {
        if line.starts_with('.') {
            out.push('.');
        }
        out.push_str(line);
    }
    if !out.ends_with("\r\n") {
        out.push_str("\r\n");
    }
    out
}
