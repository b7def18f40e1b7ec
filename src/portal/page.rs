//! The frame of every page, and plain pages.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use crate::inventory::model::Cooperative;

use super::area::Need;
use super::problem::Problem;
use super::session::{ClientSession, ContactSession, StaffSession};
use super::style;
use super::words::Words;

/// A link of the menu.
#[derive(Debug, Clone)]
pub struct Link {
    /// Where it leads.
    pub href: String,
    /// Its word.
    pub label: String,
    /// Whether it is the page itself.
    pub is_here: bool,
}

/// What is around a page's content.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The words.
    pub words: Words,
    /// The page's title.
    pub title: String,
    /// Where the style sheet is.
    pub style: &'static str,
    /// The co-operative's name.
    pub house: String,
    /// Its telephone number, as printed.
    pub phone: String,
    /// Its address for questions.
    pub email: String,
    /// Whose page it is, under the co-operative's name.
    pub whose: String,
    /// Where the name in the head leads.
    pub home: String,
    /// The menu.
    pub menu: Vec<Link>,
    /// Who is in; nobody on pages for anybody.
    pub person: Option<String>,
    /// The page itself, to come back to after a change of language.
    pub path: String,
    /// Said above the content, after something was done.
    pub notice: Option<String>,
    /// Whether the head leads to `/moi`.
    pub has_account: bool,
    /// Whether the head leads back to the choice among several clients.
    pub has_choice: bool,
}

impl Shell {
    /// Around a page for anybody.
    pub fn bare(words: Words, title: impl Into<String>, path: impl Into<String>, house: Option<&Cooperative>) -> Shell {
        Shell {
            words,
            title: title.into(),
            style: style::path(),
            house: house.map(|house| house.identity.name.clone()).unwrap_or_default(),
            phone: house.map(|house| house.support_phone.clone()).unwrap_or_default(),
            email: house.map(|house| house.support_email.clone()).unwrap_or_default(),
            whose: String::new(),
            home: "/".to_owned(),
            menu: Vec::new(),
            person: None,
            path: path.into(),
            notice: None,
            has_account: false,
            has_choice: false,
        }
    }

    /// Around a page of a contact.
    pub fn contact(contact: &ContactSession, title: impl Into<String>, path: impl Into<String>) -> Shell {
        let house = &contact.inventory().cooperative;
        Shell {
            person: Some(contact.email.clone()),
            has_account: true,
            has_choice: contact.clients().len() > 1,
            ..Shell::bare(contact.words, title, path, Some(house))
        }
    }

    /// Around a page of a client. `rest` is its path below the client's.
    pub fn client(session: &ClientSession, title: impl Into<String>, rest: &str) -> Shell {
        let words = session.contact.words;
        let sections = [
            ("", words.nav_home(), Need::Member),
            ("/sauvegardes", words.nav_backups(), Need::Member),
            ("/assistance", words.nav_support(), Need::Member),
            ("/factures", words.nav_invoices(), Need::Billing),
            ("/postes", words.nav_seats(), Need::Member),
            ("/aide", words.nav_help(), Need::Member),
            ("/documents", words.nav_documents(), Need::Member),
            ("/acces", words.nav_access(), Need::Member),
            ("/journal", words.nav_log(), Need::Member),
        ];
        let is_here = |section: &str| match section {
            "" => rest.is_empty(),
            section => rest == section || rest.strip_prefix(section).is_some_and(|more| more.starts_with('/')),
        };
        let menu = sections.into_iter().filter(|(_, _, need)| session.may(*need)).map(|(section, label, _)| Link {
            href: session.path(section),
            label: label.to_owned(),
            is_here: is_here(section),
        });
        Shell {
            whose: session.client().identity.name.clone(),
            home: session.path(""),
            menu: menu.collect(),
            person: Some(session.person().name.clone()),
            ..Shell::contact(&session.contact, title, session.path(rest))
        }
    }

    /// Around a page of the co-operative's people.
    pub fn staff(session: &StaffSession, title: impl Into<String>, path: &str, menu: Vec<Link>) -> Shell {
        let house = &session.inventory().cooperative;
        Shell {
            home: "/equipe".to_owned(),
            menu,
            person: Some(session.account.full_name.clone()),
            ..Shell::bare(session.words, title, path, Some(house))
        }
    }

    /// With something said above the content.
    #[must_use]
    pub fn saying(mut self, notice: Option<String>) -> Shell {
        self.notice = notice;
        self
    }

    /// The address that changes the language and comes back.
    pub fn language_href(&self) -> String {
        let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("vers", &self.path).finish();
        format!("/langue/{}?{query}", self.words.other().code())
    }

    /// The telephone number to dial.
    pub fn phone_href(&self) -> String {
        let digits: String = self.phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        format!("tel:{digits}")
    }
}

/// A page's HTML.
///
/// # Errors
/// [`Problem::Bug`] when its template fails.
pub fn html(page: &impl Template) -> Result<Response, Problem> {
    Ok(Html(page.render()?).into_response())
}

#[derive(Template)]
#[template(path = "portal/plain.html")]
struct Plain {
    shell: Shell,
    lead: &'static str,
}

/// The page for what went wrong: nothing of the store is needed for it. Without an inventory there is no number to call.
pub(super) fn plain(words: Words, problem: Problem, is_staff: bool, house: Option<&Cooperative>) -> Html<String> {
    let (title, lead) = match problem {
        Problem::NotFound | Problem::Outside { .. } => (words.not_found_title(), words.not_found()),
        Problem::Foreign => (words.foreign_title(), words.foreign()),
        Problem::TooLarge => (words.too_large_title(), words.too_large()),
        Problem::Unreadable => (words.unreadable_title(), words.unreadable()),
        Problem::TooOften => (words.too_often_title(), words.too_often()),
        Problem::Unavailable => (words.unavailable_title(), words.unavailable()),
        Problem::NotReady => (words.not_ready_title(), words.not_ready()),
        Problem::Bug => (words.bug_title(), words.bug()),
    };
    let home = if is_staff { "/equipe" } else { "/" };
    let shell = Shell { home: home.to_owned(), ..Shell::bare(words, title, home, house) };
    let text = Plain { shell, lead }.render();
    Html(text.unwrap_or_else(|_| title.to_owned()))
}
