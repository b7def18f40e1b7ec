//! Counted things in words of English: one thing, several things.

/// A number with its words: `counted(1, "client is late", "clients are late")` is `1 client is late`. Nought counts as
/// several, as English has it.
pub fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_nought_and_several_are_plural() {
        let late = |count| counted(count, "client is late", "clients are late");
        assert_eq!([0, 1, 2].map(late), ["0 clients are late", "1 client is late", "2 clients are late"]);
    }
}
