//! Block devices and mounts: `lsblk`, `blkid`, `wipefs`, `mkfs.ext4`, `mount`, `umount`, `findmnt`, `mountpoint`, `df`.

use serde_json::{Map, Value, json};

use super::options::Known;
use super::text::options;
use crate::os::process::Os;
use crate::os::{Disk, Exec, Machine, Output, disks, paths};

fn known<'a>(program: &'a str, flags: &'a [&'a str], values: &'a [&'a str]) -> Known<'a> {
    Known { program, flags, values, anywhere: true }
}

fn must_be_root(exec: &Exec) -> Option<Output> {
    let program = super::name(exec);
    (exec.user != "root").then(|| Output::fail(1, format!("{program}: must be superuser to use {program}.")))
}

/// `lsblk -J [-b] [-o COLUMNS] [-d] [DEVICE]`
pub fn lsblk(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(
        known("lsblk", &["J,json", "b,bytes", "d,nodeps", "p,paths", "n,noheadings", "f"], &["o,output"]),
        &exec.argv[1..]
    );
    if !options.has("J") || options.has("f") {
        return Output::fail(2, "lab: lsblk without -J is not simulated");
    }
    let columns = options.value("o").unwrap_or("NAME,SIZE,TYPE,MOUNTPOINTS").to_lowercase();
    let columns: Vec<&str> = columns.split(',').map(str::trim).collect();
    let mut devices = Vec::new();
    for disk in os.machine.disks.iter().filter(|disk| disk.present) {
        let wanted = options.operands.is_empty() || options.operands.iter().any(|name| disk.is_named(name));
        if !wanted {
            continue;
        }
        let mut node = match row(disk, &columns, options.has("b"), options.has("p"), "disk", disk.rotational) {
            Ok(node) => node,
            Err(refusal) => return refusal,
        };
        if !options.has("d") && !disk.partitions.is_empty() {
            let mut children = Vec::new();
            for partition in &disk.partitions {
                match row(partition, &columns, options.has("b"), options.has("p"), "part", disk.rotational) {
                    Ok(child) => children.push(Value::Object(child)),
                    Err(refusal) => return refusal,
                }
            }
            node.insert("children".to_owned(), Value::Array(children));
        }
        devices.push(Value::Object(node));
    }
    if devices.is_empty() && !options.operands.is_empty() {
        return Output::fail(32, format!("lsblk: {}: not a block device", options.operands[0]));
    }
    Output::out(format!("{:#}\n", json!({ "blockdevices": devices })))
}

fn row(
    disk: &Disk,
    columns: &[&str],
    bytes: bool,
    whole_paths: bool,
    kind: &str,
    rotational: bool,
) -> Result<Map<String, Value>, Output> {
    let text = |value: &str| if value.is_empty() { Value::Null } else { json!(value) };
    let mut row = Map::new();
    for column in columns {
        let value = match *column {
            "name" if whole_paths => json!(disk.path),
            "name" | "kname" => json!(paths::base_name(&disk.path)),
            "path" => json!(disk.path),
            "serial" => text(&disk.serial),
            "model" => text(&disk.model),
            "size" if bytes => json!(disk.size_bytes),
            "size" => json!(human(disk.size_bytes)),
            "type" => json!(kind),
            "fstype" => json!(disk.filesystem),
            "uuid" => json!(disk.uuid),
            "label" => json!(disk.label),
            "mountpoint" => json!(disk.mounted_at),
            "mountpoints" => json!([disk.mounted_at]),
            "rota" => json!(rotational),
            "ro" | "rm" => json!(false),
            "pttype" => json!((!disk.partitions.is_empty()).then_some("gpt")),
            "tran" => text(if kind == "disk" { "sata" } else { "" }),
            other => return Err(Output::fail(1, format!("lab: lsblk: column {other} is not simulated"))),
        };
        row.insert((*column).to_owned(), value);
    }
    Ok(row)
}

/// A size as `lsblk` shows it to people.
fn human(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "K", "M", "G", "T"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(value.fract() >= 0.05 && value < 1000.0);
    format!("{value:.digits$}{}", UNITS[unit])
}

/// `blkid [-s TAG] [-o value] [-p] [DEVICE]`: exit 2 when nothing is found.
pub fn blkid(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("blkid", &["p,probe"], &["s,match-tag", "o,output"]), &exec.argv[1..]);
    let devices = os
        .machine
        .disks
        .iter()
        .filter(|disk| disk.present)
        .flat_map(|disk| std::iter::once(disk).chain(&disk.partitions));
    let mut out = String::new();
    for disk in
        devices.filter(|disk| options.operands.is_empty() || options.operands.iter().any(|name| disk.is_named(name)))
    {
        let tags: Vec<(&str, &str)> = [("LABEL", &disk.label), ("UUID", &disk.uuid), ("TYPE", &disk.filesystem)]
            .into_iter()
            .filter_map(|(tag, value)| Some((tag, value.as_deref()?)))
            .chain((!disk.partitions.is_empty()).then_some(("PTTYPE", "gpt")))
            .filter(|(tag, _)| options.value("s").is_none_or(|wanted| wanted == *tag))
            .collect();
        if tags.is_empty() {
            continue;
        }
        match options.value("o") {
            Some("value") => out.extend(tags.iter().map(|(_, value)| format!("{value}\n"))),
            Some("export") => out.extend(tags.iter().map(|(tag, value)| format!("{tag}={value}\n"))),
            _ => {
                let tags: Vec<String> = tags.iter().map(|(tag, value)| format!("{tag}=\"{value}\"")).collect();
                out.push_str(&format!("{}: {}\n", disk.path, tags.join(" ")));
            }
        }
    }
    if out.is_empty() { Output::status(2) } else { Output::out(out) }
}

/// `wipefs -n DEVICE`: shows the signatures; without `-n` it would only list them too, erasing is not simulated.
pub fn wipefs(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("wipefs", &["n,no-act", "J,json"], &[]), &exec.argv[1..]);
    if options.has("J") {
        return Output::fail(2, "lab: wipefs -J is not simulated");
    }
    let Some(name) = options.operands.first() else { return Output::fail(1, "wipefs: no device specified") };
    let Some(disk) = disks::find(os.machine, name) else {
        return Output::fail(
            1,
            format!("wipefs: error: {name}: probing initialization failed: No such file or directory"),
        );
    };
    let device = paths::base_name(&disk.path);
    let mut lines = Vec::new();
    if let Some(filesystem) = &disk.filesystem {
        let (uuid, label) = (disk.uuid.as_deref().unwrap_or_default(), disk.label.as_deref().unwrap_or_default());
        lines.push(format!("{device} 0x438  {filesystem} {uuid} {label}").trim_end().to_owned());
    }
    if !disk.partitions.is_empty() {
        lines.push(format!("{device} 0x200  gpt"));
    }
    if lines.is_empty() {
        return Output::default();
    }
    Output::out(format!("DEVICE OFFSET TYPE UUID LABEL\n{}\n", lines.join("\n")))
}

/// `mkfs.ext4 [-F] [-q] [-L LABEL] [-m N] DEVICE`: what is mounted, or whose partitions are taken, is refused. What merely
/// stands on the device is overwritten: only on a terminal would it ask before, and nobody has one here.
pub fn make_ext4(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("mkfs.ext4", &["F", "q"], &["L", "m", "T", "E", "U"]), &exec.argv[1..]);
    if let Some(refusal) = must_be_root(exec) {
        return refusal;
    }
    let Some(name) = options.operands.first() else { return Output::fail(1, "Usage: mkfs.ext4 device") };
    let Some(disk) = disks::find(os.machine, name) else {
        return Output::fail(
            1,
            format!(
                "mkfs.ext4: No such file or directory while trying to determine filesystem size\nThe file {name} does not exist and no size was specified."
            ),
        );
    };
    if disk.mounted_at.is_some() {
        return Output::fail(1, format!("{name} is mounted; will not make a filesystem here!"));
    }
    if disk.is_taken() || disk.partitions.iter().any(Disk::is_taken) {
        return Output::fail(1, format!("{name} is apparently in use by the system; will not make a filesystem here!"));
    }
    let given = options.value("U").map(str::to_owned);
    let bytes = super::keyed_bytes(os.around.seed, &format!("{}/{}", disk.serial, os.now().0), "mkfs");
    let size_bytes = disk.size_bytes;
    let label = options.value("L").map(str::to_owned);
    let Some(disk) = disks::find_mut(os.machine, name) else { return Output::status(1) };
    disk.filesystem = Some("ext4".to_owned());
    disk.uuid = Some(given.unwrap_or_else(|| uuid_of(&bytes)));
    disk.label = label;
    disk.partitions.clear();
    disk.content.clear();
    // Writing the inode tables takes about a second per 20 GiB on a hard disk.
    Output { duration_us: 1_000_000 + size_bytes / 20_000, ..Output::default() }
}

fn uuid_of(bytes: &[u8; 32]) -> String {
    let text = hex::encode(&bytes[..16]);
    format!("{}-{}-4{}-a{}-{}", &text[..8], &text[8..12], &text[13..16], &text[17..20], &text[20..32])
}

/// `mount [-o OPTIONS] [-t TYPE] DEVICE FOLDER`, `mount FOLDER` (from `fstab`), `mount -a`
pub fn mount(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("mount", &["a,all"], &["o,options", "t,types"]), &exec.argv[1..]);
    if options.operands.is_empty() && !options.has("a") {
        return Output::out(mount_table(os.machine));
    }
    if let Some(refusal) = must_be_root(exec) {
        return refusal;
    }
    let wanted: Vec<(String, String)> = match options.operands.as_slice() {
        [device, folder] => vec![(device.clone(), folder.clone())],
        [] => disks::fstab(os.machine)
            .into_iter()
            .filter(|(_, folder)| disks::mounted_at(os.machine, folder).is_none())
            .collect(),
        [one] => {
            let found = disks::fstab(os.machine).into_iter().find(|(device, folder)| device == one || folder == one);
            match found {
                Some(found) => vec![found],
                None => return Output::fail(1, format!("mount: {one}: can't find in /etc/fstab.")),
            }
        }
        _ => return Output::fail(1, "mount: bad usage"),
    };
    for (device, folder) in wanted {
        let folder = super::path(exec, &folder);
        if let Err(message) = disks::mount(os.machine, &device, &folder) {
            return Output::fail(32, message);
        }
    }
    Output { duration_us: 200_000, ..Output::default() }
}

fn mount_table(machine: &Machine) -> String {
    let devices = machine.disks.iter().flat_map(|disk| std::iter::once(disk).chain(&disk.partitions));
    devices
        .filter_map(|disk| {
            let (folder, filesystem) = (disk.mounted_at.as_ref()?, disk.filesystem.as_ref()?);
            Some(format!("{} on {folder} type {filesystem} (rw,relatime)\n", disk.path))
        })
        .collect()
}

/// `umount FOLDER|DEVICE`
pub fn umount(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("umount", &["l,lazy"], &[]), &exec.argv[1..]);
    if let Some(refusal) = must_be_root(exec) {
        return refusal;
    }
    let Some(operand) = options.operands.first() else { return Output::fail(1, "umount: bad usage") };
    let folder = match disks::find(os.machine, operand).map(|disk| disk.mounted_at.clone()) {
        Some(Some(folder)) => folder,
        _ => super::path(exec, operand),
    };
    if disks::unmount(os.machine, &folder) {
        return Output::default();
    }
    let known = os.machine.files.exists(&folder);
    Output::fail(32, format!("umount: {operand}: {}", if known { "not mounted." } else { "no mount point specified." }))
}

/// `findmnt [-J] [-n] [-o COLUMNS] [-M] [-T] [FOLDER|DEVICE]`: exit 1 when nothing is mounted there.
pub fn findmnt(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(
        known("findmnt", &["J,json", "n,noheadings", "b,bytes"], &["o,output", "M,mountpoint", "T,target", "S,source"]),
        &exec.argv[1..]
    );
    let columns = options.value("o").unwrap_or("TARGET,SOURCE,FSTYPE,OPTIONS").to_lowercase();
    let Some(name) = options
        .value("M")
        .or(options.value("T"))
        .or(options.value("S"))
        .or(options.operands.first().map(String::as_str))
    else {
        return Output::fail(2, "lab: findmnt without a folder or device is not simulated");
    };
    let found = if options.has("T") {
        disks::mount_point_of(os.machine, &super::path(exec, name)).1
    } else {
        disks::mounted_at(os.machine, &super::path(exec, name))
            .or_else(|| disks::find(os.machine, name).filter(|disk| disk.mounted_at.is_some()))
    };
    let Some(disk) = found else { return Output::status(1) };
    let mut row = Map::new();
    for column in columns.split(',') {
        let value = match column.trim() {
            "target" => json!(disk.mounted_at),
            "source" => json!(disk.path),
            "fstype" => json!(disk.filesystem),
            "uuid" => json!(disk.uuid),
            "label" => json!(disk.label),
            "options" => json!("rw,relatime"),
            other => return Output::fail(1, format!("lab: findmnt: column {other} is not simulated")),
        };
        row.insert(column.trim().to_owned(), value);
    }
    if options.has("J") {
        return Output::out(format!("{:#}\n", json!({ "filesystems": [row] })));
    }
    let values: Vec<&str> = row.values().map(|value| value.as_str().unwrap_or_default()).collect();
    let heading =
        if options.has("n") { String::new() } else { format!("{}\n", columns.to_uppercase().replace(',', " ")) };
    Output::out(format!("{heading}{}\n", values.join(" ")))
}

/// `mountpoint [-q] FOLDER`: exit 32 when it is none.
pub fn mountpoint(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("mountpoint", &["q,quiet"], &[]), &exec.argv[1..]);
    let Some(operand) = options.operands.first() else { return Output::fail(1, "mountpoint: bad usage") };
    let path = super::path(exec, operand);
    if !os.machine.files.exists(&path) {
        let words = format!("mountpoint: {operand}: No such file or directory\n");
        return Output { exit: 1, stderr: if options.has("q") { String::new() } else { words }, ..Output::default() };
    }
    let is_one = path == "/" || disks::mounted_at(os.machine, &path).is_some();
    let words = format!("{operand} is {}a mountpoint\n", if is_one { "" } else { "not " });
    let stdout = if options.has("q") { String::new() } else { words };
    Output { exit: if is_one { 0 } else { 32 }, stdout, ..Output::default() }
}

/// `df -B1 [--output=COLUMNS] [PATH…]`
pub fn df(os: &mut Os<'_>, exec: &Exec) -> Output {
    let options = options!(known("df", &["P,portability"], &["B,block-size", "output"]), &exec.argv[1..]);
    if options.value("B") != Some("1") {
        return Output::fail(2, "lab: df is simulated with -B1 only");
    }
    let operands = if options.operands.is_empty() { vec!["/".to_owned()] } else { options.operands.clone() };
    let columns: Vec<&str> =
        options.value("output").unwrap_or("source,size,used,avail,pcent,target").split(',').collect();
    let heading = columns.iter().map(|column| match *column {
        "source" => "Filesystem",
        "size" => "1B-blocks",
        "used" => "Used",
        "avail" => "Available",
        "pcent" => "Use%",
        "target" => "Mounted on",
        other => other,
    });
    let mut out = format!("{}\n", heading.collect::<Vec<_>>().join(" "));
    for operand in operands {
        let path = super::path(exec, &operand);
        if !super::exists(os, &path) {
            return Output::fail(1, format!("df: {operand}: No such file or directory"));
        }
        let (target, disk) = disks::mount_point_of(os.machine, &path);
        let (source, size, used) = match disk {
            Some(disk) => (disk.path.as_str(), disk.size_bytes, 28_672),
            None => ("/dev/sda1", os.machine.root_bytes, os.machine.system_bytes()),
        };
        let used = (used + disks::large_file_bytes(os.machine, target)).min(size);
        let mut values = Vec::new();
        for column in &columns {
            values.push(match *column {
                "source" => source.to_owned(),
                "size" => size.to_string(),
                "used" => used.to_string(),
                "avail" => (size - used).to_string(),
                "pcent" => format!("{}%", (used * 100).div_ceil(size.max(1))),
                "target" => target.to_owned(),
                "fstype" => "ext4".to_owned(),
                other => return Output::fail(1, format!("lab: df: column {other} is not simulated")),
            });
        }
        out.push_str(&format!("{}\n", values.join(" ")));
    }
    Output::out(out)
}

/// `udevadm settle|trigger`
pub fn udevadm(_os: &mut Os<'_>, exec: &Exec) -> Output {
    match exec.argv.get(1).map(String::as_str) {
        Some("settle" | "trigger") => Output { duration_us: 200_000, ..Output::default() },
        other => Output::fail(2, format!("lab: udevadm {} is not simulated", other.unwrap_or_default())),
    }
}
