//! The journal's file, to which lines are only appended.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::provider::files::crash_points::pass_crash_point;
use crate::provider::files::{disk, own};

/// Appends lines, which are on the disk when this returns. After an error the file is as it was.
pub fn append(path: &Path, lines: &[u8]) -> io::Result<()> {
    let is_new = !path.exists();
    let mut file = own::open_private(path)?;
    let end = end_of_lines(&mut file)?;
    file.seek(SeekFrom::Start(end))?;
    pass_crash_point();
    let written = file.write_all(lines).and_then(|()| {
        pass_crash_point();
        file.sync_data()
    });
    if let Err(error) = written {
        // The full disk has taken a part of the line. If even this truncation fails, the line is an
        // incomplete last line, which readers ignore.
        drop(file.set_len(end));
        return Err(error);
    }
    if is_new { disk::sync_folder(disk::folder(path)) } else { Ok(()) }
}

pub fn clear(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => {
            pass_crash_point();
            disk::sync_folder(disk::folder(path))
        }
    }
}

/// Returns the end of the last whole line. Usually this only reads the last byte; only after an
/// interrupted write is more needed: the rest of that line must not become the beginning of the
/// next.
fn end_of_lines(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(0);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok(length);
    }
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let end = u64::try_from(end).unwrap_or(length);
    file.set_len(end)?;
    pass_crash_point();
    Ok(end)
}
