//! How often something was tried, per window of time. Kept here so that a restart forgives nothing.

use super::{Store, StoreError};

const COUNT: &str = "
    INSERT INTO attempts (name, window_us, count) VALUES ($1, $2, 1)
    ON CONFLICT (name, window_us) DO UPDATE SET count = attempts.count + 1 RETURNING count";
const FORGET: &str = "DELETE FROM attempts WHERE window_us < $1";

impl Store {
    /// Counts one more try in the window that `at_us` lies in; how many there are now in it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn count_attempt(&self, name: &str, window_us: i64, at_us: i64) -> Result<i64, StoreError> {
        let begin = at_us - at_us.rem_euclid(window_us.max(1));
        Ok(on_pool!(self, |pool| sqlx::query_scalar(COUNT).bind(name).bind(begin).fetch_one(pool).await?))
    }

    /// Forgets windows that began before an instant.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn forget_attempts(&self, before_us: i64) -> Result<(), StoreError> {
        on_pool!(self, |pool| {
            sqlx::query(FORGET).bind(before_us).execute(pool).await?;
        });
        Ok(())
    }
}
