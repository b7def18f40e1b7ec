//! The outbox on both engines: each mail once, or "may have been sent", never twice in silence (R20).

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use accolades::inventory::mail::SmtpTls;
use accolades::post::{
    Announcement, Decision, Delivered, Folder, Message, Post, PostError, Recipient, Sender, Smtp, Transport, decide,
    deliver, put, secret_name,
};
use accolades::store::secrets::Vault;
use accolades::store::{MailRecord, MailState, RENEWAL_NOTICE, Scope, Store, StoreError};
use accolades::util::clock::Clock;
use accolades::util::process::Holder;
use accolades::util::random::Randomness;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use secrecy::SecretString;

use super::bench::{Bench, execute, texts};
use crate::post::server::{Act, PASSWORD, Server, Stage};

const URL_VARIABLE: &str = "ACCOLADES_TEST_OUTBOX_URL";
const SERVER_VARIABLE: &str = "ACCOLADES_TEST_OUTBOX_SERVER";
const KEY_VARIABLE: &str = "ACCOLADES_TEST_OUTBOX_KEY";

struct Desk {
    url: String,
    store: Store,
    vault: Vault,
    sender: Sender,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new(bench: &Bench) -> Desk {
        let url = bench.url().await;
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        Desk::open(&url, &key, folder).await
    }

    async fn open(url: &str, key: &Path, folder: tempfile::TempDir) -> Desk {
        let store = Store::open(url).await.unwrap();
        let vault = Vault::open(&store, Some(key), Arc::new(Randomness::from_system())).await.unwrap();
        let sender = Sender { name: "Coop".to_owned(), address: "aide@coop.example".to_owned() };
        Desk { url: url.to_owned(), store, vault, sender, folder }
    }

    async fn put(&self, key: &str) -> i64 {
        put(&self.store, None, &self.sender, &announcement(key), "ana", now()).await.unwrap().0
    }

    fn folder_transport(&self) -> Transport {
        Transport::Folder(Folder::new(self.folder.path().join("mails")))
    }

    async fn deliver(&self, transport: &Transport) -> Result<Delivered, PostError> {
        let post = Post {
            store: &self.store,
            vault: &self.vault,
            transport,
            sender: &self.sender,
            zone: &TimeZone::UTC,
            clock: &Clock::System,
            nonce: "test",
        };
        deliver(&post, 100).await
    }

    async fn mail(&self, position: i64) -> MailRecord {
        self.store.mail(&Scope::Staff, position).await.unwrap().unwrap()
    }

    async fn state(&self, position: i64) -> MailState {
        self.mail(position).await.state
    }

    /// As if the waiting time had passed.
    async fn later(&self) {
        execute(&self.url, "UPDATE outbox SET not_before_us = 0").await.unwrap();
    }

    async fn decide(&self, position: i64, decision: Decision) -> bool {
        let mail = self.mail(position).await;
        decide(&self.store, &self.vault, &mail, decision, "ana", now(), &TimeZone::UTC).await.unwrap()
    }
}

/// Before whatever this machine's clock says: the mails are due.
fn now() -> Timestamp {
    "2020-01-01T00:00:00Z".parse().unwrap()
}

fn announcement(key: &str) -> Announcement {
    Announcement {
        key: key.to_owned(),
        scope: Scope::Client("lilas".parse().unwrap()),
        kind: "invoice",
        about: Some("F2026-00001".to_owned()),
        message: Message {
            to: Recipient { name: Some("Zoé".to_owned()), address: "compta@lilas.example".to_owned() },
            subject: format!("Facture {key}"),
            text: ".un point\nbonjour".to_owned(),
            html: None,
            attachments: Vec::new(),
        },
    }
}

fn smtp(server: &Server) -> Transport {
    Transport::Smtp(Smtp::new(server.settings(), Some(SecretString::from(PASSWORD))).unwrap())
}

/// Something in both tables, for copies.
pub async fn fill(store: &Store) {
    let sender = Sender { name: "Coop".to_owned(), address: "aide@coop.example".to_owned() };
    put(store, None, &sender, &announcement("é"), "ana", now()).await.unwrap();
}

pub async fn a_mail_put_in_twice_is_one_mail(bench: &Bench) {
    let desk = Desk::new(bench).await;
    let (first, second) = (desk.put("invoice/F1").await, desk.put("invoice/F1").await);
    assert_eq!(first, second);
    let both = tokio::join!(desk.put("invoice/F2"), desk.put("invoice/F2"));
    assert_eq!(both.0, both.1, "also at once");
    let delivered = desk.deliver(&desk.folder_transport()).await.unwrap();
    assert_eq!(delivered.sent, [first, both.0]);
    assert_eq!(desk.put("invoice/F1").await, first, "nor after it was sent");
    assert_eq!(desk.deliver(&desk.folder_transport()).await.unwrap(), Delivered::default());
    let other = Scope::Client("brume".parse().unwrap());
    assert_eq!(desk.store.mails(&other, None, None).await.unwrap(), [], "a client sees its own mails only");
    assert_eq!(desk.store.mail(&other, first).await.unwrap(), None);
    assert_eq!(desk.store.mail_message(&other, first).await.unwrap(), None);
    assert_eq!(desk.store.mail_events(&other, first).await.unwrap(), []);
    for wrong in ["DELETE FROM outbox", "DELETE FROM outbox_events", "UPDATE outbox_events SET answer = 'x'"] {
        assert!(execute(&desk.url, wrong).await.is_err(), "{wrong}");
    }
}

pub async fn a_file_is_never_overwritten(bench: &Bench) {
    let desk = Desk::new(bench).await;
    let position = desk.put("invoice/F1").await;
    let folder = Folder::new(desk.folder.path().join("mails"));
    desk.deliver(&desk.folder_transport()).await.unwrap();
    let file = folder.file("invoice/F1/compta@lilas.example");
    let message = desk.store.mail_message(&Scope::Staff, position).await.unwrap().unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), message);
    std::fs::write(&file, "changed by hand").unwrap();
    // Its sender died between the file and the record of it.
    execute(&desk.url, &format!("UPDATE outbox SET state = 'sending', holder = '{}'", dead_holder())).await.unwrap();
    let delivered = desk.deliver(&desk.folder_transport()).await.unwrap();
    assert_eq!(delivered.sent, [position], "it is in the folder: it was sent");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "changed by hand");
    let files = std::fs::read_dir(desk.folder.path().join("mails")).unwrap().count();
    assert_eq!(files, 1, "nothing is left beside it");
}

/// A holder on this machine whose process has ended.
fn dead_holder() -> String {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let (here, pid) = (Holder::of_this_process("test").to_string(), child.id().to_string());
    here.split(':').enumerate().map(|(at, part)| if at == 1 { &pid } else { part }).collect::<Vec<_>>().join(":")
}

pub async fn a_server_takes_mails_over_tls(bench: &Bench) {
    for tls in [SmtpTls::Starttls, SmtpTls::Implicit] {
        let desk = Desk::new(bench).await;
        let server = Server::start(tls).await;
        let sent = [desk.put("invoice/F1").await, desk.put("invoice/F2").await];
        let delivered = desk.deliver(&smtp(&server)).await.unwrap();
        assert_eq!(delivered.sent, sent);
        let received = server.received();
        assert_eq!(received.len(), 2);
        assert_eq!((received[0].from.as_str(), received[0].to.as_str()), ("aide@coop.example", "compta@lilas.example"));
        let message = desk.store.mail_message(&Scope::Staff, sent[0]).await.unwrap().unwrap();
        assert_eq!(received[0].message, message, "byte for byte, dots at line beginnings too");
        assert_eq!(desk.mail(sent[0]).await.answer, "queued as 4711");
        let steps = desk.store.mail_events(&Scope::Staff, sent[0]).await.unwrap();
        let steps: Vec<_> = steps.iter().map(|step| step.state).collect();
        assert_eq!(steps, [MailState::Waiting, MailState::Sending, MailState::Sent]);
    }
}

pub async fn a_server_that_lets_nobody_in_costs_no_attempt(bench: &Bench) {
    let desk = Desk::new(bench).await;
    let server = Server::start(SmtpTls::Starttls).await;
    let position = desk.put("invoice/F1").await;
    let with = |settings, password: &str| {
        Transport::Smtp(Smtp::new(settings, Some(SecretString::from(password.to_owned()))).unwrap())
    };
    let mut foreign = server.settings();
    foreign.tls_fingerprint = Some(["00"; 32].join(":"));
    let mut untrusted = server.settings();
    untrusted.tls_fingerprint = None;
    let mut away = server.settings();
    away.port = 1;
    for (transport, why) in [
        (with(server.settings(), "wrong-password"), "a wrong password"),
        (with(foreign, PASSWORD), "another certificate than the pinned one"),
        (with(untrusted, PASSWORD), "a certificate that no authority signed"),
        (with(away, PASSWORD), "nobody there"),
    ] {
        let error = desk.deliver(&transport).await.unwrap_err();
        assert!(matches!(error, PostError::Server(_)), "{why}: {error}");
        let whole = format!("{error:?}");
        for secret in [PASSWORD, "wrong-password"] {
            assert!(!whole.contains(secret), "{why}: {whole}");
        }
        let mail = desk.mail(position).await;
        assert_eq!((mail.state, mail.attempts), (MailState::Waiting, 0), "{why}");
    }
    assert_eq!(server.received(), []);
}

pub async fn a_refused_mail_waits_or_fails(bench: &Bench) {
    let desk = Desk::new(bench).await;
    let server = Server::start(SmtpTls::Implicit).await;
    let stages = [Stage::Mail, Stage::Recipient, Stage::Data];
    for stage in stages {
        let position = desk.put(&format!("later/{stage:?}")).await;
        server.behaves(move |at, _| if at == stage { Act::Say("451 come back later") } else { Act::Go });
        assert_eq!(desk.deliver(&smtp(&server)).await.unwrap().later, [position], "{stage:?}");
        let mail = desk.mail(position).await;
        assert_eq!((mail.state, mail.attempts), (MailState::Waiting, 1));
        assert!(mail.answer.contains("451 come back later"), "{}", mail.answer);
        assert!(mail.not_before_us > mail.changed_at_us, "it is left alone for a while");
        assert_eq!(desk.deliver(&smtp(&server)).await.unwrap(), Delivered::default(), "and not tried before");
        server.behaves(|_, _| Act::Go);
        desk.later().await;
        assert_eq!(desk.deliver(&smtp(&server)).await.unwrap().sent, [position]);

        let position = desk.put(&format!("never/{stage:?}")).await;
        let next = desk.put(&format!("next/{stage:?}")).await;
        let taken = server.received().len();
        server.behaves(
            move |at, count| {
                if at == stage && count == taken { Act::Say("550 no such mailbox") } else { Act::Go }
            },
        );
        // Both are refused, because nothing was taken in between; the connection is used again.
        assert_eq!(desk.deliver(&smtp(&server)).await.unwrap().failed, [position, next], "{stage:?}");
        server.behaves(|_, _| Act::Go);
        desk.later().await;
        assert_eq!(desk.deliver(&smtp(&server)).await.unwrap(), Delivered::default(), "a person decides");
        assert!(desk.decide(next, Decision::GiveUp).await);
        assert!(desk.decide(position, Decision::Resend).await);
        assert_eq!(desk.deliver(&smtp(&server)).await.unwrap().sent, [position]);
        assert_eq!(desk.state(next).await, MailState::GivenUp);
    }
    // After the dot, an answer is an answer.
    let position = desk.put("dot").await;
    server.behaves(|at, _| if at == Stage::Dot { Act::Say("554 spam") } else { Act::Go });
    assert_eq!(desk.deliver(&smtp(&server)).await.unwrap().failed, [position]);
}

pub async fn a_server_that_dies_decides_what_is_known(bench: &Bench) {
    let desk = Desk::new(bench).await;
    let server = Server::start(SmtpTls::Starttls).await;
    for stage in [Stage::Mail, Stage::Recipient, Stage::Data] {
        let position = desk.put(&format!("{stage:?}")).await;
        server.behaves(move |at, _| if at == stage { Act::Die } else { Act::Go });
        assert_eq!(desk.deliver(&smtp(&server)).await.unwrap().later, [position], "{stage:?}: it has nothing");
        server.behaves(|_, _| Act::Go);
        desk.later().await;
        assert_eq!(desk.deliver(&smtp(&server)).await.unwrap().sent, [position]);
    }
    let position = desk.put("dot").await;
    server.behaves(|at, _| if at == Stage::Dot { Act::Die } else { Act::Go });
    let had = server.received().len();
    assert_eq!(desk.deliver(&smtp(&server)).await.unwrap().unknown, [position]);
    assert_eq!(server.received().len(), had + 1, "it had the whole message, and said nothing");
    server.behaves(|_, _| Act::Go);
    desk.later().await;
    assert_eq!(desk.deliver(&smtp(&server)).await.unwrap(), Delivered::default(), "never twice in silence");
    assert_eq!(desk.state(position).await, MailState::MayHaveBeenSent);
    let before = desk.mail(position).await;
    assert!(desk.decide(position, Decision::Arrived).await);
    assert_eq!(desk.state(position).await, MailState::Sent);
    assert!(!desk.decide(position, Decision::Resend).await, "what was sent is sent");
    let late = decide(&desk.store, &desk.vault, &before, Decision::GiveUp, "bob", now(), &TimeZone::UTC).await;
    assert!(matches!(late, Err(PostError::Store(StoreError::Conflict { .. }))), "two people decide once");
}

/// A real process that is killed with `kill -9` while the server has it at each stage.
pub async fn a_killed_sender_leaves_what_is_known(bench: &Bench) {
    let server = Server::start(SmtpTls::Implicit).await;
    for stage in [Stage::Greeting, Stage::Mail, Stage::Recipient, Stage::Data, Stage::Dot] {
        let desk = Desk::new(bench).await;
        let position = desk.put("invoice/F1").await;
        let pid = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let victim = pid.clone();
        server.behaves(move |at, _| {
            if at != stage {
                return Act::Go;
            }
            // The test has noted the process by the time that it gets here, or soon after.
            loop {
                match victim.load(std::sync::atomic::Ordering::SeqCst) {
                    0 => std::thread::yield_now(),
                    process => return Act::Kill(process),
                }
            }
        });
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::outbox::store_outbox_process", "--nocapture"])
            .env(URL_VARIABLE, &desk.url)
            .env(KEY_VARIABLE, desk.folder.path().join("key"))
            .env(SERVER_VARIABLE, serde_json::to_string(&server.settings()).unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        pid.store(child.id(), std::sync::atomic::Ordering::SeqCst);
        assert!(!child.wait().unwrap().success(), "{stage:?}: killed");
        server.behaves(|_, _| Act::Go);
        let had = server.received().len();
        let delivered = desk.deliver(&smtp(&server)).await.unwrap();
        if stage == Stage::Dot {
            assert_eq!(delivered.unknown, [position], "{stage:?}");
            assert_eq!(server.received().len(), had, "it is not sent again");
        } else {
            assert_eq!(server.received().len(), had + usize::from(desk.state(position).await == MailState::Sent));
            desk.later().await;
            desk.deliver(&smtp(&server)).await.unwrap();
            assert_eq!(desk.state(position).await, MailState::Sent, "{stage:?}");
            assert_eq!(server.received().len(), had + 1, "{stage:?}: once");
        }
    }
}

/// A sender in a process of its own.
#[tokio::test(flavor = "multi_thread")]
async fn store_outbox_process() {
    let Ok(url) = std::env::var(URL_VARIABLE) else { return };
    let key = std::env::var(KEY_VARIABLE).unwrap();
    let settings = serde_json::from_str(&std::env::var(SERVER_VARIABLE).unwrap()).unwrap();
    let desk = Desk::open(&url, Path::new(&key), tempfile::tempdir().unwrap()).await;
    let transport = Transport::Smtp(Smtp::new(settings, Some(SecretString::from(PASSWORD))).unwrap());
    desk.deliver(&transport).await.unwrap();
}

pub async fn two_processes_send_each_mail_once(bench: &Bench) {
    const MAILS: usize = 20;
    let desk = Desk::new(bench).await;
    let server = Server::start(SmtpTls::Implicit).await;
    for number in 0..MAILS {
        desk.put(&format!("invoice/{number}")).await;
    }
    let process = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::outbox::store_outbox_process", "--nocapture"])
            .env(URL_VARIABLE, &desk.url)
            .env(KEY_VARIABLE, desk.folder.path().join("key"))
            .env(SERVER_VARIABLE, serde_json::to_string(&server.settings()).unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut processes = [process(), process()];
    // Waited for beside the server, which lives in this process.
    let waited = tokio::task::spawn_blocking(move || processes.iter_mut().all(|one| one.wait().unwrap().success()));
    assert!(waited.await.unwrap());
    let mut received: Vec<String> = server.received().into_iter().map(|one| one.message).collect();
    received.sort();
    received.dedup();
    assert_eq!((received.len(), server.received().len()), (MAILS, MAILS), "each once");
    assert!(desk.store.mails(&Scope::Staff, None, None).await.unwrap().iter().all(|one| one.state == MailState::Sent));
}

pub async fn a_confidential_message_is_nowhere_in_clear(bench: &Bench) {
    let desk = Desk::new(bench).await;
    let mut login = announcement("login/zoe/1");
    login.message.text = "https://coop.example/login?token=canary-token-93".to_owned();
    let (position, is_new) = put(&desk.store, Some(&desk.vault), &desk.sender, &login, "portal", now()).await.unwrap();
    assert!(is_new);
    let there = || texts(&desk.url, "SELECT message || subject || answer FROM outbox");
    assert!(!there().await.concat().contains("canary-token"));
    let key = desk.mail(position).await.key;
    assert!(desk.vault.get_secret(&secret_name(&key)).await.unwrap().is_some());
    assert_eq!(desk.deliver(&desk.folder_transport()).await.unwrap().sent, [position]);
    let file = Folder::new(desk.folder.path().join("mails")).file(&key);
    assert!(std::fs::read_to_string(file).unwrap().contains("canary-token"), "its recipient gets it");
    assert!(desk.vault.get_secret(&secret_name(&key)).await.unwrap().is_none(), "gone once it is sent");
}

/// R11: the sending of a renewal notice is its proof, recorded with it.
pub async fn a_sent_renewal_notice_is_on_record(bench: &Bench) {
    let desk = Desk::new(bench).await;
    let mut notice = announcement("renewal/lilas/2027-01-31");
    notice.kind = RENEWAL_NOTICE;
    notice.about = Some("2027-01-31".to_owned());
    put(&desk.store, None, &desk.sender, &notice, "ana", now()).await.unwrap();
    assert_eq!(desk.store.notices(&Scope::Staff).await.unwrap(), [], "not before it is sent");
    desk.deliver(&desk.folder_transport()).await.unwrap();
    desk.deliver(&desk.folder_transport()).await.unwrap();
    let recorded = desk.store.notices(&Scope::Staff).await.unwrap();
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].term.to_string(), "2027-01-31");
    assert_eq!(recorded[0].means, "e-mail");
    assert!(recorded[0].proof.contains("renewal/lilas/2027-01-31/compta@lilas.example"), "{}", recorded[0].proof);
}
