//! The first screen: four questions, four answers.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::area::Need;
use super::super::page::{Shell, html};
use super::super::say;
use super::super::session::ClientSession;
use super::super::{Portal, Problem};
use super::here::Here;
use super::{Answer, backups, hours, money, services};
use crate::billing::book::Book;

#[derive(Template)]
#[template(path = "portal/home.html")]
struct Home {
    shell: Shell,
    day: String,
    answers: Vec<Answer>,
}

/// The first screen.
pub async fn home(State(portal): State<Arc<Portal>>, session: ClientSession) -> Result<Response, Problem> {
    let words = session.contact.words;
    let book = Book::read(&portal.store, &session.scope()).await?;
    let account = book.account(&session.client().id);
    let here = Here::of(&portal, &session).await?;
    let mut answers = vec![
        services::answer(&session, here.as_ref())?,
        backups::answer(&portal, &session, here.as_ref()).await?,
        hours::answer(&session, &account)?,
    ];
    if session.may(Need::Billing) {
        answers.push(money::answer(&portal, &session, &account).await?);
    } else {
        answers.push(money::hidden(&session));
    }
    let shell = Shell::client(&session, words.home_title(), "");
    html(&Home { shell, day: say::day(session.today(), words), answers })
}
