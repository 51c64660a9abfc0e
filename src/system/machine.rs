//! Evaluates a [`System`]: one register file, no allocation after construction.

use super::bytecode::{Program, Registers};
use super::{Formula, System};
use crate::ode::LANES;

/// Registers of one thread. A clone makes its registers of several points when it needs them.
#[derive(Debug)]
pub struct Machine {
    registers: Registers<f64>,
    /// The same registers at several points; made when first needed.
    lanes: Option<Registers<[f64; LANES]>>,
    /// What stays the same within a segment was copied to the lanes.
    lanes_are_current: bool,
}

impl Clone for Machine {
    fn clone(&self) -> Self {
        Self {
            registers: self.registers.clone(),
            lanes: None,
            lanes_are_current: false,
        }
    }
    /// Without new memory where both are of the same system.
    fn clone_from(&mut self, source: &Self) {
        self.registers.clone_from(&source.registers);
        self.lanes_are_current = false;
    }
}

impl Machine {
    /// Registers for a system.
    pub fn new(system: &System) -> Self {
        let mut registers = Registers::new(system.compiled.layout.len);
        for &(at, value) in &system.compiled.values {
            registers.all_mut()[at as usize] = value;
        }
        system.compiled.prelude.run_on(&mut registers, 1);
        Self {
            registers,
            lanes: None,
            lanes_are_current: false,
        }
    }
    /// Sets the parameters and computes what depends on them only.
    pub fn set_parameters(&mut self, system: &System, slots: &[f64]) {
        self.lanes_are_current = false;
        let at = system.compiled.layout.parameters;
        self.registers.all_mut()[at..at + slots.len()].copy_from_slice(slots);
        system.compiled.prelude.run_on(&mut self.registers, 1);
    }
    /// Sets time and states.
    #[inline]
    pub fn set_point(&mut self, system: &System, t: f64, y: &[f64]) {
        let registers = self.registers.all_mut();
        registers[0] = t;
        let at = system.compiled.layout.states;
        copy(y, &mut registers[at..]);
    }
    /// Sets the placeholders of an observable.
    pub fn set_placeholders(&mut self, system: &System, values: &[f64]) {
        self.lanes_are_current = false;
        let at = system.compiled.layout.placeholders;
        self.registers.all_mut()[at..at + values.len()].copy_from_slice(values);
    }
    /// Sets the truth value of a switch.
    pub fn set_mode(&mut self, system: &System, which: usize, on: bool) {
        self.lanes_are_current = false;
        self.registers.all_mut()[system.compiled.layout.modes + which] = f64::from(u8::from(on));
    }
    /// Sets a value from the past.
    pub fn set_delayed(&mut self, system: &System, which: usize, value: f64) {
        self.lanes_are_current = false;
        self.registers.all_mut()[system.compiled.layout.delayed + which] = value;
    }
    /// Truth value of a switch.
    pub fn mode(&self, system: &System, which: usize) -> bool {
        self.registers.all()[system.compiled.layout.modes + which] != 0.0
    }
    /// Value of a formula at the point that was set.
    pub fn value(&mut self, system: &System, formula: &Formula) -> f64 {
        let mut out = [f64::NAN];
        self.run(system, formula.value, [&mut out, &mut [], &mut []]);
        out[0]
    }
    /// Value (first) and derivatives of a formula, in the positions that the formula names.
    pub fn derivatives(&mut self, system: &System, formula: &Formula, out: &mut [f64]) {
        self.run(system, formula.derivatives, [out, &mut [], &mut []]);
    }
    /// `f(t, y)`.
    #[inline]
    pub fn rhs(&mut self, system: &System, t: f64, y: &[f64], out: &mut [f64]) {
        self.run_at(system, system.programs.rhs, t, y, [out, &mut [], &mut []]);
    }
    /// `f` at the first `used` of [`LANES`] points: `y` and `out` hold the values of each state at all points; points behind
    /// the used ones repeat the last of them.
    #[inline(always)]
    pub fn rhs_at_points(
        &mut self,
        system: &System,
        used: usize,
        t: &[f64; LANES],
        y: &[[f64; LANES]],
        out: &mut [[f64; LANES]],
    ) {
        let layout = &system.compiled.layout;
        let program = &system.compiled.programs[system.programs.rhs];
        let lanes = self.current_lanes(system);
        let registers = lanes.all_mut();
        registers[0] = *t;
        for (lanes, y) in registers[layout.states..].iter_mut().zip(y) {
            *lanes = *y;
        }
        program.run_on(lanes, used);
        for (out, result) in out.iter_mut().zip(program.results(lanes.all())) {
            *out = *result;
        }
    }
    /// The registers at several points, with what stays the same within a segment.
    #[inline(always)]
    fn current_lanes(&mut self, system: &System) -> &mut Registers<[f64; LANES]> {
        let layout = &system.compiled.layout;
        let lanes = self.lanes.get_or_insert_with(|| Registers::new(layout.len));
        if !self.lanes_are_current {
            let mut spread = |range: std::ops::Range<usize>| {
                let from = &self.registers.all()[range.clone()];
                for (lanes, value) in lanes.all_mut()[range].iter_mut().zip(from) {
                    *lanes = [*value; LANES];
                }
            };
            spread(0..layout.results);
            // Results that depend on parameters only are there already.
            spread(system.compiled.programs[system.programs.derivatives].range());
            spread(system.compiled.programs[system.programs.rhs].range());
            self.lanes_are_current = true;
        }
        lanes
    }
    /// Values of ∂f/∂y in the order of its pattern.
    #[inline]
    pub fn jacobian(&mut self, system: &System, t: f64, y: &[f64], out: &mut [f64]) {
        let which = system.programs.jacobian;
        self.run_at(system, which, t, y, [out, &mut [], &mut []]);
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
        let which = system.programs.rhs_and_jacobian;
        self.run_at(system, which, t, y, [f, jac, &mut []]);
    }
    /// ∂f/∂y and ∂f/∂(active slots) at the first `used` of [`LANES`] points, `y` one point after the other, results entry by
    /// entry; what lies behind the used points repeats the last of them.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)] // the kernel's signature with its system
    pub fn derivatives_at_points(
        &mut self,
        system: &System,
        used: usize,
        t: &[f64; LANES],
        y: &[f64],
        jac: &mut [f64],
        par: &mut [f64],
    ) {
        let layout = &system.compiled.layout;
        let program = &system.compiled.programs[system.programs.derivatives];
        let lanes = self.current_lanes(system);
        let n = system.n;
        let registers = lanes.all_mut();
        registers[0] = *t;
        for (i, lanes) in registers[layout.states..layout.states + n]
            .iter_mut()
            .enumerate()
        {
            for (point, lane) in lanes.iter_mut().enumerate() {
                *lane = y[point * n + i];
            }
        }
        program.run_on(lanes, used);
        let results = program.results(lanes.all());
        let mut out = jac
            .chunks_exact_mut(LANES)
            .chain(par.chunks_exact_mut(LANES));
        for (out, result) in (&mut out).zip(results) {
            out.copy_from_slice(result);
        }
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
        self.run_at(system, system.programs.linearise, t, y, [f, jac, par]);
    }
    /// Explicit ∂f/∂t.
    pub fn time_derivative(&mut self, system: &System, t: f64, y: &[f64], out: &mut [f64]) {
        self.set_point(system, t, y);
        self.run(system, system.programs.time, [out, &mut [], &mut []]);
    }
    /// Sets the point and runs a program there.
    #[inline(always)]
    fn run_at(&mut self, system: &System, which: usize, t: f64, y: &[f64], out: [&mut [f64]; 3]) {
        #[cfg(feature = "jit")]
        let mut out = out;
        #[cfg(feature = "jit")]
        if let Some(native) = &system.compiled.programs[which].native
            && native.run(self.registers.all_mut(), t, y, &mut out)
        {
            return;
        }
        self.set_point(system, t, y);
        self.run(system, which, out);
    }
    /// Runs a program and copies its results into the parts of `out`, in order.
    #[inline(always)]
    fn run(&mut self, system: &System, which: usize, out: [&mut [f64]; 3]) {
        let program = &system.compiled.programs[which];
        program.run_on(&mut self.registers, 1);
        let mut results = program.results(self.registers.all());
        for part in out {
            let (own, rest) = results.split_at(part.len().min(results.len()));
            copy(own, part);
            results = rest;
        }
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
        self.contract(
            &system.compiled.programs[system.programs.second],
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
        self.contract(
            &system.compiled.programs[system.programs.time_second],
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
        program: &Program,
        states: &[(u32, u32)],
        slots: &[(u32, u32)],
        s: &[f64],
        dp: &[f64],
        m: usize,
        out: &mut [f64],
    ) {
        program.run_on(&mut self.registers, 1);
        out.fill(0.0);
        let entries = states
            .iter()
            .map(|e| (e, s))
            .chain(slots.iter().map(|e| (e, dp)));
        let values = program.results(self.registers.all());
        for ((&(row, column), source), value) in entries.zip(values) {
            let from = &source[column as usize * m..][..m];
            let to = &mut out[row as usize * m..][..m];
            for (o, x) in to.iter_mut().zip(from) {
                *o += value * x;
            }
        }
    }
}

/// Copies a few numbers; for as few as these a call of the library's routine costs more than the copy.
#[inline(always)]
fn copy(from: &[f64], to: &mut [f64]) {
    let (mut source, mut target) = (from.chunks_exact(4), to.chunks_exact_mut(4));
    for (from, to) in (&mut source).zip(&mut target) {
        if let (Some(from), Some(to)) = (from.first_chunk::<4>(), to.first_chunk_mut::<4>()) {
            *to = *from;
        }
    }
    let rest = source.remainder();
    let done = from.len() - rest.len();
    for (from, to) in rest.iter().zip(to.iter_mut().skip(done)) {
        *to = *from;
    }
}
