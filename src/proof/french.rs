//! What a certificate says, in plain French.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::backup::drill::{NotProven, Origin, PhaseKind};
use crate::domain::french;

/// Holds a number and its unit together on a line.
const FIXED: char = '\u{a0}';

/// `20 novembre 2026`
pub fn day(at_us: i64, zone: &TimeZone) -> String {
    french::day(zoned(at_us, zone).date())
}

/// `20 novembre 2026 à 02 h 30`
pub fn moment(at_us: i64, zone: &TimeZone) -> String {
    let at = zoned(at_us, zone);
    format!("{} à {:02}{FIXED}h{FIXED}{:02}", french::day(at.date()), at.hour(), at.minute())
}

fn zoned(at_us: i64, zone: &TimeZone) -> jiff::Zoned {
    Timestamp::from_microsecond(at_us).unwrap_or_default().to_zoned(zone.clone())
}

/// `45 s`, `4 min 12 s`, `1 h 05`
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..=59 => format!("{seconds}{FIXED}s"),
        60..=3599 => format!("{}{FIXED}min{FIXED}{:02}{FIXED}s", seconds / 60, seconds % 60),
        _ => format!("{}{FIXED}h{FIXED}{:02}", seconds / 3600, seconds % 3600 / 60),
    }
}

/// In decimal units, as on the label of a disk: `3,2 Go`.
pub fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000_000 => (1_000, "ko"),
        1_000_000..1_000_000_000 => (1_000_000, "Mo"),
        _ => (1_000_000_000, "Go"),
    };
    let tenths = bytes / (unit / 10);
    format!("{},{}{FIXED}{name}", tenths / 10, tenths % 10)
}

/// `12345` as `12 345`; anything else as it is.
pub fn count(text: &str) -> String {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    let mut out = String::new();
    for (place, digit) in text.chars().enumerate() {
        if place > 0 && (text.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// The sentence that says it all.
pub fn summary(from: Origin, made: &str) -> String {
    let which = match from {
        Origin::Local => "La sauvegarde locale",
        Origin::Remote => "La sauvegarde distante",
    };
    format!(
        "{which} du {made} a été restaurée en entier sur une machine à part, sans réseau. La machine a démarré, vos \
         applications y répondent, et ce qui avait été noté chez vous avant la sauvegarde y a été retrouvé."
    )
}

/// Whether a backup is encrypted.
pub fn encrypted(is: bool) -> &'static str {
    if is { "oui, avant de quitter le site" } else { "non" }
}

/// Whether the copy is gone.
pub fn destroyed(is: Option<bool>) -> &'static str {
    match is {
        Some(true) => "oui, vérifié",
        Some(false) => "pas encore : le technicien s’en occupe",
        None => "sans objet",
    }
}

/// A stretch of the drill.
pub fn phase(phase: PhaseKind) -> &'static str {
    match phase {
        PhaseKind::Restore => "Recopie des données",
        PhaseKind::Boot => "Démarrage",
        PhaseKind::Checks => "Vérifications",
    }
}

/// What a service is for.
pub fn service(name: &str) -> &'static str {
    match name {
        "nginx" => "site web",
        "mariadb" => "bases de données",
        "slapd" => "annuaire des comptes",
        "postfix" => "envoi du courriel",
        "dovecot" => "boîtes aux lettres",
        _ => "autre service",
    }
}

/// An application by its id in YunoHost.
pub fn app(id: &str) -> &str {
    match id.split("__").next() {
        Some("nextcloud") => "Nextcloud",
        Some("dolibarr") => "Dolibarr",
        _ => id,
    }
}

/// When the next drill is due.
pub fn next(from: Origin) -> String {
    match from {
        Origin::Local => "Cet essai est refait chaque mois pour la sauvegarde locale.".to_owned(),
        Origin::Remote => "Cet essai est refait chaque trimestre pour la sauvegarde distante.".to_owned(),
    }
}

/// What the drill does not prove.
pub fn not_proven(what: NotProven) -> &'static str {
    match what {
        NotProven::OtherBackups => "Les autres sauvegardes : une seule a été restaurée, celle qui est nommée ici.",
        NotProven::EveryFile => {
            "Chaque fichier, un par un : nous avons compté les fichiers et les enregistrements et retrouvé une marque \
             secrète, nous n’avons ouvert aucun document."
        }
        NotProven::WorkSince => "Le travail fait après cette sauvegarde : il n’est pas dedans.",
        NotProven::Network => {
            "L’accès depuis internet, l’échange de courriel et les certificats : la copie était sans réseau, exprès."
        }
        NotProven::Passwords => "Vos mots de passe : personne ne s’est connecté à votre place.",
        NotProven::Speed => "La vitesse au quotidien : la copie avait moins de mémoire que votre machine.",
        NotProven::LossOfTheSite => {
            "La perte du site lui-même (vol, incendie) : la copie a été faite sur la machine qui héberge aussi l’original."
        }
        NotProven::PrintedKey => {
            "La clé imprimée : les données chiffrées ont été lues avec la clé déjà présente sur la machine."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_french() {
        assert_eq!(duration(45), "45\u{a0}s");
        assert_eq!(duration(252), "4\u{a0}min\u{a0}12\u{a0}s");
        assert_eq!(duration(3900), "1\u{a0}h\u{a0}05");
        assert_eq!(size(3_250_000_000), "3,2\u{a0}Go");
        assert_eq!(size(52_400), "52,4\u{a0}ko");
        assert_eq!(count("1234567"), "1\u{202f}234\u{202f}567");
        assert_eq!([count("12"), count("not counted")], ["12", "not counted"]);
    }
}
