//! How Python's `argparse` reads arguments: abbreviations, `--name=value`, joined short options, greedy positional
//! arguments, and its words when something is wrong.

use std::collections::BTreeMap;

use super::table::{Argument, Count, Kind};
use super::{Globals, OutputAs, Stop, usage};

/// How a word is read: as a value, as an option (with the value after `=` or glued to a short one), or as
/// something that looks like an option and is none.
pub enum Word {
    Value,
    Option { argument: usize, name: String, glued: Option<String> },
    Unknown,
}

/// Why reading failed, without the usage before it.
pub struct Complaint(pub String);

/// What a parser has made of its words.
pub struct Reading {
    /// The values of each argument that was given, by its index.
    pub values: BTreeMap<usize, Vec<String>>,
    /// Whether help was asked for.
    pub help: bool,
    /// What fits no argument.
    pub rest: Vec<String>,
}

/// Index of `-h, --help` among the options: it is no argument of the table.
const HELP: usize = usize::MAX;

/// Takes the global options out of the arguments, wherever they stand.
pub fn globals(words: &[String]) -> Result<(Globals, Vec<String>), Stop> {
    let option = |name: &str, count, kind, choices: &[&str]| Argument {
        names: vec![name.to_owned()],
        count,
        kind,
        metavar: None,
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        default: None,
        ask: false,
        required: false,
        comment: None,
        pattern: None,
        help: None,
    };
    let known = [
        option("--output-as", Count::One, Kind::Text, &["json", "plain", "none"]),
        option("--debug", Count::Flag, Kind::Text, &[]),
        option("--quiet", Count::Flag, Kind::Text, &[]),
        option("--version", Count::Flag, Kind::Text, &[]),
        option("--timeout", Count::One, Kind::Integer, &[]),
    ];
    let reading = read(&known.iter().collect::<Vec<_>>(), false, words).map_err(|complaint| Stop::Usage {
        warnings: Vec::new(),
        text: format!("{}yunohost: error: {}\n", usage::globals(), complaint.0),
    })?;
    let first = |index: usize| reading.values.get(&index).and_then(|values| values.first());
    let globals = Globals {
        output_as: match first(0).map(String::as_str) {
            Some("json") => OutputAs::Json,
            Some("plain") => OutputAs::Plain,
            Some("none") => OutputAs::None,
            _ => OutputAs::Human,
        },
        debug: reading.values.contains_key(&1),
        quiet: reading.values.contains_key(&2),
        version: reading.values.contains_key(&3),
        timeout_s: first(4).and_then(|text| text.trim().parse().ok()),
    };
    Ok((globals, reading.rest))
}

/// Python's `repr` of a text.
pub fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            letter if letter == quote => out.extend(['\\', letter]),
            letter => out.push(letter),
        }
    }
    out.push(quote);
    out
}

/// The complaint about a value that is none of the choices.
pub fn invalid_choice<'a>(choices: impl Iterator<Item = &'a str>, word: &str) -> String {
    let choices: Vec<String> = choices.map(quoted).collect();
    format!("invalid choice: {} (choose from {})", quoted(word), choices.join(", "))
}

/// Reads words against the arguments of one parser.
pub fn read(known: &[&Argument], with_help: bool, words: &[String]) -> Result<Reading, Complaint> {
    let mut reading = Reading { values: BTreeMap::new(), help: false, rest: Vec::new() };
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let mut kinds = Vec::new();
    for (position, word) in words.iter().enumerate() {
        kinds.push(if position < end { classify(known, with_help, word)? } else { Word::Value });
    }
    let mut pending: Vec<usize> = (0..known.len()).filter(|index| !known[*index].is_option()).collect();
    let mut at = 0;
    let last_option = kinds.iter().rposition(|kind| !matches!(kind, Word::Value));
    while last_option.is_some_and(|last| at <= last) {
        let next = (at..kinds.len()).find(|index| !matches!(kinds[*index], Word::Value)).unwrap_or(kinds.len());
        if at != next {
            let taken = take_positional(known, &mut pending, &words[at..next], &mut reading)?;
            if taken > 0 {
                at += taken;
                continue;
            }
            reading.rest.extend_from_slice(&words[at..next]);
            at = next;
        }
        at = take_option(known, with_help, words, &kinds, at, &mut reading)?;
        if reading.help {
            return Ok(reading);
        }
    }
    let taken = take_positional(known, &mut pending, &words[at..], &mut reading)?;
    reading.rest.extend_from_slice(&words[at + taken..]);
    let missing: Vec<String> = pending
        .iter()
        .filter(|index| matches!(known[**index].count, Count::One | Count::AtLeastOne))
        .map(|index| positional_name(known[*index]))
        .collect();
    if missing.is_empty() {
        Ok(reading)
    } else {
        Err(Complaint(format!("the following arguments are required: {}", missing.join(", "))))
    }
}

/// What kind of word this is, in the order in which `argparse` decides.
pub fn classify(known: &[&Argument], with_help: bool, word: &str) -> Result<Word, Complaint> {
    if !word.starts_with('-') || word == "-" {
        return Ok(Word::Value);
    }
    let mut names: Vec<(usize, &str)> = if with_help { vec![(HELP, "-h"), (HELP, "--help")] } else { Vec::new() };
    for (index, argument) in known.iter().enumerate().filter(|(_, argument)| argument.is_option()) {
        names.extend(argument.names.iter().map(|name| (index, name.as_str())));
    }
    let option = |(argument, name): &(usize, &str), glued: Option<&str>| Word::Option {
        argument: *argument,
        name: (*name).to_owned(),
        glued: glued.map(str::to_owned),
    };
    if let Some(found) = names.iter().find(|(_, name)| *name == word) {
        return Ok(option(found, None));
    }
    let (before, after) = match word.split_once('=') {
        Some((before, after)) => (before, Some(after)),
        None => (word, None),
    };
    if after.is_some()
        && let Some(found) = names.iter().find(|(_, name)| *name == before)
    {
        return Ok(option(found, after));
    }
    let short: String = word.chars().take(2).collect();
    let close: Vec<(&(usize, &str), Option<&str>)> = if word.starts_with("--") {
        names.iter().filter(|(_, name)| name.starts_with(before)).map(|found| (found, after)).collect()
    } else {
        names.iter().filter(|(_, name)| *name == short).map(|found| (found, Some(&word[short.len()..]))).collect()
    };
    match close.as_slice() {
        [] => {}
        [(found, glued)] => return Ok(option(found, *glued)),
        several => {
            let names: Vec<&str> = several.iter().map(|((_, name), _)| *name).collect();
            return Err(Complaint(format!("ambiguous option: {word} could match {}", names.join(", "))));
        }
    }
    let negative_options = names.iter().any(|(_, name)| looks_negative(name));
    if (looks_negative(word) && !negative_options) || word.contains(' ') {
        return Ok(Word::Value);
    }
    Ok(Word::Unknown)
}

fn looks_negative(word: &str) -> bool {
    let Some(number) = word.strip_prefix('-') else { return false };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    match number.split_once('.') {
        None => !number.is_empty() && digits(number),
        Some((whole, fraction)) => digits(whole) && digits(fraction) && !fraction.is_empty(),
    }
}

/// Gives values to the positional arguments that still wait: as many arguments as can be served, each taking all it
/// can. Returns how many values were taken.
fn take_positional(
    known: &[&Argument],
    pending: &mut Vec<usize>,
    words: &[String],
    reading: &mut Reading,
) -> Result<usize, Complaint> {
    let least = |index: &usize| usize::from(matches!(known[*index].count, Count::One | Count::AtLeastOne));
    let values: Vec<&String> = words.iter().filter(|word| *word != "--").collect();
    let served = (0..=pending.len())
        .rev()
        .find(|served| pending[..*served].iter().map(least).sum::<usize>() <= values.len())
        .unwrap_or_default();
    let mut left = values.len();
    let mut needed: usize = pending[..served].iter().map(least).sum();
    let mut at = 0;
    for index in pending.drain(..served) {
        let argument = known[index];
        needed -= least(&index);
        let most = match argument.count {
            Count::Any | Count::AtLeastOne => usize::MAX,
            _ => 1,
        };
        let count = most.min(left - needed);
        if count > 0 {
            let taken = values[at..at + count].iter().map(|value| (*value).clone()).collect();
            store(argument, index, taken, reading)?;
        }
        at += count;
        left -= count;
    }
    // The `--` that were passed over count as taken with the values around them.
    Ok(if at == values.len() { words.len() } else { at })
}

fn take_option(
    known: &[&Argument],
    with_help: bool,
    words: &[String],
    kinds: &[Word],
    at: usize,
    reading: &mut Reading,
) -> Result<usize, Complaint> {
    let Word::Option { argument, name, glued } = &kinds[at] else {
        reading.rest.push(words[at].clone());
        return Ok(at + 1);
    };
    let (mut index, mut name, mut glued) = (*argument, name.clone(), glued.clone());
    // Joined short flags: `-rf` is `-r -f`.
    while let Some(text) = &glued {
        let flag = index == HELP || known[index].count == Count::Flag;
        if !flag {
            store(known[index], index, vec![text.clone()], reading)?;
            return Ok(at + 1);
        }
        let next = text.chars().next().map(|letter| format!("-{letter}"));
        let follower = match &next {
            Some(next) if !name.starts_with("--") => match classify(known, with_help, next)? {
                Word::Option { argument, name, .. } if name == *next => Some((argument, name)),
                _ => None,
            },
            _ => None,
        };
        let Some((following, following_name)) = follower else {
            return Err(complain(&option_name(known, index), &format!("ignored explicit argument {}", quoted(text))));
        };
        set_flag(index, reading);
        let rest: String = text.chars().skip(1).collect();
        (index, name, glued) = (following, following_name, (!rest.is_empty()).then_some(rest));
    }
    if index == HELP || known[index].count == Count::Flag {
        set_flag(index, reading);
        return Ok(at + 1);
    }
    let argument = known[index];
    let available = kinds[at + 1..].iter().take_while(|kind| matches!(kind, Word::Value)).count();
    let most = match argument.count {
        Count::Any | Count::AtLeastOne => usize::MAX,
        _ => 1,
    };
    let count = available.min(most);
    let complaint = match argument.count {
        Count::One => "expected one argument",
        Count::AtLeastOne => "expected at least one argument",
        _ => "",
    };
    if count == 0 && !complaint.is_empty() {
        return Err(complain(&option_name(known, index), complaint));
    }
    let values = words[at + 1..at + 1 + count].iter().filter(|word| *word != "--").cloned().collect();
    store(argument, index, values, reading)?;
    Ok(at + 1 + count)
}

fn set_flag(index: usize, reading: &mut Reading) {
    if index == HELP {
        reading.help = true;
    } else {
        reading.values.insert(index, Vec::new());
    }
}

fn store(argument: &Argument, index: usize, values: Vec<String>, reading: &mut Reading) -> Result<(), Complaint> {
    let name = if argument.is_option() { argument.names.join("/") } else { positional_name(argument) };
    for value in &values {
        let digits = value.trim().trim_start_matches(['-', '+']);
        if argument.kind == Kind::Integer && (digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit())) {
            return Err(complain(&name, &format!("invalid int value: {}", quoted(value))));
        }
        if !argument.choices.is_empty() && !argument.choices.contains(value) {
            return Err(complain(&name, &invalid_choice(argument.choices.iter().map(String::as_str), value)));
        }
    }
    reading.values.insert(index, values);
    Ok(())
}

fn complain(name: &str, what: &str) -> Complaint {
    Complaint(format!("argument {name}: {what}"))
}

fn option_name(known: &[&Argument], index: usize) -> String {
    if index == HELP { "-h/--help".to_owned() } else { known[index].names.join("/") }
}

fn positional_name(argument: &Argument) -> String {
    argument.metavar.clone().unwrap_or_else(|| argument.key().to_owned())
}
