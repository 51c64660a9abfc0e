//! Truth of the comparisons, frozen within a segment: at a time, and just behind it.

use crate::system::operation::Binary;

use super::jump::Forced;
use super::run::Runner;

/// Whether a comparison holds at a difference of its sides.
pub(super) fn holds(op: Binary, difference: f64) -> bool {
    op.apply(difference, 0.0) != 0.0
}

impl Runner<'_> {
    /// Truth of a comparison just after the present time.
    fn truth_after(&mut self, which: usize) -> bool {
        let e = self.e;
        let switch = &e.system.switches[which];
        let ws = &mut *self.ws;
        ws.machine.set_point(&e.system, self.t, &ws.y);
        ws.scratch.clear();
        ws.scratch.resize(switch.difference.len(), 0.0);
        let mut out = std::mem::take(&mut ws.scratch);
        ws.machine
            .derivatives(&e.system, &switch.difference, &mut out);
        let mut d = out[0];
        if d == 0.0 && !matches!(switch.op, Binary::Eq | Binary::Ne) {
            // At the boundary the direction decides.
            ws.machine.rhs(&e.system, self.t, &ws.y, &mut ws.f_after);
            let slope: f64 = switch.difference.time.map_or(0.0, |at| out[at])
                + switch
                    .difference
                    .states
                    .iter()
                    .map(|&(j, at)| out[at] * ws.f_after[j])
                    .sum::<f64>();
            d = slope;
        }
        ws.scratch = out;
        holds(switch.op, d)
    }

    /// Sets the modes just behind the present time; `forced` gives those whose side is known.
    pub fn set_modes_after(&mut self, forced: &[Forced]) {
        let n = self.e.system.switches.len();
        // Comparisons may depend on one another through piecewise rates; a few passes settle them.
        for _ in 0..3 {
            let mut changed = false;
            for i in 0..n {
                let on = match forced.iter().find(|(f, _)| *f == i) {
                    Some((_, rising)) => {
                        self.e.system.switches[i]
                            .op
                            .apply(if *rising { 1.0 } else { -1.0 }, 0.0)
                            != 0.0
                    }
                    None => self.truth_after(i),
                };
                if on != self.ws.machine.mode(&self.e.system, i) {
                    self.ws.machine.set_mode(&self.e.system, i, on);
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
    }

    /// Sets the modes as they are at the present time; the differences of the `forced` ones are exactly 0 there.
    pub fn set_modes_at(&mut self, forced: &[Forced]) {
        let y = std::mem::take(&mut self.ws.y);
        self.set_modes_at_point(self.t, &y, forced);
        self.ws.y = y;
    }

    /// Sets the modes as they are at a point. A comparison uses only those imported before it, so one pass settles them.
    pub fn set_modes_at_point(&mut self, t: f64, y: &[f64], forced: &[Forced]) {
        let system = &self.e.system;
        for (i, switch) in system.switches.iter().enumerate() {
            let d = if forced.iter().any(|(f, _)| *f == i) {
                0.0
            } else {
                self.ws.machine.set_point(system, t, y);
                self.ws.machine.value(system, &switch.difference)
            };
            self.ws.machine.set_mode(system, i, holds(switch.op, d));
        }
    }
}
