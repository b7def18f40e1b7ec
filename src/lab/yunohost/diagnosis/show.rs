//! How reports are shown: short, full, issues only, as text.

use serde_json::{Map, Value, json};

use super::{CATEGORIES, Failure, Item, is_ignored, known_categories, matches};
use crate::yunohost::job::{Job, Outcome};
use crate::yunohost::reply::Args;

/// `diagnosis show`.
pub fn show(job: &mut Job<'_>, args: &Args) -> Outcome {
    let (full, issues) = (args.given("--full"), args.given("--issues"));
    let mut reports = Vec::new();
    for (id, title, valid_s, _) in known_categories(args.many("categories"))? {
        let report = job.ynh.diagnosis.reports.get(*id).cloned();
        if report.is_none() {
            job.warning(format!("No diagnosis cache yet for category '{id}'"));
        }
        let items = report.as_ref().map(|report| report.items.as_slice()).unwrap_or_default();
        let shown: Vec<Value> = items
            .iter()
            .filter(|item| full || !is_ignored(job.ynh, id, item))
            .filter(|item| !issues || item.is_issue())
            .map(|item| if full { full_item(item, is_ignored(job.ynh, id, item)) } else { short_item(item) })
            .collect();
        if issues && shown.is_empty() {
            continue;
        }
        let mut entry = Map::new();
        entry.insert("id".to_owned(), json!(id));
        if full {
            entry.insert("cached_for".to_owned(), json!(report.as_ref().map_or(-1, |_| *valid_s)));
        }
        entry.insert("items".to_owned(), Value::from(shown));
        if full {
            entry.insert(
                "timestamp".to_owned(),
                json!(report.as_ref().map_or(-1, |report| report.timestamp.unix_seconds())),
            );
        }
        entry.insert("description".to_owned(), json!(title));
        reports.push(Value::Object(entry));
    }
    if args.given("--human-readable") {
        let text = human(&reports);
        job.out(text);
        return Ok(None);
    }
    Ok(Some(json!({"reports": reports})))
}

fn short_item(item: &Item) -> Value {
    let mut shown = json!({"status": item.status, "summary": item.text});
    if !item.details.is_empty() {
        shown["details"] = json!(item.details);
    }
    shown
}

fn full_item(item: &Item, ignored: bool) -> Value {
    let mut shown = json!({"meta": item.meta});
    if !item.data.is_empty() {
        shown["data"] = json!(item.data);
    }
    shown["status"] = json!(item.status);
    shown["summary"] = json!(item.text);
    if !item.details.is_empty() {
        shown["details"] = json!(item.details);
    }
    shown["ignored"] = json!(ignored);
    shown
}

fn human(reports: &[Value]) -> String {
    let mut text = String::new();
    for report in reports {
        let (id, title) =
            (report["id"].as_str().unwrap_or_default(), report["description"].as_str().unwrap_or_default());
        text.push_str(&format!("{line}\n{title} ({id})\n{line}\n\n", line = "=".repeat(33)));
        for item in report["items"].as_array().into_iter().flatten() {
            let shown = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
            text.push_str(&format!("[{}] {}\n", shown("status"), shown("summary")));
            for detail in item["details"].as_array().into_iter().flatten() {
                text.push_str(&format!("  - {}\n", detail.as_str().unwrap_or_default()));
            }
            text.push('\n');
        }
    }
    text
}

/// `diagnosis get`: the report as it is kept, with keys instead of sentences.
pub fn get(job: &mut Job<'_>, args: &Args) -> Outcome {
    let category = args.one("category").unwrap_or_default();
    let Some((id, _, valid_s, _)) = CATEGORIES.iter().find(|one| one.0 == category) else {
        return Err(Failure::error(format!("The following categories are unknown: {category}")));
    };
    let Some(report) = job.ynh.diagnosis.reports.get(*id) else {
        job.warning(format!("No diagnosis cache yet for category '{id}'"));
        return Ok(Some(json!({"id": id, "cached_for": -1, "timestamp": -1, "items": []})));
    };
    let criteria = args.many("item");
    if criteria.is_empty() {
        let items: Vec<Value> = report.items.iter().map(kept_item).collect();
        return Ok(Some(
            json!({"id": id, "cached_for": valid_s, "items": items, "timestamp": report.timestamp.unix_seconds()}),
        ));
    }
    let filter = criteria
        .iter()
        .filter_map(|one| one.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let found = report.items.iter().find(|item| matches(&filter, item));
    Ok(Some(found.map_or_else(|| json!({}), kept_item)))
}

fn kept_item(item: &Item) -> Value {
    let mut shown = json!({"meta": item.meta, "status": item.status});
    if !item.data.is_empty() {
        shown["data"] = json!(item.data);
    }
    shown["summary"] = json!(item.summary);
    if !item.detail_keys.is_empty() {
        shown["details"] = json!(item.detail_keys);
    }
    shown
}
