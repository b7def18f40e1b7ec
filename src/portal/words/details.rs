//! Words of the clients' pages beyond the first screen.

use super::words;

words! {
    backups_title: "Vos sauvegardes", "Your backups";
    kept: "Sauvegardes gardées", "Backups kept";
    next_expected: "Prochaine attendue", "Next one expected";
    size: "Taille", "Size";
    size_of_disk: "Disque sauvegardé, vide compris", "Disk that was backed up, empty space included";
    sealed: "Chiffrée", "Encrypted";
    yes: "oui", "yes";
    no: "non", "no";
    drills_title: "Restaurations essayées", "Restores that were tried";
    drills_lead: "Nous restaurons vos sauvegardes sur une machine à part, sans réseau, puis nous la détruisons.",
        "We restore your backups into a machine of its own, without network, and then destroy it.";
    drills_none: "Aucun essai n’a encore eu lieu.", "No restore was tried yet.";
    proven: "prouvée", "proven";
    drill_failed: "échec", "failed";
    not_tested: "non essayée", "not tried";
    drill_title: "Essai de restauration", "Restore test";
    drill_backup: "Sauvegarde essayée", "Backup that was tried";
    drill_from: "Où elle était", "Where it was";
    drill_took: "Durée de l’essai", "How long the test took";
    drill_gone: "Copie détruite ensuite", "Copy destroyed afterwards";
    drill_checks: "Ce qui a été vérifié", "What was checked";
    drill_expected: "Attendu", "Expected";
    drill_found: "Trouvé", "Found";
    drill_limits: "Ce que cet essai ne prouve pas", "What this test does not prove";
    drill_certificate: "Certificat (PDF)", "Certificate (PDF)";
    drill_hash: "Empreinte du procès-verbal", "Fingerprint of the record";
    drill_why: "Pourquoi", "Why";
    check_machine: "Réglages de la copie", "Settings of the copy";
    check_as_planned: "comme prévu", "as planned";
    check_otherwise: "autres que prévu", "not as planned";
    check_asleep: "Ce que le démarrage a changé", "What booting changed";
    check_nothing: "rien", "nothing";
    check_something: "peut-être quelque chose", "perhaps something";
    check_same: "la même", "the same";
    check_other: "une autre", "another one";
    check_answers: "répond", "answers";
    check_silent: "ne répond pas comme il faut", "does not answer as it should";
    check_not_counted: "non compté", "not counted";
    check_identity: "Identité de la machine", "Identity of the machine";
    check_service: "Service", "Service";
    check_files: "Fichiers de", "Files of";
    check_rows: "Enregistrements de", "Records of";
    check_mark: "Marque secrète de votre machine", "Secret mark of your machine";
    mark_found: "retrouvée", "found again";
    mark_missing: "non retrouvée", "not found again";
    why_not_tested: "l’essai n’a pas pu se faire. Cela ne dit rien de la sauvegarde\u{a0}; un autre essai suit.",
        "the test could not be done. That says nothing about the backup; another test follows.";
    why_mark_missing: "la marque secrète notée avant cette sauvegarde n’a pas été retrouvée dedans.",
        "the secret mark that was noted before this backup was not found again in it.";
    why_failed: "ce qui a été restauré n’est pas entièrement comme il faut.",
        "what was restored is not entirely as it should be.";
    limit_other: "Les autres sauvegardes\u{a0}: une seule a été restaurée.", "The other backups: only one was restored.";
    limit_files: "Chaque fichier un par un\u{a0}: nous comptons, nous n’ouvrons aucun document.",
        "Every single file: we count, we open no document.";
    limit_since: "Le travail fait après cette sauvegarde\u{a0}: il n’est pas dedans.",
        "The work done after this backup: it is not in it.";
    limit_network: "L’accès depuis internet et le courriel\u{a0}: la copie était sans réseau, exprès.",
        "Access from the internet and e-mail: the copy had no network, on purpose.";
    limit_passwords: "Vos mots de passe\u{a0}: personne ne s’est connecté à votre place.",
        "Your passwords: nobody signed in for you.";
    limit_speed: "La vitesse au quotidien\u{a0}: la copie avait moins de mémoire.",
        "Everyday speed: the copy had less memory.";
    limit_site: "La perte du lieu\u{a0}: la copie a été faite sur la machine qui héberge aussi l’original.",
        "The loss of the place: the copy was made on the machine that also has the original.";
    limit_key: "La clé imprimée\u{a0}: la clé déjà en place a servi.", "The printed key: the key in place was used.";

    support_title: "Votre assistance", "Your support";
    support_year: "Année de contrat du", "Contract year from";
    to_day: "au", "to";
    support_previous: "Année précédente", "Previous year";
    support_next: "Année suivante", "Next year";
    support_entries: "Ce qui a été fait", "What was done";
    support_no_entry: "Aucune intervention cette année-là.", "No entry in that year.";
    worked: "Passé", "Worked";
    accounted: "Compté", "Accounted";
    not_accounted: "Non compté", "Not accounted";
    corrected: "Corrigé", "Corrected";
    kind_help: "aide", "help";
    kind_training: "formation", "training";
    kind_group: "formation en groupe", "group training";
    kind_incident: "incident", "incident";
    kind_maintenance: "entretien (à notre charge)", "maintenance (ours)";
    kind_by_rule: "ce genre de travail n’est pas compté", "this kind of work is not accounted";
    consent_title: "Votre accord pour des heures en plus", "Your consent to more hours";
    consents_title: "Demandes d’accord", "Requests for consent";
    consent_open: "attend votre réponse", "waits for your answer";
    consent_yes: "acceptée", "accepted";
    consent_no: "refusée", "refused";
    consent_for: "Pour quoi", "What for";
    consent_envelope: "Au plus", "At most";
    consent_price: "Prix de l’heure", "Price of an hour";
    consent_most: "Soit au plus", "That is at most";
    consent_until: "Pour l’année de contrat", "For the contract year";
    consent_explain: "Seules les heures réellement faites au-delà du forfait sont facturées. Sans votre accord, rien ne l’est. Vous pouvez refuser\u{a0}: le travail en attente ne sera alors pas facturé.",
        "Only hours really worked beyond the allowance are charged. Without your consent nothing is. You may refuse: the work that waits is then not charged.";
    consent_accept: "J’accepte", "I accept";
    consent_refuse: "Je refuse", "I refuse";
    consent_read_again: "Relisez avant de confirmer", "Read again before you confirm";
    consent_confirm_yes: "Oui, j’accepte cette dépense", "Yes, I accept this expense";
    consent_confirm_no: "Oui, je refuse", "Yes, I refuse";
    consent_not_you: "Seule une personne désignée pour approuver peut répondre.", "Only a person named as approver can answer.";
    answered_by: "Répondu par", "Answered by";

    invoices_title: "Vos factures", "Your invoices";
    invoice: "Facture", "Invoice";
    credit_note: "Avoir", "Credit note";
    due_on: "À payer au plus tard le", "To be paid by";
    with_vat: "TTC", "incl. VAT";
    without_vat: "HT", "excl. VAT";
    vat: "TVA", "VAT";
    download_pdf: "Télécharger le PDF", "Download the PDF";
    download_xml: "Le fichier pour votre comptable (XML)", "The file for your accountant (XML)";
    explanation_title: "D’où vient chaque ligne", "Where each line comes from";
    payments_title: "Paiements", "Payments";
    payment: "paiement", "payment";
    refund: "remboursement", "refund";
    set_off: "imputation", "set-off";
    returned: "paiement rejeté par la banque", "payment taken back by the bank";
    corrects: "Corrige la facture", "Corrects invoice";
    no_invoice_named: "sans facture précise", "no invoice in particular";
    day_word: "jour", "day";
    days_word: "jours", "days";
    entry_word: "Intervention", "Entry";

    seats_title: "Vos postes", "Your seats";
    seat_word: "poste", "seat";
    seats_word: "postes", "seats";
    seat_open: "poste ouvert", "open seat";
    seats_open: "postes ouverts", "open seats";
    seat_since: "depuis le", "since";
    seat_until: "jusqu’au", "until";
    seat_cost_title: "Ajouter un poste", "Add a seat";
    seat_end_title: "Fermer un poste", "Close a seat";
    first_name: "Prénom", "First name";
    last_name: "Nom", "Last name";
    seat_from: "À partir du", "From";
    seat_last_day: "Dernier jour", "Last day";
    person: "Personne", "Person";
    remark: "Ce qu’il faut savoir (facultatif)", "What we should know (optional)";
    ask_for_it: "Demander", "Ask for it";
    seat_who_asks: "Les postes se demandent par la direction de votre organisation.", "Seats are asked for by the management of your organisation.";
    requests_title: "Vos demandes", "Your requests";
    request_asked: "reçue", "received";
    request_answered: "en cours", "under way";
    request_done: "faite", "done";
    request_on_record: "inscrite", "on record";
    seat_on_record: "Le poste est inscrit. Nous préparons le compte, puis nous vous remettons son mot de passe de départ.",
        "The seat is on record. We prepare the account, then hand you its first password.";
    seat_end_on_record: "La fin du poste est inscrite. Nous fermons le compte après ce jour.",
        "The end of the seat is on record. We close the account after that day.";
    request_refused: "refusée", "refused";
    request_withdrawn: "retirée", "withdrawn";
    request_thanks: "Votre demande est enregistrée. Nous vous répondons.", "Your request is recorded. We will answer.";
    request_help: "Aide", "Help";
    request_seat_add: "Nouveau poste", "New seat";
    request_seat_end: "Fin d’un poste", "End of a seat";
    needs_first_name: "Donnez un prénom.", "Give a first name.";
    needs_last_name: "Donnez un nom.", "Give a last name.";
    needs_date: "Choisissez une date.", "Choose a date.";
    needs_person: "Choisissez une personne.", "Choose a person.";
    date_too_early: "La date doit être aujourd’hui ou plus tard.", "The date must be today or later.";

    help_title: "Demander de l’aide", "Ask for help";
    help_lead: "Écrivez-nous ce qui ne va pas, ou ce que vous voulez faire. Pour une urgence, appelez.",
        "Write to us what is wrong, or what you want to do. In an emergency, call.";
    help_subject: "En quelques mots", "In a few words";
    help_text: "Racontez\u{a0}: quoi, depuis quand, chez qui", "Tell us: what, since when, at whose desk";
    help_empty: "Écrivez au moins quelques mots.", "Write a few words at least.";

    documents_title: "Vos documents", "Your documents";
    contract_title: "Votre contrat", "Your contract";
    contract_start: "Premier jour", "First day";
    contract_term: "Engagement jusqu’au", "Committed until";
    contract_refusal: "Dernier jour pour ne pas le renouveler", "Last day to refuse its renewal";
    contract_seats: "Nombre minimum de postes", "Minimum number of seats";
    contract_seat_price: "Prix d’un poste par mois", "Price of a seat per month";
    contract_hours: "Assistance comprise par an", "Support included per year";
    contract_hour_price: "Prix d’une heure au-delà", "Price of an hour beyond";
    contract_no_price: "aucun convenu\u{a0}: rien n’est facturé", "none agreed: nothing is charged";
    contract_ended: "Fin du contrat", "End of the contract";
    statement_title: "Relevé d’assistance de l’année", "Support statement of the year";
    statement_pdf: "Télécharger le relevé (PDF)", "Download the statement (PDF)";
    welcome_title: "Feuille de bienvenue", "Welcome sheet";
    welcome_none: "Aucune feuille n’est notée comme préparée pour vous.", "No sheet is on record as made for you.";
    welcome_text: "Le portail ne connaît aucun mot de passe et ne peut pas en montrer. Un mot de passe perdu se redemande sur la page Aide.",
        "The portal knows no password and cannot show any. Ask for a lost password on the Help page.";
    key_title: "Clé de vos sauvegardes", "Key of your backups";
    key_text: "La coopérative garde la clé qui ouvre vos sauvegardes distantes.",
        "The co-operative keeps the key that opens your remote backups.";
    key_none: "Aucune clé n’est enregistrée pour votre machine.", "No key is on record for your machine.";
    key_not_printed: "Aucune feuille de secours n’est notée comme imprimée\u{a0}: demandez-la-nous.",
        "No recovery sheet is on record as printed: ask us for it.";
    exit_title: "Partir", "Leaving";
    exit_text: "Vos données sont à vous. Si vous partez, nous vous remettons vos fichiers, vos comptes, vos domaines et, si vous le voulez, l’image complète de votre machine, dans des formats ouverts. Rien n’est effacé avant votre accord écrit.",
        "Your data are yours. If you leave, we hand you your files, accounts, domains and, if you want it, the whole image of your machine, in open formats. Nothing is deleted before you agree in writing.";

    people_title: "Personnes et accès", "People and access";
    contacts_title: "Qui peut entrer dans cet espace", "Who can enter this space";
    contacts_lead: "Ces personnes entrent avec l’adresse de courriel indiquée. Pour changer la liste, demandez-le-nous.",
        "These people enter with the e-mail address shown. To change the list, ask us.";
    role_manager: "direction", "management";
    role_billing: "facturation", "billing";
    role_approver: "approuve les dépenses", "approves expenses";
    role_technical: "prévenu des pannes", "told of outages";
    open_session: "entrée ouverte", "open session";
    open_sessions: "entrées ouvertes", "open sessions";
    close_by_us: "Pour fermer ses entrées, appelez-nous.", "To close their sessions, call us.";
    close_theirs: "Fermer ses entrées", "Close their sessions";
    accounts_title: "Qui a un compte sur votre machine", "Who has an account on your machine";

    log_title: "Ce que la coopérative a fait chez vous", "What the co-operative did at yours";
    log_lead: "Qui, quand, quoi\u{a0}: le plus récent d’abord.", "Who, when, what: the latest first.";
    log_run: "Travail sur votre machine", "Work on your machine";
    log_action: "action", "action";
    log_actions: "actions", "actions";
    log_ended: "terminé", "finished";
    log_partial: "terminé en partie", "finished in part";
    log_failed: "n’a pas réussi", "did not succeed";
    log_ended_somehow: "terminé, sans que nous sachions comment", "over, we do not know how";
    log_stopped: "interrompu", "stopped";
    log_under_way: "en cours", "under way";
    log_drill: "Restauration essayée", "Restore tried";
    log_support: "Assistance", "Support";
}
