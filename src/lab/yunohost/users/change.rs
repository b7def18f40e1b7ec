//! `user update` and `user delete`.

use super::super::context::{Context, Outcome, Refusal};
use super::super::neighbours;
use super::super::reply::Args;
use super::super::state::{User, fingerprint};
use super::{SHELLS, check_password, directory, groups, not_unique, require_mail_domain, unknown};

/// `user delete`.
pub fn delete(context: &mut Context<'_>, args: &Args) -> Outcome {
    let username = args.one("username").unwrap_or_default();
    if context.state().user(username).is_none() {
        return Err(unknown(context, username));
    }
    context.operation("user_delete", Some(username), |context| {
        remove(context, username, args.given("--purge"), args.given("--force"), false)?;
        neighbours::refresh_single_sign_on(context)?;
        context.success("user_deleted", &[]);
        Ok(None)
    })
}

/// Takes a user out of the groups and the directory. The last administrator is kept, but is by then no longer among
/// all users (sheet, section 3).
pub fn remove(context: &mut Context<'_>, username: &str, purge: bool, force: bool, quiet: bool) -> Result<(), Refusal> {
    let state = context.state();
    let memberships: Vec<String> = state
        .groups
        .iter()
        .filter(|group| !group.primary && group.members.iter().any(|member| member == username))
        .map(|group| group.name.clone())
        .collect();
    // `all_users` comes first whatever the order of the groups.
    let first = memberships.iter().filter(|group| *group == "all_users");
    for group in first.chain(memberships.iter().filter(|group| *group != "all_users")) {
        if group == "admins" && !force {
            groups::keep_last_admin(context, &[username.to_owned()])?;
        }
        groups::leave(context, group, username);
        if group != "all_users" && !quiet {
            context.success("group_updated", &[("group", group)]);
        }
    }
    let state = context.state();
    state.users.retain(|user| user.username != username);
    state.groups.retain(|group| group.name != username || !group.primary);
    for permission in state.permissions.values_mut() {
        permission.allowed.retain(|name| name != username);
    }
    if purge {
        context.files().remove(&directory::home(username));
        context.files().remove(&format!("/var/mail/{username}"));
    }
    Ok(())
}

/// What an update asks for.
#[derive(Default)]
pub struct Changes<'a> {
    pub fullname: Option<&'a str>,
    pub mail: Option<&'a str>,
    pub password: Option<&'a str>,
    pub add_aliases: &'a [String],
    pub remove_aliases: &'a [String],
    pub add_forwards: &'a [String],
    pub remove_forwards: &'a [String],
    pub quota: Option<&'a str>,
    pub shell: Option<&'a str>,
}

/// `user update`. The login shell goes back to its default unless it is given (sheet, section 4).
pub fn update(context: &mut Context<'_>, args: &Args) -> Outcome {
    let username = args.one("username").unwrap_or_default();
    if context.state().user(username).is_none() {
        return Err(unknown(context, username));
    }
    if args.given("--change-password") && args.one("--change-password").is_none_or(str::is_empty) {
        return Err(context.refuse("not_a_tty", &[]));
    }
    let changes = Changes {
        fullname: args.one("--fullname").filter(|name| !name.is_empty()),
        mail: args.one("--mail").filter(|mail| !mail.is_empty()),
        password: args.one("--change-password"),
        add_aliases: args.many("--add-mailalias"),
        remove_aliases: args.many("--remove-mailalias"),
        add_forwards: args.many("--add-mailforward"),
        remove_forwards: args.many("--remove-mailforward"),
        quota: args.one("--mailbox-quota"),
        shell: args.one("--loginShell"),
    };
    change(context, username, &changes)?;
    neighbours::refresh_single_sign_on(context)?;
    context.success("user_updated", &[]);
    let state = context.state();
    Ok(state.user(username).map(|user| directory::details(state, user, username)))
}

/// Changes a user, all or nothing.
pub fn change(context: &mut Context<'_>, username: &str, changes: &Changes<'_>) -> Result<(), Refusal> {
    let Some(mut user) = context.state().user(username).cloned() else { return Err(unknown(context, username)) };
    if let Some(fullname) = changes.fullname {
        user.fullname = fullname.to_owned();
    }
    if let Some(password) = changes.password {
        let admin = context.state().is_admin(username);
        check_password(context, password, admin)?;
        user.password = fingerprint(password);
    }
    if let Some(mail) = changes.mail {
        claim(context, &user, mail)?;
        user.aliases.retain(|alias| alias != mail);
        user.mail = mail.to_owned();
    }
    for alias in changes.add_aliases {
        claim(context, &user, alias)?;
        if user.mail != *alias && !user.aliases.contains(alias) {
            user.aliases.push(alias.clone());
        }
    }
    for alias in changes.remove_aliases {
        drop_from(&mut user.aliases, alias)
            .map_err(|()| context.refuse("mail_alias_remove_failed", &[("mail", alias)]))?;
    }
    for forward in changes.add_forwards {
        if !user.forwards.contains(forward) {
            user.forwards.push(forward.clone());
        }
    }
    for forward in changes.remove_forwards {
        drop_from(&mut user.forwards, forward)
            .map_err(|()| context.refuse("mail_forward_remove_failed", &[("mail", forward)]))?;
    }
    if let Some(quota) = changes.quota {
        user.quota = quota.to_owned();
    }
    if let Some(shell) = changes.shell {
        if !SHELLS.contains(&shell) {
            return Err(context.refuse("invalid_shell", &[("shell", shell)]));
        }
        user.shell = shell.to_owned();
    }
    if changes.password.is_some() {
        context.info("invalidating_sessions", &[]);
    }
    if let Some(kept) = context.state().users.iter_mut().find(|one| one.username == username) {
        *kept = user;
    }
    Ok(())
}

/// An address that is to become a user's: not somebody else's, and of a domain of the server.
fn claim(context: &mut Context<'_>, user: &User, mail: &str) -> Result<(), Refusal> {
    if directory::addresses(user).any(|own| own == mail) {
        return Ok(());
    }
    if directory::owner_of(context.state(), mail).is_some() {
        let error = not_unique(context, "mail", mail);
        return Err(context.refuse("user_update_failed", &[("user", &user.username), ("error", &error)]));
    }
    require_mail_domain(context, mail)
}

fn drop_from(list: &mut Vec<String>, item: &str) -> Result<(), ()> {
    let before = list.len();
    list.retain(|one| one != item);
    if list.len() < before { Ok(()) } else { Err(()) }
}
