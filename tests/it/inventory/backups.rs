//! What the inventory says about backups, and what of it is refused.

use accolades::domain::backup::drill::Origin;
use accolades::domain::ids::{BackupServerId, InstanceId, SiteId};
use accolades::inventory::model::{Inventory, MODEL_VERSION, UnreadableModel};

use super::{example, example_with, mistakes};

const SITE: &str = "sites/croix-rousse.toml";
const SERVER: &str = "backup-servers/grange.toml";
const VERSION_LINE: &str = "version = 1\n";

/// The messages of all mistakes after a change.
fn told(changes: &[(&str, &str, &str)]) -> Vec<String> {
    let list = mistakes(&example_with(changes));
    list.list().iter().map(|mistake| format!("{}: {}", mistake.place.file, mistake.message)).collect()
}

/// The whole inventory after a change that is right.
fn read(changes: &[(&str, &str, &str)]) -> Inventory {
    accolades::inventory::check(&example_with(changes)).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// A table before the one that the example has.
fn with_backup(lines: &str) -> String {
    format!("[backup]\n{lines}\n\n[exposure]\n")
}

fn site(lines: &str) -> Vec<String> {
    told(&[(SITE, "[exposure]\n", &with_backup(lines))])
}

fn server(lines: &str) -> Vec<String> {
    told(&[(SERVER, VERSION_LINE, &format!("{VERSION_LINE}{lines}\n"))])
}

#[test]
fn inventory_backup_has_defaults_that_are_right_everywhere() {
    let inventory = read(&[("sites/friche.toml", VERSION_LINE, VERSION_LINE)]);
    let site = &inventory.sites[&SiteId::new("friche").unwrap()];
    assert_eq!((site.backup.local_schedule.as_str(), site.backup.remote_schedule.as_str()), ("01:15", "03:15"));
    assert_eq!(site.backup.local_keep.to_string(), "keep-daily=7,keep-weekly=4");
    let server = &inventory.backup_servers[&BackupServerId::new("grange").unwrap()];
    assert!(server.ours && server.pull.is_none());
    // Defaults that Proxmox reads otherwise than they look would be wrong on every site.
    let zone = inventory.site_zone(site);
    let backup = accolades::inventory::model::SiteBackup::default();
    let maintenance = accolades::inventory::model::Maintenance::default();
    for schedule in [
        &backup.local_schedule,
        &backup.remote_schedule,
        &maintenance.prune_schedule,
        &maintenance.gc_schedule,
        &maintenance.verify_schedule,
    ] {
        use accolades::domain::backup::calendar::{Reads, schedule as read};
        assert!(read(schedule, Reads::Server, &zone).is_ok(), "{schedule}");
    }
}

#[test]
fn inventory_reads_a_model_of_version_one() {
    let text = include_str!("../../fixtures/inventory/model1.json");
    let old: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
    assert_eq!(old["version"], 1);
    let inventory = Inventory::stored(old.clone()).expect("an older model is read");
    assert_eq!(inventory.version, MODEL_VERSION);
    let site = &inventory.sites[&SiteId::new("friche").unwrap()];
    assert_eq!(site.backup, accolades::inventory::model::SiteBackup::default());
    assert_eq!(inventory.clients.len(), 4);
    assert_eq!(Inventory::stored_text(text).expect("as text, too"), inventory);
    let mut newer = old;
    newer["version"] = (MODEL_VERSION + 1).into();
    assert!(matches!(Inventory::stored_text(&newer.to_string()), Err(UnreadableModel::Newer(_))));
    assert!(matches!(Inventory::stored(newer), Err(UnreadableModel::Newer(_))));
    assert!(matches!(Inventory::stored_text("{"), Err(UnreadableModel::Damaged(_))));
}

#[test]
fn inventory_backup_tells_zones_apart() {
    // The hour that Paris skips exists in UTC.
    assert_eq!(site("local_schedule = \"02:30\"").len(), 1);
    let utc = (SITE, "bridge = \"vmbr0\"", "bridge = \"vmbr0\"\ntime_zone = \"UTC\"");
    read(&[utc, (SITE, "[exposure]\n", &with_backup("local_schedule = \"02:30\""))]);
    let maintenance = "[maintenance]\ngc_schedule = \"02:30\"\n";
    assert_eq!(told_with_table("", maintenance).len(), 1);
    let table = format!("datastore = \"communs\"\n{maintenance}");
    let keys = format!("{VERSION_LINE}time_zone = \"UTC\"\n");
    read(&[(SERVER, VERSION_LINE, &keys), (SERVER, "datastore = \"communs\"\n", &table)]);
}

#[test]
fn inventory_backup_refuses_schedules_that_are_surely_not_meant() {
    for (schedule, words) in [
        ("02:00,14:00", "the comma"),
        ("25:00", "hours end at 23"),
        ("02", "a number without a colon"),
        ("*-2-30", "no such day"),
        ("2027-01-01 03:15", "names a year"),
        ("*/5", "less than 10 minutes apart"),
        ("02:30", "the clock skips 02:30"),
        ("mon-fri 03:15", "not a schedule"),
        ("every day", "not a schedule"),
    ] {
        for key in ["local_schedule", "remote_schedule"] {
            let told = site(&format!("{key} = \"{schedule}\""));
            assert!(told.len() == 1 && told[0].contains(words), "{schedule}: {told:#?}");
        }
    }
}

#[test]
fn inventory_backup_refuses_rules_that_keep_nothing_or_everything() {
    for rules in ["keep-daily=0", "keep-all=1", "daily=7", ""] {
        assert_eq!(site(&format!("local_keep = \"{rules}\"")).len(), 1, "{rules}");
    }
    read(&[(SITE, "[exposure]\n", &with_backup("local_keep = \"keep-last=3\""))]);
}

#[test]
fn inventory_refuses_a_remote_schedule_without_a_backup_server() {
    let told = told(&[
        (SITE, "backup_server = \"grange\"\n", ""),
        (SITE, "[exposure]\n", &with_backup("remote_schedule = \"04:15\"")),
    ]);
    assert_eq!(told, ["sites/croix-rousse.toml: site `croix-rousse` has no backup server"]);
}

#[test]
fn inventory_refuses_an_instance_that_would_share_a_pool() {
    let mut files = example().files;
    let text = files.remove("instances/ilot.toml").unwrap();
    files.insert("instances/drills.toml".to_owned(), text);
    let list = mistakes(&files);
    let told: Vec<&str> = list.list().iter().map(|mistake| mistake.message.as_str()).collect();
    assert!(told.contains(&"an instance cannot be called `drills`"), "{told:#?}");
}

#[test]
fn inventory_knows_a_partners_server_from_one_of_ours() {
    // The third place copies from it, and copies from our own servers only.
    let third = "backup-servers/moulin.toml: `grange` is not ours: it has no token that reads";
    let partner = "ours = false\nauth_id = \"invites@pbs!communs\"";
    let inventory = read(&[]);
    let read_server = &inventory.backup_servers[&BackupServerId::new("voisins").unwrap()];
    assert_eq!((read_server.ours, read_server.auth_id.as_deref()), (false, Some("invites@pbs!communs")));
    assert_eq!(
        server("ours = false"),
        ["backup-servers/grange.toml: a partner's server needs the token that the partner gave us", third]
    );
    assert_eq!(
        server("auth_id = \"a@pbs!b\""),
        ["backup-servers/grange.toml: `auth_id` has no meaning on a server of ours"]
    );
    assert_eq!(server("ours = false\nauth_id = \"invites@pbs\"").len(), 2);
    let told = told_with_table(partner, "[maintenance]\noutdated_after_days = 14\n");
    assert_eq!(
        told,
        ["backup-servers/grange.toml: `maintenance` is the partner's business on a server that is not ours", third]
    );
}

/// The server's file with keys at its top and a table at its end.
fn told_with_table(keys: &str, table: &str) -> Vec<String> {
    told(&[
        (SERVER, VERSION_LINE, &format!("{VERSION_LINE}{keys}\n")),
        (SERVER, "datastore = \"communs\"\n", &format!("datastore = \"communs\"\n{table}")),
    ])
}

#[test]
fn inventory_refuses_windows_that_bound_nothing_or_go_over_midnight() {
    let window = |lines: &str| told_with_table("", &format!("[[traffic]]\n{lines}\n"));
    assert_eq!(window("when = \"mon..fri 8:00-18:30\""), ["backup-servers/grange.toml: this window bounds nothing"]);
    assert_eq!(window("when = \"22:00-6:00\"\nin_kib_per_second = 512").len(), 1);
    assert_eq!(window("when = \"8:00-18:30\"\nin_kib_per_second = 1").len(), 1);
    let sound = "datastore = \"communs\"\n[[traffic]]\nwhen = \"mon..fri 8:00-18:30\"\nin_kib_per_second = 512\n";
    let inventory = read(&[(SERVER, "datastore = \"communs\"\n", sound)]);
    assert_eq!(inventory.backup_servers.values().next().unwrap().traffic.len(), 1);
}

/// A second server beside the first one.
fn second(changes: &[(&str, &str)]) -> Vec<String> {
    let mut files = example().files;
    let mut text = files[SERVER].replace("La Grange", "La Cave");
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    files.insert("backup-servers/cave.toml".to_owned(), text);
    match accolades::inventory::check(&files) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.list().iter().map(|mistake| mistake.message.clone()).collect(),
    }
}

const HOST: (&str, &str) = ("pbs.communs-numeriques.example", "cave.communs-numeriques.example");

#[test]
fn inventory_refuses_two_servers_in_one_part_of_a_datastore() {
    assert_eq!(second(&[]), ["`cave` and `grange` are the same part of one datastore"]);
    assert!(second(&[HOST]).is_empty());
    assert!(second(&[("datastore = \"communs\"", "datastore = \"ailleurs\"")]).is_empty());
    // One inside the other: the namespace of an instance could be that of the other's root.
    assert_eq!(second(&[("datastore", "namespace = \"ilot\"\ndatastore")]).len(), 1);
}

#[test]
fn inventory_refuses_copies_that_make_no_sense() {
    let pull =
        |from: &str| ("datastore = \"communs\"\n", format!("datastore = \"communs\"\n[pull]\nfrom = \"{from}\"\n"));
    let (old, new) = pull("grange");
    assert!(second(&[HOST, (old, &new)]).is_empty());
    let (old, new) = pull("cave");
    assert_eq!(second(&[HOST, (old, &new)]), ["`cave` fetches from itself"]);
    let (old, new) = pull("nulle-part");
    assert_eq!(second(&[HOST, (old, &new)]), ["backup server `nulle-part` is unknown"]);
    // A server to which sites write does not fetch, too.
    let told = told(&[(SERVER, "datastore = \"communs\"\n", "datastore = \"communs\"\n[pull]\nfrom = \"grange\"\n")]);
    assert!(told.iter().any(|line| line.contains("fetches from itself")), "{told:#?}");
}

/// The example with tables at the end of an instance's file.
fn instance(tables: &str) -> std::collections::BTreeMap<String, String> {
    let mut files = example().files;
    files.get_mut("instances/ilot.toml").expect("the example has it").push_str(tables);
    files
}

fn left_out(what: &str, why: &str) -> String {
    format!("\n[[without]]\nwhat = \"{what}\"\nwhy = \"{why}\"\n")
}

#[test]
fn inventory_says_what_is_left_out_of_an_instance_and_why() {
    let tables = left_out("remote-backup", "a line of 1 Mbit/s") + &left_out("local-drill", "too little memory");
    let inventory = accolades::inventory::check(&instance(&tables)).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let ilot = &inventory.instances[&InstanceId::new("ilot").unwrap()];
    let told = |origin| (ilot.without_backup(origin), ilot.without_drill(origin));
    // What is not backed up is not restored to test it, for the same reason.
    assert_eq!(told(Origin::Remote), (Some("a line of 1 Mbit/s"), Some("a line of 1 Mbit/s")));
    assert_eq!(told(Origin::Local), (None, Some("too little memory")));
    let other = &inventory.instances[&InstanceId::new("lilas").unwrap()];
    assert!(other.without.is_empty(), "nobody else is left out");
}

#[test]
fn inventory_says_where_the_sheet_of_a_key_is_kept() {
    let inventory =
        read(&[("instances/lilas.toml", VERSION_LINE, "version = 1\nkey_sheet_kept = \"coffre de Lyon\"\n")]);
    let kept = |id: &str| inventory.instances[&InstanceId::new(id).unwrap()].key_sheet_kept.as_deref();
    assert_eq!((kept("lilas"), kept("ilot")), (Some("coffre de Lyon"), None));
}

#[test]
fn inventory_refuses_to_leave_out_the_same_twice_something_unknown_or_without_a_reason() {
    let told = |tables: &str| -> Vec<String> {
        mistakes(&instance(tables)).list().iter().map(|mistake| mistake.message.clone()).collect()
    };
    let once = left_out("remote-drill", "a slow line");
    assert_eq!(told(&format!("{once}{once}")), ["this is left out twice"]);
    assert_eq!(told(&left_out("third-drill", "a slow line")).len(), 1);
    assert_eq!(told(&left_out("remote-drill", "")).len(), 1);
    assert_eq!(told("\n[[without]]\nwhat = \"remote-drill\"\n").len(), 1);
}
