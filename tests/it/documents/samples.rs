//! The rendered set: one document of every kind, written by hand and sound.

use accolades::billing::parties;
use accolades::domain::billing::assemble;
use accolades::domain::billing::credit::{CreditedLine, Original};
use accolades::domain::billing::decimal::Decimal;
use accolades::domain::billing::document::{
    Address, ChargeKey, ChargeKind, ContractReference, DocumentKind, DocumentLanguage, ElectronicAddress,
    ISSUED_VERSION, Issued, Line, Note, Party, Payment, Standing, Totals, Unit, VatCategory, VatDue, VatShare,
};
use accolades::domain::billing::month::Month;
use accolades::domain::billing::seller::{Buyer, Seller};
use accolades::domain::billing::terms::Dated;
use accolades::domain::billing::vat::{Regime, RegimeTerms};
use accolades::domain::money::Cents;
use accolades::inventory::model::{Identity, VatStatus};
use accolades::print::Templates;
use jiff::civil::date;

/// A name of a person who tests.
pub const HOSTILE: &str = "SARL <b>Dürer & Fils</b> \"l'œuvre\" 😀 漢字 شركة\u{202E} abc";

fn address(line: &str, postcode: &str, city: &str) -> Address {
    Address {
        lines: vec![line.to_owned()],
        postcode: postcode.to_owned(),
        city: city.to_owned(),
        country: "FR".to_owned(),
    }
}

fn electronic(value: &str) -> Option<ElectronicAddress> {
    Some(ElectronicAddress { scheme: "0225".to_owned(), value: value.to_owned() })
}

/// The co-operative.
pub fn seller() -> Party {
    Party {
        name: "Les Communs Numériques".to_owned(),
        form: "SCIC SA".to_owned(),
        siren: Some("000001016".to_owned()),
        siret: Some("00000101600013".to_owned()),
        rna: None,
        vat_number: Some("FR53000001016".to_owned()),
        capital: Some("SCIC SA à capital variable, minimum 18 500 €".to_owned()),
        rcs: Some("Lyon".to_owned()),
        standing: Standing::Taxable,
        address: address("4 place des Canuts", "69004", "Lyon"),
        electronic_address: electronic("000001016"),
        email: Some("aide@communs-numeriques.example".to_owned()),
        phone: Some("04 00 00 00 00".to_owned()),
    }
}

/// A company of nine.
pub fn buyer() -> Party {
    Party {
        name: "Atelier des Lilas".to_owned(),
        form: "SARL".to_owned(),
        siren: Some("000002022".to_owned()),
        siret: Some("00000202200010".to_owned()),
        rna: None,
        vat_number: Some("FR64000002022".to_owned()),
        capital: Some("8 000 €".to_owned()),
        rcs: Some("Lyon".to_owned()),
        standing: Standing::Taxable,
        address: address("12 rue des Lilas", "69004", "Lyon"),
        electronic_address: electronic("000002022"),
        email: Some("factures@cabinet-duval.example".to_owned()),
        phone: None,
    }
}

/// What a line counts: quantity, unit, price, basis, total.
pub type Counted = (i64, Unit, i64, i64, i64);

/// November 2026.
pub fn november() -> Month {
    Month::parse("2026-11").expect("a month")
}

/// One line of November at 20 %.
pub fn line(position: u32, kind: ChargeKind, description: &str, explanation: &[&str], counted: Counted) -> Line {
    let (quantity, unit, price, basis, total) = counted;
    let key_kind = if kind == ChargeKind::Regularisation { ChargeKind::Overage } else { kind };
    let reference = if kind == ChargeKind::OneOff { format!("devis-{position}") } else { String::new() };
    let line = Line {
        position,
        kind,
        key: ChargeKey { month: november(), kind: key_kind, price: Cents(price), reference },
        description: description.to_owned(),
        explanation: explanation.iter().map(|text| (*text).to_owned()).collect(),
        period: Some(november().period()),
        quantity: Decimal::whole(quantity),
        unit,
        price: Cents(price),
        basis: Decimal::whole(basis),
        total: Cents(total),
        category: VatCategory::Standard,
        rate_bp: 2000,
    };
    assert_eq!(line.computed(), line.total, "line {position} is quantity x price");
    line
}

fn note(code: &str, text: &str) -> Note {
    Note { code: Some(code.to_owned()), text: text.to_owned() }
}

/// The mentions of a client, with the note that says which exchange it is.
fn notes(bar: &str) -> Vec<Note> {
    vec![
        note(
            "PMT",
            "En cas de retard de paiement, une indemnité forfaitaire de 40 € est due pour frais de recouvrement.",
        ),
        note(
            "PMD",
            "Pénalités de retard, exigibles sans rappel : taux de refinancement de la BCE majoré de 10 points, jamais moins de trois fois le taux de l'intérêt légal.",
        ),
        note("AAB", "Pas d'escompte pour paiement anticipé."),
        note("BAR", bar),
        Note {
            code: None,
            text: "Catégorie d'opération : prestations de services. TVA exigible à l'encaissement.".to_owned(),
        },
    ]
}

/// An invoice of these lines, everything else ordinary.
pub fn invoice(lines: Vec<Line>) -> Issued {
    let net: Cents = lines.iter().map(|line| line.total).sum();
    let vat = Cents((net.0 * 20 + 50) / 100);
    let gross = Cents(net.0 + vat.0);
    Issued {
        version: ISSUED_VERSION,
        kind: DocumentKind::Invoice,
        number: "F2026-00042".to_owned(),
        issued_on: date(2026, 12, 1),
        language: DocumentLanguage::Fr,
        period: november().period(),
        seller: seller(),
        buyer: buyer(),
        billing_address: None,
        contract: ContractReference { id: "atelier-lilas".to_owned(), start: date(2026, 9, 1) },
        purchase_order: None,
        service_code: None,
        commitment_number: None,
        vat_due: VatDue::Receipts,
        lines,
        vat: vec![VatShare {
            category: VatCategory::Standard,
            rate_bp: 2000,
            base: net,
            vat,
            exemption_text: None,
            exemption_code: None,
        }],
        totals: Totals { net, vat, gross, due: gross },
        due_on: Some(date(2026, 12, 31)),
        due_words: "Payable à 30 jours : au plus tard le 31 décembre 2026.".to_owned(),
        notes: notes("B2B"),
        corrects: None,
        payment: Some(Payment::Transfer {
            iban: "FR7630006000011234567890189".to_owned(),
            bic: Some("AGRIFRPP".to_owned()),
            reference: "F2026-00042".to_owned(),
        }),
        template_sha256: Templates::built_in().version().to_owned(),
    }
}

/// Nine seats for a whole month: the ordinary case.
pub fn nine_seats() -> Issued {
    invoice(vec![line(
        1,
        ChargeKind::Seat,
        "Postes, novembre 2026",
        &["9 postes ouverts tout le mois."],
        (9, Unit::One, 3900, 1, 35100),
    )])
}

/// A seat in the middle of the month, overage, a regularisation; collected by direct debit.
pub fn mixed() -> Issued {
    let mut issued = invoice(vec![
        line(
            1,
            ChargeKind::Seat,
            "Postes, novembre 2026",
            &[
                "251 jours de poste : 8 postes tout le mois (240 jours), Lou Garnier à partir du 20 novembre (11 jours).",
            ],
            (251, Unit::Day, 3900, 30, 32630),
        ),
        line(
            2,
            ChargeKind::Overage,
            "Aide au-delà du forfait",
            &[
                "Les 20 h comprises du 1er septembre 2026 au 31 août 2027 sont épuisées depuis le 12 novembre.",
                "12 novembre, 1 h 30 : reprise des contacts. 18 novembre, 2 h : formation à Dolibarr.",
                "Accord de Camille Morel du 10 novembre pour 5 h.",
            ],
            (210, Unit::Minute, 6500, 60, 22750),
        ),
        line(
            3,
            ChargeKind::Regularisation,
            "Régularisation d'octobre 2026",
            &["2 h du 12 octobre, notées le 5 novembre : dû 260,00 €, déjà facturé 130,00 €."],
            (1, Unit::One, 13000, 1, 13000),
        ),
    ]);
    issued.purchase_order = Some("BC-2026/117".to_owned());
    issued.payment = Some(Payment::DirectDebit {
        mandate: "CN-2026-0007".to_owned(),
        creditor_id: "FR72ZZZ123456".to_owned(),
        iban: "FR1420041010050500013M02606".to_owned(),
        collected_on: date(2026, 12, 31),
    });
    issued
}

/// Two hundred lines over many pages.
pub fn two_hundred_lines() -> Issued {
    let lines = (1..=200_u32).map(|position| {
        let price = 3900 + 7 * i64::from(position);
        let words =
            ["Devis signé le 3 novembre : matériel reconditionné, livré, installé sur place et garanti deux ans."];
        let name = format!("Poste de travail n° {position}");
        let explanation: &[&str] = if position % 3 == 0 { &words } else { &[] };
        line(position, ChargeKind::OneOff, &name, explanation, (1, Unit::One, price, 1, price))
    });
    invoice(lines.collect())
}

/// A credit note for hours that were billed by mistake (S23), put together by the program itself.
pub fn credit_note() -> Issued {
    let hours = line(
        1,
        ChargeKind::Overage,
        "Aide au-delà du forfait",
        &["2 h le 12 octobre."],
        (90, Unit::Minute, 6500, 60, 9750),
    );
    let mut original = invoice(vec![hours]);
    original.number = "F2026-00040".to_owned();
    original.issued_on = date(2026, 11, 1);
    let seller = Seller {
        party: seller(),
        regimes: vec![Dated { from: date(2020, 1, 1), value: RegimeTerms::usual(Regime::Standard) }],
        vat_due: VatDue::Receipts,
        due_days: 30,
        iban: Some("FR7630006000011234567890189".to_owned()),
        bic: None,
        invoice_series: "F".to_owned(),
        credit_series: "A".to_owned(),
        template_sha256: Templates::built_in().version().to_owned(),
    };
    let buyer = Buyer {
        party: buyer(),
        billing_address: None,
        language: DocumentLanguage::Fr,
        contract: original.contract.clone(),
        purchase_order: None,
        service_code: None,
        commitment_number: None,
        needs_service_code: false,
        needs_commitment_number: false,
        needs_purchase_order: false,
    };
    let credited = CreditedLine {
        position: 1,
        total: Cents(9750),
        amount: 90,
        explanation: vec!["1 h 30 facturée à tort : l'intervention du 12 octobre a duré 0 h 30 et non 2 h.".to_owned()],
    };
    let reason = "Une intervention avait été notée trop longue.";
    let original = Original::untouched(original);
    let draft = assemble::credit_note(&seller, &buyer, &original, &[credited], reason, date(2026, 12, 1));
    assemble::numbered(draft, "A2026-00003")
}

/// A freelancer on an island: one seat from the middle of the month, no VAT number, not a B2B exchange of companies.
pub fn island() -> Issued {
    let mut issued = invoice(vec![
        line(
            1,
            ChargeKind::Seat,
            "Poste, novembre 2026",
            &["13 jours de poste : Claire Voyer à partir du 18 novembre."],
            (13, Unit::Day, 3900, 30, 1690),
        ),
        line(
            2,
            ChargeKind::OneOff,
            "Mise en service sur l'îlot",
            &["Devis accepté le 9 novembre."],
            (1, Unit::One, 9000, 1, 9000),
        ),
    ]);
    issued.number = "F2026-00043".to_owned();
    issued.buyer = Party {
        name: "Claire Voyer, traductrice".to_owned(),
        form: "entreprise individuelle".to_owned(),
        siren: Some("000003038".to_owned()),
        siret: Some("00000303800015".to_owned()),
        vat_number: None,
        capital: None,
        rcs: None,
        standing: Standing::Exempt,
        address: address("7 rue de la Friche", "69100", "Villeurbanne"),
        electronic_address: electronic("000003038"),
        email: Some("claire.voyer@courriel.example".to_owned()),
        ..buyer()
    };
    issued.contract.id = "claire-voyer".to_owned();
    issued
}

/// A town hall, through Chorus Pro.
pub fn town_hall() -> Issued {
    let mut issued = invoice(vec![line(
        1,
        ChargeKind::Seat,
        "Postes, novembre 2026",
        &["4 postes ouverts tout le mois."],
        (4, Unit::One, 3900, 1, 15600),
    )]);
    issued.number = "F2026-00044".to_owned();
    issued.buyer = Party {
        name: "Commune de Valsonne-les-Bois".to_owned(),
        form: "commune".to_owned(),
        siren: Some("000005058".to_owned()),
        siret: Some("00000505800011".to_owned()),
        vat_number: None,
        capital: None,
        rcs: None,
        standing: Standing::Public,
        address: address("1 place de la Mairie", "69170", "Valsonne-les-Bois"),
        electronic_address: electronic("000005058"),
        email: None,
        ..buyer()
    };
    issued.contract.id = "mairie-valsonne".to_owned();
    issued.service_code = Some("SG-INFO".to_owned());
    issued.commitment_number = Some("2026-0815".to_owned());
    issued.due_words = "Payable à 30 jours à compter de la réception de la facture.".to_owned();
    issued
}

/// A seller under the franchise: no VAT, and the text that says why.
pub fn franchise() -> Issued {
    let mut issued = nine_seats();
    issued.number = "F2026-00045".to_owned();
    issued.seller.standing = Standing::Exempt;
    issued.seller.vat_number = None;
    for line in &mut issued.lines {
        (line.category, line.rate_bp) = (VatCategory::Exempt, 0);
    }
    let net = issued.totals.net;
    issued.totals = Totals { net, vat: Cents(0), gross: net, due: net };
    issued.vat = vec![VatShare {
        category: VatCategory::Exempt,
        rate_bp: 0,
        base: net,
        vat: Cents(0),
        exemption_text: Some("TVA non applicable, art. 293 B du CGI".to_owned()),
        exemption_code: Some("VATEX-FR-FRANCHISE".to_owned()),
    }];
    issued
}

/// An association that has only its RNA number, outside electronic invoicing between companies. What stands on its document
/// is what the program makes of its file: nothing is added by hand.
pub fn association() -> Issued {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory");
    let clients = accolades::inventory::load(&folder).expect("the example is sound").inventory.clients;
    let mut client = clients.into_values().find(|one| one.id.as_str() == "studio-brume").expect("it is there");
    client.identity = Identity {
        name: "Les Amis du canal".to_owned(),
        form: "association loi 1901".to_owned(),
        siren: None,
        siret: None,
        rna: Some("W691000003".to_owned()),
        vat_number: None,
        capital: None,
        rcs: None,
        vat: VatStatus::NonTaxable,
        address: client.identity.address,
    };
    "bureau@amis-du-canal.example".clone_into(&mut client.contacts[0].email);
    let mut issued = nine_seats();
    issued.number = "F2026-00046".to_owned();
    issued.buyer = parties::buyer(&client).party;
    issued.notes = notes("B2C");
    issued
}

/// VAT on debits, an address for bills of its own, in English.
pub fn english() -> Issued {
    let mut issued = nine_seats();
    issued.number = "F2026-00047".to_owned();
    issued.language = DocumentLanguage::En;
    issued.vat_due = VatDue::Debits;
    issued.billing_address = Some(address("PO box 12", "69002", "Lyon"));
    issued.due_words = "Payable within 30 days: by 31 December 2026.".to_owned();
    issued.lines[0].description = "Seats, November 2026".to_owned();
    issued.lines[0].explanation = vec!["9 seats open for the whole month.".to_owned()];
    issued
}

/// Names and words that want to break out.
pub fn hostile() -> Issued {
    let long = "Fédération interdépartementale des coopératives d'activité et d'emploi "
        .repeat(3)
        .chars()
        .take(200)
        .collect::<String>();
    let mut issued = invoice(vec![
        line(
            1,
            ChargeKind::Seat,
            HOSTILE,
            &["#let x = 1; $a$ *gras* _it_ `code` <label> @ref \\ // /* \u{0}\u{7} fin"],
            (1, Unit::One, 3900, 1, 3900),
        ),
        line(
            2,
            ChargeKind::OneOff,
            &"Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(2),
            &[&long],
            (1, Unit::One, 39_000_000, 1, 39_000_000),
        ),
    ]);
    issued.number = "F2026-00048".to_owned();
    issued.buyer.name = HOSTILE.to_owned();
    issued.buyer.address.lines = vec![long, "שלום עולם".to_owned(), "مرحبا".to_owned()];
    issued
}

/// The whole set with the names of its files.
pub fn all() -> Vec<(&'static str, Issued)> {
    vec![
        ("nine-seats", nine_seats()),
        ("mixed", mixed()),
        ("two-hundred-lines", two_hundred_lines()),
        ("credit-note", credit_note()),
        ("island", island()),
        ("town-hall", town_hall()),
        ("franchise", franchise()),
        ("association", association()),
        ("english", english()),
        ("hostile", hostile()),
    ]
}
