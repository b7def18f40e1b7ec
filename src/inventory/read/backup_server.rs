//! `backup-servers/ID.toml`.

use crate::domain::ids::BackupServerId;
use crate::domain::{hosts, keys};
use crate::inventory::model::BackupServer;
use crate::inventory::reader::Reader;

/// Reads a backup server. Nothing of it can contradict another file.
pub fn backup_server(id: &BackupServerId, reader: &Reader<'_>) -> Option<BackupServer> {
    let version = reader.whole::<i64>("version");
    let name = reader.words("name");
    let host = reader.text("host", hosts::host);
    let port = reader.whole("port");
    let tls_fingerprint = reader.text("tls_fingerprint", keys::tls_fingerprint);
    let datastore = reader.text("datastore", hosts::storage_id);
    let ours = reader.truth("ours");
    version?;
    Some(BackupServer {
        id: id.clone(),
        name: name?.value,
        host: host?.value,
        port: port?.value,
        tls_fingerprint: tls_fingerprint?.value,
        datastore: datastore?.value,
        ours: ours?.value,
    })
}
