//! The terms of a linearised objective, correlated means made independent.

use crate::objective::terms::setting;
use crate::objective::{Data, Donors, Linearisation, RowInfo, RowKind};
use crate::problem::NoiseSetting;

/// Which term of the objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The value of a row.
    Row(usize),
    /// The σ of a row, where it is estimated.
    Sigma(usize),
    /// The prior of a coordinate.
    Prior(usize),
    /// A relation in the objective.
    Relation(usize),
}

/// A term `½·weight·(g·δ)²` of the linearised objective.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub(super) source: Source,
    pub(super) gradient: Vec<f64>,
    pub(super) weight: f64,
    /// Degrees of freedom of the variance that the weight was made from.
    pub(super) nu: f64,
    /// Terms with the same group share that variance.
    pub(super) group: usize,
    /// Block of correlated means that it belongs to; its gradient is the whitened one.
    pub(super) block: Option<usize>,
}

/// Correlated means among the terms.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub(super) donors: Donors,
    /// Terms, in the order of the group's rows.
    pub(super) terms: Vec<usize>,
    /// `½Cov(ln s_i², ln s_j²)`, row-major: ρ²/(n−1) for single SDs, the same number throughout for a pooled one.
    pub(super) spread: Vec<f64>,
}

/// Terms of a linearisation in fixed order: rows with their σ, priors, relations.
pub(super) fn terms(
    linearisation: &Linearisation,
    rows: &[RowInfo],
    data: &Data,
    n: usize,
) -> (Vec<Term>, Vec<Block>) {
    let n_rows = linearisation.rows.len();
    let mut list = Vec::new();
    for (i, (row, info)) in linearisation.rows.iter().zip(rows).enumerate() {
        let pooled = matches!(info.kind, RowKind::Mean { .. })
            && matches!(
                setting(info.noise, data.noise),
                NoiseSetting::PooledSd | NoiseSetting::PooledCv
            );
        if row.information > 0.0 {
            list.push(Term {
                source: Source::Row(i),
                gradient: row.gradient.clone(),
                weight: row.information,
                nu: row.nu,
                // Groups of pooled rows are counted after the rows, so that the numbers do not meet.
                group: if pooled { n_rows + info.group } else { i },
                block: None,
            });
        }
        if !row.log_sigma_gradient.is_empty() && row.log_sigma_information > 0.0 {
            list.push(Term {
                source: Source::Sigma(i),
                gradient: row.log_sigma_gradient.clone(),
                weight: row.log_sigma_information,
                nu: f64::INFINITY,
                group: i,
                block: None,
            });
        }
    }
    for prior in &linearisation.priors {
        if prior.precision > 0.0 && prior.coordinate < n {
            let mut gradient = vec![0.0; n];
            gradient[prior.coordinate] = 1.0;
            list.push(Term {
                source: Source::Prior(prior.coordinate),
                gradient,
                weight: prior.precision,
                nu: f64::INFINITY,
                group: 0,
                block: None,
            });
        }
    }
    for (i, relation) in linearisation.relations.iter().enumerate() {
        if relation.information > 0.0 {
            list.push(Term {
                source: Source::Relation(i),
                gradient: relation.gradient.clone(),
                weight: relation.information,
                nu: f64::INFINITY,
                group: 0,
                block: None,
            });
        }
    }
    let blocks = blocks(linearisation, rows, data, &mut list);
    (list, blocks)
}

/// Whitens the terms of correlated means: row i of a group gets the gradient `se_i·Σ_k (L⁻¹)_ik g_k/se_k`, so that its terms
/// are independent and the rest of the covariance is as for others.
fn blocks(
    linearisation: &Linearisation,
    rows: &[RowInfo],
    data: &Data,
    list: &mut [Term],
) -> Vec<Block> {
    let mut blocks = Vec::new();
    for group in &linearisation.donors {
        let at: Vec<usize> = group
            .rows
            .iter()
            .filter_map(|r| list.iter().position(|t| t.source == Source::Row(*r)))
            .collect();
        let m = group.len();
        if at.len() != m {
            continue;
        }
        let scaled: Vec<Vec<f64>> = at
            .iter()
            .map(|k| {
                let root = list[*k].weight.sqrt();
                list[*k].gradient.iter().map(|g| root * g).collect()
            })
            .collect();
        let n = scaled.first().map_or(0, Vec::len);
        for j in 0..n {
            let column: Vec<f64> = scaled.iter().map(|g| g[j]).collect();
            for (k, x) in at.iter().zip(group.whiten(&column)) {
                list[*k].gradient[j] = x / list[*k].weight.sqrt();
            }
        }
        let pooled = group
            .rows
            .first()
            .and_then(|r| rows.get(*r))
            .is_some_and(|r| {
                matches!(
                    setting(r.noise, data.noise),
                    NoiseSetting::PooledSd | NoiseSetting::PooledCv
                )
            });
        let nu = f64::from(group.n) - 1.0;
        // A pooled variance of m correlated ones has the mean of their squared correlations.
        let common =
            (1.0 + (m as f64 - 1.0) * group.correlation * group.correlation) / (m as f64 * nu);
        let spread = (0..m * m)
            .map(|k| {
                let r = group.correlation_of(k / m, k % m);
                if pooled { common } else { r * r / nu }
            })
            .collect();
        for k in &at {
            list[*k].block = Some(blocks.len());
        }
        blocks.push(Block {
            donors: group.clone(),
            terms: at,
            spread,
        });
    }
    blocks
}
