//! A YunoHost server of the lab for the tests of the sheet's sentences.

use accolades::lab::os::Output;
use accolades::lab::yunohost::apps::package::AppSources;
use serde_json::Value;

use crate::replay_yunohost::Server;

/// A server after its post-installation with the lab's own catalogue.
pub fn server() -> Server {
    let mut server = Server::start("fresh");
    server.internet.apps = AppSources::default();
    ok(&mut server, "yunohost tools update apps");
    server
}

/// The same with these apps, each at the path of its name.
pub fn server_with(apps: &[&str]) -> Server {
    let mut server = server();
    for app in apps {
        ok(&mut server, &format!("yunohost app install {app} --args domain=alpage.test&path=/{app}"));
    }
    server
}

/// Runs what has to succeed.
pub fn ok(server: &mut Server, words: &str) -> Output {
    let output = server.run(words);
    assert_eq!(output.exit, 0, "{words}: {}", output.stderr);
    output
}

/// The JSON on the last line of standard output.
pub fn answer(server: &mut Server, words: &str) -> Value {
    let output = ok(server, &format!("{words} --output-as json"));
    serde_json::from_str(output.stdout.lines().last().unwrap_or_default()).expect("JSON")
}
