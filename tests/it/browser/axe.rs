//! What axe-core says of a page. Its script comes from a Python package beside the build (`tests/all`): it is not ours.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use super::driver::Browser;

/// Where a Python interpreter with the judges is.
const PYTHON: &str = "ACCOLADES_PYTHON";

/// Says where the package's script is, without importing what the package wants besides.
const WHERE: &str = "import importlib.util, pathlib; \
    print(pathlib.Path(importlib.util.find_spec('axe_playwright_python').origin).parent / 'axe.min.js')";

fn script() -> &'static str {
    static SCRIPT: OnceLock<String> = OnceLock::new();
    SCRIPT.get_or_init(|| {
        let python = std::env::var(PYTHON).unwrap_or_else(|_| "python3".to_owned());
        let answer = Command::new(&python).args(["-c", WHERE]).output().expect("Python runs");
        assert!(answer.status.success(), "`{python}` has no axe_playwright_python: tests/all installs it");
        let path = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim().to_owned());
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    })
}

/// Asserts that the page that is shown has no violation.
pub async fn assert_clean(browser: &Browser, what: &str) {
    let run = format!(
        "{}\nconst done = arguments[arguments.length - 1]; axe.run(document, {{ resultTypes: ['violations'] }})\
         .then(result => done({{ violations: result.violations.map(one => [one.id, one.help, \
         one.nodes.map(node => node.html).slice(0, 3)]), rules: result.passes.length }}))\
         .catch(error => done({{ error: String(error) }}));",
        script()
    );
    let found = browser.run(&run).await;
    assert!(found.get("error").is_none(), "{what}: axe-core itself failed: {found}");
    assert!(found["rules"].as_u64().is_some_and(|rules| rules > 0), "{what}: axe-core looked at nothing: {found}");
    let violations = found["violations"].as_array().cloned().unwrap_or_default();
    assert!(violations.is_empty(), "{what}: {}", serde_json::to_string_pretty(&Value::from(violations)).expect("JSON"));
}
