//! What clients ask for in the portal, and what became of it. Nothing is changed: each answer is a further row.

use serde_json::Value;

use crate::domain::ids::ClientId;

use super::{NewMail, Scope, Store, StoreError, payload};

/// Kinds of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestKind {
    /// A question, or something that does not work.
    Help,
    /// A seat for somebody.
    SeatAdd,
    /// The end of somebody's seat.
    SeatEnd,
}

impl RequestKind {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            RequestKind::Help => "help",
            RequestKind::SeatAdd => "seat-add",
            RequestKind::SeatEnd => "seat-end",
        }
    }

    fn of_word(word: &str) -> Option<RequestKind> {
        [RequestKind::Help, RequestKind::SeatAdd, RequestKind::SeatEnd].into_iter().find(|one| one.word() == word)
    }
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestState {
    /// Nobody has answered.
    Asked,
    /// Somebody has answered; it goes on.
    Answered,
    /// It is done.
    Done,
    /// It is not going to be done.
    Refused,
    /// Whoever asked does not want it any more.
    Withdrawn,
}

impl RequestState {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            RequestState::Asked => "asked",
            RequestState::Answered => "answered",
            RequestState::Done => "done",
            RequestState::Refused => "refused",
            RequestState::Withdrawn => "withdrawn",
        }
    }

    fn of_word(word: &str) -> Option<RequestState> {
        use RequestState::{Answered, Asked, Done, Refused, Withdrawn};
        [Asked, Answered, Done, Refused, Withdrawn].into_iter().find(|one| one.word() == word)
    }

    /// Whether nothing follows any more.
    pub const fn is_final(self) -> bool {
        matches!(self, RequestState::Done | RequestState::Refused | RequestState::Withdrawn)
    }
}

/// A request to record.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRequest {
    /// Whose.
    pub client: ClientId,
    /// Its kind.
    pub kind: RequestKind,
    /// What the form carries: the same form asks once.
    pub form: String,
    /// What is asked for, with its `version`.
    pub detail: Value,
    /// Who asks.
    pub by: String,
    /// When.
    pub at_us: i64,
}

/// A step of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestStep {
    /// How far it is since.
    pub state: RequestState,
    /// What is said, with its `version`.
    pub detail: Value,
    /// Who.
    pub by: String,
    /// When.
    pub at_us: i64,
}

/// A request on record.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Its number.
    pub number: i64,
    /// Whose.
    pub client: ClientId,
    /// Its kind.
    pub kind: RequestKind,
    /// What was asked for, then what became of it. Never empty.
    pub steps: Vec<RequestStep>,
}

impl Request {
    /// How far it is.
    pub fn state(&self) -> RequestState {
        self.steps.last().map_or(RequestState::Asked, |step| step.state)
    }

    /// What was asked for.
    pub fn asked(&self) -> Option<&RequestStep> {
        self.steps.first()
    }
}

type Row = (i64, i64, String, String, String, String, String, i64);

const COUNT: &str = "
    INSERT INTO counters (name, value) VALUES ('requests', 1)
    ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value";
const SELECT_FORM: &str = "SELECT request FROM requests WHERE form = $1 AND client = $2";
const INSERT: &str = "
    INSERT INTO requests
        (position, request, step, state, form, client, kind, detail, recorded_by, recorded_at_us)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
const SELECT: &str = "
    SELECT request, step, state, client, kind, detail, recorded_by, recorded_at_us
    FROM requests WHERE ($1 = 'staff' OR 'client:' || client = $1) AND ($2 = 0 OR request = $2)
    ORDER BY request, step";

impl Store {
    /// Records a request; its number. The same form again gives the number that it got.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn ask(&self, new: &NewRequest) -> Result<i64, StoreError> {
        let detail = payload::to_text(&new.detail, "detail of a request")?;
        let number: Option<i64> = in_transaction!(self, |tx| {
            let known: Option<i64> = sqlx::query_scalar(SELECT_FORM)
                .bind(&new.form)
                .bind(new.client.as_str())
                .fetch_optional(&mut *tx)
                .await?;
            match known {
                Some(known) => Some(known),
                None => {
                    let position: i64 = sqlx::query_scalar(COUNT).fetch_one(&mut *tx).await?;
                    let inserted = sqlx::query(INSERT)
                        .bind(position)
                        .bind(position)
                        .bind(0_i64)
                        .bind(RequestState::Asked.word())
                        .bind(Some(&new.form))
                        .bind(new.client.as_str())
                        .bind(new.kind.word())
                        .bind(&detail)
                        .bind(&new.by)
                        .bind(new.at_us)
                        .execute(&mut *tx)
                        .await?
                        .rows_affected();
                    (inserted == 1).then_some(position)
                }
            }
        });
        number.ok_or_else(|| {
            StoreError::conflict("this form was sent at the same moment already", "look at what was asked for")
        })
    }

    /// Records what becomes of a request.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when nothing follows it any more, or somebody was first.
    pub async fn answer_request(&self, request: &Request, step: &RequestStep) -> Result<(), StoreError> {
        self.answer_request_by_mail(request, step, None).await
    }

    /// The same, with the mail that tells the client, when there is one: a crash leaves both or none.
    ///
    /// # Errors
    /// As [`Store::answer_request`]; nothing is in the outbox then.
    pub async fn answer_request_by_mail(
        &self,
        request: &Request,
        step: &RequestStep,
        mail: Option<&NewMail>,
    ) -> Result<(), StoreError> {
        let detail = payload::to_text(&step.detail, "detail of a request")?;
        let next = i64::try_from(request.steps.len()).unwrap_or(i64::MAX);
        let inserted = if request.state().is_final() {
            0
        } else {
            in_transaction!(self, |tx| {
                let position: i64 = sqlx::query_scalar(COUNT).fetch_one(&mut *tx).await?;
                let inserted = sqlx::query(INSERT)
                    .bind(position)
                    .bind(request.number)
                    .bind(next)
                    .bind(step.state.word())
                    .bind(None::<String>)
                    .bind(request.client.as_str())
                    .bind(request.kind.word())
                    .bind(&detail)
                    .bind(&step.by)
                    .bind(step.at_us)
                    .execute(&mut *tx)
                    .await?
                    .rows_affected();
                if let Some(mail) = mail.filter(|_| inserted == 1) {
                    put_mail!(tx, mail);
                }
                inserted
            })
        };
        if inserted == 1 {
            return Ok(());
        }
        let next = "look at it again: somebody else was first";
        Err(StoreError::conflict(format!("request {} was answered already", request.number), next))
    }

    /// The requests within a scope, in the order of asking.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn requests(&self, scope: &Scope) -> Result<Vec<Request>, StoreError> {
        self.select_requests(scope, 0).await
    }

    /// The request of a number.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn request(&self, scope: &Scope, number: i64) -> Result<Option<Request>, StoreError> {
        if number <= 0 {
            return Ok(None);
        }
        Ok(self.select_requests(scope, number).await?.into_iter().next())
    }

    async fn select_requests(&self, scope: &Scope, number: i64) -> Result<Vec<Request>, StoreError> {
        let rows: Vec<Row> =
            on_pool!(self, |pool| { sqlx::query_as(SELECT).bind(scope.mark()).bind(number).fetch_all(pool).await? });
        let mut requests: Vec<Request> = Vec::new();
        for row in rows {
            add(&mut requests, row).ok_or(StoreError::Unreadable { what: "request" })?;
        }
        Ok(requests)
    }
}

fn add(requests: &mut Vec<Request>, row: Row) -> Option<()> {
    let (number, _, state, client, kind, detail, by, at_us) = row;
    let detail = payload::from_text(&detail, "detail of a request").ok()?;
    let step = RequestStep { state: RequestState::of_word(&state)?, detail, by, at_us };
    match requests.last_mut().filter(|last| last.number == number) {
        Some(last) => last.steps.push(step),
        None => requests.push(Request {
            number,
            client: ClientId::new(client).ok()?,
            kind: RequestKind::of_word(&kind)?,
            steps: vec![step],
        }),
    }
    Some(())
}
