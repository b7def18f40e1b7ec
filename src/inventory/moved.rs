//! What a change of the files would make anew beside what is there, because its place is its identity: an app at another
//! address, a machine under another id. Nothing of the old one comes along.

use super::model::{Client, Inventory};

/// One sentence for each app and machine that a new version wants somewhere else.
pub fn moved(before: &Inventory, after: &Inventory) -> Vec<String> {
    let mut moved = Vec::new();
    for (client, old) in after.clients.values().filter_map(|new| Some((new, before.clients.get(&new.id)?))) {
        for ((app, was), (_, is)) in apps(old).into_iter().zip(apps(client)) {
            if let (Some(was), Some(is)) = (was, is)
                && was != is
            {
                moved.push(format!(
                    "{app} of `{}` would be installed anew and empty at {is}; the one at {was} stays: move it first with \
                     `yunohost app change-url` in the guest",
                    client.id
                ));
            }
        }
    }
    for (instance, old) in after.instances.values().filter_map(|new| Some((new, before.instances.get(&new.id)?))) {
        if instance.vmid != old.vmid {
            moved.push(format!(
                "`{}` would be made anew and empty as vm {}; vm {} stays as it is: only a restore gives an instance another id",
                instance.id, instance.vmid, old.vmid
            ));
        }
    }
    moved
}

/// The apps of a client by name, with domain and path.
fn apps(client: &Client) -> [(&'static str, Option<String>); 2] {
    let nextcloud = client.nextcloud.as_ref().map(|app| format!("{}{}", app.domain, app.path));
    let dolibarr = client.dolibarr.as_ref().map(|app| format!("{}{}", app.domain, app.path));
    [("Nextcloud", nextcloud), ("Dolibarr", dolibarr)]
}
