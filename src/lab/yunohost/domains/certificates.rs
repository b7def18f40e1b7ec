//! `domain cert ...`.

use serde_json::{Map, Value, json};

use super::super::context::{Context, Outcome, Refusal};
use super::super::neighbours;
use super::super::reply::{Args, Line};
use super::super::state::{Authority, Certificate};
use super::{challenge, parent_of, require, sorted};

/// Days for which each kind of certificate is good.
const SELF_SIGNED_DAYS: i64 = 3650;
const LETS_ENCRYPT_DAYS: i64 = 90;

/// What is said where there is no way out.
const NO_DIRECTORY: &str = "Error getting directory:\nUrl: https://acme-v02.api.letsencrypt.org/directory\nData: None\nResponse Code: None\nResponse: <urlopen error [Errno -3] Temporary failure in name resolution>";

/// Below so many days a certificate is renewed.
const RENEWAL_DAYS: i64 = 15;

/// The state of a domain's certificate.
pub fn status(context: &mut Context<'_>, name: &str, full: bool) -> Value {
    let now = context.around.now.unix_seconds();
    if full {
        // Whether the domain is fit for Let's Encrypt is read from the diagnosis.
        context.warning("diagnosis_no_cache", &[("category", "dnsrecords")]);
    }
    let state = context.state();
    let issuer = state.first_domain.clone();
    let certificate = state.domain(name).map(|domain| domain.certificate.clone()).unwrap_or_default();
    let days = days_left(&certificate, now);
    let (kind, style, summary) = match (certificate.authority, days) {
        (_, ..=0) => (certificate.authority, "danger", "expired"),
        (Authority::SelfSigned, _) => (certificate.authority, "warning", "selfsigned"),
        (Authority::LetsEncrypt, ..RENEWAL_DAYS) => (certificate.authority, "warning", "abouttoexpire"),
        (Authority::LetsEncrypt, _) => (certificate.authority, "success", "letsencrypt"),
    };
    let (kind, issuer) = match kind {
        Authority::SelfSigned => ("selfsigned", issuer),
        Authority::LetsEncrypt => ("letsencrypt", "R10".to_owned()),
    };
    let mut shown = Map::new();
    if full {
        shown.insert("subject".to_owned(), json!(name));
        shown.insert("CA_name".to_owned(), json!(issuer));
    }
    shown.insert("CA_type".to_owned(), json!(kind));
    shown.insert("validity".to_owned(), json!(days));
    shown.insert("style".to_owned(), json!(style));
    shown.insert("summary".to_owned(), json!(summary));
    if full {
        shown.insert("ACME_eligible".to_owned(), json!(neighbours::ready_for_certificate(state, name)));
        shown.insert("has_wildcards".to_owned(), json!(false));
    }
    Value::Object(shown)
}

fn days_left(certificate: &Certificate, now: i64) -> i64 {
    let days = match certificate.authority {
        Authority::SelfSigned => SELF_SIGNED_DAYS,
        Authority::LetsEncrypt => LETS_ENCRYPT_DAYS,
    };
    // The day that has begun does not count.
    days - 1 - (now - certificate.made_at) / 86_400
}

/// The domains of a command, all when none is named.
fn asked(context: &mut Context<'_>, args: &Args) -> Result<Vec<String>, Refusal> {
    let named = args.many("domain_list");
    if named.is_empty() {
        return Ok(sorted(context.state()));
    }
    named.iter().try_for_each(|name| require(context, name))?;
    Ok(named.to_vec())
}

/// `domain cert status`.
pub fn show(context: &mut Context<'_>, args: &Args) -> Outcome {
    let names = asked(context, args)?;
    let shown = names.into_iter().map(|name| {
        let status = status(context, &name, args.given("--full"));
        (name, status)
    });
    let shown: Map<String, Value> = shown.collect();
    Ok(Some(json!({ "certificates": shown })))
}

/// `domain cert install`.
pub fn install(context: &mut Context<'_>, args: &Args) -> Outcome {
    let names = asked(context, args)?;
    if args.given("--self-signed") {
        return install_self_signed(context, &names, args.given("--force"));
    }
    let replaceable = |context: &mut Context<'_>, name: &str| {
        context.state().domain(name).is_some_and(|domain| domain.certificate.authority == Authority::SelfSigned)
    };
    if !args.given("--force") {
        for name in args.many("domain_list") {
            if !replaceable(context, name) {
                return Err(context.refuse("certmanager_not_selfsigned", &[("domain", name)]));
            }
        }
    }
    let all = args.many("domain_list").is_empty();
    let mut failed = Vec::new();
    for name in names {
        if all && !args.given("--force") && !replaceable(context, &name) {
            continue;
        }
        if !args.given("--no-checks") && !ready(context, &name) {
            continue;
        }
        context.lines.push(Line::Info(format!("Now attempting install of certificate for domain {name}!")));
        if let Err(refusal) = sign(context, &name, "letsencrypt_cert_install") {
            context.lines.extend(refusal.lines);
            failed.push(name);
        } else {
            context.success("certmanager_letsencrypt_installed", &[("domain", &name)]);
        }
    }
    if failed.is_empty() {
        return Ok(None);
    }
    Err(context.refuse("certmanager_install_failed", &[("domains", &failed.join(","))]))
}

fn install_self_signed(context: &mut Context<'_>, names: &[String], force: bool) -> Outcome {
    for name in names {
        let now = context.around.now.unix_seconds();
        let current = context.state().domain(name).map(|domain| domain.certificate.clone()).unwrap_or_default();
        if current.authority == Authority::LetsEncrypt && days_left(&current, now) > RENEWAL_DAYS && !force {
            return Err(context.refuse("certmanager_replace_valid", &[("domain", name)]));
        }
        put(context, name, Authority::SelfSigned);
        context.regenerate(&["nginx", "postfix"]);
        context.success("certmanager_selfsigned_installed", &[("domain", name)]);
    }
    Ok(None)
}

fn put(context: &mut Context<'_>, name: &str, authority: Authority) {
    let made_at = context.around.now.unix_seconds();
    if let Some(domain) = context.state().domain_mut(name) {
        domain.certificate = Certificate { authority, made_at };
    }
}

/// Says why a domain is not ready; nothing else tells: the exit status stays 0 (sheet, section 3).
fn ready(context: &mut Context<'_>, name: &str) -> bool {
    let key = match neighbours::ready_for_certificate(context.state(), name) {
        Some(true) => return true,
        Some(false) => "certmanager_not_ready",
        None => "certmanager_not_diagnosed",
    };
    let text = context.speech.say(key, &[("domain", name)]);
    context.lines.push(Line::Error(text));
    false
}

/// Has a certificate signed by Let's Encrypt, which looks for itself whether the name leads here.
fn sign(context: &mut Context<'_>, name: &str, kind: &str) -> Result<(), Refusal> {
    for text in ["Parsing account key...".to_owned(), "Parsing CSR...".to_owned(), format!("Found domains: {name}")] {
        context.lines.push(Line::Info(text));
    }
    context.lines.push(Line::Info("Getting directory...".to_owned()));
    let problem = if context.around.internet.validators_reachable {
        for text in ["Directory found!", "Registering account...", "Creating new order...", "Order created!"] {
            context.lines.push(Line::Info(text.to_owned()));
        }
        context.lines.push(Line::Info(format!("Verifying {name}...")));
        challenge::problem(context, name)
    } else {
        Some(NO_DIRECTORY.to_owned())
    };
    let Some(problem) = problem else {
        for text in [format!("{name} verified!"), "Signing certificate...".to_owned(), "Certificate signed!".to_owned()]
        {
            context.lines.push(Line::Info(text));
        }
        put(context, name, Authority::LetsEncrypt);
        context.regenerate(&["nginx", "postfix"]);
        return Ok(());
    };
    context.operation_failed(kind, Some(name));
    let lines = vec![
        Line::Error(problem),
        Line::Error(format!(
            "Certificate installation for {name} failed !\nException: {}",
            context.speech.say("certmanager_signing_failed", &[])
        )),
        Line::Error(context.speech.say("certmanager_failed_advice", &[("domain", name)])),
    ];
    Err(Refusal { lines, reason: context.speech.say("certmanager_signing_failed", &[]) })
}

/// `domain cert renew`.
pub fn renew(context: &mut Context<'_>, args: &Args) -> Outcome {
    let now = context.around.now.unix_seconds();
    let named = asked(context, args)?;
    let force = args.given("--force");
    let all = args.many("domain_list").is_empty();
    let mut names = Vec::new();
    for name in named {
        let current = context.state().domain(&name).map(|domain| domain.certificate.clone()).unwrap_or_default();
        let due = days_left(&current, now) <= RENEWAL_DAYS;
        let ours = current.authority == Authority::SelfSigned;
        if !all && !due && !force {
            return Err(context.refuse("certmanager_renew_valid", &[("domain", &name)]));
        }
        if !all && ours {
            return Err(context.refuse("certmanager_renew_not_letsencrypt", &[("domain", &name)]));
        }
        if !ours && (due || force) {
            names.push(name);
        }
    }
    if names.is_empty() {
        context.lines.push(Line::Info("No certificate needs to be renewed.".to_owned()));
        return Ok(None);
    }
    for name in names {
        if !args.given("--no-checks") && !ready(context, &name) {
            continue;
        }
        context.lines.push(Line::Info(format!("Now attempting renewing of certificate for domain {name} !")));
        sign(context, &name, "letsencrypt_cert_renew")?;
        context.success("certmanager_letsencrypt_renewed", &[("domain", &name)]);
    }
    Ok(None)
}

/// What `domain add --install-letsencrypt-cert` tries for a subdomain; its failure is a warning only.
pub fn after_adding(context: &mut Context<'_>, name: &str) {
    let names = sorted(context.state());
    if parent_of(&names, name).is_none() {
        return;
    }
    context.warning("diagnosis_no_cache", &[("category", "dnsrecords")]);
    let text = "Skipping Let's Encrypt certificate attempt because there's no wildcard configured on the parent \
                domain's DNS records.";
    context.lines.push(Line::Warning(text.to_owned()));
    context.warning("certmanager_install_failed", &[("domains", name)]);
}
