//! Who holds a lease: a process on a machine, and whether it still lives.

use std::fmt;
use std::path::Path;

/// A holder `host:pid:nonce:machine:boot:space:start`: a process id means something on one machine only, since one start of
/// it, and in one space of process ids; and ids come again, so that the moment at which it started belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder(String);

impl Holder {
    /// This process; the nonce tells several holders in one process apart.
    pub fn of_this_process(nonce: &str) -> Holder {
        let pid = std::process::id();
        let here = Here::find();
        let start = start_of(&pid.to_string()).unwrap_or_default();
        Holder(format!("{}:{pid}:{nonce}:{}:{}:{}:{start}", here.host, here.machine, here.boot, here.space))
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Where this process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Here {
    host: String,
    /// Given once to each installed system; empty in most containers.
    machine: String,
    /// Drawn at each start of the kernel.
    boot: String,
    /// The space of process ids: a container has its own.
    space: String,
}

impl Here {
    fn find() -> Here {
        let space = std::fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
        Here {
            host: read("/proc/sys/kernel/hostname"),
            machine: read("/etc/machine-id"),
            boot: read("/proc/sys/kernel/random/boot_id"),
            space: space.chars().filter(char::is_ascii_digit).collect(),
        }
    }
}

/// A line of a file without what separates the parts of a holder; nothing when there is none.
fn read(path: &str) -> String {
    std::fs::read_to_string(path).map(|text| text.trim().replace(':', "-")).unwrap_or_default()
}

/// The tick at which a process started, since the start of the kernel: the 22nd field of its `stat`, counted behind its
/// name, which may have anything in it.
fn start_of(pid: &str) -> Option<String> {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19).map(str::to_owned)
}

/// A holder in words, for people: the rest of it tells processes apart and nobody anything.
pub fn in_words(holder: &str) -> String {
    let mut parts = holder.split(':');
    match (parts.next(), parts.next()) {
        (Some(host), Some(pid)) => format!("process {pid} on {host}"),
        _ => holder.to_owned(),
    }
}

/// Whether a holder was a process of this machine that no longer exists. Of other machines, and of other spaces of process
/// ids, nothing is known; nor of holders that an earlier version of this program wrote: these end by their time.
pub fn is_dead(holder: &str) -> bool {
    is_dead_seen_from(holder, &Here::find())
}

fn is_dead_seen_from(holder: &str, here: &Here) -> bool {
    let parts: Vec<&str> = holder.split(':').collect();
    let &[host, pid, _, machine, boot, space, start] = parts.as_slice() else { return false };
    if (host, machine) != (here.host.as_str(), here.machine.as_str()) {
        return false;
    }
    if boot != here.boot {
        // Nothing lives on through a restart. Without the machine's own id it may be another one of the same name.
        return !machine.is_empty() && !boot.is_empty();
    }
    space == here.space && start_of(pid).is_none_or(|now| now != start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn altered(at: usize, part: &str) -> String {
        let holder = Holder::of_this_process("n").to_string();
        let parts: Vec<&str> =
            holder.split(':').enumerate().map(|(number, old)| if number == at { part } else { old }).collect();
        assert_eq!(parts.len(), 7, "{holder}");
        parts.join(":")
    }

    fn here() -> Here {
        Here { machine: "0123".to_owned(), ..Here::find() }
    }

    #[test]
    fn this_process_lives_and_one_that_no_linux_gives_does_not() {
        assert!(!is_dead(&Holder::of_this_process("n").to_string()));
        assert!(is_dead(&altered(1, "4194305")));
    }

    #[test]
    fn a_process_id_that_came_again_is_another_process() {
        assert!(is_dead(&altered(6, "1")));
    }

    #[test]
    fn of_another_machine_or_space_of_process_ids_nothing_is_known() {
        let gone = |at: usize, part: &str| {
            let holder = altered(1, "4194305");
            let parts: Vec<&str> =
                holder.split(':').enumerate().map(|(number, old)| if number == at { part } else { old }).collect();
            parts.join(":")
        };
        for (at, part) in [(0, "another"), (3, "another"), (5, "1")] {
            assert!(!is_dead(&gone(at, part)), "part {at}");
        }
        // Written before any of that was.
        assert!(!is_dead(&format!("{}:4194305:n", Here::find().host)));
    }

    #[test]
    fn nothing_lives_on_through_a_restart_of_a_machine_that_is_known_again() {
        let of = |machine: &str| format!("{}:1:n:{machine}:before:1:1", here().host);
        assert!(is_dead_seen_from(&of("0123"), &here()));
        assert!(!is_dead_seen_from(&of(""), &Here { machine: String::new(), ..here() }));
    }
}
