//! Tests between two reported groups, from mean, SD and n.

use super::t_upper;

/// A reported group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// Mean.
    pub mean: f64,
    /// SD, divisor n − 1.
    pub sd: f64,
    /// Number of replicates.
    pub n: u32,
}

/// Two-sided P of Welch's t test.
///
/// ```
/// use mechfit::stats::{Group, welch_p};
/// // Equal SDs and n: Student's test, t = 2 with 8 degrees of freedom.
/// let a = Group { mean: 0.0, sd: 1.0, n: 5 };
/// let b = Group { mean: 2.0 * (2.0_f64 / 5.0).sqrt(), ..a };
/// assert!((welch_p(a, b) - 0.080_516_2).abs() < 1e-6);
/// ```
pub fn welch_p(a: Group, b: Group) -> f64 {
    let v = |g: Group| g.sd * g.sd / f64::from(g.n);
    let (va, vb) = (v(a), v(b));
    let sum = va + vb;
    let nu = sum * sum / (va * va / f64::from(a.n - 1) + vb * vb / f64::from(b.n - 1));
    2.0 * t_upper((a.mean - b.mean).abs() / sum.sqrt(), nu)
}

/// Two-sided P of Student's t test with pooled variance.
pub fn student_p(a: Group, b: Group) -> f64 {
    let (na, nb) = (f64::from(a.n), f64::from(b.n));
    let nu = na + nb - 2.0;
    let pooled = ((na - 1.0) * a.sd * a.sd + (nb - 1.0) * b.sd * b.sd) / nu;
    let se = (pooled * (1.0 / na + 1.0 / nb)).sqrt();
    2.0 * t_upper((a.mean - b.mean).abs() / se, nu)
}

/// Exact two-sided P of the Mann–Whitney test when the groups do not overlap: 2 of the `(n₁+n₂ choose n₁)` orders.
///
/// ```
/// assert!((mechfit::stats::separation_p(5, 5) - 2.0 / 252.0).abs() < 1e-15);
/// ```
pub fn separation_p(n1: u32, n2: u32) -> f64 {
    let mut orders = 1.0;
    for k in 1..=n1 {
        orders *= f64::from(n2 + k) / f64::from(k);
    }
    (2.0 / orders).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn welch_has_the_degrees_of_freedom_of_satterthwaite() {
        // Variances of the means 1 and 3 with 4 and 9 degrees of freedom: ν = 16/(1/4 + 9/9) = 12.8.
        let a = Group {
            mean: 0.0,
            sd: 5.0_f64.sqrt(),
            n: 5,
        };
        let b = Group {
            mean: 5.0,
            sd: 30.0_f64.sqrt(),
            n: 10,
        };
        assert!((welch_p(a, b) - 2.0 * t_upper(2.5, 12.8)).abs() < 1e-14);
    }

    #[test]
    fn pooled_and_welch_agree_for_equal_groups() {
        let a = Group {
            mean: 1.0,
            sd: 0.7,
            n: 6,
        };
        let b = Group { mean: 2.0, ..a };
        assert!((welch_p(a, b) - student_p(a, b)).abs() < 1e-14);
    }
}
