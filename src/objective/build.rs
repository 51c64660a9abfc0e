//! Makes an [`Objective`] from a bound problem.

use std::collections::HashMap;

use crate::bind::{BindError, Bound, Noise, Probe, Request, bind};
use crate::math::Expr;
use crate::model::Model;
use crate::problem::{
    Censoring, Measurement, NoiseSetting, Observable, Problem, RelationKind, RelationUse, Scale,
    SdKind,
};
use crate::simulate::{self, Experiment, Settings};
use crate::stats::{Distribution, DistributionError};
use crate::system::Engine;

use super::quantity::{self, Quantity, QuantityError};
use super::target::{Coordinate, Data, RowInfo, RowKind, to_scaled};
use super::{Donors, Look, Objective, RelationOf, RowBinding, Visit};

/// Why a problem cannot be made into an objective.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Between model and tables.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A prior that cannot be read.
    #[error("parameter table, row {row}: {error}")]
    Prior {
        /// Row.
        row: usize,
        /// What is wrong.
        error: DistributionError,
    },
    /// A relation that cannot be compiled.
    #[error("relation `{id}`: {error}")]
    Relation {
        /// Relation.
        id: String,
        /// What is wrong.
        error: QuantityError,
    },
    /// A relation in the objective without a standard deviation.
    #[error(
        "relation `{id}` is in the objective (use = penalty) but gives no positive `sd`: declare the SD of the compared difference, or set use = check"
    )]
    RelationWithoutSd {
        /// Relation.
        id: String,
    },
    /// A row that needs n.
    #[error("measurement table, row {row}: `n` is needed for {why}")]
    MissingN {
        /// Row.
        row: usize,
        /// What for.
        why: &'static str,
    },
    /// A scatter of 0.
    #[error(
        "measurement table, row {row}, column `sd`: 0 has no weight; name a rule in the plan (a pooled CV or a floor), or leave the row out"
    )]
    ZeroScatter {
        /// Row.
        row: usize,
    },
    /// A bound that the estimation scale does not allow.
    #[error(
        "parameter table, row {row}: `{id}` is estimated on the scale `{scale}`, where the bounds {lower} and {upper} are not both finite"
    )]
    Bounds {
        /// Row.
        row: usize,
        /// Parameter.
        id: String,
        /// Scale.
        scale: &'static str,
        /// Lower bound.
        lower: f64,
        /// Upper bound.
        upper: f64,
    },
    /// A correlation between arms that the rows do not allow.
    #[error("the means of `{observable}` cannot be correlated between arms: {why}")]
    Donors {
        /// Observable.
        observable: String,
        /// Why.
        why: &'static str,
    },
    /// A parameter that is neither estimated nor given.
    #[error("parameter table, row {row}: `{id}` is not estimated and has no nominalValue")]
    NoValue {
        /// Row.
        row: usize,
        /// Parameter.
        id: String,
    },
}

/// An expression to predict.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantitySpec {
    /// As written.
    pub text: String,
    /// The expression, over values and summaries of courses and parameters of the table.
    pub expr: Expr,
    /// Parameter values instead of the fitted ones (a counterfactual), natural scale.
    pub with: Vec<(String, f64)>,
}

/// What to build beside the rows of the problem.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// Expressions to predict.
    pub quantities: Vec<QuantitySpec>,
    /// Inputs and parameters that keep a slot of their own, so that they can be varied.
    pub free: Vec<String>,
    /// Keep every state, so that each can be shown.
    pub keep_states: bool,
    /// Settings of the simulations.
    pub settings: Settings,
    /// How right-hand sides are evaluated.
    pub engine: Engine,
}

impl Objective {
    /// Brings models and tables together and compiles them.
    ///
    /// # Errors
    /// All findings, not only the first.
    pub fn build(
        models: Vec<Model>,
        problem: &Problem,
        options: &BuildOptions,
    ) -> Result<Self, Vec<BuildError>> {
        let mut errors: Vec<BuildError> = Vec::new();
        let table_ids: Vec<&str> = problem.parameters.iter().map(|p| p.id.as_str()).collect();

        // Every probe of relations and quantities, each once.
        let mut probes: Vec<Probe> = Vec::new();
        let mut gather = |expr: &Expr, with: &[(String, f64)]| -> Result<(), QuantityError> {
            for p in quantity::probes(expr, with)? {
                if !probes.contains(&p) {
                    probes.push(p);
                }
            }
            Ok(())
        };
        for r in &problem.relations {
            // Overrides are those of the left side: a counterfactual is held against what was fitted.
            if let Err(error) = gather(&r.left, &r.with).and_then(|()| gather(&r.right, &[])) {
                errors.push(BuildError::Relation {
                    id: r.id.clone(),
                    error,
                });
            }
        }
        for QuantitySpec { text, expr, with } in &options.quantities {
            if let Err(error) = gather(expr, with) {
                errors.push(BuildError::Relation {
                    id: text.clone(),
                    error,
                });
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let request = Request {
            probes: probes.clone(),
            free: options.free.clone(),
            keep_states: options.keep_states,
        };
        let bound = bind(models, problem, &request)
            .map_err(|list| list.into_iter().map(BuildError::from).collect::<Vec<_>>())?;
        let experiments = simulate::build(&bound, options.engine)
            .map_err(|list| list.into_iter().map(BuildError::from).collect::<Vec<_>>())?;

        let mut coordinates = Vec::new();
        let mut priors = Vec::new();
        let mut coordinate_of = vec![None; problem.parameters.len()];
        let mut nominal = Vec::with_capacity(problem.parameters.len());
        let any_prior = problem.parameters.iter().any(|p| p.prior.is_some());
        for (j, p) in problem.parameters.iter().enumerate() {
            if !p.estimate {
                match p.nominal {
                    Some(v) => nominal.push(v),
                    None => {
                        errors.push(BuildError::NoValue {
                            row: p.row,
                            id: p.id.clone(),
                        });
                        nominal.push(f64::NAN);
                    }
                }
                continue;
            }
            nominal.push(p.nominal.unwrap_or(f64::NAN));
            let (lower, upper) = (to_scaled(p.scale, p.lower), to_scaled(p.scale, p.upper));
            let natural_lower = p.lower == 0.0;
            if lower.is_nan() || upper.is_nan() || upper <= lower {
                errors.push(BuildError::Bounds {
                    row: p.row,
                    id: p.id.clone(),
                    scale: scale_name(p.scale),
                    lower: p.lower,
                    upper: p.upper,
                });
                continue;
            }
            let prior = match &p.prior {
                None => None,
                Some(prior) => match Distribution::parse(&prior.distribution, &prior.parameters) {
                    Ok(d) => Some(super::PriorOf {
                        distribution: d,
                        on_scale: prior.on_scale,
                        log_mass: if prior.truncated {
                            let (a, b) = if prior.on_scale {
                                (lower, upper)
                            } else {
                                (p.lower, p.upper)
                            };
                            d.log_mass(a, b)
                        } else {
                            0.0
                        },
                    }),
                    Err(error) => {
                        errors.push(BuildError::Prior { row: p.row, error });
                        None
                    }
                },
            };
            // In PEtab v2 a parameter without prior beside others that have one is uniform within its bounds.
            let prior = match prior {
                None if any_prior && problem.petab_version >= 2 && !has_summaries(problem) => {
                    Distribution::parse("uniform", &[p.lower, p.upper])
                        .ok()
                        .map(|distribution| super::PriorOf {
                            distribution,
                            on_scale: false,
                            log_mass: 0.0,
                        })
                }
                other => other,
            };
            coordinate_of[j] = Some(coordinates.len());
            priors.push(prior);
            coordinates.push(Coordinate {
                id: p.id.clone(),
                scale: p.scale,
                lower,
                upper,
                nominal: p.nominal.map(|v| to_scaled(p.scale, v)),
                unit: p.unit.clone(),
                prior: p.prior.clone(),
                start: p.start.clone(),
                natural_lower,
            });
        }

        let mut rows = Vec::new();
        let mut bindings = Vec::new();
        let mut data = Data {
            value: Vec::new(),
            sd: Vec::new(),
            prior_centre: Vec::new(),
            relation_holds: Vec::new(),
            noise: None,
            weight: None,
        };
        let mut groups: HashMap<usize, usize> = HashMap::new();
        for row in &bound.rows {
            let m = &problem.measurements[row.measurement];
            let o = &problem.observables[row.observable_row];
            let next = groups.len();
            let group = *groups.entry(row.observable_row).or_insert(next);
            match reported(m, o, row.noise) {
                Ok((kind, value, sd)) => {
                    rows.push(RowInfo {
                        observable: m.observable.clone(),
                        experiment: m.experiment.clone(),
                        time: m.time,
                        kind,
                        distribution: match &m.summary {
                            Some(s) => s.distribution(o.distribution),
                            None => o.distribution,
                        },
                        noise: o.noise,
                        group,
                        dataset: m.dataset.clone(),
                        measurement: row.measurement,
                    });
                    data.value.push(value);
                    data.sd.push(sd);
                    bindings.push(RowBinding {
                        experiment: row.experiment,
                        observable: row.observable,
                        noise: match row.noise {
                            Noise::Formula(f) => Some(f),
                            Noise::Reported => None,
                        },
                        placeholders: row.placeholders.clone(),
                    });
                }
                Err(e) => errors.push(e),
            }
        }
        for (c, prior) in coordinates.iter().zip(&priors) {
            data.prior_centre
                .push(prior.as_ref().and_then(|p| p.centre(c)));
        }

        let donors = donors(problem, &rows, &mut errors);

        let mut relations = Vec::new();
        let mut quantities = Vec::new();
        let compile = |text: &str, expr: &Expr, with: &[(String, f64)]| {
            Quantity::compile(text, expr, with, &probes, &table_ids)
        };
        for r in &problem.relations {
            let both = compile("left", &r.left, &r.with)
                .and_then(|l| Ok((l, compile("right", &r.right, &[])?)));
            match both {
                Err(error) => errors.push(BuildError::Relation {
                    id: r.id.clone(),
                    error,
                }),
                Ok((left, right)) => {
                    let penalty = r.usage == RelationUse::Penalty;
                    if penalty && r.sd.is_none_or(|s| s <= 0.0) {
                        errors.push(BuildError::RelationWithoutSd { id: r.id.clone() });
                    }
                    if penalty {
                        data.relation_holds.push(true);
                    }
                    let kind: RelationKind = r.kind.clone();
                    relations.push(RelationOf {
                        id: r.id.clone(),
                        left,
                        right,
                        kind,
                        margin: r.margin,
                        sd: r.sd.unwrap_or(f64::NAN),
                        penalty,
                        source: r.source.clone(),
                    });
                }
            }
        }
        for QuantitySpec { text, expr, with } in &options.quantities {
            match compile(text, expr, with) {
                Ok(q) => quantities.push(q),
                Err(error) => errors.push(BuildError::Relation {
                    id: text.clone(),
                    error,
                }),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let looks = looks(&bound, &experiments, &bindings, &rows, &relations);
        let mut known = HashMap::new();
        let rooms = experiments
            .iter()
            .map(|e| {
                let next = known.len();
                *known.entry(e.room()).or_insert(next)
            })
            .collect();
        Ok(Self {
            table_ids: problem.parameters.iter().map(|p| p.id.clone()).collect(),
            coordinates,
            coordinate_of,
            nominal,
            priors,
            rows,
            bindings,
            data,
            donors,
            relations,
            quantities,
            probes: bound.probes.clone(),
            looks,
            experiments,
            rooms,
            settings: options.settings.clone(),
            models: bound.models,
        })
    }
}

/// Groups of means of one observable at one time that share donors.
fn donors(problem: &Problem, rows: &[RowInfo], errors: &mut Vec<BuildError>) -> Vec<Donors> {
    let mut groups = Vec::new();
    for (observable, correlation) in &problem.arm_correlation {
        let mut fail = |why| {
            errors.push(BuildError::Donors {
                observable: observable.clone(),
                why,
            });
        };
        let mut by_time: Vec<(f64, u32, Vec<usize>)> = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            let RowKind::Mean { n } = row.kind else {
                continue;
            };
            if row.observable != *observable {
                continue;
            }
            match by_time.iter_mut().find(|(t, _, _)| *t == row.time) {
                Some((_, first, _)) if *first != n => {
                    fail("its groups have different n, so that not every donor is in every arm");
                }
                Some((_, _, list)) => list.push(i),
                None => by_time.push((row.time, n, vec![i])),
            }
        }
        for (_, n, list) in by_time {
            if list.len() < 2 || *correlation == 0.0 {
                continue;
            }
            match Donors::new(list, n, *correlation) {
                Some(group) => groups.push(group),
                None => fail("a correlation lies between 0 and 1 (1 left out)"),
            }
        }
    }
    groups
}

fn has_summaries(problem: &Problem) -> bool {
    problem.measurements.iter().any(|m| m.summary.is_some())
}

fn scale_name(scale: Scale) -> &'static str {
    match scale {
        Scale::Lin => "lin",
        Scale::Log => "log",
        Scale::Log10 => "log10",
        Scale::Logit => "logit",
    }
}

/// What a row is, its value and its scatter on the scale of the noise.
fn reported(
    m: &Measurement,
    o: &Observable,
    noise: Noise,
) -> Result<(RowKind, f64, f64), BuildError> {
    let row = m.row;
    if m.censoring != Censoring::None {
        let upper = m.censoring == Censoring::Right;
        let (n, sd) = match &m.summary {
            Some(s) => (
                s.n.ok_or(BuildError::MissingN {
                    row,
                    why: "a censored group",
                })?,
                s.sd,
            ),
            None => (1, f64::NAN),
        };
        if sd == 0.0 {
            return Err(BuildError::ZeroScatter { row });
        }
        return Ok((RowKind::Limit { n, upper }, m.value, sd));
    }
    let Some(s) = &m.summary else {
        return Ok((RowKind::Point, m.value, f64::NAN));
    };
    if !matches!(noise, Noise::Reported) && s.n.is_none() {
        return Ok((RowKind::Point, m.value, f64::NAN));
    }
    // A pooled scatter gives a group without scatter of its own the weight of the others.
    let pooled = matches!(o.noise, NoiseSetting::PooledSd | NoiseSetting::PooledCv);
    if s.sd.is_nan() || (s.sd == 0.0 && !pooled) {
        return Err(BuildError::ZeroScatter { row });
    }
    let Some(r) = s.reported(m.value, o.distribution) else {
        let why = match s.kind {
            SdKind::Cv => "a coefficient of variation",
            _ => "an SD",
        };
        return Err(BuildError::MissingN { row, why });
    };
    match r.n {
        None => Ok((RowKind::KnownError, r.value, r.sd)),
        Some(n) if n < 2 => Err(BuildError::MissingN {
            row,
            why: "an SD (at least 2)",
        }),
        Some(n) => Ok((RowKind::Mean { n }, r.value, r.sd)),
    }
}

/// What each experiment has to be looked at for in the objective.
fn looks(
    bound: &Bound,
    experiments: &[Experiment],
    rows: &[RowBinding],
    infos: &[RowInfo],
    relations: &[RelationOf],
) -> Vec<Look> {
    let mut looks = vec![Look::default(); experiments.len()];
    // Rows can be a million, each at a time of its own.
    let mut known: HashMap<(usize, u64), usize> = HashMap::new();
    for (k, (row, info)) in rows.iter().zip(infos).enumerate() {
        let visits = &mut looks[row.experiment].visits;
        // −0 is 0 here.
        let key = (row.experiment, (info.time + 0.0).to_bits());
        let at = *known.entry(key).or_insert(visits.len());
        if at == visits.len() {
            visits.push(Visit::new(info.time));
        }
        visits[at].rows.push(k);
    }
    for r in relations.iter().filter(|r| r.penalty) {
        for &p in r.left.probes.iter().chain(&r.right.probes) {
            let probe = &bound.probes[p];
            looks[probe.experiment].add(p, &probe.reading);
        }
    }
    looks.iter_mut().for_each(Look::sort);
    looks
}

impl super::PriorOf {
    /// Centre on the estimation scale, if the distribution has one.
    fn centre(&self, c: &Coordinate) -> Option<f64> {
        self.distribution.mode().map(|x| {
            if self.on_scale {
                x
            } else {
                to_scaled(c.scale, x)
            }
        })
    }
}
