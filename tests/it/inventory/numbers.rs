//! The pure validators where one example per rule is not enough: numbers, keys, names.

use accolades::domain::money::Cents;
use accolades::domain::{hosts, keys, legal, names};
use base64::Engine as _;

#[test]
fn inventory_siren_and_siret_pass_luhn() {
    assert!(legal::siren("732829320").is_ok());
    assert!(legal::siren("732829321").is_err());
    assert!(legal::siret("73282932000074").is_ok());
    assert!(legal::siret("73282932000075").is_err());
    assert_eq!(legal::siren_of_siret("73282932000074"), "732829320");
}

#[test]
fn inventory_siret_of_la_poste_may_fail_luhn() {
    // Digit sum 14 + 6 = 20, divisible by five, and not Luhn.
    assert!(legal::siret("35600000000060").is_ok());
    assert!(legal::siret("35600000000061").is_err());
    assert!(legal::siren("356000000").is_ok());
}

#[test]
fn inventory_vat_number_names_the_right_key() {
    assert!(legal::vat_number("FR44732829320").is_ok());
    let refusal = legal::vat_number("FR45732829320").expect_err("another key");
    assert_eq!(refusal.hint.as_deref(), Some("for SIREN 732829320 it would be `FR44732829320`"));
    assert!(legal::vat_number("BE0123456789").is_ok(), "another country's form");
    assert!(legal::vat_number("fr44732829320").is_err());
}

#[test]
fn inventory_rna_knows_overseas_and_corsica() {
    for good in ["W691234567", "W2A1000001", "W9R1000001"] {
        assert!(legal::rna(good).is_ok(), "{good}");
    }
    for bad in ["W69123456", "X691234567", "W69123456A", "w691234567"] {
        assert!(legal::rna(bad).is_err(), "{bad}");
    }
}

#[test]
fn inventory_prices_are_cents() {
    assert_eq!(Cents::price("39.00"), Ok(Cents(3900)));
    assert_eq!(Cents::price("0.05"), Ok(Cents(5)));
    for bad in ["39", "39.0", "39.000", "-1.00", "39,00", ".50", "1 000.00", "9999999999.00", "١.00"] {
        assert!(Cents::price(bad).is_err(), "{bad}");
    }
}

/// An OpenSSH public key with these fields.
fn key(kind: &str, fields: &[&[u8]]) -> String {
    let mut blob = Vec::new();
    for field in std::iter::once(kind.as_bytes()).chain(fields.iter().copied()) {
        blob.extend((u32::try_from(field.len()).expect("short")).to_be_bytes());
        blob.extend(field);
    }
    format!("{kind} {}", base64::engine::general_purpose::STANDARD.encode(blob))
}

#[test]
fn inventory_login_keys_are_strong_and_whole() {
    assert!(keys::login_key(&format!("{} nadia", key("ssh-ed25519", &[&[7; 32]]))).is_ok());
    assert!(keys::login_key(&key("ssh-ed25519", &[&[7; 31]])).is_err(), "a byte is missing");
    assert!(keys::login_key(&key("ssh-rsa", &[&[1, 0, 1], &[7; 384]])).is_ok(), "3072 bits");
    let weak = keys::login_key(&key("ssh-rsa", &[&[1, 0, 1], &[7; 256]])).expect_err("2048 bits");
    assert_eq!(weak.problem, "this RSA key has less than 3072 bits");
    assert!(keys::login_key(&key("ssh-dss", &[&[7; 128]])).is_err(), "a type that sshd refuses");
    let host = keys::host_key(&format!("{} root@pve1", key("ssh-ed25519", &[&[7; 32]]))).expect("a host key");
    assert_eq!(host.split(' ').count(), 2, "the comment is left away");
    assert!(keys::host_key(&key("ecdsa-sha2-nistp256", &[b"nistp256", &[7; 65]])).is_err());
}

#[test]
fn inventory_fingerprints_are_written_in_upper_case() {
    let lower = vec!["ab"; 32].join(":");
    assert_eq!(keys::tls_fingerprint(&lower), Ok(lower.to_uppercase()));
    let sha1 = keys::tls_fingerprint(&vec!["AB"; 20].join(":")).expect_err("SHA-1");
    assert!(sha1.hint.is_some_and(|hint| hint.contains("SHA-1")));
}

#[test]
fn inventory_usernames_propose_what_was_meant() {
    let hint = |text: &str| names::username(text).expect_err("refused").hint;
    assert_eq!(hint("Jean-François"), Some("write `jean.francois`".to_owned()));
    assert_eq!(hint("ÉLO"), Some("write `elo`".to_owned()));
    for good in ["a", "jean.francois", "j_2", "_x", "2fast"] {
        assert!(names::username(good).is_ok(), "{good}");
    }
    for bad in ["", ".a", "a.", "a..b", "2026", "root", "www-data", "systemd-network", &"a".repeat(33)] {
        assert!(names::username(bad).is_err(), "{bad}");
    }
}

#[test]
fn inventory_a_clients_people_get_no_group_that_is_there_already() {
    for bad in ["admins", "all-users", "visitors", "departed", "mail", "video", "root"] {
        let refusal = names::own_group(bad).expect_err(bad);
        assert!(refusal.problem.contains(&format!("a client cannot be called `{bad}`")), "{}", refusal.problem);
    }
    assert!(names::own_group("les-abeilles").is_ok());
    assert!(names::username("departed").is_err(), "its account would be the group of those who left");
}

#[test]
fn inventory_domains_are_those_of_yunohost() {
    for good in ["atelier.example", "a-b.c--d.example", "xn--caf-dma.fr", "x.xn--p1ai", "1.example"] {
        assert!(names::domain(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "example",
        "A.example",
        "a_b.example",
        "-a.example",
        "a-.example",
        "a..example",
        "a.e",
        "a.b-c",
        "10.0.0.1",
        "café.fr",
        "a.example.",
    ] {
        assert!(names::domain(bad).is_err(), "{bad}");
    }
}

#[test]
fn inventory_person_names_are_those_of_the_import() {
    for good in ["Inès", "Paul-Henri", "d'Aubigny", "Le Goff", "J.-P.", "Ngô", &"a".repeat(30)] {
        assert!(names::person_name(good).is_ok(), "{good}");
    }
    for bad in ["", " Jean", "-Jean", "Jean;", "Jean\"", "Jean2", "a_b", "Jean    Luc", &"a".repeat(31)] {
        assert!(names::person_name(bad).is_err(), "{bad}");
    }
    assert!(names::full_name("Equipe 2").is_ok(), "an administrator's full name may have digits");
}

#[test]
fn inventory_quotas_are_those_of_dovecot() {
    for good in ["0", "5G", "500M", "1T", "10k", "7b"] {
        assert!(names::quota(good).is_ok(), "{good}");
    }
    for (bad, hint) in [("5GB", "`5G`"), ("5 Go", "`5G`"), ("500m", "`500M`"), ("5", "`5G`"), ("", "a number")] {
        let refusal = names::quota(bad).expect_err(bad);
        assert!(refusal.hint.is_some_and(|text| text.contains(hint)), "{bad}");
    }
    for fraction in ["0.5G", "1,5 Go", "00GB"] {
        let hint = names::quota(fraction).expect_err(fraction).hint.expect("advice");
        assert!(hint.starts_with("write a number without a fraction"), "{fraction}: {hint}");
    }
}

#[test]
fn inventory_app_paths_conflict_by_segments() {
    assert!(names::paths_conflict("/", "/nextcloud"));
    assert!(names::paths_conflict("/cloud", "/cloud"));
    assert!(names::paths_conflict("/cloud/erp", "/cloud"));
    assert!(!names::paths_conflict("/cloud", "/cloud2"));
    assert!(!names::paths_conflict("/nextcloud", "/dolibarr"));
}

#[test]
fn inventory_addresses_of_machines() {
    assert!(hosts::address4("10.0.0.5/8").is_ok());
    for bad in ["10.0.0.0/8", "10.255.255.255/8", "10.0.0.5", "10.0.0.5/31", "10.0.0.5/33", "::1/64"] {
        assert!(hosts::address4(bad).is_err(), "{bad}");
    }
    assert!(hosts::public_ipv4("203.0.113.4").is_ok());
    for bad in
        ["10.1.2.3", "192.168.1.1", "172.16.0.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "224.0.0.1", "0.0.0.0"]
    {
        assert!(hosts::public_ipv4(bad).is_err(), "{bad}");
    }
    assert!(hosts::public_ipv6("2001:db8::1").is_ok());
    for bad in ["fe80::1", "fd00::1", "::1", "ff02::1"] {
        assert!(hosts::public_ipv6(bad).is_err(), "{bad}");
    }
}
