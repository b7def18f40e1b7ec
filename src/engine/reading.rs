//! Many reading commands in one go: each of them alone costs several trips to the guest, and a look at a guest takes sixty.

use super::door::Door;
use crate::ssh::{SshError, quote};
use crate::util::limits;
use crate::yunohost::playbook::{Fact, ReadCommand};

/// What the shell that reads is called, so that a transcript or a process list tells it from one that changes something.
const NAME: &str = "looks";

/// Ends the output of one command: the mark, then its exit status, on a line of their own.
const END: &str = "printf '\\n%s %s\\n' \"$1\" \"$?\"\n";

/// Runs commands that only read, one after another in one shell. `mark` is a word that nobody in the guest could foresee:
/// what a command prints cannot pass for the end of it.
///
/// A command whose end did not come back (the answer was too long, or the shell was not let in) is run by itself: its answer
/// is then what it would have been without this.
///
/// # Errors
/// When the connection fails; any exit status is an answer.
pub async fn read_all(
    door: &Door,
    commands: Vec<ReadCommand>,
    mark: &str,
) -> Result<Vec<(ReadCommand, Fact)>, SshError> {
    let mut read = Vec::with_capacity(commands.len());
    let mut waiting = commands.into_iter().map(|command| (line(&command), command)).peekable();
    while waiting.peek().is_some() {
        let mut script = String::new();
        let mut bytes = 0;
        let mut asked = Vec::new();
        while let Some((line, command)) = waiting.next_if(|(line, _)| {
            asked.is_empty() || bytes + sent_bytes(line) + sent_bytes(END) <= limits::GUEST_READS_SCRIPT_BYTES_MAX
        }) {
            bytes += sent_bytes(&line) + sent_bytes(END);
            script.push_str(&line);
            script.push_str(END);
            asked.push(command);
        }
        let mut facts = match asked.len() {
            1 => Vec::new(),
            _ => facts(&door.run(&["sh", "-c", &script, NAME, mark], None).await?.stdout, mark),
        }
        .into_iter();
        for command in asked {
            let fact = match facts.next() {
                Some(fact) => fact,
                None => door.read(&command).await?,
            };
            read.push((command, fact));
        }
    }
    Ok(read)
}

fn line(command: &ReadCommand) -> String {
    let words: Vec<String> = command.0.iter().map(|word| quote(word)).collect();
    format!("{}\n", words.join(" "))
}

/// Bytes of a piece of a script as it travels: the script is one quoted word, in which `quote` writes a quote as four bytes.
fn sent_bytes(text: &str) -> usize {
    text.len() + 3 * text.bytes().filter(|&byte| byte == b'\'').count()
}

/// The answers that came whole, in the order of the commands.
fn facts(stdout: &str, mark: &str) -> Vec<Fact> {
    let end = format!("\n{mark} ");
    let mut facts = Vec::new();
    let mut rest = stdout;
    while let Some((printed, after)) = rest.split_once(&end) {
        let Some((exit, next)) = after.split_once('\n') else { break };
        let Ok(exit) = exit.parse() else { break };
        facts.push(Fact { exit, stdout: printed.to_owned() });
        rest = next;
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: &str = "0123456789abcdef";

    fn read_by_sh(commands: &[&[&str]]) -> Vec<Fact> {
        let script: String = commands
            .iter()
            .map(|words| ReadCommand(words.iter().map(|&word| word.to_owned()).collect()))
            .map(|command| line(&command) + END)
            .collect();
        let output = std::process::Command::new("sh").args(["-c", &script, NAME, MARK]).output().expect("sh runs");
        facts(&String::from_utf8(output.stdout).expect("text"), MARK)
    }

    #[test]
    fn a_real_shell_gives_each_answer_as_the_command_alone_would() {
        let read = read_by_sh(&[
            &["printf", "no end of line"],
            &["printf", "two\n\n"],
            &["true"],
            &["sh", "-c", "echo gone; exit 7"],
            &["/nowhere/program"],
            &["sh", "-c", "kill -KILL $$"],
            &["printf", "%s", "it's \"quoted\"; $1 $(id)"],
        ]);
        let expected = [
            (0, "no end of line"),
            (0, "two\n\n"),
            (0, ""),
            (7, "gone\n"),
            (127, ""),
            (137, ""),
            (0, "it's \"quoted\"; $1 $(id)"),
        ];
        let expected: Vec<Fact> =
            expected.into_iter().map(|(exit, stdout)| Fact { exit, stdout: stdout.to_owned() }).collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn a_piece_of_a_script_is_counted_as_it_travels() {
        for text in [" ", "two words", "' ", "''' and 'é'", END] {
            assert_eq!(sent_bytes(text) + "''".len(), quote(text).len(), "{text}");
        }
    }

    #[test]
    fn an_answer_that_was_cut_short_is_not_taken() {
        let whole = format!("one\n\n{MARK} 0\ntwo\n\n{MARK} 1\n");
        assert_eq!(facts(&whole, MARK).len(), 2);
        for cut in 0..whole.len() {
            let read = facts(&whole[..cut], MARK);
            assert!(read.len() < 2, "{cut}: {read:?}");
            assert!(read.iter().all(|fact| fact.stdout == "one\n"), "{cut}: {read:?}");
        }
    }

    #[test]
    fn what_looks_like_an_end_without_the_mark_is_output() {
        let read = facts(&format!("0123 0\n\nfedc 1\n\n{MARK} 3\n"), MARK);
        assert_eq!(read, [Fact { exit: 3, stdout: "0123 0\n\nfedc 1\n".to_owned() }]);
    }
}
