//! Writing XML: elements in the order in which they are called, text escaped, nothing that XML 1.0 forbids.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// An XML document that is being written.
pub struct Xml {
    writer: Writer<Vec<u8>>,
}

impl Xml {
    /// An empty document.
    ///
    /// # Errors
    /// None in practice: it is written into memory.
    pub fn new() -> io::Result<Xml> {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 1);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        Ok(Xml { writer })
    }

    /// The document's bytes, with a line end at the end.
    pub fn finish(self) -> Vec<u8> {
        let mut bytes = self.writer.into_inner();
        bytes.push(b'\n');
        bytes
    }

    /// An element with attributes around others.
    pub fn root(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        inside: impl FnOnce(&mut Xml) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut start = BytesStart::new(name);
        for (key, value) in attributes {
            start.push_attribute((*key, *value));
        }
        self.writer.write_event(Event::Start(start))?;
        inside(self)?;
        self.writer.write_event(Event::End(BytesEnd::new(name)))
    }

    /// An element around others.
    pub fn group(&mut self, name: &str, inside: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
        self.root(name, &[], inside)
    }

    /// An element with text.
    pub fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.text_with(name, &[], text)
    }

    /// An element with attributes and text.
    pub fn text_with(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        let text: String = text.chars().filter(|one| allowed(*one)).collect();
        self.root(name, attributes, |xml| xml.writer.write_event(Event::Text(BytesText::new(&text))))
    }

    /// An element with text where there is one.
    pub fn maybe(&mut self, name: &str, text: Option<&str>) -> io::Result<()> {
        text.map_or(Ok(()), |text| self.text(name, text))
    }
}

/// What XML 1.0 allows in a document.
fn allowed(one: char) -> bool {
    matches!(one, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_escaped_and_what_xml_forbids_is_left_out() {
        let mut xml = Xml::new().expect("in memory");
        xml.text_with("a", &[("k", "\"<&")], "<b>&\u{0}\u{FFFE}]]>😀\u{202E}").expect("in memory");
        let text = String::from_utf8(xml.finish()).expect("UTF-8");
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a k=\"&quot;&lt;&amp;\">&lt;b&gt;&amp;]]&gt;😀\u{202E}</a>\n"
        );
    }
}
