//! What the portal writes to people: put into the outbox, from where it is sent like every other mail. What lets somebody
//! in is confidential there: among the secrets until it is sent, never in clear.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::inventory::model::{Contact, Cooperative, Inventory};
use crate::post::{Announcement, Message, PostError, Recipient, Sender, compose, put};
use crate::store::{NewMail, Scope};

use super::session::contact_of;
use super::words::Words;
use super::{Portal, Problem};

/// Who puts these mails in.
const BY: &str = "portal";

/// Letters that are being written while the page has been answered already.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Mutex<JoinSet<()>>);

/// A letter to a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Of what: put in again it stays one mail.
    pub key: String,
    /// Whose data it is about.
    pub scope: Scope,
    /// Kind, as lists of mails show it.
    pub kind: &'static str,
    /// To whom.
    pub to: Recipient,
    /// What about.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// Whether it lets somebody in.
    pub is_confidential: bool,
}

impl Portal {
    /// Writes the mail that lets somebody in, when the address is a contact's. The page has been answered by then: how long
    /// this takes tells nobody whether it is.
    pub(super) fn send_entry_letter(
        self: &Arc<Self>,
        email: String,
        id: String,
        token: String,
        code: String,
        vers: String,
    ) {
        let portal = self.clone();
        let write = async move {
            let Ok(accepted) = portal.accepted().await else { return };
            let Some(letter) = entry_letter(&portal, &accepted.inventory, &email, &id, &token, &code, &vers) else {
                return;
            };
            // Told to the operator's log by the conversion; whoever waits for the mail asks for another one.
            if let Ok(now) = portal.now().await {
                let _ = portal.send(&accepted.inventory.cooperative, letter, now).await;
            }
        };
        let mut under_way = self.letters.0.lock().unwrap_or_else(PoisonError::into_inner);
        while under_way.try_join_next().is_some() {}
        under_way.spawn(write);
    }

    /// Waits for letters that are being written.
    pub(super) async fn letters_written(&self) {
        let mut under_way = std::mem::take(&mut *self.letters.0.lock().unwrap_or_else(PoisonError::into_inner));
        while under_way.join_next().await.is_some() {}
    }

    /// Puts a letter into the outbox.
    ///
    /// # Errors
    /// When it cannot be written: nothing is in the outbox then.
    pub(super) async fn send(&self, house: &Cooperative, letter: Letter, now: Timestamp) -> Result<(), Problem> {
        let vault = letter.is_confidential.then_some(&self.vault);
        put(&self.store, vault, &Sender::of(house), &letter.announcement(), BY, now).await?;
        Ok(())
    }
}

impl Letter {
    fn announcement(self) -> Announcement {
        let Letter { key, scope, kind, to, subject, text, .. } = self;
        let message = Message { to, subject, text, html: None, attachments: Vec::new() };
        Announcement { key, scope, kind, about: None, message }
    }

    /// As the outbox takes it together with what the letter is about, so that a crash leaves both or none. Not for what
    /// lets somebody in: that belongs among the secrets.
    ///
    /// # Errors
    /// When it could never be sent.
    pub(super) fn owed(self, house: &Cooperative, now: Timestamp) -> Result<NewMail, PostError> {
        compose(&Sender::of(house), &self.announcement(), BY, now)
    }
}

fn entry_letter(
    portal: &Portal,
    inventory: &Inventory,
    email: &str,
    id: &str,
    token: &str,
    code: &str,
    vers: &str,
) -> Option<Letter> {
    let clients = contact_of(inventory, email);
    let client = clients.first()?;
    let contact = client.contacts.iter().find(|one| one.email.to_lowercase() == email)?;
    let words = Words::in_language(client.language);
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("vers", vers).finish();
    let link = format!("{}/entrer/lien/{token}?{query}", portal.settings.public_url);
    let house = &inventory.cooperative.identity.name;
    let phone = &inventory.cooperative.support_phone;
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let text = words.pick(
        format!(
            "Bonjour,\n\nPour entrer dans votre espace, ouvrez ce lien et appuyez sur le bouton :\n\n{link}\n\nSur un autre appareil, \
             tapez ces six chiffres : {spaced}\n\nLe lien et les chiffres valent quinze minutes, une seule fois. Ne les donnez à \
             personne, même à nous : nous ne les demandons jamais.\n\nSi vous n’avez rien demandé, ne faites rien : sans ce \
             message personne n’entre.\n\n{house}\n{phone}\n"
        ),
        format!(
            "Hello,\n\nTo enter your space, open this link and press the button:\n\n{link}\n\nOn another device, type these six \
             digits: {spaced}\n\nLink and digits are valid for fifteen minutes, once. Give them to nobody, not even to us: we never \
             ask for them.\n\nIf you did not ask for this, do nothing: without this message nobody gets in.\n\n{house}\n{phone}\n"
        ),
    );
    Some(Letter {
        key: format!("entry/{id}"),
        scope: Scope::Client(client.id.clone()),
        kind: "login",
        to: to(contact),
        subject: words.pick(format!("Entrer dans votre espace {house}"), format!("Enter your space at {house}")),
        text,
        is_confidential: true,
    })
}

/// A contact as a mail names them.
pub(super) fn to(contact: &Contact) -> Recipient {
    Recipient { name: Some(contact.name.clone()), address: contact.email.clone() }
}
