//! From the values of a quantity over the replicates to the ends of its interval: one way for every method.

use super::super::interval::Method;
use super::Replicate;
use super::quantile::{bias_corrected, monte_carlo, quantile};

/// What one replicate says of a quantity, on the scale of estimation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::uncertainty) struct Value {
    /// Its value `x*`.
    pub x: f64,
    /// Its standard error `se*`; NaN where it has none.
    pub standard_error: f64,
}

/// What a replicate says of parameter `j`, unless it failed.
pub(in crate::uncertainty) fn value(r: &Replicate, j: usize) -> Option<Value> {
    let x = *r.theta.get(j)?;
    let standard_error = r.standard_error.get(j).copied().unwrap_or(f64::NAN);
    r.succeeded().then_some(Value { x, standard_error })
}

/// Shares of the replicates that succeeded in which parameter `j` lies at its lower and upper bound.
pub(in crate::uncertainty) fn at_bound<'r>(
    list: impl IntoIterator<Item = &'r Replicate>,
    j: usize,
) -> [f64; 2] {
    let mut count = 0.0_f64;
    let mut at = [0.0; 2];
    for r in list.into_iter().filter(|r| r.succeeded()) {
        count += 1.0;
        match r.at_bound.get(j) {
            Some(-1) => at[0] += 1.0,
            Some(1) => at[1] += 1.0,
            _ => {}
        }
    }
    at.map(|n| n / count.max(1.0))
}

/// The distribution whose quantiles are the ends of an interval.
///
/// Each method is the percentile interval of something made of a replicate `x*` with standard error `se*`: of `x*` itself
/// (percentile, bias-corrected), of `2x̂ − x*` (basic), or of `x̂ − se·(x* − x̂)/se*` (bootstrap-t). The last two are
/// reflected: replicates at the lower bound are what the upper end is read from.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::uncertainty) struct Distribution {
    method: Method,
    estimate: f64,
    level: f64,
    sorted: Vec<f64>,
    /// Replicates that gave no value.
    missing: usize,
    /// Tail shares at which the ends are read; `None` where the method has none (bias correction, all on one side).
    tails: Option<[f64; 2]>,
}

impl Distribution {
    /// The distribution for a method of the bootstrap, from one value per replicate (`None` where it failed).
    /// `standard_error` is that of the estimate.
    ///
    /// `None` for a method of another kind, and for bootstrap-t without a standard error at the fit. A replicate without
    /// one counts there as one that failed.
    pub fn new(
        method: Method,
        level: f64,
        estimate: f64,
        standard_error: Option<f64>,
        values: impl IntoIterator<Item = Option<Value>>,
    ) -> Option<Self> {
        let se = match method {
            Method::BootstrapT => standard_error?,
            Method::Percentile | Method::Basic | Method::Bc => f64::NAN,
            _ => return None,
        };
        let shown = |v: Value| match method {
            Method::Basic => 2.0 * estimate - v.x,
            Method::BootstrapT => estimate - (v.x - estimate) / v.standard_error * se,
            _ => v.x,
        };
        let mut sorted = Vec::new();
        let mut missing = 0;
        for value in values {
            match value.map(shown).filter(|x| !x.is_nan()) {
                Some(x) => sorted.push(x),
                None => missing += 1,
            }
        }
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            tails: tails(method, &sorted, estimate, level),
            method,
            estimate,
            level,
            sorted,
            missing,
        })
    }

    /// Lower and upper end, from the replicates that gave a value; `None` where too few reach that far. Infinite where
    /// the replicates are.
    pub fn ends(&self) -> [Option<f64>; 2] {
        read(&self.sorted, self.tails)
    }

    /// Each end as if all replicates without a value had lain beyond it; `None` where that opens it, as it does for every
    /// method once their share reaches that of a tail.
    pub fn if_missing_were_extreme(&self) -> [Option<f64>; 2] {
        let tail = 0.5 * (1.0 - self.level);
        let with = |beyond: f64, side: usize| {
            let mut all = vec![beyond; self.missing];
            all.extend(&self.sorted);
            all.sort_by(f64::total_cmp);
            let finite = |tails| read(&all, tails)[side].filter(|x| x.is_finite());
            // Bias correction would take many failures for a bias, and read its end further in.
            finite(Some([tail; 2]))?;
            finite(tails(self.method, &all, self.estimate, self.level))
        };
        [with(f64::NEG_INFINITY, 0), with(f64::INFINITY, 1)]
    }

    /// 95 % Monte-Carlo interval of each end.
    pub fn monte_carlo(&self) -> [(Option<f64>, Option<f64>); 2] {
        match self.tails {
            None => [(None, None); 2],
            Some([a, b]) => [
                monte_carlo(&self.sorted, a),
                monte_carlo(&self.sorted, 1.0 - b),
            ],
        }
    }

    /// Which ends are read from replicates that a bound held, by the shares at the lower and upper bound.
    pub fn held(&self, shares: [f64; 2]) -> [bool; 2] {
        let tail = 0.5 * (1.0 - self.level);
        let [low, high] = shares.map(|share| share >= tail);
        match self.method {
            Method::Basic | Method::BootstrapT => [high, low],
            _ => [low, high],
        }
    }
}

/// Tail shares at which a method reads its ends.
fn tails(method: Method, sorted: &[f64], estimate: f64, level: f64) -> Option<[f64; 2]> {
    let tail = 0.5 * (1.0 - level);
    if method == Method::Bc {
        bias_corrected(sorted, estimate, level).map(|(a, b)| [a, 1.0 - b])
    } else {
        Some([tail, tail])
    }
}

fn read(sorted: &[f64], tails: Option<[f64; 2]>) -> [Option<f64>; 2] {
    match tails {
        None => [None, None],
        Some([a, b]) => [quantile(sorted, a), quantile(sorted, 1.0 - b)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHODS: [Method; 4] = [
        Method::Percentile,
        Method::Basic,
        Method::Bc,
        Method::BootstrapT,
    ];

    /// `failed` of 1000 replicates without a value, the others evenly spread over 0…1 about an estimate of ½.
    fn even(method: Method, failed: usize) -> Distribution {
        let rest = 1000 - failed;
        let values = (0..1000).map(|i| {
            (i >= failed).then(|| Value {
                x: (i - failed) as f64 / (rest - 1) as f64,
                standard_error: 0.1,
            })
        });
        Distribution::new(method, 0.95, 0.5, Some(0.1), values).unwrap()
    }

    #[test]
    fn three_percent_of_failures_open_both_ends_of_every_method() {
        for method in METHODS {
            assert_eq!(
                even(method, 30).if_missing_were_extreme(),
                [None, None],
                "{method:?}"
            );
            assert_eq!(even(method, 25).if_missing_were_extreme(), [None, None]);
        }
    }

    #[test]
    fn one_percent_of_failures_moves_both_ends_of_every_method_outwards() {
        for method in METHODS {
            let s = even(method, 10);
            let ([a, b], [low, high]) = (s.ends(), s.if_missing_were_extreme());
            let (a, b, low, high) = (a.unwrap(), b.unwrap(), low.unwrap(), high.unwrap());
            // 25 of 1001 ranks lie below the end, 10 of them failures: 15.025 of the rest, which lie 1/989 apart.
            if method != Method::Bc {
                assert!((low - 14.025 / 989.0).abs() < 1e-12, "{method:?}: {low}");
                assert!((high - 974.975 / 989.0).abs() < 1e-12, "{method:?}: {high}");
            }
            assert!(low < a && high > b, "{method:?}: {low} {a} {b} {high}");
        }
    }

    #[test]
    fn without_failures_the_extreme_ends_are_the_ends() {
        for method in METHODS {
            let s = even(method, 0);
            assert_eq!(s.if_missing_were_extreme(), s.ends());
        }
    }

    #[test]
    fn replicates_at_the_lower_bound_hold_the_upper_end_of_a_reflected_interval() {
        for (method, lower_bound) in [
            (Method::Percentile, [true, false]),
            (Method::Bc, [true, false]),
            (Method::Basic, [false, true]),
            (Method::BootstrapT, [false, true]),
        ] {
            assert_eq!(even(method, 0).held([0.16, 0.0]), lower_bound, "{method:?}");
            assert_eq!(even(method, 0).held([0.024, 0.024]), [false, false]);
        }
    }
}
