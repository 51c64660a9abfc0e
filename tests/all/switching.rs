//! Conditions that switch: as often as they must, but not without end.

use mechfit::model::language;
use mechfit::simulate::{Course, CourseError, Request, Settings, Show, SimulateError, course};

fn run(text: &str, variable: &str, times: &[f64], limit: usize) -> Result<Course, CourseError> {
    let model = language::load_str("switching.model", text, &[], &language::no_files)
        .unwrap()
        .model;
    let mut settings = Settings::default();
    settings.tolerances.max_steps = limit;
    let request = Request {
        times: times.to_vec(),
        variables: vec![(variable.into(), Show::Named)],
        ..Request::default()
    };
    course(model, &request, &settings)
}

#[test]
fn a_condition_that_its_own_effect_undoes_ends_with_its_time() {
    let text = r#"
model sliding "rises below 1 and falls above: no solution goes on"
time h
state x = 0 [1] "x"
d/dt(x) = piecewise(1 [1/h], x < 1, -1 [1/h])
"#;
    let limit = 500;
    match run(text, "x", &[5.0], limit) {
        Err(CourseError::Simulate(error)) => {
            assert_eq!(error.reason(), "switches");
            let SimulateError::Switches { t, limit: told } = error else {
                panic!("{error:?}")
            };
            assert!((t - 1.0).abs() < 1e-6, "{t}");
            assert_eq!(told, limit);
        }
        other => panic!("{other:?}"),
    }
}

/// Points and pieces without a discontinuity do not count: 300 switches are below a limit of 400, though 2000 points are asked for.
#[test]
fn many_switches_and_points_are_no_endless_loop() {
    let text = r#"
model saw "rises half of the time"
time h
state x = 0 [1] "x"
d/dt(x) = piecewise(1 [1/h], sin(3.141592653589793*time/1[h]) >= 0, 0 [1/h])
"#;
    let times: Vec<f64> = (0..=2000).map(|i| f64::from(i) * 0.15).collect();
    let found = run(text, "x", &times, 400).unwrap();
    // Half of 300 h.
    let last = found.values.last().unwrap();
    assert!((last - 150.0).abs() < 1e-5, "{last}");
}
