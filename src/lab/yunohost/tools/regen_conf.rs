//! `tools regen-conf`.

use serde_json::{Map, Value, json};

use crate::yunohost::context::{Context, Outcome};
use crate::yunohost::job::Job;
use crate::yunohost::regenconf::{self, CATEGORIES, Options};
use crate::yunohost::reply::Args;
use crate::yunohost::state::fingerprint;

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
    let about = (!names.is_empty()).then(|| names.join("-"));
    let options = Options { force: args.given("--force"), dry_run: args.given("--dry-run") };
    if options.dry_run {
        let mut result = regenerate(context, &names, options)?;
        if let Some(result) = result.as_mut().filter(|_| args.given("--with-diff")) {
            add_differences(context, result);
        }
        return Ok(result);
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

/// Adds to every file what would change in it.
fn add_differences(context: &mut Context<'_>, result: &mut Value) {
    for (category, files) in result.as_object_mut().into_iter().flatten() {
        let wanted = regenconf::files_of(category, context.state());
        for kind in ["applied", "pending"] {
            for (path, entry) in files[kind].as_object_mut().into_iter().flatten() {
                let new = wanted.iter().find(|(one, _)| one == path).and_then(|(_, text)| text.clone());
                let old = context.machine.files.read(path).unwrap_or_default();
                entry["diff"] = json!(difference(old, &new.unwrap_or_default()));
            }
        }
    }
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

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// The difference in the unified form, without file names. Changes far from each other are shown as one.
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(one, other)| one == other).count();
    let head = same(&mut old.iter().zip(&new));
    let shorter = old.len().min(new.len());
    let tail = same(&mut old.iter().rev().zip(new.iter().rev())).min(shorter - head);
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    if head == old_end && head == new_end {
        return String::new();
    }
    let start = head.saturating_sub(CONTEXT);
    let after = tail.min(CONTEXT);
    let range = |length: usize| format!("{},{length}", start + 1);
    let header = format!("@@ -{} +{} @@", range(old_end + after - start), range(new_end + after - start));
    let marked = |sign: &str, lines: &[&str]| lines.iter().map(|line| format!("{sign}{line}")).collect::<Vec<_>>();
    [
        vec![header],
        marked(" ", &old[start..head]),
        marked("-", &old[head..old_end]),
        marked("+", &new[head..new_end]),
        marked(" ", &old[old_end..old_end + after]),
    ]
    .concat()
    .join("\n")
}
