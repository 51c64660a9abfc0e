//! What is profiled, and what comes of it.

use serde::{Deserialize, Serialize};

use super::Profile;

/// What is profiled.
#[derive(Debug)]
pub enum Item<'a, Q> {
    /// An estimated parameter, by its index.
    Parameter(usize),
    /// A prediction.
    Prediction {
        /// Its text.
        id: String,
        /// It.
        quantity: &'a Q,
    },
}

impl<Q> Clone for Item<'_, Q> {
    fn clone(&self) -> Self {
        match self {
            Self::Parameter(k) => Self::Parameter(*k),
            Self::Prediction { id, quantity } => Self::Prediction {
                id: id.clone(),
                quantity,
            },
        }
    }
}

/// What came of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its profile.
    Done(Box<Profile>),
    /// A better optimum than the fit: objective and point.
    Better {
        /// Objective there.
        objective: f64,
        /// Point, estimation scale.
        theta: Vec<f64>,
    },
    /// It could not be profiled.
    Refused(String),
}

/// An item's outcome with the round it belongs to: after a better optimum was found everything is done again in the next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemResult {
    /// Round: 0 is from the fit given.
    pub round: u64,
    /// Index of the item.
    pub item: u64,
    /// Outcome.
    pub outcome: Outcome,
}
