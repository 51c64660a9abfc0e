//! The study's vocabulary from the problem and its model.

use crate::model::Model;
use crate::problem::{
    NoiseDistribution, NoiseSetting, Observable as ObservableRow, Prior, Problem, RelationKind,
    RelationUse, Scale,
};

use super::super::number::{Style, shortest};
use super::super::words;
use super::{Experiment, Observable, ParameterRow, RelationText, Setting, Study};

impl Study {
    /// The vocabulary of a problem that reads `model`.
    pub fn of(problem: &Problem, model: &Model) -> Self {
        Self {
            time_unit: model.time_unit.clone(),
            observables: problem
                .observables
                .iter()
                .map(|o| observable(o, model))
                .collect(),
            experiments: problem
                .experiments
                .iter()
                .map(|e| Experiment {
                    id: e.id.clone(),
                    settings: e
                        .periods
                        .iter()
                        .flat_map(|p| p.conditions.iter().map(move |c| (p.start, c)))
                        .flat_map(|(start, id)| settings(problem, model, start, id))
                        .collect(),
                })
                .collect(),
            parameters: parameters(problem, model),
            relations: problem
                .relations
                .iter()
                .map(|r| RelationText {
                    id: r.id.clone(),
                    text: relation(r),
                    penalty: r.usage == RelationUse::Penalty,
                    source: r.source.clone(),
                })
                .collect(),
        }
    }
}

fn observable(o: &ObservableRow, model: &Model) -> Observable {
    let formula = o.formula.to_string();
    let distribution = match o.distribution {
        NoiseDistribution::Normal => "normal",
        NoiseDistribution::LogNormal => "log-normal",
        NoiseDistribution::Log10Normal => "log₁₀-normal",
        NoiseDistribution::Laplace => "Laplace",
        NoiseDistribution::LogLaplace => "log-Laplace",
        NoiseDistribution::Log10Laplace => "log₁₀-Laplace",
    };
    let setting = match o.noise {
        NoiseSetting::KnownSd => "known_sd",
        NoiseSetting::ExactSummary => "exact_summary",
        NoiseSetting::PooledSd => "pooled_sd",
        NoiseSetting::PooledCv => "pooled_cv",
    };
    Observable {
        id: o.id.clone(),
        name: o.name.clone(),
        unit: o
            .unit
            .clone()
            .or_else(|| model.unit(&o.id).map(str::to_owned))
            .or_else(|| model.unit(&formula).map(str::to_owned)),
        formula: Some(formula),
        noise: Some(format!("{distribution}, {}", words::noise(setting))),
    }
}

fn settings(problem: &Problem, model: &Model, start: f64, condition: &str) -> Vec<Setting> {
    problem
        .conditions
        .iter()
        .filter(|c| c.id == condition)
        .flat_map(|c| &c.changes)
        .map(|change| Setting {
            time: Some(start).filter(|t| t.is_finite()),
            target: change.target.clone(),
            value: change.value.as_ref().map_or_else(
                || "as it was".to_owned(),
                |v| {
                    v.as_number()
                        .map_or_else(|| v.to_string(), |x| shortest(x, Style::Typeset))
                },
            ),
            unit: change
                .unit
                .clone()
                .or_else(|| model.unit(&change.target).map(str::to_owned)),
        })
        .collect()
}

/// Constants of the model in its order, then rows of the table that the model does not declare (noise, scaling).
fn parameters(problem: &Problem, model: &Model) -> Vec<ParameterRow> {
    let mut rows: Vec<ParameterRow> = model
        .parameters
        .iter()
        .map(|p| ParameterRow {
            id: p.id.clone(),
            description: p.description.clone(),
            unit: p.unit.clone(),
            value: p
                .value
                .as_number()
                .map_or_else(|| p.value.to_string(), |v| shortest(v, Style::Typeset)),
            estimated: false,
            bounds: None,
            prior: None,
            source: p.source.clone(),
        })
        .collect();
    for p in &problem.parameters {
        let known = rows.iter().position(|r| r.id == p.id);
        // A row of a part that this model does not have, or of a constant that a part has fixed, does not apply.
        let fixed = model.parameters.iter().any(|m| m.id == p.id && m.fixed);
        if fixed || (known.is_none() && !p.parts.is_empty()) {
            continue;
        }
        let at = known.unwrap_or_else(|| {
            rows.push(ParameterRow {
                id: p.id.clone(),
                ..ParameterRow::default()
            });
            rows.len() - 1
        });
        let Some(row) = rows.get_mut(at) else {
            continue;
        };
        if let Some(v) = p.nominal {
            row.value = shortest(v, Style::Typeset);
        }
        row.unit = row.unit.take().or_else(|| p.unit.clone());
        row.estimated = p.estimate;
        row.bounds = p.estimate.then_some((p.lower, p.upper));
        row.prior = p
            .prior
            .as_ref()
            .filter(|_| p.estimate)
            .map(|d| prior(d, p.scale, row.unit.as_deref()));
        if let Some(source) = p.source.as_ref().filter(|s| !s.is_empty()) {
            row.source = Some(source.clone());
        }
    }
    rows
}

/// A prior in words: `log-normal, median 4.5 nM, 1.1 to 18` (95 %).
fn prior(prior: &Prior, scale: Scale, unit: Option<&str>) -> String {
    /// 0.975 quantile of the standard normal distribution.
    const Z: f64 = 1.959_963_984_540_054;
    let number = |v: f64| super::super::number::significant(v, 2, Style::Typeset);
    let behind = words::behind(unit);
    match (prior.distribution.as_str(), prior.parameters.as_slice()) {
        ("log-normal", [mean, sd]) => format!(
            "log-normal, median {}{behind}, 95\u{202f}% within {}\u{a0}to\u{a0}{}",
            number(libm::exp(*mean)),
            number(libm::exp(mean - Z * sd)),
            number(libm::exp(mean + Z * sd)),
        ),
        ("normal", [mean, sd]) if prior.on_scale && scale != Scale::Lin => {
            // Normal on the scale of estimation: people read the natural one.
            let (name, back): (&str, fn(f64) -> f64) = match scale {
                Scale::Logit => ("logit-normal", |x| 1.0 / (1.0 + libm::exp(-x))),
                Scale::Log10 => ("log-normal", |x| libm::pow(10.0, x)),
                _ => ("log-normal", libm::exp),
            };
            let at = |k: f64| number(back(mean + k * Z * sd));
            format!(
                "{name}, median {}{behind}, 95\u{202f}% within {}\u{a0}to\u{a0}{}",
                at(0.0),
                at(-1.0),
                at(1.0)
            )
        }
        ("normal", [mean, sd]) => format!("normal, {} ± {}{behind}", number(*mean), number(*sd)),
        (name, parameters) => format!(
            "{name} ({})",
            parameters
                .iter()
                .map(|v| number(*v))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

/// A relation as text: `mfi@co_amd@24/mfi@co@24 within 0.5 to 0.76`.
fn relation(r: &crate::problem::Relation) -> String {
    let number = |v: f64| shortest(v, Style::Typeset);
    let mut text = match &r.kind {
        RelationKind::Less => format!("{} < {}", r.left, r.right),
        RelationKind::Greater => format!("{} > {}", r.left, r.right),
        RelationKind::Approximately => {
            format!("{} ≈ {} within {}", r.left, r.right, number(r.margin))
        }
        RelationKind::In { lower, upper } => {
            format!("{} within {} to {}", r.left, number(*lower), number(*upper))
        }
    };
    if r.margin != 0.0 && matches!(r.kind, RelationKind::Less | RelationKind::Greater) {
        text.push_str(&format!(" by {}", number(r.margin)));
    }
    if !r.with.is_empty() {
        let with: Vec<String> = r
            .with
            .iter()
            .map(|(id, v)| format!("{id} = {}", number(*v)))
            .collect();
        text.push_str(&format!(", with {}", with.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prior_is_told_on_the_natural_scale() {
        let p = |distribution: &str, parameters: &[f64], on_scale: bool| Prior {
            distribution: distribution.into(),
            parameters: parameters.to_vec(),
            on_scale,
            truncated: true,
        };
        let plain = |t: String| t.replace(['\u{202f}', '\u{a0}'], " ");
        let told = |q: &Prior, s: Scale| plain(prior(q, s, Some("nM")));
        assert_eq!(
            told(&p("log-normal", &[1.504, 0.7], false), Scale::Log10),
            "log-normal, median 4.5 nM, 95 % within 1.1 to 18"
        );
        assert_eq!(
            told(&p("normal", &[0.653, 0.304], true), Scale::Log10),
            "log-normal, median 4.5 nM, 95 % within 1.1 to 18"
        );
        assert_eq!(
            told(&p("normal", &[0.0, 1.0], true), Scale::Logit),
            "logit-normal, median 0.50 nM, 95 % within 0.12 to 0.88"
        );
        assert_eq!(
            told(&p("normal", &[3.0, 0.5], false), Scale::Lin),
            "normal, 3.0 ± 0.50 nM"
        );
        assert_eq!(
            told(&p("uniform", &[1.0, 2.0], false), Scale::Lin),
            "uniform (1.0, 2.0)"
        );
    }
}
