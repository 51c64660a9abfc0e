//! SBML that is wrong: refused with a message that helps, or read, in bounded time and memory, whatever it is.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mechfit::diagnostic::{Color, Finding, has_errors, render};
use mechfit::model::sbml;
use proptest::prelude::*;

/// No file below may take longer, built without optimisation on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

fn wrong_files() -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> = std::fs::read_dir("tests/data/wrong")
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "xml"))
        .collect();
    list.sort();
    list
}

fn shown(findings: &[Finding]) -> String {
    let list: Vec<String> = findings.iter().map(|f| render(f, Color::Never)).collect();
    list.join("\n\n")
}

#[test]
fn every_wrong_sbml_file_is_refused_with_its_place() {
    let files = wrong_files();
    assert!(files.len() >= 15);
    for path in files {
        let findings = sbml::load(&path).expect_err(&path.display().to_string());
        assert!(has_errors(&findings), "{}", path.display());
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        insta::with_settings!({
            snapshot_path => "../data/wrong",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(name, shown(&findings));
        });
    }
}

/// A model with these elements.
fn document(body: &str) -> String {
    format!(
        "<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" version=\"2\"><model>{body}</model></sbml>"
    )
}

/// The codes of the errors of a text that must be refused.
fn codes(text: &str) -> Vec<&'static str> {
    let clock = Instant::now();
    let findings = sbml::load_str(text, "generated.xml").expect_err("it must be refused");
    assert!(clock.elapsed() < LONGEST, "{:?}", clock.elapsed());
    findings.iter().map(|f| f.code).collect()
}

const MATH: &str = "<math xmlns=\"http://www.w3.org/1998/Math/MathML\">";

fn rule(math: &str) -> String {
    document(&format!(
        "<listOfParameters><parameter id=\"x\" constant=\"false\"/></listOfParameters>\
         <listOfRules><assignmentRule variable=\"x\">{MATH}{math}</math></assignmentRule></listOfRules>"
    ))
}

#[test]
fn functions_that_double_at_every_call_are_refused_before_they_are_written_out() {
    let mut functions = format!(
        "<functionDefinition id=\"f0\">{MATH}<lambda><bvar><ci>x</ci></bvar><apply><plus/><ci>x</ci><ci>x</ci></apply></lambda></math></functionDefinition>"
    );
    for i in 1..60 {
        let inner = format!("<apply><ci>f{}</ci><ci>x</ci></apply>", i - 1);
        functions.push_str(&format!(
            "<functionDefinition id=\"f{i}\">{MATH}<lambda><bvar><ci>x</ci></bvar><apply><plus/>{inner}{inner}</apply></lambda></math></functionDefinition>"
        ));
    }
    let text = document(&format!(
        "<listOfFunctionDefinitions>{functions}</listOfFunctionDefinitions>"
    ));
    assert!(codes(&text).contains(&"too-large"));
}

#[test]
fn deep_mathematics_is_refused_and_does_not_exhaust_the_stack() {
    let depth = 100_000;
    let open = "<apply><sin/>".repeat(depth);
    let close = "</apply>".repeat(depth);
    let text = rule(&format!("{open}<cn>1</cn>{close}"));
    assert!(codes(&text).contains(&"too-deep"));
}

#[test]
fn deep_xml_outside_mathematics_is_read_without_recursion() {
    let depth = 100_000;
    let text = document(&format!(
        "<notes>{}{}</notes>",
        "<p>".repeat(depth),
        "</p>".repeat(depth)
    ));
    assert!(sbml::load_str(&text, "generated.xml").is_ok());
}

#[test]
fn a_long_chain_of_rules_compiles_without_recursion() {
    use mechfit::simulate::{Request, Settings, Show, course};
    let n = 2_000;
    let mut parameters = String::from("<parameter id=\"x0\" value=\"1\" constant=\"true\"/>");
    let mut rules = String::new();
    for i in 1..=n {
        parameters.push_str(&format!("<parameter id=\"x{i}\" constant=\"false\"/>"));
        rules.push_str(&format!(
            "<assignmentRule variable=\"x{i}\">{MATH}<apply><plus/><ci>x{}</ci><cn>1</cn></apply></math></assignmentRule>",
            i - 1
        ));
    }
    let text = document(&format!(
        "<listOfParameters>{parameters}</listOfParameters><listOfRules>{rules}</listOfRules>"
    ));
    let (model, _) = sbml::load_str(&text, "generated.xml").unwrap();
    let request = Request {
        times: vec![0.0],
        variables: vec![(format!("x{n}"), Show::Named)],
        ..Request::default()
    };
    let result = course(model, &request, &Settings::default()).unwrap();
    assert_eq!(result.values, [f64::from(n) + 1.0]);
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let path = std::env::temp_dir().join("mechfit_not_utf8.xml");
    std::fs::write(&path, [b'<', 0xff, 0xfe, 0xc3]).unwrap();
    let findings = sbml::load(&path).unwrap_err();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(findings[0].code, "encoding");
}

#[cfg(unix)]
#[test]
fn a_file_of_a_gigabyte_is_refused_by_its_size() {
    let path = std::env::temp_dir().join("mechfit_gigabyte.xml");
    // A hole: it takes no space on the disk.
    std::fs::File::create(&path)
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    let clock = Instant::now();
    let findings = sbml::load(&path).unwrap_err();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(findings[0].code, "file-too-large");
    assert!(clock.elapsed() < LONGEST);
}

/// A model with a bit of everything that the reader knows.
fn seed() -> String {
    document(&format!(
        "<listOfFunctionDefinitions><functionDefinition id=\"f\">{MATH}<lambda><bvar><ci>a</ci></bvar><apply><times/><ci>a</ci><cn>2</cn></apply></lambda></math></functionDefinition></listOfFunctionDefinitions>\
         <listOfCompartments><compartment id=\"c\" size=\"1\" constant=\"true\"/></listOfCompartments>\
         <listOfSpecies><species id=\"S\" compartment=\"c\" initialAmount=\"1\" hasOnlySubstanceUnits=\"false\" boundaryCondition=\"false\" constant=\"false\"/></listOfSpecies>\
         <listOfParameters><parameter id=\"k\" value=\"1\" constant=\"true\"/><parameter id=\"x\" constant=\"false\"/></listOfParameters>\
         <listOfRules><assignmentRule variable=\"x\">{MATH}<apply><ci>f</ci><ci>S</ci></apply></math></assignmentRule></listOfRules>\
         <listOfReactions><reaction id=\"r\" reversible=\"false\"><listOfReactants><speciesReference species=\"S\" stoichiometry=\"1\" constant=\"true\"/></listOfReactants><kineticLaw>{MATH}<apply><times/><ci>k</ci><ci>S</ci><ci>c</ci></apply></math></kineticLaw></reaction></listOfReactions>\
         <listOfEvents><event id=\"e\" useValuesFromTriggerTime=\"true\"><trigger initialValue=\"true\" persistent=\"true\">{MATH}<apply><lt/><ci>S</ci><cn>0.5</cn></apply></math></trigger><listOfEventAssignments><eventAssignment variable=\"S\">{MATH}<cn>1</cn></math></eventAssignment></listOfEventAssignments></event></listOfEvents>"
    ))
}

/// Pieces that turn one model into another, or into none.
const PIECES: [&str; 18] = [
    "S", "k", "c", "x", "r", "f", "1", "true", "false", "-1", "NaN", "\"", "<", ">", "/>", "<cn>",
    "<apply>", "&",
];

proptest! {
    #[test]
    fn a_mutated_model_is_read_or_refused(
        edits in prop::collection::vec((0usize..4000, 0usize..30, 0usize..PIECES.len()), 1..6)
    ) {
        let mut text = seed();
        for (at, length, piece) in edits {
            let from = at.min(text.len());
            let to = (from + length).min(text.len());
            text.replace_range(from..to, PIECES[piece]);
        }
        match sbml::load_str(&text, "mutated.xml") {
            Ok((model, _)) => {
                // What is read can be written, and what is written is read.
                let (written, _) = sbml::write(&model).unwrap();
                prop_assert!(sbml::load_str(&written, "written.xml").is_ok(), "{written}");
            }
            Err(findings) => {
                prop_assert!(has_errors(&findings));
                for f in &findings {
                    render(f, Color::Never);
                }
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        let _ = sbml::load_str(&text, "any.xml");
    }
}

#[test]
fn the_seed_of_the_mutations_is_a_model() {
    assert!(sbml::load_str(&seed(), "seed.xml").is_ok());
    assert!(Path::new("tests/data/wrong").is_dir());
}
