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

/// Points and pieces without a discontinuity do not count: 60 switches are below a limit of 80, though 1000 points are asked for. The
/// state changes at a constant rate, so that nothing but the condition itself keeps steps from going over several switches.
#[test]
fn many_switches_and_points_are_no_endless_loop() {
    let text = r#"
model saw "rises while a sine of time is positive"
time h
state x = 0 [1] "x"
d/dt(x) = piecewise(1 [1/h], sin(3.1*time/1[h] + 0.4) >= 0, 0 [1/h])
"#;
    let times: Vec<f64> = (0..=1000).map(|i| f64::from(i) * 0.06).collect();
    let found = run(text, "x", &times, 80).unwrap();
    // The angle goes from 0.4 to 186.4; half of every turn of 2π that is behind counts, and of the last one what is below π.
    let counted = |angle: f64| {
        let turns = (angle / std::f64::consts::TAU).floor();
        let rest = angle - turns * std::f64::consts::TAU;
        turns * std::f64::consts::PI + rest.min(std::f64::consts::PI)
    };
    let expected = (counted(186.4) - counted(0.4)) / 3.1;
    let last = found.values.last().unwrap();
    assert!((last - expected).abs() < 1e-5, "{last} {expected}");
}
