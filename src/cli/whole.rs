//! The whole study: every scenario fitted, the main one resampled and predicted from, all of it in one view.

use crate::diagnostic::Finding;
use crate::objective::{BuildOptions, Target as _};
use crate::predict::dose::FoldShift;
use crate::report::document::Document;
use crate::report::number::Style;
use crate::report::{View, figure, page, view as shown};
use crate::study::claims;
use crate::study::fitted::{FitDocument, Fitted};
use crate::study::gates;
use crate::study::job::Begin;
use crate::study::open::Prepared;
use crate::study::plan::{ProfilePlan, Scenario};
use crate::study::scenario;
use crate::study::stage_bootstrap::{self, BootstrapDocument, Outcome};

use super::comparing::{Compared, Comparing};
use super::console::Console;
use super::predicting::{Basis, Dosing};
use super::session::Session;
use super::stages::{BootstrapFlags, Scene};
use super::{Exit, Failure, planned, predicting, viewing};

/// What to do.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Starts instead of the plan's.
    pub starts: Option<u64>,
    /// Replicates instead of the plan's; 0: no bootstrap.
    pub samples: Option<u64>,
    /// Go on with checkpoints.
    pub resume: bool,
    /// Further gates.
    pub require: Vec<String>,
}

impl Options {
    fn begin(&self) -> Begin {
        Begin::within(self.resume)
    }
}

/// What came of it.
pub struct Whole {
    /// What a report shows.
    pub view: View,
    /// Fit of the main scenario.
    pub fit: FitDocument,
    /// Its bootstrap.
    pub bootstrap: Option<BootstrapDocument>,
    /// Gates with their outcomes.
    pub gates: Vec<gates::Outcome>,
    /// Fits of all scenarios, the main one first.
    pub scenarios: Vec<FitDocument>,
    /// Folder of the results.
    pub folder: std::path::PathBuf,
}

impl Whole {
    /// The exit code that it stands for.
    pub fn exit(&self) -> Exit {
        if self
            .bootstrap
            .as_ref()
            .is_some_and(|b| b.status == "partial")
        {
            Exit::Partial
        } else if self.gates.iter().any(|g| !g.holds) {
            Exit::Gate
        } else {
            Exit::Ok
        }
    }
}

/// Does the whole study.
pub fn whole(session: &Session, options: &Options, console: &Console) -> Result<Whole, Failure> {
    let plan = &session.study.plan.plan;
    let scenarios: Vec<Scenario> = match &session.run.scenario {
        Some(id) => vec![
            scenario::choose(plan, Some(id))
                .map_err(|e| Failure::usage(e.to_string(), "scenarios are listed in plan.json"))?,
        ],
        None if plan.scenarios.is_empty() => vec![scenario::as_it_is()],
        None => plan
            .scenarios
            .iter()
            .enumerate()
            .filter(|(i, s)| *i == 0 || !s.sensitivity)
            .map(|(_, s)| s.clone())
            .collect(),
    };
    // Every scenario is read before any is computed: a mistake in the last one must not cost the first ones' time.
    let mut prepared: Vec<Prepared> = Vec::new();
    for s in &scenarios {
        prepared.push(session.study.prepare_scenario(s.clone())?);
    }
    let Some(first) = prepared.first() else {
        return Err(Failure::Internal("a study without scenarios".into()));
    };
    console.findings(&first.findings);
    let mut required: Vec<String> = plan.gates.iter().map(|g| g.require.clone()).collect();
    required.extend(options.require.iter().cloned());
    let main = Scene::new(session, first, BuildOptions::default())?;
    planned::check(&main, &required)?;
    let comparing = comparison(session)?;
    let fitted = main.fit(options.starts, options.begin(), console)?.0;
    let bootstrapped = bootstrap(&main, &fitted, options, console)?;
    // Without a bootstrap of this fit, predictions have the intervals of the linearised fit.
    let replicates = match main.recorded(&fitted)? {
        Ok(r) if bootstrapped.is_some() => {
            let all = r.samples;
            r.first(all)
        }
        _ => Vec::new(),
    };
    predictions(&main, &fitted, &replicates, options, console)?;
    if let Some(p) = &plan.profile {
        let planned = profile_of(&main, p)?;
        let mut p = p.clone();
        if p.parameters.is_empty() {
            let coordinates = main.objective.coordinates();
            p.parameters = coordinates.iter().map(|c| c.id.clone()).collect();
        }
        planned.profile(&fitted, &p, options.resume, console)?;
    }
    let mut warnings: Vec<shown::Warning> = Vec::new();
    if let Some(comparing) = comparing {
        let id = session.run.scenario.as_deref();
        if let Compared::Whole(document, _) =
            comparing.compared(id, None, options.begin(), console)?
            && document.comparison.models.is_empty()
        {
            warnings.push(shown::Warning {
                code: "nothing-ranked".into(),
                text: "no variant could be ranked; compare.json has the reasons".into(),
                place: None,
            });
        }
    }
    let judged = claims::judge(first, &session.settings, &fitted.optimum.theta);
    main.write_claims(&judged)?;

    let mut fits = vec![fitted.document.clone()];
    for p in prepared.iter().skip(1) {
        match side(session, p, options, console) {
            Ok(d) => fits.push(d),
            Err(Failure::NothingEvaluated { message, .. }) => {
                warnings.push(shown::Warning {
                    code: "scenario-failed".into(),
                    text: message,
                    place: Some(p.scenario.id.clone()),
                });
            }
            Err(e) => return Err(e),
        }
    }
    let document = bootstrapped.map(|b| b.document);
    let gates = gates::judge(&required, &fitted.document, document.as_ref())
        .map_err(|e| gate_failure(session, &e))?;
    for g in gates.iter().filter(|g| !g.holds) {
        warnings.push(shown::Warning {
            code: "gate-failed".into(),
            text: format!(
                "the condition `{}` does not hold ({})",
                g.require,
                values(g)
            ),
            place: None,
        });
    }
    let mut notes = Vec::new();
    let mut v = viewing::view(first, &main.folder, &mut notes);
    notes.iter().for_each(|n| console.note(n));
    v.warnings.extend(warnings);
    Ok(Whole {
        view: v,
        fit: fitted.document,
        bootstrap: document,
        gates,
        scenarios: fits,
        folder: main.folder.clone(),
    })
}

fn values(g: &gates::Outcome) -> String {
    let list: Vec<String> = g
        .values
        .iter()
        .map(|(n, v)| format!("{n} = {v:.4}"))
        .collect();
    list.join(", ")
}

/// A gate that cannot be read, with its place in the plan.
pub fn gate_failure(session: &Session, e: &gates::GateError) -> Failure {
    let gate = match e {
        gates::GateError::Parse { gate, .. } | gates::GateError::Name { gate, .. } => gate,
    };
    let finding = Finding::error("invalid-gate", e.to_string())
        .help("`mechfit explain gates` lists the names that a gate may use");
    match &session.study.plan.source {
        Some(source) if source.text.contains(gate.as_str()) => finding
            .at(source, crate::study::strict::find(source, gate), "")
            .into(),
        _ => finding.into(),
    }
}

/// The bootstrap of the main scenario, if one is wanted.
fn bootstrap(
    scene: &Scene,
    fitted: &Fitted,
    options: &Options,
    console: &Console,
) -> Result<Option<Box<stage_bootstrap::Bootstrapped>>, Failure> {
    let plan = &scene.session.study.plan;
    let wanted = match options.samples {
        Some(0) => false,
        Some(_) => true,
        // A problem without a plan gets what people come for.
        None => plan.path.is_none() || plan.plan.bootstrap.is_some(),
    };
    if !wanted {
        return Ok(None);
    }
    let flags = BootstrapFlags {
        samples: options.samples,
        ..BootstrapFlags::default()
    };
    let stage = scene.bootstrap_stage(fitted, &flags, None, options.begin())?;
    match scene.bootstrap(&stage, console)? {
        (Outcome::Whole(whole), _) => Ok(Some(whole)),
        (Outcome::Shard { .. }, _) => Ok(None),
    }
}

/// The fit of a further scenario.
fn side(
    session: &Session,
    prepared: &Prepared,
    options: &Options,
    console: &Console,
) -> Result<FitDocument, Failure> {
    let scene = Scene::new(session, prepared, BuildOptions::default())?;
    Ok(scene
        .fit(options.starts, options.begin(), console)?
        .0
        .document)
}

/// The comparison of variants, if the plan makes it part of a run.
fn comparison(session: &Session) -> Result<Option<Comparing<&Session>>, Failure> {
    let plan = &session.study.plan;
    if !plan.plan.compare.as_ref().is_some_and(|c| c.run) {
        return Ok(None);
    }
    Comparing::of_study(session).map(Some).ok_or_else(|| {
        let finding = Finding::error(
            "invalid-plan",
            "the plan asks `run` to compare variants, and the problem lists none",
        )
        .help("write a variant table (docs/tables.md) and list it under `variant_files`, or leave `compare` out");
        match &plan.source {
            Some(source) => finding
                .at(source, crate::study::strict::find(source, "compare"), "")
                .into(),
            None => finding.into(),
        }
    })
}

/// A scene whose quantities are the predictions that a plan profiles.
fn profile_of<'a>(scene: &Scene<'a>, plan: &ProfilePlan) -> Result<Scene<'a>, Failure> {
    let listed = &scene.session.study.plan.plan.predictions;
    let quantities = plan
        .predictions
        .iter()
        .filter_map(|id| listed.iter().find(|p| p.id == *id))
        .map(|p| scene.planned(p))
        .collect::<Result<Vec<_>, Failure>>()?;
    Scene::new(
        scene.session,
        scene.prepared,
        BuildOptions {
            quantities,
            ..BuildOptions::default()
        },
    )
}

/// Everything that is predicted: time courses of every observable and arm, and what the plan lists.
fn predictions(
    scene: &Scene,
    fitted: &Fitted,
    replicates: &[Vec<f64>],
    options: &Options,
    console: &Console,
) -> Result<(), Failure> {
    let plan = &scene.session.study.plan.plan;
    let times = predicting::times(plan.courses.as_ref());
    let courses = scene.courses(fitted, replicates, plan.courses.as_ref(), &times, console)?;
    scene.write_courses(&courses)?;
    if !plan.predictions.is_empty() {
        let result = scene.expressions(fitted, replicates, &plan.predictions, console)?;
        scene.write_predictions(&result)?;
    }
    shifts(scene, fitted, replicates, options, console)?;
    for c in &plan.combinations {
        let result = scene.combine(fitted, replicates, c, console)?;
        scene.write_combination(Some(&c.id), &result)?;
    }
    for p in &plan.populations {
        let result = scene.population(fitted, replicates, p, console)?;
        scene.write_populations(Some(&p.id), &[result], replicates.len())?;
    }
    Ok(())
}

/// Dose-response curves, and the fold shifts between those that can be compared.
fn shifts(
    scene: &Scene,
    fitted: &Fitted,
    replicates: &[Vec<f64>],
    options: &Options,
    console: &Console,
) -> Result<(), Failure> {
    let plan = &scene.session.study.plan.plan;
    let basis = |kinds| Basis {
        replicates,
        kinds,
        draws: options.samples.filter(|n| *n > 0),
        begin: options.begin(),
    };
    let mut doses: Vec<Dosing> = Vec::new();
    for dose in &plan.doses {
        let name = predicting::file_name("dose", Some(&dose.id));
        let curve = scene.dose(fitted, basis(&dose.intervals), dose, &name, console)?;
        scene.write_dose(Some(&dose.id), &curve.result)?;
        doses.push(curve);
    }
    let mut list: Vec<FoldShift> = Vec::new();
    for (i, j) in predicting::comparable(&doses) {
        let (Some(from), Some(to)) = (doses.get(i), doses.get(j)) else {
            continue;
        };
        let kinds = plan.doses.get(i).map_or(&[][..], |d| &d.intervals);
        let name = format!("shifts_{i}_{j}");
        list.push(scene.shift(fitted, basis(kinds), (from, to), &name, console)?);
    }
    if !list.is_empty() {
        let compared = |d: &&Dosing| {
            let response = &d.result.response.response;
            list.iter()
                .any(|s| s.from == *response || s.to == *response)
        };
        let curves: Vec<_> = doses
            .iter()
            .filter(compared)
            .map(|d| d.result.response.clone())
            .collect();
        scene.write_shifts(None, &list, &curves)?;
    }
    Ok(())
}

/// Writes the page and the figures; returns their names.
pub fn write(whole: &Whole, out: &Scene<'_>) -> Result<Vec<String>, Failure> {
    let document = Document::of(&whole.view, Style::Typeset);
    let mut names = vec!["report.html".to_string()];
    out.write_text("report.html", &page::html(&document))?;
    for f in figure::beside_results(&document) {
        let name = format!("{}.svg", f.id);
        out.write_text(&name, &f.svg())?;
        names.push(name);
    }
    Ok(names)
}
