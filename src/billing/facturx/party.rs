//! Seller and buyer (BG-4, BG-7).

use std::io;

use crate::domain::billing::document::Party;
use crate::util::xml::Xml;

/// SIREN among the schemes of ISO 6523.
const SIREN: &str = "0002";
/// SIRET.
const SIRET: &str = "0009";

/// Which side of the trade a party is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Sells.
    Seller,
    /// Buys.
    Buyer,
}

/// One party.
pub fn party(xml: &mut Xml, name: &str, party: &Party, role: Role) -> io::Result<()> {
    xml.group(name, |xml| {
        xml.maybe("ram:ID", party.rna.as_deref())?;
        if let Some(siret) = &party.siret {
            xml.text_with("ram:GlobalID", &[("schemeID", SIRET)], siret)?;
        }
        xml.text("ram:Name", &party.name)?;
        if role == Role::Seller {
            xml.text("ram:Description", &legal(party))?;
        }
        if let Some(siren) = &party.siren {
            xml.group("ram:SpecifiedLegalOrganization", |xml| xml.text_with("ram:ID", &[("schemeID", SIREN)], siren))?;
        }
        contact(xml, party)?;
        xml.group("ram:PostalTradeAddress", |xml| {
            let address = &party.address;
            xml.text("ram:PostcodeCode", &address.postcode)?;
            let mut lines = address.lines.iter();
            xml.maybe("ram:LineOne", lines.next().map(String::as_str))?;
            xml.maybe("ram:LineTwo", lines.next().map(String::as_str))?;
            let rest: Vec<&str> = lines.map(String::as_str).collect();
            xml.maybe("ram:LineThree", Some(rest.join(", ").as_str()).filter(|text| !text.is_empty()))?;
            xml.text("ram:CityName", &address.city)?;
            xml.text("ram:CountryID", &address.country)
        })?;
        if let Some(address) = &party.electronic_address {
            xml.group("ram:URIUniversalCommunication", |xml| {
                xml.text_with("ram:URIID", &[("schemeID", address.scheme.as_str())], &address.value)
            })?;
        }
        // BT-31; a seller that is exempt and has no VAT number is known to the tax office by its SIREN (BT-32).
        let local = party.siren.as_ref().filter(|_| role == Role::Seller).map(|siren| ("FC", siren));
        if let Some((scheme, number)) = party.vat_number.as_ref().map(|number| ("VA", number)).or(local) {
            xml.group("ram:SpecifiedTaxRegistration", |xml| xml.text_with("ram:ID", &[("schemeID", scheme)], number))?;
        }
        Ok(())
    })
}

/// BT-33: legal form, capital, register.
fn legal(party: &Party) -> String {
    let register = party.rcs.as_ref().map(|city| format!("RCS {city}"));
    let parts = [Some(party.form.clone()), party.capital.clone(), register];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Where to ask (BG-6, BG-9).
fn contact(xml: &mut Xml, party: &Party) -> io::Result<()> {
    if party.email.is_none() && party.phone.is_none() {
        return Ok(());
    }
    xml.group("ram:DefinedTradeContact", |xml| {
        xml.text("ram:PersonName", &party.name)?;
        if let Some(phone) = &party.phone {
            xml.group("ram:TelephoneUniversalCommunication", |xml| xml.text("ram:CompleteNumber", phone))?;
        }
        if let Some(email) = &party.email {
            xml.group("ram:EmailURIUniversalCommunication", |xml| xml.text("ram:URIID", email))?;
        }
        Ok(())
    })
}
