//! Looking at the whole course of an experiment instead of at single times.

use crate::ode::Step;
use crate::system::{Formula, Machine};

use super::experiment::Experiment;
use super::point::Point;
use super::run::Workspace;

/// Sees every smooth stretch of an experiment after its pre-equilibration, in order of time, and what lies between them.
pub trait Watcher {
    /// A stretch without discontinuity: one step of the integrator.
    fn stretch(&mut self, stretch: &mut Stretch<'_>);
    /// A discontinuity at `t`, between the stretch that ended there and the next; `shift` is the derivative of that time
    /// with respect to the columns of the experiment (empty: the time is fixed, or no sensitivities are asked for).
    fn jump(&mut self, t: f64, shift: &[f64]);
}

/// A smooth stretch of the course with dense output.
pub struct Stretch<'a> {
    /// Start.
    pub t0: f64,
    /// End.
    pub t1: f64,
    /// Whether anything is integrated; if not, the stretch may be as long as a period.
    pub integrated: bool,
    pub(super) step: &'a dyn Step,
    pub(super) machine: &'a mut Machine,
    pub(super) experiment: &'a Experiment,
    pub(super) slots: &'a [f64],
    pub(super) dslots: &'a [f64],
    pub(super) sensitivities: bool,
    pub(super) scratch: &'a mut Scratch,
}

/// Memory of the stretches of one thread.
#[derive(Debug, Clone, Default)]
pub(super) struct Scratch {
    y: Vec<f64>,
    s: Vec<f64>,
    f: Vec<f64>,
    out: Vec<f64>,
}

impl Stretch<'_> {
    /// Number of columns of the experiment.
    pub fn columns(&self) -> usize {
        self.experiment.columns.len()
    }
    /// Value of a formula without placeholders at `t`, and its rate of change along the course.
    pub fn value_and_rate(&mut self, formula: &Formula, t: f64) -> (f64, f64) {
        let system = &self.experiment.system;
        let Scratch { y, f, out, .. } = &mut *self.scratch;
        y.resize(system.n, 0.0);
        f.resize(system.n, 0.0);
        self.step.state(t, y);
        self.machine.rhs(system, t, y, f);
        out.clear();
        out.resize(formula.len(), 0.0);
        self.machine.set_point(system, t, y);
        self.machine.derivatives(system, formula, out);
        let rate = formula.time.map_or(0.0, |at| out[at])
            + formula
                .states
                .iter()
                .map(|&(j, at)| out[at] * f[j])
                .sum::<f64>();
        (out[0], rate)
    }
    /// Value of a formula without placeholders at `t`; its derivative with respect to the columns at fixed time is
    /// written to `gradient` (left at 0 without sensitivities).
    pub fn gradient(&mut self, formula: &Formula, t: f64, gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let system = &self.experiment.system;
        let m = if self.sensitivities {
            self.experiment.ode_columns
        } else {
            0
        };
        let Scratch { y, s, out, .. } = &mut *self.scratch;
        y.resize(system.n, 0.0);
        s.resize(system.n * m, 0.0);
        self.step.state(t, y);
        if m > 0 {
            self.step.sensitivity(t, s);
        }
        self.machine.set_point(system, t, y);
        let mut point = Point::new(
            t,
            y,
            s,
            self.slots,
            self.dslots,
            self.machine,
            self.experiment,
            out,
        );
        if self.sensitivities {
            point.gradient(formula, &[], gradient, &mut [])
        } else {
            point.value(formula, &[])
        }
    }
}

/// The course of an experiment in which nothing is integrated.
pub(super) struct Still {
    pub t0: f64,
    pub t1: f64,
}

impl Step for Still {
    fn t0(&self) -> f64 {
        self.t0
    }
    fn t1(&self) -> f64 {
        self.t1
    }
    fn state(&self, _: f64, _: &mut [f64]) {}
    fn sensitivity(&self, _: f64, _: &mut [f64]) {}
}

/// What a segment hands to a watcher, step by step.
pub(super) struct Watching<'a, 'w> {
    pub watcher: &'a mut (dyn Watcher + 'w),
    pub machine: Machine,
    pub experiment: &'a Experiment,
    pub slots: &'a [f64],
    pub dslots: &'a [f64],
    pub sensitivities: bool,
    pub scratch: Scratch,
}

impl Watching<'_, '_> {
    /// Hands over one step.
    pub fn step(&mut self, step: &dyn Step) {
        self.watcher.stretch(&mut Stretch {
            t0: step.t0(),
            t1: step.t1(),
            integrated: self.experiment.system.n > 0,
            step,
            machine: &mut self.machine,
            experiment: self.experiment,
            slots: self.slots,
            dslots: self.dslots,
            sensitivities: self.sensitivities,
            scratch: &mut self.scratch,
        });
    }
}

/// The watcher of a run with how far it has to look.
pub(super) struct Watch<'w> {
    pub watcher: &'w mut dyn Watcher,
    pub until: f64,
}

impl Experiment {
    /// Runs the experiment as [`Experiment::run`] does, at least until `until`, and shows its whole course to a watcher.
    ///
    /// # Errors
    /// [`super::SimulateError`] with the time and state concerned.
    #[allow(clippy::too_many_arguments)] // each is a different thing that varies from run to run
    pub fn run_watched(
        &self,
        table: &[f64],
        overrides: &[(usize, f64)],
        times: &[f64],
        sensitivities: bool,
        settings: &super::Settings,
        ws: &mut Workspace,
        deliver: &mut dyn FnMut(usize, &mut Point),
        until: f64,
        watcher: &mut dyn Watcher,
    ) -> Result<(), super::SimulateError> {
        let watch = Some(Watch { watcher, until });
        self.run_with(
            table,
            overrides,
            times,
            sensitivities,
            settings,
            ws,
            deliver,
            watch,
        )
    }
}
