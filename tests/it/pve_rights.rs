//! How permissions combine: paths, groups, pools, tokens.

use accolades::lab::pve::access::{Access, Group};
use accolades::lab::pve::call::{Caller, Refusal};

fn access() -> Access {
    let mut access = Access::with_root("secret");
    access.add_user("anna@pve", None);
    access.add_token("anna@pve", "own", true, "value");
    access.add_token("anna@pve", "full", false, "value");
    access
}

fn anna() -> Caller {
    Caller { user: "anna@pve".to_owned(), token: None }
}

fn token(name: &str) -> Caller {
    Caller { token: Some(name.to_owned()), ..anna() }
}

#[test]
fn permissions_are_inherited_from_the_nearest_path_that_names_the_holder() {
    let mut access = access();
    access.grant("/vms", "anna@pve", "PVEVMAdmin");
    access.grant("/vms/101", "anna@pve", "PVEAuditor");
    assert!(access.allowed(&anna(), "/vms/102", &["VM.Allocate"]));
    assert!(access.allowed(&anna(), "/vms/101", &["VM.Audit"]));
    assert!(!access.allowed(&anna(), "/vms/101", &["VM.Allocate"]), "the nearer entry replaces the one above");
    assert!(!access.allowed(&anna(), "/", &["VM.Audit"]));
}

#[test]
fn an_entry_that_is_not_inherited_counts_on_its_path_only() {
    let mut access = access();
    access.grant("/storage", "anna@pve", "PVEDatastoreUser");
    let entries = access.acl.get_mut("/storage").expect("granted");
    *entries.users.get_mut("anna@pve").expect("granted").get_mut("PVEDatastoreUser").expect("granted") = false;
    assert!(access.allowed(&anna(), "/storage", &["Datastore.Audit"]));
    assert!(!access.allowed(&anna(), "/storage/local", &["Datastore.Audit"]));
}

#[test]
fn a_group_gives_its_roles_unless_the_user_has_own_ones_there() {
    let mut access = access();
    access.groups.insert("staff".to_owned(), Group { users: ["anna@pve".to_owned()].into(), ..Group::default() });
    let entries = access.acl.entry("/vms".to_owned()).or_default();
    entries.groups.entry("staff".to_owned()).or_default().insert("PVEVMAdmin".to_owned(), true);
    assert!(access.allowed(&anna(), "/vms/101", &["VM.Allocate"]));
    access.grant("/vms", "anna@pve", "PVEAuditor");
    assert!(!access.allowed(&anna(), "/vms/101", &["VM.Allocate"]));
}

#[test]
fn no_access_beats_every_other_role() {
    let mut access = access();
    access.add_pool("clients", &[101], &[]);
    access.grant("/pool/clients", "anna@pve", "PVEVMAdmin");
    assert!(access.allowed(&anna(), "/vms/101", &["VM.Allocate"]));
    access.grant("/vms/101", "anna@pve", "NoAccess");
    assert!(access.permissions(&anna(), "/vms/101").is_empty());
}

#[test]
fn a_pool_inside_a_pool_inherits_for_its_members() {
    let mut access = access();
    access.add_pool("clients", &[], &[]);
    access.add_pool("clients/lilas", &[101], &["local-lvm"]);
    access.grant("/pool/clients", "anna@pve", "PVEVMAdmin");
    assert!(access.allowed(&anna(), "/vms/101", &["VM.Allocate"]));
    assert_eq!(access.pool_of(101), Some("clients/lilas"));
}

#[test]
fn a_token_without_separation_is_its_user_and_a_separated_one_is_less() {
    let mut access = access();
    access.grant("/vms", "anna@pve", "PVEVMUser");
    assert!(access.allowed(&token("full"), "/vms/101", &["VM.PowerMgmt"]));
    assert!(!access.allowed(&token("own"), "/vms/101", &["VM.PowerMgmt"]));
    access.grant("/vms/101", "anna@pve!own", "PVEVMAdmin");
    assert!(access.allowed(&token("own"), "/vms/101", &["VM.PowerMgmt"]));
    assert!(!access.allowed(&token("own"), "/vms/101", &["VM.Allocate"]), "the user does not have it");
    assert!(!access.allowed(&token("gone"), "/vms/101", &["VM.PowerMgmt"]));
}

#[test]
fn a_refusal_names_the_first_missing_privilege_or_all_that_would_do() {
    let mut access = access();
    access.grant("/vms", "anna@pve", "PVEAuditor");
    let refused = |text: &str| Err(Refusal::Status(403, format!("Permission check failed ({text})")));
    assert_eq!(access.require(&anna(), "/vms/1", &["VM.Audit", "VM.Clone", "VM.Backup"]), refused("/vms/1, VM.Clone"));
    let any = access.require_any(&anna(), "/vms/1", &["VM.Clone", "VM.Backup"]);
    assert_eq!(any, refused("/vms/1, VM.Clone|VM.Backup"));
}

#[test]
fn a_destroyed_machine_leaves_no_permissions_behind() {
    let mut access = access();
    access.add_pool("clients", &[], &[]);
    access.join_pool("clients", 101).expect("the pool is there");
    access.grant("/vms/101", "anna@pve", "PVEVMAdmin");
    access.forget_vm(101);
    assert_eq!(access.pool_of(101), None);
    assert!(!access.acl.contains_key("/vms/101"));
    assert!(access.join_pool("nowhere", 101).is_err());
}

#[test]
fn roles_of_proxmox_9_know_no_monitor() {
    let privileges = accolades::lab::pve::access::privileges::all();
    assert!(!privileges.contains("VM.Monitor"));
    assert!(privileges.contains("VM.GuestAgent.Unrestricted") && privileges.contains("VM.Replicate"));
}
