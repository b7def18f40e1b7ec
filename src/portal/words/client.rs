//! Words of the clients' pages.

use super::words;

words! {
    nav_home: "Accueil", "Home";
    nav_backups: "Sauvegardes", "Backups";
    nav_support: "Assistance", "Support";
    nav_invoices: "Factures", "Invoices";
    nav_seats: "Postes", "Seats";
    nav_help: "Aide", "Help";
    nav_documents: "Documents", "Documents";
    nav_access: "Personnes", "People";
    nav_log: "Journal", "Log";

    home_title: "Votre informatique aujourd’hui", "Your computing today";
    ask_services: "Tout fonctionne-t-il\u{a0}?", "Is everything running?";
    ask_backups: "Mes données sont-elles à l’abri\u{a0}?", "Are my data safe?";
    ask_hours: "Combien d’heures me reste-t-il\u{a0}?", "How many hours are left?";
    ask_money: "Que dois-je\u{a0}?", "What do I owe?";

    services_runs: "Oui, tout ce que nous regardons fonctionne.", "Yes, everything that we look at is running.";
    services_never: "Nous ne le savons pas encore\u{a0}: personne n’a encore regardé.", "We do not know yet: nobody has looked yet.";
    services_fails: "Non, quelque chose ne fonctionne pas.", "No, something is not running.";
    services_picture: "Ce qui fonctionne, vu par nos contrôles", "What is running, as our checks saw it";
    part: "Élément", "Part";
    machine: "Votre machine", "Your machine";
    runs: "fonctionne", "running";
    fails: "ne fonctionne pas", "not running";
    unit_nginx: "Site web", "Web site";
    unit_mariadb: "Bases de données", "Databases";
    unit_slapd: "Comptes", "Accounts";
    unit_postfix: "Envoi du courriel", "Sending e-mail";
    unit_dovecot: "Boîtes aux lettres", "Mailboxes";
    machine_off: "Votre machine est éteinte.", "Your machine is off.";
    machine_missing: "Votre machine n’est pas à sa place.", "Your machine is not in its place.";
    machine_silent: "Votre machine est allumée et ne répond pas.", "Your machine is on and does not answer.";
    no_instance: "Aucune machine n’est encore prévue pour vous.", "No machine is planned for you yet.";

    place_local: "Chez vous", "At your premises";
    place_remote: "Dans un autre lieu", "In another place";
    place_third: "Dans un troisième lieu", "In a third place";
    backups_ok: "Oui. Elles sont sauvegardées chez vous et ailleurs, et nous avons prouvé qu’elles se restaurent.",
        "Yes. They are backed up at your premises and elsewhere, and we have proven that they can be restored.";
    backups_ok_one_place: "Oui. Elles sont sauvegardées en un seul lieu, et nous avons prouvé qu’elles se restaurent.",
        "Yes. They are backed up in one place only, and we have proven that they can be restored.";
    backups_unproven: "Elles sont sauvegardées, mais une restauration récente manque pour le prouver.",
        "They are backed up, but a recent restore that proves it is missing.";
    backups_bad: "Pas entièrement\u{a0}: une sauvegarde manque. Nous devons agir.", "Not entirely: a backup is missing. We have to act.";
    backups_never: "Pas encore\u{a0}: la première sauvegarde n’est pas faite.", "Not yet: the first backup has not been made.";
    backups_not_known: "Nous ne le savons pas encore\u{a0}: personne n’a encore regardé.", "We do not know yet: nobody has looked yet.";
    last_backup: "Dernière bonne sauvegarde", "Last good backup";
    last_proof: "Dernière restauration prouvée", "Last proven restore";
    seen_on: "Vu", "Seen";
    none_yet: "aucune encore", "none yet";
    not_seen_yet: "pas encore vu", "not seen yet";
    proof_missing: "jamais prouvée", "never proven";
    proof_left_out: "aucun essai n’est prévu depuis ce lieu", "no test is planned from this place";
    calendar_picture: "Soixante jours de sauvegardes", "Sixty days of backups";
    calendar_desc: "Une case par jour, une colonne par semaine. La moitié haute est la sauvegarde chez vous, la moitié basse celle de l’autre lieu. Un point marque une restauration prouvée.",
        "One box a day, one column a week. The upper half is the backup at your premises, the lower half the one in the other place. A dot marks a proven restore.";
    calendar_caption: "En haut\u{a0}: chez vous. En bas\u{a0}: dans un autre lieu. Le point\u{a0}: une restauration prouvée.",
        "Above: at your premises. Below: in another place. The dot: a proven restore.";
    gauge_caption: "Le trait marque la part de l’année qui est passée.",
        "The line marks how much of the year has passed.";
    bars_caption: "En vert ce qui est payé, en couleur ce qui reste dû, en pointillé la prochaine.",
        "Green is what is paid, colour what is open, dashes the next one.";
    cell_kept: "gardée", "kept";
    cell_failed: "manquée", "missed";
    cell_none: "aucune gardée", "none kept";
    cell_unknown: "inconnu", "unknown";
    cell_proven: "restauration prouvée", "restore proven";
    calendar_kept_only: "Les jours plus anciens n’ont pas tous une case pleine\u{a0}: on ne garde pas chaque nuit pour toujours.",
        "Not every older day has a full box: not every night is kept for ever.";

    hours_none: "Votre contrat ne comprend pas d’heures d’assistance.", "Your contract includes no support hours.";
    hours_picture: "Heures d’assistance de l’année de contrat", "Support hours of the contract year";
    hours_included: "Comprises", "Included";
    hours_used: "Utilisées", "Used";
    hours_left: "Restantes", "Left";
    hours_beyond: "Au-delà", "Beyond";
    hours_waiting: "En attente de votre accord", "Waiting for your consent";
    consent_wanted: "Une demande d’accord vous attend.", "A request for your consent is waiting.";

    money_nothing: "Rien\u{a0}: tout est payé.", "Nothing: everything is paid.";
    money_no_invoice: "Rien\u{a0}: aucune facture n’a encore été émise.", "Nothing: no invoice has been issued yet.";
    money_picture: "Vos dernières factures", "Your latest invoices";
    money_hidden: "Les montants sont montrés aux contacts «\u{a0}facturation\u{a0}» et à la direction de votre organisation.",
        "Amounts are shown to the billing contacts and the management of your organisation.";
    paid: "Payé", "Paid";
    open: "Reste dû", "Open";
    next: "Prochaine", "Next";
    total: "Total", "Total";
    late: "en retard", "late";
}
