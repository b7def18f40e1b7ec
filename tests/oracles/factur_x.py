"""Judges e-invoices: for every `NAME.xml` and `NAME.pdf` of a folder, what the official rules have to say.

    factur_x.py FOLDER

Prints one JSON object: file name -> layer -> list of complaints. The layers of an XML are `xsd` (the schema of profile
EN 16931), `schematron` (Factur-X with the European rules) and `french` (BR-FR); of a PDF `qpdf` (structure), `archive`
(what PDF/A-3 asks for and this script can see), `attachment` and `metadata`. No complaint is an empty list: a layer
that did not run is not there. Rules and schemas come with the package `factur-x`, `saxonche` runs them.
"""

import importlib.resources
import json
import pathlib
import subprocess
import sys

from lxml import etree
from pypdf import PdfReader
from pypdf.errors import PdfReadError
from pypdf.generic import IndirectObject
from saxonche import PySaxonProcessor

RULES = pathlib.Path(str(importlib.resources.files("facturx"))) / "xsd_and_schematron"
XSD = RULES / "facturx-en16931" / "Factur-X_EN16931.xsd"
SCHEMATRON = {
    "schematron": RULES / "facturx-en16931" / "FACTUR-X_EN16931.xslt",
    "french": RULES / "cii-schematron-fr-ctc" / "BR-FR-Flux2-Schematron-CII.xslt",
}
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
EXTENSION = "{http://www.aiim.org/pdfa/ns/extension/}"
SCHEMA = "{http://www.aiim.org/pdfa/ns/schema#}"
PROPERTY = "{http://www.aiim.org/pdfa/ns/property#}"


class Rules:
    """Schema and schematrons, read once."""

    def __init__(self):
        self.schema = etree.XMLSchema(etree.parse(str(XSD)))
        self.saxon = PySaxonProcessor(license=False)
        compiler = self.saxon.new_xslt30_processor()
        self.sheets = {
            name: compiler.compile_stylesheet(stylesheet_file=str(path)) for name, path in SCHEMATRON.items()
        }

    def xml(self, path):
        judged = {"xsd": []}
        try:
            tree = etree.parse(str(path))
        except etree.XMLSyntaxError as mistake:
            return {"xsd": [f"not well-formed: {mistake}"]}
        if not self.schema.validate(tree):
            judged["xsd"] = [f"line {one.line}: {one.message}" for one in self.schema.error_log]
        node = self.saxon.parse_xml(xml_file_name=str(path))
        for name, sheet in self.sheets.items():
            report = etree.fromstring(sheet.transform_to_string(xdm_node=node).encode())
            fired = report.findall(f"{SVRL}fired-rule")
            judged[name] = [] if fired else ["no rule was looked at"]
            for failed in report.findall(f"{SVRL}failed-assert"):
                words = " ".join("".join(failed.itertext()).split())
                judged[name].append(f"{failed.get('id')} {failed.get('flag')}: {words}")
        return judged


def resolved(value):
    return value.get_object() if isinstance(value, IndirectObject) else value


def pdf(path):
    judged = {"archive": [], "attachment": [], "metadata": []}
    checked = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True)
    judged["qpdf"] = [] if checked.returncode == 0 else [checked.stdout + checked.stderr]
    try:
        reader = PdfReader(str(path))
        root = reader.trailer["/Root"]
    except PdfReadError as mistake:
        return judged | {"archive": [f"cannot be read: {mistake}"]}
    archive(reader, root, judged["archive"])
    if path.with_suffix(".xml").exists():
        attachment(root, path.with_suffix(".xml").read_bytes(), judged["attachment"])
        metadata(root, judged["metadata"])
    return judged


def archive(reader, root, complaints):
    """Structure that PDF/A-3 and PDF/UA-1 want, as far as it shows in the catalogue, the pages and the fonts."""

    def expect(what, words):
        if not what:
            complaints.append(words)

    expect("/Encrypt" not in reader.trailer, "encrypted")
    expect(len(reader.trailer.get("/ID", [])) == 2, "no identifier in the trailer")
    expect(root.get("/MarkInfo", {}).get("/Marked"), "not tagged")
    expect("/StructTreeRoot" in root, "no structure tree")
    expect(root.get("/Lang"), "no language")
    expect("/OpenAction" not in root and "/AA" not in root, "it acts when opened")
    intents = root.get("/OutputIntents", [])
    expect([one["/S"] for one in map(resolved, intents)] == ["/GTS_PDFA1"], "not one PDF/A output intent")
    packet = xmp(root)
    values = {element.tag: element.text for element in packet.iter()}
    expect(values.get("{http://www.aiim.org/pdfa/ns/id/}part") == "3", "not declared as PDF/A-3")
    expect(values.get("{http://www.aiim.org/pdfa/ns/id/}conformance") in ("A", "B", "U"), "no conformance level")
    expect(values.get("{http://www.aiim.org/pdfua/ns/id/}part") == "1", "not declared as PDF/UA-1")
    info = reader.metadata or {}
    expect(bool(info.get("/Title")), "no title")
    dates = {values.get("{http://ns.adobe.com/xap/1.0/}CreateDate"), values.get("{http://ns.adobe.com/xap/1.0/}ModifyDate")}
    expect(len(dates) == 1 and None not in dates, "dates of the metadata differ")
    for number, page in enumerate(reader.pages, 1):
        for name, font in (page["/Resources"].get("/Font") or {}).items():
            font = resolved(font)
            inner = resolved(font.get("/DescendantFonts", [font])[0])
            descriptor = resolved(inner.get("/FontDescriptor", {}))
            files = [key for key in ("/FontFile", "/FontFile2", "/FontFile3") if key in descriptor]
            expect(files, f"page {number}: font {name} is not embedded")
            expect("/ToUnicode" in font, f"page {number}: font {name} cannot be read aloud")


def xmp(root):
    stream = root["/Metadata"]
    return etree.fromstring(stream.get_data())


def attachment(root, xml, complaints):
    def expect(what, words):
        if not what:
            complaints.append(words)

    associated = [resolved(one) for one in resolved(root.get("/AF", []))]
    expect(len(associated) == 1, f"/AF lists {len(associated)} files")
    names = resolved(resolved(root.get("/Names", {})).get("/EmbeddedFiles", {})).get("/Names", [])
    expect([str(one) for one in names[::2]] == ["factur-x.xml"], f"embedded files are {names[::2]}")
    for spec in associated:
        expect(spec.get("/AFRelationship") == "/Alternative", f"relationship {spec.get('/AFRelationship')}")
        expect(spec.get("/F") == "factur-x.xml" == spec.get("/UF"), f"name {spec.get('/F')}, {spec.get('/UF')}")
        for key in ("/F", "/UF"):
            stream = resolved(resolved(spec["/EF"])[key])
            expect(stream.get("/Subtype") == "/text/xml", f"type {stream.get('/Subtype')}")
            expect(stream.get_data() == xml, "the attached XML is not the one beside it")
            expect(resolved(stream["/Params"]).get("/ModDate"), "the attached XML has no date")
    listed = [one.idnum for one in names[1::2] if isinstance(one, IndirectObject)]
    expect(listed == [one.idnum for one in resolved(root.get("/AF", []))], "/AF and EmbeddedFiles name different files")


def metadata(root, complaints):
    packet = xmp(root)
    wanted = {"DocumentType": "INVOICE", "DocumentFileName": "factur-x.xml", "Version": "1.0", "ConformanceLevel": "EN 16931"}
    for name, value in wanted.items():
        found = [element.text for element in packet.iter(f"{{{FX}}}{name}")]
        if found != [value]:
            complaints.append(f"fx:{name} is {found}")
    bags = packet.findall(f".//{EXTENSION}schemas")
    if len(bags) != 1:
        complaints.append(f"{len(bags)} lists of extension schemas")
    described = {
        schema.findtext(f"{SCHEMA}namespaceURI"): {one.text for one in schema.iter(f"{PROPERTY}name")}
        for bag in bags
        for schema in bag.findall(f"{RDF}Bag/{RDF}li")
    }
    if described.get(FX) != set(wanted):
        complaints.append(f"the description of fx names {described.get(FX)}")


def main(folder):
    rules = Rules()
    judged = {}
    for path in sorted(folder.glob("*.xml")):
        judged[path.name] = rules.xml(path)
    for path in sorted(folder.glob("*.pdf")):
        judged[path.name] = pdf(path)
    json.dump(judged, sys.stdout, ensure_ascii=False, indent=1)


main(pathlib.Path(sys.argv[1]))
