//! Evaluation of an [`Objective`].

use crate::search::Want;

use super::memory::{Delivered, Memory};
use super::quantity::Quantity;
use super::readings::Workspace;
use super::rows::RowSums;
use super::target::{
    Data, EvalError, Evaluated, Linearisation, PriorTerm, RelationTerm, RowKind, RowTerm, Target,
};
use super::{Coordinate, Donors, Objective, RowInfo};

impl Target for Objective {
    type Workspace = Workspace;
    type Quantity = Quantity;

    fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }
    fn rows(&self) -> &[RowInfo] {
        &self.rows
    }
    fn data(&self) -> &Data {
        &self.data
    }
    fn donors(&self) -> &[Donors] {
        &self.donors
    }
    fn workspace(&self) -> Workspace {
        let (rows, n, probes) = (self.rows.len(), self.coordinates.len(), self.probes.len());
        Workspace {
            simulations: vec![None; self.rooms.iter().max().map_or(0, |r| r + 1)],
            now: Delivered {
                values: vec![0.0; rows],
                sigmas: vec![0.0; rows],
                by_theta: vec![0.0; rows * n],
                sigma_by_theta: vec![0.0; rows * n],
                probe_values: vec![0.0; probes],
                probe_by_theta: vec![0.0; probes * n],
            },
            slopes: vec![0.0; n],
            memory: Memory::default(),
        }
    }

    fn evaluate(
        &self,
        theta: &[f64],
        data: &Data,
        want: Want,
        ws: &mut Workspace,
    ) -> Result<Evaluated, EvalError> {
        let derivatives = want == Want::Derivatives;
        let table = self.simulate(theta, derivatives, ws)?;
        let n = self.coordinates.len();
        let mut out = Evaluated::default();
        if derivatives {
            out.gradient = vec![0.0; n];
            out.curvature = vec![0.0; n * n];
        }
        let mut all: Vec<RowSums> = (0..self.rows.len())
            .map(|row| self.row_sums(row, data, ws))
            .collect();
        let joint = self.join(data, &mut all);
        for (row, sums) in all.iter_mut().enumerate() {
            let weight = data.weight_of(row);
            if weight == 0.0 {
                continue;
            }
            sums.term.weigh(weight);
            let term = sums.term;
            out.parts.nllh += term.nllh;
            if term.residual.is_finite() {
                let square = weight * term.residual * term.residual;
                out.parts.chi2 += square;
                if matches!(self.rows[row].kind, RowKind::Mean { .. }) {
                    out.parts.chi2_means += square;
                }
            }
            if !term.nllh.is_finite() {
                return Err(EvalError::NotFinite {
                    what: format!(
                        "the likelihood of `{}` in `{}` at {} (simulated {}, sigma {})",
                        self.rows[row].observable,
                        self.rows[row].experiment,
                        self.rows[row].time,
                        ws.now.values[row],
                        sums.sigma
                    ),
                });
            }
            if derivatives {
                let g = &ws.now.by_theta[row * n..(row + 1) * n];
                let by_value = term.by_value * sums.slope;
                let curvature = term.curvature * sums.slope * sums.slope;
                add_outer(&mut out, g, by_value, curvature);
                if sums.sigma_depends {
                    let g = &ws.now.sigma_by_theta[row * n..(row + 1) * n];
                    let per = 1.0 / sums.sigma;
                    add_outer(
                        &mut out,
                        g,
                        term.by_log_sigma * per,
                        term.curvature_log_sigma * per * per,
                    );
                }
            }
        }
        if derivatives {
            for (group, curvature) in self.donors.iter().zip(&joint) {
                let slope = |i: usize| group.rows.get(i).map_or(0.0, |r| all[*r].slope);
                for (i, a) in group.rows.iter().enumerate() {
                    for (j, b) in group.rows.iter().enumerate() {
                        if i != j {
                            let weight = curvature[i * group.len() + j] * slope(i) * slope(j);
                            let (g, h) = (&ws.now.by_theta[a * n..], &ws.now.by_theta[b * n..]);
                            add_cross(&mut out, &g[..n], &h[..n], weight);
                        }
                    }
                }
            }
        }
        self.add_priors(theta, data, &mut out, derivatives);
        for (which, r) in self.relations.iter().filter(|r| r.penalty).enumerate() {
            let (left, dl) = self.quantity_from(&r.left, &table, derivatives, ws);
            let (right, dr) = self.quantity_from(&r.right, &table, derivatives, ws);
            let holds = data.relation_holds.get(which).copied().unwrap_or(true);
            let (value, slope, curvature, _) = self.relation_term(r, left, right, holds);
            if !value.is_finite() {
                return Err(EvalError::NotFinite {
                    what: format!("relation `{}`", r.id),
                });
            }
            out.parts.penalty += value;
            if derivatives {
                let g: Vec<f64> = dl.iter().zip(&dr).map(|(a, b)| a - b).collect();
                add_outer(&mut out, &g, slope, curvature);
            }
        }
        out.value = out.parts.nllh - out.parts.log_prior + out.parts.penalty;
        if !out.value.is_finite() || out.gradient.iter().any(|x| !x.is_finite()) {
            return Err(EvalError::NotFinite {
                what: "the objective or its gradient".into(),
            });
        }
        Ok(out)
    }

    fn linearise(
        &self,
        theta: &[f64],
        data: &Data,
        ws: &mut Workspace,
    ) -> Result<Linearisation, EvalError> {
        let table = self.simulate(theta, true, ws)?;
        let n = self.coordinates.len();
        let mut out = Linearisation::default();
        for row in 0..self.rows.len() {
            let sums = self.row_sums(row, data, ws);
            let g = &ws.now.by_theta[row * n..(row + 1) * n];
            let weight = data.weight_of(row);
            let information = match self.rows[row].kind {
                RowKind::Limit { .. } => sums.term.curvature,
                _ => 1.0 / (sums.sigma * sums.sigma),
            };
            let by_sigma = &ws.now.sigma_by_theta[row * n..(row + 1) * n];
            let log_sigma_gradient = if sums.sigma_depends && by_sigma.iter().any(|x| *x != 0.0) {
                by_sigma.iter().map(|x| x / sums.sigma).collect()
            } else {
                Vec::new()
            };
            out.rows.push(RowTerm {
                simulated: ws.now.values[row],
                sigma: sums.sigma,
                residual: sums.term.residual,
                nllh: weight * sums.term.nllh,
                gradient: g.iter().map(|x| x * sums.slope).collect(),
                information: weight * information,
                nu: sums.nu,
                log_sigma_gradient,
                log_sigma_information: weight * sums.term.curvature_log_sigma,
            });
        }
        out.donors.clone_from(&self.donors);
        for (k, prior) in self.priors.iter().enumerate() {
            let Some(prior) = prior else { continue };
            let Some(centre) = data.prior_centre[k] else {
                continue;
            };
            let (_, _, curvature) = self.prior_at(k, prior, theta[k], data);
            out.priors.push(PriorTerm {
                coordinate: k,
                centre,
                precision: (-curvature).max(0.0),
            });
        }
        for (which, r) in self.relations.iter().filter(|r| r.penalty).enumerate() {
            let (left, dl) = self.quantity_from(&r.left, &table, true, ws);
            let (right, dr) = self.quantity_from(&r.right, &table, true, ws);
            let holds = data.relation_holds.get(which).copied().unwrap_or(true);
            let (_, _, information, z) = self.relation_term(r, left, right, holds);
            let (surprise, ..) = self.relation_term(r, left, right, true);
            out.relations.push(RelationTerm {
                z,
                gradient: dl.iter().zip(&dr).map(|(a, b)| a - b).collect(),
                information,
                probability: libm::exp(-surprise),
            });
        }
        Ok(out)
    }

    fn predict(
        &self,
        quantity: &Quantity,
        theta: &[f64],
        ws: &mut Workspace,
    ) -> Result<(f64, Vec<f64>), EvalError> {
        let mut list = self.predict_all(&[quantity], theta, true, ws)?;
        Ok(list.pop().unwrap_or_default())
    }
}

/// Adds `slope·g` to the gradient and `curvature·g·gᵀ` to the curvature, in fixed order.
fn add_outer(out: &mut Evaluated, g: &[f64], slope: f64, curvature: f64) {
    let n = g.len();
    for i in 0..n {
        if g[i] == 0.0 {
            continue;
        }
        out.gradient[i] += slope * g[i];
        let weight = curvature * g[i];
        for (o, x) in out.curvature[i * n..(i + 1) * n].iter_mut().zip(g) {
            *o += weight * x;
        }
    }
}

/// Adds `weight·g·hᵀ` to the curvature, in fixed order.
fn add_cross(out: &mut Evaluated, g: &[f64], h: &[f64], weight: f64) {
    for (row, g) in out.curvature.chunks_mut(h.len()).zip(g) {
        let weight = weight * g;
        for (o, x) in row.iter_mut().zip(h) {
            *o += weight * x;
        }
    }
}
