//! Judges that are not ours: programs in Python, run with the interpreter that `ACCOLADES_PYTHON` names, and tools of Debian.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The interpreter with the packages of `tests/all`; required in continuous integration.
pub fn python() -> Option<PathBuf> {
    let python = std::env::var_os("ACCOLADES_PYTHON").filter(|value| !value.is_empty());
    if python.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "ACCOLADES_PYTHON must name a Python with the packages of tests/all: run the suite with tests/all"
        );
        println!("skipped: no ACCOLADES_PYTHON");
    }
    python.map(PathBuf::from)
}

/// Runs a script of `tests/oracles` to its end.
pub fn judge(python: &Path, script: &str, arguments: &[&str]) -> Output {
    judge_lines(python, script, arguments, Stdio::null())
}

/// As [`judge`], with something on its standard input.
pub fn judge_lines(python: &Path, script: &str, arguments: &[&str], stdin: impl Into<Stdio>) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles").join(script);
    // No byte code beside the scripts.
    let mut command = Command::new(python);
    command.arg("-B").arg(script).args(arguments).stdin(stdin);
    command.output().expect("the interpreter of ACCOLADES_PYTHON runs")
}

/// Fails with what the script said unless it ended well.
pub fn assert_content(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// A tool of `tests/all`; required in continuous integration.
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{name} is missing: run the suite with tests/all");
        println!("skipped: no {name}");
    }
    found
}
