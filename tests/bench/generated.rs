//! An inventory of any size: the example's architects' office again and again, each with a site, a machine, names and
//! numbers of its own.

use std::collections::BTreeMap;
use std::path::Path;

use accolades::inventory;

/// The most clients: one VM id each, from the example's range.
pub const CLIENTS_MAX: usize = 1000;

/// The example's files with `count` clients on as many sites, all worked on at once.
pub fn files(count: usize) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory");
    let example = inventory::read_files(&folder).expect("the example inventory is readable");
    let shared = |path: &str| path == "cooperative.toml" || path.starts_with("backup-servers/");
    let mut files: BTreeMap<String, String> =
        example.iter().filter(|(path, _)| shared(path)).map(|(path, text)| (path.clone(), text.clone())).collect();
    if let Some(text) = files.get_mut("cooperative.toml") {
        *text = text.replace("sites_at_once = 16", &format!("sites_at_once = {}", count.min(100)));
    }
    for number in 0..count.min(CLIENTS_MAX) {
        let (high, low) = (number / 250, number % 250);
        let site = example["sites/croix-rousse.toml"]
            .replace("pve1", &format!("pve{number}"))
            .replace("192.168.10.", &format!("10.{high}.{low}."))
            .replace("2001:db8:69:", &format!("2001:db8:{number:x}:"))
            .replace("203.0.113.20", &format!("198.{}.{low}.20", 18 + high))
            .replace("WD-WX11D0000001", &format!("WD-{number:08}"));
        files.insert(format!("sites/site-{number:04}.toml"), site);
        let instance = example["instances/lilas.toml"]
            .replace("vmid = 1001", &format!("vmid = {}", 1000 + number))
            .replace("croix-rousse", &format!("site-{number:04}"))
            .replace("atelier-lilas.example", &format!("client-{number:04}.example"))
            .replace("192.168.10.", &format!("10.{high}.{low}."))
            .replace("2001:db8:69:", &format!("2001:db8:{number:x}:"));
        files.insert(format!("instances/box-{number:04}.toml"), instance);
        let siren = with_check_digit(&format!("{:08}", 10_000_000 + number));
        let siret = with_check_digit(&format!("{siren}0001"));
        let vat = format!("FR{:02}{siren}", (12 + 3 * (siren.parse::<u64>().expect("digits") % 97)) % 97);
        let client = example["clients/atelier-lilas.toml"]
            .replace("FR64000002022", &vat)
            .replace("00000202200010", &siret)
            .replace("000002022", &siren)
            .replace("instance = \"lilas\"", &format!("instance = \"box-{number:04}\""))
            .replace("atelier-lilas.example", &format!("client-{number:04}.example"))
            .replace("lilas-archi.example", &format!("archi-{number:04}.example"));
        files.insert(format!("clients/client-{number:04}.toml"), client);
    }
    files
}

/// Digits with the check digit of the SIREN and SIRET numbers behind them (Luhn).
fn with_check_digit(digits: &str) -> String {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit - b'0');
            let weighted = if at % 2 == 0 { digit * 2 } else { digit };
            weighted / 10 + weighted % 10
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}
