//! A population asked by name.

use crate::math::Expr;
use crate::objective::{BuildOptions, Target as _};

use super::super::dosing::quantity;
use super::super::population::{Place, Population, PopulationResponse, population};
use super::super::response::Watch;
use super::super::{Dosed, DosingError, Vary};
use super::{AskError, Fitted, Setting, expression_unit};

/// A population asked by name.
#[derive(Debug, Clone, PartialEq)]
pub struct PopulationQuestion {
    /// What is read, an expression over `observable@experiment@time`.
    pub expression: String,
    /// What differs between members.
    pub vary: Vec<Vary>,
    /// Members.
    pub members: usize,
    /// Seed of the sequence.
    pub seed: u64,
}

impl PopulationQuestion {
    /// Whether it can be asked: everything that can be known before a fit.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn check(&self, setting: &Setting<'_>) -> Result<(), AskError> {
        self.build(setting).map(|_| ())
    }

    /// The response, with what is varied and where it enters.
    fn build(&self, setting: &Setting<'_>) -> Result<Built, AskError> {
        for (i, v) in self.vary.iter().enumerate() {
            if self.vary.iter().take(i).any(|w| w.id == v.id) {
                return Err(AskError::Varied(v.id.clone()));
            }
        }
        let spec = quantity(&self.expression).map_err(|error| AskError::Response {
            text: self.expression.clone(),
            error,
        })?;
        let unit = expression_unit(setting, &spec);
        let experiments = experiments_of(&spec.expr);
        let estimated = |id: &str| {
            let parameters = &setting.problem.parameters;
            parameters.iter().any(|p| p.id == id && p.estimate)
        };
        let inputs: Vec<&str> = self
            .vary
            .iter()
            .map(|v| v.id.as_str())
            .filter(|id| !estimated(id))
            .collect();
        let options = BuildOptions {
            quantities: vec![spec],
            settings: setting.settings.clone(),
            ..BuildOptions::default()
        };
        let experiments: Vec<&str> = experiments.iter().map(String::as_str).collect();
        let dosed = Dosed::build(
            setting.models.to_vec(),
            setting.problem,
            &experiments,
            &inputs,
            &options,
        )?;
        let coordinates = dosed.objective.coordinates();
        let mut distributed = Vec::new();
        for v in &self.vary {
            let parameter = coordinates
                .iter()
                .take(dosed.parameters())
                .position(|c| c.id == v.id)
                .and_then(|j| Some((j, coordinates.get(j)?.scale)));
            let place = match (parameter, v.relative) {
                (Some((j, scale)), false) => Place::Parameter(j, scale),
                (Some((j, scale)), true) => Place::Factor(j, scale),
                (None, false) => {
                    let at = dosed.inputs.iter().position(|i| i.id == v.id);
                    Place::Input(at.ok_or(DosingError::Build(Vec::new()))?)
                }
                (None, true) => return Err(AskError::Factor(v.id.clone())),
            };
            distributed.push((place, v.spread.clone()));
        }
        Ok(Built {
            dosed,
            distributed,
            unit,
        })
    }

    /// Answers the question. An input is varied in the experiments of the expression that dose it, or in all of them if
    /// none does.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn answer(&self, fitted: &Fitted) -> Result<PopulationResponse, AskError> {
        self.answer_watched(fitted, &|_| {})
    }

    /// Answers the question; `tell` is told of the replicates.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn answer_watched(
        &self,
        fitted: &Fitted,
        tell: Watch<'_>,
    ) -> Result<PopulationResponse, AskError> {
        let Built {
            dosed,
            distributed,
            unit,
        } = self.build(&fitted.setting)?;
        // Inputs that do not differ keep what the conditions say: they are no coordinates here.
        let doses: Vec<f64> = dosed.inputs.iter().map(|i| i.control).collect();
        let asked = Population {
            distributed,
            members: self.members,
            seed: self.seed,
            ..Population::default()
        };
        Ok(population(
            &dosed,
            (&self.expression, unit.as_deref()),
            &asked,
            (fitted.theta, &doses),
            fitted.replicates,
            fitted.level,
            tell,
        )?)
    }
}

/// A question made ready.
struct Built {
    dosed: Dosed,
    distributed: Vec<(Place, crate::predict::Spread)>,
    unit: Option<String>,
}

/// Experiments that an expression reads, each once, in order.
fn experiments_of(expr: &Expr) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    expr.for_each_symbol(&mut |name| {
        if let Some(e) = name.split('@').nth(1)
            && !list.iter().any(|x| x == e)
        {
            list.push(e.into());
        }
    });
    list
}
