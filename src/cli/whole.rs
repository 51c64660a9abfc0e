//! The whole study: every scenario fitted, the main one resampled and predicted from, all of it in one view.

use crate::diagnostic::Finding;
use crate::objective::{BuildOptions, Target as _};
use crate::predict::Vary;
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
use super::session::Session;
use super::stages::{BootstrapFlags, Scene};
use super::{Exit, Failure, predicting, viewing};

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
        if self.resume {
            Begin::ResumeOrAnew
        } else {
            Begin::Anew
        }
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
    let main = Scene::new(session, first, BuildOptions::default())?;
    check_plan(&main)?;
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
    predictions(&main, &fitted, &replicates, console)?;
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
    let mut required: Vec<String> = plan.gates.iter().map(|g| g.require.clone()).collect();
    required.extend(options.require.iter().cloned());
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

/// Whether everything that the plan asks of the fit can be asked: before anything takes time.
fn check_plan(scene: &Scene) -> Result<(), Failure> {
    let plan = &scene.session.study.plan.plan;
    for d in &plan.doses {
        scene.check_dose(d)?;
    }
    for c in &plan.combinations {
        scene.check_combination(c)?;
    }
    for p in &plan.predictions {
        scene.expression(&p.expression)?;
    }
    for p in &plan.populations {
        scene.expression(&p.expression)?;
        for text in &p.vary {
            Vary::parse(text)?;
        }
    }
    if let Some(c) = &plan.courses {
        scene.check_courses(&c.observables, &c.experiments)?;
    }
    Ok(())
}

/// A scene whose quantities are the predictions that a plan profiles.
fn profile_of<'a>(scene: &Scene<'a>, plan: &ProfilePlan) -> Result<Scene<'a>, Failure> {
    let listed = &scene.session.study.plan.plan.predictions;
    let quantities = plan
        .predictions
        .iter()
        .filter_map(|id| listed.iter().find(|p| p.id == *id))
        .map(|p| {
            let mut spec = scene.expression(&p.expression)?;
            spec.with = p.with.iter().map(|(id, v)| (id.clone(), *v)).collect();
            Ok(spec)
        })
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
    let mut doses = Vec::new();
    for dose in &plan.doses {
        let result = scene.dose(fitted, replicates, dose, console)?;
        scene.write_dose(Some(&dose.id), &result)?;
        doses.push(result);
    }
    let shifts: Vec<FoldShift> = predicting::comparable(&doses)
        .into_iter()
        .filter_map(|(i, j)| Some(scene.shift(fitted, doses.get(i)?, doses.get(j)?)))
        .collect();
    if !shifts.is_empty() {
        scene.write_shifts(&shifts)?;
    }
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

/// Writes the page and the figures; returns their names.
pub fn write(whole: &Whole, out: &Scene<'_>) -> Result<Vec<String>, Failure> {
    let document = Document::of(&whole.view, Style::Typeset);
    let mut names = vec!["report.html".to_string()];
    out.write_text("report.html", &page::html(&document))?;
    for f in figure::of(&document) {
        let name = format!("{}.svg", f.id);
        out.write_text(&name, &f.svg())?;
        names.push(name);
    }
    Ok(names)
}
