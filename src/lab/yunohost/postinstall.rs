//! `tools postinstall`: from installed packages to a server with a domain and an administrator.

use super::context::{Context, Outcome, Refusal};
use super::reply::{Args, Line};
use super::run::INSTALLED_PATH;
use super::state::fingerprint;
use super::users::{self, ADMIN_ALIASES, NewUser};
use super::{domains, neighbours, regenconf};

/// An SSH configuration that was put aside before the post-installation comes back after it.
const SSHD_CONFIG_BEFORE: &str = "/etc/ssh/sshd_config.before_yunohost";

/// Total size of `/` (and `/var`) below which the post-installation is refused (sheet, section 1).
const DISK_BYTES_MIN: u64 = 10 * 1024 * 1024 * 1024;

/// `tools postinstall`.
pub fn run(context: &mut Context<'_>, args: &Args) -> Outcome {
    let text = |name: &str| args.one(name).unwrap_or_default();
    let (domain, username, password) = (text("--domain"), text("--username"), text("--password"));
    check(context, args, domain, username, password)?;
    context.operation("tools_postinstall", Some(domain), |context| {
        context.info("yunohost_installing", &[]);
        context.state().first_domain = domain.to_owned();
        context.state().main_domain = domain.to_owned();
        domains::write_certificate(context, domain);
        context.success("certmanager_selfsigned_installed", &[("domain", domain)]);
        domains::enter(context, domain);
        context.success("domain_created", &[]);
        domains::move_admin_aliases(context, None, domain)?;
        context.files().write("/etc/yunohost/current_host", format!("{domain}\n"));
        context.success("main_domain_changed", &[]);
        let new = NewUser {
            username,
            fullname: text("--fullname"),
            domain,
            password,
            quota: "0",
            shell: "/bin/bash",
            admin: true,
        };
        users::add(context, &new)?;
        context.success("user_created", &[]);
        context.state().root_password = fingerprint(password);
        context.info("root_password_changed", &[]);
        // Without the catalogue it goes on with a warning.
        if let Err(refusal) = neighbours::update_catalog(context) {
            context.lines.push(Line::Warning(refusal.reason));
        }
        context.files().create(INSTALLED_PATH, 0o644, "root", "");
        context.files().make_folder("/home/yunohost.app", 0o755, "root");
        context.files().make_folder("/home/yunohost.backup", 0o740, "root");
        write_configuration(context);
        context.success("yunohost_configured", &[]);
        context.warning("yunohost_postinstall_end_tip", &[]);
        Ok(None)
    })
}

/// What is refused before anything happens, in the order of the real program.
fn check(context: &mut Context<'_>, args: &Args, domain: &str, username: &str, password: &str) -> Result<(), Refusal> {
    if context.files().exists(INSTALLED_PATH) {
        return Err(context.refuse("yunohost_already_installed", &[]));
    }
    if !context.files().list("/etc/yunohost/apps").is_empty() {
        return Err(Refusal::error(
            "It looks like you're trying to re-postinstall a system that was already working previously ... If you \
             recently had some bug or issues with your installation, please first discuss with the team on how to fix \
             the situation instead of savagely re-running the postinstall ...",
        ));
    }
    if users::is_system_account(username) {
        return Err(context.refuse("system_username_exists", &[]));
    }
    if ADMIN_ALIASES.contains(&username) {
        return Err(Refusal::error(format!("Unfortunately, {username} cannot be used as a username")));
    }
    if context.machine.root_bytes < DISK_BYTES_MIN && !args.given("--force-diskspace") {
        return Err(context.refuse("postinstall_low_rootfsspace", &[]));
    }
    users::check_password(context, password, true)?;
    if domains::is_dynamic(domain) && !args.given("--ignore-dyndns") {
        return Err(context.refuse("dyndns_provider_unreachable", &[]));
    }
    Ok(())
}

/// Writes all configuration files for the first time.
fn write_configuration(context: &mut Context<'_>) {
    context.regenerate(&[]);
    let Some(own) = context.files().read(SSHD_CONFIG_BEFORE).map(str::to_owned) else { return };
    context.files().write(regenconf::SSHD_CONFIG, own);
    context.warning("regenconf_name_ssh", &[]);
}
