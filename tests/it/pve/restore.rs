//! Restoring: what is asked, and what is made of the answers.

use std::collections::BTreeMap;

use accolades::domain::ids::VmId;
use accolades::pve::RestoreVm;
use accolades::util::remote::Sent;
use serde_json::json;

use super::node::{Node, Reply};

const VM: VmId = VmId(1999);
const UPID: &str = "UPID:pve1:00000001:00000002:68C0FFEE:qmrestore:1999:coop@pve!app:";

fn order() -> RestoreVm {
    RestoreVm {
        archive: "hdd:backup/vzdump-qemu-1001-2026_11_20-01_15_00.vma.zst".to_owned(),
        vmid: VM,
        storage: "local-lvm".to_owned(),
        pool: "accolades-drills".to_owned(),
        bwlimit_kib: None,
        options: BTreeMap::from([("onboot".to_owned(), "0".to_owned())]),
    }
}

#[tokio::test]
async fn pve_a_restore_names_its_pool_and_never_overwrites_or_starts() {
    let node = Node::start(vec![Reply::data(json!(UPID))]).await;
    let upid = node.client().restore_vm(&RestoreVm { bwlimit_kib: Some(2048), ..order() }).await.unwrap();
    assert_eq!((upid.kind.as_str(), upid.id.as_str()), ("qmrestore", "1999"));
    let request = &node.requests()[0];
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/api2/json/nodes/pve1/qemu"));
    let mut sent: Vec<&str> = request.body.split('&').collect();
    sent.sort_unstable();
    assert_eq!(
        sent,
        [
            "archive=hdd%3Abackup%2Fvzdump-qemu-1001-2026_11_20-01_15_00.vma.zst",
            "bwlimit=2048",
            "onboot=0",
            "pool=accolades-drills",
            "storage=local-lvm",
            "unique=1",
            "vmid=1999",
        ]
    );
}

#[tokio::test]
async fn pve_an_id_that_is_taken_is_no_machine_of_ours() {
    let taken = Reply::status(
        "500 x",
        r#"{"data":null,"message":"unable to restore VM 1999 - VM 1999 already exists on node 'pve1'\n"}"#,
    );
    let error = Node::start(vec![taken]).await.client().restore_vm(&order()).await.unwrap_err();
    assert!(error.already_exists(), "{error}");
    assert_eq!(error.sent(), Sent::No);
}

#[tokio::test]
async fn pve_a_restore_whose_answer_was_lost_may_be_under_way() {
    for reply in [Reply::Cut, Reply::HalfAnswer, Reply::status("596 Connection timed out", "")] {
        let error = Node::start(vec![reply]).await.client().restore_vm(&order()).await.unwrap_err();
        assert_eq!(error.sent(), Sent::Maybe, "{error}");
    }
}

#[tokio::test]
async fn pve_backups_are_listed_with_what_the_server_found() {
    let listed = json!([
        { "volid": "pbs-lilas:backup/vm/1001/2026-11-20T02:15:00Z", "content": "backup", "format": "pbs-vm",
          "size": "3221225472", "ctime": 1_795_140_900, "vmid": "1001", "subtype": "qemu", "encrypted": "ab:cd",
          "verification": { "state": "failed", "upid": "UPID:x" }, "protected": 1 },
        { "volid": "hdd:backup/vzdump-qemu-1001-2026_11_19-01_15_00.vma.zst", "content": "backup", "format": "vma.zst",
          "size": 1, "ctime": 1_795_050_000, "vmid": 1001, "subtype": "qemu" },
    ]);
    let node = Node::start(vec![Reply::data(listed)]).await;
    let [remote, local] =
        node.client().volumes("pbs-lilas", Some("backup"), Some(VmId(1001))).await.unwrap().try_into().unwrap();
    assert_eq!(
        (remote.size, remote.vmid, remote.encrypted.as_deref()),
        (3_221_225_472, Some(VmId(1001)), Some("ab:cd"))
    );
    assert_eq!(remote.verification.map(|found| found.state).as_deref(), Some("failed"));
    assert_eq!((local.verification, local.encrypted), (None, None), "a file is never verified by anybody");
    let target = &node.requests()[0].target;
    assert!(target.ends_with("/nodes/pve1/storage/pbs-lilas/content?content=backup&vmid=1001"), "{target}");
}

#[tokio::test]
async fn pve_the_saved_configuration_is_a_text() {
    let text =
        "#about\nmemory: 4096\nnet0: virtio=BC:24:11:00:03:E9,bridge=vmbr0\nscsi0: local-lvm:vm-1001-disk-0,size=80G\n";
    let node = Node::start(vec![Reply::data(json!(text))]).await;
    let saved = node.client().saved_config("hdd:backup/x.vma.zst").await.unwrap();
    assert_eq!((saved.memory_mib(), saved.disks().next()), (4096, Some(("scsi0", Some(80 << 30)))));
    let target = &node.requests()[0].target;
    assert!(target.ends_with("/nodes/pve1/vzdump/extractconfig?volume=hdd%3Abackup%2Fx.vma.zst"), "{target}");
}
