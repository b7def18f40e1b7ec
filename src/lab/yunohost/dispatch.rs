//! Which function answers a command.

use super::context::{Context, Outcome, Refusal};
use super::reply::{Args, Reply};
use super::users::{groups, permissions, ssh};
use super::{apps, domains, postinstall, settings, tools, users};

/// Runs a command whose arguments were checked.
pub fn run(mut context: Context<'_>, command: &str, args: &Args) -> Reply {
    if let Some(outcome) = own(&mut context, command, args) {
        return context.finish(outcome);
    }
    let duration_us = context.duration_us;
    match apps::dispatch(context.machine, command, args, context.env, context.around) {
        Some(reply) if reply.duration_us == 0 => Reply { duration_us, ..reply },
        Some(reply) => reply,
        None => context.finish(Err(Refusal::error(format!("not simulated in the lab: yunohost {command}")))),
    }
}

/// The commands of this room; `None` for those about apps and everything that hangs on them.
fn own(context: &mut Context<'_>, command: &str, args: &Args) -> Option<Outcome> {
    Some(match command {
        "user list" => users::list(context, args),
        "user create" => users::create(context, args),
        "user delete" => users::delete(context, args),
        "user update" => users::update(context, args),
        "user info" => users::info(context, args),
        "user export" => users::export(context),
        "user import" => users::import(context, args),
        "user group list" => groups::list(context, args),
        "user group create" => groups::create(context, args),
        "user group delete" => groups::delete(context, args),
        "user group info" => groups::info(context, args),
        "user group add" => groups::add(context, args),
        "user group remove" => groups::remove(context, args),
        "user group add-mailalias" => groups::add_alias(context, args),
        "user group remove-mailalias" => groups::remove_alias(context, args),
        "user permission list" => permissions::list(context, args),
        "user permission info" => permissions::info(context, args),
        "user permission update" => permissions::update(context, args),
        "user permission add" => permissions::add(context, args),
        "user permission remove" => permissions::remove(context, args),
        "user permission ldapsync" => Ok(None),
        "user ssh list-keys" => ssh::list(context, args),
        "user ssh add-key" => ssh::add(context, args),
        "user ssh remove-key" => ssh::remove(context, args),
        "domain list" => domains::list(context, args),
        "domain info" => domains::info(context, args),
        "domain add" => domains::add(context, args),
        "domain remove" => domains::remove(context, args),
        "domain main-domain" => domains::main_domain(context, args),
        "domain url-available" => domains::url_available(context, args),
        "domain dyndns subscribe" | "dyndns subscribe" => domains::subscribe(context, args),
        "domain config get" => domains::config::get(context, args),
        "domain config set" => domains::config::set(context, args),
        "domain dns suggest" => domains::dns::suggest(context, args),
        "domain dns push" => domains::dns::push(context, args),
        "domain cert status" => domains::certificates::show(context, args),
        "domain cert install" => domains::certificates::install(context, args),
        "domain cert renew" => domains::certificates::renew(context, args),
        "settings list" => settings::list(context, args),
        "settings get" => settings::get(context, args),
        "settings set" => settings::set(context, args),
        "settings reset" | "settings reset-all" => settings::reset(context, args),
        "tools postinstall" => postinstall::run(context, args),
        "tools regen-conf" => tools::regen_conf::regen_conf(context, args),
        "tools rootpw" => users::root_password(context, args),
        "tools maindomain" => {
            context.warning("deprecated_maindomain", &[]);
            domains::main_domain(context, args)
        }
        "tools shutdown" | "tools reboot" => stop_machine(context, command, args),
        _ => return None,
    })
}

/// Asks first, which nobody can answer here. Machines are stopped by their simulated operating system.
fn stop_machine(context: &mut Context<'_>, command: &str, args: &Args) -> Outcome {
    if !args.given("--force") {
        return Err(context.refuse("not_a_tty", &[]));
    }
    context.machine.files.write(super::POWER_PATH, if command == "tools reboot" { "reboot" } else { "poweroff" });
    let key = if command == "tools reboot" { "server_reboot" } else { "server_shutdown" };
    context.warning(key, &[]);
    Ok(None)
}
