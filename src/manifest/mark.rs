//! The place of a node, as the YAML parser tells it.

use std::sync::Arc;

use serde_saphyr::Location;

use super::source::{SourceFile, Span, small};

/// The fields that relayctl needs of serde-saphyr's [`Location`].
#[derive(Clone, Copy)]
pub(super) struct NodeMark {
    line: u32,
    column: u32,
    /// The offset in bytes from the beginning of the text.
    start: Option<u32>,
    /// The length in characters, including spaces and lines after the first.
    length: u32,
}

impl From<Location> for NodeMark {
    fn from(location: Location) -> Self {
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let span = location.span();
        Self {
            line: narrow(location.line()).max(1),
            column: narrow(location.column()).max(1),
            start: span.byte_offset().and_then(|start| u32::try_from(start).ok()),
            length: narrow(span.len()),
        }
    }
}

impl NodeMark {
    pub(super) fn spot(self, file: &Arc<SourceFile>) -> Span {
        let mut spot =
            Span { file: Arc::clone(file), line: self.line, column: self.column, length: 1 };
        // The text is found by offset, not by line and column: a generated manifest may be all on
        // one line, and for each node the characters of that line would be counted again.
        let start = self.start.and_then(|start| usize::try_from(start).ok());
        let from_here =
            start.and_then(|start| file.text.get(start..)).unwrap_or_else(|| spot.rest_of_line());
        spot.length =
            small(width(from_here, usize::try_from(self.length).unwrap_or(usize::MAX)).max(1));
        spot
    }
}

/// Returns the number of characters, at most `most`, until the line ends, without spaces at its
/// end.
pub(super) fn width(text: &str, most: usize) -> usize {
    let bytes = &text.as_bytes()[..most.min(text.len())];
    let line = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes, |end| &bytes[..end]);
    // Nearly every line is ASCII, and this runs for each node of a manifest.
    if line.is_ascii() {
        return line
            .iter()
            .rposition(|byte| !char::from(*byte).is_whitespace())
            .map_or(0, |last| last + 1);
    }
    let line = text.chars().take(most).take_while(|character| *character != '\n');
    line.zip(1..)
        .filter(|(character, _)| !character.is_whitespace())
        .map(|(_, number)| number)
        .last()
        .unwrap_or(0)
}
