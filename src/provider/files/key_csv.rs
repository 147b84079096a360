//! The file that the console's "Download .csv file" gives for a new access key.

use csv_core::{ReadRecordResult, Reader, Terminator, WriterBuilder};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::key_file::{KeyFile, KeyFileState};
use super::place::{OverlaidFile, SecretText};
use super::problem::Problem;
use crate::call::NewKey;

const ID: &str = "Access key ID";
const SECRET: &str = "Secret access key";

pub fn csv_file_at(place: OverlaidFile) -> KeyFile {
    KeyFile { place, held, foreign: "not a key's CSV file" }
}

/// Reads a key. The console's older files have more columns (`User name`, `Password`) before these
/// two, so the header decides.
fn held(text: &str) -> KeyFileState {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return KeyFileState::Nothing;
    }
    let (mut reader, mut rest) = (Reader::new(), text.as_bytes());
    let Some(names) = CsvRecord::next(&mut reader, &mut rest) else { return KeyFileState::Nothing };
    let column = |wanted: &str| names.fields().position(|name| name.eq_ignore_ascii_case(wanted));
    let Some(id) = column(ID) else { return KeyFileState::Foreign };
    let record = CsvRecord::next(&mut reader, &mut rest);
    let field = |column: usize| record.as_ref().and_then(|record| record.fields().nth(column));
    match field(id) {
        None | Some("") => KeyFileState::Nothing,
        Some(id) => {
            KeyFileState::Key(id.to_owned(), column(SECRET).and_then(field).map(SecretString::from))
        }
    }
}

/// A line of the file, which may be the one with the secret.
struct CsvRecord {
    bytes: Zeroizing<Vec<u8>>,
    ends: Vec<usize>,
}

impl CsvRecord {
    fn next(reader: &mut Reader, rest: &mut &[u8]) -> Option<Self> {
        // A record has at most as many bytes as are left, and at most as many fields as bytes.
        let (mut bytes, mut ends) =
            (Zeroizing::new(vec![0; rest.len() + 1]), vec![0; rest.len() + 1]);
        let (mut written, mut ended) = (0, 0);
        loop {
            let room = (&mut bytes[written..], &mut ends[ended..]);
            let (result, read, wrote, closed) = reader.read_record(rest, room.0, room.1);
            *rest = &rest[read..];
            written += wrote;
            ended += closed;
            match result {
                // A further call without input makes the reader end a line that lacks its ending.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record => break,
                ReadRecordResult::End
                | ReadRecordResult::OutputFull
                | ReadRecordResult::OutputEndsFull => return None,
            }
        }
        ends.truncate(ended);
        Some(Self { bytes, ends })
    }

    fn fields(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let text = |(start, end): (usize, &usize)| {
            std::str::from_utf8(&self.bytes[start..*end]).unwrap_or_default()
        };
        starts.zip(&self.ends).map(text).map(str::trim)
    }
}

pub fn content(key: &NewKey) -> Result<SecretText, Problem> {
    let lines = [[ID, SECRET], [&key.id, key.secret.expose_secret()]];
    // In the worst case each character is a quote, which is written twice.
    let room = lines.as_flattened().iter().map(|field| 2 * field.len() + 4).sum();
    let mut bytes = Zeroizing::new(vec![0; room]);
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).build();
    let mut end = 0;
    for [id, secret] in lines {
        end += writer.field(id.as_bytes(), &mut bytes[end..]).2;
        end += writer.delimiter(&mut bytes[end..]).1;
        end += writer.field(secret.as_bytes(), &mut bytes[end..]).2;
        end += writer.terminator(&mut bytes[end..]).1;
    }
    // The error's own text is left out: it could quote the key.
    let text = std::str::from_utf8(&bytes[..end]);
    text.map(|text| SecretText::new(text.to_owned()))
        .map_err(|_| Problem::refused("FileError", "the key is no text"))
}
