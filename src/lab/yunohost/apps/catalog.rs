//! The catalogue: downloading it, looking through it, and the manifest of one package.

use serde_json::{Map, Value, json};

use super::package::{Catalog, Listed, Package, repository_url};
use super::{questions, requirements};
use crate::yunohost::job::{Failure, Job, Outcome};
use crate::yunohost::reply::Args;

/// The cached catalogue's file.
pub const CACHE_PATH: &str = "/var/cache/yunohost/repo/default.json";

/// Seconds after which a cached catalogue counts as obsolete.
const CACHE_VALID_S: i64 = 7 * 24 * 3600;

/// Downloads the catalogue.
///
/// # Errors
/// The sentence that YunoHost says when it does not come.
pub fn download(job: &mut Job<'_>) -> Result<(), Failure> {
    job.info("Updating application catalog…");
    job.takes_ms(1_000);
    if !job.around.internet.catalog_reachable {
        return Err(Failure::error(
            "Unable to download the default app catalog: https://app.yunohost.org/default/v3/apps.json returned status code 503",
        ));
    }
    let catalog = job.around.internet.apps.catalog.clone();
    let shown: Map<String, Value> = catalog.apps.iter().map(|(id, one)| (id.clone(), entry(id, one))).collect();
    job.files.write(CACHE_PATH, json!({"apps": shown, "from_api_version": 3}).to_string());
    job.ynh.apps.cache = Some(catalog);
    job.ynh.apps.cache_fetched_at = job.now();
    job.success("The application catalog has been updated!");
    Ok(())
}

/// The cached catalogue; it is downloaded when there is none or it is too old.
///
/// # Errors
/// Those of the download.
pub fn ensure(job: &mut Job<'_>) -> Result<Catalog, Failure> {
    let age_s = job.now().unix_seconds() - job.ynh.apps.cache_fetched_at.unix_seconds();
    let cached = job.ynh.apps.cache.is_some() && job.files.exists(CACHE_PATH);
    if !cached || age_s > CACHE_VALID_S {
        job.info("The app catalog cache is empty or obsolete.");
        download(job)?;
    }
    Ok(job.ynh.apps.cache.clone().unwrap_or_default())
}

/// An entry as the catalogue holds it (sheet YunoHost, section 6): the manifest without questions and resources.
pub fn entry(id: &str, listed: &Listed) -> Value {
    let mut manifest = listed.package.manifest.clone();
    manifest.shift_remove("install");
    manifest.shift_remove("resources");
    manifest.insert("version".to_owned(), json!(listed.version()));
    json!({
        "added_in_catalog": 1_674_232_499,
        "alternative_branches": {},
        "antifeatures": [],
        "category": listed.category,
        "featured": false,
        "git": {"branch": "master", "revision": listed.package.revision(), "url": repository_url(id)},
        "high_quality": false,
        "id": id,
        "lastUpdate": LAST_UPDATE,
        "level": listed.level,
        "logo_hash": null,
        "maintained": true,
        "manifest": manifest,
        "potential_alternative_to": [],
        "state": listed.state,
        "subtags": listed.subtags,
        "repository": "default",
    })
}

const LAST_UPDATE: i64 = 1_767_225_600;

fn summary(listed: &Listed) -> Value {
    json!({"description": listed.package.description(), "level": listed.level})
}

/// `app catalog`.
pub fn catalog(job: &mut Job<'_>, args: &Args) -> Outcome {
    let catalog = ensure(job)?;
    let full = args.given("--full");
    let apps: Map<String, Value> = catalog
        .apps
        .iter()
        .map(|(id, listed)| (id.clone(), if full { entry(id, listed) } else { summary(listed) }))
        .collect();
    let pairs = |list: &[(String, String)]| -> Vec<Value> {
        list.iter().map(|(id, text)| json!({"id": id, "description": text})).collect()
    };
    let mut shown = json!({"apps": apps});
    if args.given("--with-categories") {
        shown["categories"] = Value::from(pairs(&catalog.categories));
    }
    if args.given("--with-antifeatures") {
        shown["antifeatures"] = Value::from(pairs(&catalog.antifeatures));
    }
    Ok(Some(shown))
}

/// `app search`: a regular expression on ids and descriptions, without case.
pub fn search(job: &mut Job<'_>, args: &Args) -> Outcome {
    let wanted = args.one("string").unwrap_or_default();
    let catalog = ensure(job)?;
    let expression = regex::RegexBuilder::new(wanted)
        .case_insensitive(true)
        .build()
        .map_err(|_| Failure::Traceback(python_error(wanted)))?;
    let found =
        |id: &str, listed: &Listed| expression.is_match(id) || expression.is_match(listed.package.description());
    let apps: Map<String, Value> = catalog
        .apps
        .iter()
        .filter(|(id, listed)| found(id, listed))
        .map(|(id, listed)| (id.clone(), summary(listed)))
        .collect();
    Ok(Some(json!({"apps": apps})))
}

/// What Python says of a regular expression that cannot be read.
fn python_error(expression: &str) -> String {
    let open = expression.find('(').filter(|_| expression.matches('(').count() > expression.matches(')').count());
    if let Some(at) = open {
        return format!("re.error: missing ), unterminated subpattern at position {at}");
    }
    if let Some(at) = expression.find('[').filter(|_| !expression.contains(']')) {
        return format!("re.error: unterminated character set at position {at}");
    }
    if let Some(at) = expression.find(')').filter(|_| !expression.contains('(')) {
        return format!("re.error: unbalanced parenthesis at position {at}");
    }
    if expression.starts_with(['*', '+', '?']) {
        return "re.error: nothing to repeat at position 0".to_owned();
    }
    format!("re.error: bad escape (end of pattern) at position {}", expression.len().saturating_sub(1))
}

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The package.
    pub package: Package,
    /// Its entry in the catalogue; `None` for folders and foreign addresses.
    pub listed: Option<Listed>,
    /// The folder it was taken from.
    pub folder: Option<String>,
    /// Whether it was named by its address.
    pub by_address: bool,
}

/// Finds a package by catalogue id, folder or address.
///
/// # Errors
/// "Unknown app", or what is wrong with the folder.
pub fn resolve(job: &mut Job<'_>, wanted: &str) -> Result<Source, Failure> {
    let catalog = ensure(job)?;
    if let Some(listed) = catalog.apps.get(wanted) {
        return Ok(Source {
            package: listed.package.clone(),
            listed: Some(listed.clone()),
            folder: None,
            by_address: false,
        });
    }
    if wanted.contains("://") {
        return from_address(job, &catalog, wanted);
    }
    let folder = wanted.trim_end_matches('/');
    if folder.starts_with('/') && job.files.exists(folder) {
        return from_folder(job, folder);
    }
    Err(Failure::error("Unknown app"))
}

/// A package from a folder of the machine.
///
/// # Errors
/// When there is no manifest in it.
pub fn from_folder(job: &Job<'_>, folder: &str) -> Result<Source, Failure> {
    let folder = folder.trim_end_matches('/');
    let package = Package::from_folder(job.files, folder).ok_or_else(|| {
        let work = format!("/var/cache/yunohost/app_tmp_work_dirs/app_{}", job.random_hex(folder, "work folder", 8));
        Failure::error(format!(
            "There doesn't seem to be any manifest file in {work} ... It looks like an app was not correctly installed/removed."
        ))
    })?;
    Ok(Source { package, listed: None, folder: Some(format!("{folder}/")), by_address: false })
}

fn from_address(job: &mut Job<'_>, catalog: &Catalog, address: &str) -> Result<Source, Failure> {
    let address = address.trim_end_matches('/').trim_end_matches(".git");
    let id = address.rsplit('/').next().and_then(|name| name.strip_suffix("_ynh")).unwrap_or_default();
    let listed = catalog.apps.get(id).filter(|_| address == repository_url(id));
    if let Some(package) = head(job, address) {
        return Ok(Source { package, listed: listed.cloned(), folder: None, by_address: true });
    }
    job.error(format!(
        "{address} is not a valid app url: app url are expected to look like https://domain.tld/path/to/repo_ynh"
    ));
    Err(Failure::error("Unknown app"))
}

/// The newest package of a repository.
pub fn head(job: &Job<'_>, address: &str) -> Option<Package> {
    let sources = &job.around.internet.apps;
    let from_catalog = || {
        let (_, listed) = sources.catalog.apps.iter().find(|(id, _)| repository_url(id) == address)?;
        Some(listed.package.clone())
    };
    sources.repositories.get(address).cloned().or_else(from_catalog)
}

/// `app manifest`: what an installation would ask and need.
pub fn manifest(job: &mut Job<'_>, args: &Args) -> Outcome {
    let wanted = args.one("app").unwrap_or_default().to_owned();
    let source = resolve(job, &wanted)?;
    let package = &source.package;
    let mut shown = package.manifest.clone();
    // Python reads the format as a floating number.
    shown.insert("packaging_format".to_owned(), json!(2.0));
    let questions: Vec<Value> =
        package.questions().into_iter().map(|(id, one)| questions::described(job.ynh, id, one)).collect();
    shown.insert("install".to_owned(), Value::from(questions));
    shown.insert("doc".to_owned(), json!({}));
    shown.insert("notifications".to_owned(), notifications(package, true));
    // Named by its address, a package of the catalogue is shown like one of a third party.
    let listed = source.listed.as_ref().filter(|_| !source.by_address);
    let remote = match &source.folder {
        Some(folder) => json!({"type": "file", "path": folder}),
        None => json!({
            "type": "git",
            "url": repository_url(package.id()),
            "branch": listed.map(|_| "master"),
            "revision": package.revision(),
        }),
    };
    shown.insert("remote".to_owned(), remote);
    if source.folder.is_some() {
        shown.insert("lastUpdate".to_owned(), json!(job.now().unix_seconds()));
    } else if listed.is_some() {
        shown.insert("lastUpdate".to_owned(), json!(LAST_UPDATE));
    }
    let quality = match listed {
        Some(listed) => json!({"level": listed.level, "state": listed.state}),
        None => json!({"level": -1, "state": "thirdparty"}),
    };
    shown.insert("quality".to_owned(), quality);
    shown.insert("antifeatures".to_owned(), json!([]));
    shown.insert("potential_alternative_to".to_owned(), json!([]));
    shown.insert("requirements".to_owned(), requirements::shown(job, package, requirements::For::Manifest));
    Ok(Some(Value::Object(shown)))
}

/// The notices of a package by moment; those after an upgrade are left out once it is installed.
pub fn notifications(package: &Package, with_post_upgrade: bool) -> Value {
    let behaviour = &package.behaviour;
    let by_version = |notice: &Option<String>| match notice {
        Some(text) => json!({package.version(): {"en": text}}),
        None => json!({}),
    };
    let after_install = match &behaviour.notice_after_install {
        Some(text) => json!({"main": {"en": text}}),
        None => json!({}),
    };
    let mut shown = json!({
        "PRE_INSTALL": {},
        "POST_INSTALL": after_install,
        "PRE_UPGRADE": by_version(&behaviour.notice_before_upgrade),
    });
    if with_post_upgrade {
        shown["POST_UPGRADE"] = by_version(&behaviour.notice_after_upgrade);
    }
    shown
}
