//! `user group ...`.

use serde_json::{Map, Value, json};

use super::super::Yunohost;
use super::super::context::{Context, Outcome, Refusal};
use super::super::reply::Args;
use super::super::state::Group;
use super::{directory, permissions};

/// Groups that always exist.
const SPECIAL: [&str; 3] = ["admins", "all_users", "visitors"];

/// Groups of the operating system that a new one must not be called like.
const SYSTEM_GROUPS: [&str; 12] =
    ["adm", "audio", "cdrom", "dialout", "disk", "plugdev", "shadow", "staff", "sudo", "tty", "users", "video"];

impl Yunohost {
    /// A group by name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    fn group_mut(&mut self, name: &str) -> Option<&mut Group> {
        self.groups.iter_mut().find(|group| group.name == name)
    }
}

/// The groups of a server without users.
pub fn first_groups() -> Vec<Group> {
    SPECIAL.iter().map(|name| Group { name: (*name).to_owned(), ..Group::default() }).collect()
}

/// `user group list`.
pub fn list(context: &mut Context<'_>, args: &Args) -> Outcome {
    let state = context.state();
    let shown = state.groups.iter().filter(|group| !group.primary || args.given("--include-primary-groups"));
    let groups: Map<String, Value> = shown
        .map(|group| {
            let mut entry = json!({ "members": group.members });
            if args.given("--full") {
                entry["permissions"] = json!(permissions::granted_to(state, &group.name));
            }
            (group.name.clone(), entry)
        })
        .collect();
    Ok(Some(json!({ "groups": groups })))
}

/// `user group info`.
pub fn info(context: &mut Context<'_>, args: &Args) -> Outcome {
    details(context, args.one("groupname").unwrap_or_default())
}

fn details(context: &mut Context<'_>, name: &str) -> Outcome {
    match context.state().group(name) {
        // Recorded: no permission ever shows here.
        Some(group) => Ok(Some(json!({ "members": group.members, "permissions": [], "mail-aliases": group.aliases }))),
        None => Err(unknown(context, name)),
    }
}

/// The refusal of an unknown group.
pub fn unknown(context: &Context<'_>, name: &str) -> Refusal {
    context.refuse("group_unknown", &[("group", name)])
}

/// `user group create`.
pub fn create(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = args.one("groupname").unwrap_or_default();
    if context.state().group(name).is_some() {
        return Err(context.refuse("group_already_exist", &[("group", name)]));
    }
    if SYSTEM_GROUPS.contains(&name) || super::is_system_account(name) {
        return Err(context.refuse("group_already_exist_on_system", &[("group", name)]));
    }
    context.state().groups.push(Group { name: name.to_owned(), ..Group::default() });
    context.debug("Permissions were resynchronized to LDAP");
    context.success("group_created", &[("group", name)]);
    context.debug_log("user_group_create", name);
    Ok(Some(json!({ "name": name })))
}

/// A user's own group.
pub fn create_primary(state: &mut Yunohost, username: &str) {
    let members = vec![username.to_owned()];
    state.groups.push(Group { name: username.to_owned(), members, primary: true, ..Group::default() });
}

/// `user group delete`.
pub fn delete(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = args.one("groupname").unwrap_or_default();
    match context.state().group(name) {
        None => return Err(unknown(context, name)),
        Some(group) if group.primary || SPECIAL.contains(&name) => {
            return Err(context.refuse("group_cannot_be_deleted", &[("group", name)]));
        }
        Some(_) => {}
    }
    let state = context.state();
    state.groups.retain(|group| group.name != name);
    for permission in state.permissions.values_mut() {
        permission.allowed.retain(|one| one != name);
    }
    context.success("group_deleted", &[("group", name)]);
    Ok(None)
}

/// Puts a user into a group.
pub fn join(context: &mut Context<'_>, group: &str, username: &str) {
    context.info("group_user_add", &[("group", group), ("user", username)]);
    if let Some(group) = context.state().group_mut(group) {
        group.members.push(username.to_owned());
    }
}

/// Takes a user out of a group.
pub fn leave(context: &mut Context<'_>, group: &str, username: &str) {
    context.info("group_user_remove", &[("group", group), ("user", username)]);
    if let Some(group) = context.state().group_mut(group) {
        group.members.retain(|member| member != username);
    }
}

/// Refuses to leave the server without administrators.
///
/// # Errors
/// When nobody else would be left in `admins`.
pub fn keep_last_admin(context: &mut Context<'_>, leaving: &[String]) -> Result<(), Refusal> {
    let Some(admins) = context.state().group("admins") else { return Ok(()) };
    let last = admins.members.last().filter(|_| admins.members.iter().all(|member| leaving.contains(member))).cloned();
    match last {
        Some(user) => Err(context.refuse("group_cannot_remove_last_admin", &[("user", &user)])),
        None => Ok(()),
    }
}

/// `user group add`.
pub fn add(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = editable(context, args)?;
    let mut changed = false;
    for user in args.many("usernames") {
        if context.state().user(user).is_none() {
            return Err(super::unknown(context, user));
        }
        if is_member(context, &name, user) {
            context.warning("group_user_already_in_group", &[("group", &name), ("user", user)]);
        } else {
            join(context, &name, user);
            changed = true;
        }
    }
    close_edit(context, &name, changed)
}

/// `user group remove`.
pub fn remove(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = editable(context, args)?;
    if name == "admins" {
        keep_last_admin(context, args.many("usernames"))?;
    }
    let mut changed = false;
    for user in args.many("usernames") {
        if is_member(context, &name, user) {
            leave(context, &name, user);
            changed = true;
        } else {
            context.warning("group_user_not_in_group", &[("group", &name), ("user", user)]);
        }
    }
    close_edit(context, &name, changed)
}

fn is_member(context: &mut Context<'_>, group: &str, username: &str) -> bool {
    context.state().group(group).is_some_and(|group| group.members.iter().any(|member| member == username))
}

fn editable(context: &mut Context<'_>, args: &Args) -> Result<String, Refusal> {
    let name = args.one("groupname").unwrap_or_default();
    let key = match name {
        "all_users" => "group_cannot_edit_all_users",
        "visitors" => "group_cannot_edit_visitors",
        _ if context.state().user(name).is_some() => "group_cannot_edit_primary_group",
        _ if context.state().group(name).is_none() => return Err(unknown(context, name)),
        _ => return Ok(name.to_owned()),
    };
    Err(context.refuse(key, &[("group", name)]))
}

fn close_edit(context: &mut Context<'_>, name: &str, changed: bool) -> Outcome {
    if changed {
        context.success("group_updated", &[("group", name)]);
    } else {
        context.info("group_no_change", &[("group", name)]);
    }
    details(context, name)
}

/// `user group add-mailalias`.
pub fn add_alias(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = known(context, args)?;
    let aliases = args.many("aliases").to_vec();
    edit_aliases(context, &name, &aliases, &[])?;
    details(context, &name)
}

/// `user group remove-mailalias`.
pub fn remove_alias(context: &mut Context<'_>, args: &Args) -> Outcome {
    let name = known(context, args)?;
    let aliases = args.many("aliases").to_vec();
    edit_aliases(context, &name, &[], &aliases)?;
    details(context, &name)
}

fn known(context: &mut Context<'_>, args: &Args) -> Result<String, Refusal> {
    let name = args.one("groupname").unwrap_or_default();
    if context.state().group(name).is_none() {
        return Err(unknown(context, name));
    }
    if name == "all_users" || name == "visitors" {
        let key = format!("group_cannot_edit_{name}");
        return Err(context.refuse(&key, &[("group", name)]));
    }
    Ok(name.to_owned())
}

/// Adds and removes addresses of a group. An address that it already has is passed over.
///
/// # Errors
/// An address of a strange domain, one that is taken, or one to remove that is not there.
pub fn edit_aliases(
    context: &mut Context<'_>,
    name: &str,
    added: &[String],
    removed: &[String],
) -> Result<(), Refusal> {
    let had = context.state().group(name).map(|group| group.aliases.clone()).unwrap_or_default();
    let mut aliases = had.clone();
    for mail in added {
        if name != "admins" && is_admin_alias(mail) {
            return Err(context.refuse("mail_unavailable", &[]));
        }
        if had.contains(mail) {
            continue;
        }
        if directory::owner_of(context.state(), mail).is_some() {
            let error = super::not_unique(context, "mail", mail);
            return Err(context.refuse("group_update_failed", &[("group", name), ("error", &error)]));
        }
        super::require_mail_domain(context, mail)?;
        context.info("group_mailalias_add", &[("group", name), ("mail", mail)]);
        aliases.push(mail.clone());
    }
    let main_domain = context.state().main_domain.clone();
    for mail in removed {
        // The administrators keep their addresses at the main domain: making it main again fails here.
        if name == "admins" && is_admin_alias(mail) && mail.ends_with(&format!("@{main_domain}")) {
            return Err(Refusal::error(format!("The alias {mail} can not be removed from the '{name}' group")));
        }
        if !aliases.contains(mail) {
            return Err(context.refuse("mail_alias_remove_failed", &[("mail", mail)]));
        }
        context.info("group_mailalias_remove", &[("group", name), ("mail", mail)]);
        aliases.retain(|alias| alias != mail);
    }
    if aliases == had {
        context.info("group_no_change", &[("group", name)]);
        return Ok(());
    }
    if let Some(group) = context.state().group_mut(name) {
        group.aliases = aliases;
    }
    context.info("group_update_aliases", &[("group", name)]);
    context.success("group_updated", &[("group", name)]);
    Ok(())
}

/// Whether an address bears one of the administrators' names.
fn is_admin_alias(mail: &str) -> bool {
    mail.split_once('@').is_some_and(|(name, _)| super::ADMIN_ALIASES.contains(&name))
}
