//! How `yunohost` reads its arguments: `argparse` with YunoHost's habits.

use crate::replay_yunohost::Server;

fn server() -> Server {
    Server::start("fresh")
}

#[test]
fn yunohost_grammar_long_options_may_be_shortened_and_joined_to_their_value() {
    let mut server = server();
    let whole = server.run("yunohost domain list --output-as json").stdout;
    assert_eq!(server.run("yunohost --out json domain list").stdout, whole);
    assert_eq!(server.run("yunohost domain list --output-as=json").stdout, whole);
}

#[test]
fn yunohost_grammar_a_beginning_that_fits_two_options_is_refused() {
    let output = server().run("yunohost user update camille --remove-mail x@alpage.test");
    assert_eq!(output.exit, 2);
    let last = output.stderr.lines().last().expect("a line");
    assert_eq!(
        last,
        "yunohost user update: error: ambiguous option: --remove-mail could match --remove-mailforward, \
         --remove-mailalias"
    );
}

#[test]
fn yunohost_grammar_short_flags_may_be_joined() {
    let output = server().run("yunohost domain remove -rf ghost.test");
    assert_eq!((output.exit, output.stderr.as_str()), (1, "ERROR Domain 'ghost.test' unknown\n"));
}

#[test]
fn yunohost_grammar_a_value_that_begins_with_a_dash_needs_an_equals_sign() {
    let mut server = server();
    let refused = server.run("yunohost user create luc -F Luc~Martin -d alpage.test -p -Abcdefgh1x");
    assert_eq!(refused.exit, 2);
    assert!(refused.stderr.ends_with("error: argument -p/--password: expected one argument\n"), "{}", refused.stderr);
    let taken = server.run("yunohost user create luc -F Luc~Martin -d alpage.test --password=-Abcdefgh1x");
    assert_eq!(taken.exit, 0, "{}", taken.stderr);
}

#[test]
fn yunohost_grammar_an_optional_argument_after_an_option_comes_too_late() {
    let output = server().run("yunohost domain config get alpage.test --export feature.mail");
    assert_eq!(output.exit, 2);
    assert!(output.stderr.ends_with("yunohost: error: unrecognized arguments: feature.mail\n"), "{}", output.stderr);
}

#[test]
fn yunohost_grammar_numbers_are_checked_while_reading() {
    let output = server().run("yunohost log list --limit many");
    assert_eq!(output.exit, 2);
    assert!(output.stderr.ends_with("argument -l/--limit: invalid int value: 'many'\n"), "{}", output.stderr);
}

#[test]
fn yunohost_grammar_deprecated_names_warn_and_work() {
    let mut server = server();
    let output = server.run("yunohost domain maindomain --output-as json");
    assert_eq!(output.stdout, "{\"current_main_domain\": \"alpage.test\"}\n");
    assert_eq!(
        output.stderr,
        "WARNING 'yunohost domain maindomain' is deprecated and will be removed in the future, use 'yunohost domain \
         main-domain' instead\n"
    );
}

#[test]
fn yunohost_grammar_help_without_words_refuses_loudly() {
    let output = server().run("yunohost domain add --help");
    assert_eq!(output.exit, 1);
    assert!(output.stderr.contains("not simulated in the lab"), "{}", output.stderr);
}
