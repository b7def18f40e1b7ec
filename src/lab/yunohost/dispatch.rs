//! Which function answers a command.

use super::apps;
use super::context::{Context, Refusal};
use super::reply::{Args, Reply};
use crate::lab::os::Exec;

/// Runs a command whose arguments were checked.
pub fn run(context: Context<'_>, command: &str, args: &Args, _exec: &Exec) -> Reply {
    let (speech, duration_us) = (context.speech, context.duration_us);
    if let Some(mut reply) = apps::dispatch(context.machine, command, args, context.around) {
        if reply.duration_us == 0 {
            reply.duration_us = duration_us;
        }
        return reply;
    }
    let refusal = Refusal::error(format!("not simulated in the lab: yunohost {command}"));
    let _ = speech;
    Reply { lines: refusal.lines, exit: 1, ..Reply::default() }
}
