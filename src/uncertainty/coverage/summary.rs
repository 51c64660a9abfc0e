//! From data sets to the table.

use std::collections::BTreeMap;

use crate::objective::Target;

use super::super::draw::informative;
use super::{
    Cell, Context, Coverage, CoverageRow, CoverageSet, CoveredParameter, KINDS, SizeRow, targets,
};

/// Kind whose ends say whether a parameter is identified.
const REFERENCE: &str = "profile";

/// Nominal size of the goodness-of-fit tests.
const SIZE: f64 = 0.05;

/// The coverage table: every kind by parameter and its mean over parameters, each share with its binomial error.
pub fn summarise<T: Target>(ctx: &Context<'_, T>, sets: &[CoverageSet]) -> Coverage {
    let mut list: Vec<&CoverageSet> = sets.iter().collect();
    list.sort_by_key(|s| s.index);
    let mut failed: BTreeMap<String, u64> = BTreeMap::new();
    for reason in list.iter().filter_map(|s| s.failure.as_ref()) {
        *failed.entry(reason.clone()).or_insert(0) += 1;
    }
    let good: Vec<&CoverageSet> = list
        .iter()
        .filter(|s| s.failure.is_none())
        .copied()
        .collect();
    let coordinates = ctx.target.coordinates();
    let mut reference = vec![None; coordinates.len()];
    let mut rows = Vec::new();
    for (at, kind) in KINDS.iter().enumerate() {
        let cells_of = |j: usize| -> Vec<Cell> {
            good.iter()
                .filter_map(|s| s.cells.get(at)?.get(j).copied().flatten())
                .collect()
        };
        let mut own = Vec::new();
        for (j, c) in coordinates.iter().enumerate() {
            let cells = cells_of(j);
            if cells.is_empty() {
                continue;
            }
            let row = row(Some(c.id.clone()), kind, &cells, reference[j]);
            if at == 0 {
                reference[j] = row.median_width;
            }
            own.push(CoverageRow {
                relative_width: ratio(row.median_width, reference[j]),
                ..row
            });
        }
        if !own.is_empty() {
            rows.push(mean(kind, &own));
            rows.extend(own);
        }
    }
    let sizes: Vec<SizeRow> = ["chi2", "johansen_f", "bootstrap"]
        .iter()
        .enumerate()
        .filter_map(|(i, test)| {
            let p: Vec<f64> = good.iter().filter_map(|s| s.p_values[i]).collect();
            (!p.is_empty()).then(|| {
                let n = p.len() as f64;
                let share = p.iter().filter(|p| **p < SIZE).count() as f64 / n;
                SizeRow {
                    test: (*test).into(),
                    nominal: SIZE,
                    sets: p.len() as u64,
                    rejected: Some(share),
                    standard_error: Some((share * (1.0 - share) / n).sqrt()),
                }
            })
        })
        .collect();
    let parameters: Vec<CoveredParameter> = coordinates
        .iter()
        .enumerate()
        .map(|(j, c)| {
            let shares: Vec<f64> = good
                .iter()
                .filter_map(|s| s.prior_share.get(j).copied())
                .collect();
            // An empty sum is −0 in IEEE arithmetic.
            let share = shares.iter().sum::<f64>() / shares.len().max(1) as f64 + 0.0;
            let open = rows
                .iter()
                .find(|r| r.method == REFERENCE && r.id.as_ref() == Some(&c.id))
                .and_then(|r| r.open);
            CoveredParameter::new(
                &c.id,
                share,
                open.map(|o| 1.0 - o),
                informative(c).is_some(),
            )
        })
        .collect();
    Coverage {
        level: ctx.options.level,
        samples: list.len() as u64,
        succeeded: good.len() as u64,
        failed,
        violation: ctx.options.violation.name(),
        drawn_from_priors: coordinates
            .iter()
            .filter(|c| informative(c).is_some())
            .map(|c| c.id.clone())
            .collect(),
        targets: targets(
            ctx.options.level,
            &ctx.options.violation,
            &parameters,
            &rows,
            &sizes,
        ),
        rows,
        sizes,
        parameters,
    }
}

fn ratio(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.zip(b).map(|(a, b)| a / b).filter(|r| r.is_finite())
}

fn row(id: Option<String>, kind: &str, cells: &[Cell], reference: Option<f64>) -> CoverageRow {
    let n = cells.len() as f64;
    let share = |miss: i8| cells.iter().filter(|c| c.miss == miss).count() as f64 / n;
    let covered = share(0);
    let mut widths: Vec<f64> = cells.iter().filter_map(|c| c.width).collect();
    widths.sort_by(f64::total_cmp);
    let known: Vec<bool> = cells.iter().filter_map(|c| c.open).collect();
    let median = widths.get(widths.len() / 2).copied();
    CoverageRow {
        id,
        method: kind.into(),
        sets: cells.len() as u64,
        covered: Some(covered),
        standard_error: Some((covered * (1.0 - covered) / n).sqrt()),
        missed_below: Some(share(-1)),
        missed_above: Some(share(1)),
        median_width: median,
        relative_width: ratio(median, reference),
        open: (!known.is_empty())
            .then(|| known.iter().filter(|o| **o).count() as f64 / known.len() as f64),
    }
}

/// Mean of a kind over its parameters; the error is that of one parameter, since sets are shared.
fn mean(kind: &str, rows: &[CoverageRow]) -> CoverageRow {
    let of = |f: fn(&CoverageRow) -> Option<f64>| -> Option<f64> {
        let list: Vec<f64> = rows.iter().filter_map(f).collect();
        (!list.is_empty()).then(|| list.iter().sum::<f64>() / list.len() as f64)
    };
    CoverageRow {
        id: None,
        method: kind.into(),
        sets: rows.iter().map(|r| r.sets).min().unwrap_or(0),
        covered: of(|r| r.covered),
        standard_error: of(|r| r.standard_error),
        missed_below: of(|r| r.missed_below),
        missed_above: of(|r| r.missed_above),
        median_width: None,
        relative_width: of(|r| r.relative_width),
        open: of(|r| r.open),
    }
}
