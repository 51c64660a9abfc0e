//! The schemas under docs/schema say what the program reads.

use std::path::Path;

use mechfit::diagnostic::Source;
use mechfit::study::{json, plan, schema};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Regenerate with `MECHFIT_UPDATE=1 cargo test --test all schema`.
#[test]
fn the_schemas_in_the_documentation_are_those_of_the_program() {
    for name in schema::NAMES {
        let path = root().join("docs/schema").join(format!("{name}.json"));
        let text = json::text(&schema::schema(name).unwrap());
        if std::env::var_os("MECHFIT_UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(stored, text, "{} is out of date", path.display());
    }
}

#[test]
fn the_plan_in_the_documentation_is_read() {
    let page = std::fs::read_to_string(root().join("docs/study.md")).unwrap();
    let text = page
        .split("```json\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let plan = plan::parse(&Source::new("plan.json", text)).unwrap();
    assert_eq!(plan.scenarios.len(), 11);
    assert_eq!(plan.bootstrap.unwrap().samples, 1000);
}

#[test]
fn mistakes_in_a_plan_are_shown_with_their_place() {
    let cases = [
        (
            "an unknown key",
            "{\n  \"seed\": 1,\n  \"bootstrap\": {\"sample\": 10}\n}\n",
        ),
        ("a wrong type", "{\"level\": \"high\"}\n"),
        ("a level in percent", "{\"level\": 95}\n"),
        ("no JSON", "{\"seed\": 1\n"),
        (
            "two scenarios of one name",
            "{\"scenarios\": [{\"id\": \"a\"}, {\"id\": \"a\"}]}\n",
        ),
        (
            "a scenario that is a path",
            "{\"scenarios\": [{\"id\": \"../a\"}]}\n",
        ),
        (
            "a prediction that is not listed",
            "{\"profile\": {\"predictions\": [\"x\"]}}\n",
        ),
    ];
    let mut shown = String::new();
    for (name, text) in cases {
        let findings = plan::parse(&Source::new("plan.json", text)).unwrap_err();
        shown += &format!("# {name}\n");
        for f in findings {
            shown += &format!(
                "{}\n",
                mechfit::diagnostic::render(&f, mechfit::diagnostic::Color::Never)
            );
        }
    }
    insta::assert_snapshot!(shown);
}
