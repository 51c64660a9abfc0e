//! "Did you mean": names that look alike.

/// At most this many suggestions: more is a list to read, not a hint.
const MOST: usize = 3;

/// At most this many names are compared, so that a file of a million names is refused as fast as one of ten.
const MOST_COMPARED: usize = 10_000;

/// The names among `known` that look most like `name`, nearest first.
///
/// ```
/// assert_eq!(mechfit::diagnostic::similar("EC5O", ["EC50", "Emax"]), ["EC50"]);
/// ```
pub fn similar<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let folded = fold(name);
    // A third of the letters may differ: beyond that a suggestion misleads more often than it helps;
    // and something must be the same.
    let limit = folded.len().div_ceil(3).min(folded.len().saturating_sub(1));
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .take(MOST_COMPARED)
        .filter_map(|k| Some((distance(&folded, k, limit)?, k)))
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter()
        .take(MOST)
        .map(|(_, k)| k.to_string())
        .collect()
}

fn fold(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).collect()
}

/// Number of insertions, deletions and replacements between two names, case folded; `None` beyond `limit`.
fn distance(a: &[char], b: &str, limit: usize) -> Option<usize> {
    // Folding keeps the number of letters but for a few.
    const FOLDED: usize = 2;
    if b.chars().count().abs_diff(a.len()) > limit + FOLDED {
        return None;
    }
    let b = fold(b);
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut least = i + 1;
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        for (j, y) in b.iter().enumerate() {
            let next = (diagonal + usize::from(x != y))
                .min(row[j] + 1)
                .min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
            least = least.min(next);
        }
        if least > limit {
            return None;
        }
    }
    row.last().copied().filter(|d| *d <= limit)
}
