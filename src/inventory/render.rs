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
            Some(_) => mistake.message.clone(),
            None => format!("{}: {}", mistake.place.file, mistake.message),
        };
        let mut labels = vec![label(&mistake.place, &mistake.label)];
        labels.extend(here.into_iter().map(|(place, text)| label(place, text)));
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
                    labels: vec![label(place, text)],
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

fn label(place: &Place, text: &str) -> LabeledSpan {
    LabeledSpan::new(Some(text.to_owned()), place.start, place.end - place.start)
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
