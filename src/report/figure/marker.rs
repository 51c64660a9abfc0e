//! Markers.

/// Shapes that are told apart without colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// Filled circle.
    Circle,
    /// Open circle.
    Ring,
    /// Filled square.
    Square,
    /// Filled triangle.
    Triangle,
    /// Open diamond.
    Diamond,
    /// Filled diamond.
    Lozenge,
    /// Upright cross.
    Plus,
    /// Small dot on a curve.
    Point,
    /// Wide disk to catch the pointer.
    Spot,
    /// Bar across the end of a line.
    Stop,
    /// Short horizontal bar.
    Bar,
    /// Arrow head pointing down.
    Down,
    /// Arrow head pointing up.
    Up,
    /// Arrow head pointing left.
    Left,
    /// Arrow head pointing right.
    Right,
}

impl Marker {
    /// Marker of a series.
    pub fn of_series(i: usize) -> Self {
        const ALL: [Marker; 6] = [
            Marker::Circle,
            Marker::Square,
            Marker::Triangle,
            Marker::Lozenge,
            Marker::Ring,
            Marker::Diamond,
        ];
        ALL[i % ALL.len()]
    }
    /// Whether it is filled (else it is a line).
    pub fn filled(self) -> bool {
        !matches!(
            self,
            Self::Ring | Self::Diamond | Self::Plus | Self::Bar | Self::Stop
        )
    }
    /// Radius in pixels of a round marker.
    pub fn radius(self) -> Option<f64> {
        match self {
            Self::Circle => Some(3.4),
            Self::Ring => Some(3.2),
            Self::Point => Some(2.0),
            Self::Spot => Some(9.0),
            _ => None,
        }
    }
    /// Corners in pixels around the place, and whether the outline is closed.
    pub fn outline(self) -> (Vec<(f64, f64)>, bool) {
        match self {
            Self::Circle | Self::Ring | Self::Point | Self::Spot => {
                let r = self.radius().unwrap_or_default();
                let corners = 16;
                let points = (0..corners)
                    .map(|i| {
                        let angle = std::f64::consts::TAU * f64::from(i) / f64::from(corners);
                        (r * libm::cos(angle), r * libm::sin(angle))
                    })
                    .collect();
                (points, true)
            }
            Self::Square => (
                vec![(-3.0, -3.0), (3.0, -3.0), (3.0, 3.0), (-3.0, 3.0)],
                true,
            ),
            Self::Triangle => (vec![(0.0, -3.9), (3.7, 2.8), (-3.7, 2.8)], true),
            Self::Diamond => (vec![(0.0, -4.6), (4.6, 0.0), (0.0, 4.6), (-4.6, 0.0)], true),
            Self::Lozenge => (vec![(0.0, -4.2), (4.2, 0.0), (0.0, 4.2), (-4.2, 0.0)], true),
            Self::Plus => (
                vec![(-4.0, 0.0), (4.0, 0.0), (0.0, 0.0), (0.0, -4.0), (0.0, 4.0)],
                false,
            ),
            Self::Stop => (
                vec![(-9.0, 0.0), (4.0, 0.0), (4.0, -5.0), (4.0, 5.0)],
                false,
            ),
            Self::Bar => (vec![(-7.0, 0.0), (7.0, 0.0)], false),
            Self::Down => (vec![(-4.0, -5.0), (4.0, -5.0), (0.0, 1.0)], true),
            Self::Up => (vec![(-4.0, 5.0), (4.0, 5.0), (0.0, -1.0)], true),
            Self::Left => (vec![(5.0, -4.0), (5.0, 4.0), (-1.0, 0.0)], true),
            Self::Right => (vec![(-5.0, -4.0), (-5.0, 4.0), (1.0, 0.0)], true),
        }
    }
    /// As path data around a place.
    pub fn path(self, x: f64, y: f64) -> String {
        let (points, closed) = self.outline();
        let mut d = String::new();
        for (i, (dx, dy)) in points.iter().enumerate() {
            let c = if i == 0 { 'M' } else { 'L' };
            d.push_str(&format!("{c}{:.1} {:.1}", x + dx, y + dy));
        }
        if closed {
            d.push('Z');
        }
        d
    }
}
