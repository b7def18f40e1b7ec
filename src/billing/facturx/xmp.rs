//! What makes a PDF/A-3 with an attached XML a Factur-X: four properties in its metadata, and their description inside
//! the bag of extension schemas that is already there (a second bag is not valid).

use lopdf::{Document, Object};

use super::FacturxError;

/// Namespace of the properties.
const NAMESPACE: &str = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#";

/// The end of the bag of extension schemas, as the typesetter writes it.
const BAG_END: &str = "</rdf:Bag></pdfaExtension:schemas>";

/// The end of all descriptions.
const RDF_END: &str = "</rdf:RDF>";

/// Name, description: all are texts from outside the file.
const PROPERTIES: [(&str, &str); 4] = [
    ("DocumentFileName", "name of the embedded XML invoice file"),
    ("DocumentType", "INVOICE"),
    ("Version", "version of the XML schema of the embedded invoice"),
    ("ConformanceLevel", "conformance level of the embedded invoice"),
];

/// Writes the Factur-X properties into the metadata of a PDF/A-3.
///
/// # Errors
/// [`FacturxError`] when the file or its metadata are not what the typesetter writes.
pub fn declare(pdf: &[u8], file_name: &str) -> Result<Vec<u8>, FacturxError> {
    let mut document = Document::load_mem(pdf)?;
    let metadata = document.catalog()?.get(b"Metadata")?.as_reference()?;
    let stream = document.get_object_mut(metadata)?.as_stream_mut()?;
    if stream.dict.has(b"Filter") {
        return Err(FacturxError::Metadata("it is compressed"));
    }
    let packet = std::str::from_utf8(&stream.content).map_err(|_| FacturxError::Metadata("it is not UTF-8"))?;
    let packet = insert(&insert(packet, BAG_END, &schema())?, RDF_END, &properties(file_name))?;
    stream.dict.set("Length", Object::Integer(i64::try_from(packet.len()).unwrap_or(i64::MAX)));
    stream.content = packet.into_bytes();
    let mut bytes = Vec::with_capacity(pdf.len() + 4096);
    document.save_to(&mut bytes).map_err(FacturxError::Save)?;
    Ok(bytes)
}

/// Puts text before the one place where a marker stands.
fn insert(packet: &str, marker: &'static str, text: &str) -> Result<String, FacturxError> {
    let mut places = packet.match_indices(marker);
    match (places.next(), places.next()) {
        (Some((at, _)), None) => Ok(format!("{}{text}{}", &packet[..at], &packet[at..])),
        _ => Err(FacturxError::Metadata("it has no single list of extension schemas")),
    }
}

fn schema() -> String {
    let properties: String = PROPERTIES
        .iter()
        .map(|(name, description)| {
            format!(
                "<rdf:li rdf:parseType=\"Resource\"><pdfaProperty:name>{name}</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category><pdfaProperty:description>{description}</pdfaProperty:description></rdf:li>"
            )
        })
        .collect();
    format!(
        "<rdf:li rdf:parseType=\"Resource\"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema><pdfaSchema:namespaceURI>{NAMESPACE}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )
}

fn properties(file_name: &str) -> String {
    format!(
        "<rdf:Description rdf:about=\"\" xmlns:fx=\"{NAMESPACE}\"><fx:DocumentType>INVOICE</fx:DocumentType><fx:DocumentFileName>{file_name}</fx:DocumentFileName><fx:Version>1.0</fx:Version><fx:ConformanceLevel>EN 16931</fx:ConformanceLevel></rdf:Description>"
    )
}
