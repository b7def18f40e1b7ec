//! Who is who: `id`, `whoami`, `getent`.

use super::options::Known;
use super::text::options;
use crate::os::accounts::{self, Account};
use crate::os::process::Os;
use crate::os::{Exec, Output, directory};

/// `id [-u] [-un] [-nG] [USER]`
pub fn id(os: &mut Os<'_>, exec: &Exec) -> Output {
    let known =
        Known { program: "id", flags: &["u,user", "n,name", "G,groups", "g,group"], values: &[], anywhere: true };
    let options = options!(known, &exec.argv[1..]);
    let user = options.operands.first().unwrap_or(&exec.user);
    let Some(account) = accounts::find(os.machine, user) else {
        return Output::fail(1, format!("id: ‘{user}’: no such user"));
    };
    let groups = accounts::groups(os.machine, user);
    let by_name = options.has("n");
    let line = if options.has("G") {
        if by_name { groups.join(" ") } else { return Output::fail(2, "lab: id -G without -n is not simulated") }
    } else if options.has("u") || options.has("g") {
        if by_name { user.clone() } else { account.uid.to_string() }
    } else {
        format!("uid={0}({user}) gid={0}({user}) groups={0}({user})", account.uid)
    };
    Output::out(format!("{line}\n"))
}

/// `whoami`
pub fn whoami(_os: &mut Os<'_>, exec: &Exec) -> Output {
    Output::out(format!("{}\n", exec.user))
}

/// `getent passwd|group|hosts|ahosts [NAME]`
pub fn getent(os: &mut Os<'_>, exec: &Exec) -> Output {
    let line_of = |name: &str, account: &Account| {
        format!("{name}:x:{0}:{0}:{1}:{2}:{3}\n", account.uid, account.gecos, account.home, account.shell)
    };
    match exec.argv.get(1).map(String::as_str) {
        Some("passwd") => match exec.argv.get(2) {
            Some(name) => match accounts::find(os.machine, name) {
                Some(account) => Output::out(line_of(name, &account)),
                None => Output::status(2),
            },
            None => {
                let mut text: String =
                    os.machine.accounts.all().map(|(name, account)| line_of(name, account)).collect();
                for name in directory::names(os.machine) {
                    if let Some(account) = accounts::find(os.machine, &name) {
                        text.push_str(&line_of(&name, &account));
                    }
                }
                Output::out(text)
            }
        },
        Some("group") => {
            let Some(group) = exec.argv.get(2) else {
                return Output::fail(2, "lab: getent group without a name is not simulated");
            };
            let members = accounts::members(os.machine, group);
            match members {
                Some(members) => {
                    Output::out(format!("{group}:x:{}:{}\n", accounts::group_id(group), members.join(",")))
                }
                None => Output::status(2),
            }
        }
        Some("hosts" | "ahosts") => {
            let Some(name) = exec.argv.get(2) else { return Output::status(2) };
            match super::network::resolve(os, name) {
                Some(address) => Output::out(format!("{address:<15} {name}\n")),
                None => Output::status(2),
            }
        }
        Some(other) => Output::fail(2, format!("lab: getent {other} is not simulated")),
        None => Output::fail(2, "getent: wrong number of arguments"),
    }
}
