//! A new client from the browser: a form, the difference that it makes, then the accepted version and a plan.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use super::change::{object, propose, show};
use super::{audit, shell};
use crate::domain::ids::{ClientId, InstanceId, SiteId};
use crate::inventory::edit::{NewClient, NewContact, NewInstance, Whereabouts, client_add};
use crate::inventory::model::{InboundMail, PostalAddress, VatStatus};
use crate::jobs::Order;
use crate::portal::form::Fields;
use crate::portal::page::{Shell, html};
use crate::portal::words::Words;
use crate::portal::{Portal, Problem, StaffSession};
use crate::store::Scope;

/// Page of the form.
const HERE: &str = "/equipe/clients/nouveau";
/// Where a change that was shown is accepted.
const ACCEPT: &str = "/equipe/clients/nouveau/accepter";

/// Longest value of a field.
const FIELD_LENGTH_MAX: usize = 200;

/// What an instance of its own has unless something else is typed.
const CORES: u16 = 4;
const MEMORY_GIB: u32 = 8;
const DISK_GIB: u32 = 120;
const MIB_PER_GIB: u32 = 1024;
/// Memory that an instance may have at most, in GiB.
const MEMORY_GIB_MAX: u32 = 1024;

/// The fields, in the order of the form.
const FIELDS: [&str; 24] = [
    "id",
    "name",
    "legal_form",
    "vat",
    "siren",
    "siret",
    "rna",
    "street",
    "postcode",
    "city",
    "contact",
    "email",
    "start",
    "overage",
    "domain",
    "mail",
    "nextcloud",
    "dolibarr",
    "on",
    "site",
    "address",
    "cores",
    "memory",
    "disk",
];

/// A field of text.
struct Field {
    name: &'static str,
    /// What a browser may help to type.
    kind: &'static str,
    label: &'static str,
    value: String,
    is_needed: bool,
}

/// A choice.
struct Choice {
    name: &'static str,
    label: &'static str,
    options: Vec<(String, String)>,
    value: String,
    is_needed: bool,
}

#[derive(Template)]
#[template(path = "portal/staff/onboard.html")]
struct Page {
    shell: Shell,
    mistake: Option<String>,
    who: Vec<Field>,
    vat: Choice,
    contact: Vec<Field>,
    contract: Vec<Field>,
    services: Vec<Field>,
    mail: Choice,
    nextcloud: bool,
    dolibarr: bool,
    on: Choice,
    site: Choice,
    machine: Vec<Field>,
}

/// The empty form.
pub async fn ask(session: StaffSession) -> Result<Response, Problem> {
    html(&page(&session, &Fields::default(), None, true))
}

/// Shows what the form makes.
pub async fn look(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    fields: Fields,
) -> Result<Response, Problem> {
    let client = match new_client(&fields, session.words) {
        Ok(client) => client,
        Err(mistake) => {
            let page = html(&page(&session, &fields, Some(mistake), false))?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    match propose(&portal, |files| client_add(files, &client)).await? {
        Ok(proposal) => show(&portal, &session, &proposal, ACCEPT.to_owned(), carried(&fields), None).await,
        Err(super::change::Objection::Mistakes(text)) => {
            let page = html(&page(&session, &fields, Some(text), false))?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(objection) => object(&session, objection, HERE),
    }
}

/// Accepts what was shown, and orders a plan.
pub async fn accept(
    State(portal): State<Arc<Portal>>,
    session: StaffSession,
    fields: Fields,
) -> Result<Response, Problem> {
    let client = new_client(&fields, session.words).map_err(|_| Problem::Unreadable)?;
    let _turn = portal.desk().turn().await;
    if let Some(page) = portal.ordered(fields.get("form")).await? {
        return Ok(Redirect::to(&page).into_response());
    }
    let proposal = match propose(&portal, |files| client_add(files, &client)).await? {
        Ok(proposal) => proposal,
        Err(objection) => return object(&session, objection, HERE),
    };
    let done = proposal.carry_out(&portal, &session, &client.id, fields.get("mark")).await?;
    if done.is_none() {
        let moved = Some(session.words.staff_change_moved());
        return show(&portal, &session, &proposal, ACCEPT.to_owned(), carried(&fields), moved).await;
    }
    let instance = match client.whereabouts {
        Whereabouts::Existing(instance) => instance,
        Whereabouts::Own(own) => own.id,
    };
    let order = Order::Plan { instances: vec![instance.clone()] };
    let ordered = portal.order(&session, fields.get("form"), &order).await?;
    let scope = Scope::Client(client.id.clone());
    audit(&portal, &session, "client-added", scope, json!({ "instance": instance })).await?;
    Ok(Redirect::to(&ordered.path).into_response())
}

/// The fields that come back with the confirmation.
fn carried(fields: &Fields) -> Vec<(String, String)> {
    FIELDS.iter().map(|name| ((*name).to_owned(), fields.get(name).to_owned())).collect()
}

/// What was typed as a client, or what is missing or cannot be read.
fn new_client(fields: &Fields, words: Words) -> Result<NewClient, String> {
    let text = |name: &str, label: &str| match fields.text(name, FIELD_LENGTH_MAX) {
        Some(text) if text.is_empty() => Err(format!("{} {label}", words.staff_field_missing())),
        Some(text) => Ok(text),
        None => Err(format!("{} {label}", words.staff_field_wrong())),
    };
    let optional = |name: &str| fields.text(name, FIELD_LENGTH_MAX).filter(|text| !text.is_empty());
    let wrong = |label: &str| format!("{} {label}", words.staff_field_wrong());
    let id = ClientId::new(text("id", words.staff_onboard_id())?).map_err(|_| wrong(words.staff_onboard_id()))?;
    let vat = match fields.get("vat") {
        "taxable" => VatStatus::Taxable,
        "exempt" => VatStatus::Exempt,
        "non-taxable" => VatStatus::NonTaxable,
        "public" => VatStatus::Public,
        _ => return Err(format!("{} {}", words.staff_field_missing(), words.staff_onboard_vat())),
    };
    let inbound_mail = match fields.get("mail") {
        "here" => InboundMail::Here,
        "elsewhere" => InboundMail::Elsewhere,
        "none" => InboundMail::None,
        _ => return Err(format!("{} {}", words.staff_field_missing(), words.staff_onboard_mail())),
    };
    Ok(NewClient {
        name: text("name", words.staff_onboard_name())?,
        form: text("legal_form", words.staff_onboard_form())?,
        vat,
        siren: optional("siren"),
        siret: optional("siret"),
        rna: optional("rna"),
        address: PostalAddress {
            lines: vec![text("street", words.staff_onboard_street())?],
            postcode: text("postcode", words.staff_onboard_postcode())?,
            city: text("city", words.staff_onboard_city())?,
            country: "FR".to_owned(),
        },
        contact: NewContact {
            name: text("contact", words.staff_onboard_contact_name())?,
            email: text("email", words.staff_onboard_contact_email())?,
        },
        start: text("start", words.staff_onboard_start())?.parse().map_err(|_| wrong(words.staff_onboard_start()))?,
        overage_price: optional("overage"),
        domain: text("domain", words.staff_onboard_domain())?,
        inbound_mail,
        nextcloud: fields.get("nextcloud") == "oui",
        dolibarr: fields.get("dolibarr") == "oui",
        whereabouts: whereabouts(fields, &id, words)?,
        id,
    })
}

fn whereabouts(fields: &Fields, client: &ClientId, words: Words) -> Result<Whereabouts, String> {
    let wrong = |label: &str| format!("{} {label}", words.staff_field_wrong());
    match (fields.get("on"), fields.get("site")) {
        ("", "") => Err(format!("{} {}", words.staff_field_missing(), words.staff_onboard_machine())),
        ("", site) => {
            let size = |name: &str, usual: u32, label: &str| match fields.get(name) {
                "" => Ok(usual),
                typed => typed.parse::<u32>().map_err(|_| wrong(label)),
            };
            let cores = size("cores", u32::from(CORES), words.staff_onboard_cores())?;
            let memory_gib = size("memory", MEMORY_GIB, words.staff_onboard_memory())?;
            if memory_gib > MEMORY_GIB_MAX {
                return Err(wrong(words.staff_onboard_memory()));
            }
            Ok(Whereabouts::Own(NewInstance {
                id: InstanceId::new(client.as_str()).map_err(|_| wrong(words.staff_onboard_id()))?,
                site: SiteId::new(site).map_err(|_| wrong(words.staff_onboard_own()))?,
                address4: fields.get("address").parse().map_err(|_| wrong(words.staff_onboard_address()))?,
                cores: u16::try_from(cores).map_err(|_| wrong(words.staff_onboard_cores()))?,
                memory_mib: memory_gib * MIB_PER_GIB,
                disk_gib: size("disk", DISK_GIB, words.staff_onboard_disk())?,
            }))
        }
        (on, "") => {
            let instance = InstanceId::new(on).map_err(|_| wrong(words.staff_onboard_on()))?;
            Ok(Whereabouts::Existing(instance))
        }
        _ => Err(wrong(words.staff_onboard_machine())),
    }
}

fn page(session: &StaffSession, fields: &Fields, mistake: Option<String>, is_new: bool) -> Page {
    let (words, inventory) = (session.words, session.inventory());
    let field = |name: &'static str, label: &'static str, is_needed: bool| Field {
        name,
        kind: match name {
            "email" => "email",
            "start" => "date",
            _ => "text",
        },
        label,
        value: fields.get(name).to_owned(),
        is_needed,
    };
    let sized = |name: &'static str, label: &'static str, usual: u32| {
        let typed = fields.get(name);
        Field {
            name,
            kind: "number",
            label,
            value: if typed.is_empty() { usual.to_string() } else { typed.to_owned() },
            is_needed: false,
        }
    };
    let choice = |name: &'static str, label: &'static str, options: Vec<(String, String)>, is_needed: bool| Choice {
        name,
        label,
        options,
        value: fields.get(name).to_owned(),
        is_needed,
    };
    let named = |options: &[(&str, &str)]| {
        options.iter().map(|(one, label)| ((*one).to_owned(), (*label).to_owned())).collect()
    };
    let instances = inventory.instances.keys().map(|id| (id.to_string(), id.to_string())).collect();
    let sites = inventory.sites.values().map(|site| (site.id.to_string(), site.name.clone())).collect();
    Page {
        shell: shell(session, words.staff_new_client(), HERE),
        mistake,
        who: vec![
            field("id", words.staff_onboard_id(), true),
            field("name", words.staff_onboard_name(), true),
            field("legal_form", words.staff_onboard_form(), true),
            field("siren", words.staff_onboard_siren(), false),
            field("siret", words.staff_onboard_siret(), false),
            field("rna", words.staff_onboard_rna(), false),
            field("street", words.staff_onboard_street(), true),
            field("postcode", words.staff_onboard_postcode(), true),
            field("city", words.staff_onboard_city(), true),
        ],
        vat: choice(
            "vat",
            words.staff_onboard_vat(),
            named(&[
                ("taxable", words.staff_vat_taxable()),
                ("exempt", words.staff_vat_exempt()),
                ("non-taxable", words.staff_vat_non_taxable()),
                ("public", words.staff_vat_public()),
            ]),
            true,
        ),
        contact: vec![
            field("contact", words.staff_onboard_contact_name(), true),
            field("email", words.staff_onboard_contact_email(), true),
        ],
        contract: vec![
            field("start", words.staff_onboard_start(), true),
            field("overage", words.staff_onboard_overage(), false),
        ],
        services: vec![field("domain", words.staff_onboard_domain(), true)],
        mail: choice(
            "mail",
            words.staff_onboard_mail(),
            named(&[
                ("here", words.staff_onboard_mail_here()),
                ("elsewhere", words.staff_onboard_mail_elsewhere()),
                ("none", words.staff_onboard_mail_none()),
            ]),
            true,
        ),
        nextcloud: is_new || fields.get("nextcloud") == "oui",
        dolibarr: is_new || fields.get("dolibarr") == "oui",
        on: choice("on", words.staff_onboard_on(), instances, false),
        site: choice("site", words.staff_onboard_own(), sites, false),
        machine: vec![
            field("address", words.staff_onboard_address(), false),
            sized("cores", words.staff_onboard_cores(), u32::from(CORES)),
            sized("memory", words.staff_onboard_memory(), MEMORY_GIB),
            sized("disk", words.staff_onboard_disk(), DISK_GIB),
        ],
    }
}
