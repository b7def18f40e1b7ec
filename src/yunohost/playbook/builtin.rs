//! The playbooks that come with the program, and a co-operative's own in their place.

use std::path::Path;

use super::model::Playbook;
use super::read::{PlaybookError, parse};

/// The files of `playbooks/`, in the order in which they are done.
pub const BUILTIN: [(&str, &str); 11] = [
    ("10-system.toml", include_str!("../../../playbooks/10-system.toml")),
    ("20-access.toml", include_str!("../../../playbooks/20-access.toml")),
    ("30-mail.toml", include_str!("../../../playbooks/30-mail.toml")),
    ("40-domains.toml", include_str!("../../../playbooks/40-domains.toml")),
    ("50-apps.toml", include_str!("../../../playbooks/50-apps.toml")),
    ("60-people.toml", include_str!("../../../playbooks/60-people.toml")),
    ("70-departures.toml", include_str!("../../../playbooks/70-departures.toml")),
    ("75-returns.toml", include_str!("../../../playbooks/75-returns.toml")),
    ("80-marker.toml", include_str!("../../../playbooks/80-marker.toml")),
    ("85-services.toml", include_str!("../../../playbooks/85-services.toml")),
    ("90-close.toml", include_str!("../../../playbooks/90-close.toml")),
];

/// The playbooks of a folder, in order of file name; the built-in ones when no folder is named.
///
/// # Errors
/// See [`PlaybookError`].
pub fn load(folder: Option<&Path>) -> Result<Vec<Playbook>, PlaybookError> {
    let Some(folder) = folder else {
        return BUILTIN.iter().map(|(file, text)| parse(file, text)).collect();
    };
    let unreadable = |path: &Path| {
        let file = path.display().to_string();
        move |source| PlaybookError::Unreadable { file, source }
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    files
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).map_err(unreadable(path))?;
            parse(&path.display().to_string(), &text)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::facts::{Fact, Facts, ReadCommand};
    use super::super::step::verified;
    use super::super::template::Scope;
    use super::*;

    #[test]
    fn every_built_in_playbook_reads_and_every_action_has_its_verification() {
        let playbooks = load(None).expect("the built-in playbooks are right");
        assert_eq!(playbooks.len(), BUILTIN.len());
        for step in playbooks.iter().flat_map(|playbook| &playbook.steps) {
            assert!(!step.check.is_empty(), "`{}` has no check", step.id);
        }
    }

    #[test]
    fn a_step_without_a_check_is_refused() {
        let text = "version = 1\nname = \"x\"\nabout = \"x\"\n[[step]]\nid = \"a\"\ntitle = \"a\"\ncheck = []\napply = [{ run = [\"true\"] }]\n";
        let refusal = parse("x.toml", text).expect_err("a step nobody can verify");
        assert!(refusal.to_string().contains("no check"), "{refusal}");
    }

    #[test]
    fn a_directory_that_does_not_answer_is_no_half_made_post_installation() {
        let playbooks = load(None).expect("the built-in playbooks are right");
        let mut steps = playbooks.iter().flat_map(|playbook| &playbook.steps);
        let step = steps.find(|step| step.id == "postinstall").expect("it is there");
        let cause = step.other_cause.as_ref().expect("a machine in use must not be made anew");
        let is_cause = |installed: i32, listed: i32| {
            let mut facts = Facts::default();
            for (condition, exit) in cause.check.iter().zip([installed, listed]) {
                facts.put(ReadCommand(condition.read.clone()), Fact { exit, stdout: String::new() });
            }
            verified(&cause.check, &Scope::new(&Value::Null), &facts).expect("no names").expect("all is read")
        };
        assert!(is_cause(0, 1), "installed, and nobody can be listed");
        assert!(!is_cause(1, 1), "not installed yet");
        assert!(!is_cause(0, 0), "half made: the list lacks the account");
        assert!(cause.advice.contains("slapd") && !cause.advice.contains("--rebuild"), "{}", cause.advice);
        assert!(step.advice.as_ref().is_some_and(|advice| advice.contains("--rebuild")));
    }
}
