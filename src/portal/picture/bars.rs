//! Invoices: a column each, what is open of it on top.

use askama::Template;

use crate::domain::money::Cents;

/// Pixels.
const HEIGHT: i64 = 96;
const WIDTH: i64 = 352;
/// The widest column.
const COLUMN_MAX: i64 = 44;

/// A column.
#[derive(Debug, Clone)]
pub struct Bar {
    /// Under it.
    pub label: String,
    /// All of it.
    pub total: Cents,
    /// What is open of it.
    pub open: Cents,
    /// Whether it is late.
    pub is_late: bool,
    /// Whether it is yet to come.
    pub is_expected: bool,
}

/// The picture.
#[derive(Template)]
#[template(path = "portal/picture/bars.svg", escape = "html")]
pub struct Bars {
    title: String,
    desc: String,
    columns: Vec<Placed>,
}

struct Placed {
    x: i64,
    middle: i64,
    width: i64,
    paid_y: i64,
    paid: i64,
    open_y: i64,
    open: i64,
    class: &'static str,
    label: String,
    is_expected: bool,
}

impl Bars {
    /// Draws all to one scale.
    pub fn new(title: impl Into<String>, desc: impl Into<String>, bars: &[Bar]) -> Bars {
        let most = bars.iter().map(|bar| bar.total.0).max().unwrap_or(0).max(1);
        let step = WIDTH / i64::try_from(bars.len()).unwrap_or(1).max(1);
        let width = (step * 3 / 5).min(COLUMN_MAX);
        let place = |(number, bar): (usize, &Bar)| {
            let pixels = |cents: i64| cents.clamp(0, most) * HEIGHT / most;
            let open = pixels(bar.open.0);
            let paid = pixels(bar.total.0) - open;
            let x = i64::try_from(number).unwrap_or(0) * step + (step - width) / 2;
            Placed {
                x,
                middle: x + width / 2,
                width,
                paid_y: HEIGHT - paid,
                paid,
                open_y: HEIGHT - paid - open,
                open,
                class: if bar.is_late { "bad" } else { "warn" },
                label: bar.label.clone(),
                is_expected: bar.is_expected,
            }
        };
        Bars { title: title.into(), desc: desc.into(), columns: bars.iter().enumerate().map(place).collect() }
    }
}
