//! Prior distributions of PEtab: log densities with derivatives, distribution functions, truncation.

use super::special::{chi2_tail, gamma_quantile};

/// A distribution of PEtab v2, with the parametrisation of its specification.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distribution {
    /// Cauchy(location, scale).
    Cauchy(f64, f64),
    /// χ²(degrees of freedom).
    ChiSquare(f64),
    /// Exponential(scale).
    Exponential(f64),
    /// Gamma(shape, scale).
    Gamma(f64, f64),
    /// Laplace(location, scale).
    Laplace(f64, f64),
    /// Laplace of ln x.
    LogLaplace(f64, f64),
    /// Normal of ln x (mean, SD).
    LogNormal(f64, f64),
    /// Uniform of ln x between ln a and ln b.
    LogUniform(f64, f64),
    /// Normal(mean, SD).
    Normal(f64, f64),
    /// Rayleigh(scale).
    Rayleigh(f64),
    /// Uniform(a, b).
    Uniform(f64, f64),
}

/// How a distribution is moved to another centre: by what keeps its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// x + δ, for distributions on the whole line.
    Add,
    /// x·k, for distributions of positive values.
    Multiply,
}

/// ln density with first and second derivative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogDensity {
    /// ln density.
    pub value: f64,
    /// First derivative.
    pub slope: f64,
    /// Second derivative.
    pub curvature: f64,
}

/// Why a distribution cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DistributionError {
    /// A name that PEtab does not know.
    #[error(
        "`{0}` is not a prior distribution of PEtab (normal, log-normal, uniform, log-uniform, laplace, log-laplace, cauchy, chisquare, exponential, gamma, rayleigh)"
    )]
    Unknown(String),
    /// The wrong number of parameters.
    #[error("`{name}` takes {expected} parameters, found {found}")]
    Count {
        /// Distribution.
        name: String,
        /// What it takes.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// A scale or shape that is not positive, or an empty interval.
    #[error("the parameters {parameters:?} of `{name}` are outside their domain")]
    Domain {
        /// Distribution.
        name: String,
        /// Parameters.
        parameters: Vec<f64>,
    },
}

impl Distribution {
    /// Makes a distribution from its PEtab v2 name and parameters.
    ///
    /// # Errors
    /// [`DistributionError`].
    pub fn parse(name: &str, p: &[f64]) -> Result<Self, DistributionError> {
        let two = |make: fn(f64, f64) -> Self| match p {
            [a, b] => Ok(make(*a, *b)),
            _ => Err(DistributionError::Count {
                name: name.into(),
                expected: 2,
                found: p.len(),
            }),
        };
        let one = |make: fn(f64) -> Self| match p {
            [a] => Ok(make(*a)),
            _ => Err(DistributionError::Count {
                name: name.into(),
                expected: 1,
                found: p.len(),
            }),
        };
        let d = match name {
            "cauchy" => two(Self::Cauchy),
            "chisquare" => one(Self::ChiSquare),
            "exponential" => one(Self::Exponential),
            "gamma" => two(Self::Gamma),
            "laplace" => two(Self::Laplace),
            "log-laplace" => two(Self::LogLaplace),
            "log-normal" => two(Self::LogNormal),
            "log-uniform" => two(Self::LogUniform),
            "normal" => two(Self::Normal),
            "rayleigh" => one(Self::Rayleigh),
            "uniform" => two(Self::Uniform),
            _ => Err(DistributionError::Unknown(name.into())),
        }?;
        let valid = match d {
            Self::Cauchy(_, s)
            | Self::Laplace(_, s)
            | Self::LogLaplace(_, s)
            | Self::LogNormal(_, s)
            | Self::Normal(_, s) => s > 0.0,
            Self::ChiSquare(s) | Self::Exponential(s) | Self::Rayleigh(s) => s > 0.0,
            Self::Gamma(a, s) => a > 0.0 && s > 0.0,
            Self::LogUniform(a, b) => a > 0.0 && b > a,
            Self::Uniform(a, b) => b > a,
        };
        if valid && p.iter().all(|x| x.is_finite()) {
            Ok(d)
        } else {
            Err(DistributionError::Domain {
                name: name.into(),
                parameters: p.to_vec(),
            })
        }
    }

    /// ln density at `x` with its derivatives; −∞ outside the support.
    pub fn log_density(&self, x: f64) -> LogDensity {
        const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;
        let outside = LogDensity {
            value: f64::NEG_INFINITY,
            slope: 0.0,
            curvature: 0.0,
        };
        let normal = |u: f64, m: f64, s: f64| {
            let z = (u - m) / s;
            LogDensity {
                value: -LN_SQRT_2PI - libm::log(s) - 0.5 * z * z,
                slope: -z / s,
                curvature: -1.0 / (s * s),
            }
        };
        let laplace = |u: f64, m: f64, s: f64| LogDensity {
            value: -libm::log(2.0 * s) - (u - m).abs() / s,
            slope: if u > m {
                -1.0 / s
            } else if u < m {
                1.0 / s
            } else {
                0.0
            },
            curvature: 0.0,
        };
        // A density of u = ln x becomes one of x by dividing by x.
        let of_log = |d: LogDensity, u: f64| LogDensity {
            value: d.value - u,
            slope: (d.slope - 1.0) / x,
            curvature: (d.curvature - d.slope + 1.0) / (x * x),
        };
        match *self {
            Self::Normal(m, s) => normal(x, m, s),
            Self::Laplace(m, s) => laplace(x, m, s),
            Self::Uniform(a, b) => {
                if (a..=b).contains(&x) {
                    LogDensity {
                        value: -libm::log(b - a),
                        slope: 0.0,
                        curvature: 0.0,
                    }
                } else {
                    outside
                }
            }
            Self::Cauchy(m, s) => {
                let z = (x - m) / s;
                let q = 1.0 + z * z;
                LogDensity {
                    value: -libm::log(std::f64::consts::PI * s * q),
                    slope: -2.0 * z / (s * q),
                    curvature: -2.0 * (1.0 - z * z) / (s * s * q * q),
                }
            }
            _ if x <= 0.0 => outside,
            Self::LogNormal(m, s) => {
                let u = libm::log(x);
                of_log(normal(u, m, s), u)
            }
            Self::LogLaplace(m, s) => {
                let u = libm::log(x);
                of_log(laplace(u, m, s), u)
            }
            Self::LogUniform(a, b) => {
                if (a..=b).contains(&x) {
                    let u = libm::log(x);
                    of_log(
                        LogDensity {
                            value: -libm::log(libm::log(b / a)),
                            slope: 0.0,
                            curvature: 0.0,
                        },
                        u,
                    )
                } else {
                    outside
                }
            }
            Self::ChiSquare(k) => gamma_density(0.5 * k, 2.0, x),
            Self::Gamma(a, s) => gamma_density(a, s, x),
            Self::Exponential(s) => gamma_density(1.0, s, x),
            Self::Rayleigh(s) => LogDensity {
                value: libm::log(x) - 2.0 * libm::log(s) - 0.5 * x * x / (s * s),
                slope: 1.0 / x - x / (s * s),
                curvature: -1.0 / (x * x) - 1.0 / (s * s),
            },
        }
    }

    /// Distribution function.
    pub fn cdf(&self, x: f64) -> f64 {
        let laplace = |u: f64, m: f64, s: f64| {
            if u < m {
                0.5 * libm::exp((u - m) / s)
            } else {
                1.0 - 0.5 * libm::exp(-(u - m) / s)
            }
        };
        match *self {
            Self::Normal(m, s) => super::normal_cdf((x - m) / s),
            Self::Laplace(m, s) => laplace(x, m, s),
            Self::Uniform(a, b) => ((x - a) / (b - a)).clamp(0.0, 1.0),
            Self::Cauchy(m, s) => 0.5 + libm::atan((x - m) / s) / std::f64::consts::PI,
            _ if x <= 0.0 => 0.0,
            Self::LogNormal(m, s) => super::normal_cdf((libm::log(x) - m) / s),
            Self::LogLaplace(m, s) => laplace(libm::log(x), m, s),
            Self::LogUniform(a, b) => (libm::log(x / a) / libm::log(b / a)).clamp(0.0, 1.0),
            Self::ChiSquare(k) => gamma_cdf(0.5 * k, x / 2.0),
            Self::Gamma(a, s) => gamma_cdf(a, x / s),
            Self::Exponential(s) => -libm::expm1(-x / s),
            Self::Rayleigh(s) => -libm::expm1(-0.5 * x * x / (s * s)),
        }
    }

    /// Quantile for a probability in (0, 1).
    pub fn quantile(&self, p: f64) -> f64 {
        let normal = |m: f64, s: f64| m + s * super::t_quantile(p, f64::INFINITY);
        let laplace = |m: f64, s: f64| {
            if p < 0.5 {
                m + s * libm::log(2.0 * p)
            } else {
                m - s * libm::log(2.0 * (1.0 - p))
            }
        };
        match *self {
            Self::Normal(m, s) => normal(m, s),
            Self::LogNormal(m, s) => libm::exp(normal(m, s)),
            Self::Laplace(m, s) => laplace(m, s),
            Self::LogLaplace(m, s) => libm::exp(laplace(m, s)),
            Self::Cauchy(m, s) => m + s * libm::tan(std::f64::consts::PI * (p - 0.5)),
            Self::Uniform(a, b) => a + p * (b - a),
            Self::LogUniform(a, b) => a * libm::pow(b / a, p),
            Self::Exponential(s) => -s * libm::log1p(-p),
            Self::Rayleigh(s) => s * (-2.0 * libm::log1p(-p)).sqrt(),
            Self::ChiSquare(k) => 2.0 * gamma_quantile(p, 0.5 * k),
            Self::Gamma(a, s) => s * gamma_quantile(p, a),
        }
    }

    /// How the distribution is moved to another centre.
    pub fn shift(&self) -> Shift {
        match self {
            Self::Normal(..) | Self::Laplace(..) | Self::Cauchy(..) | Self::Uniform(..) => {
                Shift::Add
            }
            _ => Shift::Multiply,
        }
    }

    /// ln of the probability between two bounds: what a truncated density is divided by.
    pub fn log_mass(&self, lower: f64, upper: f64) -> f64 {
        libm::log(self.cdf(upper) - self.cdf(lower))
    }

    /// Median.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

fn gamma_density(a: f64, s: f64, x: f64) -> LogDensity {
    LogDensity {
        value: (a - 1.0) * libm::log(x) - x / s - a * libm::log(s) - libm::lgamma(a),
        slope: (a - 1.0) / x - 1.0 / s,
        curvature: -(a - 1.0) / (x * x),
    }
}

fn gamma_cdf(a: f64, x: f64) -> f64 {
    // A prior without an upper bound is truncated at infinity.
    if x == f64::INFINITY {
        return 1.0;
    }
    1.0 - chi2_tail(2.0 * x, 2.0 * a)
}

impl Distribution {
    /// The value where the density is largest, if it has one inside its support.
    pub fn mode(&self) -> Option<f64> {
        match *self {
            Self::Normal(m, _) | Self::Laplace(m, _) | Self::Cauchy(m, _) => Some(m),
            Self::LogNormal(m, s) => Some(libm::exp(m - s * s)),
            Self::LogLaplace(m, s) => (s < 1.0).then(|| libm::exp(m)),
            Self::Gamma(a, s) => (a > 1.0).then_some((a - 1.0) * s),
            Self::ChiSquare(k) => (k > 2.0).then_some(k - 2.0),
            Self::Rayleigh(s) => Some(s),
            Self::Exponential(_) | Self::Uniform(..) | Self::LogUniform(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_lies_between_the_ends_of_the_support() {
        for (name, p) in [
            ("cauchy", vec![3.0, 5.0]),
            ("chisquare", vec![4.0]),
            ("exponential", vec![3.0]),
            ("gamma", vec![3.0, 5.0]),
            ("laplace", vec![3.0, 5.0]),
            ("log-laplace", vec![3.0, 5.0]),
            ("log-normal", vec![5.0, 2.0]),
            ("normal", vec![4.0, 2.0]),
            ("rayleigh", vec![3.0]),
        ] {
            let d = Distribution::parse(name, &p).unwrap();
            assert_eq!(d.log_mass(f64::NEG_INFINITY, f64::INFINITY), 0.0, "{name}");
        }
    }

    #[test]
    fn quantiles_invert_the_distribution_functions() {
        for d in [
            Distribution::Cauchy(1.0, 2.0),
            Distribution::ChiSquare(3.0),
            Distribution::Exponential(2.0),
            Distribution::Gamma(2.5, 0.7),
            Distribution::Laplace(-1.0, 0.5),
            Distribution::LogLaplace(0.3, 0.5),
            Distribution::LogNormal(1.504, 0.7),
            Distribution::LogUniform(0.1, 10.0),
            Distribution::Normal(3.0, 0.4),
            Distribution::Rayleigh(1.5),
            Distribution::Uniform(-2.0, 5.0),
        ] {
            for p in [0.01, 0.3, 0.5, 0.9, 0.999] {
                let back = d.cdf(d.quantile(p));
                assert!((back - p).abs() < 1e-8, "{d:?}: {p} {back}");
            }
        }
    }
}
