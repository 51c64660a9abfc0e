//! Data flows one way: a file imports only from floors below its own, and folders on one floor do not see one another.

use std::path::{Path, PathBuf};

/// Folders by floor, the lowest first.
const FLOORS: [&[&str]; 12] = [
    &["diagnostic", "units", "stats"],
    &["math", "ode", "search"],
    &["model", "problem"],
    &["bind"],
    &["system"],
    &["simulate"],
    &["objective"],
    &["fit"],
    &["uncertainty"],
    &["predict"],
    &["report", "study"],
    &["cli"],
];

fn floor(folder: &str) -> Option<usize> {
    FLOORS.iter().position(|f| f.contains(&folder))
}

fn files(dir: &Path, list: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, list);
        } else if path.extension().is_some_and(|e| e == "rs") {
            list.push(path);
        }
    }
}

#[test]
fn imports_go_down_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut list = Vec::new();
    files(&src, &mut list);
    let mut wrong = Vec::new();
    for path in list {
        let relative = path.strip_prefix(&src).unwrap();
        let own = relative.iter().next().unwrap().to_string_lossy();
        let own = own.trim_end_matches(".rs");
        if matches!(own, "lib" | "main") {
            continue;
        }
        let Some(level) = floor(own) else {
            wrong.push(format!("{}: `{own}` is on no floor", relative.display()));
            continue;
        };
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            for (at, _) in line.match_indices("crate::") {
                let to: String = line[at + 7..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let Some(below) = floor(&to) else { continue };
                if to != own && below >= level {
                    wrong.push(format!(
                        "{}:{}: `{own}` (floor {level}) imports `{to}` (floor {below})",
                        relative.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
