//! Words of the ways in.

use super::words;

words! {
    enter_title: "Entrer dans votre espace", "Enter your space";
    enter_lead: "Donnez l’adresse de courriel que la coopérative connaît de vous. Nous vous envoyons un lien\u{a0}: il n’y a pas de mot de passe à retenir.",
        "Give the e-mail address by which the co-operative knows you. We send you a link: there is no password to remember.";
    email: "Adresse de courriel", "E-mail address";
    send_link: "Recevoir le lien", "Send me the link";
    staff_entrance: "Entrée de la coopérative", "Entrance of the co-operative";
    client_entrance: "Entrée des clients", "Entrance for clients";
    sent_title: "Regardez vos courriels", "Look at your e-mail";
    sent_lead: "Si cette adresse est celle d’un de nos contacts, un courriel vient de partir. Ouvrez le lien qu’il contient, ou tapez ici les six chiffres qu’il donne.",
        "If this address is that of one of our contacts, an e-mail has just left. Open the link in it, or type the six digits that it gives here.";
    sent_time: "Le lien et les chiffres valent quinze minutes, une seule fois.", "Link and digits are valid for fifteen minutes, once.";
    sent_nothing: "Rien reçu\u{a0}? Regardez dans les indésirables, vérifiez l’adresse, ou appelez-nous.",
        "Nothing there? Look into your spam, check the address, or call us.";
    six_digits: "Les six chiffres du courriel", "The six digits of the e-mail";
    enter: "Entrer", "Enter";
    wrong_code: "Ces chiffres ne sont pas les bons, ou ils ne valent plus. Après cinq essais il faut un nouveau courriel.",
        "These digits are wrong, or no longer valid. After five attempts a new e-mail is needed.";
    again: "Recevoir un nouveau courriel", "Get a new e-mail";
    button_title: "Vous y êtes presque", "You are nearly there";
    button_lead: "Appuyez sur le bouton pour entrer. Ce lien ne sert qu’une fois.", "Press the button to enter. This link works once.";
    dead_title: "Ce lien ne sert plus", "This link is no longer valid";
    dead_lead: "Il a déjà servi, ou plus de quinze minutes ont passé. Demandez-en un autre\u{a0}: cela prend une minute.",
        "It was used, or more than fifteen minutes have passed. Ask for another one: it takes a minute.";
    factor_title: "Votre deuxième preuve", "Your second proof";
    factor_lead: "Tapez les six chiffres que montre votre application, ou un code de secours.",
        "Type the six digits that your application shows, or a recovery code.";
    factor_code: "Code", "Code";
    wrong_factor: "Ce code n’est pas le bon, ou il a déjà servi.", "This code is wrong, or was used already.";
    bad_email: "Ceci n’est pas une adresse de courriel.", "This is not an e-mail address.";
    choose_title: "Pour qui venez-vous\u{a0}?", "For whom do you come?";
    other_client: "Changer d’organisation", "Other organisation";
    choose_lead: "Vous êtes contact de plusieurs clients de la coopérative.", "You are a contact of several clients of the co-operative.";

    staff_title: "Entrée de la coopérative", "Entrance of the co-operative";
    staff_name: "Identifiant", "Account";
    staff_password: "Mot de passe", "Password";
    staff_code: "Six chiffres de l’application, ou code de secours", "Six digits of the application, or a recovery code";
    staff_wrong: "Identifiant, mot de passe ou code ne va pas.", "Account, password or code is wrong.";
    invite_title: "Votre accès à la coopérative", "Your access to the co-operative";
    invite_lead: "Choisissez un mot de passe, puis ajoutez le portail à une application de codes (FreeOTP, Aegis, KeePassXC…).",
        "Choose a password, then add the portal to an application for codes (FreeOTP, Aegis, KeePassXC…).";
    new_password: "Mot de passe, douze caractères au moins", "Password, twelve characters at least";
    same_password: "Le même, encore une fois", "The same once more";
    scan: "Photographiez ce carré avec l’application, ou tapez la clé\u{a0}:", "Scan this square with the application, or type the key:";
    qr_title: "Carré à photographier avec une application de codes", "Square to scan with an application for codes";
    code_now: "Les six chiffres qu’elle montre maintenant", "The six digits that it shows now";
    set_up: "Enregistrer", "Save";
    invite_dead_title: "Cette invitation ne sert plus", "This invitation is no longer valid";
    invite_dead: "Elle a servi, ou trois jours ont passé. Demandez-en une autre à qui administre les comptes.",
        "It was used, or three days have passed. Ask whoever administers the accounts for another one.";
    password_short: "Le mot de passe doit avoir douze caractères au moins.", "The password must have twelve characters at least.";
    passwords_differ: "Les deux mots de passe ne sont pas les mêmes.", "The two passwords are not the same.";
    codes_title: "Vos codes de secours", "Your recovery codes";
    codes_lead: "Chacun remplace une fois les six chiffres, le jour où l’application n’est pas là. Ils ne seront plus montrés\u{a0}: imprimez-les ou recopiez-les maintenant.",
        "Each replaces the six digits once, on the day on which the application is not there. They are not shown again: print or copy them now.";
    codes_kept: "C’est noté, continuer", "I have kept them, go on";

    account_title: "Mes accès", "My access";
    sessions_title: "Où vous êtes entré", "Where you are signed in";
    sessions_lead: "Fermez ce que vous ne reconnaissez pas.", "Close what you do not recognise.";
    this_one: "ici", "here";
    since: "depuis le", "since";
    last_used: "utilisé le", "last used";
    close: "Fermer", "Close";
    close_others: "Fermer toutes les autres", "Close all others";
    factor_section: "Deuxième preuve", "Second proof";
    factor_off: "Vous entrez avec un lien reçu par courriel. Vous pouvez demander en plus un code de votre téléphone.",
        "You enter with a link received by e-mail. You may ask for a code of your telephone besides.";
    factor_on: "Un code de votre application est demandé en plus du lien.", "A code of your application is asked for besides the link.";
    factor_add: "Ajouter une deuxième preuve", "Add a second proof";
    factor_remove: "Retirer la deuxième preuve", "Remove the second proof";
    code_left: "code de secours non utilisé", "recovery code not used";
    codes_left: "codes de secours non utilisés", "recovery codes not used";
    unknown_agent: "appareil inconnu", "unknown device";
}
