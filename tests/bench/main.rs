//! The figures of `docs/performance.md`. Run by hand on a quiet machine; nothing here fails for being slow.
//!
//! `cargo bench --bench figures -- check 1000` (and `plan`, `settled`, `onboard`, `sweep`, `draft`, `explain`, `portal`, each with a
//! number of clients; `onboard` also with the pace of the lab's time; `invoices` with a number of documents).

mod billing;
mod field;
mod generated;
mod invoices;
mod nodes;
mod portal;
mod sweep;
mod usage;

use std::time::{Duration, Instant};

use accolades::engine::run::Applied;
use accolades::inventory;
use accolades::plan::decide::decide;
use accolades::plan::desired::{Subject, variables};
use accolades::plan::leaving::Deleted;
use accolades::plan::{GuestState, MachineState, Observed};
use accolades::yunohost::playbook::{Fact, Facts, builtin, step};
use field::Field;

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often the pure figures are taken; the median counts.
const ROUNDS: usize = 11;

/// How many times as fast as the wall's clock the lab's time runs when clients are onboarded.
const PACE: u32 = 4;

fn main() {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let what = words.next().unwrap_or_default();
    let clients = words.next().and_then(|word| word.parse().ok()).unwrap_or(generated::CLIENTS_MAX);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    match what.as_str() {
        field::LAB => runtime.block_on(field::serve_lab()),
        "check" => check(clients),
        "plan" => plan(clients),
        "settled" => runtime.block_on(settled(clients)),
        "onboard" => {
            runtime.block_on(onboard(clients, words.next().and_then(|word| word.parse().ok()).unwrap_or(PACE)))
        }
        "draft" => runtime.block_on(billing::drafted(clients)),
        "explain" => runtime.block_on(billing::explained(clients)),
        "invoices" => invoices::render_all(clients),
        nodes::NODES => runtime.block_on(nodes::serve()),
        "sweep" => runtime.block_on(sweep::sweep(clients)),
        "portal" => runtime.block_on(portal::portal(clients)),
        _ => println!(
            "usage: figures check|plan|settled|onboard|sweep|draft|explain|portal [CLIENTS [PACE]], figures invoices [DOCUMENTS]"
        ),
    }
}

/// Reading and checking the files of an inventory, as `accolades check` does.
fn check(clients: usize) {
    let folder = field::written(&generated::files(clients));
    let took = median(|| {
        let loaded = inventory::load(folder.path()).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        assert_eq!(loaded.inventory.clients.len(), clients);
    });
    println!("check of {clients} clients: {} ms", milliseconds(took));
}

/// Deciding for every client, from facts that are there already: a machine that runs, and an answer to every question.
fn plan(clients: usize) {
    let inventory = inventory::check(&generated::files(clients)).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let playbooks = builtin::load(None).expect("the playbooks read");
    let subjects: Vec<Subject<'_>> =
        inventory.instances.values().filter_map(|one| Subject::on(&inventory, one, field::DAY)).collect();
    let observed: Vec<Observed> = subjects
        .iter()
        .map(|subject| {
            let config = [("description".to_owned(), accolades::plan::decide::mark(&subject.instance.id))].into();
            let machine = accolades::plan::observed::Machine { config, running: true };
            let variables = variables(subject, &Deleted::new());
            let mut facts = Facts::default();
            loop {
                let unread = step::survey(&playbooks, &variables, &facts).expect("the playbooks fit").unread;
                if unread.is_empty() {
                    break;
                }
                for command in unread {
                    facts.put(command, Fact { exit: 0, stdout: "yes\n".to_owned() });
                }
            }
            Observed {
                machine: MachineState::Present(machine),
                guest: GuestState::Read(facts),
                host_key_pinned: true,
                backups: None,
                remote: accolades::plan::backups::RemoteAccess::None,
            }
        })
        .collect();
    let mut actions = 0;
    let took = median(|| {
        actions = subjects
            .iter()
            .zip(&observed)
            .map(|(subject, observed)| {
                decide(subject, observed, &variables(subject, &Deleted::new()), &playbooks).expect("decided")
            })
            .map(|part| part.actions.len())
            .sum();
    });
    println!("plan of {clients} clients: {} ms ({actions} actions)", milliseconds(took));
}

/// A second `apply`, when nothing is to be done: it observes everything and writes nothing.
async fn settled(clients: usize) {
    let field = Field::of(&generated::files(clients)).await;
    field.prepare().await;
    apply(&field).await;
    let (before, cpu, began) = (field.asked(), usage::cpu_seconds(), Instant::now());
    let plan = field.engine.plan(&field.accepted, field::DAY, &[]).await.unwrap_or_else(|error| panic!("{error}"));
    let (took, cpu, after) = (began.elapsed(), usage::cpu_seconds() - cpu, field.asked());
    assert!(plan.is_settled(), "nothing is left to do");
    println!(
        "settled apply of {clients} clients: {} ms, own CPU {:.1} ms per client, {} requests ({} of them writing) and {} guest commands",
        milliseconds(took),
        cpu * 1e3 / clients as f64,
        after.requests - before.requests,
        after.writing_requests - before.writing_requests,
        after.commands - before.commands,
    );
}

/// One client alone, then that many on as many sites at once: what is above the time of the one is ours. The lab's time
/// follows the wall's clock meanwhile, `pace` times as fast, so that every wait is waited for.
async fn onboard(clients: usize, pace: u32) {
    let alone = onboard_once(1, pace).await;
    let together = onboard_once(clients, pace).await;
    let above = together.as_secs_f64() / alone.as_secs_f64() - 1.0;
    println!("time above that of one site alone: {:.1} % at pace {pace}", above * 100.0);
}

async fn onboard_once(clients: usize, pace: u32) -> Duration {
    let field = Field::of(&generated::files(clients)).await;
    field.prepare().await;
    let prepared_mib = usage::peak_mib();
    field.follow_the_wall(pace);
    let (before, cpu, began) = (field.asked(), usage::cpu_seconds(), Instant::now());
    apply(&field).await;
    let (took, cpu, peak_mib) = (began.elapsed(), usage::cpu_seconds() - cpu, usage::peak_mib());
    let after = field.asked();
    println!(
        "onboarding of {clients} clients at once: {:.1} s (simulated {:.0} s), own CPU {:.0} ms per client, peak memory \
         {peak_mib:.0} MiB ({prepared_mib:.0} before), per client {:.0} requests and {:.0} guest commands",
        took.as_secs_f64(),
        took.as_secs_f64() * f64::from(pace),
        cpu * 1e3 / clients as f64,
        (after.requests - before.requests) as f64 / clients as f64,
        (after.commands - before.commands) as f64 / clients as f64,
    );
    took
}

async fn apply(field: &Field) {
    let plan = field.engine.plan(&field.accepted, field::DAY, &[]).await.unwrap_or_else(|error| panic!("{error}"));
    let id = plan.id();
    let record = accolades::store::PlanRecord {
        id,
        inventory_number: plan.inventory_number,
        scope: accolades::store::Scope::Staff,
        content: serde_json::to_value(&plan).expect("plain data"),
        observed_digest: String::new(),
        created_at_us: 0,
    };
    field.engine.store.save_plan(&record).await.expect("the plan is kept");
    let report = field.engine.apply(&field.accepted, &plan).await.unwrap_or_else(|error| panic!("{error}"));
    for (instance, applied) in &report {
        assert!(matches!(applied, Applied::Settled { .. }), "{instance}: {applied:?}");
    }
}

fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            run();
            began.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.0}", duration.as_secs_f64() * 1e3)
}
