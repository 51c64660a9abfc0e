//! What varies, and over which distribution: parameters in sensitivity analyses, patients in populations.

use crate::objective::Coordinate;
use crate::objective::target::{to_natural, to_scaled};
use crate::stats::{Distribution, DistributionError};

/// A distribution of one quantity, restricted to bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// Its name.
    pub id: String,
    /// Distribution.
    pub distribution: Distribution,
    /// Lower bound of the value.
    pub lower: f64,
    /// Upper bound of the value.
    pub upper: f64,
    /// In words.
    pub words: String,
}

impl Spread {
    /// A distribution without bounds.
    pub fn new(id: impl Into<String>, distribution: Distribution) -> Self {
        Self {
            id: id.into(),
            words: in_words(&distribution),
            distribution,
            lower: f64::NEG_INFINITY,
            upper: f64::INFINITY,
        }
    }

    /// The log-normal distribution of a positive quantity with an arithmetic mean and SD:
    /// `σ² = ln(1 + (sd/mean)²)`, `μ = ln mean − σ²/2`.
    ///
    /// # Errors
    /// [`DistributionError`] unless both are positive.
    pub fn log_normal(
        id: impl Into<String>,
        mean: f64,
        sd: f64,
    ) -> Result<Self, DistributionError> {
        let variance = libm::log1p((sd / mean) * (sd / mean));
        let distribution = Distribution::parse(
            "log-normal",
            &[libm::log(mean) - 0.5 * variance, variance.sqrt()],
        )?;
        Ok(Self {
            words: format!("log-normal, mean {mean}, SD {sd}"),
            ..Self::new(id, distribution)
        })
    }

    /// Value at a probability in (0, 1) of the restricted distribution.
    pub fn quantile(&self, p: f64) -> f64 {
        let (a, b) = (
            if self.lower == f64::NEG_INFINITY {
                0.0
            } else {
                self.distribution.cdf(self.lower)
            },
            if self.upper == f64::INFINITY {
                1.0
            } else {
                self.distribution.cdf(self.upper)
            },
        );
        self.distribution
            .quantile(a + p * (b - a))
            .clamp(self.lower, self.upper)
    }
}

/// How far a parameter is varied in a global sensitivity analysis. All on the estimation scale of the coordinate.
#[derive(Debug, Clone)]
pub(super) struct Factor {
    spread: Spread,
    /// The distribution is of the natural value.
    natural: bool,
    coordinate: Coordinate,
}

impl Factor {
    /// The prior of a coordinate within its bounds, or, where it has none, uniform between its bounds on its scale.
    pub fn of(c: &Coordinate) -> Result<Self, DistributionError> {
        let (mut spread, natural) = match &c.prior {
            Some(p) => (
                Spread::new(
                    c.id.clone(),
                    Distribution::parse(&p.distribution, &p.parameters)?,
                ),
                !p.on_scale,
            ),
            None => (
                Spread::new(
                    c.id.clone(),
                    Distribution::parse("uniform", &[c.lower, c.upper])?,
                ),
                false,
            ),
        };
        let back = |x: f64| {
            if natural { to_natural(c.scale, x) } else { x }
        };
        (spread.lower, spread.upper) = (back(c.lower), back(c.upper));
        let mut factor = Self {
            spread,
            natural,
            coordinate: c.clone(),
        };
        factor.spread.words = factor.range();
        Ok(factor)
    }
    /// The range in words, on the natural scale.
    fn range(&self) -> String {
        let c = &self.coordinate;
        let at = |x: f64| four_digits(to_natural(c.scale, x));
        match &c.prior {
            Some(_) => {
                // What a prior says, as people write priors down.
                const TAIL: f64 = 0.025;
                let (low, high) = (self.quantile(TAIL), self.quantile(1.0 - TAIL));
                format!("prior, 95 % within {} to {}", at(low), at(high))
            }
            None => format!("uniform on its scale, {} to {}", at(c.lower), at(c.upper)),
        }
    }
    /// Value on the estimation scale at a probability.
    pub fn quantile(&self, p: f64) -> f64 {
        let x = self.spread.quantile(p);
        if self.natural {
            to_scaled(self.coordinate.scale, x)
        } else {
            x
        }
    }
    /// Parameter.
    pub fn id(&self) -> &str {
        &self.coordinate.id
    }
    /// In words.
    pub fn words(&self) -> &str {
        &self.spread.words
    }
}

/// A number with at most four significant digits, without zeros behind.
fn four_digits(x: f64) -> String {
    let rounded: f64 = format!("{x:.3e}").parse().unwrap_or(x);
    rounded.to_string()
}

/// A distribution in words.
fn in_words(d: &Distribution) -> String {
    match *d {
        Distribution::LogNormal(m, s) => format!(
            "log-normal, median {:.4}, {:.3} of the logarithm",
            libm::exp(m),
            s
        ),
        Distribution::Normal(m, s) => format!("normal, mean {m}, SD {s}"),
        Distribution::Uniform(a, b) => format!("uniform, {a} to {b}"),
        Distribution::LogUniform(a, b) => format!("log-uniform, {a} to {b}"),
        ref other => format!("{other:?}"),
    }
}
