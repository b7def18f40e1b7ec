//! Vendor data: the cloud-config with which the image's owner has the guest agent installed.

/// What vendor data asks for, as far as it is simulated.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct VendorWork {
    /// Packages to install.
    pub packages: Vec<String>,
    /// Command lines to run.
    pub commands: Vec<String>,
    /// Keys that the lab does not know: reported in cloud-init's log and status.
    pub not_simulated: Vec<String>,
}

/// Reads the part of cloud-config that the lab simulates: `packages`, `runcmd`, `package_update`, `package_upgrade`.
pub fn vendor_work(text: &str) -> VendorWork {
    let mut work = VendorWork::default();
    let mut section = String::new();
    for line in text.lines() {
        let content = line.split(" #").next().unwrap_or_default().trim_end();
        if content.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let item = content.trim_start().strip_prefix("- ").map(str::trim);
        match (item, section.as_str()) {
            (Some(item), "packages") => work.packages.push(unquote(item)),
            (Some(item), "runcmd") => work.commands.push(command_line(item)),
            (Some(_), _) => {}
            (None, _) => {
                let (key, value) = content.trim().split_once(':').unwrap_or((content.trim(), ""));
                if content.starts_with(' ') {
                    continue;
                }
                section = key.to_owned();
                let inline = value.trim().trim_start_matches('[').trim_end_matches(']');
                match key {
                    "packages" => work.packages.extend(inline.split(',').map(unquote).filter(|one| !one.is_empty())),
                    "runcmd" | "package_update" | "package_upgrade" => {}
                    other => work.not_simulated.push(other.to_owned()),
                }
            }
        }
    }
    work
}

/// `[ systemctl, start, x ]` or a plain line.
fn command_line(item: &str) -> String {
    match item.strip_prefix('[').and_then(|item| item.strip_suffix(']')) {
        Some(list) => list.split(',').map(unquote).collect::<Vec<_>>().join(" "),
        None => unquote(item),
    }
}

fn unquote(text: &str) -> String {
    let text = text.trim();
    let quoted = |mark| text.strip_prefix(mark).and_then(|text: &str| text.strip_suffix(mark));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text).to_owned()
}
