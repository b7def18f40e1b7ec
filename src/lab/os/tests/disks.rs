//! Disks and mounts of a node.

use crate::os::Disk;
use crate::os::testing::Lab;
use serde_json::Value;

const TIB: u64 = 1 << 40;

fn node() -> Lab {
    let mut system = Disk::blank("/dev/sda", "S3R1AL", "Samsung SSD 870", 500_000_000_000, false);
    system.partitions.push(Disk {
        path: "/dev/sda3".to_owned(),
        size_bytes: 499_000_000_000,
        filesystem: Some("LVM2_member".to_owned()),
        present: true,
        ..Disk::default()
    });
    Lab::node(vec![system, Disk::blank("/dev/sdb", "ZHDD42", "TOSHIBA HDWD120", 2 * TIB, true)])
}

fn json(lab: &mut Lab, line: &str) -> Value {
    let output = lab.root(line);
    assert_eq!(output.exit, 0, "{output:?}");
    serde_json::from_str(&output.stdout).expect("JSON")
}

#[test]
fn lsblk_finds_a_disk_by_its_serial_number() {
    let mut lab = node();
    let found = json(&mut lab, "lsblk -J -b -o NAME,PATH,SERIAL,SIZE,TYPE,FSTYPE,MOUNTPOINT,ROTA");
    let disks = found["blockdevices"].as_array().expect("a list");
    assert_eq!(disks[1]["serial"], "ZHDD42");
    assert_eq!(disks[1]["size"], 2 * TIB);
    assert_eq!(disks[1]["fstype"], Value::Null);
    assert_eq!(disks[0]["children"][0]["fstype"], "LVM2_member");
}

#[test]
fn without_a_terminal_a_disk_is_formatted_whatever_stands_on_it_unless_it_is_in_use() {
    let mut lab = node();
    assert_eq!(lab.root("blkid /dev/sdb").exit, 2);
    assert_eq!(lab.root("wipefs -n /dev/sdb").stdout, "");
    assert_eq!(lab.root("mkfs.ext4 -q -L backup /dev/sdb").exit, 0);
    assert_eq!(lab.root("blkid -s LABEL -o value /dev/sdb").stdout, "backup\n");
    assert!(lab.root("wipefs --no-act /dev/sdb").stdout.contains("ext4"));
    assert!(lab.root("wipefs --no-act /dev/sda").stdout.contains("gpt"));
    let again = lab.root("mkfs.ext4 -q -L other /dev/sdb");
    assert_eq!((again.exit, again.stdout.as_str(), again.stderr.as_str()), (0, "", ""), "nobody is asked");
    assert_eq!(lab.root("blkid -s LABEL -o value /dev/sdb").stdout, "other\n");
    lab.root("mkdir /mnt/hdd; mount /dev/sdb /mnt/hdd");
    let mounted = lab.root("mkfs.ext4 -q /dev/sdb");
    assert_eq!((mounted.exit, mounted.stderr.as_str()), (1, "/dev/sdb is mounted; will not make a filesystem here!\n"));
    let taken = "/dev/sda is apparently in use by the system; will not make a filesystem here!\n";
    let system = lab.root("mkfs.ext4 -q /dev/sda");
    assert_eq!((system.exit, system.stderr.as_str()), (1, taken), "a volume group holds a partition");
    assert_eq!(lab.root("blkid -s UUID -o value /dev/disk/by-id/ata-TOSHIBA_HDWD120_ZHDD42").stdout.trim().len(), 36);
}

#[test]
fn a_mount_shows_the_disks_files_and_hides_the_folders() {
    let mut lab = node();
    lab.root("mkfs.ext4 -q -L backup /dev/sdb; mkdir /mnt/hdd; echo below > /mnt/hdd/below");
    assert_eq!(lab.root("mountpoint -q /mnt/hdd; echo $?").stdout, "32\n");
    assert_eq!(lab.root("mount LABEL=backup /mnt/hdd && mountpoint -q /mnt/hdd; echo $?; ls /mnt/hdd").stdout, "0\n");
    lab.root("echo saved > /mnt/hdd/dump");
    assert_eq!(json(&mut lab, "findmnt -J /mnt/hdd")["filesystems"][0]["source"], "/dev/sdb");
    assert_eq!(lab.root("umount /mnt/hdd; ls /mnt/hdd; findmnt /mnt/hdd; echo $?").stdout, "below\n1\n");
    assert_eq!(lab.root("mount /dev/sdb /mnt/hdd; ls /mnt/hdd").stdout, "dump\n");
    assert_eq!(lab.root("mount /dev/sdz /mnt/hdd").exit, 32);
}

#[test]
fn a_mount_unit_survives_a_reboot_and_an_unplugged_disk() {
    let mut lab = node();
    lab.root("mkfs.ext4 -q /dev/sdb");
    let unit = "[Unit]\nDescription=Backup disk\n[Mount]\nWhat=/dev/disk/by-id/ata-TOSHIBA_HDWD120_ZHDD42\nWhere=/mnt/hdd\nType=ext4\n";
    lab.ssh("root", "cat > /etc/systemd/system/mnt-hdd.mount", unit);
    assert_eq!(
        lab.root("systemctl daemon-reload; systemctl enable --now mnt-hdd.mount; findmnt -n -o SOURCE /mnt/hdd").stdout,
        "/dev/sdb\n"
    );
    lab.root("echo saved > /mnt/hdd/dump; reboot");
    lab.pass_seconds(60);
    assert_eq!(lab.root("cat /mnt/hdd/dump; systemctl is-active mnt-hdd.mount").stdout, "saved\nactive\n");
    lab.machine.disks[1].present = false;
    lab.root("reboot");
    lab.pass_seconds(60);
    assert_eq!(lab.root("ls /mnt/hdd; systemctl is-active mnt-hdd.mount").stdout, "failed\n");
}

#[test]
fn fstab_is_mounted_at_boot_and_by_mount_a() {
    let mut lab = node();
    lab.root("mkfs.ext4 -q -L backup /dev/sdb; mkdir /mnt/hdd; echo 'LABEL=backup /mnt/hdd ext4 defaults,nofail 0 2' >> /etc/fstab");
    assert_eq!(lab.root("mount -a; mountpoint -q /mnt/hdd; echo $?").stdout, "0\n");
    lab.root("reboot");
    lab.pass_seconds(60);
    assert_eq!(
        lab.root("mountpoint /mnt/hdd; df -B1 --output=target,size /mnt/hdd/x/.. 2>&1 | tail -n 1").stdout,
        format!("/mnt/hdd is a mountpoint\n/mnt/hdd {}\n", 2 * TIB)
    );
}

#[test]
fn pvesh_calls_the_nodes_api_as_root() {
    use crate::os::{Exec, Host, run_on};
    let mut lab = node();
    let internet = lab.internet.clone();
    let servers = Default::default();
    let around = crate::world::Surroundings { seed: 7, now: lab.now, internet: &internet, servers: &servers };
    let mut asked = Vec::new();
    let mut api = |verb: &str, path: &str, params: &[(String, String)]| {
        asked.push(format!("{verb} {path} {params:?}"));
        if verb == "get" { Ok(serde_json::json!({"version": "9.2.3"})) } else { Err("403 no".to_owned()) }
    };
    let line =
        "pvesh get /version --output-format json; pvesh create /pools --poolid clients; pveversion | cut -d/ -f1";
    let exec =
        Exec { user: "root".to_owned(), argv: ["sh", "-c", line].map(str::to_owned).to_vec(), ..Exec::default() };
    let output = run_on(Host { machine: &mut lab.machine, pvesh: Some(&mut api) }, &exec, around);
    assert_eq!(output.stdout, "{\"version\":\"9.2.3\"}\npve-manager\n");
    assert_eq!(output.stderr, "403 no\n");
    assert_eq!(asked, ["get /version []", "create /pools [(\"poolid\", \"clients\")]"]);
}
