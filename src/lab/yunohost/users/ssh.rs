//! `user ssh ...`: keys in `authorized_keys`, added and removed as text without any check (sheet, section 10).

use serde_json::{Map, Value, json};

use super::super::Yunohost;
use super::super::context::{Context, Outcome, Refusal};
use super::super::reply::Args;
use super::directory::home;

/// `user ssh list-keys`.
pub fn list(context: &mut Context<'_>, args: &Args) -> Outcome {
    let (_, path) = keys_of(context, args)?;
    let mut comment = String::new();
    let mut keys = Vec::new();
    for line in context.files().read(&path).unwrap_or_default().lines().map(str::trim) {
        if let Some(text) = line.strip_prefix('#') {
            comment = text.trim_start_matches('#').trim().to_owned();
        } else if !line.is_empty() {
            let key: Map<String, Value> =
                [("key".to_owned(), json!(line)), ("name".to_owned(), json!(std::mem::take(&mut comment)))]
                    .into_iter()
                    .collect();
            keys.push(key);
        }
    }
    Ok(Some(json!({ "keys": keys })))
}

/// `user ssh add-key`.
pub fn add(context: &mut Context<'_>, args: &Args) -> Outcome {
    let (username, path) = keys_of(context, args)?;
    let files = context.files();
    if !files.exists(&path) {
        let folder = format!("{}/.ssh", home(&username));
        files.make_folder(&folder, 0o700, &username);
        files.protect(&folder, 0o700, &username);
        files.create(&path, 0o600, &username, "");
    }
    let mut text = "\n\n".to_owned();
    if let Some(comment) = args.one("--comment").filter(|comment| !comment.is_empty()) {
        let mark = if comment.trim_start().starts_with('#') { "" } else { "# " };
        text.push_str(&format!("{}\n", format!("{mark}{comment}").replace('\n', " ").trim()));
    }
    text.push_str(&format!("{}\n", args.one("key").unwrap_or_default().trim()));
    files.append(&path, &text);
    Ok(None)
}

/// `user ssh remove-key`: cuts the text out wherever it stands, a part of another key included.
pub fn remove(context: &mut Context<'_>, args: &Args) -> Outcome {
    let (_, path) = keys_of(context, args)?;
    let key = args.one("key").unwrap_or_default();
    let Some(text) = context.files().read(&path).map(str::to_owned) else {
        return Err(Refusal::error(format!("this key doesn't exist ({path} dosesn't exist)")));
    };
    if !text.contains(key) {
        return Err(Refusal::error(format!("Key '{key}' is not present in authorized_keys")));
    }
    context.files().write(&path, text.replace(key, ""));
    Ok(None)
}

fn keys_of(context: &mut Context<'_>, args: &Args) -> Result<(String, String), Refusal> {
    let username = args.one("username").unwrap_or_default().to_owned();
    if username != "root" && context.state().user(&username).is_none() {
        return Err(super::unknown(context, &username));
    }
    let path = Yunohost::authorized_keys_path(&username);
    Ok((username, path))
}
