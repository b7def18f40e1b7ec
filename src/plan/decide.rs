//! The decision: what to do about one instance, from what should be and what was seen. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::action::{Action, Change, InstancePlan, PlannedAction};
use super::backups;
use super::desired::Subject;
use super::observed::{GuestState, Machine, MachineState, Observed};
use crate::domain::backup::names;
use crate::domain::ids::{InstanceId, VmId};
use crate::yunohost::playbook::step::{StepState, Survey, Work};
use crate::yunohost::playbook::template::TemplateError;
use crate::yunohost::playbook::{Facts, Need, Playbook, step};

/// The tag of every machine of ours.
pub const TAG: &str = "accolades";

/// The pool of machines that were made before each instance had a pool of its own; `site prepare` moves them.
pub const CLIENT_POOL: &str = "accolades-clients";

/// The pool of restore tests.
pub const DRILL_POOL: &str = "accolades-drills";

/// The snippet that installs the guest agent.
pub const VENDOR_SNIPPET: &str = "accolades-vendor.yaml";

/// The disk that holds everything.
pub const DISK: &str = "scsi0";

/// The first line of the description of an instance's machine: how we know that a machine is ours.
pub fn mark(instance: &InstanceId) -> String {
    format!("accolades instance {instance}")
}

/// Whether a machine carries the mark of this instance.
pub fn is_marked(machine: &Machine, instance: &InstanceId) -> bool {
    let first_line = machine.config.get("description").and_then(|text| text.lines().next());
    first_line.is_some_and(|line| line.trim() == mark(instance))
}

/// What to do about one instance.
///
/// # Errors
/// A playbook that names a variable that does not exist.
pub fn decide(
    subject: &Subject<'_>,
    observed: &Observed,
    variables: &Value,
    playbooks: &[Playbook],
) -> Result<InstancePlan, TemplateError> {
    let instance = subject.instance;
    let mut plan = InstancePlan {
        instance: instance.id.clone(),
        site: subject.site.id.clone(),
        vmid: instance.vmid,
        drift: Vec::new(),
        conflict: None,
        unknown: None,
        actions: Vec::new(),
        unchanged: 0,
    };
    let nothing_read = Facts::default();
    let facts = match (&observed.machine, &observed.guest) {
        (MachineState::Unknown(why), _) => {
            plan.unknown = Some(why.clone());
            return Ok(plan);
        }
        (MachineState::Absent, _) if observed.host_key_pinned => {
            plan.conflict = Some(gone(subject));
            return Ok(plan);
        }
        (MachineState::Absent, _) => {
            plan.actions.extend(create(subject));
            &nothing_read
        }
        (MachineState::Present(machine), _) if !is_marked(machine, &instance.id) => {
            plan.conflict = Some(foreign(machine, instance.vmid, &instance.id));
            return Ok(plan);
        }
        (MachineState::Present(machine), guest) => {
            plan.actions.extend(mend(subject, machine, &mut plan.drift));
            match guest {
                GuestState::Read(facts) => facts,
                GuestState::NotRunning => &nothing_read,
                GuestState::Closed(why) if observed.host_key_pinned => {
                    plan.unknown = Some(why.clone());
                    return Ok(plan);
                }
                GuestState::Closed(_) => &nothing_read,
            }
        }
    };
    let machine_is_there = matches!(&observed.machine, MachineState::Present(_));
    let backups =
        observed.backups.as_ref().map(|seen| backups::decide(subject, seen, machine_is_there, &observed.remote));
    let backups = backups.unwrap_or_default();
    if backups.unprepared {
        plan.unknown = Some(unprepared(subject));
        plan.actions.clear();
        return Ok(plan);
    }
    if backups.conflict.is_some() {
        plan.conflict = backups.conflict;
        plan.actions.clear();
        return Ok(plan);
    }
    if !matches!(&observed.machine, MachineState::Present(machine) if machine.running) {
        plan.actions.push(simple("machine/start", format!("start vm {}", instance.vmid), 2, Action::Start));
    }
    plan.drift.extend(backups.drift);
    plan.unchanged += backups.unchanged;
    plan.actions.extend(backups.actions.into_iter().map(|action| by_root(subject, action)));
    if !observed.host_key_pinned {
        let title = "guest agent answers; host key pinned".to_owned();
        plan.actions.push(simple("machine/meet", title, 45, Action::MeetGuest));
    }
    let survey = steps(playbooks, variables, facts)?;
    let changes = |(_, state): &(Work<'_>, StepState)| matches!(state, StepState::Needed(Need::Now | Need::Later));
    let changes = survey.work.iter().any(changes);
    for (work, state) in &survey.work {
        match state {
            // What is done now may be undone by the steps before it.
            StepState::Done if changes && work.step.closing => plan.actions.push(planned_step(work, &Need::Now)),
            StepState::Done => plan.unchanged += 1,
            StepState::Needed(need) => plan.actions.push(planned_step(work, need)),
        }
    }
    Ok(plan)
}

/// A pool takes a machine only from root on its node: our tokens may not.
fn by_root(subject: &Subject<'_>, action: PlannedAction) -> PlannedAction {
    let waiting = matches!(action.action, Action::JoinPool { .. })
        .then(|| format!("run `accolades site prepare {}`", subject.site.id));
    PlannedAction { waiting: waiting.or(action.waiting), ..action }
}

fn unprepared(subject: &Subject<'_>) -> String {
    format!(
        "`{}` is not prepared for `{}` yet: run `accolades site prepare {}`",
        subject.site.id, subject.instance.id, subject.site.id
    )
}

/// Without facts nothing can be evaluated: every step is planned.
fn steps<'a>(playbooks: &'a [Playbook], variables: &Value, facts: &Facts) -> Result<Survey<'a>, TemplateError> {
    if !facts.is_empty() {
        return step::survey(playbooks, variables, facts);
    }
    let mut survey = Survey::default();
    for playbook in playbooks {
        for step in &playbook.steps {
            survey.work.extend(step::evaluate(playbook, step, None, variables, facts, true, &mut survey.unread)?);
        }
    }
    Ok(survey)
}

fn planned_step(work: &Work<'_>, need: &Need) -> PlannedAction {
    let waiting = match need {
        Need::Waiting(why) => Some(why.clone()),
        Need::Now | Need::Later => None,
    };
    let change = if work.key.starts_with("departures/") { Change::Remove } else { Change::Add };
    PlannedAction {
        key: work.key.clone(),
        title: work.title.clone(),
        change,
        seconds: work.step.seconds,
        action: Action::Step,
        waiting,
    }
}

fn simple(key: &str, title: String, seconds: u32, action: Action) -> PlannedAction {
    PlannedAction { key: key.to_owned(), title, change: Change::Add, seconds, action, waiting: None }
}

fn foreign(machine: &Machine, vmid: VmId, instance: &InstanceId) -> String {
    let name = machine.config.get("name").map_or("without a name", String::as_str);
    format!(
        "vm {vmid} exists (`{name}`) and does not carry the mark of `{instance}`; it is left untouched\n\n\
         if it is this instance's, take it over with `accolades adopt {instance}`; otherwise give the instance another vmid"
    )
}

/// An empty machine under the same id would look well, and its backups would push out those of the one that is gone (sheet
/// Proxmox, section 12).
fn gone(subject: &Subject<'_>) -> String {
    let (id, vmid, node) = (&subject.instance.id, subject.instance.vmid, &subject.site.node.name);
    format!(
        "vm {vmid} is not on `{node}`, and `{id}` ran before: nothing is made in its place\n\n\
         bring it back with `accolades restore {id} --at now`; only where nobody misses anything, `accolades apply --rebuild \
         {id}` makes it anew"
    )
}

/// The actions that make a machine that is not there.
fn create(subject: &Subject<'_>) -> Vec<PlannedAction> {
    let instance = subject.instance;
    let node = &subject.site.node;
    let size = format!("{} vCPU, {} GiB, disk {} GiB", instance.cores, instance.memory_mib / 1024, instance.disk_gib);
    let (origin, seconds, action) = match node.template {
        Some(template) => (format!("clone of template {template}"), 90, clone_of(subject, template)),
        None => ("image import".to_owned(), 60, Action::CreateMachine { parameters: parameters(subject) }),
    };
    let title = format!("vm {} `{}` on {}      {origin}, {size}", instance.vmid, instance.id, node.name);
    vec![
        simple("machine/create", title, seconds, action),
        simple(
            "machine/disk",
            format!("disk grown to {} GiB", instance.disk_gib),
            5,
            Action::GrowDisk { disk: DISK.to_owned(), gib: instance.disk_gib },
        ),
    ]
}

/// Every option of the machine that does not depend on where its disk comes from.
fn options(subject: &Subject<'_>) -> BTreeMap<String, String> {
    let instance = subject.instance;
    let node = &subject.site.node;
    let placement = subject.placement;
    let cooperative = &subject.inventory.cooperative;
    let mut address = format!("ip={},gw={}", placement.address4, node.gateway4);
    if let Some(address6) = placement.address6 {
        address.push_str(&format!(",ip6={address6}"));
        address.extend(node.gateway6.map(|gateway| format!(",gw6={gateway}")));
    }
    let text = |value: &str| value.to_owned();
    BTreeMap::from([
        (text("name"), text(instance.id.as_str())),
        (
            text("description"),
            format!("{}\nmanaged by accolades: change the inventory, not this machine", mark(&instance.id)),
        ),
        (text("tags"), text(TAG)),
        (text("cores"), instance.cores.to_string()),
        (text("memory"), instance.memory_mib.to_string()),
        (text("cpu"), text("x86-64-v2-AES")),
        (text("ostype"), text("l26")),
        (text("machine"), text("q35")),
        (text("scsihw"), text("virtio-scsi-single")),
        (text("ide2"), format!("{}:cloudinit", node.vm_storage)),
        (text("net0"), format!("virtio={},bridge={}", mac(instance.vmid), node.bridge)),
        (text("boot"), format!("order={DISK}")),
        (text("serial0"), text("socket")),
        (text("vga"), text("serial0")),
        (text("agent"), text("enabled=1")),
        (text("ciuser"), text("root")),
        (text("ciupgrade"), text("0")),
        (text("cicustom"), format!("vendor={}:snippets/{VENDOR_SNIPPET}", node.image_storage)),
        (text("sshkeys"), cooperative.ssh_keys.join("\n")),
        (text("ipconfig0"), address),
        (text("nameserver"), node.nameservers.join(" ")),
        (text("searchdomain"), instance.main_domain.clone()),
        (text("onboot"), text("1")),
        (text("protection"), text("1")),
    ])
}

fn parameters(subject: &Subject<'_>) -> BTreeMap<String, String> {
    let node = &subject.site.node;
    let image = &subject.inventory.cooperative.image.filename;
    let mut parameters = options(subject);
    let disk =
        format!("{}:0,import-from={}:import/{image},discard=on,iothread=1,ssd=1", node.vm_storage, node.image_storage);
    parameters.insert("pool".to_owned(), names::pool(&subject.instance.id));
    parameters.insert(DISK.to_owned(), disk);
    parameters
}

fn clone_of(subject: &Subject<'_>, template: VmId) -> Action {
    Action::CloneMachine { template, storage: subject.site.node.vm_storage.clone(), options: options(subject) }
}

/// The address on the wire, from the VM id: the same machine created again keeps it, so leases and forwards stay.
/// In the range that Proxmox uses for its own (BC:24:11).
pub fn mac(vmid: VmId) -> String {
    let [_, a, b, c] = vmid.0.to_be_bytes();
    format!("BC:24:11:{a:02X}:{b:02X}:{c:02X}")
}

/// What to change on a machine that is there. A difference is never a reason to replace it.
fn mend(subject: &Subject<'_>, machine: &Machine, drift: &mut Vec<String>) -> Vec<PlannedAction> {
    let instance = subject.instance;
    let mut actions = Vec::new();
    let wanted = options(subject);
    // Only what a person sets in the inventory and Proxmox changes without replacing anything.
    let mut changes = BTreeMap::new();
    for key in ["memory", "cores", "onboot"] {
        let have = machine.config.get(key).map_or("", String::as_str);
        let want = wanted.get(key).map_or("", String::as_str);
        if have != want {
            drift.push(format!(
                "`{}` {key} is {} (inventory says {want})",
                instance.id,
                if have.is_empty() { "unset" } else { have }
            ));
            changes.insert(key.to_owned(), want.to_owned());
        }
    }
    if !changes.is_empty() {
        let words: Vec<String> = changes.iter().map(|(key, value)| format!("{key} -> {value}")).collect();
        let mut action = simple(
            "machine/options",
            format!("vm {}: {} (from its next restart)", instance.vmid, words.join(", ")),
            2,
            Action::SetOptions { options: changes },
        );
        action.change = Change::Change;
        actions.push(action);
    }
    match disk_gib(machine) {
        Some(have) if have < instance.disk_gib => {
            let mut action = simple(
                "machine/disk",
                format!("vm {}: disk {have} -> {} GiB", instance.vmid, instance.disk_gib),
                5,
                Action::GrowDisk { disk: DISK.to_owned(), gib: instance.disk_gib },
            );
            action.change = Change::Change;
            actions.push(action);
        }
        Some(have) if have > instance.disk_gib => {
            drift.push(format!(
                "`{}` disk is {have} GiB (inventory says {}); a disk never shrinks",
                instance.id, instance.disk_gib
            ));
        }
        _ => {}
    }
    actions
}

/// The size of a machine's disk in whole GiB, from its configuration.
pub fn disk_gib(machine: &Machine) -> Option<u32> {
    let size = machine.config.get(DISK)?.split(',').find_map(|part| part.strip_prefix("size="))?;
    let (number, unit) = size.split_at(size.len().checked_sub(1)?);
    let number: u32 = number.parse().ok()?;
    match unit {
        "G" => Some(number),
        "T" => number.checked_mul(1024),
        "M" => Some(number / 1024),
        _ => None,
    }
}
