//! Runs pure functions of a number in parallel.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::search::Control;

/// Runs `work` for every number in `ks` in parallel and returns the results in the order of `ks`.
///
/// `work` must be a pure function of its number; a workspace, made once a thread, is scratch memory only. `sink` sees every
/// result as it ends, in no fixed order (checkpoint, progress); with [`Control::Stop`] no further number is begun, and
/// those that were not run are missing from the result. The results do not depend on the number of threads.
pub fn run<W, R: Send>(
    ks: &[u64],
    workspace: impl Fn() -> W + Sync + Send,
    work: impl Fn(u64, &mut W) -> R + Sync + Send,
    sink: &(dyn Fn(u64, &R) -> Control + Sync),
) -> Vec<R> {
    let stopped = AtomicBool::new(false);
    ks.par_iter()
        .map_init(workspace, |ws, &k| {
            if stopped.load(Ordering::Relaxed) {
                return None;
            }
            let result = work(k, ws);
            if sink(k, &result) == Control::Stop {
                stopped.store(true, Ordering::Relaxed);
            }
            Some(result)
        })
        .collect::<Vec<Option<R>>>()
        .into_iter()
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_numbers() {
        let ks: Vec<u64> = (0..100).rev().collect();
        let out = run(&ks, || (), |k, ()| k * k, &|_, _| Control::Continue);
        assert_eq!(out, ks.iter().map(|k| k * k).collect::<Vec<_>>());
    }

    #[test]
    fn a_sink_that_stops_leaves_the_rest_undone() {
        let ks: Vec<u64> = (0..10_000).collect();
        let out = run(&ks, || (), |k, ()| k, &|_, _| Control::Stop);
        assert!(!out.is_empty() && out.len() < ks.len(), "{}", out.len());
    }
}
