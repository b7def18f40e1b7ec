//! What can be wrong with a template, said so that the person who wrote it finds the place.

use std::fmt;
use std::path::PathBuf;

use typst::World;
use typst::WorldExt;
use typst::diag::SourceDiagnostic;

use super::world::PrintWorld;

/// Why a document was not printed.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// No template of that name.
    #[error("there is no template `{name}`\n\nthere are: {known}")]
    NoTemplate {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The template is wrong or does not fit the data.
    #[error(
        "template `{template}` cannot be printed:\n{}\n\nmend the template in its folder, or take it out of there to use the built-in one",
        .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    )]
    Template {
        /// The template's name.
        template: String,
        /// What is wrong, each with its place.
        problems: Vec<Problem>,
    },
    /// The folder of the co-operative's own templates cannot be read.
    #[error("templates in `{path}` cannot be read\n\ncheck that the folder is there and readable")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of that folder is no text, no font, or too large.
    #[error("`{path}` among the templates cannot be used: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The library refuses the standards that we ask for.
    #[error("the standards of printed documents contradict each other: {0}")]
    Standards(String),
}

/// One mistake in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, as the template would import it; none when the mistake has no place.
    pub file: Option<String>,
    /// Line and column, from 1.
    pub place: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
    /// What may help.
    pub hints: Vec<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.place) {
            (Some(file), Some((line, column))) => write!(out, "{file}:{line}:{column}: {}", self.message)?,
            (Some(file), None) => write!(out, "{file}: {}", self.message)?,
            _ => write!(out, "{}", self.message)?,
        }
        for hint in &self.hints {
            write!(out, " ({hint})")?;
        }
        Ok(())
    }
}

impl PrintError {
    /// The diagnostics of the typesetter with their places.
    pub(super) fn of(template: &str, world: &PrintWorld<'_>, problems: &[SourceDiagnostic]) -> PrintError {
        PrintError::Template {
            template: template.to_owned(),
            problems: problems.iter().map(|problem| Problem::of(world, problem)).collect(),
        }
    }
}

impl Problem {
    fn of(world: &PrintWorld<'_>, problem: &SourceDiagnostic) -> Problem {
        let file = problem.span.id();
        let place = file.and_then(|file| {
            let range = world.range(problem.span)?;
            let source = world.source(file).ok()?;
            let (line, column) = source.lines().byte_to_line_column(range.start)?;
            Some((line + 1, column + 1))
        });
        Problem {
            file: file.map(|file| file.get().vpath().get_without_slash().to_owned()),
            place,
            message: problem.message.to_string(),
            hints: problem.hints.iter().map(|hint| hint.v.to_string()).collect(),
        }
    }
}
