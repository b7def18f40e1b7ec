//! YunoHost's own checks of arguments, in the order of their declaration: a sentence about the password, a question
//! (impossible here: there is never a terminal), the pattern.

use super::super::reply::{Args, Line};
use super::super::words::Speech;
use super::patterns;
use super::table::{Argument, Command, Comment};

pub fn check(command: &Command, args: &mut Args, lines: &mut Vec<Line>, speech: Speech) -> bool {
    command.arguments.iter().all(|argument| check_one(argument, args, lines, speech))
}

fn check_one(argument: &Argument, args: &Args, lines: &mut Vec<Line>, speech: Speech) -> bool {
    let given = args.given(argument.key());
    let values = args.many(argument.key());
    let empty = values.iter().all(String::is_empty);
    if let Some(comment) = argument.comment
        && given
    {
        lines.push(Line::Out(sentence(comment, speech)));
    }
    if argument.ask && empty {
        lines.push(Line::Error(speech.say("not_a_tty", &[])));
        return false;
    }
    if argument.required && empty {
        lines.push(Line::Error(speech.say("argument_required", &[("argument", &argument.python_name())])));
        return false;
    }
    let Some(pattern) = argument.pattern.as_deref().and_then(patterns::named) else { return true };
    let Some(wrong) = values.iter().find(|value| !value.is_empty() && !(pattern.matches)(value)) else { return true };
    let name = argument.python_name();
    lines.push(Line::Warning(format!(
        "argument value '{wrong}' for '{name}' doesn't match pattern '{}'",
        pattern.expression
    )));
    let explanation = speech.find(pattern.key).unwrap_or_else(|| {
        let missing = speech.missing(pattern.key);
        lines.extend([Line::Warning(missing.clone()), Line::Warning(missing)]);
        pattern.key.to_owned()
    });
    lines.push(Line::Error(speech.say("invalid_argument", &[("argument", &name), ("error", &explanation)])));
    false
}

/// The sentence before a password is read.
pub fn sentence(comment: Comment, speech: Speech) -> String {
    speech.say(
        match comment {
            Comment::User => "good_practices_about_user_password",
            Comment::Admin => "good_practices_about_admin_password",
        },
        &[],
    )
}
