//! What a command line means, once it is read.

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Assignments and/or a command with its arguments.
    Simple(Simple),
    /// Commands connected by `|`; the flag is a leading `!`.
    Pipeline(Vec<Node>, bool),
    /// A first command and those after `&&` or `||`.
    AndOr(Box<Node>, Vec<(Connector, Node)>),
    /// Commands one after the other; the flag is a trailing `&`.
    List(Vec<(Node, bool)>),
    /// `if`, `elif` (condition and body) and `else`.
    If(Vec<(Node, Node)>, Option<Box<Node>>),
    /// `while` (or `until`, when the flag is set): condition and body.
    While(Box<Node>, Box<Node>, bool),
    /// `for NAME in WORDS`.
    For(String, Vec<Word>, Box<Node>),
    /// `{ …; }`.
    Group(Box<Node>),
    /// `( … )`.
    Subshell(Box<Node>),
    /// A compound command with redirections.
    Redirected(Box<Node>, Vec<Redirect>),
}

/// `&&` or `||`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connector {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// A simple command.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Simple {
    /// `NAME=word` before the command.
    pub assignments: Vec<(String, Word)>,
    /// The command and its arguments.
    pub words: Vec<Word>,
    /// Where its streams go.
    pub redirects: Vec<Redirect>,
    /// Line of the script it begins on, for messages.
    pub line: usize,
}

/// A redirection.
#[derive(Debug, Clone, PartialEq)]
pub struct Redirect {
    /// File descriptor: 0, 1 or 2.
    pub descriptor: u8,
    /// What happens to it.
    pub action: RedirectAction,
}

/// What a redirection does.
#[derive(Debug, Clone, PartialEq)]
pub enum RedirectAction {
    /// `< file`
    Read(Word),
    /// `> file`
    Write(Word),
    /// `>> file`
    Append(Word),
    /// `>&n`
    Duplicate(u8),
}

/// A word: pieces that are put together and, where they are not quoted, split and matched against file names.
pub type Word = Vec<Piece>;

/// A piece of a word.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Whether it stood in quotes.
    pub quoted: bool,
    /// What it is.
    pub kind: PieceKind,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq)]
pub enum PieceKind {
    /// Text as it is.
    Literal(String),
    /// `$NAME`, `$1`, `$?`; with the word of `${NAME:-word}` when one is given.
    Variable(String, Option<Word>),
    /// `$(…)`.
    Command(Box<Node>),
}
