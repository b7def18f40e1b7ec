//! Words of the pages of the co-operative's people.

use super::words;

words! {
    staff_fleet: "Parc", "Fleet";
    staff_clients: "Clients", "Clients";
    staff_accounts: "Comptes", "Accounts";
    staff_journal: "Journal", "Audit log";
    staff_requests: "Demandes", "Requests";
    staff_new_client: "Nouveau client", "New client";
    staff_work: "Travaux", "Work";
    staff_month: "Facturation du mois", "Month run";
    staff_me: "Mon accès", "My access";

    staff_fleet_lead: "Le plus grave d’abord. Chaque ligne dit ce qui a été vu, quand, et comment y remédier.",
        "The worst first. Each line says what was seen, when, and the mend.";
    staff_fleet_empty: "Aucune machine n’est inscrite à l’inventaire accepté.", "The accepted inventory has no machine.";
    staff_all_well: "Rien à faire\u{a0}: tout ce qui a été vu est comme il faut.", "Nothing to do: everything that was seen is as it should be.";
    staff_mend: "Remède\u{a0}:", "Mend:";
    staff_never_looked: "jamais regardé", "never looked at";
    staff_looked: "Regardé le", "Looked at on";
    staff_no_site: "sans emplacement", "without a place";
    staff_state_never: "Personne n’a encore comparé cette machine à l’inventaire.", "Nobody has compared this machine with the inventory yet.";
    staff_state_settled: "comme il faut", "as it should be";
    staff_event_work: "Travail", "Work";
    staff_empty_sites: "Sites sans machine", "Sites without a machine";
    staff_state_outdated: "Comme il fallait, mais la dernière comparaison avec l’inventaire est trop ancienne\u{a0}:", "As it should be, but the last comparison with the inventory is too old:";
    staff_compared: "Comparé à l’inventaire", "Compared with the inventory";
    staff_never: "jamais", "never";
    staff_step_pending: "étape reste à faire", "step is to be done";
    staff_steps_pending: "étapes restent à faire", "steps are to be done";
    staff_state_drift: "Modifié hors du programme\u{a0}:", "Changed outside of the program:";
    staff_state_conflict: "Une personne doit décider\u{a0}:", "A person has to decide:";
    staff_state_unknown: "Sans réponse\u{a0}:", "No answer:";
    staff_ask_plan: "Demander un plan", "Ask for a plan";
    staff_ask_plan_mend: "demander un plan, le lire, puis le confirmer", "ask for a plan, read it, then confirm it";
    staff_unknown_mend: "vérifier l’alimentation et le réseau du site", "look at power and network of the site";
    staff_services_never: "Personne n’a encore regardé ce qui fonctionne dans cette machine.", "Nobody has looked yet at what runs in this machine.";
    staff_not_asked_since: "Personne n’a interrogé ce site depuis le", "Nobody has asked this site since";
    staff_ask_again_mend: "vérifier que le tour des sites se fait", "see that the round of looks goes on";
    staff_silent: "Le site ne répond pas depuis le", "The site has not answered since";
    staff_jobs_failing: "N’aboutit pas\u{a0}:", "Does not succeed:";

    staff_site: "Site", "Site";
    staff_node: "Serveur Proxmox", "Proxmox node";
    staff_machines: "Machines", "Machines";
    staff_open_proxmox: "Ouvrir Proxmox VE sur place", "Open Proxmox VE on site";
    staff_open_yunohost: "Ouvrir l’administration YunoHost", "Open YunoHost’s administration";
    staff_open_nextcloud: "Ouvrir Nextcloud", "Open Nextcloud";
    staff_open_dolibarr: "Ouvrir Dolibarr", "Open Dolibarr";
    staff_answers: "A répondu", "Answered";
    staff_answers_not: "Ne répond pas depuis le", "Has not answered since";
    staff_never_asked: "Ce site n’a encore jamais été interrogé.", "This site has never been asked.";
    staff_backup_server: "Serveur de sauvegarde", "Backup server";
    staff_reach: "Accès", "Reach";
    staff_none: "aucun", "none";

    staff_client: "Client", "Client";
    staff_machine: "Machine", "Machine";
    staff_hours_left: "Heures restantes", "Hours left";
    staff_hours_until_heading: "Jusqu’au", "Until";
    staff_local: "sur place", "on site";
    staff_remote: "à distance", "remote";
    staff_third: "troisième lieu", "third place";
    staff_contacts: "Contacts", "Contacts";
    staff_seats: "Postes", "Seats";
    staff_backups: "Sauvegardes", "Backups";
    staff_place: "Lieu", "Place";
    staff_state: "État", "State";
    staff_last_good: "Dernière bonne", "Last good one";
    staff_proven: "Restauration prouvée", "Proven restore";
    staff_seen: "Vu", "Seen";
    staff_findings: "Constats", "Findings";
    staff_no_findings: "Rien à signaler.", "Nothing to report.";
    staff_hours: "Heures d’assistance", "Support hours";
    staff_hours_used: "Utilisé", "Used";
    staff_hours_of: "sur", "of";
    staff_hours_until: "jusqu’au", "until";
    staff_log_title: "Noter une intervention", "Log work";
    staff_log_time: "Durée (1h30, 14:00-15:30)", "Time (1h30, 14:00-15:30)";
    staff_log_words: "Ce qui a été fait, en mots que le client lit", "What was done, in words that the client reads";
    staff_log_more: "À un autre moment, ou non décompté", "At another time, or not accounted for";
    staff_log_kind: "Nature", "Kind";
    staff_log_at: "Début, si ce n’est pas maintenant (2026-11-10 14:00)", "Beginning, unless it ended now (2026-11-10 14:00)";
    staff_log_not_accounted: "Non décompté, parce que", "Not accounted for, because";
    staff_log_save: "Noter", "Log it";
    staff_logged: "C’est noté.", "It is logged.";
    staff_kind_help: "Aide", "Help";
    staff_kind_training: "Formation", "Training";
    staff_kind_group: "Formation de groupe", "Group training";
    staff_kind_incident: "Incident", "Incident";
    staff_kind_maintenance: "Entretien", "Maintenance";
    staff_entries: "Dernières interventions", "Latest entries";
    staff_when: "Quand", "When";
    staff_what: "Quoi", "What";
    staff_who: "Qui", "Who";
    staff_time: "Durée", "Time";
    staff_history: "Historique", "History";
    staff_history_empty: "Rien n’est encore inscrit.", "Nothing is on record yet.";
    staff_drills: "Essais de restauration", "Restore tests";
    staff_verdict: "Verdict", "Verdict";

    staff_requests_lead: "Ce que les clients ont demandé et qui attend une réponse.", "What clients asked for and that waits for an answer.";
    staff_requests_empty: "Aucune demande n’attend.", "No request is waiting.";
    staff_request_help: "Demande d’aide", "Request for help";
    staff_request_seat_add: "Ajouter un poste", "Add a seat";
    staff_request_seat_end: "Fermer un poste", "End a seat";
    staff_request_look: "Préparer la modification de l’inventaire", "Prepare the change of the inventory";
    staff_request_person: "Identifiant de la personne (ne change jamais)", "Person’s id (it never changes)";
    staff_request_not_an_id: "Un identifiant s’écrit en minuscules, chiffres et tirets simples, une lettre d’abord, 32 caractères au plus.",
        "An id has lower-case letters, digits and single dashes, a letter first, 32 characters at most.";
    staff_request_id_taken: "Cet identifiant est déjà celui de", "This id is already that of";
    staff_request_username: "Nom d’utilisateur YunoHost", "YunoHost username";
    staff_request_mail: "Domaine de son adresse", "Domain of the address";
    staff_request_dolibarr: "Droits dans Dolibarr", "Rights in Dolibarr";
    rights_none: "aucun", "none";
    rights_read: "lecture", "reading";
    rights_write: "écriture", "writing";
    rights_admin: "administration", "administration";
    staff_request_words: "Réponse, que le client lit", "Answer, which the client reads";
    staff_request_refuse: "Refuser", "Refuse";
    staff_request_why: "Un refus se dit\u{a0}: écrivez pourquoi. Rien n’a été enregistré.", "A refusal has to be told: write why. Nothing was recorded.";
    staff_request_too_long: "Cette réponse est trop longue. Rien n’a été enregistré.", "This answer is too long. Nothing was recorded.";
    staff_request_done: "C’est fait", "It is done";
    staff_request_answered: "Demande close.", "The request is closed.";

    staff_change_title: "Modifier l’inventaire", "Change the inventory";
    staff_change_lead: "Voici exactement ce qui sera écrit dans les fichiers. Rien n’est encore écrit.",
        "This is exactly what will be written to the files. Nothing is written yet.";
    staff_change_difference: "Différence des fichiers", "Difference of the files";
    staff_change_impact: "Effet sur des jours déjà facturés", "Effect on days that were invoiced already";
    staff_change_accept: "Écrire et accepter cette version", "Write and accept this version";
    staff_change_conflict: "Les fichiers de l’inventaire, sur le serveur, disent autre chose que la version acceptée",
        "The inventory’s files on the server say something else than the accepted version";
    staff_change_conflict_lead: "Quelqu’un les a modifiés sans les accepter. Rien n’est écrasé\u{a0}: acceptez cette différence sur le serveur avec «\u{a0}accolades inventory accept\u{a0}», ou défaites-la, puis recommencez.",
        "Somebody changed them without accepting that. Nothing is overwritten: accept this difference on the server with `accolades inventory accept`, or undo it, then begin again.";
    staff_change_moved: "L’inventaire a changé entre-temps\u{a0}: voici la différence d’aujourd’hui. Rien n’a été écrit.",
        "The inventory has changed meanwhile: this is today’s difference. Nothing was written.";
    staff_change_mistakes: "L’inventaire ne serait pas juste ainsi\u{a0}:", "The inventory would not be right like this:";
    staff_change_no_files: "Les fichiers de l’inventaire ne sont pas sur ce serveur.", "The inventory’s files are not on this server.";

    staff_onboard_lead: "Le formulaire écrit les fichiers du client et de sa machine. Vous verrez la différence, puis le plan, avant que quoi que ce soit ne soit fait.",
        "The form writes the files of the client and of its machine. You see the difference, then the plan, before anything is done.";
    staff_onboard_who: "Le client", "The client";
    staff_onboard_id: "Identifiant (minuscules, chiffres, tirets\u{a0}; ne change jamais)", "Id (lower-case letters, digits, dashes; it never changes)";
    staff_onboard_name: "Nom enregistré", "Registered name";
    staff_onboard_form: "Forme juridique", "Legal form";
    staff_onboard_vat: "TVA", "VAT";
    staff_onboard_siren: "SIREN", "SIREN";
    staff_onboard_siret: "SIRET", "SIRET";
    staff_onboard_rna: "RNA (association)", "RNA (association)";
    staff_onboard_street: "Adresse", "Street";
    staff_onboard_postcode: "Code postal", "Postal code";
    staff_onboard_city: "Ville", "City";
    staff_onboard_contact: "Contact", "Contact";
    staff_onboard_contact_name: "Nom du contact", "Contact’s name";
    staff_onboard_contact_email: "Courriel du contact, hors de ses propres domaines", "Contact’s e-mail, outside its own domains";
    staff_onboard_contract: "Le contrat", "The contract";
    staff_onboard_start: "Premier jour", "First day";
    staff_onboard_overage: "Prix de l’heure au-delà du forfait, HT (65.00)", "Price of an hour beyond the allowance, excl. VAT (65.00)";
    staff_onboard_services: "Services", "Services";
    staff_onboard_domain: "Domaine", "Domain";
    staff_onboard_mail: "Courrier du domaine", "Mail of the domain";
    staff_onboard_mail_here: "reçu ici", "received here";
    staff_onboard_mail_elsewhere: "reçu ailleurs", "received elsewhere";
    staff_onboard_mail_none: "aucun", "none";
    staff_onboard_machine: "La machine", "The machine";
    staff_onboard_on: "Sur une machine existante (îlot)", "On a machine that is there (island)";
    staff_onboard_own: "Une machine à lui, sur le site", "A machine of its own, at the site";
    staff_onboard_address: "Adresse de la machine (192.168.10.21/24)", "Address of the machine (192.168.10.21/24)";
    staff_onboard_cores: "Processeurs", "Processors";
    staff_onboard_memory: "Mémoire (Gio)", "Memory (GiB)";
    staff_onboard_disk: "Disque (Gio)", "Disk (GiB)";
    staff_onboard_look: "Voir la différence", "Look at the difference";
    staff_choose: "— choisir —", "— choose —";
    staff_vat_taxable: "assujetti", "taxable";
    staff_vat_exempt: "exonéré", "exempt";
    staff_vat_non_taxable: "non assujetti", "non-taxable";
    staff_vat_public: "personne publique", "public body";
    staff_field_missing: "Il manque\u{a0}:", "Missing:";
    staff_field_wrong: "Illisible\u{a0}:", "Cannot be read:";

    staff_plan: "Plan", "Plan";
    staff_plan_lead: "Ce que ferait le programme, et rien d’autre. Le plan est refusé si le monde a bougé depuis.",
        "What the program would do, and nothing else. The plan is refused when the world has moved since.";
    staff_plan_apply: "Exécuter ce plan", "Carry out this plan";
    staff_plan_nothing: "Rien à faire\u{a0}: tout est conforme à l’inventaire.", "Nothing to do: everything is as the inventory says.";
    staff_plan_stuck: "Rien ne peut être fait maintenant\u{a0}: lisez pourquoi ci-dessus.", "Nothing can be done now: read above why.";

    staff_order_lead: "Cette page dit où en est le travail. Vous pouvez la fermer\u{a0}: le travail continue.",
        "This page says how far the work is. You may close it: the work goes on.";
    staff_order_waiting: "En attente d’un processus libre.", "Waiting for a free process.";
    staff_order_under_way: "En cours.", "Under way.";
    staff_order_done: "Terminé.", "Done.";
    staff_order_failed: "N’a pas abouti.", "It did not succeed.";
    staff_order_refused: "Refusé\u{a0}: une personne doit décider.", "Refused: a person has to decide.";
    staff_order_retry: "Nouvel essai", "Tried again";
    staff_order_follow: "Suivre automatiquement", "Follow automatically";
    staff_order_unfollow: "Ne plus suivre", "Stop following";
    staff_order_refresh: "Actualiser", "Refresh";
    staff_order_steps: "Étapes", "Steps";
    staff_order_see_plan: "Lire le plan", "Read the plan";
    staff_step_open: "à faire", "to do";
    staff_step_waiting: "attend", "waits";
    staff_step_running: "en cours", "under way";
    staff_step_done: "fait", "done";
    staff_step_failed: "échec", "failed";

    staff_work_lead: "Ce que le programme a fait de lui-même ou sur demande.", "What the program did by itself or on request.";
    staff_work_open: "Demandé, pas encore terminé", "Ordered, not ended yet";
    staff_work_latest: "Derniers travaux", "Latest work";
    staff_job: "Travail", "Job";
    staff_outcome_cut_short: "interrompu", "cut short";
    staff_outcome_refused: "refusé", "refused";
    job_sweep: "Tour des sites", "Round of the sites";
    job_drills: "Essais de restauration", "Restore tests";
    job_mail: "Envoi des courriels", "Sending of mails";
    job_letters: "Courriers du matin", "Letters of the morning";
    job_compare: "Comparaison avec l’inventaire", "Comparison with the inventory";
    job_tidy: "Rangement", "Tidying up";
    job_plan: "Plan d’une machine", "Plan of a machine";
    job_apply: "Exécution d’un plan", "Execution of a plan";
    job_issue: "Émission du mois", "Issue of the month";
    staff_outcome: "Issue", "Outcome";
    staff_attempt: "Essai", "Attempt";

    staff_month_lead: "Le projet du mois\u{a0}: rien n’est numéroté avant votre confirmation.", "The month’s draft: nothing is numbered before you confirm.";
    staff_month_choose: "Mois", "Month";
    staff_month_show: "Afficher", "Show";
    staff_month_nothing: "Rien à facturer.", "Nothing to charge.";
    staff_month_leave_out: "Laisser pour plus tard", "Leave for later";
    staff_month_document: "Documents", "Documents";
    staff_month_net: "HT", "excl. VAT";
    staff_month_vat: "TVA", "VAT";
    staff_month_gross: "TTC", "incl. VAT";
    staff_month_total: "Total", "Total";
    staff_month_left_out: "Laissés de côté", "Left out";
    staff_month_waiting: "En attente d’accord, facturé nulle part", "Waiting for consent, charged nowhere";
    staff_month_recount: "Recalculer sans les clients cochés", "Recount without the ticked clients";
    staff_month_issue: "Émettre ces documents", "Issue these documents";
    staff_month_sure: "Un numéro donné ne se reprend jamais.", "A number that was given is never taken back.";
    staff_month_not_over: "Ce mois n’est pas terminé\u{a0}: il se facture à terme échu.", "This month is not over: it is charged in arrears.";
    staff_month_moved: "Le projet a changé depuis l’affichage\u{a0}: voici celui d’aujourd’hui. Rien n’a été émis.",
        "The draft has changed since it was shown: this is today’s. Nothing was issued.";
    staff_month_issued: "Documents émis", "Documents issued";
    staff_month_number: "Numéro", "Number";
    staff_month_files: "Fichiers", "Files";
    staff_journal_lead: "Qui a fait quoi, le plus récent d’abord. Rien n’en est jamais retiré\u{a0}: chaque ligne porte l’empreinte de la précédente.",
        "Who did what, the latest first. Nothing is ever taken out: each line carries the fingerprint of the one before.";
    staff_journal_number: "N°", "No.";
    staff_accounts_lead: "Les comptes se créent, se ferment et se réinitialisent sur le serveur, avec «\u{a0}accolades account\u{a0}».",
        "Accounts are made, closed and reset on the server, with `accolades account`.";
    staff_role: "Rôle", "Role";
    staff_sessions: "Entrées ouvertes", "Open sessions";
    account_open: "ouvert", "open";
    account_invited: "invité", "invited";
    account_closed: "fermé", "closed";
    role_technician: "technique", "technician";
    role_bookkeeper: "facturation", "bookkeeper";
    role_admin: "administration", "administrator";

    deed_account_added: "Compte créé", "Account made";
    deed_account_closed: "Compte fermé", "Account closed";
    deed_account_opened: "Compte rouvert", "Account opened again";
    deed_account_reset: "Compte réinitialisé", "Account reset";
    deed_apply_ordered: "Exécution d’un plan demandée", "Execution of a plan ordered";
    deed_client_added: "Client ajouté", "Client added";
    deed_entry_proven: "Lien du courriel utilisé", "Link of the mail used";
    deed_entry_refused: "Entrée refusée", "Entry refused";
    deed_factor_added: "Deuxième preuve ajoutée", "Second proof added";
    deed_factor_refused: "Deuxième preuve refusée", "Second proof refused";
    deed_factor_removed: "Deuxième preuve retirée", "Second proof removed";
    deed_inventory_accepted: "Version de l’inventaire acceptée", "Version of the inventory accepted";
    deed_invitation_used: "Invitation utilisée", "Invitation used";
    deed_issue_ordered: "Émission du mois demandée", "Issue of the month ordered";
    deed_overage_approved: "Heures en plus acceptées", "More hours approved";
    deed_overage_refused: "Heures en plus refusées", "More hours refused";
    deed_plan_ordered: "Plan demandé", "Plan ordered";
    deed_request_asked: "Demande reçue", "Request received";
    deed_request_closed: "Demande close", "Request closed";
    deed_session_began: "Entrée", "Signed in";
    deed_session_left: "Sortie", "Signed out";
    deed_sessions_closed: "Entrées fermées", "Sessions closed";
    deed_support_logged: "Intervention notée", "Work logged";

    staff_month_bad: "Ce n’est pas un mois\u{a0}: écrivez 2026-11.", "That is no month: write 2026-11.";
}
