//! What each category looks at on the machine itself.

use serde_json::json;

use super::{Item, remote};
use crate::yunohost::job::Job;
use crate::yunohost::{apps, services, tools};

/// Runs one category.
pub fn run(job: &mut Job<'_>, category: &str) -> Vec<Item> {
    job.takes_ms(1_500);
    match category {
        "basesystem" => base_system(job),
        "ip" => remote::ip(job),
        "dnsrecords" => remote::dns_records(job),
        "ports" => remote::ports(job),
        "web" => remote::web(job),
        "mail" => remote::mail(job),
        "services" => service_states(job),
        "systemresources" => resources(job),
        "regenconf" => configurations(job),
        _ => app_quality(job),
    }
}

fn base_system(job: &Job<'_>) -> Vec<Item> {
    let debian = job.files.read("/etc/debian_version").unwrap_or("12.15").trim().to_owned();
    let versions = tools::versions(job.ynh);
    let repo = "stable";
    let main = &versions[0].1;
    let mut ynh = Item::new(
        json!({"test": "ynh_versions"}),
        "INFO",
        "diagnosis_basesystem_ynh_main_version",
        format!("Server is running YunoHost {main} ({repo})"),
    )
    .with_data(json!({"main_version": main, "repo": repo}));
    for (package, version) in &versions {
        ynh = ynh.with_detail(
            "diagnosis_basesystem_ynh_single_version",
            Some(json!({"package": package, "version": version, "repo": repo})),
            format!("{package} version: {version} ({repo})"),
        );
    }
    let kernel = "6.1.0-37-amd64";
    vec![
        Item::new(
            json!({"test": "hardware"}),
            "INFO",
            "diagnosis_basesystem_hardware",
            "Server hardware architecture is kvm amd64",
        )
        .with_data(json!({"virt": "kvm", "arch": "amd64"})),
        Item::new(
            json!({"test": "kernel"}),
            "INFO",
            "diagnosis_basesystem_kernel",
            format!("Server is running Linux kernel {kernel}"),
        )
        .with_data(json!({"kernel_version": kernel})),
        Item::new(
            json!({"test": "host"}),
            "INFO",
            "diagnosis_basesystem_host",
            format!("Server is running Debian {debian}"),
        )
        .with_data(json!({"debian_version": debian})),
        ynh,
    ]
}

fn service_states(job: &Job<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    for (name, service) in &job.ynh.services.known {
        let errors = services::configuration_errors(job.files, name, job.now());
        let data = json!({
            "status": if service.running { "running" } else { "dead" },
            "configuration": match (service.testable, errors.is_empty()) {
                (false, _) => "unknown",
                (true, true) => "valid",
                (true, false) => "broken",
            },
        });
        let meta = json!({"service": name});
        let item = if !service.unit || !service.running {
            let status = if service.unit { "dead" } else { "unknown" };
            let severity = if service.unit { "ERROR" } else { "WARNING" };
            let tip = format!(
                "You can try to restart the service, and if it doesn't work, have a look at the service logs in the webadmin (from the command line, you can do this with yunohost service restart {name} and yunohost service log {name})."
            );
            Item::new(meta, severity, "diagnosis_services_bad_status", format!("Service {name} is {status} :("))
                .with_detail("diagnosis_services_bad_status_tip", Some(json!({"service": name})), tip)
        } else if !errors.is_empty() {
            let text = format!("Configuration is broken for service {name}!");
            errors.iter().fold(Item::new(meta, "WARNING", "diagnosis_services_conf_broken", text), |item, error| {
                item.with_detail(error, None, error.as_str())
            })
        } else {
            Item::new(meta, "SUCCESS", "diagnosis_services_running", format!("Service {name} is running!"))
        };
        items.push(item.with_data(data));
    }
    items
}

fn resources(job: &Job<'_>) -> Vec<Item> {
    let hardware = &job.ynh.hardware;
    let (total, available) = (hardware.memory_bytes, hardware.memory_available_bytes());
    let percent = available * 100 / total.max(1);
    let figures = format!("{} ({percent}%)", size(available));
    let (status, summary, text) = if percent < 5 || available < 100 * MIB {
        let text = format!("The system has only {figures} RAM available! (out of {})", size(total));
        ("ERROR", "diagnosis_ram_verylow", text)
    } else if percent < 10 || available < 200 * MIB {
        let text = format!("The system has {figures} RAM available (out of {}). Be careful.", size(total));
        ("WARNING", "diagnosis_ram_low", text)
    } else {
        let text = format!("The system still has {figures} RAM available out of {}.", size(total));
        ("SUCCESS", "diagnosis_ram_ok", text)
    };
    let ram = Item::new(json!({"test": "ram"}), status, summary, text)
        .with_data(json!({"total": size(total), "available": size(available), "available_percent": percent}));
    let swap = Item::new(
        json!({"test": "swap"}),
        "INFO",
        "diagnosis_swap_none",
        "The system has no swap at all. You should consider adding at least 512 MiB of swap to avoid situations where the system runs out of memory.",
    )
    .with_data(json!({"total": "0 B", "recommended": "512 MiB"}))
    .with_detail(
        "diagnosis_swap_tip",
        None,
        "Please be careful and aware that if the server is hosting swap on an SD card or SSD storage, it may drastically reduce the life expectancy of the device.",
    );
    let mut items = vec![ram, swap, disk(job)];
    if let Some(small) = root_file_system(hardware.disk_bytes) {
        items.push(small);
    }
    items
}

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

fn disk(job: &Job<'_>) -> Item {
    let hardware = &job.ynh.hardware;
    let (total, free) = (hardware.disk_bytes, hardware.disk_free_bytes);
    let percent = (free as f64 * 1000.0 / total.max(1) as f64).round() / 10.0;
    let place = "Storage / (on device /dev/sda1)";
    let figures = format!("{} ({percent}%)", size(free));
    let (status, summary, text) = if percent < 2.5 || (free < GIB && percent < 95.0) {
        let text = format!(
            "{place} has only {figures} space remaining (out of {}). You should really consider cleaning up some space!",
            size(total)
        );
        ("ERROR", "diagnosis_diskusage_verylow", text)
    } else if percent < 5.0 || (free < 2 * GIB && percent < 95.0) {
        let text = format!("{place} has only {figures} space remaining (out of {}). Be careful.", size(total));
        ("WARNING", "diagnosis_diskusage_low", text)
    } else {
        (
            "SUCCESS",
            "diagnosis_diskusage_ok",
            format!("{place} still has {figures} space left (out of {})!", size(total)),
        )
    };
    Item::new(json!({"test": "diskusage", "mountpoint": "/"}), status, summary, text)
        .with_data(json!({"device": "/dev/sda1", "total": size(total), "free": size(free), "free_percent": percent}))
}

/// ERROR below 10 GiB, WARNING below 14 (sheet YunoHost, section 1).
fn root_file_system(bytes: u64) -> Option<Item> {
    let space = size(bytes);
    let (status, summary, text) = if bytes < 10 * GIB {
        let text = format!(
            "The root filesystem only has a total of {space} which is quite worrisome! You will likely run out of disk space very quickly! It's recommended to have at least 16 GB for the root filesystem."
        );
        ("ERROR", "diagnosis_rootfstotalspace_critical", text)
    } else if bytes < 14 * GIB {
        let text = format!(
            "The root filesystem only has a total of {space}. This may be okay, but be careful because ultimately you may run out of disk space quickly... It's recommended to have at least 16 GB for the root filesystem."
        );
        ("WARNING", "diagnosis_rootfstotalspace_warning", text)
    } else {
        return None;
    };
    Some(Item::new(json!({"test": "rootfstotalspace"}), status, summary, text).with_data(json!({"space": space})))
}

/// Binary units, one decimal below ten.
pub(crate) fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if unit == "B" || value >= 10.0 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

fn configurations(job: &Job<'_>) -> Vec<Item> {
    let modified = tools::regen_conf::modified_files(job);
    if modified.is_empty() {
        let text = "All configuration files are in line with the recommended configuration!";
        return vec![Item::new(json!({"test": "regenconf"}), "SUCCESS", "diagnosis_regenconf_allgood", text)];
    }
    modified
        .into_iter()
        .map(|(category, file)| {
            let details = format!("This is probably OK if you know what you're doing! YunoHost will stop updating this file automatically... But beware that YunoHost upgrades could contain important recommended changes. If you want to, you can inspect the differences with yunohost tools regen-conf {category} --dry-run --with-diff and force the reset to the recommended configuration with yunohost tools regen-conf {category} --force");
            Item::new(
                json!({"test": "regenconf", "category": category, "file": file}),
                "WARNING",
                "diagnosis_regenconf_manually_modified",
                format!("Configuration file {file} appears to have been manually modified."),
            )
            .with_detail("diagnosis_regenconf_manually_modified_details", None, details)
        })
        .collect()
}

fn app_quality(job: &Job<'_>) -> Vec<Item> {
    let mut items: Vec<Item> = apps::broken_in_catalog(job.ynh)
        .into_iter()
        .map(|(app, label)| {
            Item::new(
                json!({"test": "apps", "app": app}),
                "ERROR",
                "diagnosis_apps_issue",
                format!("An issue was found for app {label}"),
            )
            .with_detail(
                "diagnosis_apps_broken",
                None,
                "This application is currently flagged as broken on YunoHost's application catalog. This may be a temporary issue while the maintainers attempt to fix the issue. In the meantime, upgrading this app is disabled.",
            )
        })
        .collect();
    if items.is_empty() {
        let text = "All installed apps respect basic packaging practices";
        items.push(Item::new(json!({"test": "apps"}), "SUCCESS", "diagnosis_apps_allgood", text));
    }
    items
}
