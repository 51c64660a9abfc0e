//! What people mean when they write something else.

use crate::diagnostic::similar;

use super::cursor::Cursor;
use super::split::KEYWORDS;

/// Words of other modelling languages, in lower case, and the keyword here.
const FOREIGN: [(&str, &str); 25] = [
    ("parameter", "param"),
    ("parameters", "param"),
    ("params", "param"),
    ("par", "param"),
    ("const", "param"),
    ("constant", "param"),
    ("theta", "param"),
    ("var", "let"),
    ("variable", "let"),
    ("define", "let"),
    ("def", "let"),
    ("assign", "let"),
    ("rule", "let"),
    ("species", "state"),
    ("init", "state"),
    ("initial", "state"),
    ("cmt", "state"),
    ("compartment", "param"),
    ("dose", "input"),
    ("observable", "output"),
    ("observe", "output"),
    ("units", "unit"),
    ("drug", "substance"),
    ("molecule", "substance"),
    ("event", "when"),
];

/// Remedies for a line that begins no statement.
pub(super) fn statement(line: &str) -> Vec<String> {
    let mut cursor = Cursor::new(line, 0..line.len());
    let first = cursor
        .until(&['=', '(', ':', '[', '"', '\'', '<', ';'])
        .text;
    cursor.space();
    let behind = cursor.rest();
    let lower = first.to_lowercase();
    if line.starts_with("//")
        || line.starts_with("/*")
        || line.starts_with('%')
        || line.starts_with("--")
    {
        return vec!["a comment begins with `#`".into()];
    }
    if line.starts_with(['+', '-', '*', '/', '^', '&', '|']) && !behind.starts_with('=') {
        return vec![
            "to go on with the line above, end it with the operator or put the expression in brackets".into(),
        ];
    }
    if let Some(state) = derivative(&first, behind) {
        return vec![format!("a rate of change is written `d/dt({state}) = …`")];
    }
    if behind.starts_with("(0)") && behind.contains('=') {
        return vec![format!(
            "an initial value is written `state {first} = … [unit]`"
        )];
    }
    if line.contains("->") || line.contains("=>") {
        return vec![
            "reactions are written as equations: name the rate with `let`, add and subtract it in `d/dt(X) = …`"
                .into(),
        ];
    }
    if KEYWORDS.contains(&lower.as_str()) {
        return vec![format!("keywords are written in small letters: `{lower}`")];
    }
    match lower.as_str() {
        "if" => {
            return vec![
                "an event is written `when condition : X = …`, a choice within an expression `piecewise(value, condition, otherwise)`".into(),
            ];
        }
        "remove" | "delete" | "drop" => {
            return vec![
                "`fix NAME = 0` takes a parameter out of the model, `replace` an equation that used it".into(),
            ];
        }
        _ => {}
    }
    if let Some((_, keyword)) = FOREIGN.iter().find(|(w, _)| *w == lower) {
        return vec![format!("in this language it is called `{keyword}`")];
    }
    let assigned = behind.starts_with('=') && !behind.starts_with("==")
        || behind.starts_with(":=")
        || behind.starts_with("<-");
    if assigned && crate::math::is_identifier(&first) {
        return vec![format!(
            "a computed quantity is `let {first} = …`, a number `param {first} = … [unit] source \"…\"`"
        )];
    }
    let near = similar(
        &first.chars().take(LONGEST_WORD).collect::<String>(),
        KEYWORDS,
    );
    match near.first() {
        Some(k) => vec![format!("did you mean `{k}`?")],
        None => vec![format!(
            "a statement begins with one of: {}",
            KEYWORDS.join(", ")
        )],
    }
}

/// Words beyond this length are not compared letter by letter.
const LONGEST_WORD: usize = 40;

/// The state of `dX/dt =`, `dXdt =`, `X' =`, `DADT(1) =`, `der(X) =`, `ddt_X =`.
fn derivative(first: &str, behind: &str) -> Option<String> {
    if let Some(x) = first.strip_suffix("/dt").and_then(|f| f.strip_prefix('d')) {
        // `d/dt X = …`, without brackets.
        let name = if x.is_empty() { behind } else { x };
        let end = name
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(name.len());
        return Some(if end == 0 { "X" } else { &name[..end] }.into());
    }
    if first.eq_ignore_ascii_case("dadt") {
        return Some("X".into());
    }
    if let Some(x) = first.strip_prefix("ddt_").filter(|x| !x.is_empty()) {
        return Some(x.into());
    }
    if behind.starts_with('\'') {
        return Some(first.into());
    }
    if (first == "der" || first == "ddt" || first == "D") && behind.starts_with('(') {
        let inner = behind.get(1..)?.split(')').next()?;
        return Some(inner.split(',').next()?.trim().into());
    }
    first
        .strip_suffix("dt")
        .and_then(|f| f.strip_prefix('d'))
        .filter(|x| !x.is_empty() && behind.starts_with('='))
        .map(Into::into)
}

/// Why a misspelt name differs from the right one, where the eye does not see it.
pub(super) fn lookalike(wrong: &str, right: &str) -> Option<&'static str> {
    const PAIRS: [(char, char, &str); 4] = [
        ('O', '0', "the letter O stands where the digit 0 belongs"),
        ('0', 'O', "the digit 0 stands where the letter O belongs"),
        ('l', '1', "the letter l stands where the digit 1 belongs"),
        ('1', 'l', "the digit 1 stands where the letter l belongs"),
    ];
    if wrong.chars().count() != right.chars().count() {
        return None;
    }
    let mut differ = wrong.chars().zip(right.chars()).filter(|(a, b)| a != b);
    let (a, b) = differ.next()?;
    if differ.next().is_some() {
        return None;
    }
    PAIRS
        .iter()
        .find(|(x, y, _)| *x == a && *y == b)
        .map(|(_, _, text)| *text)
        .or_else(|| {
            a.eq_ignore_ascii_case(&b)
                .then_some("small and capital letters differ")
        })
}

/// What an undefined name usually is.
pub(super) fn unknown_name(name: &str) -> Option<String> {
    Some(match name {
        "t" | "T" | "TIME" => "time is called `time`".into(),
        "e" => "the exponential function is written `exp(x)`".into(),
        "pi" | "PI" | "Pi" => "write its digits, 3.141592653589793".into(),
        "NA" | "N_A" | "N_Av" => "the Avogadro constant is called `avogadro`".into(),
        "R" => "write the gas constant as a `param` with its unit".into(),
        _ => return None,
    })
}

/// Greek letters by name, in the order of the alphabet; the second sigma is the one that ends words.
const GREEK: [&str; 25] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "sigma", "tau", "upsilon", "phi",
    "chi", "psi", "omega",
];

/// A name of the letters that names may have, as close to `name` as can be.
pub(super) fn legal_name(name: &str) -> String {
    let spelt = |c: char| {
        let at = (c as u32).checked_sub('α' as u32)?;
        GREEK.get(at as usize).copied()
    };
    let mut out = String::new();
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => out.push(c),
            'µ' => out.push_str("mu"),
            c => out.push_str(spelt(c).unwrap_or("_")),
        }
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, '_');
    }
    out
}
