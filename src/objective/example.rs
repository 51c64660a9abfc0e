//! Small targets with closed forms: for tests and documentation of everything above the objective.
//!
//! They have means with SD and n, priors, both noise settings and predictions, but no integration: what a method should
//! return can be worked out by hand.

use crate::problem::{NoiseDistribution, NoiseSetting, Prior, Scale};
use crate::search::Want;

use super::target::{
    Coordinate, Data, EvalError, Evaluated, Linearisation, PriorTerm, RowInfo, RowKind, RowTerm,
    Target, natural_slope, to_natural,
};
use super::terms;

/// How means depend on the parameters (natural values).
#[derive(Debug, Clone, PartialEq)]
pub enum Curve {
    /// Σⱼ xⱼ·pⱼ.
    Linear,
    /// p₀·exp(−p₁·x₀).
    Decay,
}

/// Point at which the curve is read: a row of the design matrix, or a time.
#[derive(Debug, Clone, PartialEq)]
pub struct At(pub Vec<f64>);

/// A fitting problem with a closed form.
///
/// ```
/// use mechfit::objective::{Target, example::Example};
/// use mechfit::search::Want;
/// let target = Example::constant(&[1.0, 2.0, 3.0], 1.0, 5);
/// let at = target.evaluate(&[2.0], target.data(), Want::Derivatives, &mut ())?;
/// assert!((at.parts.chi2 - 10.0).abs() < 1e-12);     // two residuals of √5
/// assert!((at.curvature[0] - 15.0).abs() < 1e-12);   // three means of weight 5
/// # Ok::<(), mechfit::objective::EvalError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Example {
    /// The curve.
    pub curve: Curve,
    /// Where each row reads it.
    pub design: Vec<At>,
    /// Per coordinate: SD of a normal prior on the estimation scale, its centre being that of the data.
    pub prior_sd: Vec<Option<f64>>,
    coordinates: Vec<Coordinate>,
    rows: Vec<RowInfo>,
    data: Data,
}

impl Example {
    /// Means `y` of `n` replicates with standard deviations `sd`, read at `design`; parameters named `p0`, `p1`, … with
    /// their scales and bounds (estimation scale).
    pub fn new(
        curve: Curve,
        design: Vec<At>,
        y: &[f64],
        sd: &[f64],
        n: u32,
        parameters: &[(Scale, f64, f64)],
    ) -> Self {
        let coordinates: Vec<Coordinate> = parameters
            .iter()
            .enumerate()
            .map(|(k, &(scale, lower, upper))| Coordinate {
                id: format!("p{k}"),
                scale,
                lower,
                upper,
                nominal: None,
                unit: None,
                prior: None,
                start: None,
                natural_lower: false,
            })
            .collect();
        let rows = (0..design.len())
            .map(|i| RowInfo {
                observable: "y".into(),
                experiment: format!("e{i}"),
                time: 0.0,
                kind: RowKind::Mean { n },
                distribution: NoiseDistribution::Normal,
                noise: NoiseSetting::KnownSd,
                group: 0,
                dataset: None,
                measurement: i,
            })
            .collect();
        Self {
            curve,
            design,
            prior_sd: vec![None; coordinates.len()],
            data: Data {
                value: y.to_vec(),
                sd: sd.to_vec(),
                prior_centre: vec![None; coordinates.len()],
                relation_holds: Vec::new(),
                noise: None,
                weight: None,
            },
            coordinates,
            rows,
        }
    }

    /// Means of one constant, each of `n` replicates with standard deviation `sd`.
    pub fn constant(y: &[f64], sd: f64, n: u32) -> Self {
        Self::linear(
            &vec![vec![1.0]; y.len()],
            y,
            &vec![sd; y.len()],
            n,
            &[(-100.0, 100.0)],
        )
    }

    /// Straight-line regression: `design` has a row for each mean and a column for each parameter (linear scale).
    pub fn linear(
        design: &[Vec<f64>],
        y: &[f64],
        sd: &[f64],
        n: u32,
        bounds: &[(f64, f64)],
    ) -> Self {
        let design = design.iter().cloned().map(At).collect();
        let parameters: Vec<_> = bounds.iter().map(|b| (Scale::Lin, b.0, b.1)).collect();
        Self::new(Curve::Linear, design, y, sd, n, &parameters)
    }

    /// Exponential decay `p₀·exp(−p₁·t)` read at `times`; both parameters on log10 scale within 1e-4 … 1e4.
    pub fn decay(times: &[f64], y: &[f64], sd: &[f64], n: u32) -> Self {
        let design = times.iter().map(|t| At(vec![*t])).collect();
        let parameters = [(Scale::Log10, -4.0, 4.0); 2];
        Self::new(Curve::Decay, design, y, sd, n, &parameters)
    }

    /// Adds a normal prior on the estimation scale.
    pub fn with_prior(mut self, k: usize, centre: f64, sd: f64) -> Self {
        if let (Some(s), Some(c), Some(coordinate)) = (
            self.prior_sd.get_mut(k),
            self.data.prior_centre.get_mut(k),
            self.coordinates.get_mut(k),
        ) {
            *s = Some(sd);
            *c = Some(centre);
            coordinate.prior = Some(Prior {
                distribution: "normal".into(),
                parameters: vec![centre, sd],
                on_scale: true,
                truncated: false,
            });
        }
        self
    }

    /// Says that the lower bound of a parameter is a natural one.
    pub fn with_natural(mut self, k: usize) -> Self {
        if let Some(c) = self.coordinates.get_mut(k) {
            c.natural_lower = true;
        }
        self
    }

    /// Sets the number of replicates of each mean.
    pub fn with_replicates(mut self, n: &[u32]) -> Self {
        for (row, n) in self.rows.iter_mut().zip(n) {
            row.kind = RowKind::Mean { n: *n };
        }
        self
    }

    /// Sets the nominal point (estimation scale).
    pub fn with_nominal(mut self, theta: &[f64]) -> Self {
        for (c, x) in self.coordinates.iter_mut().zip(theta) {
            c.nominal = Some(*x);
        }
        self
    }

    /// Sets the noise setting of all rows.
    pub fn with_noise(mut self, noise: NoiseSetting) -> Self {
        for row in &mut self.rows {
            row.noise = noise;
        }
        self
    }

    /// Value and gradient (estimation scale) at `at`.
    pub fn read(&self, at: &At, theta: &[f64]) -> (f64, Vec<f64>) {
        let p: Vec<f64> = self
            .coordinates
            .iter()
            .zip(theta)
            .map(|(c, x)| to_natural(c.scale, *x))
            .collect();
        let (value, mut gradient) = match self.curve {
            Curve::Linear => (at.0.iter().zip(&p).map(|(x, p)| x * p).sum(), at.0.clone()),
            Curve::Decay => {
                let (t, p0, p1) = (
                    at.0.first().copied().unwrap_or(0.0),
                    p.first().copied().unwrap_or(0.0),
                    p.get(1).copied().unwrap_or(0.0),
                );
                let e = libm::exp(-p1 * t);
                (p0 * e, vec![e, -t * p0 * e])
            }
        };
        for ((g, c), x) in gradient.iter_mut().zip(&self.coordinates).zip(theta) {
            *g *= natural_slope(c.scale, *x);
        }
        (value, gradient)
    }
}

impl Target for Example {
    type Workspace = ();
    type Quantity = At;

    fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }
    fn rows(&self) -> &[RowInfo] {
        &self.rows
    }
    fn data(&self) -> &Data {
        &self.data
    }
    fn workspace(&self) {}

    fn evaluate(
        &self,
        theta: &[f64],
        data: &Data,
        want: Want,
        ws: &mut (),
    ) -> Result<Evaluated, EvalError> {
        let terms = self.linearise(theta, data, ws)?;
        let n = self.coordinates.len();
        let mut out = Evaluated {
            gradient: vec![0.0; n],
            curvature: vec![0.0; n * n],
            ..Evaluated::default()
        };
        for (i, row) in terms.rows.iter().enumerate() {
            out.parts.nllh += row.nllh;
            out.parts.chi2 += data.weight_of(i) * row.residual * row.residual;
            let slope = -self.weight(i, row, data) * (data.value[i] - row.simulated);
            for a in 0..n {
                out.gradient[a] += slope * row.gradient[a];
                for b in 0..n {
                    out.curvature[a * n + b] +=
                        self.weight(i, row, data) * row.gradient[a] * row.gradient[b];
                }
            }
        }
        out.parts.chi2_means = out.parts.chi2;
        for prior in &terms.priors {
            let k = prior.coordinate;
            let away = theta[k] - prior.centre;
            out.parts.log_prior += 0.5 * libm::log(prior.precision / (2.0 * std::f64::consts::PI))
                - 0.5 * prior.precision * away * away;
            out.gradient[k] += prior.precision * away;
            out.curvature[k * n + k] += prior.precision;
        }
        out.value = out.parts.nllh - out.parts.log_prior;
        if !out.value.is_finite() {
            return Err(EvalError::NotFinite {
                what: "the objective".into(),
            });
        }
        if want == Want::Value {
            out.gradient.clear();
            out.curvature.clear();
        }
        Ok(out)
    }

    fn linearise(
        &self,
        theta: &[f64],
        data: &Data,
        _: &mut (),
    ) -> Result<Linearisation, EvalError> {
        let mut out = Linearisation::default();
        for (i, (at, info)) in self.design.iter().zip(&self.rows).enumerate() {
            let RowKind::Mean { n } = info.kind else {
                continue;
            };
            let (simulated, gradient) = self.read(at, theta);
            let nf = f64::from(n);
            let sigma = data.sd[i] / nf.sqrt();
            let mut term = match terms::setting(info.noise, data.noise) {
                NoiseSetting::ExactSummary => {
                    terms::exact_summary(data.value[i], simulated, data.sd[i], nf)
                }
                _ => terms::point(info.distribution, data.value[i], simulated, sigma),
            };
            let weight = data.weight_of(i);
            term.weigh(weight);
            out.rows.push(RowTerm {
                simulated,
                sigma,
                residual: term.residual,
                nllh: term.nllh,
                gradient,
                information: weight / (sigma * sigma),
                nu: nf - 1.0,
                log_sigma_gradient: Vec::new(),
                log_sigma_information: 0.0,
            });
        }
        for (k, sd) in self.prior_sd.iter().enumerate() {
            if let (Some(sd), Some(centre)) = (sd, data.prior_centre[k]) {
                out.priors.push(PriorTerm {
                    coordinate: k,
                    centre,
                    precision: 1.0 / (sd * sd),
                });
            }
        }
        Ok(out)
    }

    fn predict(&self, at: &At, theta: &[f64], _: &mut ()) -> Result<(f64, Vec<f64>), EvalError> {
        Ok(self.read(at, theta))
    }
}

impl Example {
    /// Curvature of a row's −log likelihood with respect to its value, as often as the row counts.
    fn weight(&self, i: usize, row: &RowTerm, data: &Data) -> f64 {
        let RowInfo {
            kind: RowKind::Mean { n },
            noise,
            ..
        } = self.rows[i]
        else {
            return 0.0;
        };
        let curvature = match terms::setting(noise, data.noise) {
            NoiseSetting::ExactSummary => {
                let difference = data.value[i] - row.simulated;
                let nf = f64::from(n);
                nf * nf / ((nf - 1.0) * data.sd[i] * data.sd[i] + nf * difference * difference)
            }
            _ => 1.0 / (row.sigma * row.sigma),
        };
        data.weight_of(i) * curvature
    }
}
