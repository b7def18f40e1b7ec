//! `[mail]` of the co-operative.

use crate::domain::{hosts, keys};
use crate::inventory::mail::{MailSettings, MailWay, SmtpServer, SmtpTls};
use crate::inventory::mistake::Mistake;
use crate::inventory::reader::{Reader, plain};

/// Where encryption begins at once.
const IMPLICIT_PORT: u16 = 465;

/// Where it begins after a greeting.
const SUBMISSION_PORT: u16 = 587;

/// Reads it.
pub fn mail(reader: &Reader<'_>) -> Option<MailSettings> {
    let by = reader.variant();
    let from = reader.text("from", hosts::email);
    let by = match by?.as_str() {
        "folder" => MailWay::Folder,
        _ => MailWay::Smtp(server(reader)?),
    };
    Some(MailSettings { from: from.map(|from| from.value), by })
}

fn server(reader: &Reader<'_>) -> Option<SmtpServer> {
    let host = reader.text("host", hosts::host);
    let tls = reader.word::<SmtpTls>("tls");
    let port = reader.whole("port");
    let username = reader.text("username", plain);
    let tls_fingerprint = reader.text("tls_fingerprint", keys::tls_fingerprint);
    if !reader.has("host") {
        let mistake = Mistake::new("mail leaves to a server without a name", reader.place(), "`host` belongs here");
        reader.add(mistake.help("the name of the mail server, for example `host = \"smtp.coop.example\"`"));
    }
    let tls = tls?.value;
    let usual = if tls == SmtpTls::Implicit { IMPLICIT_PORT } else { SUBMISSION_PORT };
    Some(SmtpServer {
        host: host?.value,
        port: port.map_or(usual, |port| port.value),
        tls,
        username: username.map(|username| username.value),
        tls_fingerprint: tls_fingerprint.map(|fingerprint| fingerprint.value),
    })
}
