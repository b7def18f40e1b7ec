//! `find`: what lies below a folder.

use crate::os::process::Os;
use crate::os::{Exec, Output};

/// `find FOLDER… [-type f]`: regular files, or everything. Files that an app keeps are among them.
pub fn find(os: &mut Os<'_>, exec: &Exec) -> Output {
    let (folders, tests): (Vec<&String>, Vec<&String>) = {
        let at = exec.argv.iter().skip(1).position(|word| word.starts_with('-')).map_or(exec.argv.len(), |at| at + 1);
        (exec.argv[1..at].iter().collect(), exec.argv[at..].iter().collect())
    };
    let only_files = match tests.iter().map(|word| word.as_str()).collect::<Vec<_>>().as_slice() {
        [] => false,
        ["-type", "f"] => true,
        other => return Output::fail(1, format!("lab: find {} is not simulated", other.join(" "))),
    };
    if exec.user != "root" {
        return Output::fail(1, "lab: find by others than root is not simulated");
    }
    let mut output = Output { duration_us: 20_000, ..Output::default() };
    for operand in folders {
        let folder = super::path(exec, operand);
        if !os.machine.files.exists(&folder) {
            output.exit = 1;
            output.stderr.push_str(&format!("find: ‘{operand}’: No such file or directory\n"));
            continue;
        }
        let inside = format!("{}/", folder.trim_end_matches('/'));
        let of_apps = os.machine.yunohost.as_ref().map(|yunohost| yunohost.apps.data_files()).unwrap_or_default();
        let of_machine = os.machine.files.all().filter(|(_, entry)| !only_files || entry.content.is_some());
        let mut paths: Vec<String> = of_machine.map(|(path, _)| path.to_owned()).chain(of_apps).collect();
        paths.retain(|path| path.starts_with(&inside) || (*path == folder && !only_files));
        paths.sort();
        paths.dedup();
        output.stdout.extend(paths.iter().map(|path| format!("{path}\n")));
    }
    output
}
