//! Nothing that a client sends makes the lab's Proxmox fall over.

use accolades::lab::calendar::CalendarEvent;
use accolades::lab::pve::call::Refusal;
use accolades::lab::pve::schema::{Format, Param};
use accolades::lab::pve::{json, server, table, verify, wire};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::pve_fixture::{self, SITE};

/// Texts that look like what parameters hold, and texts that do not.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        "[a-z0-9=,;:/.%+-]{0,40}",
        "[a-z]{1,8}=[a-z0-9.]{0,6}(,[a-z_-]{1,8}=[0-9A-Z]{0,4}){0,3}",
        "-?[0-9]{1,20}(\\.[0-9]{1,3})?",
    ]
}

#[test]
fn every_pattern_of_the_table_is_a_regular_expression() {
    let mut patterns = 0;
    for param in table::methods().flat_map(|method| method.params.iter()).flat_map(|group| group.iter()) {
        patterns += check_patterns(param);
    }
    assert!(patterns > 50, "only {patterns} patterns were looked at");
}

fn check_patterns(param: &Param) -> usize {
    let keys = match param.format {
        Format::Properties(keys) => keys,
        Format::Named(name) => table::properties(name).unwrap_or_default(),
        Format::Free => &[],
    };
    let own = param.pattern.map_or(0, |pattern| {
        regex::Regex::new(pattern).unwrap_or_else(|error| panic!("{}: {error}", param.name));
        1
    });
    own + keys.iter().flat_map(|group| group.iter()).map(check_patterns).sum::<usize>()
}

proptest! {
    #[test]
    fn any_text_in_any_parameter_is_accepted_or_refused_by_name(text in texts(), pick in 0_usize..10_000) {
        let all: Vec<_> = table::methods()
            .flat_map(|method| method.params.iter().flat_map(|group| group.iter()).map(move |param| (method, param)))
            .collect();
        let (method, param) = all[pick % all.len()];
        let name = if param.count > 0 { format!("{}0", param.name) } else { param.name.to_owned() };
        let given = Map::from_iter([(name.clone(), Value::String(text))]);
        match verify::verify(method, given) {
            Ok(params) => prop_assert!(params.contains_key(&name)),
            Err(Refusal::Params(errors)) => prop_assert!(!errors.is_empty()),
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn any_bytes_on_a_connection_end_it_in_order(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        talk(&bytes);
    }

    #[test]
    fn any_request_gets_an_answer(method in "[A-Z]{1,7}", path in "[a-z0-9/%.{}_-]{0,30}", body in ".{0,40}") {
        let token = "Authorization: PVEAPIToken=root@pam!boss=<secret:boss>\r\n";
        let head = format!("{method} /api2/json/{path} HTTP/1.1\r\n{token}");
        let request = format!("{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let answer = talk(pve_fixture::with_secrets(&request).as_bytes());
        prop_assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
    }

    #[test]
    fn json_is_read_as_everybody_reads_it(text in "[\\[\\]{}:,\"a-z0-9 .eE+-]{0,20}") {
        let ours = json::parse(text.as_bytes());
        let theirs = serde_json::from_str::<Value>(&text);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
    }

    #[test]
    fn the_next_moment_is_later(
        text in "(mon|sat|mon\\.\\.fri)? ?[0-9*]{1,2}(/[0-9]{1,2})?:[0-9]{1,2}",
        start in 1_700_000_000_i64..1_900_000_000,
    ) {
        let zone = TimeZone::get("Europe/Paris").expect("a known zone");
        if let Ok(event) = CalendarEvent::parse(&text) {
            prop_assert!(event.next_after(start, &zone).is_none_or(|next| next > start));
        }
    }
}

fn talk(bytes: &[u8]) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let world = std::cell::RefCell::new(pve_fixture::recorded_world());
    let respond = async |request| Some(server::answer(&mut world.borrow_mut(), SITE, &request));
    runtime.block_on(async {
        let (mut client, stream) = tokio::io::duplex(64 * 1024);
        let exchange = async {
            client.write_all(bytes).await.expect("the pipe takes it");
            client.shutdown().await.expect("the pipe can be shut");
            let mut received = Vec::new();
            client.read_to_end(&mut received).await.expect("bytes come back");
            String::from_utf8_lossy(&received).into_owned()
        };
        // A request that is cut off is the client's doing, not a failure of the server.
        let (_, received) = tokio::join!(wire::serve(stream, respond), exchange);
        received
    })
}
