//! The methods, by what they are about. They are called after authentication, declared permissions and the
//! verification of parameters; what a method checks itself stands here.

pub mod backup_jobs;
pub mod cluster;
pub mod common;
pub mod content;
pub mod nodes;
mod prune;
pub mod qemu;
pub mod storage;
pub mod storage_pbs;
pub mod tasks;
mod volume_access;
pub mod vzdump;

use super::call::Handler;
use qemu::{
    agent, agent_files, clone, cloudinit, config, create, destroy, firewall, power, resize, snapshot, status, template,
};

/// Every method: verb, path template, what it does.
const METHODS: &[(&str, &str, Handler)] = &[
    ("GET", "/cluster/backup", backup_jobs::list),
    ("POST", "/cluster/backup", backup_jobs::create),
    ("GET", "/cluster/backup/{id}", backup_jobs::read),
    ("PUT", "/cluster/backup/{id}", backup_jobs::update),
    ("DELETE", "/cluster/backup/{id}", backup_jobs::delete),
    ("GET", "/cluster/backup/{id}/included_volumes", backup_jobs::included_volumes),
    ("GET", "/cluster/backup-info/not-backed-up", backup_jobs::not_backed_up),
    ("GET", "/cluster/nextid", cluster::next_id),
    ("GET", "/cluster/options", cluster::options),
    ("PUT", "/cluster/options", cluster::set_options),
    ("GET", "/cluster/resources", cluster::resources),
    ("GET", "/cluster/tasks", tasks::recent),
    ("GET", "/nodes", nodes::list),
    ("GET", "/nodes/{node}", nodes::index),
    ("GET", "/nodes/{node}/certificates/info", nodes::certificates),
    ("GET", "/nodes/{node}/status", nodes::status),
    ("GET", "/nodes/{node}/tasks", tasks::list),
    ("GET", "/nodes/{node}/tasks/{upid}", tasks::index),
    ("DELETE", "/nodes/{node}/tasks/{upid}", tasks::stop),
    ("GET", "/nodes/{node}/tasks/{upid}/log", tasks::log),
    ("GET", "/nodes/{node}/tasks/{upid}/status", tasks::status),
    ("GET", "/nodes/{node}/storage", content::list),
    ("GET", "/nodes/{node}/storage/{storage}", content::index),
    ("GET", "/nodes/{node}/storage/{storage}/status", content::status),
    ("GET", "/nodes/{node}/storage/{storage}/content", content::volumes),
    ("GET", "/nodes/{node}/storage/{storage}/content/{volume}", content::attributes),
    ("PUT", "/nodes/{node}/storage/{storage}/content/{volume}", content::set_attributes),
    ("DELETE", "/nodes/{node}/storage/{storage}/content/{volume}", content::delete),
    ("POST", "/nodes/{node}/storage/{storage}/download-url", content::download_url),
    ("GET", "/nodes/{node}/storage/{storage}/prunebackups", prune::preview),
    ("DELETE", "/nodes/{node}/storage/{storage}/prunebackups", prune::delete),
    ("POST", "/nodes/{node}/vzdump", vzdump::start),
    ("GET", "/nodes/{node}/vzdump/defaults", vzdump::defaults),
    ("GET", "/nodes/{node}/vzdump/extractconfig", vzdump::extract_config),
    ("GET", "/storage", storage::list),
    ("POST", "/storage", storage::create),
    ("GET", "/storage/{storage}", storage::read),
    ("PUT", "/storage/{storage}", storage::update),
    ("DELETE", "/storage/{storage}", storage::delete),
    ("GET", "/nodes/{node}/qemu", status::list),
    ("POST", "/nodes/{node}/qemu", create::create),
    ("GET", "/nodes/{node}/qemu/{vmid}", status::index),
    ("DELETE", "/nodes/{node}/qemu/{vmid}", destroy::destroy),
    ("GET", "/nodes/{node}/qemu/{vmid}/agent", agent::index),
    ("POST", "/nodes/{node}/qemu/{vmid}/agent/exec", agent_files::exec),
    ("GET", "/nodes/{node}/qemu/{vmid}/agent/exec-status", agent_files::exec_status),
    ("GET", "/nodes/{node}/qemu/{vmid}/agent/file-read", agent_files::file_read),
    ("POST", "/nodes/{node}/qemu/{vmid}/agent/file-write", agent_files::file_write),
    ("GET", "/nodes/{node}/qemu/{vmid}/agent/get-fsinfo", agent::file_systems),
    ("GET", "/nodes/{node}/qemu/{vmid}/agent/get-host-name", agent::host_name),
    ("GET", "/nodes/{node}/qemu/{vmid}/agent/get-osinfo", agent::os_info),
    ("GET", "/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces", agent::interfaces),
    ("POST", "/nodes/{node}/qemu/{vmid}/agent/ping", agent::ping),
    ("POST", "/nodes/{node}/qemu/{vmid}/clone", clone::clone),
    ("GET", "/nodes/{node}/qemu/{vmid}/cloudinit", cloudinit::read),
    ("PUT", "/nodes/{node}/qemu/{vmid}/cloudinit", cloudinit::regenerate),
    ("GET", "/nodes/{node}/qemu/{vmid}/cloudinit/dump", cloudinit::dump),
    ("GET", "/nodes/{node}/qemu/{vmid}/config", config::read),
    ("POST", "/nodes/{node}/qemu/{vmid}/config", config::update_in_task),
    ("PUT", "/nodes/{node}/qemu/{vmid}/config", config::update),
    ("GET", "/nodes/{node}/qemu/{vmid}/firewall", firewall::index),
    ("GET", "/nodes/{node}/qemu/{vmid}/firewall/options", firewall::options),
    ("PUT", "/nodes/{node}/qemu/{vmid}/firewall/options", firewall::set_options),
    ("GET", "/nodes/{node}/qemu/{vmid}/firewall/rules", firewall::rules),
    ("POST", "/nodes/{node}/qemu/{vmid}/firewall/rules", firewall::add_rule),
    ("GET", "/nodes/{node}/qemu/{vmid}/firewall/rules/{pos}", firewall::rule),
    ("PUT", "/nodes/{node}/qemu/{vmid}/firewall/rules/{pos}", firewall::change_rule),
    ("DELETE", "/nodes/{node}/qemu/{vmid}/firewall/rules/{pos}", firewall::delete_rule),
    ("GET", "/nodes/{node}/qemu/{vmid}/pending", config::pending),
    ("PUT", "/nodes/{node}/qemu/{vmid}/resize", resize::resize),
    ("GET", "/nodes/{node}/qemu/{vmid}/snapshot", snapshot::list),
    ("POST", "/nodes/{node}/qemu/{vmid}/snapshot", snapshot::create),
    ("GET", "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}", snapshot::index),
    ("DELETE", "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}", snapshot::delete),
    ("GET", "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config", snapshot::read),
    ("PUT", "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config", snapshot::describe),
    ("POST", "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback", snapshot::rollback),
    ("GET", "/nodes/{node}/qemu/{vmid}/status", status::status_index),
    ("GET", "/nodes/{node}/qemu/{vmid}/status/current", status::current),
    ("POST", "/nodes/{node}/qemu/{vmid}/status/reboot", power::reboot),
    ("POST", "/nodes/{node}/qemu/{vmid}/status/reset", power::reset),
    ("POST", "/nodes/{node}/qemu/{vmid}/status/resume", power::resume),
    ("POST", "/nodes/{node}/qemu/{vmid}/status/shutdown", power::shutdown),
    ("POST", "/nodes/{node}/qemu/{vmid}/status/start", power::start),
    ("POST", "/nodes/{node}/qemu/{vmid}/status/stop", power::stop),
    ("POST", "/nodes/{node}/qemu/{vmid}/status/suspend", power::suspend),
    ("POST", "/nodes/{node}/qemu/{vmid}/template", template::create),
];

/// The method behind a verb and a path template such as `/nodes/{node}/qemu/{vmid}/config`;
/// `None` answers 501 like a path that Proxmox does not know.
pub fn find(verb: &str, template: &str) -> Option<Handler> {
    METHODS.iter().find(|(one, path, _)| *one == verb && *path == template).map(|(_, _, handler)| *handler)
}

/// Every verb and path template that is simulated, for the coverage list.
pub fn simulated() -> impl Iterator<Item = (&'static str, &'static str)> {
    METHODS.iter().map(|(verb, path, _)| (*verb, *path))
}
