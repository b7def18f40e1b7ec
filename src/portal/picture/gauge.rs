//! Hours: a bar that fills up.

use askama::Template;

/// Pixels of the bar.
const WIDTH: i64 = 352;

/// The picture: minutes used of those included, and beyond.
#[derive(Template)]
#[template(path = "portal/picture/gauge.svg", escape = "html")]
pub struct Gauge {
    title: String,
    desc: String,
    used_label: String,
    end_label: String,
    used: i64,
    beyond: i64,
    included: i64,
    class: &'static str,
    forecast: Option<i64>,
}

impl Gauge {
    /// Draws minutes to one scale: what is included, or all of it when more was used.
    pub fn new(
        title: impl Into<String>,
        desc: impl Into<String>,
        (used, beyond, allowance): (i64, i64, i64),
        labels: (String, String),
        class: &'static str,
    ) -> Gauge {
        let whole = allowance.max(used).max(1);
        let pixels = |minutes: i64| (minutes * WIDTH / whole).clamp(0, WIDTH);
        Gauge {
            title: title.into(),
            desc: desc.into(),
            used_label: labels.0,
            end_label: labels.1,
            used: pixels(used - beyond),
            beyond: pixels(beyond),
            included: pixels(allowance),
            class,
            forecast: None,
        }
    }

    /// With a mark for the share of the year that has passed, in thousandths.
    #[must_use]
    pub fn with_time_passed(mut self, thousandths: i64) -> Gauge {
        self.forecast = Some(self.included * thousandths.clamp(0, 1000) / 1000);
        self
    }
}
