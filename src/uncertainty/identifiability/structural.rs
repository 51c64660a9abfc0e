//! What the structure of the rows can determine.

use super::super::covariance::{Covariance, Undetermined};
use super::words::{in_words, involved};
use super::{FreeCombination, Structural};
use crate::fit::start_point;
use crate::objective::{Data, Linearisation, Target};

/// Relative singular value below which a direction counts as structurally free: sensitivities carry errors of the
/// integration, about 1e-8 at the default tolerances, and a direction is looked at again by a finite move.
const STRUCTURAL_TOLERANCE: f64 = 1e-7;
/// Finite move along a free direction, in units of its largest component on the estimation scale.
const MOVE: f64 = 0.1;
/// Largest change of a row under that move, relative to what its largest sensitivity would make of a move of that size.
const UNCHANGED: f64 = 1e-4;
/// Components of a direction below this (largest: 1) are none.
pub(super) const NO_PART: f64 = 1e-3;

/// Structural identifiability: rank of the sensitivities of all rows at `points` random points within the bounds, priors
/// and relations left out, and the combinations that stay free, in words.
///
/// A direction that is the same at every point is a product or ratio (on logarithmic scales); it is confirmed by a finite
/// move along it. Where the rank is lower than the constant directions explain, the parameters involved are named.
///
/// # References
/// Jacquez & Greif (1985) Math. Biosci. 77:201 (local identifiability by rank at generic points).
pub fn structural<T: Target>(target: &T, data: &Data, seed: u64, points: usize) -> Structural {
    let coordinates = target.coordinates();
    let n = coordinates.len();
    let mut ws = target.workspace();
    let (mut rank, mut failed, mut used) = (0, 0, 0);
    let mut stack = Linearisation::default();
    let mut infos = Vec::new();
    let mut seen: Vec<Vec<f64>> = Vec::new();
    let mut local: Vec<Undetermined> = Vec::new();
    for index in 1..=points {
        let theta = start_point(target, seed, index, points + 1);
        let at = target
            .linearise(&theta, data, &mut ws)
            .ok()
            .map(rows_only)
            .filter(|l| {
                l.rows
                    .iter()
                    .all(|r| r.gradient.iter().all(|g| g.is_finite()))
            });
        let Some(at) = at else {
            failed += 1;
            continue;
        };
        used += 1;
        let c = Covariance::with_tolerance(&at, target.rows(), data, STRUCTURAL_TOLERANCE, n);
        let own = n - c.undetermined().len();
        if own > rank || local.is_empty() {
            local = c.undetermined().to_vec();
        }
        rank = rank.max(own);
        stack.rows.extend(at.rows);
        infos.extend(target.rows().iter().cloned());
        seen.push(theta);
    }
    let mut free = Vec::new();
    if used > 0 && rank < n {
        let stacked = Data {
            weight: None,
            ..data.clone()
        };
        let c = Covariance::with_tolerance(&stack, &infos, &stacked, STRUCTURAL_TOLERANCE, n);
        let mut basis: Vec<Vec<f64>> = c
            .undetermined()
            .iter()
            .map(|u| u.direction.clone())
            .collect();
        reduce(&mut basis);
        for direction in basis {
            if seen
                .first()
                .is_some_and(|theta| !unchanged(target, data, theta, &direction, &mut ws))
            {
                continue;
            }
            free.push(FreeCombination {
                parameters: involved(coordinates, &direction),
                text: in_words(coordinates, &direction),
                direction,
                constant: true,
            });
        }
        if free.len() < n - rank {
            let mut basis: Vec<Vec<f64>> = local.iter().map(|u| u.direction.clone()).collect();
            reduce(&mut basis);
            for direction in basis {
                let parameters = involved(coordinates, &direction);
                if free.iter().any(|f| f.parameters == parameters) {
                    continue;
                }
                free.push(FreeCombination {
                    text: format!(
                        "a change of {} that no row of data shows: which combination stays free depends on the point",
                        parameters.join(", ")
                    ),
                    parameters,
                    direction,
                    constant: false,
                });
            }
        }
    }
    Structural {
        rank,
        n_estimated: n,
        points: used,
        failed,
        free,
    }
}

/// The rows alone, each counted where it carries information at all.
fn rows_only(l: Linearisation) -> Linearisation {
    Linearisation {
        rows: l.rows,
        ..Linearisation::default()
    }
}

/// Whether a finite move along a direction leaves every row as it is.
fn unchanged<T: Target>(
    target: &T,
    data: &Data,
    theta: &[f64],
    direction: &[f64],
    ws: &mut T::Workspace,
) -> bool {
    let coordinates = target.coordinates();
    let inside = |sign: f64| -> Vec<f64> {
        theta
            .iter()
            .zip(direction)
            .map(|(x, d)| x + sign * MOVE * d)
            .collect()
    };
    let fits = |p: &[f64]| {
        p.iter()
            .zip(coordinates)
            .all(|(x, c)| (c.lower..=c.upper).contains(x))
    };
    let Some(moved) = [inside(1.0), inside(-1.0)].into_iter().find(|p| fits(p)) else {
        // No room to move: the rank at the other points has to do.
        return true;
    };
    let (Ok(a), Ok(b)) = (
        target.linearise(theta, data, ws),
        target.linearise(&moved, data, ws),
    ) else {
        return true;
    };
    a.rows.iter().zip(&b.rows).all(|(p, q)| {
        let steepest = p.gradient.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
        (q.simulated - p.simulated).abs() <= UNCHANGED * (steepest * MOVE + p.simulated.abs())
    })
}

/// Reduced echelon form, so that each direction has as few parameters as can be.
fn reduce(basis: &mut [Vec<f64>]) {
    let n = basis.first().map_or(0, Vec::len);
    let mut row = 0;
    for column in 0..n {
        let Some(pivot) = (row..basis.len())
            .max_by(|&a, &b| basis[a][column].abs().total_cmp(&basis[b][column].abs()))
        else {
            break;
        };
        if basis[pivot][column].abs() < NO_PART {
            continue;
        }
        basis.swap(row, pivot);
        let head = basis[row][column];
        for x in &mut basis[row] {
            *x /= head;
        }
        let pivot_row = basis[row].clone();
        for (k, other) in basis.iter_mut().enumerate() {
            if k != row {
                let factor = other[column];
                for (x, p) in other.iter_mut().zip(&pivot_row) {
                    *x -= factor * p;
                }
            }
        }
        row += 1;
    }
    for v in basis.iter_mut() {
        let largest = v.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        for x in v.iter_mut() {
            *x = if x.abs() < NO_PART * largest {
                0.0
            } else {
                *x / largest
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_reduced_to_the_fewest_parameters() {
        let mut basis = vec![vec![1.0, 1.0, 1.0, 1.0], vec![1.0, 1.0, -1.0, -1.0]];
        reduce(&mut basis);
        assert_eq!(basis[0], [1.0, 1.0, 0.0, 0.0]);
        assert_eq!(basis[1], [0.0, 0.0, 1.0, 1.0]);
    }
}
