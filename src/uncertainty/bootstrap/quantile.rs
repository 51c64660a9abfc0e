//! Quantiles of replicates, with their Monte-Carlo intervals.

use crate::stats::{normal_cdf, t_quantile};

/// Level of the Monte-Carlo interval of an end.
const MONTE_CARLO_LEVEL: f64 = 0.95;

/// Quantile `p` of sorted values at rank `(B + 1)·p`, between order statistics by linear interpolation; `None` where the
/// rank lies outside 1…B (too few replicates: 39 are the fewest for 2.5 %).
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    /// Rounding of (B + 1)·p that still counts as the first or last rank.
    const SLACK: f64 = 1e-9;
    let b = sorted.len();
    let rank = (b as f64 + 1.0) * p;
    if b == 0 || rank < 1.0 - SLACK || rank > b as f64 + SLACK {
        return None;
    }
    let rank = rank.clamp(1.0, b as f64);
    let below = (rank.floor() as usize).clamp(1, b);
    let share = rank - below as f64;
    let low = sorted[below - 1];
    match sorted.get(below) {
        Some(&high) if share > 0.0 && high != low => Some(low + share * (high - low)),
        _ => Some(low),
    }
}

/// 95 % Monte-Carlo interval of quantile `p`: the order statistics between which it lies, by the binomial distribution of
/// the number of replicates below it.
pub fn monte_carlo(sorted: &[f64], p: f64) -> (Option<f64>, Option<f64>) {
    let b = sorted.len();
    if b == 0 {
        return (None, None);
    }
    let tail = 0.5 * (1.0 - MONTE_CARLO_LEVEL);
    // Ranks l ≤ u with P(count < l) ≤ tail and P(count ≥ u) ≤ tail.
    let low = binomial_rank(b, p, tail);
    let high = b + 1 - binomial_rank(b, 1.0 - p, tail);
    let at = |rank: usize| {
        if (1..=b).contains(&rank) {
            sorted.get(rank - 1).copied()
        } else {
            None
        }
    };
    (at(low), at(high))
}

/// Largest rank `l` with `P(Bin(b, p) < l) ≤ tail` (0 if there is none above 0).
fn binomial_rank(b: usize, p: f64, tail: f64) -> usize {
    let n = b as f64;
    // Recursion of the probabilities in logarithms, since (1 − p)^b underflows for p near 1.
    let odds = libm::log(p) - libm::log1p(-p);
    let mut log = n * libm::log1p(-p);
    let mut below = 0.0;
    for k in 0..=b {
        let next = below + libm::exp(log);
        if next > tail {
            return k;
        }
        below = next;
        log += libm::log((n - k as f64) / (k as f64 + 1.0)) + odds;
    }
    b
}

/// Quantile levels of the bias-corrected interval: `Φ(2z₀ ± z)`, z₀ the normal quantile of the share of replicates below
/// the estimate (ties count half); `None` where all replicates lie on one side.
///
/// # References
/// Efron (1982) The Jackknife, the Bootstrap and Other Resampling Plans, SIAM, chapter 10.
pub fn bias_corrected(sorted: &[f64], estimate: f64, level: f64) -> Option<(f64, f64)> {
    let below = sorted.iter().filter(|x| **x < estimate).count() as f64;
    let ties = sorted.iter().filter(|x| **x == estimate).count() as f64;
    let share = (below + 0.5 * ties) / sorted.len() as f64;
    if !(share > 0.0 && share < 1.0) {
        return None;
    }
    let z0 = t_quantile(share, f64::INFINITY);
    let z = t_quantile(0.5 + 0.5 * level, f64::INFINITY);
    Some((normal_cdf(2.0 * z0 - z), normal_cdf(2.0 * z0 + z)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(b: usize) -> Vec<f64> {
        (1..=b).map(|i| i as f64).collect()
    }

    #[test]
    fn thirty_nine_replicates_are_the_fewest_for_a_95_percent_interval() {
        assert_eq!(quantile(&grid(39), 0.025), Some(1.0));
        assert_eq!(quantile(&grid(39), 0.975), Some(39.0));
        assert_eq!(quantile(&grid(38), 0.025), None);
    }

    #[test]
    fn quantiles_interpolate_between_order_statistics() {
        assert_eq!(quantile(&grid(3), 0.5), Some(2.0));
        assert_eq!(quantile(&grid(4), 0.5), Some(2.5));
        let with_infinity = [1.0, 2.0, f64::INFINITY, f64::INFINITY];
        assert_eq!(quantile(&with_infinity, 0.7), Some(f64::INFINITY));
    }

    #[test]
    fn monte_carlo_ranks_are_those_of_the_binomial() {
        // Bin(1000, 0.025): P(X ≤ 15) = 0.021066, P(X ≤ 16) = 0.036014, P(X ≥ 35) = 0.032050, P(X ≥ 36) = 0.021042
        // (sums of exact binomial coefficients, Python integers).
        let (low, high) = monte_carlo(&grid(1000), 0.025);
        assert_eq!(low, Some(16.0));
        assert_eq!(high, Some(36.0));
        let (low, high) = monte_carlo(&grid(1000), 0.975);
        assert_eq!((low, high), (Some(965.0), Some(985.0)));
    }

    #[test]
    fn an_unbiased_distribution_is_not_corrected() {
        let (low, high) = bias_corrected(&grid(999), 500.0, 0.95).unwrap();
        assert!((low - 0.025).abs() < 1e-9 && (high - 0.975).abs() < 1e-9);
    }
}
