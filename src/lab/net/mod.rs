//! The lab's sockets: TLS for Proxmox, SSH for nodes, guests and jump hosts, NAT, control and transcript.
