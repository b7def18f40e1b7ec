//! HTTP/1.1 with the manners of a server. Written by hand because its quirks are what clients meet.

use std::future::Future;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

/// Lines of headers in a request, the empty one included.
const HEADER_LINES_MAX: usize = 64;

/// Bytes of headers in a request.
const HEADER_BYTES_MAX: usize = 8 * 1024;

/// Bytes of a body that comes in chunks.
const CHUNKED_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of a line: what is longer is nobody's request.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// How long an answer that refuses authentication is held back, in simulated time.
const UNAUTHORIZED_DELAY_US: u64 = 3_000_000;

/// What differs from server to server.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Requests on one connection.
    pub requests_max: u32,
    /// Headers that stand in every answer.
    pub headers: &'static [(&'static str, &'static str)],
    /// What the header `Connection` says when the connection goes on; none when it is not sent then.
    pub goes_on: Option<&'static str>,
    /// Whether the body of a request is read.
    pub reads_body: fn(&RawRequest) -> bool,
    /// Whether a body may come in chunks; where it may not, its method sees the header and no body.
    pub takes_chunks: bool,
}

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct RawRequest {
    /// The first word of the request line, whatever it is.
    pub method: String,
    /// The second word of the request line: path and query, not decoded.
    pub target: String,
    /// Header names and values in their order.
    pub headers: Vec<(String, String)>,
    /// The body, as long as `Content-Length` says; empty when it was not read because it is refused.
    pub body: Vec<u8>,
}

impl RawRequest {
    /// The first value of a header, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The announced length of the body in bytes; 0 when there is none or the number is none.
    pub fn content_length(&self) -> u64 {
        self.header("Content-Length").and_then(|text| text.trim().parse().ok()).unwrap_or_default()
    }

    /// The path as written, without the query.
    pub fn raw_path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or_default()
    }

    /// The path, percent-decoded.
    pub fn path(&self) -> String {
        percent_encoding::percent_decode_str(self.raw_path()).decode_utf8_lossy().into_owned()
    }

    /// What stands behind the question mark.
    pub fn query(&self) -> &str {
        let target = self.target.split('#').next().unwrap_or_default();
        target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The media type of the body without its parameters.
    pub fn media_type(&self) -> Option<&str> {
        self.header("Content-Type")?.split([';', ',']).next().map(str::trim)
    }
}

/// An answer as it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// Status code.
    pub status: u16,
    /// Reason phrase: one line.
    pub reason: String,
    /// Content type; none for answers of the HTTP layer itself.
    pub content_type: Option<&'static str>,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// Whether the connection ends with this answer.
    pub close: bool,
    /// Simulated time that passes before the answer.
    pub delay_us: u64,
}

impl RawAnswer {
    /// A refusal of the HTTP layer: no content type, the text also as body.
    pub fn plain(status: u16, text: &str) -> RawAnswer {
        RawAnswer { body: text.as_bytes().to_vec(), ..RawAnswer::bare(status, text) }
    }

    /// A refusal without a body.
    pub fn bare(status: u16, text: &str) -> RawAnswer {
        RawAnswer {
            status,
            reason: first_line(text),
            content_type: None,
            headers: Vec::new(),
            body: Vec::new(),
            close: status >= 400,
            delay_us: if status == 401 { UNAUTHORIZED_DELAY_US } else { 0 },
        }
    }
}

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
pub async fn serve<S, F, R>(stream: S, manner: &Manner, respond: F) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(RawRequest) -> R,
    R: Future<Output = Option<RawAnswer>>,
{
    let mut stream = BufReader::new(stream);
    for number in 1..=manner.requests_max {
        let (answer, minor, keep) = match read_request(&mut stream, manner).await? {
            Incoming::End => break,
            Incoming::Refused(answer) => (answer, 0, false),
            Incoming::Request { request, minor, keep } => match respond(request).await {
                Some(answer) => (answer, minor, keep),
                None => return Ok(()),
            },
        };
        let close = answer.close || !keep || number == manner.requests_max;
        stream.write_all(&encode(&answer, manner, minor, close)).await?;
        stream.flush().await?;
        if close {
            break;
        }
    }
    stream.shutdown().await
}

async fn read_request<S: AsyncRead + Unpin>(stream: &mut BufReader<S>, manner: &Manner) -> std::io::Result<Incoming> {
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
    let chunked = request.header("Transfer-Encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    if chunked && manner.takes_chunks {
        let Some(body) = read_chunks(stream).await? else { return Ok(Incoming::End) };
        request.body = body;
    } else if (manner.reads_body)(&request) {
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

/// A body in chunks; `None` when they cannot be read or are too many.
async fn read_chunks<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    loop {
        let Some(line) = read_line(stream).await? else { return Ok(None) };
        let size = line.split(';').next().and_then(|digits| usize::from_str_radix(digits.trim(), 16).ok());
        let Some(size) = size.filter(|size| body.len() + size <= CHUNKED_BYTES_MAX) else { return Ok(None) };
        if size == 0 {
            break;
        }
        let start = body.len();
        body.resize(start + size, 0);
        stream.read_exact(&mut body[start..]).await?;
        read_line(stream).await?;
    }
    while read_line(stream).await?.is_some_and(|line| !line.is_empty()) {}
    Ok(Some(body))
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

fn encode(answer: &RawAnswer, manner: &Manner, minor: u32, close: bool) -> Vec<u8> {
    let mut head = format!("HTTP/1.{minor} {} {}\r\n", answer.status, answer.reason);
    let mut header = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
    for (name, value) in manner.headers {
        header(name, value);
    }
    if close {
        header("Connection", "close");
    } else if let Some(word) = manner.goes_on {
        header("Connection", word);
    }
    header("Content-Length", &answer.body.len().to_string());
    if let Some(content_type) = answer.content_type {
        header("Content-Type", content_type);
    }
    for (name, value) in &answer.headers {
        header(name, value);
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&answer.body);
    bytes
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
