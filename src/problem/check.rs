//! What has to hold between the tables of a problem.

use std::collections::{HashMap, HashSet};

use super::findings::Findings;
use super::places::{Places, Table};
use super::{Measurement, Observable, Problem};
use crate::diagnostic::{Finding, similar};
use crate::math::{Expr, Kind};

struct Check<'a> {
    problem: &'a Problem,
    places: &'a Places,
    findings: &'a mut Findings,
    /// Tables with rows that could not be read: a name that is missing may stand there.
    broken: Vec<Table>,
}

/// Reports everything that does not fit together; `unread` are tables of which a file could not be read.
pub(super) fn problem(
    problem: &Problem,
    places: &Places,
    unread: &[Table],
    findings: &mut Findings,
) {
    let tables = [
        Table::Observables,
        Table::Experiments,
        Table::Conditions,
        Table::Measurements,
    ];
    let broken = tables
        .into_iter()
        .filter(|t| unread.contains(t) || places.files(*t).any(|f| findings.has_errors_in(f)))
        .collect();
    let mut check = Check {
        problem,
        places,
        findings,
        broken,
    };
    check.duplicates();
    check.experiments();
    check.conditions();
    check.observables();
    check.measurements();
    check.relations();
}

impl Check<'_> {
    fn at(&mut self, finding: Finding, table: Table, row: usize, column: &str, text: &str) {
        let finding = self.places.locate(finding, table, row, column, text);
        self.findings.push(finding);
    }
    /// A name that is not defined, with its nearest neighbours.
    fn undefined<'n>(
        code: &'static str,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'n str>,
        otherwise: &str,
    ) -> Finding {
        let finding = Finding::error(code, format!("{what} `{name}` is not defined"));
        match similar(name, known).first() {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help(otherwise),
        }
    }

    fn duplicates(&mut self) {
        let p = self.problem;
        let parameters = p.parameters.iter().map(|x| (x.id.as_str(), x.row));
        self.twice(Table::Parameters, "parameterId", "parameter", parameters);
        let observables = p.observables.iter().map(|x| (x.id.as_str(), x.row));
        self.twice(
            Table::Observables,
            "observableId",
            "observable",
            observables,
        );
        let relations = p.relations.iter().map(|x| (x.id.as_str(), x.row));
        self.twice(Table::Relations, "relationId", "relation", relations);
    }
    fn twice<'n>(
        &mut self,
        table: Table,
        column: &str,
        what: &str,
        ids: impl Iterator<Item = (&'n str, usize)>,
    ) {
        let mut first: HashMap<&str, usize> = HashMap::new();
        for (id, row) in ids {
            let Some(&before) = first.get(id) else {
                first.insert(id, row);
                continue;
            };
            let finding =
                Finding::error("duplicate-id", format!("{what} `{id}` is declared twice"))
                    .help("rename one of them or take it out");
            let mut finding = self.places.locate(finding, table, row, column, "second");
            if let Some((source, span)) = self.places.cell(table, before, column) {
                finding = finding.and(&source, span, "first");
            }
            self.findings.push(finding);
        }
    }

    fn experiments(&mut self) {
        let p = self.problem;
        let conditions: HashMap<&str, &super::Condition> =
            p.conditions.iter().map(|c| (c.id.as_str(), c)).collect();
        for e in &p.experiments {
            for period in &e.periods {
                let mut set: HashMap<&str, &str> = HashMap::new();
                for id in &period.conditions {
                    let Some(c) = conditions.get(id.as_str()) else {
                        if self.broken.contains(&Table::Conditions) {
                            continue;
                        }
                        let finding = Self::undefined(
                            "undefined-condition",
                            "condition",
                            id,
                            conditions.keys().copied(),
                            "add rows for it to the condition table, or leave the cell empty to change nothing",
                        );
                        let finding = match self.places.find(Table::Experiments, |get| {
                            get("experimentId") == e.id && get("conditionId") == *id
                        }) {
                            Some(row) => self.places.locate(
                                finding,
                                Table::Experiments,
                                row,
                                "conditionId",
                                format!("applied by experiment `{}`", e.id),
                            ),
                            None => finding.note(format!("experiment `{}` applies it", e.id)),
                        };
                        self.findings.push(finding);
                        continue;
                    };
                    for change in &c.changes {
                        let Some(other) = set.insert(&change.target, id) else {
                            continue;
                        };
                        let finding = Finding::error(
                            "overlapping-conditions",
                            format!(
                                "`{other}` and `{id}` both set `{}` at time {} of experiment `{}`",
                                change.target, period.start, e.id
                            ),
                        )
                        .help("conditions that are applied at one time must set different targets");
                        self.at(finding, Table::Conditions, change.row, "targetId", "");
                    }
                }
            }
        }
    }

    fn conditions(&mut self) {
        let p = self.problem;
        let table: HashSet<&str> = p.parameters.iter().map(|x| x.id.as_str()).collect();
        for c in &p.conditions {
            for change in &c.changes {
                if change.target.is_empty() || !table.contains(change.target.as_str()) {
                    continue;
                }
                let finding = Finding::warning(
                    "condition-sets-parameter",
                    format!(
                        "condition `{}` sets `{}`, which is a parameter of the parameter table",
                        c.id, change.target
                    ),
                )
                .note("the value of the condition holds wherever it is applied")
                .help("take the parameter out of the table, or give the condition another target");
                let column = if p.petab_version == 1 {
                    change.target.as_str()
                } else {
                    "targetId"
                };
                self.at(finding, Table::Conditions, change.row, column, "");
            }
        }
    }

    fn observables(&mut self) {
        let p = self.problem;
        let parameters: HashSet<&str> = p.parameters.iter().map(|x| x.id.as_str()).collect();
        for o in &p.observables {
            for name in o.placeholders.iter().chain(&o.noise_placeholders) {
                if parameters.contains(name.as_str()) {
                    let finding = Finding::error(
                        "placeholder-is-parameter",
                        format!("the placeholder `{name}` of `{}` is also a parameter", o.id),
                    )
                    .help("a placeholder is filled by the measurements: take it out of the parameter table");
                    self.at(
                        finding,
                        Table::Observables,
                        o.row,
                        "observablePlaceholders",
                        "",
                    );
                }
            }
        }
    }

    fn measurements(&mut self) {
        let p = self.problem;
        let observables: HashMap<&str, &Observable> =
            p.observables.iter().map(|o| (o.id.as_str(), o)).collect();
        let experiments: HashSet<&str> = p.experiments.iter().map(|e| e.id.as_str()).collect();
        let models: HashSet<&str> = p.models.iter().map(|m| m.id.as_str()).collect();
        let starts: HashMap<&str, f64> = p
            .experiments
            .iter()
            .map(|e| {
                let finite = e.periods.iter().map(|x| x.start).find(|t| t.is_finite());
                (e.id.as_str(), finite.unwrap_or(0.0))
            })
            .collect();
        for m in &p.measurements {
            self.early(m, &starts);
            if !m.experiment.is_empty()
                && !experiments.contains(m.experiment.as_str())
                && !self.broken.contains(&Table::Experiments)
            {
                let finding = Self::undefined(
                    "undefined-experiment",
                    "experiment",
                    &m.experiment,
                    experiments.iter().copied(),
                    "add rows for it to the experiment table, or leave the cell empty for the model as it is",
                );
                self.at(finding, Table::Measurements, m.row, "experimentId", "");
            }
            if !m.model.is_empty() && !models.contains(m.model.as_str()) {
                let finding = Self::undefined(
                    "undefined-model",
                    "model",
                    &m.model,
                    models.iter().copied(),
                    "models are listed under `model_files` in the YAML",
                );
                self.at(finding, Table::Measurements, m.row, "modelId", "");
            }
            if m.model.is_empty() && models.len() > 1 {
                let finding = Finding::error(
                    "missing-model",
                    "the problem has several models and this row names none",
                )
                .help("add a column `modelId`");
                self.at(finding, Table::Measurements, m.row, "modelId", "");
            }
            match observables.get(m.observable.as_str()) {
                Some(o) => self.row(m, o),
                None if self.broken.contains(&Table::Observables) => {}
                None => {
                    let finding = Self::undefined(
                        "undefined-observable",
                        "observable",
                        &m.observable,
                        observables.keys().copied(),
                        "add a row for it to the observable table",
                    );
                    self.at(finding, Table::Measurements, m.row, "observableId", "");
                }
            }
        }
    }

    /// A measurement before its experiment begins.
    fn early(&mut self, m: &Measurement, starts: &HashMap<&str, f64>) {
        let start = starts.get(m.experiment.as_str()).copied().unwrap_or(0.0);
        if m.time >= start {
            return;
        }
        let finding = Finding::error(
            "time-before-start",
            format!(
                "time {} lies before the start of the experiment at {start}",
                m.time
            ),
        )
        .help("correct the time, or let the experiment begin earlier in the experiment table");
        self.at(finding, Table::Measurements, m.row, "time", "");
    }

    /// Overrides, scatter and value of a row against its observable.
    fn row(&mut self, m: &Measurement, o: &Observable) {
        let by_summary = m.summary.as_ref().is_some_and(|s| !s.sd.is_nan());
        let sides = [
            (
                "observableParameters",
                &m.observable_parameters,
                &o.placeholders,
                false,
            ),
            (
                "noiseParameters",
                &m.noise_parameters,
                &o.noise_placeholders,
                by_summary,
            ),
        ];
        for (column, values, names, may_be_empty) in sides {
            if values.len() == names.len() || (values.is_empty() && may_be_empty) {
                continue;
            }
            let finding = Finding::error(
                "wrong-overrides",
                format!(
                    "`{}` has {} in its {}, this row gives {}",
                    o.id,
                    count(names.len(), "placeholder"),
                    if column == "noiseParameters" {
                        "noise formula"
                    } else {
                        "formula"
                    },
                    count(values.len(), "value")
                ),
            );
            let finding = match names.len() {
                0 => finding.help("leave the cell empty"),
                _ => finding.help(format!(
                    "give one value for each of `{}`, separated by `;`",
                    names.join("`, `")
                )),
            };
            let finding = if column == "noiseParameters" && values.is_empty() {
                finding.help("a reported mean brings its own: fill `sd`, `sdKind` and `n` (extension mechfit)")
            } else {
                finding
            };
            self.at(finding, Table::Measurements, m.row, column, "");
        }
        if by_summary && !m.noise_parameters.is_empty() {
            self.both_scatters(m, o);
        }
        if log_scale(o, m) && m.value <= 0.0 {
            let finding = Finding::error(
                "not-positive",
                format!("`{}` has logarithmic noise, so {} cannot be measured", o.id, m.value),
            )
            .help("give a value below detection as its limit with `left` in `censoring`, or use another noise distribution");
            self.at(finding, Table::Measurements, m.row, "measurement", "");
        }
    }

    /// A row with both `sd` and `noiseParameters`: they must say the same.
    fn both_scatters(&mut self, m: &Measurement, o: &Observable) {
        let Some(summary) = &m.summary else { return };
        let plain = match (&o.noise_formula.kind, o.noise_placeholders.as_slice()) {
            (Kind::Symbol(s), [only]) => s == only,
            _ => false,
        };
        let written = m
            .noise_parameters
            .first()
            .and_then(super::scatter::number_of);
        let expected = summary
            .reported(m.value, o.distribution)
            .map(|r| r.standard_error());
        if let (true, Some(written), Some(expected)) = (plain, written, expected) {
            // Tables are written with few digits.
            if (written - expected).abs() <= 0.005 * expected.abs() {
                return;
            }
            let finding = Finding::error(
                "conflicting-scatter",
                format!(
                    "`noiseParameters` is {written}, but `sd`, `sdKind` and `n` give the standard error {expected:.6}"
                ),
            )
            .help("leave `noiseParameters` empty: it is filled from the others");
            self.at(finding, Table::Measurements, m.row, "noiseParameters", "");
            return;
        }
        let finding = Finding::error(
            "conflicting-scatter",
            "this row gives both `sd` and `noiseParameters`",
        )
        .help("leave one of them empty: the reported scatter takes the place of the noise formula");
        self.at(finding, Table::Measurements, m.row, "noiseParameters", "");
    }

    fn relations(&mut self) {
        let p = self.problem;
        let experiments: HashSet<&str> = p.experiments.iter().map(|e| e.id.as_str()).collect();
        if self.broken.contains(&Table::Experiments) {
            return;
        }
        for r in &p.relations {
            for (expr, column) in [(&r.left, "left"), (&r.right, "right")] {
                let mut wrong = Vec::new();
                references(expr, &mut |name, span| {
                    let mut parts = name.split('@');
                    let (_, experiment) = (parts.next(), parts.next().unwrap_or_default());
                    if !experiment.is_empty() && !experiments.contains(experiment) {
                        wrong.push((experiment.to_string(), span));
                    }
                });
                for (experiment, span) in wrong {
                    let finding = Self::undefined(
                        "undefined-experiment",
                        "experiment",
                        &experiment,
                        experiments.iter().copied(),
                        "references are written `observable@experiment@time`",
                    );
                    match self.places.cell(Table::Relations, r.row, column) {
                        Some((source, _)) => {
                            let span = span.start as usize..span.end as usize;
                            self.findings.push(finding.at(&source, span, ""));
                        }
                        None => self.findings.push(finding),
                    }
                }
            }
        }
    }
}

fn count(n: usize, word: &str) -> String {
    match n {
        0 => format!("no {word}"),
        1 => format!("1 {word}"),
        _ => format!("{n} {word}s"),
    }
}

fn log_scale(o: &Observable, m: &Measurement) -> bool {
    use super::NoiseDistribution as D;
    let geometric = m
        .summary
        .as_ref()
        .is_some_and(|s| s.statistic == super::Statistic::Geomean);
    geometric || !matches!(o.distribution, D::Normal | D::Laplace)
}

/// Calls `visit` with every reference `observable@experiment@time` and its place.
fn references(expr: &Expr, visit: &mut dyn FnMut(&str, crate::math::Span)) {
    match &expr.kind {
        Kind::Symbol(name) if name.contains('@') => visit(name, expr.span),
        Kind::Symbol(_) | Kind::Number(_) | Kind::Quantity(..) | Kind::Bool(_) => {}
        Kind::Unary(_, a) | Kind::Convert(a, _) => references(a, visit),
        Kind::Binary(_, a, b) => {
            references(a, visit);
            references(b, visit);
        }
        Kind::Call(_, list) => list.iter().for_each(|a| references(a, visit)),
    }
}
