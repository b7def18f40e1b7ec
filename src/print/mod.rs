//! Printed documents: data and a template become a PDF/A-3b, tagged and accessible (PDF/UA-1), in the same bytes on
//! every machine.
//!
//! Templates are typst files. Those of `templates/` are built in; a folder of the co-operative's own may replace any
//! of them, one by one, and bring fonts and a logo (`docs/documents.md`). A template gets its data as `/data.json` and
//! nothing else: no clock, no network, no file outside its folder. What a document is called, who wrote it and of
//! which day it is come from its [`Identity`], never from the machine.

mod characters;
mod error;
mod fonts;
mod house;
pub mod square;
mod templates;
mod world;

use serde_json::Value;
use typst::comemo;
use typst::foundations::{Datetime, Smart};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::util::limits;

pub use error::{PrintError, Problem};
pub use house::House;
pub use templates::Templates;

/// What a document is, apart from its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Names this document for ever, for example `F2026-00042`: the PDF's identifier derives from it.
    pub id: String,
    /// Title, as a reader's window shows it.
    pub title: String,
    /// Who wrote it.
    pub author: String,
    /// The day of the document: it stands as the creation date in the file.
    pub date: jiff::civil::Date,
}

/// A file inside a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// File name.
    pub name: String,
    /// Media type, for example `text/xml`.
    pub mime: String,
    /// What it is, for people.
    pub description: String,
    /// What it is to the document.
    pub relationship: Relationship,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What an attached file is to its document (`AFRelationship`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relationship {
    /// The same thing in another form, such as the XML of an invoice.
    Alternative,
    /// What the document was drawn from.
    Data,
    /// Something more.
    Supplement,
}

/// Prints a document with the templates at hand; `template` is a name such as `letter`.
///
/// # Errors
/// [`PrintError`] when there is no such template, or it does not fit the data: with file, line and column.
pub fn pdf(template: &str, data: &Value, identity: &Identity) -> Result<Vec<u8>, PrintError> {
    Templates::at_hand().pdf(template, data, identity, &[])
}

impl Templates {
    /// Prints a document with files attached to it.
    ///
    /// # Errors
    /// [`PrintError`] when there is no such template, or it does not fit the data: with file, line and column.
    pub fn pdf(
        &self,
        template: &str,
        data: &Value,
        identity: &Identity,
        attachments: &[Attachment],
    ) -> Result<Vec<u8>, PrintError> {
        let printed = self.compile(template, data, identity, attachments);
        // What some documents in a row did not use again is forgotten, so that a long run stays small and a warm one fast.
        // Threads that print side by side share what is remembered, and each of them counts its documents.
        comemo::evict(limits::PRINTED_BEFORE_FORGOTTEN);
        printed
    }

    fn compile(
        &self,
        template: &str,
        data: &Value,
        identity: &Identity,
        attachments: &[Attachment],
    ) -> Result<Vec<u8>, PrintError> {
        let world = self.world(template, data, attachments)?;
        let mut document: typst_layout::PagedDocument =
            typst::compile(&world).output.map_err(|problems| PrintError::of(template, &world, &problems))?;
        let day = identity.date;
        let date = Datetime::from_ymd(i32::from(day.year()), day.month().unsigned_abs(), day.day().unsigned_abs());
        let info = document.info_mut();
        info.title = Some(characters::plain(&identity.title).into());
        info.author = vec![characters::plain(&identity.author).into()];
        info.date = Smart::Auto;
        let options = PdfOptions {
            ident: Smart::Custom(identity.id.clone()),
            creator: Smart::Custom(Some(String::from("accolades"))),
            timestamp: date.map(Timestamp::new_utc),
            standards: PdfStandards::new(&[PdfStandard::A_3b, PdfStandard::Ua_1])
                .map_err(|refusal| PrintError::Standards(refusal.message().to_string()))?,
            ..PdfOptions::default()
        };
        typst_pdf::pdf(&document, &options).map_err(|problems| PrintError::of(template, &world, &problems))
    }
}
