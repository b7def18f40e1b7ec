//! `tools regen-conf`.

use serde_json::{Map, Value, json};

use super::super::context::{Context, Outcome};
use super::super::reply::Args;
use super::{CATEGORIES, Options};

/// Where files that wait are kept.
const PENDING_FOLDER: &str = "/var/cache/yunohost/regenconf/pending";

/// Runs `tools regen-conf`.
pub fn run(context: &mut Context<'_>, args: &Args) -> Outcome {
    let names: Vec<&str> = args.many("names").iter().map(String::as_str).collect();
    if args.given("--list-pending") {
        return Ok(Some(pending(context, &names)));
    }
    context.operation("regen_conf", (!names.is_empty()).then(|| names.join("-")).as_deref(), |context| {
        if !names.is_empty() && !names.iter().any(|name| CATEGORIES.contains(name)) {
            // Recorded: the categories are missing at the end of the sentence.
            return Err(context.refuse("regenconf_failed", &[]));
        }
        let options = Options { force: args.given("--force"), dry_run: args.given("--dry-run") };
        let done = super::regenerate(context.machine, &names, options, context.speech);
        context.lines.extend(done.lines);
        let mut result = done.result;
        if args.given("--with-diff") {
            add_differences(&mut result);
        }
        Ok(Some(Value::Object(result)))
    })
}

/// Files that wait, each with where its new text is kept.
fn pending(context: &mut Context<'_>, names: &[&str]) -> Value {
    let pending = context.state().regenconf.pending.iter();
    let asked = pending.filter(|(category, _)| names.is_empty() || names.contains(&category.as_str()));
    let categories = asked.map(|(category, paths)| {
        let files = paths.iter().map(|path| (path.clone(), json!(format!("{PENDING_FOLDER}/{category}{path}"))));
        (category.clone(), Value::Object(files.collect()))
    });
    Value::Object(categories.collect())
}

/// The lab does not compute differences between texts: it says that there is one.
fn add_differences(result: &mut Map<String, Value>) {
    for entry in result.values_mut() {
        for state in ["applied", "pending"] {
            for file in entry[state].as_object_mut().into_iter().flat_map(Map::values_mut) {
                file["diff"] = json!("not simulated in the lab");
            }
        }
    }
}
