//! `backup list|info|delete`.

use serde_json::{Map, Value, json};

use super::archive::{self, Archive};
use super::{FOLDER, unknown};
use crate::yunohost::context::traceback;
use crate::yunohost::job::{Failure, Job, Outcome};
use crate::yunohost::reply::Args;
use crate::yunohost::{diagnosis, when};

/// `backup list`: names, or with `--with-info` what is known of each; those that cannot be read are warned about.
pub fn list(job: &mut Job<'_>, args: &Args) -> Outcome {
    let names = archive::names(job.files);
    job.reply.keeps_order = true;
    if !args.given("--with-info") {
        return Ok(Some(json!({"archives": names})));
    }
    let mut shown = Map::new();
    for name in names {
        match archive::open(job, &name) {
            Ok(one) => {
                shown.insert(name, summary(&one, args));
            }
            Err(_) => {
                job.warning(format!("Could not check infos for archive {name}: \n{}", traceback(archive::BROKEN)))
            }
        }
    }
    Ok(Some(json!({"archives": shown})))
}

fn summary(archive: &Archive, args: &Args) -> Value {
    json!({
        "path": archive.path,
        "created_at": when::iso(archive.created_at),
        "description": archive.description,
        "size": size(archive.size_bytes(), args),
    })
}

fn size(bytes: u64, args: &Args) -> Value {
    if args.given("--human-readable") { json!(diagnosis::human_size(bytes)) } else { json!(bytes) }
}

/// `backup info`.
pub fn info(job: &mut Job<'_>, args: &Args) -> Outcome {
    let archive = archive::open(job, args.one("name").unwrap_or_default())?;
    let mut shown = summary(&archive, args);
    if args.given("--with-details") {
        let app = |(id, saved): (&String, &archive::SavedApp)| {
            let entry = json!({
                "version": saved.app.package.version(),
                "name": saved.app.label(),
                "description": saved.app.package.description(),
                "size": size(saved.size_bytes, args),
            });
            (id.clone(), entry)
        };
        let part = |(name, saved): (&String, &archive::SavedPart)| {
            let paths: Vec<&str> = saved.files.iter().map(|(path, _)| path.as_str()).collect();
            (name.clone(), json!({"paths": paths, "size": size(saved.size_bytes, args)}))
        };
        shown["apps"] = Value::Object(archive.apps.iter().map(app).collect());
        shown["system"] = Value::Object(archive.system.iter().map(part).collect());
        shown["from_yunohost_version"] = json!(archive.from_version);
    }
    Ok(Some(shown))
}

/// `backup delete`.
pub fn delete(job: &mut Job<'_>, args: &Args) -> Outcome {
    job.takes_ms(500);
    for name in args.many("name") {
        delete_one(job, name)?;
        job.success(format!("Backup deleted: {name}"));
    }
    Ok(None)
}

/// Removes the files of an archive.
///
/// # Errors
/// When there is none of this name.
pub fn delete_one(job: &mut Job<'_>, name: &str) -> Result<(), Failure> {
    if !archive::names(job.files).iter().any(|one| one == name) {
        return Err(unknown(name));
    }
    if let Ok(archive) = archive::open(job, name) {
        job.files.remove(&archive.path);
    }
    for end in [".tar", ".tar.gz", ".info.json"] {
        job.files.remove(&format!("{FOLDER}/{name}{end}"));
    }
    Ok(())
}
