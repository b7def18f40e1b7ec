//! Requests to Dolibarr. Its answers are read with care: numbers come as texts, and what is not there is a 404.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::util::limits;

/// The header that carries the key.
const KEY_HEADER: &str = "DOLAPIKEY";

/// Why Dolibarr did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DolibarrError {
    /// Nobody answered, or the answer was lost: on a write it is not known whether it was done.
    #[error(
        "Dolibarr at `{url}` did not answer\n\nrun the command again: it looks at what is there before it writes anything"
    )]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It refused.
    #[error("Dolibarr refused `{what}`: {status} {words}\n\n{hint}")]
    Refused {
        /// What was asked.
        what: String,
        /// HTTP status.
        status: u16,
        /// Its words.
        words: String,
        /// What to do.
        hint: &'static str,
    },
    /// It answered something else than its interface describes.
    #[error("Dolibarr's answer to `{what}` cannot be read\n\nis the address right, and the API module of Dolibarr on?")]
    Unreadable {
        /// What was asked.
        what: String,
    },
    /// What stands there is not what we have.
    #[error("{what}\n\na person has to compare both; nothing more was pushed of it")]
    Differs {
        /// What differs.
        what: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

/// A Dolibarr.
#[derive(Debug, Clone)]
pub struct Dolibarr {
    http: reqwest::Client,
    url: String,
    key: SecretString,
}

impl Dolibarr {
    /// The one at an address such as `https://gestion.example`.
    ///
    /// # Errors
    /// When no client can be made on this machine.
    pub fn new(url: &str, key: SecretString) -> Result<Dolibarr, DolibarrError> {
        Dolibarr::with_timeout(url, key, limits::DOLIBARR_REQUEST_TIMEOUT)
    }

    /// The same with another patience.
    ///
    /// # Errors
    /// As [`Dolibarr::new`].
    pub fn with_timeout(url: &str, key: SecretString, timeout: Duration) -> Result<Dolibarr, DolibarrError> {
        let http = reqwest::Client::builder().timeout(timeout).redirect(reqwest::redirect::Policy::none()).build();
        let http = http.map_err(|source| DolibarrError::Unreachable { url: url.to_owned(), source })?;
        Ok(Dolibarr { http, url: url.trim_end_matches('/').to_owned(), key })
    }

    async fn ask(&self, request: reqwest::RequestBuilder, what: &str) -> Result<Option<Value>, DolibarrError> {
        let failed = |source| DolibarrError::Unreachable { url: self.url.clone(), source };
        let answer = request.header(KEY_HEADER, self.key.expose_secret()).send().await.map_err(failed)?;
        let status = answer.status();
        let text = answer.text().await.map_err(failed)?;
        if status.as_u16() == 404 {
            return Ok(None);
        }
        let unreadable = || DolibarrError::Unreadable { what: what.to_owned() };
        if status.is_success() {
            return serde_json::from_str(&text).map(Some).map_err(|_| unreadable());
        }
        let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        let words = value["error"]["message"].as_str().unwrap_or_default().to_owned();
        let hint = match status.as_u16() {
            401 => "set the key of its API: `accolades secret set dolibarr`",
            403 => "give the user of the key the rights to third parties, invoices and payments",
            _ => "look at its own page; nothing more was pushed of this",
        };
        Err(DolibarrError::Refused { what: what.to_owned(), status: status.as_u16(), words, hint })
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Option<Value>, DolibarrError> {
        let request = self.http.get(format!("{}/api/index.php/{path}", self.url)).query(query);
        self.ask(request, path).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, DolibarrError> {
        let request = self.http.post(format!("{}/api/index.php/{path}", self.url)).json(body);
        self.ask(request, path).await?.ok_or_else(|| DolibarrError::Unreadable { what: path.to_owned() })
    }

    /// The third parties that a filter of Dolibarr's finds: their numbers.
    ///
    /// # Errors
    /// [`DolibarrError`].
    pub async fn third_parties(&self, filter: &str) -> Result<Vec<String>, DolibarrError> {
        let found = self.get("thirdparties", &[("sqlfilters", filter), ("limit", "2")]).await?;
        let list = found.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(list.iter().filter_map(|one| number(&one["id"])).collect())
    }

    /// Makes a third party; its number.
    ///
    /// # Errors
    /// [`DolibarrError`].
    pub async fn make_third_party(&self, body: &Value) -> Result<String, DolibarrError> {
        self.made("thirdparties", body).await
    }

    /// The invoice of our number.
    ///
    /// # Errors
    /// [`DolibarrError`].
    pub async fn invoice(&self, ours: &str) -> Result<Option<Value>, DolibarrError> {
        self.get(&format!("invoices/ref_ext/{ours}"), &[("contact_list", "-1")]).await
    }

    /// Makes an invoice as a draft; its number there.
    ///
    /// # Errors
    /// [`DolibarrError`].
    pub async fn make_invoice(&self, body: &Value) -> Result<String, DolibarrError> {
        self.made("invoices", body).await
    }

    /// Makes a draft final.
    ///
    /// # Errors
    /// [`DolibarrError`].
    pub async fn validate(&self, id: &str) -> Result<(), DolibarrError> {
        self.post(&format!("invoices/{id}/validate"), &json!({ "idwarehouse": 0, "notrigger": 0 })).await?;
        Ok(())
    }

    /// The marks of the payments of an invoice.
    ///
    /// # Errors
    /// [`DolibarrError`].
    pub async fn payments(&self, id: &str) -> Result<Vec<String>, DolibarrError> {
        let found = self.get(&format!("invoices/{id}/payments"), &[]).await?;
        let list = found.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(list.iter().filter_map(|one| one["num"].as_str().map(str::to_owned)).collect())
    }

    /// Records a payment; its number there.
    ///
    /// # Errors
    /// [`DolibarrError`].
    pub async fn pay(&self, body: &Value) -> Result<String, DolibarrError> {
        self.made("invoices/paymentsdistributed", body).await
    }

    async fn made(&self, path: &str, body: &Value) -> Result<String, DolibarrError> {
        let answer = self.post(path, body).await?;
        number(&answer).ok_or_else(|| DolibarrError::Unreadable { what: path.to_owned() })
    }
}

/// A number, which Dolibarr writes as a number or as a text.
pub(super) fn number(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}
