//! Calendar events as Proxmox understands them: which texts are one, and when they come next.
//!
//! A subset of systemd's: a list of weekdays, a date, a time, each optional (sheet Proxmox, section 9b and "Calendar").
//! A value that could be an hour but has no minute behind it is a minute, and `25:00` is a minute with seconds.

mod next;
mod parse;

/// Which moments an event names. An empty list means "any".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CalendarEvent {
    /// Counted in UTC, whatever the zone of the node.
    utc: bool,
    /// Weekdays, Monday is 0.
    weekdays: Vec<u32>,
    years: Vec<Value>,
    months: Vec<Value>,
    days: Vec<Value>,
    hours: Vec<Value>,
    minutes: Vec<Value>,
    seconds: Vec<Value>,
}

/// One value of a list: `5`, `1..5`, `0/15`, `0..30/10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Value {
    start: u32,
    /// Last value of a range.
    end: Option<u32>,
    /// Distance of repetitions.
    step: Option<u32>,
}

impl Value {
    fn single(start: u32) -> Value {
        Value { start, end: None, step: None }
    }

    fn contains(self, value: u32) -> bool {
        if value < self.start || self.end.is_some_and(|end| value > end) {
            return false;
        }
        match (self.step, self.end) {
            (Some(step), _) if step > 0 => (value - self.start).is_multiple_of(step),
            (None, Some(_)) => true,
            _ => value == self.start,
        }
    }

    /// The smallest value that is larger than this one.
    fn after(self, value: u32) -> Option<u32> {
        if value < self.start {
            return Some(self.start);
        }
        let next = match (self.step, self.end) {
            (Some(0), _) | (None, None) => return None,
            (Some(step), _) => self.start + ((value - self.start) / step + 1) * step,
            (None, Some(_)) => value + 1,
        };
        (self.end.is_none_or(|end| next <= end)).then_some(next)
    }
}

impl CalendarEvent {
    /// Reads an event; blanks around it do not count (Proxmox VE trims them, Proxmox Backup Server does not).
    ///
    /// # Errors
    /// The parser's own words, for example `unable to parse calendar event at 'every' - Context("weekday")`.
    pub fn parse(text: &str) -> Result<CalendarEvent, String> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err("unable to parse calendar event - event is empty".to_owned());
        }
        CalendarEvent::parse_exact(trimmed)
    }

    /// Reads an event whose blanks count.
    ///
    /// # Errors
    /// As [`CalendarEvent::parse`].
    pub fn parse_exact(text: &str) -> Result<CalendarEvent, String> {
        parse::complete(text)
    }
}
