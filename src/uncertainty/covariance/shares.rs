//! Who determines what: leverages of rows, shares of priors, and what the misfit has left.

use std::collections::HashMap;

use super::terms::{Source, Term};
use super::{Covariance, dot};

impl Covariance {
    /// Leverage `h = w·g'Cg` of the value of each of `rows` rows, between 0 and 1: the variance of the fitted value over that of the
    /// mean.
    pub fn leverages(&self, rows: usize) -> Vec<f64> {
        let mut list = vec![0.0; rows];
        for t in &self.terms {
            if let Source::Row(row) = t.source
                && let Some(h) = list.get_mut(row)
            {
                *h += t.weight * dot(&t.gradient, &self.times(&t.gradient));
            }
        }
        for block in &self.blocks {
            for (at, row) in block.donors.rows.iter().enumerate() {
                let mut x = vec![0.0; self.n];
                for (k, t) in block.terms.iter().enumerate() {
                    if let Some(t) = self.terms.get(*t) {
                        for (s, g) in x.iter_mut().zip(&t.gradient) {
                            *s += block.donors.factor(at, k) * t.weight.sqrt() * g;
                        }
                    }
                }
                if let Some(h) = list.get_mut(*row) {
                    *h = dot(&x, &self.times(&x));
                }
            }
        }
        list.iter().map(|h| h.clamp(0.0, 1.0)).collect()
    }

    /// Part of the information on a coordinate that comes from its prior: prior precision × variance.
    pub fn prior_share(&self, j: usize) -> f64 {
        self.terms
            .iter()
            .filter(|t| t.source == Source::Prior(j))
            .map(|t| t.weight * self.at(j, j))
            .sum::<f64>()
            .clamp(0.0, 1.0)
    }

    /// Part of the information on a function with gradient `c` that comes from priors: Σ of their v over V.
    pub fn prior_share_of(&self, c: &[f64]) -> Option<f64> {
        if !self.determines(c) {
            return None;
        }
        let cc = self.times(c);
        let (mut prior, mut all) = (0.0, 0.0);
        for t in &self.terms {
            let v = t.weight * dot(&t.gradient, &cc) * dot(&t.gradient, &cc);
            all += v;
            if matches!(t.source, Source::Prior(_)) {
                prior += v;
            }
        }
        (all > 0.0).then(|| prior / all)
    }

    /// What the null distribution of χ² over the given rows needs: Σ(1 − h) and
    /// `A = Σ_g ½[tr M_g² + (tr M_g)²]/ν_g`, M = I − H of a group of rows with one variance (Johansen, Welch, James).
    pub fn misfit(&self, means: &[bool]) -> (f64, f64) {
        let rows: Vec<&Term> = self
            .terms
            .iter()
            .filter(
                |t| matches!(t.source, Source::Row(i) if means.get(i).copied().unwrap_or(false)),
            )
            .collect();
        let projected: Vec<Vec<f64>> = rows.iter().map(|t| self.times(&t.gradient)).collect();
        let hat = |i: usize, k: usize| {
            (rows[i].weight * rows[k].weight).sqrt() * dot(&rows[i].gradient, &projected[k])
        };
        let mut dof = 0.0;
        let mut a = 0.0;
        let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
        for (k, row) in rows.iter().enumerate() {
            members.entry(row.group).or_default().push(k);
        }
        for (i, row) in rows.iter().enumerate() {
            dof += (1.0 - hat(i, i)).max(0.0);
            if row.nu == f64::INFINITY || row.block.is_some() {
                continue;
            }
            // Taken away, so that a group counts once.
            let Some(members) = members.remove(&row.group) else {
                continue;
            };
            let (mut trace, mut square) = (0.0, 0.0);
            for &k in &members {
                for &l in &members {
                    let m = if k == l { 1.0 } else { 0.0 } - hat(k, l);
                    square += m * m;
                    if k == l {
                        trace += m;
                    }
                }
            }
            a += 0.5 * (square + trace * trace) / row.nu;
        }
        for block in &self.blocks {
            if block
                .donors
                .rows
                .iter()
                .all(|r| means.get(*r).copied().unwrap_or(false))
            {
                a += self.correlated_misfit(block);
            }
        }
        (dof, a)
    }
}
