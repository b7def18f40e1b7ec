//! The co-operative's bank in the demonstration: it takes a file of direct debits and writes statements, as banks do. It knows
//! nothing of the program but the files.

use std::fmt::Write as _;

/// A movement on the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// Day, as in 2026-12-31.
    pub on: String,
    /// Amount as in 546.00.
    pub amount: String,
    /// Whether it came.
    pub came: bool,
    /// What happened.
    pub what: What,
}

/// What a booking is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A whole block of direct debits, by its id.
    Block(String),
    /// A transfer, with the words and the name of who sent it.
    Transfer {
        /// Words.
        words: String,
        /// Name.
        from: String,
    },
    /// A direct debit that went back, by its id, with the reason.
    Returned {
        /// Its end-to-end id.
        id: String,
        /// ISO code.
        code: String,
    },
}

/// The blocks of a file of direct debits: id, day and sum.
pub fn blocks(pain008: &str) -> Vec<(String, String, String)> {
    let of = |block: &str| Some((text(block, "PmtInfId")?, text(block, "ReqdColltnDt")?, text(block, "CtrlSum")?));
    pain008.split("<PmtInf>").skip(1).filter_map(of).collect()
}

/// The first text of an element.
fn text(xml: &str, element: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{element}>"))?;
    rest.split_once(&format!("</{element}>")).map(|(text, _)| text.trim().to_owned())
}

/// A statement (camt.053.001.08) of an account.
pub fn statement(iban: &str, id: &str, bookings: &[Booking]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\n\
         <BkToCstmrStmt><GrpHdr><MsgId>{id}</MsgId><CreDtTm>2027-01-01T06:00:00</CreDtTm></GrpHdr>\n\
         <Stmt><Id>{id}</Id><Acct><Id><IBAN>{iban}</IBAN></Id></Acct>\n"
    );
    for one in bookings {
        let side = if one.came { "CRDT" } else { "DBIT" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "<Ntry><Amt Ccy=\"EUR\">{}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
             <BookgDt><Dt>{}</Dt></BookgDt><BkTxCd><Prtry><Cd>DEMO</Cd></Prtry></BkTxCd><NtryDtls>{}</NtryDtls></Ntry>",
            one.amount,
            one.on,
            details(&one.what)
        );
    }
    out.push_str("</Stmt></BkToCstmrStmt>\n</Document>\n");
    out
}

fn details(what: &What) -> String {
    match what {
        What::Block(id) => format!("<Btch><PmtInfId>{id}</PmtInfId></Btch>"),
        What::Transfer { words, from } => format!(
            "<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>\
             <RltdPties><Dbtr><Pty><Nm>{from}</Nm></Pty></Dbtr></RltdPties><RmtInf><Ustrd>{words}</Ustrd></RmtInf></TxDtls>"
        ),
        What::Returned { id, code } => format!(
            "<TxDtls><Refs><EndToEndId>{id}</EndToEndId></Refs><RtrInf><Rsn><Cd>{code}</Cd></Rsn></RtrInf></TxDtls>"
        ),
    }
}
