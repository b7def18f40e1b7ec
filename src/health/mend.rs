//! Mends with the names of what they are about: each command can be typed as it stands.

use super::backups::third_server;
use crate::domain::backup::health::{Finding, InstanceHealth, Place};
use crate::plan::desired::Subject;

/// Puts the names of an instance into the mends of its findings.
pub(super) fn name_all(health: &mut InstanceHealth, subject: &Subject<'_>) {
    let of_places = health.places.iter_mut().flat_map(|place| &mut place.findings);
    for finding in health.findings.iter_mut().chain(of_places) {
        name(finding, subject);
    }
}

fn name(finding: &mut Finding, subject: &Subject<'_>) {
    let site = subject.site;
    let source = site.backup_server.as_ref();
    let server = match finding.place {
        Some(Place::Third) => third_server(subject).map(|server| &server.id),
        _ => source,
    };
    let names = [
        ("INSTANCE", Some(subject.instance.id.to_string())),
        ("SITE", Some(site.id.to_string())),
        ("NODE", Some(site.node.name.clone())),
        ("VMID", Some(subject.instance.vmid.to_string())),
        ("PLACE", finding.place.map(|place| place.word().to_owned())),
        ("SOURCE", source.map(ToString::to_string)),
        ("SERVER", server.map(ToString::to_string)),
    ];
    for (name, its) in names {
        if let Some(its) = its {
            finding.mend = finding.mend.replace(name, &its);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::domain::backup::health::{Kind, Weight};
    use crate::inventory::{check, read_files};

    #[test]
    fn every_mend_can_be_typed_as_it_stands() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory");
        let inventory = check(&read_files(&folder).expect("files")).expect("sound");
        let lilas = &inventory.instances[&"lilas".parse::<crate::domain::ids::InstanceId>().expect("an id")];
        let subject = Subject::on(&inventory, lilas, jiff::civil::date(2026, 11, 23)).expect("it stands somewhere");
        for place in [Place::Local, Place::Remote, Place::Third] {
            for kind in Kind::ALL {
                let mut finding = Finding {
                    name: *kind,
                    place: Some(place),
                    weight: Weight::Warning,
                    sentence: String::new(),
                    mend: kind.mend().to_owned(),
                };
                name(&mut finding, &subject);
                let is_capital = |word: &str| word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_uppercase());
                let left = finding.mend.split(|c: char| !c.is_ascii_alphabetic()).find(|word| is_capital(word));
                assert_eq!(left, None, "{}: {}", kind.name(), finding.mend);
                // A command of ours that is about something names it.
                for command in finding.mend.split('`').skip(1).step_by(2) {
                    let words: Vec<&str> = command.split(' ').collect();
                    let bare = [&["accolades", "drill"][..], &["accolades", "apply"], &["accolades", "backup", "run"]];
                    assert!(!bare.contains(&words.as_slice()), "{}: {command}", kind.name());
                    assert!(words.last() != Some(&"prepare"), "{}: {command}", kind.name());
                }
            }
        }
    }
}
