//! What a package asks of the machine.

use serde_json::{Map, Value, json};

use super::package::{Package, compare_versions};
use crate::yunohost::VERSION;
use crate::yunohost::job::{Failure, Job};

/// For whom the requirements are listed: an upgrade does not look at the disk or at other instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// `app manifest`.
    Manifest,
    /// An upgrade.
    Upgrade,
}

struct Requirement {
    id: &'static str,
    passed: bool,
    error: String,
}

fn version_requirement(package: &Package) -> Requirement {
    let wanted = package.integration("yunohost").as_str().unwrap_or(">= 4.3.2");
    let least = wanted.trim_start_matches(['>', '=', ' ']);
    Requirement {
        id: "required_yunohost_version",
        passed: compare_versions(VERSION, least).is_ge(),
        error: format!("This app requires YunoHost {wanted} but current installed version is {VERSION}."),
    }
}

fn architecture(package: &Package) -> Requirement {
    let (passed, shown) = match package.integration("architectures") {
        Value::Array(list) => {
            let names: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            (names.contains(&"amd64"), names.join(", "))
        }
        other => (true, other.as_str().unwrap_or("all").to_owned()),
    };
    let error =
        format!("This app can only be installed on architectures {shown} but your server architecture is amd64");
    Requirement { id: "arch", passed, error }
}

fn memory(job: &Job<'_>, package: &Package) -> Requirement {
    let ram = package.integration("ram");
    let (build, runtime) = (ram["build"].as_str().unwrap_or("0"), ram["runtime"].as_str().unwrap_or("0"));
    let wanted = if bytes(runtime) > bytes(build) { runtime } else { build };
    let available = job.ynh.hardware.memory_available_bytes();
    let error = format!(
        "This app requires {wanted} RAM to install/upgrade but only {:.1}G is available right now.",
        available as f64 / f64::from(1 << 30)
    );
    Requirement { id: "ram", passed: available >= bytes(wanted), error }
}

/// `650M` in bytes.
fn bytes(text: &str) -> u64 {
    let digits = text.trim_end_matches(|one: char| one.is_alphabetic());
    let factor = match text.chars().last() {
        Some('K' | 'k') => 1 << 10,
        Some('M') => 1 << 20,
        Some('G') => 1 << 30,
        Some('T') => 1_u64 << 40,
        _ => 1,
    };
    digits.parse::<u64>().unwrap_or_default() * factor
}

/// The requirements with their sentences, which are there whether they are met or not.
pub fn shown(job: &Job<'_>, package: &Package, purpose: For) -> Value {
    let mut all = vec![version_requirement(package), architecture(package)];
    if purpose == For::Manifest {
        let several = package.integration("multi_instance") == &json!(true);
        let there = job.ynh.apps.installed.contains_key(package.id());
        let id = package.id();
        all.push(Requirement { id: "install", passed: several || !there, error: format!("{id} is already installed") });
        let disk = package.integration("disk").as_str().unwrap_or("0");
        let passed = job.ynh.hardware.disk_free_bytes > bytes(disk);
        all.push(Requirement { id: "disk", passed, error: format!("This app requires {disk} free space.") });
    }
    all.push(memory(job, package));
    let entry = |one: Requirement| {
        let shown = json!({"id": one.id, "passed": one.passed, "error": one.error});
        (one.id.to_owned(), shown)
    };
    Value::Object(all.into_iter().map(entry).collect::<Map<_, _>>())
}

/// The hard requirements: YunoHost's version (unless it is ignored) and the architecture. Too little memory is only a
/// question, and without a terminal the answer is yes; the disk is not looked at (sheet YunoHost, section 10).
pub fn unmet(package: &Package, ignore_version: bool) -> Option<String> {
    let version = version_requirement(package);
    if !version.passed && !ignore_version {
        return Some(version.error);
    }
    let architecture = architecture(package);
    (!architecture.passed).then_some(architecture.error)
}

/// What an ignored version still makes YunoHost say.
pub fn ignored_version(package: &Package) -> Option<String> {
    let version = version_requirement(package);
    (!version.passed).then_some(version.error)
}

/// Installing and upgrading need 512 MB free on `/`.
///
/// # Errors
/// The refusal.
pub fn check_free_space(job: &Job<'_>) -> Result<(), Failure> {
    if job.ynh.hardware.disk_free_bytes > 512 << 20 {
        return Ok(());
    }
    Err(Failure::error("Not enough disk space available: at least 512 MB must be free to perform this action"))
}
