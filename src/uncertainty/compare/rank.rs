//! Ranking by AICc on the exact summary, with the sanity of nested pairs.

use rayon::prelude::*;

use crate::fit::Optimum;
use crate::objective::{RowKind, Target};
use crate::search;

use super::super::fisher::Linearised;
use super::super::goodness::goodness;
use super::super::information::{Counts, Criteria, Exact, criteria, exact_fit};
use super::nested;
use super::{Comparison, LikelihoodRatio, Pair, Ranked, Refused};

/// Difference of AICc from which a model counts as not supported (judged; Burnham & Anderson 2002 call 4 to 7
/// "considerably less").
pub const NOT_SUPPORTED: f64 = 6.0;
/// Level at which a test rejects.
pub const SIZE: f64 = 0.05;

/// A variant with its fit under the study's noise setting.
#[derive(Debug)]
pub struct Variant<'a, T: Target> {
    /// Id.
    pub id: String,
    /// Target: the same rows of data in the same order as every other variant's.
    pub target: &'a T,
    /// Its fit.
    pub optimum: Optimum,
    /// Further points from which the exact summary is fitted (ends of other starts).
    pub starts: Vec<Vec<f64>>,
    /// Larger variants that contain this one.
    pub nested_in: Vec<String>,
    /// Parameters that this variant fixes, natural values: where a larger one starts when it is refitted from here.
    pub fixed: Vec<(String, f64)>,
}

/// A variant's exact-summary fit and criteria.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// Id.
    pub id: String,
    /// Larger variants that contain it.
    pub nested_in: Vec<String>,
    /// Fit under the study's noise setting.
    pub optimum: Optimum,
    /// Exact-summary fit.
    pub exact: Exact,
    /// Criteria.
    pub criteria: Criteria,
    /// P of the goodness of fit.
    pub p_value: Option<f64>,
    /// Degrees of freedom of the means.
    pub dof: Option<f64>,
    /// Parameters less the prior shares of those that carry a prior, at the exact-summary fit.
    pub effective: Option<f64>,
    /// AICc with the effective parameters.
    pub aicc_effective: Option<f64>,
    /// Whether it had to be refitted from the optimum of a variant nested in it.
    pub refitted_from_parent: bool,
}

/// Fits the exact summary of every variant, refits a larger model from the optimum of one nested in it where it fits worse,
/// and refuses what cannot be ranked, with the reason.
pub fn fit_variants<T: Target>(
    variants: &[Variant<'_, T>],
    search: &search::Options,
) -> (Vec<Fitted>, Vec<Refused>) {
    let mut refused = Vec::new();
    let mut list: Vec<(usize, Fitted)> = Vec::new();
    let first = variants.first();
    let each: Vec<Result<Fitted, String>> = variants
        .par_iter()
        .map(
            |v| match first.and_then(|first| other_data(first.target, v.target)) {
                Some(reason) => Err(reason),
                None => exact(v, search),
            },
        )
        .collect();
    for (at, (v, outcome)) in variants.iter().zip(each).enumerate() {
        match outcome {
            Ok(fitted) => list.push((at, fitted)),
            Err(reason) => refused.push(Refused {
                id: v.id.clone(),
                reason,
            }),
        }
    }
    nested::sane(variants, &mut list, &mut refused, search);
    let mut fitted = Vec::new();
    for (at, mut f) in list {
        let v = &variants[at];
        if let Some(reason) = f.criteria.aicc.is_none().then(|| f.criteria.reason.clone()) {
            refused.push(Refused {
                id: f.id,
                reason: reason.unwrap_or_else(|| "it has no AICc".into()),
            });
            continue;
        }
        let data = v.target.data();
        let at = |optimum: &Optimum| {
            Linearised::at_optimum(v.target, data, optimum, &mut v.target.workspace()).ok()
        };
        let g = at(&f.optimum).map(|l| goodness(v.target, &l));
        f.p_value = g.as_ref().and_then(|g| g.p_value);
        f.dof = g.map(|g| g.dof);
        f.effective = at(&f.exact.optimum)
            .map(|l| f.criteria.n_estimated as f64 - l.prior_share.iter().sum::<f64>());
        f.aicc_effective = f
            .effective
            .and_then(|k| Counts::of(v.target, data).penalty_of(k))
            .map(|penalty| f.exact.deviance + penalty);
        fitted.push(f);
    }
    (fitted, refused)
}

/// The exact-summary fit of a variant with its criteria.
fn exact<T: Target>(v: &Variant<'_, T>, search: &search::Options) -> Result<Fitted, String> {
    let mut starts: Vec<&[f64]> = vec![&v.optimum.theta];
    starts.extend(v.starts.iter().map(Vec::as_slice));
    let mut ws = v.target.workspace();
    let data = v.target.data();
    let exact = exact_fit(v.target, data, &starts, search, &mut ws)
        .map_err(|reason| format!("its exact-summary fit failed: {reason}"))?;
    Ok(Fitted {
        id: v.id.clone(),
        nested_in: v.nested_in.clone(),
        optimum: v.optimum.clone(),
        criteria: criteria(
            v.target,
            data,
            &[exact.optimum.theta.as_slice()],
            search,
            &mut ws,
        ),
        exact,
        p_value: None,
        dof: None,
        effective: None,
        aicc_effective: None,
        refitted_from_parent: false,
    })
}

/// Why two targets cannot be compared: their rows, data or noise settings differ.
fn other_data<T: Target>(a: &T, b: &T) -> Option<String> {
    let (da, db) = (a.data(), b.data());
    if a.rows().len() != b.rows().len() || da.value != db.value || da.noise != db.noise {
        return Some("it is fitted to other data rows than the first variant".into());
    }
    if a.donors() != b.donors() {
        return Some("its means are correlated otherwise than in the first variant".into());
    }
    for (i, (x, y)) in a.rows().iter().zip(b.rows()).enumerate() {
        if x.noise != y.noise || x.kind != y.kind {
            return Some(format!(
                "row {} (`{}` in `{}`) has another noise setting or kind than in the first variant",
                i + 1,
                y.observable,
                y.experiment
            ));
        }
        if matches!(x.kind, RowKind::Mean { .. }) && da.sd[i] != db.sd[i] {
            return Some(format!(
                "row {} has another SD than in the first variant",
                i + 1
            ));
        }
    }
    None
}

/// Ranks fitted variants by AICc, the best first.
pub fn rank(fitted: &[Fitted], refused: Vec<Refused>) -> Comparison {
    let mut order: Vec<&Fitted> = fitted.iter().collect();
    let aicc = |f: &Fitted| f.criteria.aicc.unwrap_or(f64::INFINITY);
    order.sort_by(|a, b| aicc(a).total_cmp(&aicc(b)).then(a.id.cmp(&b.id)));
    let best = order.first().map_or(0.0, |f| aicc(f));
    let total: f64 = order
        .iter()
        .map(|f| libm::exp(-0.5 * (aicc(f) - best)))
        .sum();
    let least = order
        .iter()
        .filter_map(|f| f.aicc_effective)
        .fold(f64::INFINITY, f64::min);
    let models: Vec<Ranked> = order
        .iter()
        .enumerate()
        .map(|(i, f)| {
            let delta = aicc(f) - best;
            Ranked {
                id: f.id.clone(),
                objective: f.optimum.evaluated.value,
                chi2_means: f.optimum.evaluated.parts.chi2_means,
                dof: f.dof,
                p_value: f.p_value,
                n_estimated: f.criteria.n_estimated,
                n_effective: f.effective,
                aicc_effective: f.aicc_effective,
                delta_effective: f.aicc_effective.map(|a| a - least),
                aicc: f.criteria.aicc,
                delta: Some(delta),
                weight: Some(libm::exp(-0.5 * delta) / total),
                bic: f.criteria.bic,
                nested_in: (!f.nested_in.is_empty()).then(|| f.nested_in.join(", ")),
                lrt: None,
                verdict: if i == 0 {
                    "best".into()
                } else if delta < NOT_SUPPORTED
                    || f.aicc_effective.is_some_and(|a| a - least < NOT_SUPPORTED)
                {
                    format!("cannot be told apart from {} by AICc", order[0].id)
                } else {
                    "not supported".into()
                },
                refitted_from_parent: f.refitted_from_parent,
                ..Ranked::default()
            }
        })
        .collect();
    let supported = models
        .iter()
        .filter(|m| !m.far())
        .map(|m| m.id.clone())
        .collect();
    Comparison {
        models,
        pairs: Vec::new(),
        refused,
        supported,
        discriminations: Vec::new(),
        conclusions: Vec::new(),
    }
}

/// Adds simulated pairs to a ranking: likelihood ratios beside the models, and verdicts in words.
pub fn conclude(mut comparison: Comparison, fitted: &[Fitted], pairs: Vec<Pair>) -> Comparison {
    let best = comparison.models.first().map(|m| m.id.clone());
    for m in &mut comparison.models {
        // The pair with the best model, else one with a model that contains it.
        let pair = pairs
            .iter()
            .filter(|p| p.first == m.id || p.second == m.id)
            .min_by_key(|p| {
                let with_best = best
                    .as_ref()
                    .is_some_and(|b| p.first == *b || p.second == *b);
                (!with_best, !p.nested)
            });
        let Some(p) = pair else { continue };
        let first = p.first == m.id;
        let against = if first { &p.second } else { &p.first };
        let (own, samples) = if first {
            (p.p_first, p.samples[0])
        } else {
            (p.p_second, p.samples[1])
        };
        if let Some(p_value) = own {
            m.lrt = Some(LikelihoodRatio {
                against: against.clone(),
                statistic: if first { p.statistic } else { -p.statistic },
                p_value,
                standard_error: (p_value * (1.0 - p_value) / samples.max(1) as f64).sqrt(),
                samples,
                method: if p.nested { "bootstrap" } else { "simulation" }.into(),
                p_value_chi2: chi_square_of(fitted, p),
            });
            if Some(&m.id) != best.as_ref() {
                m.verdict = if p_value < SIZE {
                    format!("rejected against {against} (P = {p_value:.3})")
                } else if m.far() {
                    // A test that does not reject takes back nothing of what the criterion says.
                    format!(
                        "not supported by AICc (not rejected against {against}: P = {p_value:.2})"
                    )
                } else {
                    format!("cannot be told apart from {against} (P = {p_value:.2})")
                };
            }
        }
    }
    for m in &comparison.models {
        let rejected = m.lrt.as_ref().is_some_and(|l| l.p_value < SIZE);
        if rejected {
            comparison
                .supported
                .retain(|s| *s != m.id || Some(s) == best.as_ref());
        }
    }
    comparison.pairs = pairs;
    comparison
}

/// P of χ² for a nested pair: it rejects too often.
fn chi_square_of(fitted: &[Fitted], pair: &Pair) -> Option<f64> {
    let find = |id: &str| fitted.iter().find(|f| f.id == id);
    let (a, b) = (find(&pair.first)?, find(&pair.second)?);
    let more = b.criteria.n_estimated.checked_sub(a.criteria.n_estimated)?;
    (pair.nested && more > 0).then(|| crate::stats::chi2_tail(pair.statistic.max(0.0), more as f64))
}
