//! Information criteria on the exact summary of means.

use serde::{Deserialize, Serialize};

use crate::fit::{Optimum, refit};
use crate::objective::terms::setting;
use crate::objective::{Data, Donors, Linearisation, RowKind, Target};
use crate::problem::NoiseSetting;
use crate::search;

use super::refits::converged;

/// Rounds of reweighting until the variances of pooled groups have settled.
const MAX_ROUNDS: usize = 50;
/// Relative change of the deviance at which they have.
const SETTLED: f64 = 1e-10;

/// Information criteria, with the keys of `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Criteria {
    /// Akaike's criterion.
    pub aic: Option<f64>,
    /// Akaike's criterion for small samples.
    pub aicc: Option<f64>,
    /// Schwarz's criterion (secondary).
    pub bic: Option<f64>,
    /// `D = −2 log L` of the exact-summary refit (means), plus −2 log of censored rows, known-error rows and relations.
    pub deviance: Option<f64>,
    /// `N`: Σn of the means plus single measurements.
    pub n_replicates: u64,
    /// Variances that the exact summary estimates: one a mean, or one a pooled group.
    pub n_variances: u64,
    /// `K`: estimated parameters + variances.
    pub k: u64,
    /// Estimated parameters.
    pub n_estimated: u64,
    /// Optimum of the exact summary, estimation scale.
    pub theta: Vec<f64>,
    /// Means given up by the redescending likelihood: |t| beyond √(n − 1) at that optimum. Row indices.
    pub given_up: Vec<usize>,
    /// Why a criterion is null.
    pub reason: Option<String>,
}

/// Numbers that the criteria need beside the deviance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// N.
    pub n: u64,
    /// Variances.
    pub variances: u64,
    /// Estimated parameters.
    pub parameters: u64,
}

impl Counts {
    /// Counts of a target: Σn of means and single measurements, variances of the exact summary, coordinates.
    pub fn of<T: Target>(target: &T, data: &Data) -> Self {
        let mut groups: Vec<usize> = Vec::new();
        let (mut n, mut variances) = (0, 0);
        for row in target.rows() {
            match row.kind {
                RowKind::Mean { n: own } => {
                    n += u64::from(own);
                    if pooled(setting(row.noise, data.noise)) {
                        if !groups.contains(&row.group) {
                            groups.push(row.group);
                            variances += 1;
                        }
                    } else {
                        variances += 1;
                    }
                }
                RowKind::Point => n += 1,
                RowKind::KnownError | RowKind::Limit { .. } => {}
            }
        }
        Self {
            n,
            variances,
            parameters: target.coordinates().len() as u64,
        }
    }
    /// K.
    pub fn k(&self) -> u64 {
        self.parameters + self.variances
    }
    /// `2K + 2K(K+1)/(N−K−1)`, what AICc adds to the deviance; `None` if `N − K − 1 ≤ 0`.
    pub fn penalty(&self) -> Option<f64> {
        self.penalty_of(self.parameters as f64)
    }
    /// The same for another number of parameters, such as the effective one of a fit with priors.
    pub fn penalty_of(&self, parameters: f64) -> Option<f64> {
        let (n, k) = (self.n as f64, parameters + self.variances as f64);
        (n - k - 1.0 > 0.0).then(|| 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0))
    }
}

fn pooled(noise: NoiseSetting) -> bool {
    matches!(noise, NoiseSetting::PooledSd | NoiseSetting::PooledCv)
}

/// Deviance at a point: `Σ n ln(2πσ̂²) + n` over means, `σ̂² = [(n−1)s² + n(ȳ−f)²]/n` (pooled groups: the same sums over
/// the group), and −2 log likelihood of every other row and of the relations. Priors take no part: it is a likelihood.
pub fn deviance<T: Target>(target: &T, data: &Data, at: &Linearisation) -> f64 {
    let mut sum = 0.0;
    let mut groups: Vec<Pool> = Vec::new();
    let squares = squares(target, data, at);
    for (i, (row, term)) in target.rows().iter().zip(&at.rows).enumerate() {
        let RowKind::Mean { n } = row.kind else {
            sum += match row.kind {
                // A value with known error adds its square only: its constant is the same in every model.
                RowKind::KnownError => term.residual * term.residual,
                _ => 2.0 * term.nllh,
            };
            continue;
        };
        let n = f64::from(n);
        let noise = setting(row.noise, data.noise);
        let unit = unit(noise, data, i);
        let squares = squares[i];
        let logs = 2.0 * n * libm::log(unit);
        let joint = at.donors.iter().any(|d| d.rows.contains(&i));
        if joint && !pooled(noise) {
            continue;
        }
        if pooled(noise) {
            match groups.iter_mut().find(|g| g.group == row.group) {
                Some(g) => {
                    g.n += n;
                    g.squares += squares;
                    g.logs += logs;
                }
                None => groups.push(Pool {
                    group: row.group,
                    n,
                    squares,
                    logs,
                }),
            }
        } else {
            sum += profiled(n, squares);
        }
    }
    for g in &groups {
        sum += profiled(g.n, g.squares) + g.logs;
    }
    for d in &at.donors {
        let first = d.rows.first().copied().unwrap_or_default();
        let noise = target
            .rows()
            .get(first)
            .map(|r| setting(r.noise, data.noise));
        sum += if noise.is_some_and(pooled) {
            f64::from(d.n) * d.log_det()
        } else {
            let (s, difference) = scatter_of(d, data, at);
            2.0 * d.exact(&s, &difference).0
        };
    }
    for r in &at.relations {
        sum -= 2.0 * libm::log(r.probability.max(f64::MIN_POSITIVE));
    }
    sum
}

/// What an SD is measured in: the mean, for a coefficient of variation.
fn unit(noise: NoiseSetting, data: &Data, row: usize) -> f64 {
    if noise == NoiseSetting::PooledCv {
        data.value[row].abs()
    } else {
        1.0
    }
}

/// SDs and differences (ȳ − f) of a group of correlated means.
fn scatter_of(d: &Donors, data: &Data, at: &Linearisation) -> (Vec<f64>, Vec<f64>) {
    d.rows
        .iter()
        .filter_map(|r| {
            let term = at.rows.get(*r)?;
            Some((*data.sd.get(*r)?, term.residual * term.sigma))
        })
        .unzip()
}

/// Per row: its part of the sum of squares that a variance answers for, `(n−1)s² + n(ȳ−f)²`, in its unit; correlated means
/// share theirs ([`Donors::squares`]).
fn squares<T: Target>(target: &T, data: &Data, at: &Linearisation) -> Vec<f64> {
    let mut list: Vec<f64> = target
        .rows()
        .iter()
        .zip(&at.rows)
        .enumerate()
        .map(|(i, (row, term))| {
            let RowKind::Mean { n } = row.kind else {
                return 0.0;
            };
            let n = f64::from(n);
            // (ȳ − f) from the residual: its σ is the standard error of the mean as it entered.
            let difference = term.residual * term.sigma;
            let unit = unit(setting(row.noise, data.noise), data, i);
            ((n - 1.0) * data.sd[i] * data.sd[i] + n * difference * difference) / (unit * unit)
        })
        .collect();
    for d in &at.donors {
        let (mut s, mut difference) = scatter_of(d, data, at);
        for (k, r) in d.rows.iter().enumerate() {
            let Some(row) = target.rows().get(*r) else {
                continue;
            };
            let unit = unit(setting(row.noise, data.noise), data, *r);
            s[k] /= unit;
            difference[k] /= unit;
        }
        for (r, x) in d.rows.iter().zip(d.squares(&s, &difference)) {
            list[*r] = x;
        }
    }
    list
}

struct Pool {
    group: usize,
    n: f64,
    squares: f64,
    logs: f64,
}

/// `n ln(2πσ̂²) + n` with `σ̂² = squares/n`.
fn profiled(n: f64, squares: f64) -> f64 {
    n * libm::log(2.0 * std::f64::consts::PI * squares / n) + n
}

/// Refit of the exact summary from each of `starts` (the fit under the study's noise setting, and the ends of other
/// starts); the lowest deviance counts. Where variances are pooled, their rows are reweighted by the pooled σ̂ of each
/// round until the deviance settles.
///
/// # Errors
/// Stable name of the reason of the first start, if all fail.
pub fn exact_fit<T: Target>(
    target: &T,
    data: &Data,
    starts: &[&[f64]],
    search: &search::Options,
    ws: &mut T::Workspace,
) -> Result<Exact, &'static str> {
    let mut best: Option<Exact> = None;
    let mut first = None;
    for start in starts {
        match exact_from(target, data, start, search, ws) {
            Ok(found) => {
                if best.as_ref().is_none_or(|b| found.deviance < b.deviance) {
                    best = Some(found);
                }
            }
            Err(reason) => {
                first.get_or_insert(reason);
            }
        }
    }
    best.ok_or(first.unwrap_or("no_start"))
}

/// Optimum of the exact summary.
#[derive(Debug, Clone, PartialEq)]
pub struct Exact {
    /// Deviance.
    pub deviance: f64,
    /// Where it is.
    pub optimum: Optimum,
    /// Means given up: |t| beyond √(n − 1).
    pub given_up: Vec<usize>,
}

fn exact_from<T: Target>(
    target: &T,
    data: &Data,
    start: &[f64],
    search: &search::Options,
    ws: &mut T::Workspace,
) -> Result<Exact, &'static str> {
    let any_pooled = target
        .rows()
        .iter()
        .any(|r| matches!(r.kind, RowKind::Mean { .. }) && pooled(setting(r.noise, data.noise)));
    if !any_pooled {
        let mut exact = data.clone();
        exact.noise = Some(NoiseSetting::ExactSummary);
        let optimum = converged(refit(target, &exact, start, &[], search, ws))?;
        return finish(target, data, optimum, ws);
    }
    // Weights from the profiled variances, through the SDs of known-SD rows.
    let mut optimum = converged(refit(target, data, start, &[], search, ws))?;
    let mut last = f64::INFINITY;
    for _ in 0..MAX_ROUNDS {
        let at = target
            .linearise(&optimum.theta, data, ws)
            .map_err(|e| e.reason())?;
        let now = deviance(target, data, &at);
        if (last - now).abs() <= SETTLED * now.abs().max(1.0) {
            break;
        }
        last = now;
        let weighted = reweighted(target, data, &at);
        optimum = converged(refit(target, &weighted, &optimum.theta, &[], search, ws))?;
    }
    finish(target, data, optimum, ws)
}

/// Data whose known SDs are the profiled ones of a point.
fn reweighted<T: Target>(target: &T, data: &Data, at: &Linearisation) -> Data {
    let mut out = data.clone();
    out.noise = Some(NoiseSetting::KnownSd);
    let rows = target.rows();
    let all = self::squares(target, data, at);
    let squares = |i: usize| -> Option<(f64, f64)> {
        let RowKind::Mean { n } = rows.get(i)?.kind else {
            return None;
        };
        Some((f64::from(n), *all.get(i)?))
    };
    for (i, row) in rows.iter().enumerate() {
        let Some((n, own)) = squares(i) else { continue };
        let noise = setting(row.noise, data.noise);
        out.sd[i] = if pooled(noise) {
            let (mut total, mut sum) = (0.0, 0.0);
            for (k, other) in rows.iter().enumerate() {
                if other.group == row.group
                    && let Some((n, s)) = squares(k)
                {
                    total += n;
                    sum += s;
                }
            }
            (sum / total).sqrt() * unit(noise, data, i)
        } else {
            (own / n).sqrt()
        };
    }
    // Correlated means with SDs of their own: those that the joint likelihood gives.
    for d in &at.donors {
        let single = |r: &usize| {
            rows.get(*r)
                .is_some_and(|r| !pooled(setting(r.noise, data.noise)))
        };
        if d.rows.iter().all(single) {
            let (s, difference) = scatter_of(d, data, at);
            for (r, sigma) in d.rows.iter().zip(d.exact(&s, &difference).1) {
                out.sd[*r] = sigma;
            }
        }
    }
    out
}

fn finish<T: Target>(
    target: &T,
    data: &Data,
    optimum: Optimum,
    ws: &mut T::Workspace,
) -> Result<Exact, &'static str> {
    let at = target
        .linearise(&optimum.theta, data, ws)
        .map_err(|e| e.reason())?;
    let given_up = target
        .rows()
        .iter()
        .zip(&at.rows)
        .enumerate()
        .filter(|(i, (row, term))| match row.kind {
            RowKind::Mean { n } if !pooled(setting(row.noise, data.noise)) => {
                let t = term.residual * term.sigma * f64::from(n).sqrt() / data.sd[*i];
                t.abs() > (f64::from(n) - 1.0).sqrt()
            }
            _ => false,
        })
        .map(|(i, _)| i)
        .collect();
    Ok(Exact {
        deviance: deviance(target, data, &at),
        optimum,
        given_up,
    })
}

/// AIC, AICc and BIC on the exact summary: `D + 2K`, `D + 2K + 2K(K+1)/(N−K−1)`, `D + K ln N` with `N = Σn` and
/// `K = parameters + variances`; null with the reason where they are not defined. Never with N = number of means, which
/// makes the largest model win by construction.
pub fn criteria<T: Target>(
    target: &T,
    data: &Data,
    starts: &[&[f64]],
    search: &search::Options,
    ws: &mut T::Workspace,
) -> Criteria {
    let counts = Counts::of(target, data);
    let mut out = Criteria {
        aic: None,
        aicc: None,
        bic: None,
        deviance: None,
        n_replicates: counts.n,
        n_variances: counts.variances,
        k: counts.k(),
        n_estimated: counts.parameters,
        theta: Vec::new(),
        given_up: Vec::new(),
        reason: None,
    };
    match exact_fit(target, data, starts, search, ws) {
        Err(reason) => out.reason = Some(format!("the exact-summary refit failed: {reason}")),
        Ok(exact) => {
            let k = counts.k() as f64;
            out.deviance = Some(exact.deviance);
            out.theta = exact.optimum.theta;
            out.given_up = exact.given_up;
            if counts.n == 0 {
                out.reason = Some("no row has a number of replicates".into());
                return out;
            }
            out.aic = Some(exact.deviance + 2.0 * k);
            out.bic = Some(exact.deviance + k * libm::log(counts.n as f64));
            match counts.penalty() {
                Some(penalty) => out.aicc = Some(exact.deviance + penalty),
                None => {
                    out.reason = Some(format!(
                        "AICc needs more replicates than parameters and variances: N = {}, K = {}",
                        counts.n,
                        counts.k()
                    ));
                }
            }
        }
    }
    out
}
