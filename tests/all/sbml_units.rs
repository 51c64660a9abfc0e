//! Units of SBML files: what is declared, what is found wrong, and what is written again.

use mechfit::diagnostic::{Color, Severity, render};
use mechfit::model::{Model, sbml};

const HOUR: &str = r#"<unitDefinition id="hour"><listOfUnits>
<unit kind="second" exponent="1" scale="0" multiplier="3600"/></listOfUnits></unitDefinition>"#;
const PER_HOUR: &str = r#"<unitDefinition id="per_hour"><listOfUnits>
<unit kind="second" exponent="-1" scale="0" multiplier="3600"/></listOfUnits></unitDefinition>"#;
const NANOMOLE: &str = r#"<unitDefinition id="amount"><listOfUnits>
<unit kind="mole" exponent="1" scale="-9" multiplier="1"/></listOfUnits></unitDefinition>"#;

/// A model of one reaction with a rule, units of which are to be varied.
fn file(k: &str, law: &str, rule: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2">
<model id="m" substanceUnits="amount" timeUnits="hour" extentUnits="amount" volumeUnits="litre">
<listOfUnitDefinitions>{HOUR}{PER_HOUR}{NANOMOLE}</listOfUnitDefinitions>
<listOfCompartments><compartment id="c" spatialDimensions="3" size="2" constant="true"/></listOfCompartments>
<listOfSpecies>
<species id="A" compartment="c" initialConcentration="3" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>
<species id="B" compartment="c" initialAmount="0" hasOnlySubstanceUnits="true" boundaryCondition="false" constant="false"/>
</listOfSpecies>
<listOfParameters><parameter id="k" value="0.3" {k} constant="true"/><parameter id="w" constant="false"/></listOfParameters>
<listOfRules><assignmentRule variable="w"><math xmlns="http://www.w3.org/1998/Math/MathML">{rule}</math></assignmentRule></listOfRules>
<listOfReactions><reaction id="r" reversible="false">
<listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
<listOfProducts><speciesReference species="B" stoichiometry="1" constant="true"/></listOfProducts>
<kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML">{law}</math></kineticLaw>
</reaction></listOfReactions>
</model></sbml>"#
    )
}

const LAW: &str = "<apply><times/><ci>k</ci><ci>A</ci><ci>c</ci></apply>";
const RULE: &str = "<apply><times/><cn>2</cn><ci>k</ci></apply>";

fn read(text: &str) -> (Model, Vec<String>) {
    let (model, findings) = sbml::load_str(text, "m.xml").unwrap();
    assert!(findings.iter().all(|f| f.severity == Severity::Warning));
    let shown = findings.iter().map(|f| render(f, Color::Never)).collect();
    (model, shown)
}

#[test]
fn quantities_have_the_units_that_the_file_gives_them() {
    let (model, findings) = read(&file("units=\"per_hour\"", LAW, RULE));
    assert_eq!(findings, Vec::<String>::new());
    assert_eq!(model.time_unit.as_deref(), Some("h"));
    for (id, unit) in [
        ("c", Some("litre")),
        ("A", Some("nM")),
        ("B", Some("nmol")),
        ("k", Some("1/h")),
        ("w", None),
    ] {
        assert_eq!(model.unit(id), unit, "{id}");
    }
    let registry = model.registry();
    let rate = registry.parse(model.unit("r").unwrap()).unwrap();
    assert!(rate.is_same(&registry.parse("nmol/h").unwrap()));
}

#[test]
fn a_rate_in_the_wrong_unit_is_a_warning_with_its_place() {
    let law = "<apply><times/><ci>k</ci><ci>A</ci></apply>";
    let (_, findings) = read(&file("units=\"per_hour\"", law, RULE));
    insta::assert_snapshot!("rate_without_volume", findings.join("\n"));
}

#[test]
fn another_scale_is_a_warning_with_the_factor() {
    let (_, findings) = read(&file("units=\"hertz\"", LAW, RULE));
    insta::assert_snapshot!("rate_per_second", findings.join("\n"));
}

#[test]
fn sums_exponents_and_arguments_are_checked() {
    let sum = "<apply><plus/><ci>A</ci><ci>B</ci></apply>";
    let power = "<apply><power/><cn>2</cn><ci>A</ci></apply>";
    let argument = "<apply><exp/><ci>k</ci></apply>";
    let number = "<apply><plus/><ci>A</ci><cn xmlns:s=\"http://www.sbml.org/sbml/level3/version2/core\" s:units=\"second\">2</cn></apply>";
    let delay = "<apply><csymbol encoding=\"text\" definitionURL=\"http://www.sbml.org/sbml/symbols/delay\">delay</csymbol><ci>A</ci><ci>k</ci></apply>";
    for (rule, says) in [
        (sum, "a sum: nmol where nM is expected"),
        (power, "an exponent: nM where 1 is expected"),
        (argument, "the argument of `exp`: 1/h where 1 is expected"),
        (number, "a sum: s where nM is expected"),
        (delay, "the time of `delay`: 1/h where h is expected"),
    ] {
        let (_, findings) = read(&file("units=\"per_hour\"", LAW, rule));
        assert_eq!(findings.len(), 1, "{rule}");
        assert!(findings[0].contains(says), "{}", findings[0]);
    }
}

#[test]
fn units_that_are_incomplete_refuse_nothing() {
    // Nothing is known of k, so that nothing can be said of the rate.
    let (model, findings) = read(&file(
        "",
        "<apply><times/><ci>k</ci><ci>A</ci></apply>",
        RULE,
    ));
    assert_eq!((model.unit("k"), findings.len()), (None, 0));
    // A name without a definition is a warning; the quantity counts as one without a unit.
    let (model, findings) = read(&file("units=\"parsec\"", LAW, RULE));
    assert_eq!((model.unit("k"), findings.len()), (None, 1));
    assert!(findings[0].contains("the unit `parsec` is not defined"));
    // So does a number whose unit is not known: it is no pure number.
    let number = |unit: &str| {
        format!(
            "<cn xmlns:s=\"http://www.sbml.org/sbml/level3/version2/core\" s:units=\"{unit}\">2</cn>"
        )
    };
    let rule = format!(
        "<apply><plus/><ci>A</ci>{}<apply><times/>{}<ci>A</ci></apply></apply>",
        number("parsec"),
        number("dimensionless")
    );
    let (_, findings) = read(&file("units=\"per_hour\"", LAW, &rule));
    assert_eq!(findings.len(), 1, "{}", findings.join("\n"));
    assert!(findings[0].contains("the unit `parsec` is not defined"));
}

#[test]
fn level_2_has_units_without_definitions() {
    let text = r#"<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"><model id="two">
<listOfCompartments><compartment id="c" size="1"/></listOfCompartments>
<listOfSpecies><species id="X" compartment="c" initialConcentration="1"/></listOfSpecies>
</model></sbml>"#;
    let (model, findings) = read(text);
    assert!(findings.is_empty());
    assert_eq!(model.time_unit.as_deref(), Some("second"));
    assert_eq!(model.unit("X"), Some("M"));
}

#[test]
fn what_is_written_has_the_same_units() {
    let text = file("units=\"per_hour\"", LAW, RULE);
    let (model, _) = read(&text);
    let (written, lost) = sbml::write(&model).unwrap();
    assert!(lost.is_empty());
    let (again, findings) = read(&written);
    assert_eq!(findings, Vec::<String>::new());
    for id in ["c", "A", "B", "k", "w", "r"] {
        let unit = |m: &Model| m.unit(id).map(|u| m.registry().parse(u).unwrap());
        match (unit(&model), unit(&again)) {
            (None, None) => {}
            (Some(a), Some(b)) => assert!(a.is_same(&b), "{id}: {a} and {b}"),
            (a, b) => panic!("{id}: {a:?} and {b:?}"),
        }
    }
}

#[test]
fn the_units_of_the_language_survive_sbml_without_a_warning() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/cxcr4_axis/cxcr4_axis.model");
    let model = mechfit::model::load(&path, "mechfit", &[]).unwrap().model;
    let (written, _) = sbml::write(&model).unwrap();
    let (again, findings) = read(&written);
    assert_eq!(findings, Vec::<String>::new());
    assert!(again.pure_numbers);
    assert_eq!(again.unit("L"), Some("nM"));
}
