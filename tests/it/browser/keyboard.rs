//! The keyboard alone: from stop to stop, and whether one sees where one is.

use reqwest::Method;
use serde_json::{Value, json};

use super::driver::{Browser, ELEMENT};

/// The Tab and Enter keys, as WebDriver writes them.
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// More stops than any page of ours has.
const STOPS_MAX: usize = 120;

/// What has the focus.
struct Focused {
    text: String,
    name: String,
    href: String,
}

impl Browser {
    /// The element that has the focus.
    async fn focused(&self) -> String {
        let found = self.ask(Method::GET, "/element/active", None).await;
        found[ELEMENT].as_str().unwrap_or_else(|| panic!("nothing has the focus: {found}")).to_owned()
    }

    /// Presses a key and lets go of it, as a person does: whatever has the focus gets it.
    async fn press_key(&self, key: &str) {
        let strokes = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        let actions = json!([{ "type": "key", "id": "keyboard", "actions": strokes }]);
        self.post("/actions", json!({ "actions": actions })).await;
    }

    /// Presses Tab until what has the focus is what is wanted; gives how often.
    async fn tab_until(&self, wanted: &str, is_it: impl Fn(&Focused) -> bool) -> usize {
        for stop in 1..=STOPS_MAX {
            self.press_key(TAB).await;
            if is_it(&self.look_at_focus().await) {
                return stop;
            }
        }
        panic!("no Tab leads to `{wanted}` on {}", self.url().await);
    }

    async fn look_at_focus(&self) -> Focused {
        let element = self.focused().await;
        let attribute = |name: &'static str| {
            let path = format!("/element/{element}/attribute/{name}");
            async move { self.ask(Method::GET, &path, None).await.as_str().unwrap_or_default().to_owned() }
        };
        Focused {
            text: self.get(&format!("/element/{element}/text")).await,
            name: attribute("name").await,
            href: attribute("href").await,
        }
    }

    /// To a link or button that says this.
    pub async fn tab_to(&self, words: &str) -> usize {
        self.tab_until(words, |one| one.text.trim() == words || one.name == words).await
    }

    /// To a link that leads to an address with this in it.
    pub async fn tab_to_href(&self, part: &str) -> usize {
        self.tab_until(part, |one| one.href.contains(part)).await
    }

    /// Presses Tab once; gives where the focus is then: the words of a link or button, the name of a field.
    pub async fn tab(&self) -> String {
        self.press_key(TAB).await;
        let one = self.look_at_focus().await;
        if one.text.trim().is_empty() { one.name } else { one.text.trim().to_owned() }
    }

    /// Whether what has the focus looks otherwise than without it.
    pub async fn shows_focus(&self) -> bool {
        let look = "const style = getComputedStyle(document.activeElement), box = document.activeElement.getBoundingClientRect();
            arguments[arguments.length - 1](style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
                && box.width > 1 && box.left >= 0 && box.top >= 0 && box.bottom <= innerHeight);";
        self.run(look).await == Value::Bool(true)
    }

    /// Presses Enter.
    pub async fn enter(&self) {
        self.press_key(ENTER).await;
    }
}
