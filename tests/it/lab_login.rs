//! A key that `authorized_keys` binds to a command: the lab's sshd runs that one, whatever is asked.

use std::sync::Arc;

use accolades::lab::net::keys;
use accolades::lab::net::serve::{Ports, Served, serve};
use accolades::lab::net::topology::Topology;
use accolades::lab::net::transcript::Entry;
use accolades::lab::world::{SiteSpec, World};
use accolades::ssh::{Address, Command, Finished, Identity, Login, Route, Session};
use accolades::util::redact::Redactor;
use secrecy::SecretString;

const SEED: u64 = 5;

/// A node whose root lets the technician's key in with these options.
async fn node_with(options: &str) -> Served {
    let mut world = World::new(SEED);
    let subnet = "192.0.2.0/24".parse().expect("a subnet");
    let mut spec = SiteSpec::box_with_disk("atelier", "pve1", "WD-1", subnet);
    let key = keys::public_text(&keys::ssh_key(&keys::seed_of(SEED, "technician")));
    spec.root_keys.push(format!("{options}{key} technicien"));
    world.add_site(spec);
    serve(world, Topology::default(), "", Ports::default()).await.expect("the lab starts")
}

async fn ask(served: &Served, program: &str) -> Finished {
    let ssh = &served.endpoints.sites["atelier"].ssh;
    let login = Login {
        address: Address { host: ssh.host.clone(), port: ssh.port },
        route: Route::Direct,
        user: ssh.user.clone(),
        identity: Identity::KeyText(SecretString::from(served.endpoints.technician_key.clone())),
        host_key: ssh.host_key.parse().expect("a host key"),
    };
    let session = Session::open(login, Arc::new(Redactor::default())).await.expect("the key opens");
    session.run(&Command::new(program)).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn lab_login_a_bound_key_runs_its_command_and_no_other() {
    let hint = r#"no-pty,command="echo 'Please login as the user \"debian\".';exit 142" "#;
    let served = node_with(hint).await;
    let answer = ask(&served, "hostname").await;
    assert_eq!((answer.exit, answer.stdout.as_str()), (142, "Please login as the user \"debian\".\n"));
    let state = served.lab.lock();
    let ran: Vec<&str> = state.transcript.entries().iter().filter_map(command_line).collect();
    assert_eq!(ran, ["echo 'Please login as the user \"debian\".';exit 142"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lab_login_a_key_with_other_options_runs_what_is_asked() {
    let served = node_with("no-pty,no-port-forwarding ").await;
    let answer = ask(&served, "hostname").await;
    assert_eq!((answer.exit, answer.stdout.as_str()), (0, "pve1\n"));
}

fn command_line(entry: &Entry) -> Option<&str> {
    match entry {
        Entry::Command { command_line, .. } => Some(command_line),
        _ => None,
    }
}
