//! From the first word to the command: categories, groups, deprecated names, and what is said when a word is wrong.

use super::argparse::{Word, classify, invalid_choice, read};
use super::table::{Argument, Category, Command, Entry};
use super::{Args, Parsed, Stop, categories, usage};

/// Finds the command and reads its arguments.
pub fn command(words: &[String]) -> Result<Parsed, Stop> {
    // What stands before the category: only help means something there.
    let names: Vec<&str> = categories().iter().map(|category| category.name.as_str()).collect();
    let mut stray = Vec::new();
    let (category, rest) = match enter(words, &mut stray) {
        Entered::Help => {
            let named = words.iter().find(|word| names.contains(&word.as_str()));
            return Err(Stop::Help(usage::top_help(named.map(String::as_str))));
        }
        Entered::Nothing if words.is_empty() => return Err(Stop::NothingAsked),
        Entered::Nothing => return Err(unrecognized(None, &stray)),
        Entered::Word(word, rest) => match categories().iter().find(|category| category.name == word) {
            Some(category) => (category, rest),
            None => return Err(fail(Vec::new(), usage::top(None), "yunohost", &wrong_choice(&names, word))),
        },
    };
    let program = format!("yunohost {}", category.name);
    let words = usage::level_words(&category.entries);
    let (word, rest) = match enter(rest, &mut stray) {
        Entered::Help => return help(usage::category_help(category), &program),
        Entered::Nothing => return Err(fail(Vec::new(), usage::level(&program, &words), &program, &missing(&words))),
        Entered::Word(word, rest) => (word, rest),
    };
    if let Some(group) = category.entries.iter().find_map(|entry| match entry {
        Entry::Group(group) if group.name == word => Some(group),
        _ => None,
    }) {
        let program = format!("{program} {word}");
        let words = usage::command_words(&group.commands);
        return match enter(rest, &mut stray) {
            Entered::Help => help(usage::group_help(&category.name, group), &program),
            Entered::Nothing => Err(fail(Vec::new(), usage::level(&program, &words), &program, &missing(&words))),
            Entered::Word(word, rest) => match group.commands.iter().find(|command| answers_to(command, word)) {
                Some(command) => arguments(category, command, &program, word, rest, stray),
                None => Err(fail(Vec::new(), usage::level(&program, &words), &program, &wrong_choice(&words, word))),
            },
        };
    }
    let command = category.entries.iter().find_map(|entry| match entry {
        Entry::Command(command) if answers_to(command, word) => Some(command),
        _ => None,
    });
    match command {
        Some(command) => arguments(category, command, &program, word, rest, stray),
        None => Err(fail(Vec::new(), usage::level(&program, &words), &program, &wrong_choice(&words, word))),
    }
}

enum Entered<'a> {
    Help,
    Nothing,
    Word(&'a str, &'a [String]),
}

/// The first word that is no option; options before it are strays, help ends everything.
fn enter<'a>(words: &'a [String], stray: &mut Vec<String>) -> Entered<'a> {
    for (position, word) in words.iter().enumerate() {
        match classify(&[], true, word) {
            Ok(Word::Option { .. }) => return Entered::Help,
            Ok(Word::Value) => return Entered::Word(word, &words[position + 1..]),
            Ok(Word::Unknown) | Err(_) => stray.push(word.clone()),
        }
    }
    Entered::Nothing
}

fn answers_to(command: &Command, word: &str) -> bool {
    command.word() == word || command.aliases.iter().any(|alias| alias == word)
}

fn arguments(
    category: &Category,
    command: &'static Command,
    program: &str,
    word: &str,
    words: &[String],
    mut stray: Vec<String>,
) -> Result<Parsed, Stop> {
    let mut warnings = Vec::new();
    if command.deprecated {
        warnings.push(format!("'{program} {word}' is deprecated and will be removed in the future"));
    } else if command.aliases.iter().any(|alias| alias == word) {
        warnings.push(format!(
            "'{program} {word}' is deprecated and will be removed in the future, use 'yunohost {}' instead",
            command.name
        ));
    }
    let known: Vec<&Argument> = command.arguments.iter().collect();
    let reading = match read(&known, true, words) {
        Ok(reading) if reading.help => {
            return help(usage::command_help(command), &format!("yunohost {}", command.name));
        }
        Ok(reading) => reading,
        Err(complaint) => {
            let program = format!("yunohost {}", command.name);
            return Err(fail(warnings, usage::command(command), &program, &complaint.0));
        }
    };
    stray.extend(reading.rest);
    if !stray.is_empty() {
        return Err(unrecognized(Some(&category.name), &stray));
    }
    let mut args = Args::default();
    for (index, argument) in command.arguments.iter().enumerate() {
        let given = reading.values.get(&index).cloned();
        let values = given.or_else(|| argument.default.clone().map(|default| vec![default]));
        if let Some(values) = values {
            args.0.insert(argument.key().to_owned(), values);
        }
    }
    Ok(Parsed { command, args, warnings })
}

fn help(text: Option<String>, program: &str) -> Result<Parsed, Stop> {
    Err(match text {
        Some(text) => Stop::Help(text),
        None => Stop::NotSimulated(format!("the help text of '{program}'")),
    })
}

fn fail(warnings: Vec<String>, usage: String, program: &str, complaint: &str) -> Stop {
    Stop::Usage { warnings, text: format!("{usage}{program}: error: {complaint}\n") }
}

fn unrecognized(category: Option<&str>, words: &[String]) -> Stop {
    let complaint = format!("unrecognized arguments: {}", words.join(" "));
    fail(Vec::new(), usage::top(category), "yunohost", &complaint)
}

fn missing(words: &[&str]) -> String {
    format!("the following arguments are required: {}", usage::braces(words))
}

fn wrong_choice(words: &[&str], word: &str) -> String {
    format!("argument {}: {}", usage::braces(words), invalid_choice(words.iter().copied(), word))
}
