//! Cycles: a stretch of periods repeated until the state at its end stays the same, as regular doses at steady state.
//!
//! The state after one more cycle is a map of the state before it. Its iteration converges like `λⁿ` with the slowest factor
//! that a cycle leaves of a disturbance; what still separates the iterate from the limit is estimated from two
//! successive changes, `Δₙ·ρ/(1 − ρ)` with `ρ = Δₙ/Δₙ₋₁`, and compared with the tolerance of the integration. The
//! sensitivities are iterated along, by the same rule.

use super::SimulateError;
use super::run::Runner;

/// Cycles after which a state that still changes has no periodic course that could be found: with `λ = 0.998` the rest is
/// then 2e-9 of the first change.
const MAX_CYCLES: usize = 10_000;
/// A change is as good as none below this part of the tolerance, whatever the one before it was: rounding decides there.
const NO_CHANGE: f64 = 1e-3;

impl Runner<'_> {
    /// Repeats the cycle whose first period is `first`, and leaves the state at its end.
    ///
    /// # Errors
    /// [`SimulateError::NotPeriodic`], and whatever a period can fail with.
    pub(super) fn cycle(
        &mut self,
        first: usize,
        overrides: &[(usize, f64)],
    ) -> Result<(), SimulateError> {
        let e = self.e;
        if !e.system.delays.is_empty() {
            return Err(SimulateError::Delays {
                what: "doses at steady state",
            });
        }
        let rest = e.periods.get(first..).unwrap_or_default();
        let length = rest.iter().take_while(|p| p.cycle).count();
        // The reader of doses lets a cycle end with a period.
        let (Some(begin), Some(end)) = (rest.first(), rest.get(length)) else {
            return Ok(());
        };
        if begin.reset {
            self.t = begin.start;
            self.initial_state()?;
        }
        let (mut y, mut s) = (self.ws.y.clone(), self.ws.s.clone());
        let mut before = f64::INFINITY;
        for _ in 0..MAX_CYCLES {
            for (k, period) in rest.iter().enumerate().take(length) {
                self.t = period.start;
                self.switch_period(period, overrides, None)?;
                let until = rest.get(k + 1).map_or(end.start, |next| next.start);
                self.advance(&period.chain, until, None, true)?;
            }
            let change = self.changed(&y, &s);
            // What is left, by the geometric series that the changes are.
            let factor = change / before;
            let left = change * factor / (1.0 - factor);
            let seen = before.is_finite() && factor < 1.0;
            if change <= NO_CHANGE || (seen && change <= 1.0 && left <= 1.0) {
                return Ok(());
            }
            before = change;
            y.copy_from_slice(&self.ws.y);
            s.copy_from_slice(&self.ws.s);
        }
        Err(SimulateError::NotPeriodic {
            cycles: MAX_CYCLES,
            state: self.most_changed(&y),
        })
    }

    /// Largest change of a state or sensitivity since `y` and `s`, in units of its tolerance.
    fn changed(&self, y: &[f64], s: &[f64]) -> f64 {
        let mut worst: f64 = 0.0;
        for (i, (new, old)) in self.ws.y.iter().zip(y).enumerate() {
            worst = worst.max((new - old).abs() / self.tolerance(i, *new));
        }
        if self.sensitivities {
            let m = self.e.ode_columns;
            let rtol = self.settings.tolerances.rtol;
            for c in 0..m {
                let column = |list: &[f64]| -> Vec<f64> {
                    list.iter().skip(c).step_by(m).copied().collect()
                };
                let (new, old) = (column(&self.ws.s), column(s));
                // Parts of a column that are small beside its largest one need not be exact to their own size.
                let largest = new.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
                for (a, b) in new.iter().zip(&old) {
                    let change = (a - b).abs();
                    if change > 0.0 {
                        worst = worst.max(change / (rtol * (a.abs() + SMALL * largest)));
                    }
                }
            }
        }
        worst
    }

    fn tolerance(&self, i: usize, y: f64) -> f64 {
        let t = &self.settings.tolerances;
        let a = t.atol.get(i).or(t.atol.first()).copied().unwrap_or(0.0);
        t.rtol * y.abs() + a
    }

    /// The state that changes most from one cycle to the next.
    fn most_changed(&self, y: &[f64]) -> String {
        let changes = self.ws.y.iter().zip(y).enumerate();
        let worst = changes
            .map(|(i, (new, old))| ((new - old).abs() / self.tolerance(i, *new), i))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        worst
            .and_then(|(_, i)| self.e.system.state_ids.get(i).cloned())
            .unwrap_or_default()
    }
}

/// Part of a column's largest entry that its small ones are measured by as well.
const SMALL: f64 = 1e-3;
