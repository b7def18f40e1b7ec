//! `accolades lab serve`: one line that says everything once it is ready.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::Desk;

/// Serves a lab, and what its line says.
fn endpoints(desk: &Desk, arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accolades"));
    command.current_dir(desk.path(".")).args(["lab", "serve", "--json"]).args(arguments).stdout(Stdio::piped());
    let mut lab = command.spawn().expect("the binary runs");
    let mut line = String::new();
    let read = BufReader::new(lab.stdout.take().expect("piped")).read_line(&mut line);
    lab.kill().expect("it serves until it is ended");
    lab.wait().expect("it was ended");
    read.expect("a line");
    serde_json::from_str(&line).expect("JSON")
}

#[test]
fn cli_lab_serves_the_sites_of_the_inventory_or_numbered_ones() {
    let desk = Desk::new();
    let own = endpoints(&desk, &[]);
    assert_eq!(own["sites"]["friche"]["node"], "pve2");
    let numbered = endpoints(&desk, &["--sites", "2", "--seed", "7"]);
    assert_eq!(numbered["seed"], 7);
    assert_eq!(numbered["sites"].as_object().map(serde_json::Map::len), Some(2));
    assert!(numbered["clock"].as_str().is_some_and(|clock| clock.ends_with("/clock")));
    assert_eq!(desk.run(&["lab", "serve", "--sites", "0"]).code, 2);
}
