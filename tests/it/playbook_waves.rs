//! Facts of a guest are read in waves: what one wave answers decides what the next one asks.

use accolades::inventory;
use accolades::plan::desired::{Subject, variables};
use accolades::plan::leaving::Deleted;
use accolades::yunohost::playbook::step::survey;
use accolades::yunohost::playbook::unread::Unread;
use accolades::yunohost::playbook::{Fact, Facts, builtin};

use crate::rehearsal::DAY;

/// Wave by wave the same is read as when everything is evaluated anew each time, whatever the guest answers.
#[test]
fn playbook_waves_ask_for_what_a_whole_survey_asks_for() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory");
    let inventory = inventory::load(&folder).expect("the example").inventory;
    let with_gates = builtin::load(None).expect("the playbooks read");
    // These answers pass no gate: without gates every step is asked about.
    let mut without = with_gates.clone();
    without.iter_mut().flat_map(|playbook| &mut playbook.steps).for_each(|step| step.gate = false);
    let mut most = 0;
    let cases = inventory.instances.values().flat_map(|one| [(one, &with_gates), (one, &without)]);
    for (instance, playbooks) in cases {
        let subject = Subject::on(&inventory, instance, DAY).expect("it has a place");
        let variables = variables(&subject, &Deleted::new());
        // Whether a command fails depends on its length alone: with each seed steps find other ways through.
        for seed in 0..8_usize {
            let mut unread = Unread::of(playbooks, &variables);
            let mut facts = Facts::default();
            loop {
                let wave = unread.next(&facts).expect("the playbooks fit");
                let whole = survey(playbooks, &variables, &facts).expect("the playbooks fit").unread;
                assert_eq!(wave, whole, "{} with {seed}", instance.id);
                if wave.is_empty() {
                    break;
                }
                for command in wave {
                    let length: usize = command.0.iter().map(String::len).sum();
                    let exit = i32::from(seed > 0 && (length + seed).is_multiple_of(9));
                    facts.put(command, Fact { exit, stdout: "yes\n".to_owned() });
                }
            }
            most = most.max(facts.len());
        }
    }
    assert!(most > 20, "only {most} commands: the answers lead nowhere");
}
