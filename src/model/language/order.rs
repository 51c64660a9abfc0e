//! Definitions in the order in which they can be computed.

/// Sorts `0..n` so that each comes after what it uses (`uses[i]`, sorted by place), keeping the given order where it can.
/// The second list holds the cycles, each as the path around it; what lies on one is in no order.
pub(super) fn sort(uses: &[Vec<usize>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; uses.len()];
    let mut order = Vec::with_capacity(uses.len());
    let mut cycles: Vec<Vec<usize>> = Vec::new();
    for root in 0..uses.len() {
        if marks[root] != Mark::New {
            continue;
        }
        marks[root] = Mark::Open;
        // Depth first without recursion: chains may be as long as the file.
        let mut path: Vec<(usize, usize)> = vec![(root, 0)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            match uses[node].get(*next) {
                Some(&to) => {
                    *next += 1;
                    match marks[to] {
                        Mark::New => {
                            marks[to] = Mark::Open;
                            path.push((to, 0));
                        }
                        Mark::Open => {
                            let from = path.iter().position(|(n, _)| *n == to).unwrap_or(0);
                            cycles.push(path[from..].iter().map(|(n, _)| *n).collect());
                        }
                        Mark::Done => {}
                    }
                }
                None => {
                    marks[node] = Mark::Done;
                    order.push(node);
                    path.pop();
                }
            }
        }
    }
    (order, cycles)
}

#[cfg(test)]
mod tests {
    use super::sort;

    #[test]
    fn each_comes_after_what_it_uses() {
        assert_eq!(sort(&[vec![2], vec![0], vec![]]), (vec![2, 0, 1], vec![]));
    }

    #[test]
    fn a_cycle_is_given_as_its_path() {
        let (_, cycles) = sort(&[vec![1], vec![2], vec![0], vec![3]]);
        assert_eq!(cycles, [vec![0, 1, 2], vec![3]]);
    }

    #[test]
    fn long_chains_need_no_stack() {
        let n = 200_000;
        let uses: Vec<Vec<usize>> = (0..n)
            .map(|i| (i + 1 < n).then_some(i + 1).into_iter().collect())
            .collect();
        assert_eq!(sort(&uses).0.len(), n);
    }
}
