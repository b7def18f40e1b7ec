//! How a run ended, for all its instances together.

use super::exit::Exit;
use super::output::{Output, Style};
use crate::engine::error::Class;
use crate::engine::run::{Applied, Report};

/// The exit code of a run. `settled_before` counts the instances that had nothing to do.
pub fn exit(report: &Report, settled_before: usize) -> Exit {
    let classes: Vec<Option<Class>> = report
        .values()
        .filter_map(|applied| match applied {
            Applied::Settled { .. } => None,
            Applied::Waiting { .. } => Some(None),
            Applied::Stopped { class, .. } => Some(Some(*class)),
        })
        .collect();
    let nothing_succeeded = settled_before == 0 && classes.len() == report.len();
    match classes.as_slice() {
        [] => Exit::Ok,
        open if open.contains(&Some(Class::Conflict)) => Exit::Conflict,
        // Where everything failed for the same reason, that is the reason; otherwise part of the work is done.
        [Some(first), rest @ ..] if nothing_succeeded && rest.iter().all(|class| *class == Some(*first)) => {
            (*first).into()
        }
        _ => Exit::Partial,
    }
}

/// One line per instance, and what to do next.
pub fn text(report: &Report, again: &str, output: &Output) -> String {
    let width = report.keys().map(|instance| instance.as_str().chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (instance, applied) in report {
        let (style, words) = match applied {
            Applied::Settled { done: 1 } => (Style::Good, "as it should be, 1 action".to_owned()),
            Applied::Settled { done } => (Style::Good, format!("as it should be, {done} actions")),
            Applied::Waiting { why } => (Style::Attention, format!("waits: {}", once(why).join("; "))),
            Applied::Stopped { why, .. } => {
                let headline = why.split_once("\n\n").map_or(why.as_str(), |(headline, _)| headline);
                (Style::Bad, format!("stopped: {headline}"))
            }
        };
        out.push_str(&format!("{:width$}  {}\n", instance.as_str(), output.styled(style, &words)));
    }
    let is_open = |applied: &Applied| !matches!(applied, Applied::Settled { .. });
    if report.values().any(is_open) {
        out.push_str(&format!("Next: run the same command again, it goes on where it stopped: {again}\n"));
    }
    out
}

/// Several steps may wait for the same thing.
fn once(why: &[String]) -> Vec<&str> {
    let mut reasons: Vec<&str> = Vec::new();
    for reason in why {
        if !reasons.contains(&reason.as_str()) {
            reasons.push(reason);
        }
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::InstanceId;

    fn exit_of(outcomes: &[Applied], settled_before: usize) -> Exit {
        let report = outcomes
            .iter()
            .enumerate()
            .map(|(at, applied)| (InstanceId::new(format!("i{at}")).expect("an id"), applied.clone()));
        exit(&report.collect(), settled_before)
    }

    fn stopped(class: Class) -> Applied {
        Applied::Stopped { why: String::new(), class }
    }

    #[test]
    fn the_exit_code_is_that_of_the_whole_run() {
        let settled = Applied::Settled { done: 3 };
        let waiting = Applied::Waiting { why: Vec::new() };
        let (stop, away) = (stopped(Class::Stopped), stopped(Class::Unreachable));
        assert_eq!(exit_of(&[], 3), Exit::Ok);
        assert_eq!(exit_of(&[settled.clone(), settled.clone()], 0), Exit::Ok);
        assert_eq!(exit_of(&[waiting], 0), Exit::Partial);
        assert_eq!(exit_of(std::slice::from_ref(&stop), 0), Exit::Stopped);
        assert_eq!(exit_of(std::slice::from_ref(&stop), 1), Exit::Partial, "another instance is as it should be");
        assert_eq!(exit_of(&[away.clone(), away.clone()], 0), Exit::Unreachable);
        assert_eq!(exit_of(&[away.clone(), settled.clone()], 0), Exit::Partial);
        assert_eq!(exit_of(&[away, stop], 0), Exit::Partial);
        assert_eq!(exit_of(&[settled, stopped(Class::Conflict)], 0), Exit::Conflict);
        assert_eq!(exit_of(&[stopped(Class::Configuration)], 0), Exit::Configuration);
    }
}
