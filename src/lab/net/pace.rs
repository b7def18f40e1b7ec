//! A lab whose time follows the clock on the wall, a number of times as fast.
//!
//! Where time moves by requests and waits alone, the durations of sites that work side by side add up. How long many
//! sites take together can be seen only where they wait at the same time, as they do in the world.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crate::world::Moment;

/// How simulated time follows the wall's.
#[derive(Debug, Clone)]
pub struct Pace {
    factor: NonZeroU32,
    began: Instant,
    at: Moment,
    /// Simulated microseconds that whoever is being answered has not waited for yet.
    owed_us: u64,
}

impl Pace {
    /// From now on, `factor` times as fast as the wall's clock.
    pub fn from(at: Moment, factor: NonZeroU32) -> Pace {
        Pace { factor, began: Instant::now(), at, owed_us: 0 }
    }

    /// The same pace from another moment.
    pub fn again(&self, at: Moment) -> Pace {
        Pace::from(at, self.factor)
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        let passed_us = self.began.elapsed().as_micros().saturating_mul(u128::from(self.factor.get()));
        self.at.plus_us(u64::try_from(passed_us).unwrap_or(u64::MAX))
    }

    /// Something took so much simulated time: its answer has to wait for it.
    pub fn owe(&mut self, us: u64) {
        self.owed_us = self.owed_us.saturating_add(us);
    }

    /// How long the answer has to wait on the wall's clock. Asked once per answer.
    pub fn take_owed(&mut self) -> Duration {
        Duration::from_micros(std::mem::take(&mut self.owed_us)) / self.factor.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIXTY: NonZeroU32 = NonZeroU32::new(60).expect("not zero");

    #[test]
    fn pace_an_answer_waits_for_its_share_of_the_simulated_time_once() {
        let mut pace = Pace::from(Moment(0), SIXTY);
        pace.owe(90_000_000);
        pace.owe(30_000_000);
        assert_eq!(pace.take_owed(), Duration::from_secs(2));
        assert_eq!(pace.take_owed(), Duration::ZERO);
    }

    #[test]
    fn pace_time_runs_by_itself_and_never_back() {
        let pace = Pace::from(Moment(5), SIXTY);
        let first = pace.now();
        assert!(first >= Moment(5));
        assert!(pace.now() >= first);
    }
}
