//! Evaluating steps: what is done, what is needed, what must be read first.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::facts::{Fact, Facts, ReadCommand};
use super::model::{Condition, Find, Playbook, Step};
use super::template::{Scope, TemplateError, plain, render_plain};

/// The reading command that stands for "the technicians' account can log in and become root".
/// The engine answers it by trying (exit 0 or 1): no program of that name is ever run.
pub const ADMIN_LOGIN: &str = "accolades:admin-login";

/// The reading command, followed by a name, that stands for "a file of ours is fetched from outside under this name".
/// The engine answers it by trying (`yes` or `no`).
pub const REACHABLE: &str = "accolades:reachable";

/// One piece of work: a step, for one element or for several together.
#[derive(Debug, Clone, PartialEq)]
pub struct Work<'a> {
    /// `playbook/step` or `playbook/step@element`: stable across plans, runs and journals.
    pub key: String,
    /// The step.
    pub step: &'a Step,
    /// The elements it is for; empty when the step has no `each`.
    pub items: Vec<Value>,
    /// What a technician reads.
    pub title: String,
}

/// Where a piece of work stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepState {
    /// Its check holds.
    Done,
    /// It has to be done.
    Needed(Need),
}

/// Why work is needed, or what it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Its check does not hold.
    Now,
    /// It waits, for the reason given.
    Waiting(String),
    /// Something before it must be done first; nothing could be read yet.
    Later,
}

/// Everything that the playbooks say about one guest, as far as the facts tell.
#[derive(Debug, Default)]
pub struct Survey<'a> {
    /// What must be read before more can be said. While this is not empty, `work` is incomplete.
    pub unread: BTreeSet<ReadCommand>,
    /// All pieces of work, in order.
    pub work: Vec<(Work<'a>, StepState)>,
}

/// What evaluating something against the facts gave.
enum Answer<T> {
    Known(T),
    Unread(ReadCommand),
}

/// Evaluates all steps against the facts. After a gate that is not passed nothing more is read: the rest is `Later`.
///
/// # Errors
/// A template that names a variable that does not exist.
pub fn survey<'a>(playbooks: &'a [Playbook], variables: &Value, facts: &Facts) -> Result<Survey<'a>, TemplateError> {
    let mut survey = Survey::default();
    let mut closed = false;
    for playbook in playbooks {
        for step in &playbook.steps {
            let states = evaluate(playbook, step, None, variables, facts, closed, &mut survey.unread)?;
            closed |= step.gate && states.iter().any(|(_, state)| *state != StepState::Done);
            survey.work.extend(states);
        }
    }
    Ok(survey)
}

/// Evaluates one step, or only that piece of its work which has the key `only`: what the others need is not read then.
///
/// # Errors
/// As [`survey`].
pub fn evaluate<'a>(
    playbook: &Playbook,
    step: &'a Step,
    only: Option<&str>,
    variables: &Value,
    facts: &Facts,
    closed: bool,
    unread: &mut BTreeSet<ReadCommand>,
) -> Result<Vec<(Work<'a>, StepState)>, TemplateError> {
    let scope = Scope::new(variables);
    if step.when.as_deref().is_some_and(|name| !truthy(scope.lookup(name))) {
        return Ok(Vec::new());
    }
    let key = format!("{}/{}", playbook.name, step.id);
    let Some(list) = &step.each else {
        let title = render_plain(&step.title, &scope)?;
        let work = Work { key, step, items: Vec::new(), title };
        return Ok(match state(step, scope, facts, closed)? {
            Answer::Known(state) => vec![(work, state)],
            Answer::Unread(command) => {
                unread.insert(command);
                vec![(work, StepState::Needed(Need::Later))]
            }
        });
    };
    let items = scope.lookup(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut states = Vec::with_capacity(items.len());
    for item in items {
        let key = format!("{key}@{}", item.get("key").and_then(plain).or_else(|| plain(item)).unwrap_or_default());
        // With `together` the elements are one piece of work.
        if only.is_some_and(|only| !step.together && only != key) {
            continue;
        }
        let scope = Scope::new(variables).with_ref("item", item);
        let title = render_plain(&step.title, &scope)?;
        let work = Work { key, step, items: vec![item.clone()], title };
        match state(step, scope, facts, closed)? {
            Answer::Known(state) => states.push((work, state)),
            Answer::Unread(command) => {
                unread.insert(command);
                states.push((work, StepState::Needed(Need::Later)));
            }
        }
    }
    Ok(if step.together { gather(&key, states) } else { states })
}

/// With `together`, the elements that need the step become one piece of work.
fn gather<'a>(key: &str, states: Vec<(Work<'a>, StepState)>) -> Vec<(Work<'a>, StepState)> {
    let (done, needed): (Vec<_>, Vec<_>) = states.into_iter().partition(|(_, state)| *state == StepState::Done);
    let mut gathered = done;
    let mut needed = needed.into_iter();
    if let Some((mut work, state)) = needed.next() {
        work.key = key.to_owned();
        for (other, _) in needed {
            work.title = format!("{}, {}", work.title, other.title);
            work.items.extend(other.items);
        }
        gathered.push((work, state));
    }
    gathered
}

fn state(step: &Step, scope: Scope<'_>, facts: &Facts, closed: bool) -> Result<Answer<StepState>, TemplateError> {
    if closed {
        return Ok(Answer::Known(StepState::Needed(Need::Later)));
    }
    let scope = match found(step, scope, facts)? {
        Answer::Known(Some(scope)) => scope,
        Answer::Known(None) => return Ok(Answer::Known(StepState::Needed(Need::Later))),
        Answer::Unread(command) => return Ok(Answer::Unread(command)),
    };
    match holds_all(&step.check, &scope, facts)? {
        Answer::Unread(command) => return Ok(Answer::Unread(command)),
        Answer::Known(true) => return Ok(Answer::Known(StepState::Done)),
        Answer::Known(false) => {}
    }
    for ready in &step.ready {
        match holds(&ready.check, &scope, facts)? {
            Answer::Unread(command) => return Ok(Answer::Unread(command)),
            Answer::Known(true) => {}
            Answer::Known(false) => {
                let reason = render_plain(&ready.otherwise, &scope)?;
                return Ok(Answer::Known(StepState::Needed(Need::Waiting(reason))));
            }
        }
    }
    Ok(Answer::Known(StepState::Needed(Need::Now)))
}

/// The scope with everything that the step looks up; `Known(None)` while something is not there yet.
fn found<'a>(step: &Step, mut scope: Scope<'a>, facts: &Facts) -> Result<Answer<Option<Scope<'a>>>, TemplateError> {
    for (name, find) in &step.find {
        let command = command(&find.read, &scope)?;
        let Some(fact) = facts.get(&command) else { return Ok(Answer::Unread(command)) };
        match look_up(find, fact, facts.json(&command), &scope)? {
            Some(value) => scope = scope.with(name, Value::String(value)),
            None => return Ok(Answer::Known(None)),
        }
    }
    Ok(Answer::Known(Some(scope)))
}

/// The scope of a piece of work once everything it looks up has been read.
///
/// # Errors
/// As [`survey`].
pub fn scope_of<'a>(
    work: &Work<'_>,
    variables: &'a Value,
    facts: &Facts,
) -> Result<Result<Option<Scope<'a>>, ReadCommand>, TemplateError> {
    let mut scope = Scope::new(variables);
    if let [item] = work.items.as_slice() {
        scope = scope.with("item", item.clone());
    }
    Ok(match found(work.step, scope, facts)? {
        Answer::Known(scope) => Ok(scope),
        Answer::Unread(command) => Err(command),
    })
}

/// Whether all conditions hold; `Err` names a command that must be read first.
///
/// # Errors
/// As [`survey`].
pub fn verified(
    conditions: &[Condition],
    scope: &Scope<'_>,
    facts: &Facts,
) -> Result<Result<bool, ReadCommand>, TemplateError> {
    Ok(match holds_all(conditions, scope, facts)? {
        Answer::Known(yes) => Ok(yes),
        Answer::Unread(command) => Err(command),
    })
}

/// The reading command of a template.
///
/// # Errors
/// As [`survey`].
pub fn command(templates: &[String], scope: &Scope<'_>) -> Result<ReadCommand, TemplateError> {
    templates.iter().map(|one| render_plain(one, scope)).collect::<Result<_, _>>().map(ReadCommand)
}

fn holds_all(conditions: &[Condition], scope: &Scope<'_>, facts: &Facts) -> Result<Answer<bool>, TemplateError> {
    for condition in conditions {
        match holds(condition, scope, facts)? {
            Answer::Known(true) => {}
            other => return Ok(other),
        }
    }
    Ok(Answer::Known(true))
}

fn holds(condition: &Condition, scope: &Scope<'_>, facts: &Facts) -> Result<Answer<bool>, TemplateError> {
    if let Some(wanted) = condition.admin_login {
        let command = ReadCommand(vec![ADMIN_LOGIN.to_owned()]);
        return Ok(match facts.get(&command) {
            Some(fact) => Answer::Known((fact.exit == 0) == wanted),
            None => Answer::Unread(command),
        });
    }
    let command = command(&condition.read, scope)?;
    let Some(fact) = facts.get(&command) else { return Ok(Answer::Unread(command)) };
    if let Some(exit) = condition.exit {
        return Ok(Answer::Known(fact.exit == exit));
    }
    // What a failed command printed proves nothing, neither presence nor absence.
    if fact.exit != 0 {
        return Ok(Answer::Known(false));
    }
    let value = match &condition.at {
        Some(pointer) => {
            let pointer = render_plain(pointer, scope)?;
            facts.json(&command).and_then(|json| json.pointer(&pointer)).map(Cow::Borrowed)
        }
        None => {
            let lines = fact.stdout.lines().map(|line| Value::String(line.to_owned())).collect();
            Some(Cow::Owned(Value::Array(lines)))
        }
    };
    compare(condition, value.as_deref(), fact, scope).map(Answer::Known)
}

fn compare(
    condition: &Condition,
    value: Option<&Value>,
    fact: &Fact,
    scope: &Scope<'_>,
) -> Result<bool, TemplateError> {
    let rendered = |template: &Option<String>| template.as_deref().map(|one| render_plain(one, scope)).transpose();
    if let Some(present) = condition.present {
        let there = if condition.at.is_some() { value.is_some() } else { !fact.stdout.trim().is_empty() };
        return Ok(there == present);
    }
    let Some(value) = value else { return Ok(false) };
    if let Some(wanted) = rendered(&condition.equals)? {
        let text = if condition.at.is_some() { plain(value) } else { Some(fact.stdout.trim_end().to_owned()) };
        return Ok(text.is_some_and(|text| text == wanted));
    }
    let elements: BTreeSet<String> = match value {
        Value::Array(list) => list.iter().filter_map(plain).collect(),
        Value::Object(table) => table.keys().cloned().collect(),
        one => plain(one).into_iter().collect(),
    };
    if let Some(wanted) = rendered(&condition.contains)? {
        return Ok(elements.contains(&wanted));
    }
    if let Some(unwanted) = rendered(&condition.lacks)? {
        return Ok(!elements.contains(&unwanted));
    }
    let named = |list: &String| -> BTreeSet<String> {
        scope.lookup(list).and_then(Value::as_array).into_iter().flatten().filter_map(plain).collect()
    };
    if let Some(list) = &condition.same_as {
        return Ok(elements == named(list));
    }
    Ok(condition.contains_all.as_ref().is_some_and(|list| elements.is_superset(&named(list))))
}

fn look_up(find: &Find, fact: &Fact, json: Option<&Value>, scope: &Scope<'_>) -> Result<Option<String>, TemplateError> {
    if fact.exit != 0 {
        return Ok(None);
    }
    if let Some(first) = &find.line {
        let first = render_plain(first, scope)?;
        let value = fact.stdout.lines().filter_map(|line| line.split_once('\t')).find(|(key, _)| *key == first);
        return Ok(value.map(|(_, value)| value.to_owned()));
    }
    let Some(json) = json else { return Ok(None) };
    let place = find.at.as_deref().map_or(Some(json), |pointer| json.pointer(pointer));
    let wanted = find
        .fields
        .iter()
        .map(|(field, template)| render_plain(template, scope).map(|text| (field, text)))
        .collect::<Result<Vec<_>, _>>()?;
    let matches = |entry: &&Value| {
        wanted.iter().all(|(field, text)| entry.get(field.as_str()).and_then(plain).as_ref() == Some(text))
    };
    let entry = match place {
        Some(Value::Array(list)) => list.iter().find(matches),
        other => other.filter(matches),
    };
    Ok(entry.and_then(|entry| find.take.as_deref().map_or(Some(entry), |field| entry.get(field))).and_then(plain))
}

fn truthy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Number(_) | Value::Object(_)) => true,
    }
}
