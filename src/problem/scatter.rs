//! What a reported scatter says about the mean: one place for the objective, the checks and the export.

use super::{NoiseDistribution, SdKind, Statistic, Summary};
use crate::math::{Expr, Kind, UnaryOp};

/// Half width of a 95 % interval in standard errors where no n is given: the normal quantile that published intervals
/// without n were made with.
const NORMAL_97_5: f64 = 1.959_963_984_540_054;
/// The same where n is given: the quantile of Student's t with n − 1 degrees of freedom.
const UPPER: f64 = 0.975;

/// A reported group on the scale of the noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reported {
    /// Its value on the linear scale: as reported, or the median where an arithmetic mean meets logarithmic noise.
    pub value: f64,
    /// SD of the replicates on the scale of the noise; where `n` is `None`, the known standard error.
    pub sd: f64,
    /// Number of replicates.
    pub n: Option<u32>,
}

impl Reported {
    /// Standard error of the value on the scale of the noise.
    pub fn standard_error(&self) -> f64 {
        match self.n {
            Some(n) => self.sd / f64::from(n).sqrt(),
            None => self.sd,
        }
    }
}

/// ln of the base of the logarithm that noise is additive on, `None` for the linear scale.
pub fn log_base(distribution: NoiseDistribution) -> Option<f64> {
    match distribution {
        NoiseDistribution::Normal | NoiseDistribution::Laplace => None,
        NoiseDistribution::LogNormal | NoiseDistribution::LogLaplace => Some(1.0),
        NoiseDistribution::Log10Normal | NoiseDistribution::Log10Laplace => {
            Some(std::f64::consts::LN_10)
        }
    }
}

impl Summary {
    /// Noise distribution of the row: geometric means live on the logarithm whatever the observable says.
    pub fn distribution(&self, of_observable: NoiseDistribution) -> NoiseDistribution {
        match (self.statistic, of_observable) {
            (Statistic::Geomean, NoiseDistribution::Normal) => NoiseDistribution::LogNormal,
            _ => of_observable,
        }
    }

    /// The group on the scale of the noise; `None` if `n` is missing where it is needed.
    ///
    /// SEM = s/√n; a 95 % interval has the half width t·s/√n (1.96 standard errors without n); a CV relates to the value.
    /// A geometric SD is a factor: s = ln GSD. An arithmetic mean under logarithmic noise is converted by moments,
    /// σ² = ln(1 + CV²), median = mean/√(1 + CV²).
    pub fn reported(&self, value: f64, distribution: NoiseDistribution) -> Option<Reported> {
        let log = log_base(self.distribution(distribution));
        let root = |n: u32| f64::from(n).sqrt();
        let geometric = self.statistic == Statistic::Geomean;
        // A geometric SD, SEM or interval is a factor on the linear scale and a sum on the logarithm.
        let given = if geometric && self.kind != SdKind::Cv {
            libm::log(self.sd)
        } else {
            self.sd
        };
        let (sd, n) = match (self.kind, self.n) {
            (SdKind::Sd, Some(n)) => (given, Some(n)),
            (SdKind::Cv, Some(n)) if geometric => (libm::log1p(given * given).sqrt(), Some(n)),
            (SdKind::Cv, Some(n)) => (given * value.abs(), Some(n)),
            (SdKind::Sd | SdKind::Cv, None) => return None,
            (SdKind::Sem, Some(n)) => (given * root(n), Some(n)),
            (SdKind::Sem, None) => (given, None),
            (SdKind::Ci95, Some(n)) => {
                let t = crate::stats::t_quantile(UPPER, f64::from(n.saturating_sub(1).max(1)));
                (given / t * root(n), Some(n))
            }
            (SdKind::Ci95, None) => (given / NORMAL_97_5, None),
        };
        Some(match log {
            None => Reported { value, sd, n },
            Some(base) if geometric => Reported {
                value,
                sd: sd / base,
                n,
            },
            Some(base) => {
                let cv2 = (sd / value) * (sd / value);
                Reported {
                    value: value / (1.0 + cv2).sqrt(),
                    sd: libm::log1p(cv2).sqrt() / base,
                    n,
                }
            }
        })
    }
}

/// The number that an expression is, with its signs.
pub fn number_of(value: &Expr) -> Option<f64> {
    match &value.kind {
        Kind::Number(v) => Some(*v),
        Kind::Unary(UnaryOp::Neg, a) => number_of(a).map(|v| -v),
        Kind::Unary(UnaryOp::Plus, a) => number_of(a),
        _ => None,
    }
}
