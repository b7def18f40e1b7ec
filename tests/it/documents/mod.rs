//! Printed documents: what the official rules, a PDF tool and a reader say about every kind.
//!
//! `ACCOLADES_DOCUMENTS=FOLDER cargo nextest run -E 'test(documents_are_kept)'` writes the rendered set into a folder, to
//! be looked at.

mod papers;
mod samples;

use std::path::{Path, PathBuf};
use std::process::Command;

use accolades::billing::facturx::{FacturxError, Rendered, render};
use accolades::domain::billing::document::{DocumentLanguage, Issued};
use accolades::domain::billing::month::Month;
use accolades::domain::money::Cents;
use accolades::print::Templates;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::oracle;

fn rendered(issued: &Issued) -> Rendered {
    render(issued, Templates::built_in()).unwrap_or_else(|error| panic!("{}: {error}", issued.number))
}

/// Writes files with their names, PDF and XML side by side.
fn write(folder: &Path, name: &str, rendered: &Rendered) {
    std::fs::write(folder.join(name).with_extension("pdf"), &rendered.pdf).expect("the folder is writable");
    std::fs::write(folder.join(name).with_extension("xml"), &rendered.xml).expect("the folder is writable");
}

fn judged(python: &Path, folder: &Path) -> Value {
    let output = oracle::judge(python, "factur_x.py", &[folder.to_str().expect("UTF-8")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the judges answer in JSON")
}

/// The text of a PDF, page by page, as a reader sees it.
fn pages(pdf: &[u8]) -> Option<Vec<String>> {
    let pdftotext = oracle::tool("pdftotext")?;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("one.pdf");
    std::fs::write(&file, pdf).expect("the folder is writable");
    let output =
        Command::new(pdftotext).args(["-layout", "-enc", "UTF-8"]).arg(&file).arg("-").output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8").replace('\u{2019}', "'");
    Some(text.trim_end_matches('\u{C}').split('\u{C}').map(str::to_owned).collect())
}

#[test]
fn documents_of_every_kind_satisfy_the_official_rules() {
    let Some(python) = oracle::python() else { return };
    if oracle::tool("qpdf").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (name, issued) in samples::all() {
        write(folder.path(), name, &rendered(&issued));
    }
    let judged = judged(&python, folder.path());
    for (name, _) in samples::all() {
        let none = json!([]);
        assert_eq!(judged[format!("{name}.xml")], json!({"xsd": none, "schematron": none, "french": none}), "{name}");
        let clean = json!({"archive": none, "attachment": none, "metadata": none, "qpdf": none});
        assert_eq!(judged[format!("{name}.pdf")], clean, "{name}");
    }
}

/// Each judge says no to a document that was broken for it, so that its silence means something.
#[test]
fn documents_that_are_broken_on_purpose_are_refused_by_each_judge() {
    let Some(python) = oracle::python() else { return };
    if oracle::tool("qpdf").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let good = rendered(&samples::nine_seats());
    let text = String::from_utf8(good.xml.clone()).expect("UTF-8");
    let swap = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1).into_bytes()
    };
    let xml = |name: &str, bytes: Vec<u8>| std::fs::write(folder.path().join(name), bytes).expect("writable");
    xml("order.xml", swap("<ram:TypeCode>380</ram:TypeCode>", ""));
    xml("total.xml", swap("<ram:GrandTotalAmount>421.20<", "<ram:GrandTotalAmount>421.21<"));
    xml("mention.xml", swap("<ram:SubjectCode>PMT<", "<ram:SubjectCode>AAI<"));
    xml("siren.xml", swap("schemeID=\"0009\">00000101600013<", "schemeID=\"0009\">00000909600013<"));
    let pdf = |name: &str, pdf: Vec<u8>| write(folder.path(), name, &Rendered { pdf, xml: good.xml.clone() });
    let replaced = |from: &[u8], to: &[u8]| {
        assert_eq!(from.len(), to.len(), "places in the file stay");
        let mut pdf = good.pdf.clone();
        let found: Vec<usize> = (0..pdf.len() - from.len()).filter(|at| pdf[*at..].starts_with(from)).collect();
        assert!(!found.is_empty(), "it stands in the file");
        for at in found {
            pdf[at..at + to.len()].copy_from_slice(to);
        }
        pdf
    };
    pdf("cut", good.pdf[..good.pdf.len() / 2].to_vec());
    pdf("relationship", replaced(b"/AFRelationship/Alternative", b"/AFRelationship/Supplement "));
    pdf("level", replaced(b"<fx:ConformanceLevel>EN 16931<", b"<fx:ConformanceLevel>EXTENDED<"));
    pdf("bag", replaced(b"pdfaExtension:schemas", b"pdfaExtension:schemat"));
    pdf("part", replaced(b"<pdfaid:part>3<", b"<pdfaid:part>2<"));
    pdf("other-xml", rendered(&samples::island()).pdf);
    let judged = judged(&python, folder.path());
    let complains = |file: &str, layer: &str| {
        let found = judged[file][layer].as_array().is_some_and(|complaints| !complaints.is_empty());
        assert!(found, "{file}: {layer} has nothing to say: {}", judged[file]);
    };
    complains("order.xml", "xsd");
    complains("total.xml", "schematron");
    complains("mention.xml", "french");
    complains("siren.xml", "french");
    complains("cut.pdf", "qpdf");
    complains("relationship.pdf", "attachment");
    complains("other-xml.pdf", "attachment");
    complains("level.pdf", "metadata");
    complains("bag.pdf", "metadata");
    complains("part.pdf", "archive");
}

/// The digests of the whole set, as another process computes them.
fn digests() -> String {
    let digest = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let lines = samples::all().into_iter().map(|(name, issued)| {
        let rendered = rendered(&issued);
        format!("digest {name} {} {}", digest(&rendered.pdf), digest(&rendered.xml))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn documents_have_the_same_bytes_in_another_process() {
    const CHILD: &str = "ACCOLADES_DOCUMENTS_CHILD";
    if std::env::var_os(CHILD).is_some() {
        println!("{}", digests());
        return;
    }
    let this = std::env::current_exe().expect("this test has a file");
    let name = "documents::documents_have_the_same_bytes_in_another_process";
    let output = Command::new(this).args(["--exact", name, "--nocapture"]).env(CHILD, "1").output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let theirs = said.lines().filter_map(|line| line.find("digest ").map(|at| &line[at..])).collect::<Vec<_>>();
    let ours = digests();
    assert_eq!(theirs.join("\n"), ours, "R20");
    assert_eq!(theirs.len(), samples::all().len());
}

#[test]
fn documents_do_not_depend_on_what_was_printed_before() {
    let first = rendered(&samples::mixed());
    rendered(&samples::hostile());
    rendered(&samples::two_hundred_lines());
    assert_eq!(rendered(&samples::mixed()), first);
}

#[test]
fn documents_of_the_ordinary_case_fit_on_one_page_and_say_everything() {
    let Some(pages) = pages(&rendered(&samples::mixed()).pdf) else { return };
    let [page] = pages.as_slice() else { panic!("{} pages", pages.len()) };
    // R27: both parties, dates, what each line counts, VAT, what is due and how, the mentions.
    let said = [
        "Facture",
        "F2026-00042",
        "Les Communs Numériques",
        "Atelier des Lilas",
        "12 rue des Lilas",
        "69004 Lyon",
        "SIRET 000 002 022 00010",
        "FR64000002022",
        "SIRET 00000101600013",
        "FR53000001016",
        "RCS Lyon",
        "capital variable",
        "1er décembre 2026",
        "31 décembre 2026",
        "novembre 2026",
        "BC-2026/117",
        "251 jours",
        "les 30 jours",
        "326,30",
        "210 min",
        "l'heure",
        "227,50",
        "130,00",
        "TVA 20 %",
        "683,80 €",
        "136,76 €",
        "820,56 €",
        "CN-2026-0007",
        "FR72ZZZ123456",
        "notification préalable",
        "indemnité forfaitaire de 40 €",
        "Pénalités de retard",
        "Pas d'escompte",
        "prestations de services",
    ];
    let page = page.replace(['\u{A0}', '\u{202F}'], " ");
    for words in said {
        assert!(page.contains(words), "`{words}` is missing:\n{page}");
    }
    assert!(!page.contains("B2B"), "the note BAR is for platforms");
    assert!(!page.contains("FR1420041010050500013M02606"), "the payer's account is not written out");
}

/// A line of another month says its month: once, whether its name has it or not.
#[test]
fn documents_say_the_month_of_a_line_once() {
    let october = Month::parse("2026-10").expect("a month").period();
    let mut issued = samples::nine_seats();
    issued.lines[0].period = Some(october);
    issued.lines[0].explanation.clear();
    for (description, count) in [("Postes, octobre 2026", 1), ("Location d'un écran", 1)] {
        issued.lines[0].description = description.to_owned();
        let Some(pages) = pages(&rendered(&issued).pdf) else { return };
        let page = pages.join(" ").replace('\u{A0}', " ");
        assert_eq!(page.matches("octobre 2026").count(), count, "{description}:\n{page}");
    }
}

#[test]
fn documents_of_many_pages_carry_their_totals() {
    let issued = samples::two_hundred_lines();
    let Some(pages) = pages(&rendered(&issued).pdf) else { return };
    assert!(pages.len() > 3, "{} pages", pages.len());
    let figure = |text: &str, label: &str| {
        let after = &text[text.find(label)? + label.len()..];
        let digits: String = after[..after.find('€')?].chars().filter(char::is_ascii_digit).collect();
        digits.parse::<i64>().ok()
    };
    let mut carried = None;
    for (index, page) in pages.iter().enumerate() {
        assert!(page.contains("Désignation"), "page {} repeats the head of the table", index + 1);
        let over = figure(page, "Report HT");
        assert_eq!(over, carried, "page {} begins with what the one before carried", index + 1);
        let numbers = page.lines().filter_map(|line| {
            line.trim().strip_prefix("Poste de travail n°")?.split_whitespace().next()?.parse::<usize>().ok()
        });
        let last = numbers.max().expect("lines on every page");
        let until: Cents = issued.lines[..last].iter().map(|line| line.total).sum();
        carried = (last < 200).then_some(until.0);
        let forward = figure(page, "À reporter HT");
        assert_eq!(forward, carried, "page {}", index + 1);
    }
    assert!(pages.last().expect("a page").contains("À payer"));
}

#[test]
fn documents_keep_hostile_names_whole_and_harmless() {
    let issued = samples::hostile();
    let rendered = rendered(&issued);
    let xml = String::from_utf8(rendered.xml.clone()).expect("UTF-8");
    assert!(xml.contains("SARL &lt;b&gt;Dürer &amp; Fils&lt;/b&gt;"), "{xml}");
    assert!(xml.contains("😀 漢字 شركة"), "the XML keeps every character");
    assert!(!xml.contains('\u{7}') && !xml.contains('\u{0}'));
    let Some(pages) = pages(&rendered.pdf) else { return };
    let text = pages.join("\n").replace(['\u{A0}', '\u{202F}'], " ");
    for words in ["<b>Dürer & Fils</b>", "#let x = 1; $a$ *gras* _it_ `code` <label> @ref", "390 000,00"] {
        assert!(text.contains(words), "`{words}` is missing:\n{text}");
    }
    assert!(!text.contains('\u{202E}'), "no mark turns the text around");
}

#[test]
fn documents_of_a_town_hall_carry_its_service_and_commitment() {
    let issued = samples::town_hall();
    let xml = String::from_utf8(rendered(&issued).xml).expect("UTF-8");
    assert!(xml.contains("<ram:BuyerReference>SG-INFO</ram:BuyerReference>"), "BT-10");
    assert!(xml.contains("<ram:IssuerAssignedID>2026-0815</ram:IssuerAssignedID>"), "BT-13");
    assert!(xml.contains("<ram:GlobalID schemeID=\"0009\">00000505800011</ram:GlobalID>"), "BT-46");
    let Some(pages) = pages(&rendered(&issued).pdf) else { return };
    for words in ["SG-INFO", "2026-0815", "à compter de la réception"] {
        assert!(pages[0].contains(words), "R28: `{words}`");
    }
}

/// BR-FR-12: no directory knows such a buyer, and an electronic address has to stand there all the same.
#[test]
fn documents_of_an_association_with_only_an_rna_number_have_an_electronic_address() {
    let xml = String::from_utf8(rendered(&samples::association()).xml).expect("UTF-8");
    let buyer = xml.split("<ram:BuyerTradeParty>").nth(1).expect("BG-7");
    let buyer = buyer.split("</ram:BuyerTradeParty>").next().expect("its end");
    assert!(buyer.contains("<ram:ID>W691000003</ram:ID>"), "{buyer}");
    assert!(buyer.contains("<ram:URIID schemeID=\"EM\">bureau@amis-du-canal.example</ram:URIID>"), "BT-49: {buyer}");
    assert!(!buyer.contains("SpecifiedLegalOrganization") && !buyer.contains("DefinedTradeContact"), "{buyer}");
}

#[test]
fn documents_that_credit_name_what_they_correct_and_ask_for_nothing() {
    let issued = samples::credit_note();
    let xml = String::from_utf8(rendered(&issued).xml).expect("UTF-8");
    assert!(xml.contains("<ram:TypeCode>381</ram:TypeCode>"), "R22");
    assert!(!xml.contains("SpecifiedTradeSettlementPaymentMeans"), "no payment means (R22)");
    let reference = xml.split("<ram:InvoiceReferencedDocument>").nth(1).expect("BG-3");
    assert!(reference.contains("F2026-00040") && reference.contains("20261101"), "BT-25, BT-26");
    assert!(xml.contains("<ram:BasisQuantity unitCode=\"MIN\">60</ram:BasisQuantity>"), "R16");
    let terms = xml.split("<ram:SpecifiedTradePaymentTerms>").nth(1).expect("BG-16");
    assert!(
        terms.trim_start().starts_with("<ram:Description>Déduit du solde"),
        "BT-20, where a due date is not: {terms}"
    );
    let Some(pages) = pages(&rendered(&issued).pdf) else { return };
    assert!(pages[0].contains("Avoir") && pages[0].contains("F2026-00040") && !pages[0].contains("À payer"));
}

/// A credit note of an earlier program says nothing of its payment: an empty group would be refused.
#[test]
fn documents_without_terms_of_payment_have_no_empty_group() {
    let mut issued = samples::credit_note();
    issued.due_words.clear();
    let xml = String::from_utf8(rendered(&issued).xml).expect("UTF-8");
    assert!(!xml.contains("SpecifiedTradePaymentTerms"), "{xml}");
}

#[test]
fn documents_of_a_prorated_month_count_in_days() {
    let xml = String::from_utf8(rendered(&samples::mixed()).xml).expect("UTF-8");
    for part in [
        "<ram:BilledQuantity unitCode=\"DAY\">251</ram:BilledQuantity>",
        "<ram:BasisQuantity unitCode=\"DAY\">30</ram:BasisQuantity>",
        "<ram:ChargeAmount>39.00</ram:ChargeAmount>",
        "<ram:LineTotalAmount>326.30</ram:LineTotalAmount>",
    ] {
        assert!(xml.contains(part), "R7: {part}");
    }
}

#[test]
fn documents_are_not_printed_anew_with_other_templates() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("look.toml"), "accent = \"#7a3b69\"\nlogo = \"\"\n").expect("writable");
    let own = Templates::with_folder(folder.path()).expect("it reads");
    assert_ne!(own.version(), Templates::built_in().version());
    let mut issued = samples::nine_seats();
    assert!(matches!(render(&issued, &own), Err(FacturxError::OtherTemplates { .. })), "R20");
    own.version().clone_into(&mut issued.template_sha256);
    let restyled = render(&issued, &own).expect("it prints");
    assert_ne!(restyled.pdf, rendered(&samples::nine_seats()).pdf);
    assert_eq!(restyled.xml, rendered(&samples::nine_seats()).xml, "the XML has no style");
}

#[test]
fn documents_are_kept_in_a_folder_on_demand() {
    let Some(folder) = std::env::var_os("ACCOLADES_DOCUMENTS") else { return };
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder).expect("the folder is writable");
    for (name, issued) in samples::all() {
        write(&folder, name, &rendered(&issued));
    }
    for (name, pdf) in papers::all(DocumentLanguage::Fr) {
        std::fs::write(folder.join(name).with_extension("pdf"), pdf).expect("the folder is writable");
    }
}
