//! Changes of the inventory from a page: shown first, then written to the files and accepted. An edit that somebody made in
//! the files and did not accept is shown, never overwritten.

use std::collections::BTreeMap;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{audit, shell};
use crate::acceptance::{Standing, StandingError};
use crate::billing::impact::{impacts, in_words};
use crate::domain::ids::ClientId;
use crate::inventory::edit::{Edit, EditError};
use crate::inventory::{self, Drawing};
use crate::portal::page::{Shell, html};
use crate::portal::{Portal, Problem, StaffSession};
use crate::store::{Scope, StoreError};

/// A change that can be made.
pub(super) struct Proposal {
    standing: Standing,
    edit: Edit,
}

/// Why it cannot.
pub(super) enum Objection {
    /// The files say something that nobody accepted: the difference.
    Unaccepted(String),
    /// The inventory has mistakes now, or would have: in words.
    Mistakes(String),
    /// There are no files here.
    NoFiles,
}

/// Makes the change on the files as they are, without writing anything.
pub(super) async fn propose(
    portal: &Portal,
    make: impl FnOnce(&BTreeMap<String, String>) -> Result<Edit, EditError>,
) -> Result<Result<Proposal, Objection>, Problem> {
    let folder = portal.desk().inventory();
    if !folder.is_dir() {
        return Ok(Err(Objection::NoFiles));
    }
    let standing = match Standing::read(&portal.store, folder).await {
        Ok(standing) => standing,
        Err(StandingError::Mistakes(mistakes)) => return Ok(Err(Objection::Mistakes(mistakes.render(Drawing::Plain)))),
        Err(StandingError::Store(error)) => return Err(error.into()),
    };
    if let Some(difference) = standing.difference() {
        return Ok(Err(Objection::Unaccepted(difference)));
    }
    let files = standing.latest.as_ref().map(|latest| latest.files.clone()).unwrap_or_default();
    Ok(match make(&files) {
        Ok(edit) => Ok(Proposal { standing, edit }),
        Err(EditError::Mistakes(mistakes)) => Err(Objection::Mistakes(mistakes.render(Drawing::Plain))),
        Err(error) => Err(Objection::Mistakes(error.to_string())),
    })
}

impl Proposal {
    /// What changes in the files.
    fn difference(&self) -> String {
        let before = self.standing.latest.as_ref().map(|latest| &latest.files);
        before.map(|before| inventory::difference(before, &self.edit.files)).unwrap_or_default()
    }

    /// Names what is to be accepted: the same version changed in the same way.
    fn mark(&self) -> String {
        format!("{}-{}", self.standing.number(), inventory::content_hash(&self.edit.files))
    }

    /// Writes the files and accepts them, when they are what was shown. None when they are not any more.
    pub(super) async fn carry_out(
        &self,
        portal: &Portal,
        session: &StaffSession,
        client: &ClientId,
        shown: &str,
    ) -> Result<Option<i64>, Problem> {
        if shown != self.mark() {
            return Ok(None);
        }
        let folder = portal.desk().inventory();
        self.edit.write(folder).map_err(|error| {
            tracing::error!(%error, "the inventory's files cannot be written");
            Problem::Unavailable
        })?;
        let standing = match Standing::read(&portal.store, folder).await {
            Ok(standing) => standing,
            Err(StandingError::Store(error)) => return Err(error.into()),
            // Checked before it was written: somebody else writes to the folder at this moment.
            Err(StandingError::Mistakes(_)) => return Ok(None),
        };
        let at_us = session.now.as_microsecond();
        let version = match standing.accept(&portal.store, &session.account.name, at_us).await {
            Ok(version) => version,
            Err(StoreError::Conflict { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let number = version.map_or_else(|| standing.number(), |version| version.number);
        let detail = json!({ "inventory": number });
        audit(portal, session, "inventory-accepted", Scope::Client(client.clone()), detail).await?;
        Ok(Some(number))
    }
}

/// A page that shows a change before it is made.
#[derive(Template)]
#[template(path = "portal/staff/change.html")]
struct ChangePage {
    shell: Shell,
    notice: Option<&'static str>,
    difference: String,
    impact: String,
    action: String,
    mark: String,
    form: String,
    fields: Vec<(String, String)>,
}

/// Shows a change; `fields` come back with the confirmation.
pub(super) async fn show(
    portal: &Portal,
    session: &StaffSession,
    proposal: &Proposal,
    action: String,
    fields: Vec<(String, String)>,
    notice: Option<&'static str>,
) -> Result<Response, Problem> {
    let impacts = impacts(&portal.store, session.inventory(), &proposal.edit.inventory).await?;
    let shell = shell(session, session.words.staff_change_title(), &action);
    let impact = in_words(&impacts);
    let (difference, mark, form) = (proposal.difference(), proposal.mark(), portal.new_id());
    html(&ChangePage { shell, notice, difference, impact, action, mark, form, fields })
}

#[derive(Template)]
#[template(path = "portal/staff/objection.html")]
struct ObjectionPage {
    shell: Shell,
    title: &'static str,
    lead: &'static str,
    text: String,
    back: String,
}

/// Shows why a change cannot be made.
pub(super) fn object(session: &StaffSession, objection: Objection, path: &str) -> Result<Response, Problem> {
    let words = session.words;
    let (title, lead, text) = match objection {
        Objection::Unaccepted(difference) => {
            (words.staff_change_conflict(), words.staff_change_conflict_lead(), difference)
        }
        Objection::Mistakes(text) => (words.staff_change_title(), words.staff_change_mistakes(), text),
        Objection::NoFiles => (words.staff_change_title(), words.staff_change_no_files(), String::new()),
    };
    let page = ObjectionPage { shell: shell(session, title, path), title, lead, text, back: path.to_owned() };
    Ok((StatusCode::CONFLICT, html(&page)?).into_response())
}
