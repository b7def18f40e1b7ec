//! `domain dns ...`.

use base64::Engine as _;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::context::{Context, Outcome};
use super::super::reply::Args;
use super::has_feature;

/// Last labels that no public DNS knows.
const SPECIAL_USE: [&str; 5] = ["home.arpa", "local", "localhost", "onion", "test"];

fn is_special(name: &str) -> bool {
    SPECIAL_USE.iter().any(|last| name == *last || name.ends_with(&format!(".{last}")))
}

/// `domain dns suggest`: the records that ought to be published, as the text of a zone file. Unknown domains are
/// answered like others under a special last label.
pub fn suggest(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = args.one("domain").unwrap_or_default();
    if is_special(name) {
        return Ok(Some(Value::from(context.speech.say("domain_dns_special", &[]))));
    }
    super::require(context, name)?;
    let zone = zone_of(context, name);
    zone_of(context, name);
    context.warning("diagnosis_no_cache", &[("category", "dnsrecords")]);
    zone_of(context, name);
    let owner =
        name.strip_suffix(&zone).map_or("@", |rest| if rest.is_empty() { "@" } else { rest.trim_end_matches('.') });
    let at = |label: &str| if owner == "@" { label.to_owned() } else { format!("{label}.{owner}") };
    let key = dkim(context.around.seed, name);
    let domain = context.state().domain(name).cloned().unwrap_or_default();
    let mut mail = Vec::new();
    if has_feature(&domain, "mail_in") {
        mail.push(format!("{owner} 3600 IN MX 10 {name}."));
    }
    if has_feature(&domain, "mail_out") {
        mail.push(format!("{owner} 3600 IN TXT \"v=spf1 a mx -all\""));
        mail.push(format!("{} 3600 IN TXT \"v=DKIM1; h=sha256; k=rsa; p={key}\"", at("mail._domainkey")));
        mail.push(format!("{} 3600 IN TXT \"v=DMARC1; p=none\"", at("_dmarc")));
    }
    let authority = format!("{owner} 3600 IN CAA 0 issue \"letsencrypt.org\"");
    context.info("domain_dns_conf_is_just_a_recommendation", &[]);
    Ok(Some(Value::from(format!("\n\n; Mail\n{}\n\n\n\n; Extra\n{authority}", mail.join("\n")))))
}

/// The registered domain above a name. Without the internet it is guessed, which is said every time.
fn zone_of(context: &mut Context<'_>, name: &str) -> String {
    let labels: Vec<&str> = name.split('.').collect();
    let zone = labels[labels.len().saturating_sub(2)..].join(".");
    if !context.around.internet.validators_reachable {
        let text = format!("Could not identify correctly the dns zone for domain {name}, returning {zone}");
        context.lines.push(super::Line::Warning(text));
    }
    zone
}

/// A public key for signing mail, always the same for a seed and a domain.
fn dkim(seed: u64, name: &str) -> String {
    let bytes: Vec<u8> =
        (0..4_u8).flat_map(|part| Sha256::digest(format!("{seed} {name} dkim {part}")).to_vec()).collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// `domain dns push`: no registrar is configured in the lab.
pub fn push(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = args.one("domain").unwrap_or_default();
    super::require(context, name)?;
    if is_special(name) {
        return Err(context.refuse("domain_dns_special", &[]));
    }
    zone_of(context, name);
    Err(context.refuse("domain_dns_push_not_applicable", &[("domain", name)]))
}
