//! Fast reactions as independent directions.
//!
//! Two reactions that turn the same way (A → B and B → A, or a ring) are at equilibrium together, not each on its own:
//! along a basis of their directions only the combined rates vanish.

use std::collections::BTreeMap;

use super::{product, sum};
use crate::math::Expr;
use crate::model::FastReaction;

/// A remainder below this part of the largest coefficient counts as 0.
const RANK_TOLERANCE: f64 = 1e-10;

/// What one turn of a reaction adds to each species.
type Turn = Vec<(String, Expr)>;

/// Combines reactions whose directions depend on one another. Coefficients that are no numbers count as independent.
pub(super) fn independent(reactions: Vec<(Expr, Turn)>) -> Vec<FastReaction> {
    let numbers: Option<Vec<BTreeMap<&str, f64>>> =
        reactions.iter().map(|(_, turn)| numeric(turn)).collect();
    // For each reaction: its coefficients over the basis of the reactions before it, or itself a member of the basis.
    let mut basis: Vec<usize> = Vec::new();
    let mut members: Vec<Vec<(usize, f64)>> = Vec::new();
    match &numbers {
        None => {
            basis = (0..reactions.len()).collect();
            members = basis.iter().map(|&i| vec![(i, 1.0)]).collect();
        }
        Some(columns) => {
            for (i, column) in columns.iter().enumerate() {
                match combination(&basis, columns, column) {
                    Some(coefficients) => {
                        for (member, c) in members.iter_mut().zip(coefficients) {
                            if c != 0.0 {
                                member.push((i, c));
                            }
                        }
                    }
                    None => {
                        basis.push(i);
                        members.push(vec![(i, 1.0)]);
                    }
                }
            }
        }
    }
    basis
        .iter()
        .zip(members)
        .map(|(&i, member)| {
            let terms = member
                .iter()
                .map(|&(k, c)| product(Expr::number(c), reactions[k].0.clone()));
            let changes = match &numbers {
                Some(columns) => columns[i]
                    .iter()
                    .map(|(species, v)| (species.to_string(), Expr::number(*v)))
                    .collect(),
                None => gathered(&reactions[i].1),
            };
            FastReaction {
                rate: sum(terms.collect()),
                changes,
            }
        })
        .collect()
}

/// Coefficients by species, if all are numbers.
fn numeric(turn: &Turn) -> Option<BTreeMap<&str, f64>> {
    let mut column = BTreeMap::new();
    for (species, change) in turn {
        *column.entry(species.as_str()).or_insert(0.0) += change.as_number()?;
    }
    Some(column)
}

/// Coefficients by species as expressions.
fn gathered(turn: &Turn) -> Turn {
    let mut all: BTreeMap<&str, Vec<Expr>> = BTreeMap::new();
    for (species, change) in turn {
        all.entry(species).or_default().push(change.clone());
    }
    all.into_iter()
        .map(|(species, terms)| (species.to_string(), sum(terms)))
        .collect()
}

/// The column as a combination of the basis, if it is one: Gaussian elimination with the basis as unknowns.
fn combination(
    basis: &[usize],
    columns: &[BTreeMap<&str, f64>],
    column: &BTreeMap<&str, f64>,
) -> Option<Vec<f64>> {
    let mut species: Vec<&str> = column.keys().copied().collect();
    for &b in basis {
        species.extend(columns[b].keys());
    }
    species.sort_unstable();
    species.dedup();
    let width = basis.len() + 1;
    let entry = |c: &BTreeMap<&str, f64>, s: &str| c.get(s).copied().unwrap_or(0.0);
    let mut rows: Vec<Vec<f64>> = species
        .iter()
        .map(|s| {
            let known = basis.iter().map(|&b| entry(&columns[b], s));
            known.chain([entry(column, s)]).collect()
        })
        .collect();
    let largest = rows.iter().flatten().fold(0.0_f64, |a, v| a.max(v.abs()));
    let negligible = RANK_TOLERANCE * largest;
    let mut pivot_of = vec![None; basis.len()];
    let mut used = vec![false; rows.len()];
    for (k, slot) in pivot_of.iter_mut().enumerate() {
        let free = (0..rows.len()).filter(|&i| !used[i]);
        let row = free.max_by(|&a, &b| rows[a][k].abs().total_cmp(&rows[b][k].abs()))?;
        if rows[row][k].abs() <= negligible {
            continue;
        }
        used[row] = true;
        *slot = Some(row);
        let pivot = rows[row].clone();
        for (i, other) in rows.iter_mut().enumerate() {
            let factor = other[k] / pivot[k];
            if i != row && factor != 0.0 {
                for (x, v) in other.iter_mut().zip(&pivot) {
                    *x -= factor * v;
                }
            }
        }
    }
    let fits = (0..rows.len()).all(|i| used[i] || rows[i][width - 1].abs() <= negligible);
    fits.then(|| {
        pivot_of
            .iter()
            .enumerate()
            .map(|(k, row)| row.map_or(0.0, |r| rows[r][width - 1] / rows[r][k]))
            .collect()
    })
}
