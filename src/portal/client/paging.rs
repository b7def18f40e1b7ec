//! Lists that grow for years, shown in pages of a bounded length, the newest first.

use crate::util::limits;

/// A page of a list, and where the pages beside it are.
pub(super) struct Paging {
    first: usize,
    /// The page before; none on the first.
    pub(super) previous: Option<String>,
    /// The page after; none on the last.
    pub(super) next: Option<String>,
}

impl Paging {
    /// The page that was asked for, from 1, of so many rows. What is no number is the first page, what is beyond the end the
    /// last one.
    pub(super) fn of(asked: &str, rows: usize, link: impl Fn(usize) -> String) -> Paging {
        let pages = rows.div_ceil(limits::PORTAL_PAGE_ROWS).max(1);
        let page = asked.parse::<usize>().unwrap_or(1).clamp(1, pages);
        Paging {
            first: (page - 1) * limits::PORTAL_PAGE_ROWS,
            previous: (page > 1).then(|| link(page - 1)),
            next: (page < pages).then(|| link(page + 1)),
        }
    }

    /// The rows of this page.
    pub(super) fn rows<T>(&self, all: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
        all.into_iter().skip(self.first).take(limits::PORTAL_PAGE_ROWS)
    }
}
