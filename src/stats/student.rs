//! Student's t distribution.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Quantile of Student's t with `nu` degrees of freedom (need not be whole; ∞: normal).
pub fn t_quantile(p: f64, nu: f64) -> f64 {
    if nu == f64::INFINITY {
        return statrs::distribution::Normal::standard().inverse_cdf(p);
    }
    StudentsT::new(0.0, 1.0, nu).map_or(f64::NAN, |d| d.inverse_cdf(p))
}
