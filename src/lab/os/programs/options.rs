//! Options of programs: what is known is taken apart, what is not is refused by name.

use std::collections::BTreeMap;

use crate::os::Output;

/// Options and operands of one call.
#[derive(Debug, Default)]
pub struct Options {
    given: BTreeMap<String, Vec<String>>,
    /// What is no option.
    pub operands: Vec<String>,
}

/// Which options a program knows here. Names of one option are joined by a comma, the first is its key: `r,recursive`.
pub struct Known<'a> {
    /// The program, for messages.
    pub program: &'a str,
    /// Options without a value.
    pub flags: &'a [&'a str],
    /// Options with a value.
    pub values: &'a [&'a str],
    /// Whether options may come after operands (GNU) or not (POSIX, and programs that run another command).
    pub anywhere: bool,
}

fn key_of<'a>(known: &[&'a str], name: &str) -> Option<&'a str> {
    known.iter().find(|names| names.split(',').any(|one| one == name)).and_then(|names| names.split(',').next())
}

impl Known<'_> {
    /// Takes the arguments apart.
    ///
    /// # Errors
    /// The refusal to print, for an option that is not simulated or lacks its value.
    pub fn read(&self, arguments: &[String]) -> Result<Options, Output> {
        let mut options = Options::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument == "--" {
                options.operands.extend(rest.cloned());
                break;
            }
            if let Some(long) = argument.strip_prefix("--") {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (long, None),
                };
                self.take(&mut options, name, value, &mut rest)?;
            } else if argument.len() > 1 && argument.starts_with('-') {
                let cluster = &argument[1..];
                for (at, letter) in cluster.char_indices() {
                    let name = letter.to_string();
                    let after = &cluster[at + letter.len_utf8()..];
                    let takes_rest = key_of(self.values, &name).is_some() && !after.is_empty();
                    self.take(&mut options, &name, takes_rest.then(|| after.to_owned()), &mut rest)?;
                    if key_of(self.values, &name).is_some() {
                        break;
                    }
                }
            } else {
                options.operands.push(argument.clone());
                if !self.anywhere {
                    options.operands.extend(rest.cloned());
                    break;
                }
            }
        }
        Ok(options)
    }

    fn take<'r>(
        &self,
        options: &mut Options,
        name: &str,
        value: Option<String>,
        rest: &mut impl Iterator<Item = &'r String>,
    ) -> Result<(), Output> {
        if let Some(key) = key_of(self.flags, name).filter(|_| value.is_none()) {
            options.given.entry(key.to_owned()).or_default().push(String::new());
            return Ok(());
        }
        let dashes = if name.len() == 1 { "-" } else { "--" };
        let Some(key) = key_of(self.values, name) else {
            return Err(Output::fail(2, format!("lab: {}: option {dashes}{name} is not simulated", self.program)));
        };
        let Some(value) = value.or_else(|| rest.next().cloned()) else {
            return Err(Output::fail(2, format!("{}: option requires an argument -- '{name}'", self.program)));
        };
        options.given.entry(key.to_owned()).or_default().push(value);
        Ok(())
    }
}

impl Options {
    /// Whether an option was given.
    pub fn has(&self, key: &str) -> bool {
        self.given.contains_key(key)
    }

    /// The last value of an option.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.given.get(key)?.last().map(String::as_str)
    }

    /// All values of an option.
    pub fn all(&self, key: &str) -> &[String] {
        self.given.get(key).map(Vec::as_slice).unwrap_or_default()
    }
}
