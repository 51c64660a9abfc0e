//! "Did you mean": names that look alike.

/// At most this many suggestions: more is a list to read, not a hint.
const MOST: usize = 3;

/// The names among `known` that look most like `name`, nearest first.
///
/// ```
/// assert_eq!(mechfit::diagnostic::similar("EC5O", ["EC50", "Emax"]), ["EC50"]);
/// ```
pub fn similar<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut near: Vec<(usize, &str)> = known.into_iter().map(|k| (distance(name, k), k)).collect();
    near.sort_unstable();
    near.dedup();
    // A third of the letters may differ: beyond that a suggestion misleads more often than it helps;
    // and something must be the same.
    let length = name.chars().count();
    let limit = length.div_ceil(3).min(length.saturating_sub(1));
    near.into_iter()
        .filter(|(d, _)| *d <= limit)
        .take(MOST)
        .map(|(_, k)| k.to_string())
        .collect()
}

/// Number of insertions, deletions and replacements between two names, case folded.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (diagonal + usize::from(x != y))
                .min(row[j] + 1)
                .min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row.last().copied().unwrap_or(0)
}
