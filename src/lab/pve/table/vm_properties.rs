//! The property strings of a virtual machine's options: disks, network cards and the other devices.

use crate::pve::schema::{Param, alias, flag, integer, number, text};

/// What every disk has, whatever its bus.
pub(super) const DRIVE: &[Param] = &[
    text("aio").one_of(&["native", "threads", "io_uring"]),
    flag("backup"),
    integer("bps"),
    integer("bps_max_length").min(1.0),
    integer("bps_rd"),
    alias("bps_rd_length", "bps_rd_max_length"),
    integer("bps_rd_max_length").min(1.0),
    integer("bps_wr"),
    alias("bps_wr_length", "bps_wr_max_length"),
    integer("bps_wr_max_length").min(1.0),
    text("cache").one_of(&["none", "writethrough", "writeback", "unsafe", "directsync"]),
    flag("detect_zeroes"),
    text("discard").one_of(&["ignore", "on"]),
    text("file").required().format("pve-volume-id-or-qm-path").default_key(),
    text("format").one_of(&["raw", "qcow", "qed", "qcow2", "vmdk", "cloop"]),
    text("import-from").format("pve-volume-id-or-absolute-path"),
    integer("iops"),
    integer("iops_max"),
    integer("iops_max_length").min(1.0),
    integer("iops_rd"),
    alias("iops_rd_length", "iops_rd_max_length"),
    integer("iops_rd_max"),
    integer("iops_rd_max_length").min(1.0),
    integer("iops_wr"),
    alias("iops_wr_length", "iops_wr_max_length"),
    integer("iops_wr_max"),
    integer("iops_wr_max_length").min(1.0),
    number("mbps"),
    number("mbps_max"),
    number("mbps_rd"),
    number("mbps_rd_max"),
    number("mbps_wr"),
    number("mbps_wr_max"),
    text("media").one_of(&["cdrom", "disk"]),
    flag("replicate"),
    text("rerror").one_of(&["ignore", "report", "stop"]),
    text("serial").format("urlencoded").max_length(60),
    flag("shared"),
    text("size").format("disk-size"),
    flag("snapshot"),
    alias("volume", "file"),
    text("werror").one_of(&["enospc", "ignore", "report", "stop"]),
];

/// What an IDE disk has besides.
pub(super) const IDE_EXTRA: &[Param] = &[
    text("model").format("urlencoded").max_length(120),
    flag("ssd"),
    text("wwn").matching("(?:^(0x)[0-9a-fA-F]{16})"),
];

/// What a SATA disk has besides.
pub(super) const SATA_EXTRA: &[Param] = &[flag("ssd"), text("wwn").matching("(?:^(0x)[0-9a-fA-F]{16})")];

/// What a SCSI disk has besides.
pub(super) const SCSI_EXTRA: &[Param] = &[
    flag("iothread"),
    text("product").matching(r"[A-Za-z0-9\-_\s]{0,16}"),
    integer("queues").min(2.0),
    flag("ro"),
    flag("scsiblock"),
    flag("ssd"),
    text("vendor").matching(r"[A-Za-z0-9\-_\s]{0,8}"),
    text("wwn").matching("(?:^(0x)[0-9a-fA-F]{16})"),
];

/// What a VirtIO disk has besides.
pub(super) const VIRTIO_EXTRA: &[Param] = &[flag("iothread"), flag("ro")];

/// The property string of `agent`.
pub(super) const AGENT: &[Param] = &[
    flag("enabled").required().default_key(),
    flag("freeze-fs"),
    flag("fstrim_cloned_disks"),
    text("type").one_of(&["virtio", "isa"]),
    alias("freeze-fs-on-backup", "freeze-fs"),
    alias("guest-fsfreeze", "freeze-fs"),
];

/// The property string of `audio0`.
pub(super) const AUDIO: &[Param] = &[
    text("device").required().one_of(&["ich9-intel-hda", "intel-hda", "AC97"]),
    text("driver").one_of(&["spice", "none"]),
];

/// The property string of `efidisk0`.
pub(super) const EFIDISK: &[Param] = &[
    text("efitype").one_of(&["2m", "4m"]),
    text("file").required().format("pve-volume-id-or-qm-path").default_key(),
    text("format").one_of(&["raw", "qcow", "qed", "qcow2", "vmdk", "cloop"]),
    text("import-from").format("pve-volume-id-or-absolute-path"),
    text("ms-cert").one_of(&["2011", "2023", "2023w", "2023k"]),
    flag("pre-enrolled-keys"),
    text("size").format("disk-size"),
    alias("volume", "file"),
];

/// The property string of `ivshmem`.
pub(super) const IVSHMEM: &[Param] = &[text("name").matching(r"[a-zA-Z0-9\-]+"), integer("size").required().min(1.0)];

/// The property string of `machine`.
pub(super) const MACHINE: &[Param] = &[
    number("aw-bits").range(32.0, 64.0),
    flag("enable-s3"),
    flag("enable-s4"),
    text("type")
        .matching(concat!(
            r"(pc|pc(-i440fx)?-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|q35",
            r"|pc-q35-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|virt(?:-\d+(\.\d+)+)?(\+pve\d+)?)"
        ))
        .max_length(40)
        .default_key(),
    text("viommu").one_of(&["intel", "virtio"]),
];

/// The property string of `memory`.
pub(super) const MEMORY: &[Param] = &[integer("current").required().min(16.0).default_key()];

/// A network card.
pub(super) const NET: &[Param] = &[
    text("bridge").format("pve-bridge-id"),
    flag("firewall"),
    flag("link_down"),
    text("macaddr").format("mac-addr"),
    text("model")
        .required()
        .one_of(&[
            "e1000",
            "e1000-82540em",
            "e1000-82544gc",
            "e1000-82545em",
            "e1000e",
            "i82551",
            "i82557b",
            "i82559er",
            "ne2k_isa",
            "ne2k_pci",
            "pcnet",
            "rtl8139",
            "virtio",
            "vmxnet3",
        ])
        .default_key(),
    integer("mtu").range(1.0, 65520.0),
    integer("queues").range(0.0, 64.0),
    number("rate").min(0.0),
    integer("tag").range(1.0, 4094.0),
    text("trunks").matching(r"(?:\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*)"),
    alias("e1000", "macaddr").naming("model"),
    alias("e1000-82540em", "macaddr").naming("model"),
    alias("e1000-82544gc", "macaddr").naming("model"),
    alias("e1000-82545em", "macaddr").naming("model"),
    alias("e1000e", "macaddr").naming("model"),
    alias("i82551", "macaddr").naming("model"),
    alias("i82557b", "macaddr").naming("model"),
    alias("i82559er", "macaddr").naming("model"),
    alias("ne2k_isa", "macaddr").naming("model"),
    alias("ne2k_pci", "macaddr").naming("model"),
    alias("pcnet", "macaddr").naming("model"),
    alias("rtl8139", "macaddr").naming("model"),
    alias("virtio", "macaddr").naming("model"),
    alias("vmxnet3", "macaddr").naming("model"),
];

/// The property string of `numa`.
pub(super) const NUMA: &[Param] = &[
    text("cpus").required().matching(r"(?:\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*)"),
    text("hostnodes").matching(r"(?:\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*)"),
    number("memory"),
    text("policy").one_of(&["preferred", "bind", "interleave"]),
];

/// The property string of `spice_enhancements`.
pub(super) const SPICE_ENHANCEMENTS: &[Param] =
    &[flag("foldersharing"), text("videostreaming").one_of(&["off", "all", "filter"])];

/// The property string of `tpmstate0`.
pub(super) const TPMSTATE: &[Param] = &[
    text("file").required().format("pve-volume-id-or-qm-path").default_key(),
    text("format").one_of(&["raw", "qcow2", "vmdk"]),
    text("import-from").format("pve-volume-id-or-absolute-path"),
    text("size").format("disk-size"),
    text("version").one_of(&["v1.2", "v2.0"]),
    alias("volume", "file"),
];

/// The property string of `unused`.
pub(super) const UNUSED: &[Param] =
    &[text("file").required().format("pve-volume-id").default_key(), alias("volume", "file")];

/// The property string of `usb`.
pub(super) const USB: &[Param] = &[
    text("host")
        .matching(concat!(
            r"(?:(?:(?:(?:(0x)?([0-9A-Fa-f]{4}):(0x)?([0-9A-Fa-f]{4})))",
            r"|(?:(?:(\d+)\-(\d+(\.\d+)*)))|[Ss][Pp][Ii][Cc][Ee]))"
        ))
        .default_key(),
    text("mapping").format("pve-configid"),
    flag("usb3"),
];

/// The property string of `vga`.
pub(super) const VGA: &[Param] = &[
    text("clipboard").one_of(&["vnc"]),
    integer("memory").range(4.0, 512.0),
    text("type")
        .one_of(&[
            "cirrus",
            "qxl",
            "qxl2",
            "qxl3",
            "qxl4",
            "none",
            "serial0",
            "serial1",
            "serial2",
            "serial3",
            "std",
            "virtio",
            "virtio-gl",
            "vmware",
        ])
        .default_key(),
];

/// The property string of `virtiofs`.
pub(super) const VIRTIOFS: &[Param] = &[
    text("cache").one_of(&["auto", "always", "metadata", "never"]),
    flag("direct-io"),
    text("dirid").required().format("pve-configid").default_key(),
    flag("expose-acl"),
    flag("expose-xattr"),
];

const BASE64: &str = "[A-Za-z0-9+/]+={0,2}";
const HEX_ID: &str = "0x[0-9a-fA-F]{4}";
const PCI_IDS: &str = concat!(
    r"([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}(\.[0-9a-fA-F])?",
    r"(;([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}(\.[0-9a-fA-F])?)*"
);
const UUID: &str = "[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}";

/// Boot order: `pve-qm-boot`.
pub(super) const BOOT: &[Param] =
    &[text("legacy").matching("[acdn]{1,4}").default_key(), text("order").format("pve-qm-bootdev-list")];

/// Own cloud-init files: `pve-qm-cicustom`.
pub(super) const CICUSTOM: &[Param] = &[
    text("meta").format("pve-volume-id"),
    text("network").format("pve-volume-id"),
    text("user").format("pve-volume-id"),
    text("vendor").format("pve-volume-id"),
];

/// Addresses of a network card for cloud-init: `pve-qm-ipconfig`.
pub(super) const IPCONFIG: &[Param] = &[
    text("ip").format("pve-ipv4-config"),
    text("gw").format("ipv4").requires("ip"),
    text("ip6").format("pve-ipv6-config"),
    text("gw6").format("ipv6").requires("ip6"),
];

/// Random number generator: `pve-qm-rng`.
pub(super) const RNG: &[Param] = &[
    text("source").required().one_of(&["/dev/urandom", "/dev/random", "/dev/hwrng"]).default_key(),
    integer("max_bytes"),
    integer("period"),
];

/// Hardware identity: `pve-qm-smbios1`.
pub(super) const SMBIOS1: &[Param] = &[
    flag("base64"),
    text("family").matching(BASE64),
    text("manufacturer").matching(BASE64),
    text("product").matching(BASE64),
    text("serial").matching(BASE64),
    text("sku").matching(BASE64),
    text("uuid").matching(UUID),
    text("version").matching(BASE64),
];

/// Watchdog device: `pve-qm-watchdog`.
pub(super) const WATCHDOG: &[Param] = &[
    text("model").one_of(&["i6300esb", "ib700"]).default_key(),
    text("action").one_of(&["reset", "shutdown", "poweroff", "pause", "debug", "none"]),
];

/// Processor model: `pve-vm-cpu-conf`.
pub(super) const CPU: &[Param] = &[
    text("cputype").default_key(),
    text("flags").matching(r"[+-][a-zA-Z0-9\-_\.]+(;[+-][a-zA-Z0-9\-_\.]+)*"),
    integer("guest-phys-bits").range(32.0, 64.0),
    flag("hidden"),
    text("hv-vendor-id").matching("[a-zA-Z0-9]{1,12}"),
    integer("level").min(0.0),
    text("phys-bits").format("pve-phys-bits"),
    text("reported-model"),
];

/// AMD memory encryption: `pve-qemu-sev-fmt`.
pub(super) const SEV: &[Param] = &[
    text("type").required().one_of(&["std", "es", "snp"]).max_length(3).default_key(),
    flag("allow-smt"),
    flag("kernel-hashes"),
    flag("no-debug"),
    flag("no-key-sharing"),
];

/// Intel trust domain: `pve-qemu-tdx-fmt`.
pub(super) const TDX: &[Param] = &[
    text("type").required().one_of(&["tdx"]).default_key(),
    flag("attestation").required(),
    integer("vsock-cid").min(2.0),
    integer("vsock-port").min(0.0),
];

/// A device of the node handed to the guest: `pve-qm-hostpci`.
pub(super) const HOSTPCI: &[Param] = &[
    text("host").matching(PCI_IDS).default_key(),
    text("device-id").matching(HEX_ID),
    text("driver").one_of(&["vfio", "keep"]),
    flag("legacy-igd"),
    text("mapping").format("pve-configid"),
    text("mdev").matching(r"[^/\.:]+"),
    flag("pcie"),
    flag("rombar"),
    text("romfile").matching("[^,;]+"),
    text("sub-device-id").matching(HEX_ID),
    text("sub-vendor-id").matching(HEX_ID),
    text("vendor-id").matching(HEX_ID),
    flag("x-vga"),
];
