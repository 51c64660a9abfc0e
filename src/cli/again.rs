//! How a command was called, as `merge` needs it to make the same work again.

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::study::job::Origin;

/// Options that change nothing in what is computed, or that `merge` sets itself.
const LEFT_OUT: [&str; 11] = [
    "shard",
    "resume",
    "out",
    "threads",
    "max_time",
    "json",
    "quiet",
    "color",
    "replicate",
    "require",
    "reason",
];

/// Targets and options of the command that was typed, as words that can be typed again.
pub fn origin(grammar: &clap::Command, matches: &ArgMatches) -> Origin {
    let mut origin = Origin::default();
    let Some((name, given)) = matches.subcommand() else {
        return origin;
    };
    let Some(command) = grammar.find_subcommand(name) else {
        return origin;
    };
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        if LEFT_OUT.contains(&id) || given.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        let words: Vec<String> = given
            .get_raw(id)
            .into_iter()
            .flatten()
            .map(|w| w.to_string_lossy().into_owned())
            .collect();
        match argument.get_long() {
            None => origin.targets.extend(words),
            Some(long) if argument.get_action().takes_values() => origin
                .options
                .extend(words.iter().map(|w| format!("--{long}={w}"))),
            Some(long) => origin.options.push(format!("--{long}")),
        }
    }
    origin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_can_be_typed_again_without_what_changes_nothing() {
        let grammar = super::super::grammar();
        let words = [
            "mechfit",
            "profile",
            "fits/x",
            "--parameter",
            "a",
            "--parameter=b",
            "--prediction",
            "-y@e@24",
            "--shard",
            "2/3",
            "--out",
            "o",
            "--threads",
            "2",
            "--level",
            "0.9",
            "--quiet",
        ];
        let matches = grammar.clone().try_get_matches_from(words);
        // An expression that begins with a sign has to be joined with `=`, which is how it is written here.
        assert!(matches.is_err());
        let words = words.map(|w| {
            if w == "--prediction" {
                "--prediction=-y@e@24"
            } else {
                w
            }
        });
        let words = words.iter().filter(|w| **w != "-y@e@24");
        let matches = grammar.clone().try_get_matches_from(words).unwrap();
        let origin = origin(&grammar, &matches);
        assert_eq!(origin.targets, ["fits/x"]);
        assert_eq!(
            origin.options,
            [
                "--parameter=a",
                "--parameter=b",
                "--prediction=-y@e@24",
                "--level=0.9"
            ]
        );
    }
}
