//! Responses of one parameter vector over the plane of two doses.

use crate::objective::EvalError;

use super::super::Response;
use super::CombineSetup;
use super::alone::{Pair, Panels};
use super::chebyshev::{Nodes, dot};

/// Part of the largest effect below which a drug alone does nothing.
pub(super) const NOTHING: f64 = 0.01;

/// One axis of the plane: where it is simulated, and how the doses of the surface follow from that.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    /// Doses simulated.
    pub doses: Vec<f64>,
    /// Per dose of the surface: weights of the simulated doses (`None`: it is the simulated dose of the same index).
    pub basis: Option<Vec<Vec<f64>>>,
    nodes: Option<Nodes>,
}

impl Axis {
    /// The doses of the surface themselves.
    pub fn direct(doses: &[f64]) -> Self {
        Self {
            doses: doses.to_vec(),
            basis: None,
            nodes: None,
        }
    }
    /// `n` Chebyshev points in the logarithm of the dose.
    pub fn interpolated(doses: &[f64], n: usize) -> Self {
        let (Some(first), Some(last)) = (doses.first(), doses.last()) else {
            return Self::direct(doses);
        };
        let nodes = Nodes::new(libm::log10(*first), libm::log10(*last), n);
        let place = |d: &f64| {
            nodes.basis(if d == first {
                nodes.x[0]
            } else if d == last {
                nodes.x[n - 1]
            } else {
                libm::log10(*d)
            })
        };
        Self {
            doses: nodes.x.iter().map(|x| libm::exp10(*x)).collect(),
            basis: Some(doses.iter().map(place).collect()),
            nodes: Some(nodes),
        }
    }
    /// Number of interpolation points, 0 if there is no interpolation.
    pub fn nodes(&self) -> usize {
        self.nodes.as_ref().map_or(0, |n| n.x.len())
    }
    /// Value of the interpolant through `values` at log10 of a dose.
    fn at(&self, values: &[f64], x: f64) -> f64 {
        match &self.nodes {
            Some(n) => dot(&n.basis(x), values),
            None => f64::NAN,
        }
    }
    /// Values at the doses of the surface.
    fn spread(&self, values: &[f64]) -> Vec<f64> {
        match &self.basis {
            None => values.to_vec(),
            Some(list) => list.iter().map(|b| dot(b, values)).collect(),
        }
    }
}

/// Where everything is simulated.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub axes: [Axis; 2],
    pub panels: [Panels; 2],
}

/// Responses of one parameter vector.
#[derive(Debug, Clone)]
pub(super) struct Sampled {
    /// Response without drugs.
    pub control: f64,
    /// Response at the full effect.
    full: f64,
    /// Responses at the simulated pairs, row by row of the first drug.
    values: Vec<f64>,
    /// Effects of each drug alone at the doses of the surface.
    pub alone: [Vec<f64>; 2],
    /// Loewe's reference and the direction of the effect, or why there is none.
    pub pair: Result<(Pair, f64), Refusal>,
}

/// Why there is no dose additivity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The drug of this index does nothing alone.
    Nothing(usize),
    /// The drugs act in opposite directions.
    Opposite,
}

/// Simulates one parameter vector: a pure function of it.
pub(super) fn sample<R: Response>(
    response: &R,
    setup: &CombineSetup,
    plan: &Plan,
    theta: &[f64],
    ws: &mut R::Workspace,
) -> Result<Sampled, EvalError> {
    let mut value = |a: f64, b: f64| response.value(theta, &[a, b], ws);
    let control = value(0.0, 0.0)?;
    let full = setup.full;
    let effect = |r: f64| (r - control) / (full - control);
    let [first, second] = &plan.axes;
    let mut values = Vec::with_capacity(first.doses.len() * second.doses.len());
    for &a in &first.doses {
        for &b in &second.doses {
            values.push(value(a, b)?);
        }
    }
    let mut alone: [Vec<f64>; 2] = Default::default();
    let mut extended: [Vec<f64>; 2] = Default::default();
    for which in 0..2 {
        let mut at = |d: f64| {
            if which == 0 {
                value(d, 0.0)
            } else {
                value(0.0, d)
            }
        };
        let axis = &plan.axes[which];
        let responses = axis
            .doses
            .iter()
            .map(|d| at(*d))
            .collect::<Result<Vec<f64>, _>>()?;
        let effects: Vec<f64> = responses.into_iter().map(effect).collect();
        alone[which] = axis.spread(&effects);
        let mut last = 0.0;
        extended[which] = plan.panels[which]
            .points()
            .into_iter()
            .map(|x| {
                // Where the simulation of an extreme dose fails, the drug is taken to have had its effect.
                if let Ok(r) = at(libm::exp10(x)) {
                    last = effect(r);
                }
                last
            })
            .collect();
    }
    let pair = pair(plan, &alone, &values, effect, &extended);
    Ok(Sampled {
        control,
        full,
        values,
        alone,
        pair,
    })
}

fn pair(
    plan: &Plan,
    alone: &[Vec<f64>; 2],
    values: &[f64],
    effect: impl Fn(f64) -> f64,
    extended: &[Vec<f64>; 2],
) -> Result<(Pair, f64), Refusal> {
    let largest = |list: &[f64]| {
        list.iter()
            .fold(0.0f64, |m, e| if e.abs() > m.abs() { *e } else { m })
    };
    let tops = [largest(&alone[0]), largest(&alone[1])];
    let together = values.iter().fold(0.0f64, |m, r| m.max(effect(*r).abs()));
    let most = together.max(tops[0].abs()).max(tops[1].abs());
    for (which, top) in tops.iter().enumerate() {
        if top.abs() <= NOTHING * most {
            return Err(Refusal::Nothing(which));
        }
    }
    if (tops[0] > 0.0) != (tops[1] > 0.0) {
        return Err(Refusal::Opposite);
    }
    let sign = if tops[0] > 0.0 { 1.0 } else { -1.0 };
    let table = |which: usize| {
        let effects: Vec<f64> = extended[which].iter().map(|e| sign * e).collect();
        plan.panels[which].table(&effects)
    };
    Ok((Pair::new([table(0), table(1)]), sign))
}

impl Sampled {
    /// Effect of a response.
    pub fn effect(&self, response: f64) -> f64 {
        (response - self.control) / (self.full - self.control)
    }
    /// Responses along the surface's row `i` of the first drug.
    pub fn row(&self, plan: &Plan, i: usize) -> Vec<f64> {
        let [first, second] = &plan.axes;
        let m = second.doses.len();
        let row: Vec<f64> = match &first.basis {
            None => self
                .values
                .get(i * m..(i + 1) * m)
                .unwrap_or_default()
                .to_vec(),
            Some(basis) => {
                let mut sum = vec![0.0; m];
                for (w, values) in basis[i].iter().zip(self.values.chunks_exact(m)) {
                    for (s, v) in sum.iter_mut().zip(values) {
                        *s += w * v;
                    }
                }
                sum
            }
        };
        second.spread(&row)
    }
    /// Response at log10 of a pair of doses (interpolated axes only).
    pub fn at(&self, plan: &Plan, x: [f64; 2]) -> f64 {
        let [first, second] = &plan.axes;
        let m = second.doses.len();
        let column: Vec<f64> = self
            .values
            .chunks_exact(m)
            .map(|row| second.at(row, x[1]))
            .collect();
        first.at(&column, x[0])
    }
    /// Excess of the effects in a row over Bliss, Loewe and the better drug alone; NaN where there is no reference.
    pub fn excess(
        &self,
        setup: &CombineSetup,
        i: usize,
        row: &[f64],
        exact: bool,
    ) -> [Vec<f64>; 3] {
        let fa = self.alone[0].get(i).copied().unwrap_or(f64::NAN);
        let sign = self.pair.as_ref().map_or(1.0, |(_, s)| *s);
        let mut out: [Vec<f64>; 3] = Default::default();
        for (j, (r, fb)) in row.iter().zip(&self.alone[1]).enumerate() {
            let e = self.effect(*r);
            out[0].push(e - (fa + fb - fa * fb));
            out[1].push(match &self.pair {
                Ok((pair, sign)) => {
                    let doses = [setup.doses_a[i], setup.doses_b[j]];
                    sign * (sign * e - pair.loewe(doses, exact))
                }
                Err(_) => f64::NAN,
            });
            let best = if sign > 0.0 { fa.max(*fb) } else { fa.min(*fb) };
            out[2].push(e - best);
        }
        out
    }
}
