//! The trust region from iterate to iterate.

use super::candidates::{Candidates, Local, finite, largest};
use super::scaling::Scaling;
use super::secant::Secant;
use super::{Evaluation, Function, Iterate, Options, Search, Termination, Want};

/// Share of the predicted decrease from which on a step is accepted.
const ACCEPT: f64 = 1e-4;
/// Below this share the region shrinks, above [`GOOD`] it may grow (Branch, Coleman & Li 1999, section 6).
const POOR: f64 = 0.25;
/// See [`POOR`].
const GOOD: f64 = 0.75;
/// Factor of the radius after a poor or failed step, on the length of that step.
const SHRINK: f64 = 0.25;
/// Factor of the radius after a good step that the region restricted.
const GROW: f64 = 2.0;

/// Rounding error of a value relative to its size, below which differences mean nothing.
const ROUNDING: f64 = 16.0 * f64::EPSILON;

/// State of a search, advanced one iteration at a time.
///
/// [`super::argmin::TrustRegionReflective`] is the solver around it.
#[derive(Debug, Clone)]
pub struct TrustRegion {
    options: Options,
    lower: Vec<f64>,
    upper: Vec<f64>,
    x: Vec<f64>,
    now: Evaluation,
    scaling: Scaling,
    secant: Secant,
    /// Curvature of the model of the objective.
    model: Vec<f64>,
    radius: f64,
    /// Whether the last step went as predicted: then derivatives are asked for at once at the next trial point.
    trusted: bool,
    iterations: usize,
    values: usize,
    gradients: usize,
    candidates: Candidates,
    trial: Vec<f64>,
}

/// What became of a trial point.
enum Trial {
    Accepted {
        ratio: f64,
        evaluation: Evaluation,
    },
    /// With the value there.
    Rejected(f64),
    Failed,
}

impl TrustRegion {
    /// Evaluates the start, moved into the box.
    ///
    /// # Errors
    /// That of `f`.
    pub fn start<E>(
        f: &mut Function<E>,
        start: &[f64],
        lower: &[f64],
        upper: &[f64],
        options: &Options,
    ) -> Result<Self, E> {
        let x: Vec<f64> = start
            .iter()
            .zip(lower)
            .zip(upper)
            .map(|((x, l), u)| x.max(*l).min(*u))
            .collect();
        let now = f(&x, Want::Derivatives)?;
        let mut region = Self {
            options: *options,
            lower: lower.to_vec(),
            upper: upper.to_vec(),
            trial: x.clone(),
            x,
            now,
            scaling: Scaling::default(),
            secant: Secant::default(),
            model: Vec::new(),
            radius: options.initial_radius,
            trusted: true,
            iterations: 0,
            values: 0,
            gradients: 1,
            candidates: Candidates::default(),
        };
        if region.usable(&region.now) {
            region.rescale();
        }
        Ok(region)
    }

    /// The present point.
    pub fn iterate(&self) -> Iterate<'_> {
        Iterate {
            iteration: self.iterations,
            point: &self.x,
            value: self.now.value,
            gradient_norm: self.scaling.gradient_norm,
            radius: self.radius,
        }
    }

    /// Evaluations so far: of the value alone, and with derivatives.
    pub fn evaluations(&self) -> (usize, usize) {
        (self.values, self.gradients)
    }

    /// Closes the search.
    pub fn into_search(self, termination: Termination) -> Search {
        Search {
            point: self.x,
            value: self.now.value,
            gradient: self.now.gradient,
            curvature: self.now.curvature,
            termination,
            iterations: self.iterations,
            values: self.values,
            gradients: self.gradients,
        }
    }

    fn rescale(&mut self) {
        self.scaling
            .update(&self.x, &self.now.gradient, &self.lower, &self.upper);
        self.secant.model(&self.now.curvature, &mut self.model);
    }

    /// Step to the trial point, and what the curvature alone foretells of the value there.
    fn plainly(&self) -> (Vec<f64>, f64) {
        let step: Vec<f64> = self.trial.iter().zip(&self.x).map(|(t, x)| t - x).collect();
        let (n, now) = (step.len(), &self.now);
        let mut sum = 0.0;
        for (i, s) in step.iter().enumerate() {
            let row: f64 = (0..n).map(|j| now.curvature[i * n + j] * step[j]).sum();
            sum += s * (now.gradient[i] + 0.5 * row);
        }
        (step, sum)
    }

    /// Takes in what the accepted trial point says about the Hessian.
    fn learn(&mut self, trial: &Evaluation) {
        let (step, plain) = self.plainly();
        self.secant
            .judge(&step, plain, trial.value - self.now.value);
        let gradients = trial.gradient.iter().zip(&self.now.gradient);
        let change: Vec<f64> = gradients.map(|(after, before)| after - before).collect();
        self.secant.update(&step, &change, &trial.curvature);
    }

    fn usable(&self, e: &Evaluation) -> bool {
        let n = self.x.len();
        e.value.is_finite()
            && e.gradient.len() == n
            && e.curvature.len() == n * n
            && finite(&e.gradient)
            && finite(&e.curvature)
    }

    /// Goes on to the next accepted point, or says why the search ends.
    pub fn advance<E>(&mut self, f: &mut Function<E>) -> Option<Termination> {
        if !self.usable(&self.now) {
            return Some(Termination::Stuck);
        }
        if self.scaling.gradient_norm <= self.options.gradient_tolerance {
            return Some(Termination::Gradient);
        }
        // What an unrestricted step promises, as far as this iterate has seen one.
        let mut promise = f64::INFINITY;
        let rounding = ROUNDING * self.now.value.abs();
        let tolerance = self.options.objective_tolerance.max(rounding);
        let noise = self.options.noise.max(rounding);
        let mut failed = false;
        loop {
            if self.iterations >= self.options.max_iterations {
                return Some(Termination::Iterations);
            }
            self.iterations += 1;
            let local = Local {
                x: &self.x,
                g: &self.now.gradient,
                h: &self.model,
                lower: &self.lower,
                upper: &self.upper,
                scaling: &self.scaling,
                radius: self.radius,
            };
            self.candidates.choose(&local);
            let gain = -self.candidates.predicted;
            let length = local.length(&self.candidates.step);
            let restricted = self.candidates.restricted;
            if !restricted {
                promise = gain;
            }
            if promise <= tolerance {
                return Some(Termination::Objective);
            }
            if gain <= 0.0 {
                return Some(Termination::Stuck);
            }
            self.place();
            match self.evaluate(gain, f) {
                Trial::Accepted { ratio, evaluation } => {
                    if ratio < POOR {
                        self.radius = SHRINK * length;
                    } else if ratio > GOOD && restricted {
                        self.radius = self.radius.max(GROW * length);
                    }
                    self.trusted = ratio >= POOR;
                    let moved = largest(&self.candidates.step);
                    if self.options.secant {
                        self.learn(&evaluation);
                    }
                    std::mem::swap(&mut self.x, &mut self.trial);
                    self.now = evaluation;
                    self.rescale();
                    // A restricted step that goes as predicted makes the region grow: it says nothing about an end.
                    if restricted && ratio > GOOD {
                        return None;
                    }
                    return if gain <= tolerance && ratio >= POOR {
                        Some(Termination::Objective)
                    } else if moved <= self.shortest() && !restricted {
                        Some(Termination::Step)
                    } else {
                        None
                    };
                }
                outcome => {
                    self.trusted = false;
                    self.radius = SHRINK * length.min(self.radius);
                    match outcome {
                        Trial::Rejected(value) => {
                            let (step, plain) = self.plainly();
                            if self.secant.judge(&step, plain, value - self.now.value) {
                                self.secant.model(&self.now.curvature, &mut self.model);
                                promise = f64::INFINITY;
                            }
                        }
                        _ => failed = true,
                    }
                    if !failed && (promise <= noise || gain <= tolerance) {
                        return Some(Termination::Objective);
                    }
                    if largest(&self.candidates.step) <= self.shortest() {
                        return Some(Termination::Stuck);
                    }
                }
            }
        }
    }

    fn shortest(&self) -> f64 {
        self.options.step_tolerance * (1.0 + largest(&self.x))
    }

    /// The trial point: inside the box, and exactly on the bounds that the step landed on.
    fn place(&mut self) {
        for i in 0..self.x.len() {
            self.trial[i] = (self.x[i] + self.candidates.step[i])
                .max(self.lower[i])
                .min(self.upper[i]);
        }
        for &i in &self.candidates.landed {
            let step = self.candidates.step[i];
            self.trial[i] = if step > 0.0 {
                self.upper[i]
            } else if step < 0.0 {
                self.lower[i]
            } else {
                self.x[i]
            };
        }
    }

    /// Evaluates the trial point: at once with derivatives where it will most likely be accepted.
    fn evaluate<E>(&mut self, gain: f64, f: &mut Function<E>) -> Trial {
        if !self.trusted {
            self.values += 1;
            match f(&self.trial, Want::Value) {
                Ok(e) if e.value.is_finite() => {
                    if self.now.value - e.value < ACCEPT * gain {
                        return Trial::Rejected(e.value);
                    }
                }
                _ => return Trial::Failed,
            }
        }
        self.gradients += 1;
        let evaluation = match f(&self.trial, Want::Derivatives) {
            Ok(e) if self.usable(&e) => e,
            _ => return Trial::Failed,
        };
        let ratio = (self.now.value - evaluation.value) / gain;
        if ratio < ACCEPT {
            Trial::Rejected(evaluation.value)
        } else {
            Trial::Accepted { ratio, evaluation }
        }
    }
}
