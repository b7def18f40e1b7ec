//! Factur-X: one file that a person reads and a machine books. PDF/A-3b around the XML of profile EN 16931.
//!
//! Everything comes from the issued document and the templates: rendered again the bytes are the same, on any machine
//! (R20). What is printed in the PDF stands in the XML (R27).

mod cii;
mod party;
mod settlement;
mod xmp;

use serde_json::{Value, json};

use crate::domain::billing::document::{DocumentKind, DocumentLanguage, Issued, Party};
use crate::print::{Attachment, House, Identity, PrintError, Relationship, Templates};

pub use cii::cii;

/// The name of the XML inside the PDF: readers look for it.
pub const XML_NAME: &str = "factur-x.xml";

/// The template of invoices and credit notes.
pub const TEMPLATE: &str = "invoice";

/// An issued document as files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// What is sent: a PDF/A-3b with the XML inside.
    pub pdf: Vec<u8>,
    /// The XML alone.
    pub xml: Vec<u8>,
}

/// Why a document could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum FacturxError {
    /// The template.
    #[error(transparent)]
    Print(#[from] PrintError),
    /// Writing into memory failed.
    #[error("the XML of `{number}` could not be written")]
    Xml {
        /// The document's number.
        number: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The typesetter's file could not be read.
    #[error("the printed file could not be read again to declare its XML")]
    Pdf(#[from] lopdf::Error),
    /// The declared file could not be written.
    #[error("the printed file could not be written with its XML")]
    Save(#[source] std::io::Error),
    /// The metadata of the printed file are not as expected.
    #[error("the metadata of the printed file are not as expected: {0}")]
    Metadata(&'static str),
    /// The templates are other ones than those that the document was issued with.
    #[error(
        "`{number}` was issued with other templates ({issued}) than those at hand ({present})\n\nits file is in the archive; to print it anew, use the templates of that day"
    )]
    OtherTemplates {
        /// The document's number.
        number: String,
        /// SHA-256 of the templates of its day.
        issued: String,
        /// SHA-256 of those at hand.
        present: String,
    },
}

/// Renders an issued document with the templates that it was issued with.
///
/// # Errors
/// [`FacturxError::OtherTemplates`] when they are others; everything else means that a template is wrong.
pub fn render(issued: &Issued, templates: &Templates) -> Result<Rendered, FacturxError> {
    if issued.template_sha256 != templates.version() {
        return Err(FacturxError::OtherTemplates {
            number: issued.number.clone(),
            issued: issued.template_sha256.clone(),
            present: templates.version().to_owned(),
        });
    }
    let xml = cii(issued).map_err(|source| FacturxError::Xml { number: issued.number.clone(), source })?;
    let attachment = Attachment {
        name: XML_NAME.to_owned(),
        mime: String::from("text/xml"),
        description: String::from("Factur-X"),
        relationship: Relationship::Alternative,
        bytes: xml.clone(),
    };
    let pdf = templates.pdf(TEMPLATE, &data(issued), &identity(issued), &[attachment])?;
    Ok(Rendered { pdf: xmp::declare(&pdf, XML_NAME)?, xml })
}

fn identity(issued: &Issued) -> Identity {
    let kind = match (issued.kind, issued.language) {
        (DocumentKind::Invoice, DocumentLanguage::Fr) => "Facture",
        (DocumentKind::CreditNote, DocumentLanguage::Fr) => "Avoir",
        (DocumentKind::Invoice, DocumentLanguage::En) => "Invoice",
        (DocumentKind::CreditNote, DocumentLanguage::En) => "Credit note",
    };
    let (number, buyer, seller) = (&issued.number, &issued.buyer.name, &issued.seller.name);
    Identity {
        id: format!("{} {number}", issued.seller.siren.as_deref().unwrap_or(seller)),
        title: format!("{kind} {number}, {buyer}"),
        author: seller.clone(),
        date: issued.issued_on,
    }
}

/// What the template reads: the document as it is kept, and the house.
fn data(issued: &Issued) -> Value {
    let mut data = json!(issued);
    data["house"] = json!(house(&issued.seller, issued.language));
    data
}

/// Head and foot of the co-operative's pages.
pub(super) fn house(seller: &Party, language: DocumentLanguage) -> House {
    let vat = match language {
        DocumentLanguage::Fr => "TVA",
        DocumentLanguage::En => "VAT",
    };
    let legal = [
        Some(seller.name.clone()),
        seller.capital.clone().or_else(|| Some(seller.form.clone())),
        seller.siret.as_ref().map(|siret| format!("SIRET {siret}")),
        seller.rcs.as_ref().map(|city| format!("RCS {city}")),
        seller.vat_number.as_ref().map(|number| format!("{vat} {number}")),
    ];
    let address = &seller.address;
    House {
        name: seller.name.clone(),
        address: address.lines.iter().cloned().chain([format!("{} {}", address.postcode, address.city)]).collect(),
        contact: [seller.email.clone(), seller.phone.clone()].into_iter().flatten().collect(),
        legal: legal.into_iter().flatten().collect::<Vec<_>>().join(" · "),
    }
}
