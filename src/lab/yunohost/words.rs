//! What YunoHost says: one sentence per key, English and (where it is known) French.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The language that a command answers in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Speech {
    /// Everything but the following.
    #[default]
    English,
    /// When `LC_ALL` asks for French; `LANG` alone does not (sheet, section 10).
    French,
}

#[derive(Default)]
struct Sentence {
    english: &'static str,
    french: Option<&'static str>,
}

fn sentences() -> &'static BTreeMap<&'static str, Sentence> {
    static SENTENCES: LazyLock<BTreeMap<&'static str, Sentence>> = LazyLock::new(|| {
        let mut sentences: BTreeMap<&'static str, Sentence> = BTreeMap::new();
        for line in include_str!("words.txt").lines().filter(|line| !line.starts_with('#')) {
            let Some((key, text)) = line.split_once(" = ") else { continue };
            match key.strip_suffix("@fr") {
                Some(key) => sentences.entry(key).or_default().french = Some(text),
                None => sentences.entry(key).or_default().english = text,
            }
        }
        sentences
    });
    &SENTENCES
}

impl Speech {
    /// The language that an environment asks for.
    pub fn of(environment: &BTreeMap<String, String>) -> Speech {
        match environment.get("LC_ALL") {
            Some(locale) if locale.starts_with("fr") => Speech::French,
            _ => Speech::English,
        }
    }

    /// The sentence of a key with its `{names}` filled in; the key itself when there is no such sentence.
    pub fn say(self, key: &str, values: &[(&str, &str)]) -> String {
        let sentence = self.find(key).unwrap_or_else(|| key.to_owned());
        values.iter().fold(sentence, |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// The sentence of a key as it is written.
    pub fn find(self, key: &str) -> Option<String> {
        let sentence = sentences().get(key)?;
        let text = match self {
            Speech::English => sentence.english,
            Speech::French => sentence.french.unwrap_or(sentence.english),
        };
        Some(text.replace("\\n", "\n"))
    }

    /// What is said about a key that has no sentence.
    pub fn missing(self, key: &str) -> String {
        self.say("translation_missing", &[("key", key)])
    }
}
