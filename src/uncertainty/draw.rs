//! Drawing data: parametric, residual and case, with priors and relations redrawn about the same centre.

use crate::objective::target::{to_natural, to_scaled};
use crate::objective::terms::{self, is_laplace, restore, transform};
use crate::objective::{Coordinate, Data, Donors, RowInfo, RowKind, Target};
use crate::problem::{NoiseDistribution, NoiseSetting, Scale};
use crate::stats::{Distribution, Shift, Stream};

use super::bootstrap::{BootstrapError, Centre, Draw, Kind, Options};
use super::fisher::Linearised;

/// Fewest degrees of freedom whose residuals may stand for a distribution of errors.
const LEAST_RESIDUAL_DOF: f64 = 5.0;
/// Least 1 − h of a residual that is drawn.
const LEAST_FREEDOM: f64 = 1e-6;
/// Draws of a truncated prior mean before it is put onto the bound.
const MAX_REDRAWS: usize = 100;

/// How one row is drawn; values on the scale of its noise.
#[derive(Debug, Clone, PartialEq)]
enum RowDraw {
    /// A mean of n replicates of SD `s` with `nu` degrees of freedom, shared within `group`.
    Mean {
        centre: f64,
        s: f64,
        n: u32,
        nu: u32,
        group: Option<usize>,
        /// The SD is proportional to the mean (pooled CV).
        relative: bool,
    },
    /// A value with known error.
    Value { centre: f64, sigma: f64 },
    /// A censored row: conditioned on.
    Keep,
}

/// What is drawn of one of several correlated means.
#[derive(Debug, Clone, Copy)]
struct Correlated {
    z: f64,
    chi: f64,
    pooled: f64,
}

/// A prior mean that is drawn.
#[derive(Debug, Clone)]
struct PriorDraw {
    coordinate: usize,
    distribution: Distribution,
    on_scale: bool,
    truncated: bool,
    scale: Scale,
    bounds: (f64, f64),
    /// Centre of the draws, estimation scale.
    location: f64,
}

/// What is drawn, prepared from a fit.
#[derive(Debug, Clone)]
pub struct Sampler {
    kind: Kind,
    draw: Draw,
    base: Data,
    distributions: Vec<NoiseDistribution>,
    rows: Vec<RowDraw>,
    /// Rows that residuals are put onto: centre, σ; and the residuals drawn from, by stratum.
    residuals: Vec<(usize, f64)>,
    strata: Vec<usize>,
    donors: Vec<Donors>,
    priors: Vec<PriorDraw>,
    relations: Vec<f64>,
    purposes: Purposes,
    seed: u64,
}

/// Names of the streams.
#[derive(Debug, Clone)]
struct Purposes {
    row: String,
    donors: String,
    group: String,
    prior: String,
    relation: String,
}

impl Purposes {
    fn new(purpose: &str) -> Self {
        Self {
            row: purpose.into(),
            donors: format!("{purpose} donors"),
            group: format!("{purpose} group"),
            prior: format!("{purpose} prior"),
            relation: format!("{purpose} relation"),
        }
    }
}

impl Sampler {
    /// Prepares the draws of `options` about a linearised fit. `purpose` names the streams.
    ///
    /// # Errors
    /// [`BootstrapError`] where the kind does not fit the data.
    pub fn new<T: Target>(
        target: &T,
        data: &Data,
        fit: &Linearised,
        options: &Options,
        purpose: &str,
    ) -> Result<Self, BootstrapError> {
        let infos = target.rows();
        let strata = strata(infos, options)?;
        let rows: Vec<RowDraw> = infos
            .iter()
            .enumerate()
            .map(|(i, info)| row_draw(infos, info, i, data, fit, options.centre))
            .collect();
        let residuals = match options.kind {
            Kind::Residual => residuals(fit, &strata)?,
            _ => Vec::new(),
        };
        if options.kind == Kind::Case {
            let means = infos
                .iter()
                .filter(|r| matches!(r.kind, RowKind::Mean { .. } | RowKind::KnownError))
                .count();
            if means > 0 {
                return Err(BootstrapError::CaseOfMeans {
                    means,
                    rows: infos.len(),
                });
            }
        }
        // Cases are data as observed, so prior means go about those of the table.
        let centre = match options.kind {
            Kind::Case => Centre::Observed,
            _ => options.centre,
        };
        let priors = if options.fixed_priors {
            Vec::new()
        } else {
            priors(target.coordinates(), data, fit, centre)
        };
        let relations = if options.fixed_priors || centre == Centre::Observed {
            Vec::new()
        } else {
            fit.relation_probability.clone()
        };
        Ok(Self {
            kind: options.kind,
            draw: options.draw,
            base: data.clone(),
            distributions: infos.iter().map(|r| r.distribution).collect(),
            rows,
            residuals,
            strata,
            donors: target.donors().to_vec(),
            priors,
            relations,
            purposes: Purposes::new(purpose),
            seed: options.seed,
        })
    }

    /// The same with prior means kept as given: for truths that were themselves drawn from the priors.
    #[must_use]
    pub fn with_given_priors(mut self) -> Self {
        self.priors.clear();
        self
    }

    /// The data of replicate `k`: a pure function of it.
    pub fn draw(&self, k: u64) -> Data {
        let mut data = self.base.clone();
        match self.kind {
            Kind::Parametric => self.draw_parametric(k, &mut data),
            Kind::Residual => self.draw_residuals(k, &mut data),
            Kind::Case => self.draw_cases(k, &mut data),
        }
        for prior in &self.priors {
            let mut stream =
                Stream::new(self.seed, &self.purposes.prior, k, prior.coordinate as u64);
            data.prior_centre[prior.coordinate] = Some(prior.centre(&mut stream));
        }
        for (i, probability) in self.relations.iter().enumerate() {
            let u = Stream::new(self.seed, &self.purposes.relation, k, i as u64).uniform();
            if let Some(holds) = data.relation_holds.get_mut(i) {
                *holds = u < *probability;
            }
        }
        data
    }

    /// Standard normal and χ²ₙ₋₁ of every row of correlated means, and the χ²/ν that its pooled variance has.
    fn draw_donors(&self, k: u64) -> Vec<Option<Correlated>> {
        let mut out = vec![None; self.rows.len()];
        for d in &self.donors {
            let mut streams: Vec<Stream> = d
                .rows
                .iter()
                .map(|r| Stream::new(self.seed, &self.purposes.donors, k, *r as u64))
                .collect();
            let mut vector = || -> Vec<f64> {
                let free: Vec<f64> = streams.iter_mut().map(Stream::normal).collect();
                d.colour(&free)
            };
            let z = vector();
            let mut own = vec![0.0; d.len()];
            for _ in 1..d.n {
                for (sum, e) in own.iter_mut().zip(vector()) {
                    *sum += e * e;
                }
            }
            let nu = f64::from(d.n.saturating_sub(1));
            let pooled = own.iter().sum::<f64>() / (nu * d.len() as f64);
            for ((r, z), chi) in d.rows.iter().zip(z).zip(own) {
                if let Some(slot) = out.get_mut(*r) {
                    *slot = Some(Correlated { z, chi, pooled });
                }
            }
        }
        out
    }

    fn draw_parametric(&self, k: u64, data: &mut Data) {
        let donors = self.draw_donors(k);
        for (i, row) in self.rows.iter().enumerate() {
            let together = donors.get(i).copied().flatten();
            let mut stream = Stream::new(self.seed, &self.purposes.row, k, i as u64);
            match *row {
                RowDraw::Keep => {}
                RowDraw::Value { centre, sigma } => {
                    let e = if is_laplace(self.distributions[i]) {
                        Distribution::Laplace(0.0, 1.0).quantile(stream.uniform())
                    } else {
                        stream.normal()
                    };
                    data.value[i] = restore(self.distributions[i], centre + sigma * e);
                }
                RowDraw::Mean {
                    centre,
                    s,
                    n,
                    nu,
                    group,
                    relative,
                } => {
                    let (z, own) = match together {
                        Some(c) => (c.z, c.chi),
                        None => (stream.normal(), stream.chi_square(n.saturating_sub(1))),
                    };
                    let sigma = match self.draw {
                        Draw::T => {
                            let chi = match (group, together) {
                                (None, _) => own,
                                (Some(_), Some(c)) => c.pooled * f64::from(nu),
                                (Some(g), None) => {
                                    Stream::new(self.seed, &self.purposes.group, k, g as u64)
                                        .chi_square(nu)
                                }
                            };
                            s * (f64::from(nu) / chi).sqrt()
                        }
                        Draw::PlugIn | Draw::MeansOnly => s,
                    };
                    let before = data.value[i];
                    data.value[i] = restore(
                        self.distributions[i],
                        centre + sigma / f64::from(n).sqrt() * z,
                    );
                    match self.draw {
                        Draw::PlugIn => {
                            data.sd[i] = s * (own / f64::from(n.saturating_sub(1))).sqrt();
                        }
                        // A pooled CV stays what it is when the mean moves.
                        Draw::T | Draw::MeansOnly if relative => {
                            data.sd[i] *= data.value[i] / before;
                        }
                        Draw::T | Draw::MeansOnly => {}
                    }
                }
            }
        }
    }

    fn draw_residuals(&self, k: u64, data: &mut Data) {
        for (i, row) in self.rows.iter().enumerate() {
            let (centre, sigma) = match *row {
                RowDraw::Keep => continue,
                RowDraw::Value { centre, sigma } => (centre, sigma),
                RowDraw::Mean { centre, s, n, .. } => (centre, s / f64::from(n).sqrt()),
            };
            let pool: Vec<f64> = self
                .residuals
                .iter()
                .filter(|(stratum, _)| *stratum == self.strata[i])
                .map(|(_, r)| *r)
                .collect();
            let mut stream = Stream::new(self.seed, &self.purposes.row, k, i as u64);
            let e = pool.get(stream.below(pool.len())).copied().unwrap_or(0.0);
            data.value[i] = restore(self.distributions[i], centre + sigma * e);
        }
    }

    fn draw_cases(&self, k: u64, data: &mut Data) {
        let mut weight = vec![0.0; self.strata.len()];
        for i in 0..self.strata.len() {
            let pool: Vec<usize> = (0..self.strata.len())
                .filter(|&j| self.strata[j] == self.strata[i])
                .collect();
            let mut stream = Stream::new(self.seed, &self.purposes.row, k, i as u64);
            if let Some(&j) = pool.get(stream.below(pool.len())) {
                weight[j] += 1.0;
            }
        }
        data.weight = Some(weight);
    }
}

impl PriorDraw {
    /// A prior mean on the estimation scale.
    fn centre(&self, stream: &mut Stream) -> f64 {
        let (a, b) = self.bounds;
        let mut last = self.location;
        for _ in 0..MAX_REDRAWS {
            let x = self.distribution.quantile(stream.uniform());
            let median = self.distribution.median();
            let drawn = if self.on_scale {
                self.location + (x - median)
            } else {
                let location = to_natural(self.scale, self.location);
                to_scaled(
                    self.scale,
                    match self.distribution.shift() {
                        Shift::Add => location + (x - median),
                        Shift::Multiply => location * (x / median),
                    },
                )
            };
            if drawn.is_nan() {
                continue;
            }
            last = drawn;
            if drawn.is_finite() && (!self.truncated || (a..=b).contains(&drawn)) {
                return drawn;
            }
        }
        last.max(a).min(b)
    }
}

/// A truth of every coordinate that carries an informative prior, drawn from it and truncated to the bounds; the others as
/// they are.
pub fn truth(
    coordinates: &[Coordinate],
    theta: &[f64],
    seed: u64,
    purpose: &str,
    k: u64,
) -> Vec<f64> {
    let mut out = theta.to_vec();
    for (j, c) in coordinates.iter().enumerate() {
        let Some(d) = informative(c) else { continue };
        let on_scale = c.prior.as_ref().is_some_and(|p| p.on_scale);
        let mut stream = Stream::new(seed, purpose, k, j as u64);
        for _ in 0..MAX_REDRAWS {
            let x = d.quantile(stream.uniform());
            let x = if on_scale { x } else { to_scaled(c.scale, x) };
            if (c.lower..=c.upper).contains(&x) {
                out[j] = x;
                break;
            }
        }
    }
    out
}

/// The prior of a coordinate if it has a centre: flat priors are not drawn.
pub fn informative(c: &Coordinate) -> Option<Distribution> {
    let prior = c.prior.as_ref()?;
    let d = Distribution::parse(&prior.distribution, &prior.parameters).ok()?;
    d.mode().map(|_| d)
}

fn strata(infos: &[RowInfo], options: &Options) -> Result<Vec<usize>, BootstrapError> {
    match &options.strata {
        Some(s) if s.len() != infos.len() => Err(BootstrapError::Strata {
            strata: s.len(),
            rows: infos.len(),
        }),
        Some(s) => Ok(s.clone()),
        None => Ok(vec![0; infos.len()]),
    }
}

fn row_draw(
    infos: &[RowInfo],
    info: &RowInfo,
    i: usize,
    data: &Data,
    fit: &Linearised,
    centre: Centre,
) -> RowDraw {
    let value = match centre {
        Centre::Fit => fit.simulated[i],
        Centre::Observed => data.value[i],
    };
    let (centre, _) = transform(info.distribution, value);
    match info.kind {
        RowKind::Limit { .. } => RowDraw::Keep,
        RowKind::KnownError | RowKind::Point => RowDraw::Value {
            centre,
            sigma: fit.sigma[i],
        },
        RowKind::Mean { n } => {
            let setting = terms::setting(info.noise, data.noise);
            let pooled = matches!(setting, NoiseSetting::PooledSd | NoiseSetting::PooledCv);
            let nu = if pooled {
                infos
                    .iter()
                    .filter(|r| r.group == info.group)
                    .map(|r| match r.kind {
                        RowKind::Mean { n } => n.saturating_sub(1),
                        _ => 0,
                    })
                    .sum()
            } else {
                n.saturating_sub(1)
            };
            RowDraw::Mean {
                centre,
                // What the likelihood takes as σ of the mean, back to one replicate.
                s: fit.sigma[i] * f64::from(n).sqrt(),
                n,
                nu,
                group: pooled.then_some(info.group),
                relative: setting == NoiseSetting::PooledCv,
            }
        }
    }
}

/// Residuals scaled by √(1 − h) and centred within their strata.
fn residuals(fit: &Linearised, strata: &[usize]) -> Result<Vec<(usize, f64)>, BootstrapError> {
    let mut list = Vec::new();
    let mut dof = 0.0;
    for (i, &stratum) in strata.iter().enumerate() {
        let freedom = 1.0 - fit.leverage[i];
        if fit.residual[i].is_finite() {
            dof += freedom;
            if freedom > LEAST_FREEDOM {
                list.push((stratum, fit.residual[i] / freedom.sqrt()));
            }
        }
    }
    if dof < LEAST_RESIDUAL_DOF {
        return Err(BootstrapError::FewResiduals {
            dof,
            least: LEAST_RESIDUAL_DOF,
        });
    }
    let mut seen: Vec<usize> = list.iter().map(|(s, _)| *s).collect();
    seen.sort_unstable();
    seen.dedup();
    for stratum in seen {
        let own = list.iter().filter(|(s, _)| *s == stratum);
        let (mut sum, mut count) = (0.0, 0.0);
        for (_, r) in own {
            sum += r;
            count += 1.0;
        }
        for (s, r) in &mut list {
            if *s == stratum {
                *r -= sum / count;
            }
        }
    }
    Ok(list)
}

fn priors(
    coordinates: &[Coordinate],
    data: &Data,
    fit: &Linearised,
    centre: Centre,
) -> Vec<PriorDraw> {
    coordinates
        .iter()
        .enumerate()
        .filter_map(|(j, c)| {
            let given = data.prior_centre.get(j).copied().flatten()?;
            let distribution = informative(c)?;
            let prior = c.prior.as_ref()?;
            Some(PriorDraw {
                coordinate: j,
                distribution,
                on_scale: prior.on_scale,
                truncated: prior.truncated,
                scale: c.scale,
                bounds: (c.lower, c.upper),
                location: match centre {
                    Centre::Fit => fit.theta[j],
                    Centre::Observed => given,
                },
            })
        })
        .collect()
}
