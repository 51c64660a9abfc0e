//! The observable table.

use super::super::cells::{Cells, check_columns};
use super::super::findings::Findings;
use super::super::sheet::Sheet;
use super::super::{NoiseDistribution, NoiseSetting, Observable};
use super::Format;
use crate::diagnostic::Finding;
use crate::math::{Expr, Syntax};

const DISTRIBUTIONS_V2: [(&str, NoiseDistribution); 4] = [
    ("normal", NoiseDistribution::Normal),
    ("log-normal", NoiseDistribution::LogNormal),
    ("laplace", NoiseDistribution::Laplace),
    ("log-laplace", NoiseDistribution::LogLaplace),
];
const NOISE: [(&str, NoiseSetting); 4] = [
    ("known_sd", NoiseSetting::KnownSd),
    ("exact_summary", NoiseSetting::ExactSummary),
    ("pooled_sd", NoiseSetting::PooledSd),
    ("pooled_cv", NoiseSetting::PooledCv),
];
/// Columns of both versions.
const KNOWN: [&str; 8] = [
    "observableId",
    "observableName",
    "observableFormula",
    "observableTransformation",
    "noiseFormula",
    "noiseDistribution",
    "observablePlaceholders",
    "noisePlaceholders",
];

/// Reads an observable table.
pub(in super::super) fn observables(
    sheet: &Sheet,
    format: Format,
    findings: &mut Findings,
) -> Vec<Observable> {
    let v1 = format.version == 1;
    let only = |on: bool, name: &str| on.then(|| sheet.column(name)).flatten();
    let id = sheet.require("observableId", findings);
    let name = sheet.column("observableName");
    let formula = sheet.require("observableFormula", findings);
    // With reported scatter in the measurement table a noise formula may be left out.
    let noise_formula = if format.extended {
        sheet.column("noiseFormula")
    } else {
        sheet.require("noiseFormula", findings)
    };
    let distribution = sheet.column("noiseDistribution");
    let transformation = only(v1, "observableTransformation");
    let placeholders = only(!v1, "observablePlaceholders");
    let noise_placeholders = only(!v1, "noisePlaceholders");
    let unit = only(format.extended, "unit");
    let noise = only(format.extended, "noise");
    let known: Vec<&'static str> = KNOWN
        .into_iter()
        .filter(|k| match *k {
            "observableTransformation" => v1,
            "observablePlaceholders" | "noisePlaceholders" => !v1,
            _ => true,
        })
        .collect();
    check_columns(sheet, &known, findings);
    let mut list = Vec::new();
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let id = if v1 {
            cells.id(id)
        } else {
            cells.declared_id(id)
        };
        let formula = cells.expression(formula, Syntax::PETAB);
        let mut named = cells.ids(noise_placeholders);
        let noise_formula = if format.extended && cells.given(noise_formula).is_none() {
            // Every row then has to bring its own scatter; one that does not is missing its value of this placeholder.
            let own = format!("se_{}", id.clone().unwrap_or_default());
            named = vec![own.clone()];
            Some(Expr::symbol(own))
        } else {
            cells.expression(noise_formula, Syntax::PETAB)
        };
        let distribution = if v1 {
            distribution_v1(&mut cells, distribution, transformation)
        } else {
            cells.word(distribution, &DISTRIBUTIONS_V2, NoiseDistribution::Normal)
        };
        let placeholders = cells.ids(placeholders);
        let noise = cells.word(noise, &NOISE, NoiseSetting::KnownSd);
        let (Some(id), Some(formula), Some(noise_formula)) = (id, formula, noise_formula) else {
            continue;
        };
        let mut observable = Observable {
            name: cells.note(name).unwrap_or_default(),
            formula,
            noise_formula,
            placeholders,
            noise_placeholders: named,
            distribution: distribution.unwrap_or_default(),
            unit: cells.note(unit),
            noise: noise.unwrap_or_default(),
            row: cells.row.number,
            id,
        };
        if v1 {
            find_placeholders(&mut observable, &mut cells);
        }
        list.push(observable);
    }
    list
}

fn distribution_v1(
    cells: &mut Cells,
    distribution: Option<usize>,
    transformation: Option<usize>,
) -> Option<NoiseDistribution> {
    use NoiseDistribution as D;
    let laplace = cells.word(distribution, &[("normal", false), ("laplace", true)], false)?;
    let log = cells.word(
        transformation,
        &[("lin", None), ("log", Some(false)), ("log10", Some(true))],
        None,
    )?;
    Some(match (laplace, log) {
        (false, None) => D::Normal,
        (false, Some(false)) => D::LogNormal,
        (false, Some(true)) => D::Log10Normal,
        (true, None) => D::Laplace,
        (true, Some(false)) => D::LogLaplace,
        (true, Some(true)) => D::Log10Laplace,
    })
}

/// Placeholders of version 1 are known by their names: `observableParameter1_id`, `noiseParameter1_id`, from 1 without gaps.
fn find_placeholders(o: &mut Observable, cells: &mut Cells) {
    for noise in [false, true] {
        let prefix = if noise {
            "noiseParameter"
        } else {
            "observableParameter"
        };
        let mut numbers: Vec<usize> = Vec::new();
        let mut collect = |e: &Expr| {
            e.for_each_symbol(&mut |name| {
                if let Some(n) = placeholder_number(name, prefix, &o.id)
                    && !numbers.contains(&n)
                {
                    numbers.push(n);
                }
            });
        };
        collect(&o.formula);
        collect(&o.noise_formula);
        numbers.sort_unstable();
        let list = (1..=numbers.len())
            .map(|n| format!("{prefix}{n}_{}", o.id))
            .collect();
        if numbers.last().is_some_and(|last| *last != numbers.len()) {
            let column = if noise {
                "noiseFormula"
            } else {
                "observableFormula"
            };
            let finding = Finding::error(
                "placeholder-gap",
                format!(
                    "the placeholders of `{}` are not numbered from 1 without gaps",
                    o.id
                ),
            )
            .help(format!(
                "number them `{prefix}1_{}`, `{prefix}2_{}`, …",
                o.id, o.id
            ));
            let column = cells.row.sheet.column(column);
            cells.report(finding, column, "");
        }
        if noise {
            o.noise_placeholders = list;
        } else {
            o.placeholders = list;
        }
    }
}

fn placeholder_number(name: &str, prefix: &str, id: &str) -> Option<usize> {
    let rest = name.strip_prefix(prefix)?;
    let (number, observable) = rest.split_once('_')?;
    (observable == id).then(|| number.parse().ok()).flatten()
}
