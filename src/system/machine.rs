//! Evaluates a [`System`]: one register file, no allocation after construction.

use super::{Formula, System};
use crate::ode::LANES;

/// Registers of one thread.
#[derive(Debug, Clone)]
pub struct Machine {
    registers: Vec<f64>,
    /// The same registers at several points; made when first needed.
    lanes: Vec<[f64; LANES]>,
    /// What stays the same within a segment was copied to the lanes.
    lanes_are_current: bool,
}

impl Machine {
    /// Registers for a system.
    pub fn new(system: &System) -> Self {
        let mut registers = vec![0.0; system.compiled.layout.len];
        for &(at, value) in &system.compiled.values {
            registers[at as usize] = value;
        }
        Self {
            registers,
            lanes: Vec::new(),
            lanes_are_current: false,
        }
    }
    /// Sets the parameters and computes what depends on them only.
    pub fn set_parameters(&mut self, system: &System, slots: &[f64]) {
        self.lanes_are_current = false;
        let at = system.compiled.layout.parameters;
        self.registers[at..at + slots.len()].copy_from_slice(slots);
        system.compiled.prelude.run(&mut self.registers);
    }
    /// Sets time and states.
    #[inline]
    pub fn set_point(&mut self, system: &System, t: f64, y: &[f64]) {
        self.registers[0] = t;
        let at = system.compiled.layout.states;
        self.registers[at..at + y.len()].copy_from_slice(y);
    }
    /// Sets the placeholders of an observable.
    pub fn set_placeholders(&mut self, system: &System, values: &[f64]) {
        self.lanes_are_current = false;
        let at = system.compiled.layout.placeholders;
        self.registers[at..at + values.len()].copy_from_slice(values);
    }
    /// Sets the truth value of a switch.
    pub fn set_mode(&mut self, system: &System, which: usize, on: bool) {
        self.lanes_are_current = false;
        self.registers[system.compiled.layout.modes + which] = f64::from(u8::from(on));
    }
    /// Sets a value from the past.
    pub fn set_delayed(&mut self, system: &System, which: usize, value: f64) {
        self.registers[system.compiled.layout.delayed + which] = value;
    }
    /// Truth value of a switch.
    pub fn mode(&self, system: &System, which: usize) -> bool {
        self.registers[system.compiled.layout.modes + which] != 0.0
    }
    /// Value of a formula at the point that was set.
    pub fn value(&mut self, system: &System, formula: &Formula) -> f64 {
        let program = &system.compiled.programs[formula.value];
        program.run(&mut self.registers);
        program.result(&self.registers, 0)
    }
    /// Value (first) and derivatives of a formula, in the positions that the formula names.
    pub fn derivatives(&mut self, system: &System, formula: &Formula, out: &mut [f64]) {
        system.compiled.programs[formula.derivatives].evaluate(&mut self.registers, out);
    }
    /// `f(t, y)`.
    #[inline]
    pub fn rhs(&mut self, system: &System, t: f64, y: &[f64], out: &mut [f64]) {
        self.set_point(system, t, y);
        system.compiled.programs[system.programs.rhs].evaluate(&mut self.registers, out);
    }
    /// Values of ∂f/∂y in the order of its pattern.
    #[inline]
    pub fn jacobian(&mut self, system: &System, t: f64, y: &[f64], out: &mut [f64]) {
        self.set_point(system, t, y);
        system.compiled.programs[system.programs.jacobian].evaluate(&mut self.registers, out);
    }
    /// `f` and ∂f/∂y together.
    #[inline]
    pub fn rhs_and_jacobian(
        &mut self,
        system: &System,
        t: f64,
        y: &[f64],
        f: &mut [f64],
        jac: &mut [f64],
    ) {
        self.set_point(system, t, y);
        let program = &system.compiled.programs[system.programs.rhs_and_jacobian];
        program.run(&mut self.registers);
        program.copy(&self.registers, 0, f);
        program.copy(&self.registers, f.len(), jac);
    }
    /// ∂f/∂y and ∂f/∂(active slots) at [`LANES`] points, `y` one point after the other, results entry by entry.
    #[inline(always)]
    pub fn derivatives_at_points(
        &mut self,
        system: &System,
        t: &[f64; LANES],
        y: &[f64],
        jac: &mut [f64],
        par: &mut [f64],
    ) {
        let layout = &system.compiled.layout;
        if !self.lanes_are_current {
            self.lanes.resize(layout.len, [0.0; LANES]);
            for (lanes, value) in self.lanes.iter_mut().zip(&self.registers) {
                *lanes = [*value; LANES];
            }
            self.lanes_are_current = true;
        }
        self.lanes[0] = *t;
        let n = system.n;
        for (i, lanes) in self.lanes[layout.states..layout.states + n]
            .iter_mut()
            .enumerate()
        {
            *lanes = std::array::from_fn(|point| y[point * n + i]);
        }
        let program = &system.compiled.programs[system.programs.derivatives];
        program.run_lanes(&mut self.lanes);
        program.copy_lanes(&self.lanes, 0, jac);
        program.copy_lanes(&self.lanes, jac.len() / LANES, par);
    }
    /// `f`, ∂f/∂y and ∂f/∂(active slots) together.
    #[inline]
    pub fn linearise(
        &mut self,
        system: &System,
        t: f64,
        y: &[f64],
        f: &mut [f64],
        jac: &mut [f64],
        par: &mut [f64],
    ) {
        self.set_point(system, t, y);
        let program = &system.compiled.programs[system.programs.linearise];
        program.run(&mut self.registers);
        program.copy(&self.registers, 0, f);
        program.copy(&self.registers, f.len(), jac);
        program.copy(&self.registers, f.len() + jac.len(), par);
    }
    /// Explicit ∂f/∂t.
    pub fn time_derivative(&mut self, system: &System, t: f64, y: &[f64], out: &mut [f64]) {
        self.set_point(system, t, y);
        system.compiled.programs[system.programs.time].evaluate(&mut self.registers, out);
    }
    /// ∂J/∂y·s + ∂J/∂p·dp for every column: `out[e*m + k]`; `s` row-major `n × m`, `dp` row-major `active × m`.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)] // the kernel's signature with its system
    pub fn jacobian_along(
        &mut self,
        system: &System,
        t: f64,
        y: &[f64],
        s: &[f64],
        dp: &[f64],
        m: usize,
        out: &mut [f64],
    ) {
        self.set_point(system, t, y);
        let program = &system.compiled.programs[system.programs.second];
        self.contract(
            program,
            &system.second_states,
            &system.second_slots,
            s,
            dp,
            m,
            out,
        );
    }
    /// ∂²f/∂t∂y·s + ∂²f/∂t∂p·dp for every column: `out[i*m + k]`.
    #[allow(clippy::too_many_arguments)] // as above
    pub fn time_derivative_along(
        &mut self,
        system: &System,
        t: f64,
        y: &[f64],
        s: &[f64],
        dp: &[f64],
        m: usize,
        out: &mut [f64],
    ) {
        self.set_point(system, t, y);
        let program = &system.compiled.programs[system.programs.time_second];
        self.contract(
            program,
            &system.time_states,
            &system.time_slots,
            s,
            dp,
            m,
            out,
        );
    }

    #[inline(always)]
    #[allow(clippy::too_many_arguments)] // as above
    fn contract(
        &mut self,
        program: &super::program::Program,
        states: &[(u32, u32)],
        slots: &[(u32, u32)],
        s: &[f64],
        dp: &[f64],
        m: usize,
        out: &mut [f64],
    ) {
        program.run(&mut self.registers);
        out.fill(0.0);
        let entries = states
            .iter()
            .map(|e| (e, s))
            .chain(slots.iter().map(|e| (e, dp)));
        for (which, (&(row, column), source)) in entries.enumerate() {
            let value = program.result(&self.registers, which);
            let from = &source[column as usize * m..][..m];
            let to = &mut out[row as usize * m..][..m];
            for (o, x) in to.iter_mut().zip(from) {
                *o += value * x;
            }
        }
    }
}
