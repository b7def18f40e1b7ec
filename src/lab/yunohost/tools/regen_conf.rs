//! `tools regen-conf`.

use serde_json::{Map, Value, json};

use crate::lab::yunohost::context::{Context, Outcome};
use crate::lab::yunohost::job::Job;
use crate::lab::yunohost::regenconf::{self, CATEGORIES, Options};
use crate::lab::yunohost::reply::Args;
use crate::lab::yunohost::state::fingerprint;

/// Managed files that somebody changed: category and path.
pub fn modified_files(job: &Job<'_>) -> Vec<(String, String)> {
    let changed = job
        .ynh
        .regenconf
        .written
        .iter()
        .filter(|(path, written)| job.files.read(path).is_some_and(|text| fingerprint(text) != **written));
    changed.map(|(path, _)| (category_of(path), path.clone())).collect()
}

/// The category that writes a file: the one whose name is in its path.
fn category_of(path: &str) -> String {
    let found = CATEGORIES.iter().find(|category| path.contains(&format!("/{category}")));
    (*found.unwrap_or(&"yunohost")).to_string()
}

/// `tools regen-conf`.
pub fn regen_conf(context: &mut Context<'_>, args: &Args) -> Outcome {
    let names: Vec<String> = args.many("names").to_vec();
    if args.given("--list-pending") {
        return Ok(Some(pending(context, &names)));
    }
    let about = (!names.is_empty()).then(|| names.join(", "));
    let options = Options { force: args.given("--force"), dry_run: args.given("--dry-run") };
    if options.dry_run {
        return regenerate(context, &names, options);
    }
    context.operation("regen_conf", about.as_deref(), |context| regenerate(context, &names, options))
}

fn regenerate(context: &mut Context<'_>, names: &[String], options: Options) -> Outcome {
    let unknown = names.iter().any(|name| !CATEGORIES.contains(&name.as_str()));
    if unknown {
        // The names themselves are missing from the sentence: a bug of the real program.
        return Err(context.refuse("regenconf_failed", &[("categories", "")]));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let done = regenconf::regenerate(context.machine, &names, options, context.speech);
    context.lines.extend(done.lines);
    Ok(Some(Value::Object(done.result)))
}

fn pending(context: &mut Context<'_>, names: &[String]) -> Value {
    let mut shown = Map::new();
    for (category, paths) in &context.state().regenconf.pending {
        if !names.is_empty() && !names.contains(category) {
            continue;
        }
        let waiting =
            |path: &String| (path.clone(), json!(format!("/var/cache/yunohost/regenconf/pending/{category}{path}")));
        shown.insert(category.clone(), Value::Object(paths.iter().map(waiting).collect()));
    }
    Value::Object(shown)
}
