//! Mistakes as a technician reads them: file, line, caret, advice, and both places of a conflict.

use std::fmt;
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, Severity,
    SourceCode, SourceSpan, SpanContents,
};

use super::mistake::{Mistake, Mistakes, Place};

/// Columns of the rendering: messages are wrapped there.
const WIDTH: usize = 110;

/// How mistakes are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawing {
    /// With colours, for a terminal that wants them.
    Colour,
    /// The same without colours.
    Plain,
}

impl Mistakes {
    /// All mistakes, drawn one after the other, and a last line with their count.
    pub fn render(&self, drawing: Drawing) -> String {
        let theme = match drawing {
            Drawing::Colour => GraphicalTheme::unicode(),
            Drawing::Plain => GraphicalTheme::unicode_nocolor(),
        };
        let handler =
            GraphicalReportHandler::new_themed(theme).with_width(WIDTH).with_links(false).without_syntax_highlighting();
        let mut out = String::new();
        for mistake in self.list() {
            handler
                .render_report(&mut out, &Drawn::new(self, mistake))
                .expect("writing into a string cannot fail, and every span lies in its text");
            out.push('\n');
        }
        out.push_str(&format!("{self}\n"));
        out
    }
}

/// A mistake or one of its other places in the form that `miette` draws.
#[derive(Debug)]
struct Drawn {
    message: String,
    severity: Severity,
    help: Option<String>,
    source: Option<WholeLines>,
    labels: Vec<LabeledSpan>,
    elsewhere: Vec<Drawn>,
}

impl Drawn {
    fn new(mistakes: &Mistakes, mistake: &Mistake) -> Drawn {
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            mistake.also.iter().partition(|(place, _)| place.file == mistake.place.file);
        let source = source(mistakes, &mistake.place);
        // A file that could not be read has no text to point into: its name goes into the message.
        let message = match &source {
            None if !mistake.message.contains(&*mistake.place.file) => {
                format!("{}: {}", mistake.place.file, mistake.message)
            }
            _ => mistake.message.clone(),
        };
        let mut labels = vec![label(mistakes, &mistake.place, &mistake.label)];
        labels.extend(here.into_iter().map(|(place, text)| label(mistakes, place, text)));
        Drawn {
            message,
            severity: Severity::Error,
            help: mistake.help.clone(),
            source,
            labels,
            elsewhere: elsewhere
                .into_iter()
                .map(|(place, text)| Drawn {
                    message: "the other place".to_owned(),
                    severity: Severity::Advice,
                    help: None,
                    source: self::source(mistakes, place),
                    labels: vec![label(mistakes, place, text)],
                    elsewhere: Vec::new(),
                })
                .collect(),
        }
    }
}

fn source(mistakes: &Mistakes, place: &Place) -> Option<WholeLines> {
    mistakes.text(&place.file).map(|text| WholeLines { file: Arc::clone(&place.file), text: Arc::clone(text) })
}

/// A file that shows the whole lines of a span and nothing around them: `miette`'s own sources show the bare span or
/// the neighbouring lines.
#[derive(Debug)]
struct WholeLines {
    file: Arc<str>,
    text: Arc<str>,
}

impl SourceCode for WholeLines {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        _lines_before: usize,
        _lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text = &*self.text;
        let (first, last) = (span.offset(), span.offset() + span.len());
        let start = text.get(..first).ok_or(MietteError::OutOfBounds)?.rfind('\n').map_or(0, |newline| newline + 1);
        let end =
            text.get(last..).ok_or(MietteError::OutOfBounds)?.find('\n').map_or(text.len(), |newline| last + newline);
        let lines = &text[start..end];
        Ok(Box::new(MietteSpanContents::new_named(
            self.file.to_string(),
            lines.as_bytes(),
            SourceSpan::from(start..end),
            text[..start].matches('\n').count(),
            text[start..first].chars().count(),
            lines.matches('\n').count() + 1,
        )))
    }
}

/// A label on the first line of its place: a text over many lines is not repeated, be it long or a private key.
fn label(mistakes: &Mistakes, place: &Place, words: &str) -> LabeledSpan {
    let written = mistakes.text(&place.file).and_then(|text| text.get(place.start..place.end));
    let length = written.map_or(0, |written| written.find('\n').unwrap_or(written.len()));
    LabeledSpan::new(Some(words.to_owned()), place.start, length)
}

impl fmt::Display for Drawn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Drawn {}

impl Diagnostic for Drawn {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.elsewhere.iter().map(|one| one as &dyn Diagnostic)))
    }
}
