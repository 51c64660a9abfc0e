//! Two drugs together: surface, expected effects, synergy.

use serde::Serialize;

use super::{Estimate, Failures, Warning};

/// Direction of the readout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Readout {
    /// Larger values are more effect (apoptosis, inhibition).
    Inhibition,
    /// Larger values are less effect (viability, number of cells).
    Viability,
}

/// A quantity at a point of the surface.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cell {
    /// At the fit (NaN where it is not defined).
    pub value: f64,
    /// Lower end of its interval.
    pub lower: f64,
    /// Upper end of its interval.
    pub upper: f64,
}

/// A pair of doses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SurfacePoint {
    /// Dose of the first drug.
    pub a: f64,
    /// Dose of the second drug.
    pub b: f64,
    /// Response in its own unit.
    pub response: Cell,
    /// Effect as a part of the full effect: (response − control)/(full − control).
    pub effect: f64,
    /// Effect beyond that of independent action (Bliss).
    pub bliss: Cell,
    /// Effect beyond that of dose additivity (Loewe).
    pub loewe: Cell,
    /// Effect beyond that of the better drug alone (highest single agent).
    pub hsa: Cell,
    /// A dose lies outside those of the data.
    pub extrapolated: bool,
}

/// One definition of synergy over the whole surface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Mean excess over the surface, in parts of the full effect.
    pub mean: f64,
    /// Lower end of its interval.
    pub lower: f64,
    /// Upper end of its interval.
    pub upper: f64,
    /// Largest excess over the surface; its interval is that of the largest excess of each replicate.
    pub largest: Cell,
    /// Doses of the largest excess at the fit.
    pub largest_at: [f64; 2],
    /// Why the definition does not apply, if it does not.
    pub not_applicable: Option<String>,
    /// `synergy`, `antagonism`, `not_distinguished` or `not_applicable`.
    pub verdict: String,
}

/// Scores by definition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Synergy {
    /// Independent action.
    pub bliss: Score,
    /// Dose additivity.
    pub loewe: Score,
    /// Highest single agent.
    pub hsa: Score,
}

/// A pair of doses that has a given effect together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IsobolePoint {
    /// Dose of the first drug.
    pub a: f64,
    /// Dose of the second drug that completes the effect.
    pub b: f64,
    /// Dose of the second drug that would complete it under dose additivity.
    pub additive_b: f64,
    /// Combination index a/D_A + b/D_B.
    pub index: f64,
    /// Dose-reduction index of the first drug: D_A/a.
    pub reduction_a: f64,
    /// Dose-reduction index of the second drug: D_B/b.
    pub reduction_b: f64,
}

/// Doses of one effect.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Isobole {
    /// Effect as a part of the full effect.
    pub effect: f64,
    /// Dose of the first drug alone.
    pub alone_a: Estimate,
    /// Dose of the second drug alone.
    pub alone_b: Estimate,
    /// Points, by ascending dose of the first drug.
    pub points: Vec<IsobolePoint>,
}

/// The content of `combine.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Combination {
    /// The two inputs.
    pub inputs: [String; 2],
    /// Their units as written.
    pub input_units: [Option<String>; 2],
    /// The response as an expression.
    pub response: String,
    /// Its unit as written.
    pub response_unit: Option<String>,
    /// Direction.
    pub readout: Readout,
    /// Response without drugs, at the fit.
    pub control: f64,
    /// Response at the full effect.
    pub full: f64,
    /// Doses of the first drug on the surface.
    pub doses_a: Vec<f64>,
    /// Doses of the second drug on the surface.
    pub doses_b: Vec<f64>,
    /// Points, row by row of the first drug.
    pub surface: Vec<SurfacePoint>,
    /// Scores.
    pub synergy: Synergy,
    /// Isoboles.
    pub isoboles: Vec<Isobole>,
    /// Level of the intervals.
    pub level: f64,
    /// Replicates used.
    pub replicates: usize,
    /// Replicates that could not be simulated, by reason.
    pub failed: Failures,
    /// Largest interpolation error that was found, in widths of the local interval (0 without interpolation).
    pub interpolation_error: f64,
    /// Nodes of the interpolation in log dose, by drug (0 without interpolation).
    pub nodes: [usize; 2],
    /// What a reader has to know.
    pub warnings: Vec<Warning>,
}
