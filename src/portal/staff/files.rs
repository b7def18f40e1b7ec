//! Files of issued documents, for the bookkeeper.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;

use crate::portal::client::invoices::archived;
use crate::portal::{Portal, Problem};
use crate::store::Scope;

/// A file as it was issued.
pub async fn file(
    State(portal): State<Arc<Portal>>,
    Path((number, name)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let files = portal.store.invoice_files(&Scope::Staff).await?;
    let kept = files.into_iter().find(|one| one.number == number && one.name == name).ok_or(Problem::NotFound)?;
    archived(&portal, &kept).await
}
