//! Nodes that answer and refuse: another certificate, a token that lets nobody in. One site's refusal stops no other, and
//! what the message advises puts it right.

use accolades::engine::error::Class;
use accolades::engine::prepare::Agreed;
use accolades::engine::run::Applied;
use accolades::inventory::model::Reach;
use accolades::lab::pve::access::Token;
use accolades::plan::render::render;
use accolades::ssh::Identity;
use secrecy::SecretString;

use crate::rehearsal::{Rehearsal, instance, small_files, small_instance};

const WRONG: &str = "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00";

#[tokio::test(flavor = "multi_thread")]
async fn a_site_with_another_certificate_stops_no_other_and_shows_both_fingerprints() {
    let mut rehearsal = Rehearsal::new(3).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    let shown = rehearsal.accepted.inventory.sites.values().find(|site| site.id.as_str() == "friche");
    let shown = shown.expect("the example has it").node.tls_fingerprint.clone();
    let mut files = rehearsal.files().await;
    let site = files.get_mut("sites/friche.toml").expect("it is there");
    *site = site.replacen(&shown, WRONG, 1);
    rehearsal.accept(files).await;

    let plan = rehearsal.plan(&[]).await;
    let refused = plan.instances.iter().find(|part| part.instance == instance("ilot")).expect("it is planned");
    let why = refused.unknown.as_deref().expect("nothing is known of it");
    assert!(why.contains(WRONG) && why.contains(&shown), "{why}");
    let text = render(&plan);
    assert!(text.contains(&format!("\n    got      {shown}\n")), "one instance, one block of lines: {text}");
    let report = rehearsal.apply(&[instance("ilot"), instance("valsonne")]).await;
    assert!(matches!(report[&instance("valsonne")], Applied::Settled { .. }), "{report:#?}\n{text}");
    let Applied::Stopped { why, class } = &report[&instance("ilot")] else { panic!("{report:#?}") };
    assert_eq!(*class, Class::Configuration, "the same command meets it again: {why}");
    assert!(why.contains(WRONG) && why.contains(&shown), "{why}");
}

/// What the message about a refused token advises: prepare the site again.
async fn prepare_again(rehearsal: &Rehearsal) {
    let inventory = rehearsal.accepted.inventory.clone();
    let site = inventory.sites.values().next().expect("a site");
    let done = rehearsal.engine.prepare_site(&inventory, site, &Agreed { format_serial: None }).await;
    assert!(done.unwrap_or_else(|error| panic!("{error}")) > 0, "nothing was mended");
}

async fn is_refused(rehearsal: &Rehearsal) {
    let plan = rehearsal.plan(&[small_instance()]).await;
    let why = plan.instances[0].unknown.as_deref().unwrap_or_else(|| panic!("{}", render(&plan)));
    assert!(why.contains("does not accept the API token") && why.contains("accolades site prepare"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_made_anew_by_preparing_the_site_again() {
    let rehearsal = Rehearsal::of(small_files(), 3).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    {
        let mut state = rehearsal.served.lab.lock();
        let access = &mut state.world.sites.get_mut("friche").expect("a site").pve.access;
        let tokens = access.users.values_mut().flat_map(|user| user.tokens.values_mut());
        tokens.for_each(|token: &mut Token| token.expire = Some(1));
    }
    is_refused(&rehearsal).await;
    prepare_again(&rehearsal).await;
    let plan = rehearsal.plan(&[small_instance()]).await;
    assert_eq!(plan.instances[0].unknown, None, "{}", render(&plan));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_token_that_is_an_old_one_is_replaced_by_preparing_the_site_again() {
    let rehearsal = Rehearsal::of(small_files(), 3).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    for name in ["site/friche/everyday-token", "site/friche/set-up-token"] {
        let old = SecretString::from("00000000-0000-0000-0000-000000000000");
        rehearsal.engine.vault.put_secret(name, &old, 1).await.expect("it is stored");
    }
    is_refused(&rehearsal).await;
    prepare_again(&rehearsal).await;
    let plan = rehearsal.plan(&[small_instance()]).await;
    assert_eq!(plan.instances[0].unknown, None, "{}", render(&plan));
}

async fn why_nothing_is_known(rehearsal: &Rehearsal) -> String {
    let plan = rehearsal.plan(&[small_instance()]).await;
    let why = plan.instances[0].unknown.clone().unwrap_or_else(|| panic!("{}", render(&plan)));
    let report = rehearsal.apply(&[small_instance()]).await;
    let stopped = &report[&small_instance()];
    assert!(matches!(stopped, Applied::Stopped { class: Class::Configuration, .. }), "{stopped:?}");
    why
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_host_with_another_key_is_no_node_that_does_not_answer() {
    let mut rehearsal = Rehearsal::of(small_files(), 3).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    let site = rehearsal.accepted.inventory.sites.values().next().expect("a site").clone();
    let Reach::Jump { host_key, .. } = &site.reach else { panic!("the lab is behind a jump host") };
    let mut files = rehearsal.files().await;
    let text = files.get_mut("sites/friche.toml").expect("it is there");
    *text = text.replacen(host_key.as_str(), &site.node.ssh_host_key, 1);
    rehearsal.accept(files).await;
    let why = why_nothing_is_known(&rehearsal).await;
    assert!(why.contains("has another host key than expected\nexpected SHA256:"), "{why}");
    assert!(!why.contains("does not answer"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_ours_that_cannot_be_used_is_no_node_that_does_not_answer() {
    let mut rehearsal = Rehearsal::of(small_files(), 3).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.engine.identity = Identity::KeyFile("/nowhere/id_ed25519".into());
    let why = why_nothing_is_known(&rehearsal).await;
    assert!(why.contains("/nowhere/id_ed25519") && why.contains("cannot be used as an SSH key"), "{why}");
}
