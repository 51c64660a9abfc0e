//! Two drugs together: surface, expected effects, synergy.

use serde::{Deserialize, Serialize};

use super::{Estimate, Failures, Warning};

/// Direction of the readout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readout {
    /// Larger values are more effect (apoptosis, inhibition).
    Inhibition,
    /// Larger values are less effect (viability, number of cells).
    Viability,
}

/// A quantity at a point of the surface.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// At the fit (NaN where it is not defined).
    #[serde(deserialize_with = "super::missing::number")]
    pub value: f64,
    /// Lower end of its interval.
    #[serde(deserialize_with = "super::missing::number")]
    pub lower: f64,
    /// Upper end of its interval.
    #[serde(deserialize_with = "super::missing::number")]
    pub upper: f64,
}

/// A pair of doses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurfacePoint {
    /// Dose of the first drug.
    #[serde(deserialize_with = "super::missing::number")]
    pub a: f64,
    /// Dose of the second drug.
    #[serde(deserialize_with = "super::missing::number")]
    pub b: f64,
    /// Response in its own unit.
    pub response: Cell,
    /// Effect as a part of the full effect: (response − control)/(full − control).
    #[serde(deserialize_with = "super::missing::number")]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Mean excess over the surface, in parts of the full effect.
    #[serde(deserialize_with = "super::missing::number")]
    pub mean: f64,
    /// Lower end of its interval.
    #[serde(deserialize_with = "super::missing::number")]
    pub lower: f64,
    /// Upper end of its interval.
    #[serde(deserialize_with = "super::missing::number")]
    pub upper: f64,
    /// Largest excess over the surface; its interval is that of the largest excess of each replicate.
    pub largest: Cell,
    /// Doses of the largest excess at the fit.
    #[serde(deserialize_with = "super::missing::pair")]
    pub largest_at: [f64; 2],
    /// Why the definition does not apply, if it does not.
    pub not_applicable: Option<String>,
    /// `synergy`, `antagonism`, `not_distinguished` or `not_applicable`.
    pub verdict: String,
}

/// Scores by definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Synergy {
    /// Independent action.
    pub bliss: Score,
    /// Dose additivity.
    pub loewe: Score,
    /// Highest single agent.
    pub hsa: Score,
}

/// A pair of doses that has a given effect together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IsobolePoint {
    /// Dose of the first drug.
    #[serde(deserialize_with = "super::missing::number")]
    pub a: f64,
    /// Dose of the second drug that completes the effect.
    #[serde(deserialize_with = "super::missing::number")]
    pub b: f64,
    /// Dose of the second drug that would complete it under dose additivity.
    #[serde(deserialize_with = "super::missing::number")]
    pub additive_b: f64,
    /// Combination index a/D_A + b/D_B.
    #[serde(deserialize_with = "super::missing::number")]
    pub index: f64,
    /// Dose-reduction index of the first drug: D_A/a.
    #[serde(deserialize_with = "super::missing::number")]
    pub reduction_a: f64,
    /// Dose-reduction index of the second drug: D_B/b.
    #[serde(deserialize_with = "super::missing::number")]
    pub reduction_b: f64,
}

/// Doses of one effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Isobole {
    /// Effect as a part of the full effect.
    #[serde(deserialize_with = "super::missing::number")]
    pub effect: f64,
    /// Dose of the first drug alone.
    pub alone_a: Estimate,
    /// Dose of the second drug alone.
    pub alone_b: Estimate,
    /// Points, by ascending dose of the first drug.
    pub points: Vec<IsobolePoint>,
}

/// The content of `combine.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    #[serde(deserialize_with = "super::missing::number")]
    pub control: f64,
    /// Response at the full effect.
    #[serde(deserialize_with = "super::missing::number")]
    pub full: f64,
    /// Doses of the first drug on the surface.
    #[serde(deserialize_with = "super::missing::numbers")]
    pub doses_a: Vec<f64>,
    /// Doses of the second drug on the surface.
    #[serde(deserialize_with = "super::missing::numbers")]
    pub doses_b: Vec<f64>,
    /// Points, row by row of the first drug.
    pub surface: Vec<SurfacePoint>,
    /// Scores.
    pub synergy: Synergy,
    /// Isoboles.
    pub isoboles: Vec<Isobole>,
    /// Level of the intervals.
    #[serde(deserialize_with = "super::missing::number")]
    pub level: f64,
    /// Replicates used.
    pub replicates: usize,
    /// Replicates that could not be simulated, by reason.
    pub failed: Failures,
    /// Largest interpolation error that was found, in widths of the local interval (0 without interpolation).
    #[serde(deserialize_with = "super::missing::number")]
    pub interpolation_error: f64,
    /// Nodes of the interpolation in log dose, by drug (0 without interpolation).
    pub nodes: [usize; 2],
    /// What a reader has to know.
    pub warnings: Vec<Warning>,
}
