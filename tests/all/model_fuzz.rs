//! Texts that no one would write, thrown at the reader of models: it reads or refuses them, in bounded time.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mechfit::diagnostic::{Color, has_errors, render};
use mechfit::model::language;
use proptest::prelude::*;

fn corpus() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in [
        "models/cxcr4_axis",
        "models/cxcr4_axis/parts",
        "tests/data/wrong",
        "tests/data/wrong/base",
    ] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            files.push(entry.unwrap().path());
        }
    }
    files.retain(|p| {
        p.extension().is_some_and(|e| e == "model" || e == "part")
            && p.file_stem().is_none_or(|s| s != "deep")
    });
    files.sort();
    files
        .iter()
        .filter_map(|p| std::fs::read_to_string(p).ok())
        .collect()
}

/// Pieces that turn one kind of mistake into another.
const PIECES: [&str; 44] = [
    "\n",
    "\"",
    "(",
    ")",
    "[",
    "]",
    "=",
    "==",
    ":",
    ",",
    "#",
    " ",
    "*",
    "/",
    "^",
    "-",
    "d/dt(",
    "let a = ",
    "param ",
    "state ",
    "replace ",
    "add ",
    "fix ",
    "model m extends \"a.model\" with ",
    "part p for \"a.model\"",
    "unit ",
    "time h",
    "substance S molar_mass 1 [Da]",
    "when ",
    "at ",
    "source \"",
    "of ",
    "[nM]",
    "[1/h]",
    "5[nM]",
    "1e309",
    "−",
    "µ",
    "“",
    "é",
    "\u{0}",
    "\u{feff}",
    "convert(x, ",
    "piecewise(",
];

#[derive(Debug, Clone)]
enum Edit {
    Delete(usize, usize),
    Insert(usize, usize),
    Copy(usize, usize, usize),
    Cut(usize),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        (any::<usize>(), 0..30usize).prop_map(|(a, n)| Edit::Delete(a, n)),
        (any::<usize>(), 0..PIECES.len()).prop_map(|(a, p)| Edit::Insert(a, p)),
        (any::<usize>(), any::<usize>(), 0..60usize).prop_map(|(a, b, n)| Edit::Copy(a, b, n)),
        any::<usize>().prop_map(Edit::Cut),
    ];
    prop::collection::vec(edit, 1..6)
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for edit in edits {
        let at = |a: usize| a % (text.len() + 1);
        match *edit {
            Edit::Delete(a, n) => {
                let a = at(a);
                text.drain(a..(a + n).min(text.len()));
            }
            Edit::Insert(a, p) => {
                let a = at(a);
                text.splice(a..a, PIECES[p].chars());
            }
            Edit::Copy(a, b, n) => {
                let (a, b) = (at(a), at(b));
                let piece: Vec<char> = text[a..(a + n).min(text.len())].to_vec();
                text.splice(b..b, piece);
            }
            // Rarely: most of the text should stay.
            Edit::Cut(a) if a % 8 == 0 => text.truncate(at(a / 8)),
            Edit::Cut(_) => {}
        }
    }
    text.into_iter().collect()
}

/// Reads and shows everything that comes of it.
fn read(main: &str, other: &str) {
    let files = |_: &Path| Ok(other.as_bytes().to_vec());
    for parts in [vec![], vec![PathBuf::from("b.part")]] {
        match language::load_str("a.model", main, &parts, &files) {
            Ok(loaded) => {
                assert!(!has_errors(&loaded.findings));
                assert!(loaded.model.time_unit.is_some());
            }
            Err(findings) => {
                assert!(has_errors(&findings));
                for finding in findings.iter().take(3) {
                    assert!(!render(finding, Color::Never).is_empty());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn mutated_models_are_read_or_refused(which in any::<usize>(), other in any::<usize>(), edits in edits()) {
        let corpus = corpus();
        let text = apply(&corpus[which % corpus.len()], &edits);
        read(&text, &corpus[other % corpus.len()]);
        read(&corpus[other % corpus.len()], &text);
    }
    #[test]
    fn statements_of_random_pieces_are_read_or_refused(pieces in prop::collection::vec(0..PIECES.len(), 0..60)) {
        let text: String = pieces.iter().map(|p| PIECES[*p]).collect();
        read(&format!("model a\ntime h\n{text}"), &text);
    }
}

/// Time that a file of a megabyte may take, in a test build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn long_files_take_bounded_time() {
    let size = 1 << 20;
    let repeat = |piece: &str| {
        let mut text = String::from("model a\ntime h\n");
        while text.len() < size {
            text.push_str(piece);
        }
        text
    };
    let mut chain = String::from("model a\ntime h\n");
    let mut names = chain.clone();
    let mut units = chain.clone();
    for i in 0..20_000 {
        chain.push_str(&format!("let x{i} = x{} + 1\n", i + 1));
        names.push_str(&format!("param k{i} = 1 [1/h]\nlet y{i} = z{i}*k{i}\n"));
        units.push_str(&format!("unit u{i} = u{}\n", i + 1));
    }
    for (what, text) in [
        (
            "one name",
            format!("model a\ntime h\nlet {} = 1", "a".repeat(size)),
        ),
        (
            "one number",
            format!("model a\ntime h\nlet a = {}", "1".repeat(size)),
        ),
        (
            "one unit",
            format!("model a\ntime h\nparam a = 1 [{}]", "h*".repeat(size / 2)),
        ),
        (
            "one text",
            format!("model a\ntime h\nparam a = 1 [1] \"{}", "x".repeat(size)),
        ),
        (
            "one sum",
            format!("model a\ntime h\nlet a = {}", "b + ".repeat(size / 4)),
        ),
        (
            "a long sum",
            format!(
                "model a\ntime h\nlet b = 1\nlet a = {}b",
                "b + ".repeat(498)
            ),
        ),
        (
            "a long product",
            format!(
                "model a\ntime h\nparam b = 1 [nM]\nlet a = {}b + 1",
                "b * ".repeat(497)
            ),
        ),
        (
            "a tower of powers",
            format!("model a\ntime h\nlet a = {}2", "2^".repeat(size / 2)),
        ),
        (
            "signs",
            format!("model a\ntime h\nlet a = {}2", "-".repeat(size)),
        ),
        (
            "open brackets",
            format!("model a\ntime h\nlet a = {}", "(".repeat(size)),
        ),
        (
            "arguments",
            format!(
                "model a\ntime h\nlet a = piecewise({}1)",
                "b, ".repeat(size / 3)
            ),
        ),
        ("open lines", repeat("let a = (\n")),
        ("junk", repeat("x\n")),
        ("quotes", repeat("\"\n")),
        ("events", repeat("at 1[h] : x = 1\n")),
        ("duplicates", repeat("let a = 1\n")),
        ("a chain", chain),
        ("names", names),
        ("units", units),
    ] {
        println!("{what}");
        let start = Instant::now();
        let result = language::load_str("a.model", &text, &[], &language::no_files);
        if let Err(findings) = result {
            assert!(findings.len() < 200, "{what}");
        }
        let took = start.elapsed();
        assert!(took < PATIENCE, "{what} took {took:?}");
        println!("{what}: {took:?}");
    }
}
