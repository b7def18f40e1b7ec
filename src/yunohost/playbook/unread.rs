//! What is still to be read in a guest before everything about it is known, wave by wave.

use std::collections::BTreeSet;

use serde_json::Value;

use super::facts::{Facts, ReadCommand};
use super::model::{Playbook, Step};
use super::step::{StepState, evaluate};
use super::template::TemplateError;

/// The steps of which something may be unread. Facts are only ever added: a step about which everything is known is not
/// evaluated again with the next wave.
pub struct Unread<'a> {
    variables: &'a Value,
    steps: Vec<Pending<'a>>,
}

struct Pending<'a> {
    playbook: &'a Playbook,
    step: &'a Step,
    /// Whether all of it is done, once everything about it is known.
    is_done: Option<bool>,
}

impl<'a> Unread<'a> {
    /// Nothing is read yet.
    pub fn of(playbooks: &'a [Playbook], variables: &'a Value) -> Unread<'a> {
        let steps = playbooks
            .iter()
            .flat_map(|playbook| playbook.steps.iter().map(move |step| Pending { playbook, step, is_done: None }));
        Unread { variables, steps: steps.collect() }
    }

    /// What is to be read next; nothing when everything is known. After a gate that is not passed nothing more is read.
    ///
    /// # Errors
    /// A template that names a variable that does not exist.
    pub fn next(&mut self, facts: &Facts) -> Result<BTreeSet<ReadCommand>, TemplateError> {
        let mut wave = BTreeSet::new();
        for Pending { playbook, step, is_done } in &mut self.steps {
            if is_done.is_none() {
                let mut unread = BTreeSet::new();
                let states = evaluate(playbook, step, None, self.variables, facts, false, &mut unread)?;
                if unread.is_empty() {
                    *is_done = Some(states.iter().all(|(_, state)| *state == StepState::Done));
                }
                wave.append(&mut unread);
            }
            if step.gate && *is_done != Some(true) {
                break;
            }
        }
        Ok(wave)
    }
}
