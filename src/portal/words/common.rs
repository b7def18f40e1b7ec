//! Words of every page, and of plain ones.

use super::words;

words! {
    skip: "Aller au contenu", "Skip to content";
    menu: "Rubriques", "Sections";
    other_language: "English", "Français";
    leave: "Sortir", "Sign out";
    my_access: "Mes accès", "My access";
    as_table: "Les mêmes chiffres en tableau", "The same figures as a table";
    more: "Voir le détail", "See the details";
    back: "Retour", "Back";
    send: "Envoyer", "Send";
    cancel: "Annuler", "Cancel";
    previous_page: "Page précédente", "Previous page";
    next_page: "Page suivante", "Next page";
    nothing_here: "Rien pour le moment.", "Nothing yet.";
    state: "État", "State";
    day: "Jour", "Day";
    date: "Date", "Date";
    who: "Qui", "Who";
    what: "Quoi", "What";
    good: "bien", "fine";
    warning: "à surveiller", "to be watched";
    bad: "à réparer", "to be mended";
    unknown: "inconnu", "unknown";
    colon: "\u{a0}:", ":";
    printed: "Imprimé depuis le portail", "Printed from the portal";

    not_found_title: "Cette page n’existe pas", "This page does not exist";
    not_found: "Le lien est peut-être incomplet, ou cette page n’est pas pour vous.",
        "The link may be incomplete, or this page is not for you.";
    foreign_title: "Cette demande ne vient pas du portail", "This request does not come from the portal";
    foreign: "Par prudence, rien n’a été fait. Revenez à la page et recommencez.",
        "To be safe, nothing was done. Go back to the page and try again.";
    too_large_title: "C’est trop long", "This is too long";
    too_large: "Rien n’a été enregistré. Raccourcissez votre texte et recommencez.",
        "Nothing was recorded. Shorten your text and try again.";
    unreadable_title: "Nous n’avons pas compris cette demande", "We did not understand this request";
    unreadable: "Rien n’a été enregistré. Revenez à la page et recommencez.",
        "Nothing was recorded. Go back to the page and try again.";
    too_often_title: "Trop d’essais", "Too many attempts";
    too_often: "Attendez une heure, ou appelez-nous.", "Wait an hour, or call us.";
    unavailable_title: "Le portail ne répond pas pour le moment", "The portal does not answer at the moment";
    unavailable: "Rien n’est perdu, et vos machines n’en dépendent pas. Réessayez dans quelques minutes.",
        "Nothing is lost, and your machines do not depend on it. Try again in a few minutes.";
    not_ready_title: "Le portail n’est pas encore prêt", "The portal is not ready yet";
    not_ready: "La coopérative n’a pas fini de le mettre en place.", "The co-operative has not finished setting it up.";
    bug_title: "Le portail s’est trompé", "The portal made a mistake";
    bug: "Ce n’est pas de votre fait. Réessayez\u{a0}; si cela recommence, appelez-nous.",
        "This is not your doing. Try again; if it happens again, call us.";
    to_the_beginning: "Revenir au début", "Back to the beginning";
}
