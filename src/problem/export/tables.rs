//! The text of each table.

use std::collections::BTreeMap;

use serde::Serialize;

use super::conditions::Wide;
use super::rows::{OutObservable, Rows};
use super::{Writer, number, tsv};
use crate::math::{BinaryOp, Expr};
use crate::problem::{NoiseDistribution, Parameter, Prior, Scale};

/// Version 1 without its scales: what the estimation scale is called.
const fn scale(scale: Scale) -> &'static str {
    match scale {
        Scale::Log => "log",
        Scale::Log10 => "log10",
        Scale::Lin | Scale::Logit => "lin",
    }
}

#[derive(Serialize)]
struct ModelEntry<'a> {
    location: &'a str,
    language: &'static str,
}

#[derive(Serialize)]
struct YamlV2<'a> {
    format_version: &'static str,
    model_files: BTreeMap<&'a str, ModelEntry<'a>>,
    parameter_files: [&'static str; 1],
    condition_files: Vec<&'static str>,
    experiment_files: Vec<&'static str>,
    observable_files: [&'static str; 1],
    measurement_files: [&'static str; 1],
}

#[derive(Serialize)]
struct YamlV1<'a> {
    format_version: u32,
    parameter_file: &'static str,
    problems: Vec<PartV1<'a>>,
}

#[derive(Serialize)]
struct PartV1<'a> {
    sbml_files: [&'a str; 1],
    condition_files: [&'static str; 1],
    observable_files: [&'static str; 1],
    measurement_files: [String; 1],
}

impl Writer<'_> {
    /// All files.
    pub(super) fn tables(&mut self, rows: &Rows, wide: &Wide) -> Vec<(String, String)> {
        let mut files = vec![
            ("parameters.tsv".to_string(), self.parameters(rows)),
            ("observables.tsv".to_string(), self.observables(rows)),
        ];
        if self.v1 {
            files.push(("conditions.tsv".into(), wide_table(wide)));
            let mut parts = Vec::new();
            for (k, m) in self.models.iter().enumerate() {
                let name = if self.models.len() == 1 {
                    "measurements.tsv".to_string()
                } else {
                    format!("measurements_{}.tsv", m.id)
                };
                files.push((name.clone(), self.measurements_v1(rows, wide, k)));
                parts.push(PartV1 {
                    sbml_files: [&m.location],
                    condition_files: ["conditions.tsv"],
                    observable_files: ["observables.tsv"],
                    measurement_files: [name],
                });
            }
            let yaml = YamlV1 {
                format_version: 1,
                parameter_file: "parameters.tsv",
                problems: parts,
            };
            files.push(("problem.yaml".into(), yaml_text(&yaml)));
        } else {
            let (conditions, experiments) = self.long_tables();
            let list = |text: &Option<String>, name: &'static str| match text {
                Some(_) => vec![name],
                None => Vec::new(),
            };
            let yaml = YamlV2 {
                format_version: "2.0.0",
                model_files: self
                    .models
                    .iter()
                    .map(|m| {
                        let entry = ModelEntry {
                            location: &m.location,
                            language: "sbml",
                        };
                        (m.id.as_str(), entry)
                    })
                    .collect(),
                parameter_files: ["parameters.tsv"],
                condition_files: list(&conditions, "conditions.tsv"),
                experiment_files: list(&experiments, "experiments.tsv"),
                observable_files: ["observables.tsv"],
                measurement_files: ["measurements.tsv"],
            };
            files.push(("problem.yaml".into(), yaml_text(&yaml)));
            files.push(("measurements.tsv".into(), self.measurements_v2(rows)));
            files.extend(conditions.map(|t| ("conditions.tsv".to_string(), t)));
            files.extend(experiments.map(|t| ("experiments.tsv".to_string(), t)));
        }
        files
    }

    fn parameters(&mut self, rows: &Rows) -> String {
        let mut lines = Vec::new();
        let problem = self.problem;
        for p in &problem.parameters {
            if !p.parts.is_empty() && !self.models.iter().any(|m| m.declared.contains(&p.id)) {
                self.left_out.push(format!(
                    "parameter `{}`, which the model does not have",
                    p.id
                ));
                continue;
            }
            let (prior, prior_parameters) = self.prior(p);
            let (lower, upper) = if p.estimate || p.lower.is_finite() {
                (number(p.lower), number(p.upper))
            } else {
                (String::new(), String::new())
            };
            if p.estimate && p.scale == Scale::Logit {
                self.left_out_of("the estimation scale `logit` of", &p.id);
            }
            lines.push(self.line(
                &p.id,
                (lower, upper),
                p.nominal.map(number).unwrap_or_default(),
                p.estimate,
                (prior, prior_parameters, scale(p.scale)),
            ));
        }
        if !self.v1 && problem.parameters.iter().any(|p| p.scale != Scale::Lin) {
            self.left_out
                .push("estimation scales, which version 2 leaves to the tool".into());
        }
        for s in &rows.sigmas {
            lines.push(self.line(
                &s.id,
                (number(s.lower), number(s.upper)),
                number(s.value),
                true,
                (String::new(), String::new(), "log10"),
            ));
        }
        let header: &[&str] = if self.v1 {
            &[
                "parameterId",
                "parameterScale",
                "lowerBound",
                "upperBound",
                "nominalValue",
                "estimate",
                "objectivePriorType",
                "objectivePriorParameters",
            ]
        } else {
            &[
                "parameterId",
                "lowerBound",
                "upperBound",
                "nominalValue",
                "estimate",
                "priorDistribution",
                "priorParameters",
            ]
        };
        tsv(header, lines)
    }

    fn line(
        &self,
        id: &str,
        (lower, upper): (String, String),
        nominal: String,
        estimate: bool,
        (prior, parameters, scale): (String, String, &str),
    ) -> Vec<String> {
        let mut line = vec![id.to_string()];
        if self.v1 {
            line.push(scale.into());
        }
        let flag = match (self.v1, estimate) {
            (true, true) => "1",
            (true, false) => "0",
            (false, true) => "true",
            (false, false) => "false",
        };
        line.extend([lower, upper, nominal, flag.into(), prior, parameters]);
        line
    }

    /// Name and parameters of a prior in the terms of the version.
    fn prior(&mut self, p: &Parameter) -> (String, String) {
        let Some(prior) = p.prior.as_ref().filter(|_| p.estimate) else {
            return Default::default();
        };
        let list = |values: &[f64]| {
            let texts: Vec<String> = values.iter().map(|v| number(*v)).collect();
            texts.join(";")
        };
        match self.prior_name(p, prior) {
            Some((name, factor)) => {
                let values: Vec<f64> = prior.parameters.iter().map(|v| v * factor).collect();
                (name.into(), list(&values))
            }
            None => {
                let scale = if prior.on_scale && p.scale == Scale::Logit {
                    " on the logit scale"
                } else {
                    ""
                };
                self.left_out.push(format!(
                    "the prior `{}`{scale} of `{}`, which this version does not have",
                    prior.distribution, p.id
                ));
                Default::default()
            }
        }
    }

    /// Name of a prior, and what its parameters are multiplied by.
    fn prior_name(&mut self, p: &Parameter, prior: &Prior) -> Option<(&'static str, f64)> {
        let d = prior.distribution.as_str();
        if self.v1 {
            let carried = !prior.on_scale || p.scale != Scale::Logit;
            if prior.truncated && d != "uniform" && carried {
                let what = "the truncation to the bounds (it shifts the objective by a constant) of the prior of";
                self.left_out_of(what, &p.id);
            }
            return match (d, prior.on_scale) {
                // Version 1 has no logit scale, and no other name for a normal logit.
                (_, true) if p.scale == Scale::Logit => None,
                ("uniform", false) => Some(("uniform", 1.0)),
                ("normal", false) => Some(("normal", 1.0)),
                ("laplace", false) => Some(("laplace", 1.0)),
                ("log-normal", false) => Some(("logNormal", 1.0)),
                ("log-laplace", false) => Some(("logLaplace", 1.0)),
                ("normal", true) => Some(("parameterScaleNormal", 1.0)),
                ("laplace", true) => Some(("parameterScaleLaplace", 1.0)),
                _ => None,
            };
        }
        let known = crate::stats::Distribution::parse(d, &prior.parameters).is_ok();
        if !prior.on_scale {
            if !prior.truncated && d != "uniform" {
                let what = "the tails beyond the bounds (they shift the objective by a constant) of the prior of";
                self.left_out_of(what, &p.id);
            }
            return known.then(|| static_name(d)).flatten().map(|n| (n, 1.0));
        }
        let base = match p.scale {
            Scale::Lin => return static_name(d).map(|n| (n, 1.0)),
            Scale::Log => 1.0,
            Scale::Log10 => std::f64::consts::LN_10,
            Scale::Logit => return None,
        };
        // A density of ln x becomes one of x with the factor 1/x, which moves the optimum of the posterior.
        let what = "the prior's being a density of the logarithm (version 2 has it as one of the value) of";
        self.left_out_of(what, &p.id);
        match d {
            "normal" => Some(("log-normal", base)),
            "laplace" => Some(("log-laplace", base)),
            _ => None,
        }
    }

    fn observables(&self, rows: &Rows) -> String {
        let header: &[&str] = if self.v1 {
            &[
                "observableId",
                "observableName",
                "observableFormula",
                "observableTransformation",
                "noiseFormula",
                "noiseDistribution",
            ]
        } else {
            &[
                "observableId",
                "observableName",
                "observableFormula",
                "noiseFormula",
                "noiseDistribution",
                "observablePlaceholders",
                "noisePlaceholders",
            ]
        };
        tsv(header, rows.observables.iter().map(|o| self.observable(o)))
    }

    fn observable(&self, o: &OutObservable) -> Vec<String> {
        use NoiseDistribution as D;
        let names = |prefix: &str, list: &[String]| -> Vec<(String, String)> {
            // Version 1 knows placeholders by their names.
            list.iter()
                .enumerate()
                .map(|(k, old)| (old.clone(), format!("{prefix}{}_{}", k + 1, o.id)))
                .collect()
        };
        let mut renamed = Vec::new();
        if self.v1 {
            renamed.extend(names("observableParameter", &o.of.placeholders));
            renamed.extend(names("noiseParameter", &o.of.noise_placeholders));
        }
        let rename = |e: &Expr| {
            self.formula(e).substitute(&|s| {
                renamed
                    .iter()
                    .find(|(old, _)| old == s)
                    .map(|(_, new)| Expr::symbol(new.clone()))
            })
        };
        let placeholder = if self.v1 {
            format!("noiseParameter1_{}", o.id)
        } else {
            self.fresh(format!("se_{}", o.id))
        };
        let (mut noise, noise_placeholders) = if o.reported {
            (Expr::symbol(placeholder.clone()), placeholder)
        } else {
            (
                // The noise formula may name its observable, which then is the formula.
                rename(&o.of.noise_formula.substitute(&|s| {
                    (s == o.of.id && o.of.formula != Expr::symbol(s)).then(|| o.of.formula.clone())
                })),
                o.of.noise_placeholders.join(";"),
            )
        };
        let (laplace, transformation) = match o.distribution {
            D::Normal => (false, "lin"),
            D::LogNormal => (false, "log"),
            D::Log10Normal => (false, "log10"),
            D::Laplace => (true, "lin"),
            D::LogLaplace => (true, "log"),
            D::Log10Laplace => (true, "log10"),
        };
        if !self.v1 && transformation == "log10" {
            // σ of the decadic logarithm, written for the natural one.
            let factor = Expr::number(std::f64::consts::LN_10);
            noise = Expr::binary(BinaryOp::Mul, factor, noise);
        }
        let distribution = match (laplace, transformation == "lin" || self.v1) {
            (false, true) => "normal",
            (false, false) => "log-normal",
            (true, true) => "laplace",
            (true, false) => "log-laplace",
        };
        let formula = rename(&o.of.formula).to_string();
        let mut line = vec![o.id.clone(), o.of.name.clone(), formula];
        if self.v1 {
            line.push(transformation.into());
        }
        line.extend([noise.to_string(), distribution.into()]);
        if !self.v1 {
            line.extend([o.of.placeholders.join(";"), noise_placeholders]);
        }
        line
    }

    fn measurements_v2(&self, rows: &Rows) -> String {
        let lines = rows.rows.iter().map(|r| {
            let (observable, rest) = self.shared(rows, r);
            let mut line = vec![r.of.model.clone(), observable, r.of.experiment.clone()];
            line.extend(rest);
            line
        });
        tsv(
            &[
                "modelId",
                "observableId",
                "experimentId",
                "time",
                "measurement",
                "observableParameters",
                "noiseParameters",
                "datasetId",
            ],
            lines,
        )
    }

    fn measurements_v1(&self, rows: &Rows, wide: &Wide, model: usize) -> String {
        let id = &self.models[model].id;
        let lines = rows
            .rows
            .iter()
            .filter(|r| r.of.model == *id || (r.of.model.is_empty() && model == 0))
            .filter_map(|r| {
                let pair = wide.pairs.get(&r.of.experiment)?;
                let (observable, rest) = self.shared(rows, r);
                let mut line = vec![
                    observable,
                    pair.before.clone().unwrap_or_default(),
                    pair.simulation.clone(),
                ];
                line.extend(rest);
                Some(line)
            });
        tsv(
            &[
                "observableId",
                "preequilibrationConditionId",
                "simulationConditionId",
                "time",
                "measurement",
                "observableParameters",
                "noiseParameters",
                "datasetId",
            ],
            lines,
        )
    }

    /// Observable, and time, measurement, overrides and data set of a row.
    fn shared(&self, rows: &Rows, r: &super::rows::Row) -> (String, Vec<String>) {
        let overrides: Vec<String> =
            r.of.observable_parameters
                .iter()
                .map(ToString::to_string)
                .collect();
        (
            rows.observables[r.observable].id.clone(),
            vec![
                number(r.of.time),
                number(r.value),
                overrides.join(";"),
                r.noise_parameters.join(";"),
                r.of.dataset.clone().unwrap_or_default(),
            ],
        )
    }

    /// Condition and experiment tables of version 2, where there is anything in them.
    fn long_tables(&self) -> (Option<String>, Option<String>) {
        let p = self.problem;
        let changes: Vec<Vec<String>> = p
            .conditions
            .iter()
            .flat_map(|c| c.changes.iter().map(move |ch| (c, ch)))
            .filter_map(|(c, ch)| {
                let value = self.formula(ch.value.as_ref()?);
                Some(vec![c.id.clone(), ch.target.clone(), value.to_string()])
            })
            .collect();
        let has = |id: &String| changes.iter().any(|c| c[0] == *id);
        let mut periods: Vec<Vec<String>> = Vec::new();
        let carried =
            |e: &&crate::problem::Experiment| !e.periods.iter().any(|p| p.reset || p.cycle);
        for e in p.experiments.iter().filter(carried) {
            for period in &e.periods {
                let mut applied: Vec<String> = period
                    .conditions
                    .iter()
                    .filter(|c| has(c))
                    .cloned()
                    .collect();
                if applied.is_empty() {
                    applied.push(String::new());
                }
                for condition in applied {
                    periods.push(vec![e.id.clone(), number(period.start), condition]);
                }
            }
        }
        let conditions = (!changes.is_empty())
            .then(|| tsv(&["conditionId", "targetId", "targetValue"], changes));
        let experiments =
            (!periods.is_empty()).then(|| tsv(&["experimentId", "time", "conditionId"], periods));
        (conditions, experiments)
    }
}

fn wide_table(wide: &Wide) -> String {
    let mut header = vec!["conditionId"];
    header.extend(wide.targets.iter().map(String::as_str));
    let lines = wide.conditions.iter().map(|(id, cells)| {
        let mut line = vec![id.clone()];
        for t in &wide.targets {
            line.push(cells.get(t).cloned().unwrap_or_else(|| "NaN".into()));
        }
        line
    });
    tsv(&header, lines)
}

fn yaml_text<T: Serialize>(value: &T) -> String {
    // Plain maps and lists of text always serialise.
    serde_saphyr::to_string(value).unwrap_or_default()
}

/// A prior's name in version 2.
fn static_name(name: &str) -> Option<&'static str> {
    const NAMES: [&str; 11] = [
        "cauchy",
        "chisquare",
        "exponential",
        "gamma",
        "laplace",
        "log-laplace",
        "log-normal",
        "log-uniform",
        "normal",
        "rayleigh",
        "uniform",
    ];
    NAMES.into_iter().find(|n| *n == name)
}
