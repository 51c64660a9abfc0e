//! Rows of data as they go out, with the observables that they need.

use std::collections::HashMap;

use super::{Writer, number};
use crate::math::{Expr, Kind};
use crate::problem::{
    Censoring, Measurement, NoiseDistribution, NoiseSetting, Observable, Summary, log_base,
};

/// Bounds of an estimated σ: this factor below and above the reported SD.
const SIGMA_RANGE: f64 = 100.0;

/// A row of the measurement table.
pub(super) struct Row<'a> {
    /// Exported observable (index).
    pub observable: usize,
    pub of: &'a Measurement,
    pub value: f64,
    pub noise_parameters: Vec<String>,
}

/// An observable: rows with a reported scatter and rows under the noise formula may need one each.
pub(super) struct OutObservable<'a> {
    pub id: String,
    pub of: &'a Observable,
    pub distribution: NoiseDistribution,
    /// Its noise is one placeholder, filled by every row.
    pub reported: bool,
}

/// σ of an arm that is estimated.
pub(super) struct Sigma {
    pub id: String,
    pub value: f64,
    pub lower: f64,
    pub upper: f64,
}

#[derive(Default)]
pub(super) struct Rows<'a> {
    pub rows: Vec<Row<'a>>,
    pub observables: Vec<OutObservable<'a>>,
    pub sigmas: Vec<Sigma>,
}

impl<'a> Writer<'a> {
    /// All rows that can be carried.
    pub(super) fn rows(&mut self) -> Rows<'a> {
        let problem = self.problem;
        let observables: HashMap<&str, &'a Observable> = problem
            .observables
            .iter()
            .map(|o| (o.id.as_str(), o))
            .collect();
        // PEtab has no periods that are repeated and no way back to the initial values.
        let dosed = problem
            .experiments
            .iter()
            .filter(|e| e.periods.iter().any(|p| p.reset || p.cycle));
        let beyond: Vec<&str> = dosed.map(|e| e.id.as_str()).collect();
        for id in &beyond {
            self.left_out_of(
                "rows of experiments with doses at steady state or resets,",
                id,
            );
        }
        let mut out = Rows::default();
        for m in &problem.measurements {
            let Some(&o) = observables.get(m.observable.as_str()) else {
                continue;
            };
            if beyond.contains(&m.experiment.as_str()) {
                continue;
            }
            if m.censoring != Censoring::None {
                self.left_out.push(format!(
                    "measurement table, row {}: `{}` in `{}` is censored",
                    m.row, m.observable, m.experiment
                ));
                continue;
            }
            let summary = m.summary.as_ref().filter(|s| !s.sd.is_nan());
            match summary {
                None => {
                    let observable = out.observable(self, o, o.distribution, false);
                    out.rows.push(Row {
                        observable,
                        of: m,
                        value: m.value,
                        noise_parameters: m.noise_parameters.iter().map(text).collect(),
                    });
                }
                Some(summary) => self.mean(m, o, summary, &mut out),
            }
        }
        out
    }

    fn mean(&mut self, m: &'a Measurement, o: &'a Observable, s: &Summary, out: &mut Rows<'a>) {
        let Some(r) = s.reported(m.value, o.distribution) else {
            self.left_out.push(format!(
                "measurement table, row {}: its scatter needs n",
                m.row
            ));
            return;
        };
        let distribution = s.distribution(o.distribution);
        let observable = out.observable(self, o, distribution, true);
        let sd = match (o.noise, r.n) {
            (NoiseSetting::ExactSummary, Some(n)) => {
                let id = self.fresh(format!("sigma_{}_{}", o.id, out.sigmas.len() + 1));
                out.sigmas.push(Sigma {
                    id: id.clone(),
                    value: r.sd,
                    lower: r.sd / SIGMA_RANGE,
                    upper: r.sd * SIGMA_RANGE,
                });
                for value in pseudo_replicates(r.value, r.sd, n, distribution) {
                    out.rows.push(Row {
                        observable,
                        of: m,
                        value,
                        noise_parameters: vec![id.clone()],
                    });
                }
                return;
            }
            (NoiseSetting::PooledSd, Some(_)) => self.pooled(o, false).unwrap_or(r.sd),
            (NoiseSetting::PooledCv, Some(_)) => {
                self.pooled(o, true).map_or(r.sd, |cv| cv * r.value.abs())
            }
            _ => r.sd,
        };
        let se = r.n.map_or(sd, |n| sd / f64::from(n).sqrt());
        out.rows.push(Row {
            observable,
            of: m,
            value: r.value,
            noise_parameters: vec![number(se)],
        });
    }

    /// Pooled SD or CV of an observable's means.
    fn pooled(&self, o: &Observable, relative: bool) -> Option<f64> {
        let (mut sum, mut nu) = (0.0, 0.0);
        for m in self
            .problem
            .measurements
            .iter()
            .filter(|m| m.observable == o.id)
        {
            let reported = m
                .summary
                .as_ref()
                .filter(|_| m.censoring == Censoring::None)
                .and_then(|s| s.reported(m.value, o.distribution));
            let Some((r, n)) = reported.and_then(|r| Some((r, r.n?))) else {
                continue;
            };
            let weight = f64::from(n) - 1.0;
            let s = if relative { r.sd / r.value } else { r.sd };
            sum += weight * s * s;
            nu += weight;
        }
        (nu > 0.0).then(|| (sum / nu).sqrt())
    }
}

impl<'a> Rows<'a> {
    /// The exported observable of a kind of row, made if there is none.
    fn observable(
        &mut self,
        writer: &Writer,
        o: &'a Observable,
        distribution: NoiseDistribution,
        reported: bool,
    ) -> usize {
        let plain = match (&o.noise_formula.kind, o.noise_placeholders.as_slice()) {
            (Kind::Symbol(s), [only]) => s == only,
            _ => false,
        };
        // One placeholder takes both.
        let reported = reported || plain;
        let found = self.observables.iter().position(|x| {
            x.of.id == o.id && x.distribution == distribution && x.reported == reported
        });
        if let Some(k) = found {
            return k;
        }
        let others = self.observables.iter().filter(|x| x.of.id == o.id).count();
        let id = match others {
            // An observable may not share its name with an entity of the model.
            0 if writer.is_declared(&o.id) => writer.fresh(format!("{}_observable", o.id)),
            0 => o.id.clone(),
            n => writer.fresh(format!("{}_{}", o.id, n + 1)),
        };
        self.observables.push(OutObservable {
            id,
            of: o,
            distribution,
            reported,
        });
        self.observables.len() - 1
    }
}

/// n values with exactly this mean and SD (divisor n − 1) on the scale of the noise: pairs at equal distances from the
/// mean, and the mean itself where n is odd.
pub(super) fn pseudo_replicates(
    value: f64,
    sd: f64,
    n: u32,
    distribution: NoiseDistribution,
) -> Vec<f64> {
    let base = log_base(distribution);
    let centre = base.map_or(value, |b| libm::log(value) / b);
    let back = |x: f64| base.map_or(x, |b| libm::exp(x * b));
    let nf = f64::from(n);
    let odd = n % 2 == 1;
    let distance = if odd {
        sd
    } else {
        sd * ((nf - 1.0) / nf).sqrt()
    };
    let mut list = Vec::new();
    if odd {
        list.push(back(centre));
    }
    for _ in 0..n / 2 {
        list.push(back(centre - distance));
        list.push(back(centre + distance));
    }
    list
}

fn text(e: &Expr) -> String {
    match crate::problem::number_of(e) {
        Some(v) => number(v),
        None => e.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudo_replicates_have_the_mean_and_sd_that_they_stand_for() {
        for n in [2, 3, 4, 5, 10, 11] {
            let list = pseudo_replicates(3.0, 0.7, n, NoiseDistribution::Normal);
            let nf = f64::from(n);
            let mean = list.iter().sum::<f64>() / nf;
            let s2 = list.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (nf - 1.0);
            assert_eq!(list.len(), n as usize);
            assert!(
                (mean - 3.0).abs() < 1e-14 && (s2.sqrt() - 0.7).abs() < 1e-14,
                "{n}"
            );
        }
        let logs = pseudo_replicates(3.0, 0.2, 4, NoiseDistribution::LogNormal);
        let mean = logs.iter().map(|x| libm::log(*x)).sum::<f64>() / 4.0;
        assert!((mean - libm::log(3.0)).abs() < 1e-14);
    }
}
