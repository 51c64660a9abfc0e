//! The skeleton of a model: one turnover state an observable, on which every dose acts by a saturable effect.

use super::{Content, Dose, Readout};
use crate::math::is_identifier;
use crate::units::Registry;

/// Parts of the largest dose that the half-maximal dose starts from: in the middle of what was tested.
const HALF: f64 = 0.5;
/// Turnovers within the sheet's longest time that the rate starts from: fast enough to answer, slow enough to show time.
const TURNOVERS: f64 = 3.0;
/// Bounds of a baseline around its start value.
const BASELINE: (f64, f64) = (0.01, 100.0);
/// Bounds of an effect: −1 stops the production.
const EFFECT: (f64, f64) = (-0.999, 100.0);

/// Effect of a dose on a readout.
fn effect(r: &Readout, d: &Dose) -> String {
    format!("e_{}_{}", r.id, d.id)
}

/// Names in the sheet's units that the model has to declare.
fn units(c: &Content) -> Vec<&str> {
    let registry = Registry::new();
    let mut list: Vec<&str> = Vec::new();
    let written = c.readouts.iter().map(|r| r.unit.as_str());
    for unit in written.chain(c.doses.iter().map(|d| d.unit.as_str())) {
        if registry.parse(unit).is_ok() {
            continue;
        }
        for name in unit.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            if is_identifier(name) && !registry.knows(name) && !list.contains(&name) {
                list.push(name);
            }
        }
    }
    list
}

/// Text of the model.
pub(super) fn text(name: &str, c: &Content) -> String {
    let known = Registry::new().parse(&c.time_unit).is_ok();
    let time = if known && !c.time_unit.is_empty() {
        c.time_unit.as_str()
    } else {
        "h"
    };
    let longest = c.means.iter().map(|m| m.time).fold(0.0, f64::max);
    let rate = if longest > 0.0 {
        TURNOVERS / longest
    } else {
        1.0
    };
    let mut out = format!(
        "model {name}  \"skeleton: replace it by what is known of the mechanism\"\ntime {time}\n"
    );
    if time != c.time_unit {
        out += "# the spreadsheet gives no unit of time: hours are assumed\n";
    }
    out += "\n";
    for unit in units(c) {
        out += &match unit {
            "fold" => "unit fold = 1  # of the control\n".to_string(),
            _ => format!("unit {unit}  # from the spreadsheet\n"),
        };
    }
    out += "\n";
    for d in &c.doses {
        out += &format!("input {} = 0 [{}]  \"{}\"\n", d.id, d.unit, plain(&d.label));
    }
    out += "\n";
    for d in &c.doses {
        out += &format!(
            "param EC_{} = {} [{}]  \"{} for half its effect\"  source \"half of the largest dose, assumption\"\n",
            d.id,
            d.largest * HALF,
            d.unit,
            plain(&d.label)
        );
    }
    for r in &c.readouts {
        out += &format!(
            "param base_{0} = {1} [{2}]  \"{3} without dose\"  source \"first mean of the spreadsheet, start value; fitted\"\n",
            r.id,
            r.first,
            r.unit,
            plain(&r.label)
        );
        out += &format!(
            "param k_{} = {rate} [1/{time}]  \"turnover of {}\"  source \"three turnovers in the longest time, assumption\"\n",
            r.id,
            plain(&r.label)
        );
        for d in &c.doses {
            out += &format!(
                "param {} = 0 [1]  \"effect of {} on {}\"  source \"start value; fitted\"\n",
                effect(r, d),
                plain(&d.label),
                plain(&r.label)
            );
        }
    }
    out += "\n";
    for r in &c.readouts {
        let mut production = String::from("1");
        for d in &c.doses {
            production += &format!(" + {0}*{1}/({1} + EC_{1})", effect(r, d), d.id);
        }
        out += &format!(
            "state {0}_level = base_{0} [{1}]  \"{2}\"\nd/dt({0}_level) = k_{0}*(base_{0}*({production}) - {0}_level)\n",
            r.id,
            r.unit,
            plain(&r.label)
        );
    }
    out += "\n";
    for r in &c.readouts {
        out += &format!("output {0} = {0}_level [{1}]\n", r.id, r.unit);
    }
    out
}

/// Text of the parameter table: baselines and effects are estimated.
pub(super) fn parameters(c: &Content) -> String {
    let mut out = String::from(
        "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\tpriorDistribution\tpriorParameters\tscale\tunit\tparts\tsource\n",
    );
    for r in &c.readouts {
        let size = if r.first == 0.0 { 1.0 } else { r.first.abs() };
        let (lower, upper, scale) = if r.first > 0.0 {
            (size * BASELINE.0, size * BASELINE.1, "log10")
        } else {
            (-size * BASELINE.1, size * BASELINE.1, "lin")
        };
        out += &format!(
            "base_{}\t{lower}\t{upper}\t{}\ttrue\t\t\t{scale}\t{}\t\tfirst mean of the spreadsheet\n",
            r.id, r.first, r.unit
        );
        for d in &c.doses {
            // An effect that no arm shows cannot be estimated.
            if d.largest > 0.0 {
                out += &format!(
                    "{}\t{}\t{}\t0\ttrue\t\t\tlin\t1\t\tstart value\n",
                    effect(r, d),
                    EFFECT.0,
                    EFFECT.1
                );
            }
        }
    }
    out
}

/// A label without what would end the text that it stands in.
fn plain(label: &str) -> String {
    label.replace('"', "'")
}
