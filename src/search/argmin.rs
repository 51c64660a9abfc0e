//! The search as a solver of `argmin`, whose executor runs every search of this crate.

use argmin::core::{
    Error, Executor, IterState, KV, Problem, Solver, TerminationReason, TerminationStatus,
};

use super::{
    Control, Evaluation, Function, Iterate, Options, Search, Termination, TrustRegion, Want,
};

/// State of the executor: point, gradient and curvature as flat vectors.
pub type SearchState = IterState<Vec<f64>, Vec<f64>, (), Vec<f64>, (), f64>;

/// An objective as `argmin` problems give it to [`TrustRegionReflective`].
///
/// One evaluation delivers value, gradient and curvature together: they come from one solution of a model.
pub trait Objective {
    /// Why a point cannot be evaluated.
    type Error: std::fmt::Display;
    /// Evaluates a point.
    ///
    /// # Errors
    /// Whatever prevents it; the search goes around such points.
    fn evaluate(&mut self, x: &[f64], want: Want) -> Result<Evaluation, Self::Error>;
    /// Sees every iterate, the start included.
    fn observe(&mut self, _iterate: &Iterate) -> Control {
        Control::Continue
    }
}

/// The bounded trust region of [`super::minimise`] as a solver.
///
/// ```
/// use argmin::core::{Executor, State};
/// use mechfit::search::{Evaluation, Want, argmin::{Objective, TrustRegionReflective}};
/// struct Parabola;
/// impl Objective for Parabola {
///     type Error = std::convert::Infallible;
///     fn evaluate(&mut self, x: &[f64], _: Want) -> Result<Evaluation, Self::Error> {
///         let d = x[0] - 3.0;
///         Ok(Evaluation { value: d * d, gradient: vec![2.0 * d], curvature: vec![2.0] })
///     }
/// }
/// let solver = TrustRegionReflective::new(vec![0.0], vec![2.0], Default::default());
/// let run = Executor::new(Parabola, solver).configure(|s| s.param(vec![1.0])).ctrlc(false).run()?;
/// assert_eq!(run.state().get_best_param(), Some(&vec![2.0]));
/// # Ok::<(), argmin::core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct TrustRegionReflective {
    lower: Vec<f64>,
    upper: Vec<f64>,
    options: Options,
    region: Option<TrustRegion>,
    termination: Option<Termination>,
}

/// Why the executor ended without a result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SolverError {
    /// No initial point was configured.
    #[error("no initial parameter vector was configured")]
    NoStart,
    /// The objective cannot be evaluated at the start.
    #[error("the objective cannot be evaluated at the start: {0}")]
    Start(String),
}

impl TrustRegionReflective {
    /// A solver within bounds; the start is the initial parameter vector of the executor's state.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>, options: Options) -> Self {
        Self {
            lower,
            upper,
            options,
            region: None,
            termination: None,
        }
    }
    /// Result of the search, once the executor has run.
    pub fn into_search(self) -> Option<Search> {
        Some(self.region?.into_search(self.termination?))
    }
    /// Copies the present point into the executor's state.
    fn show(&self, mut state: SearchState) -> SearchState {
        if let Some(region) = &self.region {
            let now = region.iterate();
            state = state.param(now.point.to_vec()).cost(now.value);
        }
        state
    }
}

impl<O: Objective> Solver<O, SearchState> for TrustRegionReflective {
    fn name(&self) -> &str {
        "trust region reflective"
    }

    fn init(
        &mut self,
        problem: &mut Problem<O>,
        mut state: SearchState,
    ) -> Result<(SearchState, Option<KV>), Error> {
        let (Some(start), Some(objective)) = (state.take_param(), problem.problem.as_mut()) else {
            return Err(SolverError::NoStart.into());
        };
        let mut f = |x: &[f64], want: Want| objective.evaluate(x, want);
        let region = TrustRegion::start(&mut f, &start, &self.lower, &self.upper, &self.options)
            .map_err(|error| SolverError::Start(error.to_string()))?;
        if objective.observe(&region.iterate()) == Control::Stop {
            self.termination = Some(Termination::Stopped);
        }
        self.region = Some(region);
        Ok((self.show(state), None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        state: SearchState,
    ) -> Result<(SearchState, Option<KV>), Error> {
        let (Some(region), Some(objective)) = (self.region.as_mut(), problem.problem.as_mut())
        else {
            return Err(SolverError::NoStart.into());
        };
        if self.termination.is_none() {
            let mut f = |x: &[f64], want: Want| objective.evaluate(x, want);
            self.termination = region.advance(&mut f);
            if self.termination.is_none() && objective.observe(&region.iterate()) == Control::Stop {
                self.termination = Some(Termination::Stopped);
            }
        }
        Ok((self.show(state), None))
    }

    fn terminate(&mut self, _: &SearchState) -> TerminationStatus {
        match self.termination {
            None => TerminationStatus::NotTerminated,
            Some(t) if t.is_converged() => {
                TerminationStatus::Terminated(TerminationReason::SolverConverged)
            }
            Some(Termination::Iterations) => {
                TerminationStatus::Terminated(TerminationReason::MaxItersReached)
            }
            Some(t) => {
                TerminationStatus::Terminated(TerminationReason::SolverExit(t.name().to_string()))
            }
        }
    }
}

/// Function and observer as an [`Objective`]; the error of a failed start is put aside with its type.
struct Borrowed<'a, 'f, E> {
    f: &'a mut Function<'f, E>,
    watch: &'a mut dyn FnMut(&Iterate) -> Control,
    failure: &'a mut Option<E>,
    started: bool,
}

/// A failure whose value was put aside.
struct PutAside;

impl std::fmt::Display for PutAside {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("evaluation failed")
    }
}

impl<E> Objective for Borrowed<'_, '_, E> {
    type Error = PutAside;
    fn evaluate(&mut self, x: &[f64], want: Want) -> Result<Evaluation, PutAside> {
        (self.f)(x, want).map_err(|error| {
            if !self.started {
                *self.failure = Some(error);
            }
            PutAside
        })
    }
    fn observe(&mut self, iterate: &Iterate) -> Control {
        self.started = true;
        (self.watch)(iterate)
    }
}

/// Runs a search through the executor: the failure of the start as error, `None` if the executor ended without a result.
pub(super) fn run<E>(
    f: &mut Function<E>,
    start: &[f64],
    lower: &[f64],
    upper: &[f64],
    options: &Options,
    watch: &mut dyn FnMut(&Iterate) -> Control,
) -> Result<Option<Search>, E> {
    let mut failure = None;
    let problem = Borrowed {
        f,
        watch,
        failure: &mut failure,
        started: false,
    };
    let solver = TrustRegionReflective::new(lower.to_vec(), upper.to_vec(), *options);
    let outcome = Executor::new(problem, solver)
        .configure(|state: SearchState| state.param(start.to_vec()).max_iters(u64::MAX))
        .ctrlc(false)
        .run()
        .ok()
        .and_then(|done| done.solver.into_search());
    match failure {
        Some(error) => Err(error),
        None => Ok(outcome),
    }
}
