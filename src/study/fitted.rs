//! A fit with everything that is computed at its optimum: what `result.json` shows and other commands begin from.

use serde::{Deserialize, Serialize};

use super::checks::Checks;
use super::fitting::{StartEnd, Starts, StartsDocument};
use super::open::Prepared;
use super::result::{DataRow, FitSettings, ProblemHash, RelationRow, Warning, likelihood};
use super::warnings;
use crate::fit::{Optimum, Side};
use crate::objective::{EvalError, Objective, Parts, RowKind, Target};
use crate::problem::{NoiseSetting, RelationKind};
use crate::search::{Termination, Want};
use crate::uncertainty::identifiability::{self, Structural};
use crate::uncertainty::{Estimate, Goodness, Linearised, Verdict, fisher, goodness, information};

/// Random points at which the rank of the sensitivities is looked at: one would do but for accidents.
const STRUCTURAL_POINTS: usize = 5;
/// Version of `result.json`.
pub const SCHEMA_VERSION: u32 = 1;

/// A fit and what is known at its optimum.
#[derive(Debug)]
pub struct Fitted {
    /// The optimum.
    pub optimum: Optimum,
    /// The objective linearised there.
    pub linearised: Linearised,
    /// The document without its provenance.
    pub document: FitDocument,
}

/// `result.json` without provenance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitDocument {
    /// Version of the format.
    pub schema_version: u32,
    /// Hashes of what was fitted.
    pub problem: ProblemHash,
    /// Scenario.
    pub scenario: String,
    /// `converged`, `not_converged` or `failed`.
    pub status: String,
    /// Objective at the optimum.
    pub objective: f64,
    /// −log likelihood of the rows.
    pub nllh: f64,
    /// Log density of the priors.
    pub log_prior: f64,
    /// −log probability of the relations in the objective.
    pub penalty: f64,
    /// Σ squared normalised residuals of the uncensored rows.
    pub chi2: f64,
    /// Goodness of fit of the means.
    #[serde(flatten)]
    pub goodness: GoodnessDocument,
    /// Information criteria on the exact summary.
    #[serde(flatten)]
    pub criteria: CriteriaDocument,
    /// Rows.
    pub n_data: usize,
    /// Estimated parameters.
    pub n_estimated: usize,
    /// How reported SDs enter.
    pub noise: String,
    /// What the rows determine at all, whatever their errors.
    pub structural: Structural,
    /// Estimates.
    pub estimates: Vec<Estimate>,
    /// The optimum on the estimation scales, in the order of the estimates.
    pub optimum: Vec<f64>,
    /// Objective's gradient there.
    pub gradient: Vec<f64>,
    /// Per estimate: −1 held by its lower bound, 1 by its upper, else 0.
    pub held: Vec<i8>,
    /// How the best search ended.
    pub search: SearchEnd,
    /// Data beside the fit.
    pub data: Vec<DataRow>,
    /// Starts.
    pub starts: StartsDocument,
    /// Relations and facts.
    pub relations: Vec<RelationRow>,
    /// Rows of the parameter table that do not apply.
    pub ignored_parameters: Vec<String>,
    /// Warnings, the most serious first.
    pub warnings: Vec<Warning>,
    /// Checks of the optimum; null where an earlier fit was taken over that had none.
    pub checks: Option<Checks>,
    /// Settings.
    pub settings: FitSettings,
}

/// Goodness of fit without its rows, which stand in `data`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GoodnessDocument {
    /// χ² over the means with n.
    pub chi2_means: f64,
    /// Means with n.
    pub n_means: usize,
    /// Σn over the means.
    pub n_replicates: u64,
    /// Variances that an exact summary estimates.
    pub n_variances: u64,
    /// Degrees of freedom: means − effective parameters.
    pub dof: f64,
    /// Parameters that the means pay for.
    pub effective_parameters: f64,
    /// P of Johansen's F.
    pub p_value: Option<f64>,
    /// How, or why not.
    pub p_value_method: String,
    /// P of χ² if the reported SDs were known.
    pub p_value_if_sd_known: Option<f64>,
    /// P by refits of plug-in draws; null until a bootstrap with that draw was made.
    #[serde(default)]
    pub p_value_bootstrap: Option<f64>,
}

/// Information criteria.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CriteriaDocument {
    /// Akaike's criterion.
    pub aic: Option<f64>,
    /// Akaike's criterion for small samples.
    pub aicc: Option<f64>,
    /// Schwarz's criterion.
    pub bic: Option<f64>,
    /// Deviance that they are made from.
    pub deviance: Option<f64>,
    /// Why one is null.
    pub criteria_reason: Option<String>,
    /// Rows that the exact summary gives up.
    pub given_up: Vec<usize>,
}

/// How the best search ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchEnd {
    /// Why it ended.
    pub termination: String,
    /// Iterations.
    pub iterations: u64,
    /// Evaluations with derivatives.
    pub gradients: u64,
    /// Evaluations of the value alone.
    pub values: u64,
}

/// The optimum that a record describes, evaluated again.
///
/// # Errors
/// [`EvalError`] if it cannot be evaluated here (another machine, another version).
pub fn optimum(
    objective: &Objective,
    end: &StartEnd,
    ws: &mut <Objective as Target>::Workspace,
) -> Result<Optimum, EvalError> {
    let evaluated = objective.evaluate(&end.theta, objective.data(), Want::Derivatives, ws)?;
    let all = [
        Termination::Gradient,
        Termination::Objective,
        Termination::Step,
        Termination::Iterations,
        Termination::Stopped,
        Termination::Stuck,
    ];
    Ok(Optimum {
        theta: end.theta.clone(),
        evaluated,
        at_bound: end
            .at_bound
            .iter()
            .map(|side| match side {
                -1 => Some(Side::Lower),
                1 => Some(Side::Upper),
                _ => None,
            })
            .collect(),
        termination: all
            .into_iter()
            .find(|t| t.name() == end.termination)
            .unwrap_or(Termination::Stuck),
        iterations: usize::try_from(end.iterations).unwrap_or(usize::MAX),
        gradients: usize::try_from(end.gradients).unwrap_or(usize::MAX),
        values: usize::try_from(end.values).unwrap_or(usize::MAX),
    })
}

/// Computes everything at the best of the starts.
///
/// # Errors
/// [`EvalError`] if the optimum cannot be evaluated.
pub fn fitted(
    prepared: &Prepared,
    objective: &Objective,
    starts: &Starts,
    settings: FitSettings,
) -> Result<Fitted, EvalError> {
    let mut ws = objective.workspace();
    let end = starts.end().ok_or_else(|| EvalError::NotFinite {
        what: "the best start".into(),
    })?;
    from_end(
        prepared,
        objective,
        end,
        starts.document(),
        settings,
        None,
        &mut ws,
    )
}

/// The same from a record of the optimum and of the starts; what is structurally determined is taken over if it is known.
///
/// # Errors
/// [`EvalError`] if the optimum cannot be evaluated.
pub fn from_end(
    prepared: &Prepared,
    objective: &Objective,
    end: &StartEnd,
    starts: StartsDocument,
    settings: FitSettings,
    structural: Option<Structural>,
    ws: &mut <Objective as Target>::Workspace,
) -> Result<Fitted, EvalError> {
    let optimum = optimum(objective, end, ws)?;
    let linearised = Linearised::at_optimum(objective, objective.data(), &optimum, ws)?;
    let goodness = goodness::goodness(objective, &linearised);
    let structural = structural.unwrap_or_else(|| {
        identifiability::structural(
            objective,
            objective.data(),
            settings.seed,
            STRUCTURAL_POINTS,
        )
    });
    let estimates = estimates(objective, &linearised, &structural, settings.level);
    let data = data(prepared, objective, &linearised, &goodness);
    let relations = relations(prepared, objective, &optimum.theta, ws);
    let Parts {
        nllh,
        log_prior,
        penalty,
        chi2,
        ..
    } = optimum.evaluated.parts;
    let mut document = FitDocument {
        schema_version: SCHEMA_VERSION,
        problem: ProblemHash::of(prepared),
        scenario: prepared.scenario.id.clone(),
        status: if end.converged {
            "converged"
        } else {
            "not_converged"
        }
        .into(),
        objective: optimum.evaluated.value,
        nllh,
        log_prior,
        penalty,
        chi2,
        goodness: goodness_document(objective, &goodness),
        criteria: criteria(objective, &optimum.theta, ws),
        n_data: objective.rows().len(),
        n_estimated: objective.coordinates().len(),
        noise: noise(objective),
        structural,
        estimates,
        optimum: optimum.theta.clone(),
        gradient: optimum.evaluated.gradient.clone(),
        held: end.at_bound.clone(),
        search: SearchEnd {
            termination: end.termination.clone(),
            iterations: end.iterations,
            gradients: end.gradients,
            values: end.values,
        },
        data,
        starts,
        relations,
        ignored_parameters: prepared.ignored.clone(),
        warnings: Vec::new(),
        checks: None,
        settings: FitSettings {
            likelihood: likelihood(&prepared.problem),
            ..settings
        },
    };
    document.warnings = warnings::of_fit(&document, &linearised);
    Ok(Fitted {
        optimum,
        linearised,
        document,
    })
}

fn estimates(
    objective: &Objective,
    linearised: &Linearised,
    structural: &Structural,
    level: f64,
) -> Vec<Estimate> {
    let coordinates = objective.coordinates();
    let mut list = fisher::estimates(coordinates, linearised, level);
    // Without profiles: what the structure and the priors say of each.
    let none = vec![None; coordinates.len()];
    let judged = identifiability::judge(coordinates, linearised, &none, Some(structural), level);
    for (e, j) in list.iter_mut().zip(judged) {
        let (verdict, text) = match j.verdict {
            Verdict::StructurallyNonIdentifiable | Verdict::PriorOnly => (j.verdict, j.text),
            _ => verdict(e),
        };
        e.verdict = Some(verdict);
        e.verdict_text = Some(text);
    }
    list
}

/// What the quick interval says about a parameter, until a profile says it better.
fn verdict(e: &Estimate) -> (Verdict, String) {
    if let Some(side) = &e.at_bound {
        return (
            Verdict::PracticallyNonIdentifiable,
            format!("the estimate lies at its {side} bound"),
        );
    }
    match e
        .interval
        .as_ref()
        .map(|i| (i.lower.closed(), i.upper.closed()))
    {
        None => (
            Verdict::PracticallyNonIdentifiable,
            "at this fit the data do not determine it, or only in combination with others".into(),
        ),
        Some((Some(lower), Some(upper))) if lower >= e.lower_bound && upper <= e.upper_bound => (
            Verdict::Identifiable,
            "its quick interval lies within its bounds; a profile would confirm it".into(),
        ),
        Some(_) => (
            Verdict::PracticallyNonIdentifiable,
            "its quick interval reaches beyond a bound of the search".into(),
        ),
    }
}

fn goodness_document(objective: &Objective, g: &Goodness) -> GoodnessDocument {
    let n_of = |kind: &RowKind| match kind {
        RowKind::Mean { n } => u64::from(*n),
        _ => 0,
    };
    let rows = objective.rows();
    let means = || {
        rows.iter()
            .filter(|r| matches!(r.kind, RowKind::Mean { .. }))
    };
    let pooled = |r: &&crate::objective::RowInfo| {
        matches!(r.noise, NoiseSetting::PooledSd | NoiseSetting::PooledCv)
    };
    let groups: std::collections::BTreeSet<usize> =
        means().filter(pooled).map(|r| r.group).collect();
    let own = means().filter(|r| !pooled(r)).count();
    GoodnessDocument {
        // An empty sum is −0 in IEEE arithmetic.
        chi2_means: g.chi2_means + 0.0,
        n_means: g.n_means,
        n_replicates: rows.iter().map(|r| n_of(&r.kind)).sum(),
        n_variances: (own + groups.len()) as u64,
        dof: g.dof,
        effective_parameters: g.effective_parameters,
        p_value: g.p_value,
        p_value_method: g.p_value_method.clone(),
        p_value_if_sd_known: g.p_value_if_sd_known,
        p_value_bootstrap: None,
    }
}

/// Criteria on the exact summary, refitted from the optimum.
fn criteria(
    objective: &Objective,
    theta: &[f64],
    ws: &mut <Objective as Target>::Workspace,
) -> CriteriaDocument {
    let options = crate::search::Options::default();
    let c = information::criteria(objective, objective.data(), &[theta], &options, ws);
    CriteriaDocument {
        aic: c.aic,
        aicc: c.aicc,
        bic: c.bic,
        deviance: c.deviance,
        criteria_reason: c.reason,
        given_up: c.given_up,
    }
}

/// Noise settings of the rows, each once.
fn noise(objective: &Objective) -> String {
    let mut names: Vec<&str> = Vec::new();
    for r in objective.rows() {
        let name = match (r.kind, r.noise) {
            (RowKind::Point, _) => "formula",
            (_, NoiseSetting::KnownSd) => "known_sd",
            (_, NoiseSetting::ExactSummary) => "exact_summary",
            (_, NoiseSetting::PooledSd) => "pooled_sd",
            (_, NoiseSetting::PooledCv) => "pooled_cv",
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join("+")
}

fn data(
    prepared: &Prepared,
    objective: &Objective,
    linearised: &Linearised,
    goodness: &Goodness,
) -> Vec<DataRow> {
    let values = objective.data();
    objective
        .rows()
        .iter()
        .zip(&goodness.rows)
        .enumerate()
        .map(|(i, (row, g))| {
            let at = |list: &[f64]| list.get(i).copied().unwrap_or(f64::NAN);
            let (kind, n) = match row.kind {
                RowKind::Mean { n } => ("mean", Some(n)),
                RowKind::KnownError => ("known_error", None),
                RowKind::Point => ("point", None),
                RowKind::Limit { n, upper: false } => ("limit_below", Some(n)),
                RowKind::Limit { n, upper: true } => ("limit_above", Some(n)),
            };
            DataRow {
                observable: row.observable.clone(),
                experiment: row.experiment.clone(),
                time: row.time,
                measured: at(&values.value),
                sd: Some(at(&values.sd)).filter(|s| s.is_finite()),
                n,
                kind,
                standard_error: at(&linearised.sigma),
                fitted: at(&linearised.simulated),
                residual: g.residual,
                scaled_residual: g.scaled,
                leverage: g.leverage,
                freedom: g.freedom,
                dataset: row.dataset.clone(),
                source: prepared
                    .problem
                    .measurements
                    .get(row.measurement)
                    .and_then(|m| m.source.clone()),
            }
        })
        .collect()
}

/// The relation as people read it.
pub fn relation_text(r: &crate::problem::Relation) -> String {
    let with: Vec<String> = r.with.iter().map(|(id, v)| format!("{id} = {v}")).collect();
    let mut text = match &r.kind {
        RelationKind::Less => format!("{} < {}", r.left, r.right),
        RelationKind::Greater => format!("{} > {}", r.left, r.right),
        RelationKind::Approximately => format!("{} ≈ {} ± {}", r.left, r.right, r.margin),
        RelationKind::In { lower, upper } => format!("{} in {lower} … {upper}", r.left),
    };
    if r.margin != 0.0 && matches!(r.kind, RelationKind::Less | RelationKind::Greater) {
        text += &format!(" by {}", r.margin);
    }
    if !with.is_empty() {
        text += &format!(", with {}", with.join(", "));
    }
    text
}

fn relations(
    prepared: &Prepared,
    objective: &Objective,
    theta: &[f64],
    ws: &mut <Objective as Target>::Workspace,
) -> Vec<RelationRow> {
    objective
        .relations
        .iter()
        .zip(&prepared.problem.relations)
        .map(|(r, written)| {
            let checked = objective.check_relation(r, theta, ws);
            let ok = checked.as_ref().ok();
            RelationRow {
                id: r.id.clone(),
                holds: ok.map(|(_, _, margin)| *margin > 0.0),
                margin: ok.map(|(_, _, margin)| *margin),
                value: ok.map(|(left, _, _)| *left),
                right: ok.map(|(_, right, _)| *right),
                usage: if r.penalty { "penalty" } else { "check" }.into(),
                text: relation_text(written),
                reason: checked.as_ref().err().map(ToString::to_string),
                source: r.source.clone(),
            }
        })
        .collect()
}
