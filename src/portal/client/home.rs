//! The first screen: four questions, four answers.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};

use super::super::area::Need;
use super::super::page::Shell;
use super::super::say;
use super::super::session::ClientSession;
use super::super::{Portal, Problem};
use super::here::Here;
use super::kept::MadeFrom;
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
    // Asked before anything is read: what comes in meanwhile makes the next visit read anew.
    let instance = session.client().instance_on(session.today());
    let newest = portal.store.newest_of(&session.client().id, instance).await?;
    let from = MadeFrom { inventory_number: session.inventory_number(), newest };
    if let Some(page) = portal.first_screens.find(&session, &from) {
        return Ok(Html(page).into_response());
    }
    let page = made(&portal, &session).await?.render()?;
    portal.first_screens.keep(&session, from, page.clone());
    Ok(Html(page).into_response())
}

async fn made(portal: &Portal, session: &ClientSession) -> Result<Home, Problem> {
    let words = session.contact.words;
    let book = Book::read(&portal.store, &session.scope()).await?;
    let account = book.account(&session.client().id);
    let here = Here::of(portal, session).await?;
    let mut answers = vec![
        services::answer(session, here.as_ref())?,
        backups::answer(portal, session, here.as_ref()).await?,
        hours::answer(session, &account)?,
    ];
    if session.may(Need::Billing) {
        answers.push(money::answer(portal, session, &account).await?);
    } else {
        answers.push(money::hidden(session));
    }
    let shell = Shell::client(session, words.home_title(), "");
    Ok(Home { shell, day: say::day(session.today(), words), answers })
}
