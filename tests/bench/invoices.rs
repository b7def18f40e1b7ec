//! Issued documents as files: PDF with its XML, one after another on every core.

// The set has more kinds than an ordinary month.
#[allow(dead_code)]
#[path = "../it/documents/samples.rs"]
mod samples;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use accolades::billing::facturx::{cii, render};
use accolades::domain::billing::document::Issued;
use accolades::print::Templates;

use crate::usage;

/// The documents of an ordinary month, each with a number of its own.
fn numbered(index: usize) -> Issued {
    let mut issued = match index % 6 {
        0 | 1 => samples::nine_seats(),
        2 => samples::mixed(),
        3 => samples::island(),
        4 => samples::town_hall(),
        _ => samples::franchise(),
    };
    issued.number = format!("F2026-{index:05}");
    issued
}

/// Renders that many documents and says how long it took, how much memory it needed at half and at the end, and how much
/// of the time went into the XML.
pub fn render_all(count: usize) {
    let templates = Templates::built_in();
    render(&numbered(0), templates).unwrap_or_else(|error| panic!("{error}"));
    let warm_mib = usage::peak_mib();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, bytes) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let half_mib = std::sync::OnceLock::new();
    let (cpu, began) = (usage::cpu_seconds(), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    if index == count / 2 {
                        let _ = half_mib.set(usage::peak_mib());
                    }
                    let rendered = render(&numbered(index), templates).unwrap_or_else(|error| panic!("{error}"));
                    bytes.fetch_add(rendered.pdf.len() + rendered.xml.len(), Ordering::Relaxed);
                }
            });
        }
    });
    let (took, cpu) = (began.elapsed().as_secs_f64(), usage::cpu_seconds() - cpu);
    let began = Instant::now();
    for index in 0..count {
        cii(&numbered(index)).unwrap_or_else(|error| panic!("{error}"));
    }
    println!(
        "{count} documents with PDF and XML on {threads} threads: {took:.1} s, {:.2} ms each, CPU {:.2} ms each, of it XML {:.2} ms; \
         {:.0} KiB each; peak memory {warm_mib:.0} MiB after the first, {:.0} at half, {:.0} at the end",
        took * 1e3 / count as f64,
        cpu * 1e3 / count as f64,
        began.elapsed().as_secs_f64() * 1e3 / count as f64,
        bytes.into_inner() as f64 / 1024.0 / count as f64,
        half_mib.into_inner().unwrap_or_default(),
        usage::peak_mib(),
    );
}
