//! A plan as a technician reads it.

use std::fmt::Write;

use super::action::{Change, InstancePlan, Plan};

/// The whole plan as text, ending with what to do next.
pub fn render(plan: &Plan) -> String {
    let mut out = String::new();
    for part in &plan.instances {
        // Writing to a String cannot fail.
        let _ = render_instance(&mut out, part);
    }
    let _ = summary(&mut out, plan);
    out
}

fn symbol(change: Change) -> char {
    match change {
        Change::Add => '+',
        Change::Change => '~',
        Change::Remove => '-',
    }
}

fn render_instance(out: &mut String, part: &InstancePlan) -> std::fmt::Result {
    if part.is_settled() && part.drift.is_empty() {
        return Ok(());
    }
    writeln!(out, "{} (vm {} at {})", part.instance, part.vmid, part.site)?;
    for drift in &part.drift {
        writeln!(out, "  drift: {drift}")?;
    }
    if let Some(conflict) = &part.conflict {
        writeln!(out, "  ! {}", conflict.replace("\n\n", "\n    ").replace("\n    \n", "\n"))?;
    }
    if let Some(unknown) = &part.unknown {
        writeln!(out, "  ? nothing is known: {}", unknown.replace("\n\n", "\n").replace('\n', "\n    "))?;
    }
    for action in &part.actions {
        match &action.waiting {
            None => writeln!(out, "  {} {}", symbol(action.change), action.title)?,
            Some(why) => writeln!(out, "  . {}      waits: {why}", action.title)?,
        }
    }
    if part.unchanged > 0 {
        writeln!(out, "  = {} steps already as they should be", part.unchanged)?;
    }
    writeln!(out)
}

fn summary(out: &mut String, plan: &Plan) -> std::fmt::Result {
    if plan.is_settled() {
        return writeln!(out, "No changes. Everything is as inventory version {} says.", plan.inventory_number);
    }
    let count = |change| plan.instances.iter().flat_map(InstancePlan::ready).filter(|one| one.change == change).count();
    let waiting: usize = plan.instances.iter().map(|part| part.actions.len() - part.ready().count()).sum();
    let unchanged: usize = plan.instances.iter().map(|part| part.unchanged).sum();
    // Sites are worked on side by side: the longest one decides.
    let minutes = plan.instances.iter().map(InstancePlan::seconds).max().unwrap_or(0).div_ceil(60);
    write!(
        out,
        "Plan: {} to add, {} to change, {} to remove, {unchanged} unchanged",
        count(Change::Add),
        count(Change::Change),
        count(Change::Remove),
    )?;
    if waiting > 0 {
        write!(out, ", {waiting} waiting")?;
    }
    writeln!(out, ". About {minutes} min.")
}
