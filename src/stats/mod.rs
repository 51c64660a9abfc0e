//! Distributions and quantiles.

mod normal;
mod prior;
mod random;
mod special;
mod tests_of_means;

pub use normal::{log_normal_cdf, normal_cdf};
pub use prior::{Distribution, DistributionError, LogDensity, Shift};
pub use random::Stream;
pub use special::{chi2_tail, f_tail, gamma_quantile, normal_quantile, t_quantile, t_upper};
pub use tests_of_means::{Group, separation_p, student_p, welch_p};
