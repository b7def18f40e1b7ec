//! Lines to a server and replies from it, each within its time and length.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::timeout;

use super::SmtpError;
use crate::util::limits;

/// A server's reply: lines of one code.
pub struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// The reply, if its code is of this hundred.
    ///
    /// # Errors
    /// [`SmtpError::Refused`] otherwise; a code that is neither yes nor no is [`SmtpError::Foreign`].
    pub fn demand(self, step: &'static str, hundred: u16) -> Result<Reply, SmtpError> {
        match self.code / 100 {
            found if found == hundred => Ok(self),
            4 | 5 => Err(SmtpError::Refused { step, code: self.code, words: self.words() }),
            _ => Err(SmtpError::Foreign { step }),
        }
    }

    /// What is said behind a keyword of a greeting, if it is offered.
    pub fn offer(&self, keyword: &str) -> Option<&str> {
        self.lines.iter().find_map(|line| {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            word.eq_ignore_ascii_case(keyword).then_some(rest)
        })
    }

    /// Its words on one line, without control characters, not too long.
    pub fn words(&self) -> String {
        let words = self.lines.join(" ");
        words.chars().filter(|one| !one.is_control()).take(limits::MAIL_ANSWER_LENGTH_MAX).collect()
    }
}

/// A conversation.
pub struct Line<S> {
    stream: BufReader<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    /// Over a stream.
    pub fn new(stream: S) -> Line<S> {
        Line { stream: BufReader::new(stream) }
    }

    /// The stream, when nothing of what came was left unread.
    ///
    /// # Errors
    /// [`SmtpError::Foreign`] when something was.
    pub fn into_empty_stream(self) -> Result<S, SmtpError> {
        if self.stream.buffer().is_empty() {
            Ok(self.stream.into_inner())
        } else {
            Err(SmtpError::Foreign { step: "STARTTLS" })
        }
    }

    /// Says a line and waits for the reply.
    ///
    /// # Errors
    /// When the connection ends or nothing comes in time.
    pub async fn command(&mut self, step: &'static str, text: &str) -> Result<Reply, SmtpError> {
        // Addresses and names were checked; a line break here would be another command.
        if text.contains(['\r', '\n']) {
            return Err(SmtpError::Foreign { step });
        }
        self.send(step, &format!("{text}\r\n"), limits::MAIL_REPLY_TIMEOUT).await?;
        self.reply(step, limits::MAIL_REPLY_TIMEOUT).await
    }

    /// Sends text as it is.
    ///
    /// # Errors
    /// As [`Line::command`].
    pub async fn send(&mut self, step: &'static str, text: &str, within: Duration) -> Result<(), SmtpError> {
        let sending = async {
            let stream = self.stream.get_mut();
            stream.write_all(text.as_bytes()).await?;
            stream.flush().await
        };
        match timeout(within, sending).await {
            Ok(sent) => sent.map_err(|source| SmtpError::Gone { step, source: Some(source) }),
            Err(_) => Err(SmtpError::Silent { step }),
        }
    }

    /// Reads a reply.
    ///
    /// # Errors
    /// As [`Line::command`]; [`SmtpError::Foreign`] for what is no reply.
    pub async fn reply(&mut self, step: &'static str, within: Duration) -> Result<Reply, SmtpError> {
        timeout(within, self.read_reply(step)).await.unwrap_or(Err(SmtpError::Silent { step }))
    }

    async fn read_reply(&mut self, step: &'static str) -> Result<Reply, SmtpError> {
        let foreign = || SmtpError::Foreign { step };
        let mut lines = Vec::new();
        while lines.len() < limits::MAIL_REPLY_LINES_MAX {
            let mut bytes = Vec::new();
            let mut bounded = (&mut self.stream).take(limits::MAIL_REPLY_LINE_BYTES_MAX);
            let read = bounded.read_until(b'\n', &mut bytes).await;
            read.map_err(|source| match source.kind() {
                ErrorKind::InvalidData => foreign(),
                _ => SmtpError::Gone { step, source: Some(source) },
            })?;
            if bytes.last() != Some(&b'\n') {
                let is_long = bytes.len() as u64 == limits::MAIL_REPLY_LINE_BYTES_MAX;
                return Err(if is_long { foreign() } else { SmtpError::Gone { step, source: None } });
            }
            let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            let code = text.get(..3).and_then(|code| code.parse::<u16>().ok()).ok_or_else(foreign)?;
            let is_last = !text[3..].starts_with('-');
            lines.push(text.get(4..).unwrap_or_default().to_owned());
            if is_last {
                return Ok(Reply { code, lines });
            }
        }
        Err(foreign())
    }
}
