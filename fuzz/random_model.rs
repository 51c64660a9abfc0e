//! Random models for the integrators: any bytes make a model of up to six states with stiff, singular, growing and
//! discontinuous right-hand sides. Shared by the fuzz target and the seeded test.

use std::time::{Duration, Instant};

use mechfit::model::language;
use mechfit::simulate::{CourseError, Request, Settings, Show, course};

/// Longest time for one model: far above what its limit of steps allows.
pub const LIMIT: Duration = Duration::from_secs(20);

/// Choices read off bytes; when they are used up, choices that follow from them.
pub struct Choices<'a> {
    bytes: &'a [u8],
    at: usize,
    state: u64,
}

impl<'a> Choices<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        let state = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| {
            (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
        });
        Self {
            bytes,
            at: 0,
            state,
        }
    }
    fn next(&mut self) -> u8 {
        if let Some(b) = self.bytes.get(self.at) {
            self.at += 1;
            return *b;
        }
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.state >> 56) as u8
    }
    fn below(&mut self, n: usize) -> usize {
        usize::from(self.next()) % n
    }
    fn number(&mut self) -> String {
        const SPECIAL: [&str; 14] = [
            "0", "1", "2", "0.5", "1e-3", "1e3", "1e-9", "1e9", "1e-300", "1e300", "3.7", "0.01",
            "100", "1e15",
        ];
        SPECIAL[self.below(SPECIAL.len())].to_string()
    }
    fn expression(&mut self, n: usize, depth: usize) -> String {
        if depth == 0 {
            return match self.below(8) {
                0..=3 => format!("x{}", self.below(n)),
                4 => "p".into(),
                5 => "q".into(),
                6 => "(time/1[h])".into(),
                _ => self.number(),
            };
        }
        let a = self.expression(n, depth - 1);
        match self.below(16) {
            0 | 1 => format!("({a} + {})", self.expression(n, depth - 1)),
            2 | 3 => format!("({a} - {})", self.expression(n, depth - 1)),
            4 | 5 => format!("({a}*{})", self.expression(n, depth - 1)),
            6 => format!("({a}/{})", self.expression(n, depth - 1)),
            7 => format!("({a}/(1 + abs({a})))"),
            8 => format!("({a})^2"),
            9 => format!("abs({a})^{}", ["0.5", "1.5", "3", "-1", "p"][self.below(5)]),
            10 => format!("exp({a})"),
            11 => format!("ln({a})"),
            12 => format!("sqrt({a})"),
            13 => format!(
                "piecewise({a}, {} > {}, {})",
                self.expression(n, depth - 1),
                self.number(),
                self.expression(n, depth - 1)
            ),
            14 => format!("min({a}, {})", self.expression(n, depth - 1)),
            _ => format!("(-{}*{a})", self.number()),
        }
    }
}

/// The text of a model.
pub fn text(c: &mut Choices) -> String {
    let n = 1 + c.below(6);
    let mut text = String::from("model random \"made of bytes\"\ntime h\n");
    for (id, value) in [("p", c.number()), ("q", c.number())] {
        text += &format!("param {id} = {value} [1] \"a number\" source \"random\"\n");
    }
    text += "param r = 1 [1/h] \"one in an hour\" source \"unit\"\n";
    for i in 0..n {
        text += &format!("state x{i} = {} [1] \"state {i}\"\n", c.number());
    }
    for i in 0..n {
        let depth = 1 + c.below(3);
        text += &format!("d/dt(x{i}) = r*({})\n", c.expression(n, depth));
    }
    for _ in 0..c.below(3) {
        let i = c.below(n);
        let depth = c.below(2);
        let value = c.expression(n, depth);
        match c.below(2) {
            0 => {
                text += &format!(
                    "at {} : x{i} = {value}\n",
                    ["1[h]", "2.5[h]", "10[h]"][c.below(3)]
                )
            }
            _ => text += &format!("when x{} > {} : x{i} = {value}\n", c.below(n), c.number()),
        }
    }
    text
}

/// What came of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The reader refused it (a number that overflows, an event that cannot be).
    Refused,
    /// Integrated to the end.
    Integrated,
    /// The integration failed and said why.
    Failed,
}

/// Makes a model of the bytes and integrates it twice.
///
/// # Panics
/// If it takes too long, or twice the same gives different numbers, or a course has other rows than were asked for.
pub fn run(bytes: &[u8]) -> Fate {
    let mut c = Choices::new(bytes);
    let text = text(&mut c);
    let files = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
    let Ok(loaded) = language::load_str("random.model", &text, &[], &files) else {
        return Fate::Refused;
    };
    let mut settings = Settings::default();
    settings.tolerances.rtol = [1e-4, 1e-6, 1e-8, 1e-10][c.below(4)];
    settings.tolerances.atol = vec![[1e-4, 1e-8, 1e-12][c.below(3)]];
    settings.tolerances.max_steps = 500;
    settings.max_cascade = 100;
    let ends = [1.0, 10.0, 100.0];
    let request = Request {
        start: 0.0,
        times: vec![0.0, 0.5, ends[c.below(3)]],
        variables: (0..loaded.model.states.len())
            .map(|i| (format!("x{i}"), Show::Named))
            .collect(),
        set: Vec::new(),
    };
    let begun = Instant::now();
    let once = || course(loaded.model.clone(), &request, &settings);
    let (one, two) = (once(), once());
    assert!(begun.elapsed() < LIMIT, "{:?}: {text}", begun.elapsed());
    let bits = |c: &Result<mechfit::simulate::Course, CourseError>| match c {
        Ok(c) => {
            assert_eq!(
                c.values.len(),
                request.times.len() * request.variables.len()
            );
            c.values.iter().map(|v| v.to_bits()).collect::<Vec<u64>>()
        }
        Err(_) => Vec::new(),
    };
    assert_eq!(one.is_ok(), two.is_ok(), "{text}");
    assert_eq!(bits(&one), bits(&two), "{text}");
    match one {
        Ok(_) => Fate::Integrated,
        Err(_) => Fate::Failed,
    }
}
