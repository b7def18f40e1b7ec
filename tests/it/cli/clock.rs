//! A clock that stands still, in the form of a lab's.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

/// Serves one instant until the test's process ends; what to set `ACCOLADES_CLOCK` to.
pub fn standing_at(now_us: i64) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A command that has gone away needs no answer.
            let _ = answer(stream, now_us);
        }
    });
    format!("http://{address}/clock")
}

fn answer(mut stream: TcpStream, now_us: i64) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let body = format!("{{\"now_us\":{now_us}}}");
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The same for a clock that a test moves.
pub fn following(now_us: std::sync::Arc<std::sync::atomic::AtomicI64>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever asked and has gone away needs no answer.
            let _ = answer(stream, now_us.load(std::sync::atomic::Ordering::SeqCst));
        }
    });
    format!("http://{address}/clock")
}
