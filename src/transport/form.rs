//! Parameters and paths, encoded as Proxmox reads them.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything is encoded but the characters that no decoder touches; in particular a space is `%20`, never `+`.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Encodes one path segment or one value.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, STRICT).to_string()
}

/// The value of the option `sshkeys`: percent-encoded once here, and once more like every parameter when it is sent
/// (sheet Proxmox, section 5a).
pub fn encode_ssh_keys<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    let lines: Vec<&str> = keys.into_iter().map(str::trim).collect();
    encode(&lines.join("\n"))
}

/// Named parameters in the order in which they are sent. A name that occurs twice is a list to Proxmox.
#[derive(Debug, Clone, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// No parameters yet.
    #[must_use]
    pub fn new() -> Form {
        Form::default()
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Form {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a parameter when there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl ToString>) -> Form {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds a boolean, which is `1` or `0` here and nothing else.
    #[must_use]
    pub fn with_flag(self, name: &str, value: bool) -> Form {
        self.with(name, u8::from(value))
    }

    /// Adds options by name.
    #[must_use]
    pub fn with_all(mut self, options: &BTreeMap<String, String>) -> Form {
        self.0.extend(options.iter().map(|(name, value)| (name.clone(), value.clone())));
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `name=value&...`, the same in a body as behind a path.
    pub fn encoded(&self) -> String {
        let pairs: Vec<String> =
            self.0.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        pairs.join("&")
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_encoded_is_decoded(text in "\\PC{0,40}") {
            let encoded = encode(&text);
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte)));
            prop_assert_eq!(percent_decode_str(&encoded).decode_utf8().unwrap(), text);
        }
    }

    #[test]
    fn ssh_keys_are_encoded_twice() {
        let keys = encode_ssh_keys(["ssh-ed25519 AAAA+/= a@b\n", "ssh-rsa BBBB"]);
        assert_eq!(keys, "ssh-ed25519%20AAAA%2B%2F%3D%20a%40b%0Assh-rsa%20BBBB");
        assert_eq!(Form::new().with("sshkeys", "a%20b").encoded(), "sshkeys=a%2520b");
    }

    #[test]
    fn a_form_keeps_its_order_and_writes_booleans_as_digits() {
        let form = Form::new().with("vmid", 101).with_flag("full", true).with_some("pool", None::<&str>);
        assert_eq!(
            form.with("command", "a b").with("command", "c").encoded(),
            "vmid=101&full=1&command=a%20b&command=c"
        );
    }
}
