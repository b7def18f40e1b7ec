//! Work: what the program did and does, and how far an order is.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, Uri};
use axum::response::Response;
use jiff::tz::TimeZone;

use super::state::headline;
use super::{is_technician, plan, shell};
use crate::domain::jobs::Outcome;
use crate::jobs::Order;
use crate::plan::Plan;
use crate::portal::form::query;
use crate::portal::page::{Shell, html};
use crate::portal::picture::Tone;
use crate::portal::words::Words;
use crate::portal::{Portal, Problem, StaffSession, say};
use crate::store::{ActionState, JobAttempt, JobOrder, Scope};

/// Attempts that are shown.
const SHOWN: u32 = 40;

/// Runs among which that of a plan is looked for.
const RUNS_LOOKED_AT: u32 = 50;

/// Seconds between two refreshes of a page that is followed: no script is needed for it.
const FOLLOW_SECONDS: &str = "3";

/// An attempt at a job.
struct Row {
    began: String,
    job: String,
    attempt: u32,
    tone: Tone,
    outcome: String,
    words: String,
}

#[derive(Template)]
#[template(path = "portal/staff/work.html")]
struct Page {
    shell: Shell,
    open: Vec<[String; 4]>,
    rows: Vec<Row>,
}

/// The latest work.
pub async fn page(State(portal): State<Arc<Portal>>, session: StaffSession) -> Result<Response, Problem> {
    let words = session.words;
    let zone = session.inventory().cooperative_zone();
    let open = portal.store.open_job_orders(&Scope::Staff).await?.into_iter().map(|order| {
        let new = order.new;
        [new.id, job_name(&new.kind, words).to_owned(), new.by, say::moment_us(new.at_us, &zone, words)]
    });
    let open = open.collect();
    let rows = portal.store.job_attempts(SHOWN).await?.iter().map(|one| row(one, &zone, words)).collect();
    html(&Page { shell: shell(&session, words.staff_work(), "/equipe/travaux"), open, rows })
}

fn row(attempt: &JobAttempt, zone: &TimeZone, words: Words) -> Row {
    let (tone, outcome, said) = match &attempt.end {
        None => (Tone::Unknown, words.staff_order_under_way().to_owned(), String::new()),
        Some(end) => {
            let tone = match end.outcome {
                Outcome::Done => Tone::Good,
                Outcome::CutShort => Tone::Warning,
                Outcome::Failed | Outcome::Refused => Tone::Bad,
            };
            (tone, outcome_word(end.outcome, words).to_owned(), headline(&end.words).to_owned())
        }
    };
    Row {
        began: say::moment_us(attempt.began_at_us, zone, words),
        job: job_name(&attempt.job.kind, words).to_owned(),
        attempt: attempt.attempt,
        tone,
        outcome,
        words: said,
    }
}

/// A kind of job in words. What is new here is shown by its name.
pub(super) fn job_name(kind: &str, words: Words) -> &str {
    match kind {
        "sweep" => words.job_sweep(),
        "drills" => words.job_drills(),
        "mail" => words.job_mail(),
        "letters" => words.job_letters(),
        "compare" => words.job_compare(),
        "tidy" => words.job_tidy(),
        "plan" => words.job_plan(),
        "apply" => words.job_apply(),
        "issue" => words.job_issue(),
        other => other,
    }
}

fn outcome_word(outcome: Outcome, words: Words) -> &'static str {
    match outcome {
        Outcome::Done => words.staff_step_done(),
        Outcome::CutShort => words.staff_outcome_cut_short(),
        Outcome::Failed => words.staff_step_failed(),
        Outcome::Refused => words.staff_outcome_refused(),
    }
}

/// A step of a plan that is carried out.
struct Step {
    title: String,
    tone: Tone,
    state: &'static str,
}

#[derive(Template)]
#[template(path = "portal/staff/order.html")]
struct OrderPage {
    shell: Shell,
    tone: Tone,
    sentence: String,
    words: String,
    steps: Vec<Step>,
    plan: Option<String>,
    here: String,
    is_over: bool,
    is_followed: bool,
}

/// How far an order is.
pub async fn order(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let words = session.words;
    let kept = portal.store.job_order(&Scope::Staff, &id).await?.ok_or(Problem::NotFound)?;
    let last = portal.store.last_job_attempt(&kept.new.kind, &id).await?;
    let zone = session.inventory().cooperative_zone();
    let (tone, sentence, said) = standing(&kept, last.as_ref(), &zone, words);
    let order = Order::read(&kept.new.content).ok();
    let is_done = kept.end.as_ref().is_some_and(|(_, outcome, _)| outcome == Outcome::Done.word());
    let shown_plan = match &order {
        Some(Order::Plan { .. }) if is_done => Some(said.clone()),
        Some(Order::Apply { plan, .. }) => Some(plan.clone()),
        _ => None,
    };
    let steps = match &order {
        Some(Order::Apply { plan: id, .. }) => match plan::kept(&portal, id).await {
            Ok(plan) => steps(&portal, &kept, &plan, words).await?,
            Err(Problem::NotFound) => Vec::new(),
            Err(problem) => return Err(problem),
        },
        _ => Vec::new(),
    };
    let here = format!("/equipe/travaux/{id}");
    let is_over = kept.end.is_some();
    let is_followed = !is_over && query(&uri).get("suivre") == "oui";
    let page = OrderPage {
        shell: shell(
            &session,
            format!("{}{} {}", words.staff_job(), words.colon(), job_name(&kept.new.kind, words)),
            &here,
        ),
        tone,
        sentence,
        words: if matches!(order, Some(Order::Plan { .. })) && is_done { String::new() } else { said },
        steps,
        plan: shown_plan.filter(|_| is_technician(&session)).map(|id| format!("/equipe/plans/{id}")),
        here,
        is_over,
        is_followed,
    };
    let mut response = html(&page)?;
    if is_followed {
        response.headers_mut().insert(HeaderName::from_static("refresh"), HeaderValue::from_static(FOLLOW_SECONDS));
    }
    Ok(response)
}

/// The sentence about an order, and the words of its last end.
fn standing(order: &JobOrder, last: Option<&JobAttempt>, zone: &TimeZone, words: Words) -> (Tone, String, String) {
    if let Some((_, outcome, said)) = &order.end {
        let (tone, sentence) = match Outcome::from_word(outcome) {
            Some(Outcome::Done) => (Tone::Good, words.staff_order_done()),
            Some(Outcome::Refused) => (Tone::Bad, words.staff_order_refused()),
            _ => (Tone::Bad, words.staff_order_failed()),
        };
        return (tone, sentence.to_owned(), said.clone());
    }
    match last.map(|last| (last, &last.end)) {
        None => (Tone::Unknown, words.staff_order_waiting().to_owned(), String::new()),
        Some((_, None)) => (Tone::Unknown, words.staff_order_under_way().to_owned(), String::new()),
        Some((_, Some(end))) => {
            let again = end.retry_at_us.map(|at_us| {
                let at = say::moment_us(at_us, zone, words);
                format!(" {}{} {at}", words.staff_order_retry(), words.colon())
            });
            (Tone::Warning, format!("{}{}", words.staff_order_failed(), again.unwrap_or_default()), end.words.clone())
        }
    }
}

/// The plan's steps, each as far as the journal says. Attempts after the first are runs of plans of their own: the last entry
/// of each action counts, whichever run wrote it.
async fn steps(portal: &Portal, order: &JobOrder, plan: &Plan, words: Words) -> Result<Vec<Step>, Problem> {
    let mut states: BTreeMap<(String, String), ActionState> = BTreeMap::new();
    let mut runs = portal.store.runs(&Scope::Staff, RUNS_LOOKED_AT).await?;
    runs.retain(|run| run.started_at_us >= order.new.at_us && run.by == order.new.by);
    runs.reverse();
    for run in runs {
        for record in portal.store.journal_of(&Scope::Staff, &run.id).await? {
            states.insert((record.entry.subject, record.entry.action_key), record.entry.state);
        }
    }
    let mut steps = Vec::new();
    for part in &plan.instances {
        for action in &part.actions {
            let state = states.get(&(format!("instance/{}", part.instance), action.key.clone()));
            let (tone, state) = match state {
                Some(ActionState::Done | ActionState::Skipped) => (Tone::Good, words.staff_step_done()),
                Some(ActionState::Failed) => (Tone::Bad, words.staff_step_failed()),
                Some(ActionState::Started | ActionState::Submitted) => (Tone::Warning, words.staff_step_running()),
                None if action.waiting.is_some() => (Tone::Unknown, words.staff_step_waiting()),
                None => (Tone::Unknown, words.staff_step_open()),
            };
            steps.push(Step { title: action.title.clone(), tone, state });
        }
    }
    Ok(steps)
}
