//! The table of commands, read once from `commands.txt`.

use std::sync::LazyLock;

/// The whole grammar.
#[derive(Debug, Default)]
pub struct Commands {
    /// `user`, `domain`, ... in order.
    pub categories: Vec<Category>,
}

/// A first word.
#[derive(Debug)]
pub struct Category {
    pub name: String,
    pub help: Option<String>,
    /// The second words in order: commands first, then groups.
    pub entries: Vec<Entry>,
}

/// What a word may lead to.
#[derive(Debug)]
pub enum Entry {
    Command(Command),
    Group(Group),
}

/// A second word that leads to a third: `user group ...`.
#[derive(Debug)]
pub struct Group {
    pub name: String,
    pub help: Option<String>,
    pub commands: Vec<Command>,
}

/// A command.
#[derive(Debug)]
pub struct Command {
    /// Its full name, `user group create`.
    pub name: String,
    /// Takes no lock (all its routes are GET).
    pub read_only: bool,
    /// Not listed in help texts.
    pub hidden: bool,
    /// The whole command is deprecated.
    pub deprecated: bool,
    /// Deprecated names of it.
    pub aliases: Vec<String>,
    pub help: Option<String>,
    pub arguments: Vec<Argument>,
}

/// An argument of a command.
#[derive(Debug, Clone)]
pub struct Argument {
    /// `["-F", "--fullname"]`, or one name for a positional one.
    pub names: Vec<String>,
    pub count: Count,
    pub kind: Kind,
    pub metavar: Option<String>,
    pub choices: Vec<String>,
    pub default: Option<String>,
    /// Asked for when missing: fails at once without a terminal.
    pub ask: bool,
    /// Must not be empty.
    pub required: bool,
    /// The sentence shown before a password is read.
    pub comment: Option<Comment>,
    pub pattern: Option<String>,
    pub help: Option<String>,
}

/// How many values an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    One,
    Flag,
    /// `?` of a positional argument or an option.
    Optional,
    /// `?` whose missing value means "ask me".
    OptionalAsked,
    Any,
    AtLeastOne,
}

/// What `argparse` turns a value into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    /// A file that is opened while arguments are read.
    File,
}

/// Which sentence about passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comment {
    User,
    Admin,
}

/// The grammar.
pub fn commands() -> &'static Commands {
    static COMMANDS: LazyLock<Commands> = LazyLock::new(|| read(include_str!("commands.txt")));
    &COMMANDS
}

impl Entry {
    /// The word that leads here.
    pub fn word(&self) -> &str {
        match self {
            Entry::Command(command) => command.word(),
            Entry::Group(group) => &group.name,
        }
    }
}

impl Command {
    /// The last word of its name.
    pub fn word(&self) -> &str {
        self.name.rsplit(' ').next().unwrap_or_default()
    }
}

impl Argument {
    /// Whether it is named by dashes.
    pub fn is_option(&self) -> bool {
        self.names[0].starts_with('-')
    }

    /// The name under which commands find it: the long one.
    pub fn key(&self) -> &str {
        self.names.last().map(String::as_str).unwrap_or_default()
    }

    /// The name in Python: no dashes before, underscores within.
    pub fn python_name(&self) -> String {
        self.key().trim_start_matches('-').replace('-', "_")
    }
}

fn read(text: &str) -> Commands {
    let mut commands = Commands::default();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let (words, help) = match line.split_once(" | ") {
            Some((words, help)) => (words, Some(help.to_owned())),
            None => (line, None),
        };
        let indented = words.starts_with(' ');
        let words: Vec<&str> = words.split_whitespace().collect();
        match words[0] {
            _ if indented => {
                if let Some(command) = commands.last_command() {
                    command.arguments.push(argument(&words, help));
                }
            }
            "category" => {
                commands.categories.push(Category { name: words[1].to_owned(), help, entries: Vec::new() });
            }
            "group" => {
                if let Some(category) = commands.categories.last_mut() {
                    let group = Group { name: words[2].to_owned(), help, commands: Vec::new() };
                    category.entries.push(Entry::Group(group));
                }
            }
            _ => commands.add(command(&words, help)),
        }
    }
    commands
}

impl Commands {
    fn last_command(&mut self) -> Option<&mut Command> {
        match self.categories.last_mut()?.entries.last_mut()? {
            Entry::Command(command) => Some(command),
            Entry::Group(group) => group.commands.last_mut(),
        }
    }

    fn add(&mut self, command: Command) {
        let Some(category) = self.categories.last_mut() else { return };
        let in_group = command.name.split(' ').count() == 3;
        match category.entries.last_mut() {
            Some(Entry::Group(group)) if in_group => group.commands.push(command),
            _ => category.entries.push(Entry::Command(command)),
        }
    }
}

fn is_property(word: &str) -> bool {
    matches!(word, "read" | "hidden" | "deprecated") || word.starts_with("alias:")
}

fn command(words: &[&str], help: Option<String>) -> Command {
    let end = words.iter().position(|word| is_property(word)).unwrap_or(words.len());
    let properties = &words[end..];
    Command {
        name: words[..end].join(" "),
        read_only: properties.contains(&"read"),
        hidden: properties.contains(&"hidden"),
        deprecated: properties.contains(&"deprecated"),
        aliases: properties.iter().filter_map(|word| word.strip_prefix("alias:")).map(str::to_owned).collect(),
        help,
        arguments: Vec::new(),
    }
}

fn argument(words: &[&str], help: Option<String>) -> Argument {
    let names =
        if words[0].starts_with('-') && words.get(1).is_some_and(|word| word.starts_with("--")) { 2 } else { 1 };
    let mut argument = Argument {
        names: words[..names].iter().map(|name| (*name).to_owned()).collect(),
        count: Count::One,
        kind: Kind::Text,
        metavar: None,
        choices: Vec::new(),
        default: None,
        ask: false,
        required: false,
        comment: None,
        pattern: None,
        help,
    };
    for word in &words[names..] {
        let (name, value) = word.split_once(':').unwrap_or((word, ""));
        match name {
            "flag" => argument.count = Count::Flag,
            "?" => argument.count = Count::Optional,
            "const" => argument.count = Count::OptionalAsked,
            "*" => argument.count = Count::Any,
            "+" => argument.count = Count::AtLeastOne,
            "int" => argument.kind = Kind::Integer,
            "file" => argument.kind = Kind::File,
            "metavar" => argument.metavar = Some(value.to_owned()),
            "choices" => argument.choices = value.split(',').map(str::to_owned).collect(),
            "default" => argument.default = Some(value.to_owned()),
            "ask" => argument.ask = true,
            "required" => argument.required = true,
            "comment" => argument.comment = Some(if value == "admin" { Comment::Admin } else { Comment::User }),
            "pattern" => argument.pattern = Some(value.to_owned()),
            unknown => unreachable!("commands.txt: unknown word {unknown}"),
        }
    }
    argument
}
