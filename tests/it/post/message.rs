//! What a message becomes, judged by a mail library that is not ours.

use accolades::post::{Attachment, Message, Recipient, Sender};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::oracle::{assert_content, judge, python};

fn at() -> Timestamp {
    "2026-12-01T08:30:00Z".parse().unwrap()
}

fn sender() -> Sender {
    Sender { name: "Les Communs Numériques".to_owned(), address: "aide@coop.example".to_owned() }
}

fn message(name: &str, subject: &str, text: &str) -> Message {
    Message {
        to: Recipient { name: Some(name.to_owned()), address: "compta@lilas.example".to_owned() },
        subject: subject.to_owned(),
        text: text.to_owned(),
        html: None,
        attachments: Vec::new(),
    }
}

/// Every message as the other library reads it.
fn read(messages: &[Message]) -> Option<Vec<Value>> {
    let python = python()?;
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<String> = messages
        .iter()
        .enumerate()
        .map(|(place, message)| {
            let path = folder.path().join(format!("{place}.eml"));
            std::fs::write(&path, message.write(&sender(), &format!("k{place}"), at())).unwrap();
            path.to_str().unwrap().to_owned()
        })
        .collect();
    let output = judge(&python, "mail.py", &paths.iter().map(String::as_str).collect::<Vec<_>>());
    assert_content(&output);
    let said = String::from_utf8(output.stdout).unwrap();
    let read: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for one in &read {
        assert!(one["longest_line"].as_u64().unwrap() <= 78, "{one}");
        assert_eq!((&one["is_ascii"], &one["bare_line_ends"]), (&json!(true), &json!(0)), "{one}");
        assert_eq!(
            one["headers"].as_array().unwrap().iter().filter_map(Value::as_str).take(7).collect::<Vec<_>>(),
            ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Auto-Submitted"],
            "no name makes a header of its own"
        );
        assert_eq!(one["date"], "2026-12-01T08:30:00+00:00");
        assert_eq!(one["from"], json!([["Les Communs Numériques", "aide@coop.example"]]));
    }
    Some(read)
}

/// The text as it was written: on the wire lines end with CR and LF.
fn text_of(read: &Value) -> String {
    read["text"].as_str().unwrap().replace("\r\n", "\n")
}

#[test]
fn post_hostile_names_come_through_unbroken() {
    let long = "é".repeat(200);
    let names = [
        "Zoé & <Frères>",
        "a\"b\\c",
        "evil\r\nBcc: all@world.example",
        "שלום \u{202e}עולם",
        "🦊🦊🦊 =?UTF-8?B?eA==?=",
        " spaces ",
        "O'Neil, Pat",
        long.as_str(),
    ];
    let messages: Vec<Message> = names.iter().map(|name| message(name, name, name)).collect();
    let Some(read) = read(&messages) else { return };
    for (name, one) in names.iter().zip(&read) {
        // A line break is a blank in a header, and a blank is a blank.
        let expected = name.replace(['\r', '\n'], " ");
        let folded = |text: &Value| text.as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        let words = expected.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(folded(&one["subject"]), words);
        // That library keeps the blank between two encoded words of a name, against RFC 2047, section 6.2.
        let joined = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(joined(one["to"][0][0].as_str().unwrap()), joined(&words));
        assert_eq!(one["to"][0][1], "compta@lilas.example");
        assert_eq!(one["to"].as_array().unwrap().len(), 1);
        assert_eq!(text_of(one).trim_end(), name.replace("\r\n", "\n").trim_end());
    }
}

#[test]
fn post_words_html_and_files_come_through_byte_for_byte() {
    let bytes: Vec<u8> = (0..=255_u8).cycle().take(5000).collect();
    let file = |name: &str, mime| Attachment { name: name.to_owned(), mime, bytes: bytes.clone() };
    let text = ".\n..\nUne ligne = longue : ".to_owned() + &"été ".repeat(60) + "\n.\nfin\t\n--\nsignature";
    let mut whole = message("Zoé", "Votre facture F2026-00042", &text);
    whole.html = Some("<p>é &amp; \"quotes\"</p>".to_owned());
    whole.attachments = vec![
        file("F2026-00042.pdf", "application/pdf"),
        file("../../etc/été \"x\"; y=z.pdf", "application/pdf"),
        file(&"🦊".repeat(150), "application/xml"),
    ];
    let again = whole.write(&sender(), "k", at());
    assert_eq!(again, whole.write(&sender(), "k", at()), "the same message is the same bytes");
    let Some(read) = read(std::slice::from_ref(&whole)) else { return };
    let one = &read[0];
    assert_eq!(text_of(one).trim_end_matches('\n'), text);
    assert_eq!(one["html"].as_str().unwrap().trim_end(), whole.html.as_deref().unwrap());
    let digest = hex::encode(Sha256::digest(&bytes));
    let files = one["attachments"].as_array().unwrap();
    assert_eq!(files.iter().map(|one| one["sha256"].as_str().unwrap()).collect::<Vec<_>>(), vec![digest; 3]);
    assert_eq!(files[0]["name"], "F2026-00042.pdf");
    assert_eq!(files[1]["name"], "..-..-etc-été \"x\"; y=z.pdf", "a name is no path");
    assert_eq!(files[2]["name"].as_str().unwrap(), "🦊".repeat(120));
}
