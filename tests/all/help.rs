//! Help is true: every command shows an example, and the program understands every example that it shows.

use mechfit::cli::grammar;

/// Words of a line of a shell: quotes hold words together, an operator ends the command.
fn words(line: &str) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            c if quoted => word.get_or_insert_default().push(c),
            '>' | '&' | '|' if word.is_none() => break,
            c if c.is_whitespace() => list.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    list.extend(word);
    list
}

/// The commands among the lines of an example, remarks behind them cut off.
fn examples(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    joined
        .lines()
        .map(str::trim)
        .filter(|l| l.starts_with("mechfit "))
        .map(|l| {
            // A remark stands apart by several blanks; a continued line has been joined by as many.
            let l = match l.find("   (") {
                Some(at) => &l[..at],
                None => l,
            };
            let mut end = l.len();
            if let Some(at) = l.find("     ")
                && !l[at..].trim_start().starts_with('-')
            {
                end = at;
            }
            l[..end].to_string()
        })
        .collect()
}

#[test]
fn every_command_has_an_example_that_it_understands() {
    let program = grammar();
    for command in program.get_subcommands() {
        let name = command.get_name();
        let text = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let list = examples(&text);
        assert!(
            list.iter()
                .any(|e| e.starts_with(&format!("mechfit {name}"))),
            "{name} shows no example: {text}"
        );
        for example in list {
            let result = grammar().try_get_matches_from(words(&example));
            assert!(result.is_ok(), "{example}: {}", result.unwrap_err());
        }
    }
}

#[test]
fn help_fits_a_terminal() {
    let mut program = grammar();
    program.build();
    for command in program.get_subcommands().filter(|c| c.get_name() != "help") {
        let mut command = command.clone().term_width(100);
        let text = command.render_long_help().to_string();
        for line in text.lines() {
            // Examples are commands to copy, broken by their authors; clap does not break the line of the usage.
            let is_example =
                line.trim_start().starts_with("mechfit ") || line.starts_with("Usage: ");
            assert!(
                line.chars().count() <= 100 || is_example,
                "{}: {line}",
                command.get_name()
            );
        }
    }
}
