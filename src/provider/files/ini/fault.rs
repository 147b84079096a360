//! The faults for which botocore refuses a whole file.
//!
//! botocore reads with Python's `configparser.RawConfigParser`, which is strict: one section or one
//! setting that is there twice, and no AWS CLI, boto3 or Zappa can read any profile of the file
//! ("Unable to parse config file").

use std::collections::BTreeMap;

use super::IniFile;
use super::line::IniLineRole;

/// The first fault of a file. Its text holds names of sections and settings, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {what}")]
pub struct IniFault {
    pub line: usize,
    pub what: String,
    pub remedy: &'static str,
}

impl IniFile {
    /// Returns the first fault for which botocore cannot read the file.
    pub fn fault(&self) -> Option<IniFault> {
        let mut reader = StrictReader::default();
        let faults = self.lines.iter().enumerate();
        faults
            .map(|(index, line)| reader.read(index + 1, &line.text, &line.role))
            .find_map(Result::err)
    }
}

/// The part of the file that was read: the lines of its sections, and of the settings in the
/// current one.
#[derive(Default)]
struct StrictReader {
    sections: BTreeMap<String, usize>,
    settings: BTreeMap<String, usize>,
    /// True if the lines below the last setting are settings themselves: `s3 =`.
    nests: bool,
}

impl StrictReader {
    fn read(&mut self, number: usize, text: &str, role: &IniLineRole) -> Result<(), IniFault> {
        let fault = |what: String, remedy| Err(IniFault { line: number, what, remedy });
        if text.starts_with('\u{feff}') {
            return fault(
                "begins with a byte order mark".to_owned(),
                "save the file as UTF-8 without one",
            );
        }
        // Python ends a line there, too.
        if text.trim_end_matches(['\r', '\n']).contains('\r') {
            return fault("holds a lone carriage return".to_owned(), "remove it");
        }
        match role {
            IniLineRole::Nested if self.nests && !text.contains('=') => fault(
                "is indented below a setting without a value, and has no =".to_owned(),
                "correct it, or put # before it",
            ),
            IniLineRole::Other | IniLineRole::Nested => Ok(()),
            IniLineRole::Header(name) => {
                self.settings.clear();
                match self.sections.insert(name.clone(), number) {
                    None => Ok(()),
                    Some(first) => fault(
                        format!(
                            "begins the section [{name}] for the second time, after line {first}"
                        ),
                        "join the two sections",
                    ),
                }
            }
            IniLineRole::Junk | IniLineRole::Setting { .. } if self.sections.is_empty() => {
                fault("stands before the first [section]".to_owned(), "move it into a section")
            }
            IniLineRole::Junk => fault(
                "is neither a section, nor a setting, nor a comment".to_owned(),
                "correct it, or put # before it",
            ),
            IniLineRole::Setting { key, value } => {
                self.nests = value.is_empty();
                match self.settings.insert(key.clone(), number) {
                    None => Ok(()),
                    Some(first) => fault(
                        format!("sets {key} for the second time, after line {first}"),
                        "remove one of the two",
                    ),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<String> {
        IniFile::parse(text).fault().map(|fault| fault.to_string())
    }

    #[test]
    fn what_configparser_reads_has_no_fault() {
        for text in [
            "",
            "# only a comment\n",
            "[a]\nx = 1\ny: 2\n\n[b]\nx = 1\n",
            "[a]\n[ a ]\n[a ]\n",
            "[a]\ns3 =\n  region = x\n  # c\n\n  region = y\n",
            "[a]\nk = one\n  two\n",
            "[a] ; c\r\nx = 1\r\n",
        ] {
            assert_eq!(fault(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_configparser_refuses_is_named_with_its_line_and_without_its_content() {
        let told = |text: &str| fault(text).unwrap();
        assert_eq!(
            told("[x]\na = 1\n[x]\nb = 2\n"),
            "line 3 begins the section [x] for the second time, after line 1"
        );
        assert_eq!(
            told("[x]\nAws_Key = 1\naws_key = 2\n"),
            "line 3 sets aws_key for the second time, after line 2"
        );
        assert_eq!(told("k = hush\n[x]\n"), "line 1 stands before the first [section]");
        assert_eq!(told("hush\n"), "line 1 stands before the first [section]");
        for junk in ["hush\n", "= hush\n", "[hush\n"] {
            assert_eq!(
                told(&format!("[x]\n\n{junk}")),
                "line 3 is neither a section, nor a setting, nor a comment"
            );
        }
        assert_eq!(
            told("[x]\nlist =\n  one\n"),
            "line 3 is indented below a setting without a value, and has no ="
        );
        assert_eq!(told("\u{feff}[x]\n"), "line 1 begins with a byte order mark");
        assert_eq!(told("[x]\na = 1\rb = 2\n"), "line 2 holds a lone carriage return");
    }
}
