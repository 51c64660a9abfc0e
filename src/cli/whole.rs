//! The whole study: every scenario fitted, the main one resampled and predicted from, all of it in one view.

use crate::diagnostic::Finding;
use crate::objective::BuildOptions;
use crate::report::document::Document;
use crate::report::number::Style;
use crate::report::{View, figure, page, view as shown};
use crate::study::fitted::FitDocument;
use crate::study::gates;
use crate::study::open::Prepared;
use crate::study::plan::Scenario;
use crate::study::scenario;
use crate::study::stage_bootstrap::{self, BootstrapDocument, Outcome};
use crate::study::stage_fit;

use super::console::Console;
use super::session::Session;
use super::stages::{BootstrapFlags, Scene};
use super::{Exit, Failure, conclusions, viewing};

/// What to do.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Starts instead of the plan's.
    pub starts: Option<u64>,
    /// Replicates instead of the plan's; 0: no bootstrap.
    pub samples: Option<u64>,
    /// Go on with checkpoints.
    pub resume: bool,
    /// Take results that are there and compute nothing that is not.
    pub recall: bool,
    /// Further gates.
    pub require: Vec<String>,
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
    let fitted = if options.recall {
        main.fit_or_recall(options.starts, console)?
    } else {
        main.fit(options.starts, options.resume, console)?.0
    };
    let bootstrapped = bootstrap(&main, &fitted, options, console)?;
    let mut thetas: Vec<Vec<f64>> = Vec::new();
    if let Some(b) = &bootstrapped {
        thetas = b
            .replicates
            .iter()
            .filter(|r| r.index > 0 && r.succeeded())
            .map(|r| r.theta.clone())
            .collect();
    }
    let vocabulary = first
        .models
        .first()
        .map_or_else(shown::Study::default, |m| {
            shown::Study::of(&first.problem, m)
        });
    let mut doses = Vec::new();
    for dose in &plan.doses {
        let result = main.dose(&fitted, &thetas, dose)?;
        main.write_dose(&format!("dose_{}", dose.id), &dose.id, &result, &vocabulary)?;
        doses.push(result.response);
    }

    let mut combinations = Vec::new();
    for c in &plan.combinations {
        let result = main.combine(&fitted, &thetas, c)?;
        main.write_combination(&format!("combine_{}", c.id), &c.id, &result, &vocabulary)?;
        combinations.push(result);
    }
    let profiled = match &plan.profile {
        Some(p) if !options.recall => Some(main.profile(&fitted, p, options.resume, console)?.0),
        _ => None,
    };

    let mut fits = vec![fitted.document.clone()];
    let mut warnings: Vec<shown::Warning> = Vec::new();
    for p in prepared.iter().skip(1) {
        match side(session, p, options, console) {
            Ok(Some(d)) => fits.push(d),
            Ok(None) => {}
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
    v.doses = doses;
    v.combinations = combinations;
    if profiled.is_some() {
        v.profiles = profiled;
    }
    v.warnings.extend(warnings);
    v.conclusions = conclusions::conclusions(&fits.iter().collect::<Vec<_>>());
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
    fitted: &crate::study::fitted::Fitted,
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
    let there = scene.folder.join(stage_bootstrap::RESULT).exists();
    if !wanted || (options.recall && !there) {
        return Ok(None);
    }
    let flags = BootstrapFlags {
        samples: options.samples,
        ..BootstrapFlags::default()
    };
    let stage = scene.bootstrap_stage(fitted, &flags)?;
    let resume = options.resume || options.recall;
    match scene.bootstrap_again(&stage, resume, console)? {
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
) -> Result<Option<FitDocument>, Failure> {
    let scene = Scene::new(session, prepared, BuildOptions::default())?;
    if options.recall {
        if !scene.folder.join(stage_fit::RESULT).exists() {
            return Ok(None);
        }
        return Ok(Some(scene.fit_or_recall(options.starts, console)?.document));
    }
    Ok(Some(
        scene
            .fit(options.starts, options.resume, console)?
            .0
            .document,
    ))
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
