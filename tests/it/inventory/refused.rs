//! One test per rule: a single change to the example, and the words in which it is refused.

use super::{example_with, mistakes};

/// The messages of all mistakes with the files of their other places: `FILE: MESSAGE [OTHER FILE]`.
fn told(change: (&str, &str, &str)) -> Vec<String> {
    let tell = |mistake: &accolades::inventory::Mistake| {
        let also: String = mistake.also.iter().map(|(place, _)| format!(" [{}]", place.file)).collect();
        format!("{}: {}{also}", mistake.place.file, mistake.message)
    };
    mistakes(&example_with(&[change])).list().iter().map(tell).collect()
}

/// Each line: the test's name, the file, what is replaced by what, and a mistake that is told.
macro_rules! refused {
    ($($name:ident: $file:literal, $old:literal => $new:literal, $told:literal;)*) => {
        $(
            #[test]
            fn $name() {
                let told = told(($file, $old, $new));
                assert!(told.iter().any(|line| line == $told), "told: {told:#?}");
            }
        )*
    };
}

// Keys and types.
refused! {
    inventory_refuses_unknown_key: "instances/ilot.toml", "cores = 2" => "core = 2",
        "instances/ilot.toml: unknown key `core` in instances/ID.toml";
    inventory_refuses_unknown_table: "clients/atelier-lilas.toml", "[nextcloud]" => "[next_cloud]",
        "clients/atelier-lilas.toml: unknown key `next_cloud` in clients/ID.toml";
    inventory_refuses_missing_key: "instances/ilot.toml", "memory_mib = 6144\n" => "",
        "instances/ilot.toml: `memory_mib` is missing in instances/ID.toml";
    inventory_refuses_text_for_number: "instances/ilot.toml", "cores = 2" => "cores = \"2\"",
        "instances/ilot.toml: `cores` must be a whole number from 1 to 128, not a text";
    inventory_refuses_number_for_text: "clients/atelier-lilas.toml", "postcode = \"69004\"" => "postcode = 69004",
        "clients/atelier-lilas.toml: `postcode` must be a text in quotes, not a whole number";
    inventory_refuses_text_for_day: "instances/ilot.toml", "from = 2026-10-01" => "from = \"2026-10-01\"",
        "instances/ilot.toml: `from` must be a day without quotes, not a text";
    inventory_refuses_moment_for_day: "instances/ilot.toml", "from = 2026-10-01" => "from = 2026-10-01T08:00:00",
        "instances/ilot.toml: `from` must be a day without quotes, not a moment with a time";
    inventory_refuses_day_that_does_not_exist: "clients/atelier-lilas.toml", "from = 2026-09-01" => "from = 2026-02-30",
        "clients/atelier-lilas.toml: 30 February 2026 does not exist";
    inventory_refuses_month_that_does_not_exist: "clients/atelier-lilas.toml", "start = 2026-09-01" => "start = 2026-13-01",
        "clients/atelier-lilas.toml: month 13 does not exist";
    inventory_refuses_price_as_float: "clients/atelier-lilas.toml", "price = \"39.00\"" => "price = 39.00",
        "clients/atelier-lilas.toml: `price` must be a price in quotes, not a number with a fraction";
    inventory_refuses_price_with_one_digit: "clients/atelier-lilas.toml", "price = \"39.00\"" => "price = \"39.0\"",
        "clients/atelier-lilas.toml: `39.0` is not a price";
    inventory_refuses_price_with_comma: "clients/atelier-lilas.toml", "price = \"65.00\"" => "price = \"65,00\"",
        "clients/atelier-lilas.toml: `65,00` is not a price";
    inventory_refuses_unknown_word: "clients/atelier-lilas.toml", "overage = \"ask\"" => "overage = \"asks\"",
        "clients/atelier-lilas.toml: `asks` is not one of `ask`, `pre-approved`";
    inventory_refuses_another_version: "instances/ilot.toml", "version = 1" => "version = 2",
        "instances/ilot.toml: `version` is 2, it must be 1";
    inventory_refuses_text_for_list: "clients/atelier-lilas.toml", "lines = [\"12 rue des Lilas\"]" => "lines = \"12 rue des Lilas\"",
        "clients/atelier-lilas.toml: `lines` must be a list of texts in quotes, not a text";
    inventory_refuses_doubled_entry: "clients/atelier-lilas.toml", "\"projet\"]" => "\"facture\"]",
        "clients/atelier-lilas.toml: `facture` is there twice [clients/atelier-lilas.toml]";
    inventory_refuses_empty_text: "clients/atelier-lilas.toml", "name = \"Atelier des Lilas\"" => "name = \"\"",
        "clients/atelier-lilas.toml: this text is empty";
    inventory_refuses_key_twice: "instances/ilot.toml", "cores = 2" => "cores = 2\ncores = 4",
        "instances/ilot.toml: `cores` is there twice [instances/ilot.toml]";
    inventory_refuses_person_twice: "clients/atelier-lilas.toml", "[persons.jules]" => "[persons.camille]",
        "clients/atelier-lilas.toml: `camille` is there twice [clients/atelier-lilas.toml]";
    inventory_refuses_person_id_that_is_none: "clients/atelier-lilas.toml", "[persons.jules]" => "[persons.Jules]",
        "clients/atelier-lilas.toml: `Jules` is not an identifier: lower-case letters, digits and single dashes, a letter first, at most 32 characters";
}

// The co-operative.
refused! {
    inventory_refuses_time_zone: "cooperative.toml", "Europe/Paris" => "Europe/Lyon",
        "cooperative.toml: time zone `Europe/Lyon` is unknown";
    inventory_refuses_system_account_as_admin: "cooperative.toml", "\"technique\"" => "\"debian\"",
        "cooperative.toml: username `debian` is an account of the system";
    inventory_refuses_reserved_admin: "cooperative.toml", "\"technique\"" => "\"admin\"",
        "cooperative.toml: username `admin` is reserved by YunoHost";
    inventory_refuses_empty_vm_range: "cooperative.toml", "last = 1999" => "last = 999",
        "cooperative.toml: the range of VM ids is empty: 1000 comes after 999 [cooperative.toml]";
    inventory_refuses_vm_range_below_100: "cooperative.toml", "first = 1000" => "first = 99",
        "cooperative.toml: `first` is 99, it must be 100 to 999999999";
    inventory_refuses_damaged_ssh_key: "cooperative.toml", "ssh-ed25519 AAAA" => "ssh-ed25519 AAAB",
        "cooperative.toml: this is not an OpenSSH public key";
    inventory_refuses_old_ssh_key_type: "cooperative.toml", "\"ssh-ed25519 AAAA" => "\"ssh-dss AAAA",
        "cooperative.toml: this public key says `ssh-dss` but its content is of another type";
    inventory_refuses_private_ssh_key: "cooperative.toml", "\"ssh-ed25519 AAAA" => "\"-----BEGIN OPENSSH PRIVATE KEY----- AAAA",
        "cooperative.toml: this is a private key: it must not be in the inventory";
    inventory_refuses_image_name_img: "cooperative.toml", "filename = \"debian-12-genericcloud-amd64.qcow2\"" => "filename = \"debian-12-genericcloud-amd64.img\"",
        "cooperative.toml: `debian-12-genericcloud-amd64.img` is not the name of an image that Proxmox imports";
    inventory_refuses_image_address_without_scheme: "cooperative.toml", "https://images" => "images",
        "cooperative.toml: `images.communs-numeriques.example/debian-12-genericcloud-amd64.qcow2` is not a download address";
    inventory_refuses_short_sha512: "cooperative.toml", "sha512 = \"" => "sha512 = \"0",
        "cooperative.toml: this is not a SHA-512 checksum";
    inventory_refuses_relay_host_with_port: "cooperative.toml", "\"smtp.relais.example\"" => "\"smtp.relais.example:587\"",
        "cooperative.toml: `smtp.relais.example:587` is neither an IP address nor a host name";
    inventory_refuses_relay_port: "cooperative.toml", "port = 587" => "port = 99999",
        "cooperative.toml: `port` is 99999, it must be 1 to 65535";
    inventory_refuses_relay_username_with_hash: "cooperative.toml", "username = \"communs-numeriques\"" => "username = \"communs#1\"",
        "cooperative.toml: `communs#1` is not an account at a mail provider";
    inventory_refuses_whole_spf_record: "cooperative.toml", "\"include:spf.relais.example\"" => "\"v=spf1 include:spf.relais.example -all\"",
        "cooperative.toml: `v=spf1 include:spf.relais.example -all` is not a part of an SPF record";
}

// Sites.
refused! {
    inventory_refuses_node_name_with_point: "sites/croix-rousse.toml", "name = \"pve1\"" => "name = \"pve1.lan\"",
        "sites/croix-rousse.toml: `pve1.lan` is not the name of a Proxmox node";
    inventory_refuses_sha1_fingerprint: "backup-servers/grange.toml", "tls_fingerprint = \"A" => "tls_fingerprint = \"A:A",
        "backup-servers/grange.toml: this is not the SHA-256 fingerprint of a certificate";
    inventory_refuses_host_key_of_another_type: "sites/croix-rousse.toml", "ssh_host_key = \"ssh-ed25519 " => "ssh_host_key = \"ssh-rsa ",
        "sites/croix-rousse.toml: this public key says `ssh-rsa` but its content is of another type";
    inventory_refuses_storage_id: "sites/croix-rousse.toml", "vm_storage = \"local-lvm\"" => "vm_storage = \"local lvm\"",
        "sites/croix-rousse.toml: `local lvm` is not the id of a Proxmox storage";
    inventory_refuses_bridge: "sites/croix-rousse.toml", "bridge = \"vmbr0\"" => "bridge = \"vmbr-zero\"",
        "sites/croix-rousse.toml: `vmbr-zero` is not the name of a bridge";
    inventory_refuses_disk_serial: "sites/croix-rousse.toml", "\"WD-WX11D0000001\"" => "\"/dev/sdb\"",
        "sites/croix-rousse.toml: `/dev/sdb` is not the serial number of a disk";
    inventory_refuses_resolver: "sites/croix-rousse.toml", "nameservers = [\"192.168.10.1\"]" => "nameservers = [\"dns.example\"]",
        "sites/croix-rousse.toml: `dns.example` is not an IP address";
    inventory_refuses_no_resolver: "sites/croix-rousse.toml", "nameservers = [\"192.168.10.1\"]" => "nameservers = []",
        "sites/croix-rousse.toml: `nameservers` is empty: at least 1 is needed";
    inventory_refuses_jump_without_host: "sites/croix-rousse.toml", "host = \"203.0.113.10\"\n" => "",
        "sites/croix-rousse.toml: `host` is missing in [reach]";
    inventory_refuses_jump_keys_for_direct: "sites/croix-rousse.toml", "by = \"jump\"" => "by = \"direct\"",
        "sites/croix-rousse.toml: `host` has no meaning when `by` is `direct` [sites/croix-rousse.toml]";
    inventory_refuses_relay_without_address: "sites/friche.toml", "public4 = \"203.0.113.10\"\n" => "",
        "sites/friche.toml: a relay needs its public address";
    inventory_refuses_private_public_address: "sites/croix-rousse.toml", "public4 = \"203.0.113.20\"" => "public4 = \"192.168.1.1\"",
        "sites/croix-rousse.toml: `192.168.1.1` is not a public address";
    inventory_refuses_unknown_backup_server: "sites/croix-rousse.toml", "backup_server = \"grange\"" => "backup_server = \"granges\"",
        "sites/croix-rousse.toml: backup server `granges` is unknown";
}

// Instances.
refused! {
    inventory_refuses_vmid_twice: "instances/ilot.toml", "vmid = 1002" => "vmid = 1001",
        "instances/lilas.toml: vmid 1001 belongs to `ilot` and to `lilas` [instances/ilot.toml]";
    inventory_refuses_vmid_below_100: "instances/ilot.toml", "vmid = 1002" => "vmid = 99",
        "instances/ilot.toml: `vmid` is 99, it must be 100 to 999999999";
    inventory_refuses_vmid_outside_the_range: "instances/ilot.toml", "vmid = 1002" => "vmid = 2000",
        "instances/ilot.toml: vmid 2000 lies outside the reserved range [cooperative.toml]";
    inventory_refuses_vmid_of_a_template: "sites/croix-rousse.toml", "bridge =" => "template = 1002\nbridge =",
        "instances/ilot.toml: vmid 1002 of `ilot` is the template of site `croix-rousse` [sites/croix-rousse.toml]";
    inventory_refuses_small_disk: "instances/ilot.toml", "disk_gib = 80" => "disk_gib = 15",
        "instances/ilot.toml: `disk_gib` is 15, it must be 16 to 16384";
    inventory_refuses_little_memory: "instances/ilot.toml", "memory_mib = 6144" => "memory_mib = 512",
        "instances/ilot.toml: `memory_mib` is 512, it must be 1024 to 1048576";
    inventory_refuses_unknown_site: "instances/ilot.toml", "site = \"friche\"" => "site = \"frich\"",
        "instances/ilot.toml: site `frich` is unknown";
    inventory_refuses_address_without_length: "instances/ilot.toml", "192.168.20.20/24" => "192.168.20.20",
        "instances/ilot.toml: `192.168.20.20` is not an IPv4 address with its network";
    inventory_refuses_gateway_as_address: "instances/ilot.toml", "192.168.20.20/24" => "192.168.20.1/24",
        "instances/ilot.toml: 192.168.20.1 is the gateway of site `friche` [sites/friche.toml]";
    inventory_refuses_node_as_address: "instances/ilot.toml", "192.168.20.20/24" => "192.168.20.2/24",
        "instances/ilot.toml: 192.168.20.2 is the node's own address [sites/friche.toml]";
    inventory_refuses_network_as_address: "instances/ilot.toml", "192.168.20.20/24" => "192.168.20.0/24",
        "instances/ilot.toml: `192.168.20.0` is the address of the network itself";
    inventory_refuses_broadcast_as_address: "instances/ilot.toml", "192.168.20.20/24" => "192.168.20.255/24",
        "instances/ilot.toml: `192.168.20.255` is the broadcast address of its network";
    inventory_refuses_address_outside_the_network: "instances/ilot.toml", "192.168.20.20/24" => "192.168.21.20/24",
        "instances/ilot.toml: 192.168.21.0/24 does not contain the gateway of site `friche` [sites/friche.toml]";
    inventory_refuses_ipv6_without_gateway: "instances/ilot.toml", "site = \"friche\"" => "site = \"friche\"\naddress6 = \"2001:db8:7::20/64\"",
        "instances/ilot.toml: site `friche` has no IPv6 gateway [sites/friche.toml]";
    inventory_refuses_ipv6_outside_the_network: "instances/lilas.toml", "2001:db8:69::20/64" => "2001:db8:70::20/64",
        "instances/lilas.toml: 2001:db8:70::/64 does not contain the gateway of site `croix-rousse` [sites/croix-rousse.toml]";
    inventory_refuses_main_domain_of_nobody: "instances/ilot.toml", "main_domain = \"claire-voyer.example\"" => "main_domain = \"claire.example\"",
        "instances/ilot.toml: `claire.example` is not a domain of a client on instance `ilot`";
    inventory_refuses_main_domain_of_another_instance: "instances/ilot.toml", "main_domain = \"claire-voyer.example\"" => "main_domain = \"atelier-lilas.example\"",
        "instances/ilot.toml: `atelier-lilas.example` is not a domain of a client on instance `ilot` [clients/atelier-lilas.toml]";
    inventory_refuses_upper_case_domain: "instances/ilot.toml", "main_domain = \"claire-voyer.example\"" => "main_domain = \"Claire-voyer.example\"",
        "instances/ilot.toml: domain `Claire-voyer.example` has upper-case letters, which YunoHost refuses";
    inventory_refuses_placements_out_of_order: "instances/ilot.toml", "[[placements]]\n" => "[[placements]]\nfrom = 2026-11-01\nsite = \"friche\"\naddress4 = \"192.168.20.20/24\"\n\n[[placements]]\n",
        "instances/ilot.toml: `placements` are not in order: 2026-10-01 does not come after 2026-11-01 [instances/ilot.toml]";
    inventory_refuses_no_placement: "instances/ilot.toml", "[[placements]]\nfrom = 2026-10-01\nsite = \"friche\"\naddress4 = \"192.168.20.20/24\"\n" => "placements = []\n",
        "instances/ilot.toml: `placements` is empty";
}

// Identities.
refused! {
    inventory_refuses_siren_check_digit: "clients/atelier-lilas.toml", "siren = \"000002022\"" => "siren = \"000002032\"",
        "clients/atelier-lilas.toml: the check digit of SIREN `000002032` is wrong";
    inventory_refuses_siren_with_spaces: "clients/atelier-lilas.toml", "siren = \"000002022\"" => "siren = \"000 002 022\"",
        "clients/atelier-lilas.toml: `000 002 022` is not a SIREN";
    inventory_refuses_siret_check_digit: "clients/atelier-lilas.toml", "siret = \"00000202200010\"" => "siret = \"00000202200011\"",
        "clients/atelier-lilas.toml: the check digit of SIRET `00000202200011` is wrong";
    inventory_refuses_siret_of_another_siren: "clients/atelier-lilas.toml", "siret = \"00000202200010\"" => "siret = \"00000303800015\"",
        "clients/atelier-lilas.toml: SIRET `00000303800015` contains SIREN 000003038, not 000002022 [clients/atelier-lilas.toml]";
    inventory_refuses_vat_number_key: "clients/atelier-lilas.toml", "\"FR64000002022\"" => "\"FR65000002022\"",
        "clients/atelier-lilas.toml: the key of VAT number `FR65000002022` is wrong";
    inventory_refuses_vat_number_of_another_siren: "clients/atelier-lilas.toml", "\"FR64000002022\"" => "\"FR19000004044\"",
        "clients/atelier-lilas.toml: VAT number `FR19000004044` contains SIREN 000004044, not 000002022 [clients/atelier-lilas.toml]";
    inventory_refuses_company_without_siren: "clients/claire-voyer.toml", "siren = \"000003038\"\nsiret = \"00000303800015\"\n" => "",
        "clients/claire-voyer.toml: this identity needs a `siren` [clients/claire-voyer.toml]";
    inventory_refuses_public_body_without_siret: "clients/mairie-valsonne.toml", "siret = \"00000505800011\"\n" => "",
        "clients/mairie-valsonne.toml: this identity needs a `siret`: Chorus Pro finds public bodies by it [clients/mairie-valsonne.toml]";
    inventory_refuses_association_without_number: "clients/claire-voyer.toml", "vat = \"exempt\"\nsiren = \"000003038\"\nsiret = \"00000303800015\"\n" => "vat = \"non-taxable\"\n",
        "clients/claire-voyer.toml: this identity needs a `siren` or an `rna` [clients/claire-voyer.toml]";
    inventory_refuses_rna: "clients/claire-voyer.toml", "vat = \"exempt\"\n" => "vat = \"non-taxable\"\nrna = \"691234567\"\n",
        "clients/claire-voyer.toml: `691234567` is not an RNA number";
    inventory_refuses_french_postcode: "clients/atelier-lilas.toml", "postcode = \"69004\"" => "postcode = \"6904\"",
        "clients/atelier-lilas.toml: `6904` is not a French postal code";
    inventory_refuses_country: "clients/atelier-lilas.toml", "city = \"Lyon\"\n" => "city = \"Lyon\"\ncountry = \"France\"\n",
        "clients/atelier-lilas.toml: `France` is not a country code";
}

// Contacts and contracts.
refused! {
    inventory_refuses_contact_on_the_own_instance: "clients/claire-voyer.toml", "claire.voyer@courriel.example" => "claire@claire-voyer.example",
        "clients/claire-voyer.toml: `claire@claire-voyer.example` does not work when the instance is down [clients/claire-voyer.toml]";
    inventory_refuses_contact_on_the_neighbours_domain: "clients/studio-brume.toml", "malo.kervella@courriel.example" => "malo@claire-voyer.example",
        "clients/studio-brume.toml: `malo@claire-voyer.example` does not work when the instance is down [clients/claire-voyer.toml]";
    inventory_refuses_contact_on_a_domain_without_mail: "clients/atelier-lilas.toml", "camille.morel@courriel.example" => "camille@lilas-archi.example",
        "clients/atelier-lilas.toml: `camille@lilas-archi.example` receives no mail [clients/atelier-lilas.toml]";
    inventory_refuses_contact_without_at: "clients/atelier-lilas.toml", "camille.morel@courriel.example" => "camille.morel",
        "clients/atelier-lilas.toml: `camille.morel` is not an e-mail address";
    inventory_refuses_contact_without_role: "clients/atelier-lilas.toml", "roles = [\"billing\"]" => "roles = []",
        "clients/atelier-lilas.toml: `roles` is empty: at least 1 is needed";
    inventory_refuses_nobody_for_invoices: "clients/atelier-lilas.toml", "roles = [\"billing\"]" => "roles = [\"technical\"]",
        "clients/atelier-lilas.toml: no contact has the role `billing`";
    inventory_refuses_nobody_who_approves: "clients/atelier-lilas.toml", "\"approver\", " => "",
        "clients/atelier-lilas.toml: no contact has the role `approver`, but overage is asked for [clients/atelier-lilas.toml]";
    inventory_refuses_contract_that_ends_before_it_starts: "clients/atelier-lilas.toml", "minimum_seats = 5" => "end = 2026-08-31",
        "clients/atelier-lilas.toml: the contract ends on 2026-08-31, before it starts on 2026-09-01 [clients/atelier-lilas.toml]";
    inventory_refuses_seat_price_after_the_start: "clients/atelier-lilas.toml", "from = 2026-09-01\nprice = \"39.00\"" => "from = 2026-10-01\nprice = \"39.00\"",
        "clients/atelier-lilas.toml: the first seat price begins on 2026-10-01, the contract on 2026-09-01 [clients/atelier-lilas.toml]";
    inventory_refuses_hourly_price_before_the_start: "clients/atelier-lilas.toml", "from = 2026-09-01\nprice = \"65.00\"" => "from = 2026-08-01\nprice = \"65.00\"",
        "clients/atelier-lilas.toml: an hourly price begins on 2026-08-01, before the contract on 2026-09-01 [clients/atelier-lilas.toml]";
    inventory_refuses_prices_out_of_order: "clients/atelier-lilas.toml", "price = \"39.00\"" => "price = \"39.00\"\n\n[[contract.seat_prices]]\nfrom = 2026-09-01\nprice = \"41.00\"",
        "clients/atelier-lilas.toml: `seat_prices` are not in order: 2026-09-01 does not come after 2026-09-01 [clients/atelier-lilas.toml]";
}

// Domains and apps.
refused! {
    inventory_refuses_domain_twice: "clients/atelier-lilas.toml", "name = \"lilas-archi.example\"" => "name = \"atelier-lilas.example\"",
        "clients/atelier-lilas.toml: domain `atelier-lilas.example` is there twice [clients/atelier-lilas.toml]";
    inventory_refuses_domain_of_two_clients: "clients/atelier-lilas.toml", "name = \"lilas-archi.example\"" => "name = \"studio-brume.example\"",
        "clients/studio-brume.toml: domain `studio-brume.example` belongs to `atelier-lilas` and to `studio-brume` [clients/atelier-lilas.toml]";
    inventory_refuses_domain_with_accent: "clients/atelier-lilas.toml", "name = \"lilas-archi.example\"" => "name = \"lilas-métiers.example\"",
        "clients/atelier-lilas.toml: domain `lilas-métiers.example` has letters outside a-z";
    inventory_refuses_domain_without_point: "clients/atelier-lilas.toml", "name = \"lilas-archi.example\"" => "name = \"lilas\"",
        "clients/atelier-lilas.toml: `lilas` is not a domain";
    inventory_refuses_app_on_a_foreign_domain: "clients/atelier-lilas.toml", "[nextcloud]\ndomain = \"atelier-lilas.example\"" => "[nextcloud]\ndomain = \"claire-voyer.example\"",
        "clients/atelier-lilas.toml: `claire-voyer.example` is not a domain of this client";
    inventory_refuses_apps_at_one_address: "clients/atelier-lilas.toml", "path = \"/dolibarr\"" => "path = \"/nextcloud\"",
        "clients/atelier-lilas.toml: dolibarr of `atelier-lilas` at `atelier-lilas.example/nextcloud` and nextcloud of `atelier-lilas` at `atelier-lilas.example/nextcloud` are in each other's way [clients/atelier-lilas.toml]";
    inventory_refuses_app_below_another: "clients/atelier-lilas.toml", "path = \"/dolibarr\"" => "path = \"/nextcloud/erp\"",
        "clients/atelier-lilas.toml: dolibarr of `atelier-lilas` at `atelier-lilas.example/nextcloud/erp` and nextcloud of `atelier-lilas` at `atelier-lilas.example/nextcloud` are in each other's way [clients/atelier-lilas.toml]";
    inventory_refuses_app_at_the_root_beside_another: "clients/atelier-lilas.toml", "path = \"/dolibarr\"" => "path = \"/\"",
        "clients/atelier-lilas.toml: dolibarr of `atelier-lilas` at `atelier-lilas.example/` and nextcloud of `atelier-lilas` at `atelier-lilas.example/nextcloud` are in each other's way [clients/atelier-lilas.toml]";
    inventory_refuses_app_path_with_slash_at_the_end: "clients/atelier-lilas.toml", "path = \"/dolibarr\"" => "path = \"/dolibarr/\"",
        "clients/atelier-lilas.toml: `/dolibarr/` is not the path of an app";
    inventory_refuses_app_path_of_yunohost: "clients/atelier-lilas.toml", "path = \"/dolibarr\"" => "path = \"/yunohost\"",
        "clients/atelier-lilas.toml: `/yunohost` is not the path of an app";
    inventory_refuses_dolibarr_module_name: "clients/atelier-lilas.toml", "\"projet\"" => "\"modProjet\"",
        "clients/atelier-lilas.toml: `modProjet` is not the name of a Dolibarr module";
}

// Persons and seats.
refused! {
    inventory_refuses_username_with_dash: "clients/atelier-lilas.toml", "username = \"paul.henri\"" => "username = \"paul-henri\"",
        "clients/atelier-lilas.toml: username `paul-henri` is refused by YunoHost: only lower-case letters, digits, `_` and `.`, no dash";
    inventory_refuses_username_with_accent: "clients/atelier-lilas.toml", "username = \"elodie\"" => "username = \"Élodie\"",
        "clients/atelier-lilas.toml: username `Élodie` is refused by YunoHost: only lower-case letters, digits, `_` and `.`, no dash";
    inventory_refuses_reserved_username: "clients/atelier-lilas.toml", "username = \"elodie\"" => "username = \"postmaster\"",
        "clients/atelier-lilas.toml: username `postmaster` is reserved by YunoHost";
    inventory_refuses_system_username: "clients/atelier-lilas.toml", "username = \"elodie\"" => "username = \"nextcloud\"",
        "clients/atelier-lilas.toml: username `nextcloud` is an account of the system";
    inventory_refuses_username_twice: "clients/atelier-lilas.toml", "username = \"elodie\"" => "username = \"theo\"",
        "clients/atelier-lilas.toml: username `theo` is there twice [clients/atelier-lilas.toml]";
    inventory_refuses_username_twice_on_an_island: "clients/studio-brume.toml", "username = \"malo\"" => "username = \"claire\"",
        "clients/studio-brume.toml: username `claire` on instance `ilot` belongs to `claire-voyer` and to `studio-brume` [clients/claire-voyer.toml]";
    inventory_refuses_username_of_the_technicians: "clients/studio-brume.toml", "username = \"malo\"" => "username = \"technique\"",
        "clients/studio-brume.toml: username `technique` is the technicians' account on every instance [cooperative.toml]";
    inventory_refuses_username_that_is_its_clients_group: "clients/studio-brume.toml", "username = \"malo\"" => "username = \"studio_brume\"",
        "clients/studio-brume.toml: username `studio_brume` is the group of client `studio-brume` on the same instance [clients/studio-brume.toml]";
    inventory_refuses_username_that_is_another_clients_group: "clients/studio-brume.toml", "username = \"malo\"" => "username = \"claire_voyer\"",
        "clients/studio-brume.toml: username `claire_voyer` is the group of client `claire-voyer` on the same instance [clients/claire-voyer.toml]";
    inventory_refuses_technicians_account_that_is_a_clients_group: "cooperative.toml", "\"technique\"" => "\"studio_brume\"",
        "cooperative.toml: username `studio_brume` is the group of client `studio-brume` on the same instance [clients/studio-brume.toml]";
    inventory_refuses_digits_in_a_name: "clients/atelier-lilas.toml", "last_name = \"Fabre\"" => "last_name = \"Fabre2\"",
        "clients/atelier-lilas.toml: name `Fabre2` contains `2`, which YunoHost's import refuses";
    inventory_refuses_typographic_apostrophe: "clients/atelier-lilas.toml", "d'Aubigny" => "d\u{2019}Aubigny",
        "clients/atelier-lilas.toml: name `d’Aubigny` contains `’`, which YunoHost's import refuses";
    inventory_refuses_combining_accent: "clients/atelier-lilas.toml", "first_name = \"Inès\"" => "first_name = \"Ine\u{300}s\"",
        "clients/atelier-lilas.toml: name `Ine\u{300}s` has an accent typed as a character of its own";
    inventory_refuses_quota_with_two_letters: "clients/atelier-lilas.toml", "mailbox_quota = \"5G\"" => "mailbox_quota = \"5GB\"",
        "clients/atelier-lilas.toml: `5GB` is not a mailbox quota";
    inventory_refuses_quota_lower_case: "clients/atelier-lilas.toml", "mailbox_quota = \"5G\"" => "mailbox_quota = \"500m\"",
        "clients/atelier-lilas.toml: `500m` is not a mailbox quota";
    inventory_refuses_mail_domain_of_another_client: "clients/atelier-lilas.toml", "username = \"jules\"\nmail_domain = \"atelier-lilas.example\"" => "username = \"jules\"\nmail_domain = \"claire-voyer.example\"",
        "clients/atelier-lilas.toml: `claire-voyer.example` is not a domain of this client";
    inventory_refuses_dolibarr_rights_without_dolibarr: "clients/studio-brume.toml", "mailbox_quota = \"5G\"" => "dolibarr = \"read\"",
        "clients/studio-brume.toml: `malo` has rights in Dolibarr, but the client has none";
    inventory_refuses_seat_of_an_unknown_person: "clients/atelier-lilas.toml", "person = \"jules\"" => "person = \"julie\"",
        "clients/atelier-lilas.toml: person `julie` is unknown";
    inventory_refuses_seat_before_the_contract: "clients/atelier-lilas.toml", "person = \"jules\"\nfrom = 2026-09-01" => "person = \"jules\"\nfrom = 2026-08-31",
        "clients/atelier-lilas.toml: the seat begins on 2026-08-31, before the contract on 2026-09-01 [clients/atelier-lilas.toml]";
    inventory_refuses_seat_after_the_contract: "clients/atelier-lilas.toml", "minimum_seats = 5" => "end = 2026-11-15",
        "clients/atelier-lilas.toml: the seat begins on 2026-11-16, after the contract has ended on 2026-11-15 [clients/atelier-lilas.toml]";
    inventory_refuses_seat_that_ends_before_it_begins: "clients/atelier-lilas.toml", "person = \"jules\"\nfrom = 2026-09-01" => "person = \"jules\"\nfrom = 2026-09-01\nuntil = 2026-08-31",
        "clients/atelier-lilas.toml: the seat ends on 2026-08-31, before it begins on 2026-09-01 [clients/atelier-lilas.toml]";
    inventory_refuses_overlapping_seats: "clients/atelier-lilas.toml", "person = \"jules\"\nfrom = 2026-09-01" => "person = \"jules\"\nfrom = 2026-09-01\nuntil = 2026-10-31\n\n[[seats]]\nperson = \"jules\"\nfrom = 2026-10-31",
        "clients/atelier-lilas.toml: `jules` has two seats on 2026-10-31 [clients/atelier-lilas.toml]";
    inventory_refuses_overlapping_open_seats: "clients/atelier-lilas.toml", "person = \"jules\"\nfrom = 2026-09-01" => "person = \"jules\"\nfrom = 2026-09-01\n\n[[seats]]\nperson = \"jules\"\nfrom = 2027-01-01",
        "clients/atelier-lilas.toml: `jules` has two seats on 2027-01-01 [clients/atelier-lilas.toml]";
    inventory_refuses_forwarding_of_an_open_seat: "clients/atelier-lilas.toml", "person = \"jules\"\nfrom = 2026-09-01" => "person = \"jules\"\nfrom = 2026-09-01\nforward_to = \"camille@atelier-lilas.example\"",
        "clients/atelier-lilas.toml: `forward_to` is for a seat that ends [clients/atelier-lilas.toml]";
    inventory_refuses_files_to_oneself: "clients/atelier-lilas.toml", "person = \"jules\"\nfrom = 2026-09-01" => "person = \"jules\"\nfrom = 2026-09-01\nuntil = 2026-12-31\nfiles_to = \"jules\"",
        "clients/atelier-lilas.toml: the files of `jules` cannot be handed to the same person [clients/atelier-lilas.toml]";
    inventory_refuses_files_to_somebody_without_seat: "clients/atelier-lilas.toml", "person = \"jules\"\nfrom = 2026-09-01" => "person = \"jules\"\nfrom = 2026-09-01\nuntil = 2026-10-31\nfiles_to = \"noe\"",
        "clients/atelier-lilas.toml: `noe` has no seat on 2026-11-01 to receive files [clients/atelier-lilas.toml]";
    inventory_refuses_client_on_an_unknown_instance: "clients/atelier-lilas.toml", "instance = \"lilas\"" => "instance = \"lila\"",
        "clients/atelier-lilas.toml: instance `lila` is unknown";
    inventory_refuses_client_before_its_instance_stands: "clients/studio-brume.toml", "from = 2026-10-01\ninstance = \"ilot\"" => "from = 2026-09-30\ninstance = \"ilot\"",
        "clients/studio-brume.toml: the client lives on `ilot` from 2026-09-30, before it stands anywhere [instances/ilot.toml]";
    inventory_refuses_seat_before_the_instance: "clients/atelier-lilas.toml", "from = 2026-09-01\ninstance = \"lilas\"" => "from = 2026-09-02\ninstance = \"lilas\"",
        "clients/atelier-lilas.toml: the first seat begins on 2026-09-01, but the client has no instance before 2026-09-02";
}

/// Its people would be taken into YunoHost's own group of administrators.
#[test]
fn inventory_refuses_client_whose_group_is_the_administrators() {
    let mut files = example_with(&[]);
    let client = files.remove("clients/studio-brume.toml").expect("the example has it");
    files.insert("clients/admins.toml".to_owned(), client);
    let told = mistakes(&files);
    let problem = "a client cannot be called `admins`: its people would be the group of YunoHost itself";
    assert!(told.list().iter().any(|mistake| mistake.message == problem), "{:#?}", told.list());
}
