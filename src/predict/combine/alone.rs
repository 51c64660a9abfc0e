//! The effect of one drug alone, and doses that are additive in the sense of Loewe.

use crate::search::zero;

use super::chebyshev::{Nodes, dot};

/// Step of the tables, in decades: the cubic between their points errs by about 1e-9 of the effect for a slope of 1.
const STEP: f64 = 0.01;

/// Effect against log10 of the dose: a table with cubics between its points, never falling.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Alone {
    start: f64,
    effect: Vec<f64>,
    slope: Vec<f64>,
}

/// Where the effect of one drug alone is computed: panels of Chebyshev points in log10 of the dose.
#[derive(Debug, Clone)]
pub(super) struct Panels {
    start: f64,
    nodes: Vec<Nodes>,
    /// Panel and basis of each point of the table.
    table: Vec<(usize, Vec<f64>)>,
}

impl Panels {
    /// Panels from `start` to `end` (or up to a step of the table beyond), each about `width` decades wide with `n` points.
    pub fn new(start: f64, end: f64, width: f64, n: usize) -> Self {
        let end = start + STEP * ((end - start) / STEP).ceil().max(1.0);
        let count = ((end - start) / width).ceil().max(1.0) as usize;
        let edge = |k: usize| start + (end - start) * k as f64 / count as f64;
        let nodes: Vec<Nodes> = (0..count)
            .map(|k| Nodes::new(edge(k), edge(k + 1), n))
            .collect();
        let points = ((end - start) / STEP).round() as usize + 1;
        let table = (0..points)
            .map(|i| {
                let x = (start + STEP * i as f64).min(end);
                let k = (((x - start) / (end - start) * count as f64) as usize).min(count - 1);
                (k, nodes[k].basis(x))
            })
            .collect();
        Self {
            start,
            nodes,
            table,
        }
    }
    /// log10 of the doses at which the effect is needed.
    pub fn points(&self) -> Vec<f64> {
        self.nodes
            .iter()
            .flat_map(|n| n.x.iter().copied())
            .collect()
    }
    /// The table of a drug from its effects at [`Panels::points`].
    pub fn table(&self, effects: &[f64]) -> Alone {
        let n = self.nodes.first().map_or(1, |p| p.x.len());
        let values = self
            .table
            .iter()
            .map(|(k, basis)| dot(basis, effects.get(k * n..).unwrap_or_default()))
            .collect();
        Alone::new(self.start, values)
    }
}

impl Alone {
    /// A table with a point every hundredth of a decade; a fall of the effect is levelled: a dose counts as the lowest
    /// that has the effect.
    fn new(start: f64, mut effect: Vec<f64>) -> Self {
        let raw = effect.clone();
        for i in 1..effect.len() {
            effect[i] = effect[i].max(effect[i - 1]);
        }
        let n = effect.len();
        let slope = (0..n)
            .map(|i| {
                let level =
                    effect[i] != raw[i] || raw.get(i + 1).is_some_and(|r| *r < effect[i]) || n < 5;
                if level {
                    return 0.0;
                }
                let at = |k: usize| raw[k];
                // Differences of fourth order, one-sided at the ends.
                match i {
                    0 => {
                        (-25.0 * at(0) + 48.0 * at(1) - 36.0 * at(2) + 16.0 * at(3) - 3.0 * at(4))
                            / 12.0
                    }
                    1 => (-3.0 * at(0) - 10.0 * at(1) + 18.0 * at(2) - 6.0 * at(3) + at(4)) / 12.0,
                    i if i + 1 == n => {
                        (25.0 * at(i) - 48.0 * at(i - 1) + 36.0 * at(i - 2) - 16.0 * at(i - 3)
                            + 3.0 * at(i - 4))
                            / 12.0
                    }
                    i if i + 2 == n => {
                        (3.0 * at(i + 1) + 10.0 * at(i) - 18.0 * at(i - 1) + 6.0 * at(i - 2)
                            - at(i - 3))
                            / 12.0
                    }
                    i => (8.0 * (at(i + 1) - at(i - 1)) - (at(i + 2) - at(i - 2))) / 12.0,
                }
            })
            .collect();
        Self {
            start,
            effect,
            slope,
        }
    }

    /// The largest effect.
    pub fn top(&self) -> f64 {
        self.effect.last().copied().unwrap_or(0.0)
    }

    fn end(&self) -> f64 {
        self.start + STEP * self.effect.len().saturating_sub(1) as f64
    }

    /// The cubic of a piece of the table at the part `u` of it.
    fn cubic(&self, i: usize, u: f64) -> f64 {
        let (Some(&a), Some(&b)) = (self.effect.get(i), self.effect.get(i + 1)) else {
            return self.top();
        };
        let (p, q) = (self.slope[i], self.slope[i + 1]);
        let v = 1.0 - u;
        v * v * (a * (1.0 + 2.0 * u) + p * u) + u * u * (b * (3.0 - 2.0 * u) - q * v)
    }

    /// Effect at log10 of a dose; constant beyond the table.
    pub fn at(&self, x: f64) -> f64 {
        let s = ((x - self.start) / STEP).max(0.0);
        let i = s as usize;
        self.cubic(i, s - i as f64)
    }

    /// log10 of the lowest dose with an effect: +∞ beyond the largest, the start of the table below its first.
    pub fn inverse(&self, effect: f64) -> f64 {
        if effect.is_nan() || effect > self.top() {
            return f64::INFINITY;
        }
        let i = self.effect.partition_point(|e| *e < effect);
        if i == 0 {
            return self.start;
        }
        let (a, b) = (self.effect[i - 1] - effect, self.effect[i] - effect);
        let u = zero(0.0, a, 1.0, b, 1e-12, &mut |u| {
            Ok::<f64, std::convert::Infallible>(self.cubic(i - 1, u) - effect)
        });
        let Ok(u) = u;
        self.start + STEP * ((i - 1) as f64 + u)
    }
}

/// Two drugs whose effects alone have the same direction.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    /// The effects alone, of the first and the second drug.
    pub alone: [Alone; 2],
    /// The drug with the larger effect: doses are expressed in it.
    strong: usize,
    /// log10 of the dose of the other drug that does the same, along the table of the strong one.
    equivalent: Vec<f64>,
}

impl Pair {
    /// Makes the table of equivalent doses.
    pub fn new(alone: [Alone; 2]) -> Self {
        let strong = usize::from(alone[1].top() > alone[0].top());
        let weak = &alone[1 - strong];
        let equivalent = alone[strong]
            .effect
            .iter()
            .map(|e| weak.inverse(*e))
            .collect();
        Self {
            alone,
            strong,
            equivalent,
        }
    }

    /// The effect that two doses have together if they are additive: f with `a/D_A(f) + b/D_B(f) = 1`, where a drug that
    /// never has the effect contributes nothing.
    pub fn loewe(&self, doses: [f64; 2], exact: bool) -> f64 {
        let (p, q) = (doses[self.strong], doses[1 - self.strong]);
        let (strong, weak) = (&self.alone[self.strong], &self.alone[1 - self.strong]);
        let at_least = weak.at(libm::log10(q));
        let lower = libm::log10(p)
            .max(strong.inverse(at_least))
            .max(strong.start);
        let sum = |x: f64| {
            let equivalent = if exact {
                weak.inverse(strong.at(x))
            } else {
                self.equivalent_at(x)
            };
            p * libm::exp10(-x) + q * libm::exp10(-equivalent) - 1.0
        };
        let upper = strong.end();
        if lower >= upper {
            return strong.top();
        }
        let (a, b) = (sum(lower), sum(upper));
        if a <= 0.0 {
            return strong.at(lower);
        }
        if b >= 0.0 {
            return strong.top();
        }
        let tolerance = if exact { 1e-13 } else { 1e-7 };
        let x = zero(lower, a, upper, b, tolerance, &mut |x| {
            Ok::<f64, std::convert::Infallible>(sum(x))
        });
        let Ok(x) = x;
        strong.at(x)
    }

    fn equivalent_at(&self, x: f64) -> f64 {
        let s = ((x - self.alone[self.strong].start) / STEP).max(0.0);
        let i = s as usize;
        match (self.equivalent.get(i), self.equivalent.get(i + 1)) {
            (Some(a), Some(b)) if b.is_finite() => a + (s - i as f64) * (b - a),
            _ => f64::INFINITY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(f: impl Fn(f64) -> f64) -> Alone {
        let panels = Panels::new(-3.0, 6.0, 1.0, 24);
        let effects: Vec<f64> = panels.points().into_iter().map(f).collect();
        panels.table(&effects)
    }

    fn hill(x: f64, k: f64, h: f64, top: f64) -> f64 {
        let r = libm::pow(libm::exp10(x) / k, h);
        top * r / (1.0 + r)
    }

    #[test]
    fn tables_follow_hill_curves_and_turn_them_round() {
        for h in [0.5, 1.0, 2.0, 3.0] {
            let a = alone(|x| hill(x, 7.0, h, 0.8));
            for k in 0..400 {
                let x = -2.9 + 0.02 * f64::from(k);
                let e = hill(x, 7.0, h, 0.8);
                assert!((a.at(x) - e).abs() < 1e-8, "{h} {x}");
                if e > 1e-4 && e < 0.7999 {
                    assert!((a.inverse(e) - x).abs() < 1e-4, "{h} {x} {}", a.inverse(e));
                }
            }
            assert_eq!(a.inverse(0.81), f64::INFINITY);
        }
    }

    #[test]
    fn doses_of_one_mechanism_add_up() {
        let (ka, kb, h) = (5.0, 80.0, 1.6);
        let pair = Pair::new([
            alone(|x| hill(x, ka, h, 0.9)),
            alone(|x| hill(x, kb, h, 0.9)),
        ]);
        for (a, b) in [(0.1, 3.0), (5.0, 80.0), (300.0, 0.01), (1.0, 900.0)] {
            let together = hill(libm::log10(a + b * ka / kb), ka, h, 0.9);
            assert!((pair.loewe([a, b], true) - together).abs() < 1e-8);
            assert!((pair.loewe([a, b], false) - together).abs() < 1e-5);
        }
    }

    #[test]
    fn a_partial_agonist_adds_nothing_beyond_its_largest_effect() {
        let pair = Pair::new([
            alone(|x| hill(x, 5.0, 1.0, 0.9)),
            alone(|x| hill(x, 5.0, 1.0, 0.3)),
        ]);
        // The strong drug alone has more than the weak one ever has.
        let (a, b) = (50.0, 100.0);
        let strong = hill(libm::log10(a), 5.0, 1.0, 0.9);
        assert!((pair.loewe([a, b], true) - strong).abs() < 1e-9);
        // Equation of Loewe at a low dose of both.
        let f = pair.loewe([1.0, 1.0], true);
        let (da, db) = (5.0 * f / (0.9 - f), 5.0 * f / (0.3 - f));
        assert!((1.0 / da + 1.0 / db - 1.0).abs() < 1e-6);
    }

    #[test]
    fn an_effect_that_falls_again_counts_from_its_lowest_dose() {
        let a = alone(|x| libm::exp(-x * x));
        assert!((a.inverse(0.5) + libm::sqrt(std::f64::consts::LN_2)).abs() < 1e-6);
        assert!((a.top() - 1.0).abs() < 1e-9);
    }
}
