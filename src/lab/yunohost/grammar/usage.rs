//! Usage lines and help texts as Python's `argparse` lays them out at 80 columns, with YunoHost's habit of putting
//! positional arguments first.

use super::categories;
use super::table::{Argument, Command, Count, Entry, Group};

/// Columns that text may fill: `argparse` keeps two of 80 free.
const WIDTH: usize = 78;
/// Where explanations begin at most.
const HELP_COLUMN_MAX: usize = 24;

const GLOBAL_USAGE: [&str; 5] =
    ["[--output-as {json,plain,none}]", "[--debug]", "[--quiet]", "[--version]", "[--timeout TIMEOUT]"];

/// The usage of the very first parser, which knows the global options only.
pub fn globals() -> String {
    lay_out("yunohost", &[], &GLOBAL_USAGE.map(str::to_owned))
}

/// The usage of the whole program; of one category when the arguments name it.
pub fn top(category: Option<&str>) -> String {
    let names: Vec<&str> = match category {
        Some(name) => vec![name],
        None => categories().iter().map(|category| category.name.as_str()).collect(),
    };
    let mut options = vec!["[-h]".to_owned()];
    options.extend(GLOBAL_USAGE[..4].iter().map(|part| (*part).to_owned()));
    options.push("[--timeout ==SUPPRESS==]".to_owned());
    lay_out("yunohost", &[braces(&names), "...".to_owned()], &options)
}

/// The usage of a word that leads to others.
pub fn level(program: &str, words: &[&str]) -> String {
    lay_out(program, &[braces(words), "...".to_owned()], &["[-h]".to_owned()])
}

/// The usage of a command.
pub fn command(command: &Command) -> String {
    let positional: Vec<String> =
        command.arguments.iter().filter(|argument| !argument.is_option()).flat_map(positional_usage).collect();
    let mut options = vec!["[-h]".to_owned()];
    options.extend(command.arguments.iter().filter(|argument| argument.is_option()).map(option_usage));
    lay_out(&format!("yunohost {}", command.name), &positional, &options)
}

/// `{a,b,c}`.
pub fn braces(words: &[&str]) -> String {
    format!("{{{}}}", words.join(","))
}

/// How values are named: the metavar, the choices, or the argument's own name.
pub fn value_name(argument: &Argument) -> String {
    if let Some(metavar) = &argument.metavar {
        return metavar.clone();
    }
    if !argument.choices.is_empty() {
        return braces(&argument.choices.iter().map(String::as_str).collect::<Vec<_>>());
    }
    if argument.is_option() { argument.python_name().to_uppercase() } else { argument.key().to_owned() }
}

fn values_usage(argument: &Argument) -> String {
    let name = value_name(argument);
    match argument.count {
        Count::One => name,
        Count::Flag => String::new(),
        Count::Optional | Count::OptionalAsked => format!("[{name}]"),
        Count::Any => format!("[{name} ...]"),
        Count::AtLeastOne => format!("{name} [{name} ...]"),
    }
}

fn positional_usage(argument: &Argument) -> Vec<String> {
    match argument.count {
        Count::AtLeastOne => vec![value_name(argument), format!("[{} ...]", value_name(argument))],
        _ => vec![values_usage(argument)],
    }
}

fn option_usage(argument: &Argument) -> String {
    match argument.count {
        Count::Flag => format!("[{}]", argument.names[0]),
        _ => format!("[{} {}]", argument.names[0], values_usage(argument)),
    }
}

fn lay_out(program: &str, positional: &[String], options: &[String]) -> String {
    let prefix = "usage: ";
    let one_line = [program.to_owned()].iter().chain(positional).chain(options).cloned().collect::<Vec<_>>().join(" ");
    if prefix.len() + one_line.chars().count() <= WIDTH {
        return format!("{prefix}{one_line}\n");
    }
    let indent = prefix.len() + program.chars().count() + 1;
    let mut first = vec![program.to_owned()];
    first.extend_from_slice(positional);
    // Without positional arguments the options follow the program's name on its line.
    let (first, second) = if positional.is_empty() {
        ([first, options.to_vec()].concat(), Vec::new())
    } else {
        (first, options.to_vec())
    };
    let mut lines = fill(&first, indent, prefix.len());
    lines[0] = format!("{prefix}{}", lines[0].trim_start());
    lines.extend(fill(&second, indent, indent));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Joins words into lines; the first begins at column `start`, all are indented.
fn fill(words: &[String], indent: usize, start: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line: Vec<&str> = Vec::new();
    let mut length = start.saturating_sub(1);
    for word in words {
        if length + 1 + word.chars().count() > WIDTH && !line.is_empty() {
            lines.push(format!("{}{}", " ".repeat(indent), line.join(" ")));
            line.clear();
            length = indent - 1;
        }
        length += word.chars().count() + 1;
        line.push(word);
    }
    if !line.is_empty() {
        lines.push(format!("{}{}", " ".repeat(indent), line.join(" ")));
    }
    lines
}

/// Rows of a help text: how deep, what, and its explanation.
struct Row {
    indent: usize,
    what: String,
    help: Option<String>,
}

struct Section {
    title: &'static str,
    rows: Vec<Row>,
}

fn row(indent: usize, what: impl Into<String>, help: Option<&str>) -> Row {
    Row { indent, what: what.into(), help: help.map(str::to_owned) }
}

fn help_section() -> Section {
    Section { title: "options", rows: vec![row(2, "-h, --help", Some("show this help message and exit"))] }
}

/// The help of the whole program.
pub fn top_help(category: Option<&str>) -> String {
    let shown: Vec<_> = categories().iter().filter(|one| category.is_none_or(|name| one.name == name)).collect();
    let names: Vec<&str> = shown.iter().map(|category| category.name.as_str()).collect();
    let mut rows = vec![row(2, braces(&names), None)];
    rows.extend(shown.iter().map(|category| row(4, category.name.as_str(), category.help.as_deref())));
    let globals = vec![
        row(2, "--output-as {json,plain,none}", Some("Output result in another format")),
        row(2, "--debug", Some("Log and print debug messages")),
        row(2, "--quiet", Some("Don't produce any output")),
        row(2, "--version", Some("Display YunoHost packages versions (alias to 'yunohost tools versions')")),
        row(
            2,
            "--timeout ==SUPPRESS==",
            Some(
                "Number of seconds before this command will timeout because it can't acquire the lock (meaning that \
                 another command is currently running), by default there is no timeout and the command will wait \
                 until it can get the lock",
            ),
        ),
    ];
    let sections = vec![
        help_section(),
        Section { title: "categories", rows },
        Section { title: "global arguments", rows: globals },
    ];
    assemble(top(category), None, &sections)
}

/// The help of a category; `None` when the lab lacks the words.
pub fn category_help(category: &super::Category) -> Option<String> {
    let words: Vec<&str> = level_words(&category.entries);
    let (groups, commands): (Vec<_>, Vec<_>) =
        category.entries.iter().partition(|entry| matches!(entry, Entry::Group(_)));
    let section = |title, entries: &[&Entry], shown: Vec<&str>| -> Option<Section> {
        let mut rows = vec![row(2, braces(&shown), None)];
        for entry in entries {
            match entry {
                Entry::Command(command) if command.hidden || command.deprecated => {}
                Entry::Command(command) => rows.push(row(4, command.word(), Some(command.help.as_deref()?))),
                Entry::Group(group) => rows.push(row(4, group.name.as_str(), Some(group.help.as_deref()?))),
            }
        }
        Some(Section { title, rows })
    };
    let group_words: Vec<&str> = groups.iter().map(|entry| entry.word()).collect();
    let command_words: Vec<&str> = words.iter().filter(|word| !group_words.contains(word)).copied().collect();
    let sections = vec![
        help_section(),
        section("actions", &commands, command_words)?,
        section("subcategories", &groups, group_words)?,
    ];
    let usage = level(&format!("yunohost {}", category.name), &words);
    Some(assemble(usage, category.help.as_deref(), &sections))
}

/// The help of a group; `None` when the lab lacks the words.
pub fn group_help(category: &str, group: &Group) -> Option<String> {
    let words = command_words(&group.commands);
    let mut rows = vec![row(2, braces(&words), None)];
    for command in group.commands.iter().filter(|command| !command.hidden && !command.deprecated) {
        rows.push(row(4, command.word(), Some(command.help.as_deref()?)));
    }
    let sections = vec![
        help_section(),
        Section { title: "actions", rows },
        Section { title: "subcategories", rows: vec![row(2, "{}", None)] },
    ];
    let usage = level(&format!("yunohost {category} {}", group.name), &words);
    Some(assemble(usage, group.help.as_deref(), &sections))
}

/// The help of a command; `None` when the lab lacks the words.
pub fn command_help(command: &Command) -> Option<String> {
    let (options, positional): (Vec<&Argument>, Vec<&Argument>) =
        command.arguments.iter().partition(|argument| argument.is_option());
    let mut sections = Vec::new();
    if !positional.is_empty() {
        let rows =
            positional.iter().map(|argument| Some(row(2, value_name(argument), Some(argument.help.as_deref()?))));
        sections.push(Section { title: "positional arguments", rows: rows.collect::<Option<_>>()? });
    }
    let mut section = help_section();
    for argument in options {
        let values = values_usage(argument);
        let names: Vec<String> = argument
            .names
            .iter()
            .map(|name| if values.is_empty() { name.clone() } else { format!("{name} {values}") })
            .collect();
        section.rows.push(row(2, names.join(", "), Some(argument.help.as_deref()?)));
    }
    sections.push(section);
    Some(assemble(self::command(command), Some(command.help.as_deref()?), &sections))
}

/// The words of a level with the deprecated ones, each after the command that it stands for.
pub fn level_words(entries: &[Entry]) -> Vec<&str> {
    let mut words = Vec::new();
    for entry in entries {
        words.push(entry.word());
        if let Entry::Command(command) = entry {
            words.extend(command.aliases.iter().map(String::as_str));
        }
    }
    words
}

/// As [`level_words`], for a group.
pub fn command_words(commands: &[Command]) -> Vec<&str> {
    let mut words = Vec::new();
    for command in commands {
        words.push(command.word());
        words.extend(command.aliases.iter().map(String::as_str));
    }
    words
}

fn assemble(usage: String, description: Option<&str>, sections: &[Section]) -> String {
    let widest = sections.iter().flat_map(|section| &section.rows).map(|row| row.indent + row.what.chars().count());
    let column = (widest.max().unwrap_or_default() + 2).min(HELP_COLUMN_MAX);
    let mut text = usage;
    if let Some(description) = description {
        text.push('\n');
        text.extend(wrap(description, WIDTH).iter().map(|line| format!("{line}\n")));
    }
    for section in sections {
        text.push_str(&format!("\n{}:\n", section.title));
        text.extend(section.rows.iter().map(|row| render(row, column)));
    }
    text
}

fn render(row: &Row, column: usize) -> String {
    let start = format!("{}{}", " ".repeat(row.indent), row.what);
    let Some(help) = &row.help else { return format!("{start}\n") };
    let margin = " ".repeat(column);
    let lines = wrap(help, WIDTH - column);
    let length = start.chars().count();
    let mut text = if length + 2 <= column {
        format!("{start}{}{}\n", " ".repeat(column - length), lines[0])
    } else {
        format!("{start}\n{margin}{}\n", lines[0])
    };
    text.extend(lines[1..].iter().map(|line| format!("{margin}{line}\n")));
    text
}

/// A piece of text that a line may end after.
struct Piece {
    text: String,
    /// Whether it belongs to the word before it: no blank between them.
    glued: bool,
}

/// Python's `textwrap`: breaks at spaces, after hyphens within words, and inside a word that no line can hold.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut pieces: Vec<Piece> = text.split(' ').flat_map(pieces).collect();
    pieces.reverse();
    let mut lines = Vec::new();
    let mut line = String::new();
    while let Some(piece) = pieces.pop() {
        let space = usize::from(!piece.glued && !line.is_empty());
        let used = line.chars().count() + space;
        let length = piece.text.chars().count();
        if used + length <= width {
            line.push_str(&" ".repeat(space));
            line.push_str(&piece.text);
        } else if length > width && used < width {
            let head: String = piece.text.chars().take(width - used).collect();
            let tail = piece.text[head.len()..].to_owned();
            pieces.push(Piece { text: tail, glued: true });
            line.push_str(&" ".repeat(space));
            line.push_str(&head);
            lines.push(std::mem::take(&mut line));
        } else {
            lines.push(std::mem::take(&mut line));
            pieces.push(Piece { glued: true, ..piece });
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// A word in pieces that may stand on different lines: it is cut after hyphens between two letters each.
fn pieces(word: &str) -> Vec<Piece> {
    let letters: Vec<char> = word.chars().collect();
    let is_letter = |at: usize| letters.get(at).is_some_and(|letter| letter.is_alphabetic());
    let mut pieces = vec![Piece { text: String::new(), glued: false }];
    for (at, letter) in letters.iter().enumerate() {
        if let Some(piece) = pieces.last_mut() {
            piece.text.push(*letter);
        }
        let inside = at > 1 && [at - 2, at - 1, at + 1, at + 2].into_iter().all(is_letter);
        if *letter == '-' && inside {
            pieces.push(Piece { text: String::new(), glued: true });
        }
    }
    pieces
}
