//! One inventory with a mistake of every sort: all are told at once, with both places of each conflict.

use accolades::inventory::Drawing;

use super::{example_with, mistakes};

const LILAS: &str = "clients/atelier-lilas.toml";

#[test]
fn inventory_tells_all_mistakes_at_once() {
    let mut files = example_with(&[
        ("cooperative.toml", "support_email =", "suport_email ="),
        ("cooperative.toml", "seat_price = \"39.00\"", "seat_price = 39.10"),
        ("cooperative.toml", "Europe/Paris", "Europe/Pari"),
        ("backup-servers/grange.toml", "\"communs\"", "\"communs/1\""),
        ("sites/friche.toml", "gateway4 = \"192.168.20.1\"", "gateway4 = \"192.168.20.256\""),
        ("sites/valsonne.toml", "backup_server = \"voisins\"", "backup_server = \"voisns\""),
        ("sites/valsonne.toml", "by = \"lan\"", "by = \"lan\"\npublic4 = \"203.0.113.9\""),
        ("instances/ilot.toml", "vmid = 1002", "vmid = 1001"),
        ("instances/ilot.toml", "disk_gib = 80", "disk_gib = 8"),
        ("instances/ilot.toml", "2026-10-01", "2026-09-31"),
        ("instances/valsonne.toml", "192.168.30.20/24", "192.168.31.20/24"),
        (LILAS, "username = \"jules\"", "username = \"jules-fabre\""),
        (LILAS, "mailbox_quota = \"5G\"", "mailbox_quota = \"5GB\""),
        (LILAS, "person = \"theo\"", "person = \"teo\""),
        (LILAS, "camille.morel@courriel.example", "camille@atelier-lilas.example"),
        (LILAS, "name = \"lilas-archi.example\"", "name = \"Lilas-Archi.example\""),
        (LILAS, "siren = \"000002022\"", "siren = \"000002023\""),
        ("clients/studio-brume.toml", "username = \"malo\"", "username = \"claire\""),
        ("clients/studio-brume.toml", "name = \"studio-brume.example\"", "name = \"claire-voyer.example\""),
        ("clients/mairie-valsonne.toml", "siret = \"00000505800011\"\n", ""),
    ]);
    files.insert("clients/Tiers.toml".to_owned(), "version = 1\n".to_owned());
    files.insert("sites/cave.toml".to_owned(), "version = 1\nname = \"Cave\n".to_owned());
    let mistakes = mistakes(&files);
    insta::assert_snapshot!("all_mistakes", mistakes.render(Drawing::Plain));
    insta::assert_json_snapshot!("all_mistakes_json", mistakes.to_json());
}

#[test]
fn inventory_colours_only_when_asked() {
    let mistakes = mistakes(&example_with(&[("instances/ilot.toml", "vmid = 1002", "vmid = 1001")]));
    assert!(!mistakes.render(Drawing::Plain).contains('\u{1b}'));
    assert!(mistakes.render(Drawing::Colour).contains('\u{1b}'));
}

#[test]
fn inventory_does_not_repeat_a_private_key() {
    let files = example_with(&[(
        "cooperative.toml",
        "ssh_keys = [\n",
        "ssh_keys = [\n    \"\"\"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n\"\"\",\n",
    )]);
    let drawn = mistakes(&files).render(Drawing::Plain);
    assert!(drawn.contains("this is a private key"), "{drawn}");
    assert!(!drawn.contains("b3BlbnNzaC1rZXktdjEAAAAA"), "{drawn}");
}
