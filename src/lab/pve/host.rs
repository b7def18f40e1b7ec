//! What Proxmox asks the node's own operating system about folders and mounts.

use crate::os::{Machine, disks};

/// Whether a path is a mount point on the node, with its disk plugged in.
pub fn is_mount(node: &Machine, path: &str) -> bool {
    disks::mounted_at(node, path).is_some_and(|disk| disk.present)
}

/// The size of the file system that carries a path, when it is not the root's.
pub fn file_system_bytes(node: &Machine, path: &str) -> Option<u64> {
    let (_, disk) = disks::mount_point_of(node, path);
    disk.map(|disk| disk.size_bytes)
}
