//! Draws the graph as SVG, laid out by `layout-rs`. Its own writer leaves a margin as deep as the
//! longest name is long, so this module writes the shapes.

use std::collections::BTreeMap;
use std::fmt::Write;

use layout::core::base::Orientation;
use layout::core::color::Color;
use layout::core::format::{ClipHandle, RenderBackend};
use layout::core::geometry::Point;
use layout::core::style::StyleAttr;
use layout::std_shapes::shapes::{Arrow, Element, ShapeKind};
use layout::topo::layout::VisualGraph;

use crate::model::Desired;
use crate::render::text::escape;

/// The size of font and box, in pixels. A monospaced character is about six tenths of its size
/// wide.
const FONT: usize = 14;
const CHARACTER: f64 = 8.5;
const HEIGHT: f64 = 36.0;
const MARGIN: f64 = 10.0;

/// The number of nodes above which the optimiser isn't used: it compares every pair of edges, and
/// takes too long for a picture.
const OPTIMISED: usize = 80;

pub fn render_svg(desired: &Desired) -> String {
    let mut canvas = Canvas::default();
    let mut graph = VisualGraph::new(Orientation::LeftToRight);
    let mut handles = BTreeMap::new();
    let nodes = super::nodes(desired);
    for &node in &nodes {
        let label = escape(&node.to_string());
        #[allow(clippy::cast_precision_loss, reason = "names have at most some hundred characters")]
        let size = Point::new(label.chars().count() as f64 * CHARACTER + 2.0 * MARGIN, HEIGHT);
        let look = StyleAttr::new(Color::fast("black"), 1, Some(Color::fast("white")), 4, FONT);
        let element =
            Element::create(ShapeKind::new_box(&label), look, Orientation::LeftToRight, size);
        handles.insert(node, graph.add_node(element));
    }
    for (from, to) in super::edges(desired) {
        graph.add_edge(Arrow::default(), handles[from], handles[to]);
    }
    if !nodes.is_empty() {
        graph.do_it(false, nodes.len() > OPTIMISED, false, &mut canvas);
    }
    canvas.finish(&desired.name)
}

/// The shapes drawn so far, and the size of the area that they cover.
#[derive(Default)]
struct Canvas {
    shapes: String,
    width: f64,
    height: f64,
}

impl Canvas {
    fn reach(&mut self, point: Point) {
        self.width = self.width.max(point.x);
        self.height = self.height.max(point.y);
    }

    fn finish(self, title: &str) -> String {
        let (width, height) = ((self.width + MARGIN).ceil(), (self.height + MARGIN).ceil());
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
                viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" \
                font-size=\"{FONT}\">\n<title>{}</title>\n<defs><marker id=\"head\" \
                markerWidth=\"9\" markerHeight=\"8\" refX=\"9\" refY=\"4\" orient=\"auto\"><path \
                d=\"M 0 0 L 9 4 L 0 8 z\"/></marker></defs>\n<rect width=\"100%\" height=\"100%\" \
                fill=\"white\"/>\n{}</svg>\n",
            xml(&escape(title)),
            self.shapes
        )
    }
}

impl RenderBackend for Canvas {
    fn draw_rect(
        &mut self,
        corner: Point,
        size: Point,
        look: &StyleAttr,
        _properties: Option<String>,
        _clip: Option<ClipHandle>,
    ) {
        self.reach(corner.add(size));
        let _ = writeln!(
            self.shapes,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{}\" \
                fill=\"white\" stroke=\"black\"/>",
            corner.x, corner.y, size.x, size.y, look.rounded
        );
    }

    fn draw_text(&mut self, center: Point, text: &str, _look: &StyleAttr) {
        let _ = writeln!(
            self.shapes,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" \
                dominant-baseline=\"central\">{}</text>",
            center.x,
            center.y,
            xml(text)
        );
    }

    /// Draws a path of cubic curves. Each pair of `path` is a control point and an end point,
    /// except the first pair, which is the start and its control point.
    fn draw_arrow(
        &mut self,
        path: &[(Point, Point)],
        _dashed: bool,
        head: (bool, bool),
        _look: &StyleAttr,
        _properties: Option<String>,
        _text: &str,
    ) {
        let [(start, leaving), (arriving, second), rest @ ..] = path else { return };
        let mut d = format!("M {:.1} {:.1} C {:.1} {:.1} ", start.x, start.y, leaving.x, leaving.y);
        let _ = write!(d, "{:.1} {:.1} {:.1} {:.1}", arriving.x, arriving.y, second.x, second.y);
        for (control, point) in rest {
            let _ = write!(d, " S {:.1} {:.1} {:.1} {:.1}", control.x, control.y, point.x, point.y);
        }
        for (one, other) in path {
            self.reach(*one);
            self.reach(*other);
        }
        let marker = |on: bool, end: &str| {
            if on { format!(" marker-{end}=\"url(#head)\"") } else { String::new() }
        };
        let heads = format!("{}{}", marker(head.0, "start"), marker(head.1, "end"));
        let _ = writeln!(self.shapes, "<path d=\"{d}\" fill=\"none\" stroke=\"black\"{heads}/>");
    }

    // Boxes and arrows without labels never call the functions below.
    fn draw_line(
        &mut self,
        _start: Point,
        _stop: Point,
        _look: &StyleAttr,
        _properties: Option<String>,
    ) {
    }

    fn draw_circle(
        &mut self,
        _center: Point,
        _size: Point,
        _look: &StyleAttr,
        _properties: Option<String>,
    ) {
    }

    fn create_clip(&mut self, _corner: Point, _size: Point, _rounded: usize) -> ClipHandle {
        0
    }
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
