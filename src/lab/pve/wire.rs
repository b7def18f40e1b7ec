//! HTTP/1.1 as Proxmox's own server speaks it. Written by hand because its quirks are what clients meet.

use std::future::Future;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use super::message::{RawAnswer, RawRequest};
use super::server::reads_body;

/// Lines of headers in a request, the empty one included.
const HEADER_LINES_MAX: usize = 64;

/// Bytes of headers in a request.
const HEADER_BYTES_MAX: usize = 8 * 1024;

/// Bytes of a line: what is longer is nobody's request.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// Requests on one connection.
const REQUESTS_PER_CONNECTION_MAX: u32 = 100;

/// The line that an answer's `Server` header carries.
const SERVER: &str = "pve-api-daemon/3.0";

/// What a connection brought.
enum Incoming {
    /// A request for `respond`, with the minor version of its protocol and whether the connection may go on.
    Request { request: RawRequest, minor: u32, keep: bool },
    /// Something that the HTTP layer refuses itself.
    Refused(RawAnswer),
    /// Nothing more, or nothing that gets an answer.
    End,
}

/// Serves one connection until it ends: every request goes to `respond`, its answer back; `None` cuts the connection
/// without one. The simulated delay of an answer is for `respond` to spend.
///
/// # Errors
/// The connection broke.
pub async fn serve<S, F, R>(stream: S, respond: F) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(RawRequest) -> R,
    R: Future<Output = Option<RawAnswer>>,
{
    let mut stream = BufReader::new(stream);
    for number in 1..=REQUESTS_PER_CONNECTION_MAX {
        let (answer, minor, keep) = match read_request(&mut stream).await? {
            Incoming::End => break,
            Incoming::Refused(answer) => (answer, 0, false),
            Incoming::Request { request, minor, keep } => match respond(request).await {
                Some(answer) => (answer, minor, keep),
                None => return Ok(()),
            },
        };
        let close = answer.close || !keep || number == REQUESTS_PER_CONNECTION_MAX;
        stream.write_all(&encode(&answer, minor, close)).await?;
        stream.flush().await?;
        if close {
            break;
        }
    }
    stream.shutdown().await
}

async fn read_request<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Incoming> {
    let line = loop {
        match read_line(stream).await? {
            None => return Ok(Incoming::End),
            Some(line) if line.is_empty() => {}
            Some(line) => break line,
        }
    };
    let Some(start) = RequestLine::parse(&line) else {
        return Ok(Incoming::Refused(RawAnswer::plain(400, "bad request")));
    };
    if start.major != 1 {
        let text = format!("http protocol version {}.{} not supported", start.major, start.minor);
        return Ok(Incoming::Refused(RawAnswer::plain(506, &text)));
    }
    let headers = match read_headers(stream).await? {
        Headers::Read(headers) => headers,
        Headers::Unreadable => return Ok(Incoming::Refused(RawAnswer::plain(506, "unable to parse request header"))),
        Headers::TooLarge => return Ok(Incoming::End),
    };
    let mut request = RawRequest { method: start.method, target: start.target, headers, body: Vec::new() };
    if reads_body(&request) {
        // The bound on the body makes this fit.
        request.body = vec![0; usize::try_from(request.content_length()).unwrap_or_default()];
        stream.read_exact(&mut request.body).await?;
    }
    let keep = match request.header("Connection") {
        Some(wish) => !wish.to_ascii_lowercase().contains("close"),
        None => start.minor >= 1,
    };
    Ok(Incoming::Request { request, minor: start.minor, keep })
}

/// A line without its end; `None` at the end of the stream or when it is too long.
async fn read_line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    stream.take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
    if line.pop() != Some(b'\n') {
        return Ok(None);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

enum Headers {
    Read(Vec<(String, String)>),
    TooLarge,
    Unreadable,
}

async fn read_headers<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Headers> {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut bytes = 0;
    for _ in 1..HEADER_LINES_MAX {
        let Some(line) = read_line(stream).await? else {
            return Ok(Headers::TooLarge);
        };
        bytes += line.len();
        if bytes >= HEADER_BYTES_MAX {
            return Ok(Headers::TooLarge);
        }
        if line.is_empty() {
            return Ok(Headers::Read(headers));
        }
        if line.starts_with([' ', '\t']) {
            // A line that goes on.
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(line.trim_start());
            }
            continue;
        }
        match line.split_once(':') {
            Some((name, value)) if !name.trim_end().is_empty() && !name.trim_end().contains(char::is_whitespace) => {
                headers.push((name.trim_end().to_owned(), value.trim_start().to_owned()));
            }
            _ => return Ok(Headers::Unreadable),
        }
    }
    Ok(Headers::TooLarge)
}

/// The first line of a request.
#[derive(Debug, PartialEq, Eq)]
struct RequestLine {
    method: String,
    target: String,
    major: u32,
    minor: u32,
}

impl RequestLine {
    /// Finds `WORD WORD HTTP/x.y` anywhere in the line: in a path with a blank, its first half is the method.
    fn parse(line: &str) -> Option<RequestLine> {
        let words: Vec<&str> = line.split(' ').collect();
        words.windows(3).find_map(|three| {
            let [method, target, protocol] = three else { return None };
            let (major, rest) = protocol.strip_prefix("HTTP/")?.split_once('.')?;
            let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
            if method.is_empty() || target.is_empty() {
                return None;
            }
            Some(RequestLine {
                method: (*method).to_owned(),
                target: (*target).to_owned(),
                major: major.parse().ok()?,
                minor: minor.parse().ok()?,
            })
        })
    }
}

fn encode(answer: &RawAnswer, minor: u32, close: bool) -> Vec<u8> {
    let mut head = format!("HTTP/1.{minor} {} {}\r\n", answer.status, answer.reason);
    let mut header = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
    header("Cache-Control", "max-age=0");
    header("Connection", if close { "close" } else { "Keep-Alive" });
    header("Pragma", "no-cache");
    header("Server", SERVER);
    header("Content-Length", &answer.body.len().to_string());
    if let Some(content_type) = answer.content_type {
        header("Content-Type", content_type);
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&answer.body);
    bytes
}
