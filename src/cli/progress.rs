//! Progress as the person or program at the other end wants it: moving bars, plain lines, or JSON lines.

use std::collections::BTreeMap;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::output::Output;
use crate::engine::Event;

/// Version of each line of progress with `--json`.
const JSON_VERSION: u32 = 1;

/// Shows events until every sender is gone.
pub struct Progress {
    sender: UnboundedSender<Event>,
    shown: JoinHandle<()>,
}

impl Progress {
    /// Begins to listen.
    pub fn start(output: Output) -> Progress {
        let (sender, events) = unbounded_channel();
        let shown = if output.is_json() {
            tokio::spawn(as_json(events, output))
        } else if output.may_draw() {
            tokio::spawn(as_bars(events))
        } else {
            tokio::spawn(as_lines(events, output))
        };
        Progress { sender, shown }
    }

    /// Where the engine tells its events.
    pub fn sender(&self) -> UnboundedSender<Event> {
        self.sender.clone()
    }

    /// Waits until everything told was shown. The engine must be gone by then.
    pub async fn end(self) {
        drop(self.sender);
        // Showing has no result; that it panicked was told already.
        let _ = self.shown.await;
    }
}

#[derive(Serialize)]
struct Line<'a> {
    version: u32,
    #[serde(flatten)]
    event: &'a Event,
}

async fn as_json(mut events: UnboundedReceiver<Event>, output: Output) {
    while let Some(event) = events.recv().await {
        // Progress that cannot be written must not stop the work; the report at the end fails for the same reason.
        let _ = output.json(&Line { version: JSON_VERSION, event: &event });
    }
}

async fn as_lines(mut events: UnboundedReceiver<Event>, output: Output) {
    while let Some(event) = events.recv().await {
        match (&event, line(&event)) {
            (Event::Stopped { .. }, Some(line)) => output.always(&format!("{line}\n")),
            (_, Some(line)) => output.say(&line),
            (_, None) => {}
        }
    }
}

async fn as_bars(mut events: UnboundedReceiver<Event>) {
    let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
    let mut bars: BTreeMap<String, ProgressBar> = BTreeMap::new();
    while let Some(event) = events.recv().await {
        match &event {
            Event::Begins { subject, actions } => {
                let bar =
                    all.add(ProgressBar::new(*actions as u64).with_style(bar_style()).with_prefix(subject.clone()));
                bar.tick();
                bars.insert(subject.clone(), bar);
            }
            Event::Acts { subject, title, .. } => {
                if let Some(bar) = bars.get(subject) {
                    bar.set_message(title.clone());
                }
            }
            Event::Done { subject, .. } => {
                if let Some(bar) = bars.get(subject) {
                    bar.inc(1);
                }
            }
            Event::Waits { subject, .. } | Event::Stopped { subject, .. } | Event::Note { subject, .. } => {
                if let (Event::Stopped { .. }, Some(bar)) = (&event, bars.get(subject)) {
                    bar.abandon_with_message("stopped");
                }
                if let Some(line) = line(&event) {
                    // Above the bars. A terminal that has gone away must not stop the work.
                    let _ = all.println(line);
                }
            }
        }
    }
    for bar in bars.values().filter(|bar| !bar.is_finished()) {
        bar.finish_with_message("");
    }
}

fn bar_style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix:>16} {bar:24} {pos:>3}/{len:<3} {wide_msg}").expect("the template is right")
}

/// An event in a line. The beginning of an action is left out: its end says the same.
fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Begins { subject, actions } => format!("{subject}: {actions} actions"),
        Event::Acts { .. } => return None,
        Event::Done { subject, title, already: false, .. } => format!("{subject}: done: {title}"),
        Event::Done { subject, title, already: true, .. } => format!("{subject}: already so: {title}"),
        Event::Waits { subject, title, why } => format!("{subject}: waits: {title}: {why}"),
        Event::Stopped { subject, why } => {
            let (headline, hint) = why.split_once("\n\n").unwrap_or((why, ""));
            let hint = if hint.is_empty() { String::new() } else { format!("\n\nhint: {hint}\n") };
            format!("{subject}: stopped: {headline}{hint}")
        }
        Event::Note { subject, text } => format!("{subject}: {text}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_names_its_subject() {
        let done = |already| Event::Done {
            subject: "lilas".to_owned(),
            key: "machine/start".to_owned(),
            title: "start vm 1001".to_owned(),
            already,
        };
        assert_eq!(line(&done(false)).as_deref(), Some("lilas: done: start vm 1001"));
        assert_eq!(line(&done(true)).as_deref(), Some("lilas: already so: start vm 1001"));
    }

    #[test]
    fn a_line_of_json_has_its_version_beside_the_event() {
        let event = Event::Note { subject: "lilas".to_owned(), text: "hm".to_owned() };
        let line = serde_json::to_value(Line { version: 1, event: &event }).expect("plain data");
        assert_eq!(line, serde_json::json!({ "version": 1, "event": "note", "subject": "lilas", "text": "hm" }));
    }
}
