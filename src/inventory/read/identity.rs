//! Legal identities and postal addresses, of the co-operative and of clients.

use crate::domain::legal;
use crate::domain::refusal::Refusal;
use crate::inventory::mistake::{Mistake, Placed};
use crate::inventory::model::{Identity, PostalAddress, VatStatus};
use crate::inventory::reader::{Reader, plain};

/// Reads `[identity]` and checks its numbers against one another and against the VAT status.
pub fn identity(reader: &Reader<'_>) -> Option<Identity> {
    let name = reader.words("name");
    let form = reader.words("form");
    let vat = reader.word::<VatStatus>("vat");
    let numbers = Numbers {
        siren: reader.text("siren", legal::siren),
        siret: reader.text("siret", legal::siret),
        rna: reader.text("rna", legal::rna),
        vat_number: reader.text("vat_number", legal::vat_number),
    };
    let capital = reader.words("capital");
    let rcs = reader.words("rcs");
    let address = reader.table("address").and_then(|address| postal_address(&address));
    numbers.demand_agreement(reader);
    if let Some(vat) = &vat {
        numbers.demand_for(vat, reader);
    }
    Some(Identity {
        name: name?.value,
        form: form?.value,
        siren: numbers.siren_or_of_siret(),
        siret: numbers.siret.map(|siret| siret.value),
        rna: numbers.rna.map(|rna| rna.value),
        vat_number: numbers.vat_number.map(|number| number.value),
        capital: capital.map(|capital| capital.value),
        rcs: rcs.map(|rcs| rcs.value),
        vat: vat?.value,
        address: address?,
    })
}

struct Numbers {
    siren: Option<Placed<String>>,
    siret: Option<Placed<String>>,
    rna: Option<Placed<String>>,
    vat_number: Option<Placed<String>>,
}

impl Numbers {
    fn siren_or_of_siret(&self) -> Option<String> {
        let inside = || self.siret.as_ref().map(|siret| legal::siren_of_siret(&siret.value).to_owned());
        self.siren.as_ref().map(|siren| siren.value.clone()).or_else(inside)
    }

    /// SIRET and VAT number contain the SIREN.
    fn demand_agreement(&self, reader: &Reader<'_>) {
        let Some(siren) = &self.siren else { return };
        let inside_siret = self.siret.as_ref().map(|siret| ("SIRET", siret, legal::siren_of_siret(&siret.value)));
        let inside_vat = self
            .vat_number
            .as_ref()
            .and_then(|number| Some(("VAT number", number, legal::siren_of_vat_number(&number.value)?)));
        for (what, number, inside) in inside_siret.into_iter().chain(inside_vat) {
            if inside != siren.value {
                let problem = format!("{what} `{}` contains SIREN {inside}, not {}", number.value, siren.value);
                reader
                    .add(Mistake::new(problem, &number.place, "of another legal unit").also(&siren.place, "the SIREN"));
            }
        }
    }

    /// What each VAT status needs (R26): a company its SIREN, an association one number, a public body its SIRET.
    /// A number that is there but refused has been recorded already.
    fn demand_for(&self, vat: &Placed<VatStatus>, reader: &Reader<'_>) {
        let (enough, needed) = match vat.value {
            VatStatus::Taxable | VatStatus::Exempt => (reader.has("siren") || reader.has("siret"), "a `siren`"),
            VatStatus::NonTaxable => {
                (reader.has("siren") || reader.has("siret") || reader.has("rna"), "a `siren` or an `rna`")
            }
            VatStatus::Public => (reader.has("siret"), "a `siret`: Chorus Pro finds public bodies by it"),
        };
        if !enough {
            let mistake = Mistake::new(format!("this identity needs {needed}"), reader.place(), "number missing");
            reader.add(mistake.also(&vat.place, "because of this VAT status"));
        }
    }
}

/// Reads a postal address.
pub fn postal_address(reader: &Reader<'_>) -> Option<PostalAddress> {
    const LINES_MAX: usize = 3;
    let lines = reader.texts("lines", 1..=LINES_MAX, plain);
    let city = reader.words("city");
    let country = reader.text("country", country);
    let french = country.as_ref().is_some_and(|country| country.value == "FR");
    let postcode = reader.text("postcode", |text| if french { french_postcode(text) } else { plain(text) });
    Some(PostalAddress { lines: lines?, postcode: postcode?.value, city: city?.value, country: country?.value })
}

fn country(text: &str) -> Result<String, Refusal> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not a country code")).hint("two capitals: `FR`, `BE`, `CH`"))
}

fn french_postcode(text: &str) -> Result<String, Refusal> {
    if text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not a French postal code")).hint("five digits, or set `country`"))
}
