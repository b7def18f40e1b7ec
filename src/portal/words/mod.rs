//! Every word of the portal, in French and in English side by side: a text without its twin does not compile.

mod access;
mod client;
mod common;
mod details;
mod staff;

use axum::http::HeaderMap;

use crate::domain::billing::document::DocumentLanguage;
use crate::inventory::model::Language;

use super::session::cookie;

/// The cookie that keeps a choice of language.
pub const LANGUAGE_COOKIE: &str = "langue";

/// The words of one language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Words(Language);

/// Makes a method for each text and a table of all of them.
macro_rules! words {
    ($($key:ident: $fr:expr, $en:expr;)*) => {
        impl super::Words {
            $(
                #[doc = $en]
                pub fn $key(self) -> &'static str {
                    self.pick($fr, $en)
                }
            )*
        }

        /// Key, French, English.
        pub(super) const TEXTS: &[(&str, &str, &str)] = &[$((stringify!($key), $fr, $en)),*];
    };
}
use words;

impl Words {
    /// French.
    pub const FR: Words = Words(Language::Fr);
    /// English.
    pub const EN: Words = Words(Language::En);

    /// The words of a language.
    pub fn in_language(language: Language) -> Words {
        Words(language)
    }

    /// The language that somebody chose, when they did.
    pub fn of(headers: &HeaderMap) -> Option<Words> {
        match cookie(headers, LANGUAGE_COOKIE)? {
            "fr" => Some(Words::FR),
            "en" => Some(Words::EN),
            _ => None,
        }
    }

    /// Which language this is.
    pub fn language(self) -> Language {
        self.0
    }

    /// As documents name it.
    pub fn document(self) -> DocumentLanguage {
        match self.0 {
            Language::Fr => DocumentLanguage::Fr,
            Language::En => DocumentLanguage::En,
        }
    }

    /// Its code, as pages and cookies name it.
    pub fn code(self) -> &'static str {
        self.pick("fr", "en")
    }

    /// The other language.
    #[must_use]
    pub fn other(self) -> Words {
        self.pick(Words::EN, Words::FR)
    }

    /// The French or the English of two.
    pub fn pick<T>(self, fr: T, en: T) -> T {
        match self.0 {
            Language::Fr => fr,
            Language::En => en,
        }
    }
}

/// Every text with its key: French, then English.
pub fn all() -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
    common::TEXTS.iter().chain(access::TEXTS).chain(client::TEXTS).chain(details::TEXTS).chain(staff::TEXTS)
}
