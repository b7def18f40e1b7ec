//! `accolades request`: what clients ask for in the portal, and what becomes of it.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::cli::when;
use crate::domain::ids::ClientId;
use crate::portal::answers;
use crate::store::{Request as Asked, RequestKind, RequestState, RequestStep, Scope};

/// Version of what these commands print with `--json`, and of the steps that they record.
const JSON_VERSION: u32 = 1;

/// What to do with requests.
#[derive(Debug, Subcommand)]
pub enum Request {
    /// What waits, with the command that carries it out
    List(List),
    /// Record what becomes of a request: the client reads it in the portal, and in a mail to whoever asked
    Answer(Answer),
}

/// Which requests.
#[derive(Debug, Args)]
pub struct List {
    /// The client; without one, all.
    client: Option<ClientId>,
    /// Those too that are done, refused or withdrawn.
    #[arg(long)]
    all: bool,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Becomes {
    /// It goes on.
    Answered,
    /// It is done.
    Done,
    /// It is not going to be done.
    Refused,
}

/// An answer.
#[derive(Debug, Args)]
pub struct Answer {
    /// Number of the request.
    request: i64,
    /// What becomes of it.
    #[arg(value_enum)]
    becomes: Becomes,
    /// What the client reads.
    #[arg(long, value_name = "WORDS")]
    words: String,
}

/// Runs `request`.
///
/// # Errors
/// What is refused, or a store that cannot be read or written.
pub async fn run(session: &Session, what: Request) -> Result<Exit, Failure> {
    match what {
        Request::List(list) => self::list(session, list).await,
        Request::Answer(answer) => self::answer(session, answer).await,
    }
}

fn text<'a>(request: &'a Asked, name: &str) -> &'a str {
    request.asked().and_then(|step| step.detail.get(name)).and_then(Value::as_str).unwrap_or_default()
}

/// What is asked for, on one line.
fn words(request: &Asked) -> String {
    match request.kind {
        RequestKind::Help => text(request, "subject").to_owned(),
        RequestKind::SeatAdd => {
            format!(
                "seat for {} {} from {}",
                text(request, "first_name"),
                text(request, "last_name"),
                text(request, "from")
            )
        }
        RequestKind::SeatEnd => format!("seat of {} ends on {}", text(request, "name"), text(request, "until")),
    }
}

/// The command that carries a seat's request out. Names are a client's words: quoted, never trusted.
fn command(request: &Asked) -> Option<String> {
    let quoted = |name: &str| format!("'{}'", text(request, name).replace('\'', "'\\''"));
    match request.kind {
        RequestKind::Help => None,
        RequestKind::SeatAdd => Some(format!(
            "accolades seat add {} PERSON --from {} --name {} {} --mail-domain DOMAIN",
            request.client,
            text(request, "from"),
            quoted("first_name"),
            quoted("last_name")
        )),
        RequestKind::SeatEnd => Some(format!(
            "accolades seat end {} {} --on {}",
            request.client,
            text(request, "person"),
            text(request, "until")
        )),
    }
}

async fn list(session: &Session, list: List) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    let scope = match &list.client {
        Some(id) => Scope::Client(crate::cli::selection::client(&accepted.inventory, id.as_str())?.id.clone()),
        None => Scope::Staff,
    };
    let requests = store.requests(&scope).await?;
    let shown: Vec<&Asked> = requests.iter().filter(|one| list.all || !one.state().is_final()).collect();
    if session.output.is_json() {
        let rows = shown.iter().map(|one| {
            let steps = one
                .steps
                .iter()
                .map(|step| json!({ "state": step.state, "detail": step.detail, "by": step.by, "at_us": step.at_us }));
            json!({
                "request": one.number, "client": one.client, "kind": one.kind, "state": one.state(),
                "steps": steps.collect::<Vec<_>>(), "command": command(one),
            })
        });
        let rows: Vec<_> = rows.collect();
        session.output.json(&json!({ "version": JSON_VERSION, "requests": rows }))?;
        return Ok(Exit::Ok);
    }
    let zone = when::zone(&accepted.inventory.cooperative);
    let rows = shown.iter().map(|one| {
        vec![
            one.number.to_string(),
            one.asked().map(|step| when::minute(step.at_us, &zone)).unwrap_or_default(),
            one.client.to_string(),
            words(one),
            one.state().word().to_owned(),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    session.output.data(&table(&["request", "asked", "client", "what", "state"], &rows))?;
    for one in shown.iter().filter(|one| !one.state().is_final()) {
        if let Some(command) = command(one) {
            session.output.say(&format!("request {}: {command}", one.number));
        }
    }
    Ok(Exit::Ok)
}

async fn answer(session: &Session, answer: Answer) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let found = store.request(&Scope::Staff, answer.request).await?;
    let request = found.ok_or_else(|| {
        Failure::usage(format!("there is no request {}", answer.request), "`accolades request list` shows them")
    })?;
    let words = answer.words.trim();
    if words.is_empty() {
        return Err(Failure::usage("the answer says nothing", "`--words` is what the client reads"));
    }
    let state = match answer.becomes {
        Becomes::Answered => RequestState::Answered,
        Becomes::Done => RequestState::Done,
        Becomes::Refused => RequestState::Refused,
    };
    let now = session.now().await?;
    let step = RequestStep {
        state,
        detail: json!({ "version": JSON_VERSION, "words": words }),
        by: session.who()?,
        at_us: now.as_microsecond(),
    };
    let inventory = session.accepted(&store).await?.inventory;
    let mail = answers::owed(&inventory, &request, &step, now)?;
    store.answer_request_by_mail(&request, &step, mail.as_ref()).await?;
    let told = mail.map_or_else(|| "nobody is told by mail".to_owned(), |mail| format!("told to {}", mail.recipient));
    session.output.say(&format!("request {} is {}, {told}", request.number, state.word()));
    Ok(Exit::Ok)
}
