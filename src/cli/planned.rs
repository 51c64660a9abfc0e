//! Whether everything that a plan asks of a fit can be asked: looked at before anything takes time.

use crate::study::gates;

use super::Failure;
use super::stages::Scene;
use super::whole::gate_failure;

/// Reads everything that the plan asks for, and the gates in force.
pub fn check(scene: &Scene, gates: &[String]) -> Result<(), Failure> {
    let plan = &scene.session.study.plan.plan;
    gates::check(gates).map_err(|e| gate_failure(scene.session, &e))?;
    for d in &plan.doses {
        scene.check_dose(d)?;
    }
    for c in &plan.combinations {
        scene.check_combination(c)?;
    }
    scene.compiled(&plan.predictions)?;
    for p in &plan.populations {
        scene.check_population(p)?;
    }
    if let Some(c) = &plan.courses {
        scene.check_courses(&c.observables, &c.experiments)?;
    }
    if let Some(p) = &plan.profile {
        for id in &p.parameters {
            scene.coordinate(id)?;
        }
    }
    Ok(())
}
