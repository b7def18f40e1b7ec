//! The web server of a guest as the internet sees it: enough for the challenges of certificates.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Lab;

/// The largest request head that is read.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Where YunoHost's nginx takes challenges from.
const CHALLENGES: &str = "/var/www/.well-known/acme-challenge-public/";

/// Answers one request and closes.
pub async fn serve<S>(lab: Lab, site: String, vmid: u32, mut stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut head = Vec::new();
    let mut buffer = [0_u8; 1024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 && head.len() < HEAD_BYTES_MAX => head.extend_from_slice(&buffer[..count]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let (status, body) = answer(&lab, &site, vmid, &head);
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    // The client may have gone.
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn answer(lab: &Lab, site: &str, vmid: u32, head: &str) -> (&'static str, String) {
    let path = head.split_whitespace().nth(1).unwrap_or_default();
    let Some(challenge) = path.strip_prefix("/.well-known/acme-challenge/") else {
        // Everything else is sent to HTTPS, as YunoHost's nginx does.
        return ("301 Moved Permanently", String::new());
    };
    let state = lab.lock();
    let guest = state.world.sites.get(site).and_then(|place| place.guest(vmid));
    let file = guest.and_then(|machine| machine.files.read(&format!("{CHALLENGES}{challenge}")));
    match file {
        Some(text) => ("200 OK", text.to_owned()),
        None => ("404 Not Found", String::new()),
    }
}
