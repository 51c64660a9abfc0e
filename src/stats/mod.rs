//! Distributions and quantiles.

mod normal;
mod prior;
mod random;
mod student;

pub use normal::{log_normal_cdf, normal_cdf};
pub use prior::{Distribution, DistributionError, LogDensity, Shift};
pub use random::Stream;
pub use student::{t_quantile, t_upper};
