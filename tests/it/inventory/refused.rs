//! One test per rule: a single change to the example, and the words in which it is refused.

use super::{example_with, mistakes};

/// The messages of all mistakes with the files of both places: `FILE: MESSAGE [OTHER FILE]`.
fn told(changes: &[(&str, &str, &str)]) -> Vec<String> {
    let tell = |mistake: &accolades::inventory::Mistake| {
        let also: String = mistake.also.iter().map(|(place, _)| format!(" [{}]", place.file)).collect();
        format!("{}: {}{also}", mistake.place.file, mistake.message)
    };
    mistakes(&example_with(changes)).list().iter().map(tell).collect()
}

/// Each line: name of the test, file, what is replaced, by what, and the first mistake that is then told.
macro_rules! refused {
    ($($name:ident: $file:literal, $old:literal => $new:literal, $told:literal;)*) => {
        $(
            #[test]
            fn $name() {
                let told = told(&[($file, $old, $new)]);
                assert!(told.iter().any(|line| line == $told), "told: {told:#?}");
            }
        )*
    };
}

refused! {
    inventory_refuses_unknown_key: "instances/ilot.toml", "cores =" => "core =", "X";
}
