//! A layered layout of a small directed graph (Sugiyama, Tagawa & Toda 1981): cycles are broken, nodes ranked, ranks
//! ordered by barycentres, and nodes moved towards their neighbours.

/// An arrow between two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Node it comes from.
    pub from: usize,
    /// Node it goes to.
    pub to: usize,
}

/// Places of nodes and ways of links, in pixels from the upper left corner.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    /// Centre of each node.
    pub nodes: Vec<(f64, f64)>,
    /// Per link: points that its way passes on ranks between its ends, in order from its start.
    pub ways: Vec<Vec<(f64, f64)>>,
    /// Width of everything.
    pub width: f64,
    /// Height of everything.
    pub height: f64,
}

/// Distance between ranks.
const RANK: f64 = 74.0;
/// Least free space between neighbours of a rank.
const GAP: f64 = 26.0;
/// Width kept free for a link that passes a rank.
const PASS: f64 = 14.0;
/// Sweeps of ordering and of moving: more change nothing at the sizes drawn.
const SWEEPS: usize = 24;

/// A node of a rank: a node of the graph, or a place where a link passes.
#[derive(Debug, Clone, Copy)]
struct Slot {
    rank: usize,
    width: f64,
    x: f64,
}

/// Places `widths.len()` nodes. Nodes in `first` are kept on the first rank, nodes in `last` on the last.
pub fn layered(widths: &[f64], links: &[Link], first: &[bool], last: &[bool]) -> Layout {
    let n = widths.len();
    if n == 0 {
        return Layout::default();
    }
    let forward = acyclic(n, links, first);
    let ranks = ranked(n, &forward, first, last);
    // Every link becomes a chain of slots, one a rank that it passes.
    let mut slots: Vec<Slot> = (0..n)
        .map(|i| Slot {
            rank: ranks[i],
            width: widths[i],
            x: 0.0,
        })
        .collect();
    let mut chains: Vec<Vec<usize>> = Vec::new();
    for link in &forward {
        let (a, b) = (link.from, link.to);
        let (low, high) = (ranks[a].min(ranks[b]), ranks[a].max(ranks[b]));
        let mut chain = vec![if ranks[a] <= ranks[b] { a } else { b }];
        for rank in low + 1..high {
            slots.push(Slot {
                rank,
                width: PASS,
                x: 0.0,
            });
            chain.push(slots.len() - 1);
        }
        chain.push(if ranks[a] <= ranks[b] { b } else { a });
        chains.push(chain);
    }
    let depth = slots.iter().map(|s| s.rank).max().unwrap_or(0) + 1;
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); depth];
    for (i, s) in slots.iter().enumerate() {
        rows[s.rank].push(i);
    }
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); slots.len()];
    for chain in &chains {
        for pair in chain.windows(2) {
            neighbours[pair[0]].push(pair[1]);
            neighbours[pair[1]].push(pair[0]);
        }
    }
    spread(&mut slots, &rows);
    for sweep in 0..SWEEPS {
        let order: Vec<usize> = if sweep % 2 == 0 {
            (0..depth).collect()
        } else {
            (0..depth).rev().collect()
        };
        for r in order {
            let mean: Vec<f64> = slots
                .iter()
                .enumerate()
                .map(|(i, s)| {
                    let near = &neighbours[i];
                    if near.is_empty() {
                        s.x
                    } else {
                        near.iter().map(|k| slots[*k].x).sum::<f64>() / near.len() as f64
                    }
                })
                .collect();
            rows[r].sort_by(|a, b| mean[*a].total_cmp(&mean[*b]).then(a.cmp(b)));
            settle(&mut slots, &rows[r], &mean);
        }
    }
    let left = slots
        .iter()
        .map(|s| s.x - s.width / 2.0)
        .fold(f64::INFINITY, f64::min);
    let right = slots
        .iter()
        .map(|s| s.x + s.width / 2.0)
        .fold(f64::NEG_INFINITY, f64::max);
    let at = |i: usize| {
        let s = slots[i];
        (s.x - left, (s.rank as f64 + 0.5) * RANK)
    };
    let ways = chains
        .iter()
        .zip(links)
        .map(|(chain, link)| {
            let mut way: Vec<(f64, f64)> = chain
                .iter()
                .skip(1)
                .take(chain.len().saturating_sub(2))
                .map(|i| at(*i))
                .collect();
            if chain.first() != Some(&link.from) {
                way.reverse();
            }
            way
        })
        .collect();
    Layout {
        nodes: (0..n).map(at).collect(),
        ways,
        width: right - left,
        height: depth as f64 * RANK,
    }
}

/// The links with those that close a cycle turned round, found by a walk from the first nodes in order.
fn acyclic(n: usize, links: &[Link], first: &[bool]) -> Vec<Link> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut out = links.to_vec();
    let mut marks = vec![Mark::New; n];
    let mut outgoing: Vec<Vec<usize>> = vec![Vec::new(); n];
    for (k, l) in links.iter().enumerate() {
        outgoing[l.from].push(k);
    }
    let is_first = |i: &usize| first.get(*i).copied().unwrap_or(false);
    let mut order: Vec<usize> = (0..n).filter(is_first).collect();
    order.extend((0..n).filter(|i| !is_first(i)));
    for start in order {
        if marks[start] != Mark::New {
            continue;
        }
        // A stack of (node, next link) instead of recursion.
        let mut stack = vec![(start, 0)];
        marks[start] = Mark::Open;
        while let Some((node, next)) = stack.pop() {
            let Some(k) = outgoing[node].get(next).copied() else {
                marks[node] = Mark::Done;
                continue;
            };
            stack.push((node, next + 1));
            let to = links[k].to;
            match marks[to] {
                Mark::Open => {
                    out[k] = Link { from: to, to: node };
                }
                Mark::New => {
                    marks[to] = Mark::Open;
                    stack.push((to, 0));
                }
                Mark::Done => {}
            }
        }
    }
    out
}

/// Rank of each node: one below the lowest of those that point to it.
fn ranked(n: usize, links: &[Link], first: &[bool], last: &[bool]) -> Vec<usize> {
    let mut ranks = vec![0_usize; n];
    // At most n rounds settle an acyclic graph; a self-link would never settle and is left out.
    for _ in 0..n {
        let mut changed = false;
        for l in links.iter().filter(|l| l.from != l.to) {
            let least = ranks[l.from] + 1;
            if ranks[l.to] < least && !first.get(l.to).copied().unwrap_or(false) {
                ranks[l.to] = least;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    // A node that nothing points to is drawn just above what it points to.
    for i in 0..n {
        let pointed_at = links.iter().any(|l| l.to == i && l.from != i);
        if !pointed_at && !last.get(i).copied().unwrap_or(false) {
            let below = links
                .iter()
                .filter(|l| l.from == i && l.to != i)
                .map(|l| ranks[l.to])
                .min();
            if let Some(b) = below {
                ranks[i] = b.saturating_sub(1);
            }
        }
    }
    let lowest = (0..n)
        .filter(|i| !last.get(*i).copied().unwrap_or(false))
        .map(|i| ranks[i])
        .max()
        .unwrap_or(0);
    for (i, rank) in ranks.iter_mut().enumerate() {
        if last.get(i).copied().unwrap_or(false) {
            *rank = lowest + 1;
        }
    }
    ranks
}

/// First places: each rank centred, in order of number.
fn spread(slots: &mut [Slot], rows: &[Vec<usize>]) {
    for row in rows {
        let total: f64 = row.iter().map(|i| slots[*i].width + GAP).sum::<f64>() - GAP;
        let mut x = -total / 2.0;
        for i in row {
            slots[*i].x = x + slots[*i].width / 2.0;
            x += slots[*i].width + GAP;
        }
    }
}

/// Moves the slots of a rank as near to `wanted` as their order and widths allow: neighbours that would overlap form a
/// block at the mean of their wishes (pool adjacent violators).
fn settle(slots: &mut [Slot], row: &[usize], wanted: &[f64]) {
    struct Run {
        from: usize,
        wish: f64,
        count: f64,
    }
    // Offset of each slot if all stood side by side.
    let mut offsets = Vec::with_capacity(row.len());
    let mut x = 0.0;
    for (k, i) in row.iter().enumerate() {
        if k > 0 {
            x += (slots[row[k - 1]].width + slots[*i].width) / 2.0 + GAP;
        }
        offsets.push(x);
    }
    let mut runs: Vec<Run> = Vec::new();
    for (k, i) in row.iter().enumerate() {
        runs.push(Run {
            from: k,
            wish: wanted[*i] - offsets[k],
            count: 1.0,
        });
        while let [.., a, b] = runs.as_mut_slice() {
            if a.wish < b.wish {
                break;
            }
            a.wish = (a.wish * a.count + b.wish * b.count) / (a.count + b.count);
            a.count += b.count;
            runs.pop();
        }
    }
    for (r, run) in runs.iter().enumerate() {
        let to = runs.get(r + 1).map_or(row.len(), |next| next.from);
        for k in run.from..to {
            slots[row[k]].x = run.wish + offsets[k];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(pairs: &[(usize, usize)]) -> Vec<Link> {
        pairs
            .iter()
            .map(|(from, to)| Link {
                from: *from,
                to: *to,
            })
            .collect()
    }

    #[test]
    fn nodes_of_a_rank_do_not_overlap() {
        let widths = [60.0; 6];
        let l = layered(
            &widths,
            &links(&[(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 5), (4, 0)]),
            &[],
            &[],
        );
        for i in 0..6 {
            for j in 0..i {
                let (a, b) = (l.nodes[i], l.nodes[j]);
                assert!(
                    (a.1 - b.1).abs() > 1.0 || (a.0 - b.0).abs() >= 60.0,
                    "{i} {j}"
                );
            }
        }
    }

    #[test]
    fn a_long_link_passes_every_rank_between() {
        let l = layered(
            &[40.0; 4],
            &links(&[(0, 1), (1, 2), (2, 3), (0, 3)]),
            &[],
            &[],
        );
        assert_eq!(l.ways[3].len(), 2);
        assert!(l.ways[0].is_empty());
    }

    #[test]
    fn cycles_and_self_links_are_laid_out() {
        let l = layered(
            &[40.0; 3],
            &links(&[(0, 1), (1, 0), (1, 1), (2, 0), (1, 2)]),
            &[],
            &[],
        );
        assert!(l.nodes.iter().all(|p| p.0.is_finite() && p.1.is_finite()));
        assert_eq!(layered(&[], &[], &[], &[]), Layout::default());
    }

    proptest::proptest! {
        #[test]
        fn any_graph_is_laid_out_the_same_twice(pairs in proptest::collection::vec((0usize..9, 0usize..9), 0..30), f in proptest::collection::vec(proptest::bool::ANY, 9)) {
            let l = links(&pairs);
            let last: Vec<bool> = f.iter().rev().copied().collect();
            let a = layered(&[50.0; 9], &l, &f, &last);
            proptest::prop_assert!(a.nodes.iter().all(|p| p.0.is_finite() && p.1.is_finite()));
            proptest::prop_assert_eq!(&a, &layered(&[50.0; 9], &l, &f, &last));
        }
    }
}
