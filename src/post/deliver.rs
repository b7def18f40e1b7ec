//! Emptying the outbox.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

use super::put::secret_name;
use super::smtp::{Connection, Smtp, SmtpError};
use super::{Folder, PostError, Sender, Transport};
use crate::store::secrets::Vault;
use crate::store::{MailOutcome, MailRecord, MailState, Scope, Store};
use crate::util::clock::Clock;
use crate::util::limits;
use crate::util::process::{self, Holder};

/// Who delivers, from where to where.
pub struct Post<'a> {
    /// The store with the outbox.
    pub store: &'a Store,
    /// The secrets, where confidential messages are.
    pub vault: &'a Vault,
    /// Where mails leave.
    pub transport: &'a Transport,
    /// Who writes.
    pub sender: &'a Sender,
    /// The co-operative's zone: the day of sending is a day there.
    pub zone: &'a TimeZone,
    /// The clock.
    pub clock: &'a Clock,
    /// Tells two senders of one process apart.
    pub nonce: &'a str,
}

/// What became of the mails that were tried, by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// The server took them.
    pub sent: Vec<i64>,
    /// They are tried again later.
    pub later: Vec<i64>,
    /// They are not tried again: a person decides.
    pub failed: Vec<i64>,
    /// Nobody knows: a person decides.
    pub unknown: Vec<i64>,
}

impl Delivered {
    fn add(&mut self, position: i64, state: MailState) {
        match state {
            MailState::Sent => self.sent.push(position),
            MailState::Waiting | MailState::Sending => self.later.push(position),
            MailState::MayHaveBeenSent => self.unknown.push(position),
            MailState::Failed | MailState::GivenUp => self.failed.push(position),
        }
    }
}

/// Sends what is due, at most `limit` mails, after settling what a sender that died has left. Several may do so at once:
/// each mail is sent by one.
///
/// # Errors
/// When the server lets nobody in (no mail is touched then, none counts as tried), the folder cannot be written, or the
/// store fails. What was sent before is on record.
pub async fn deliver(post: &Post<'_>, limit: usize) -> Result<Delivered, PostError> {
    let mut delivered = Delivered::default();
    let holder = Holder::of_this_process(post.nonce).to_string();
    post.settle(&mut delivered).await?;
    let now = post.clock.now().await?;
    let due = post.store.due_mails(now.as_microsecond(), i64::try_from(limit).unwrap_or(i64::MAX)).await?;
    match post.transport {
        Transport::Folder(folder) => {
            for position in due {
                if let Some(mail) = post.claim(position, &holder).await? {
                    let fate = post.write_file(folder, &mail).await?;
                    post.finish(&mail, &holder, fate, &mut delivered).await?;
                }
            }
        }
        Transport::Smtp(smtp) => post.over_smtp(smtp, &due, &holder, &mut delivered).await?,
    }
    Ok(delivered)
}

/// What became of one mail: where it stands, and what was said.
struct Fate {
    state: MailState,
    answer: String,
}

impl Fate {
    fn sent(answer: String) -> Fate {
        Fate { state: MailState::Sent, answer }
    }

    fn failed(answer: impl Into<String>) -> Fate {
        Fate { state: MailState::Failed, answer: answer.into() }
    }

    /// The server does not have it: later, unless it said never.
    fn not_taken(error: &SmtpError) -> Fate {
        let state = if error.is_final() { MailState::Failed } else { MailState::Waiting };
        Fate { state, answer: error.to_string() }
    }
}

impl Post<'_> {
    /// Mails whose sender is dead, or had them for too long.
    async fn settle(&self, delivered: &mut Delivered) -> Result<(), PostError> {
        let now_us = self.clock.now().await?.as_microsecond();
        for mail in self.store.mails(&Scope::Staff, Some(MailState::Sending), None).await? {
            let Some(holder) = mail.holder.clone() else { continue };
            if !process::is_dead(&holder) && now_us < mail.until_us {
                continue;
            }
            let fate = match self.transport {
                Transport::Folder(folder) if folder.has(&mail.key) => Fate::sent("it was in the folder".to_owned()),
                _ if mail.is_handed_over => Fate {
                    state: MailState::MayHaveBeenSent,
                    answer: "its sender ended after handing it over, before any answer".to_owned(),
                },
                _ => Fate { state: MailState::Waiting, answer: "its sender ended before handing it over".to_owned() },
            };
            self.finish(&mail, &holder, fate, delivered).await?;
        }
        Ok(())
    }

    async fn claim(&self, position: i64, holder: &str) -> Result<Option<MailRecord>, PostError> {
        let now_us = self.clock.now().await?.as_microsecond();
        let until_us = now_us.saturating_add(micros(limits::MAIL_CLAIM_TIME));
        if !self.store.claim_mail(position, holder, now_us, until_us).await? {
            return Ok(None);
        }
        Ok(self.store.mail(&Scope::Staff, position).await?)
    }

    async fn message(&self, mail: &MailRecord) -> Result<Option<String>, PostError> {
        if mail.is_confidential {
            let secret = self.vault.get_secret(&secret_name(&mail.key)).await?;
            return Ok(secret.map(|message| message.expose_secret().to_owned()));
        }
        Ok(self.store.mail_message(&Scope::Staff, mail.position).await?.filter(|message| !message.is_empty()))
    }

    async fn write_file(&self, folder: &Folder, mail: &MailRecord) -> Result<Fate, PostError> {
        match self.message(mail).await? {
            Some(message) => Ok(Fate::sent(folder.write(&mail.key, message.as_bytes())?)),
            None => Ok(Fate::failed(NO_MESSAGE)),
        }
    }

    async fn over_smtp(
        &self,
        smtp: &Smtp,
        due: &[i64],
        holder: &str,
        delivered: &mut Delivered,
    ) -> Result<(), PostError> {
        let mut open: Option<Connection<'_>> = None;
        for position in due {
            // Before the mail is claimed: a server that lets nobody in costs no mail an attempt.
            let mut connection = match open.take() {
                Some(connection) => connection,
                None => smtp.connect().await?,
            };
            let Some(mail) = self.claim(*position, holder).await? else {
                open = Some(connection);
                continue;
            };
            let (fate, is_usable) = match self.message(&mail).await? {
                None => (Fate::failed(NO_MESSAGE), true),
                Some(message) => self.hand_over(&mut connection, &mail, holder, &message).await?,
            };
            self.finish(&mail, holder, fate, delivered).await?;
            if is_usable {
                open = Some(connection);
            }
        }
        if let Some(connection) = open {
            connection.quit().await;
        }
        Ok(())
    }

    /// Offers a mail, records that it is being handed over, hands it over. Also says whether the connection is still of use.
    async fn hand_over(
        &self,
        connection: &mut Connection<'_>,
        mail: &MailRecord,
        holder: &str,
        message: &str,
    ) -> Result<(Fate, bool), PostError> {
        if let Err(error) = connection.offer(&self.sender.address, &mail.recipient, message).await {
            let is_usable = error.is_refusal() && connection.reset().await;
            return Ok((Fate::not_taken(&error), is_usable));
        }
        if !self.store.hand_mail_over(mail.position, holder).await? {
            let answer = "another sender took it over before it was handed over".to_owned();
            return Ok((Fate { state: MailState::Waiting, answer }, false));
        }
        Ok(match connection.hand_over().await {
            Ok(answer) => (Fate::sent(answer), true),
            Err(error) if error.is_refusal() => (Fate::not_taken(&error), connection.reset().await),
            Err(error) => (Fate { state: MailState::MayHaveBeenSent, answer: error.to_string() }, false),
        })
    }

    async fn finish(
        &self,
        mail: &MailRecord,
        holder: &str,
        fate: Fate,
        delivered: &mut Delivered,
    ) -> Result<(), PostError> {
        let now = self.clock.now().await?;
        let Fate { mut state, mut answer } = fate;
        if state == MailState::Waiting && mail.attempts >= limits::MAIL_ATTEMPTS_MAX {
            state = MailState::Failed;
            answer = format!("tried {} times; the last time: {answer}", mail.attempts);
        }
        let outcome = MailOutcome {
            state,
            answer: &answer,
            not_before_us: next_try(now, mail.attempts).as_microsecond(),
            by: holder,
            at_us: now.as_microsecond(),
            on: now.to_zoned(self.zone.clone()).date(),
        };
        if self.store.finish_mail(mail.position, holder, &outcome).await? {
            if mail.is_confidential && state == MailState::Sent {
                self.vault.delete_secret(&secret_name(&mail.key)).await?;
            }
            delivered.add(mail.position, state);
        }
        Ok(())
    }
}

/// Why a mail without a message fails.
const NO_MESSAGE: &str = "its message is no longer there";

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// A minute after the first attempt, then four times as long each time, within a bound.
fn next_try(now: Timestamp, attempts: i64) -> Timestamp {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 15)).unwrap_or(0) * 2;
    let wait = limits::MAIL_RETRY_MIN.saturating_mul(1 << doublings.min(30)).min(limits::MAIL_RETRY_MAX);
    now.saturating_add(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
}
