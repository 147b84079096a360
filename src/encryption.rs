//! Encryption to [age](https://age-encryption.org/v1) recipients. It protects what is written for
//! later: only the holders of an identity can read it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::io::{Read, Write};
use std::sync::Arc;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::x25519;
use age::{DecryptError, Decryptor, EncryptError, Encryptor};
use age_core::format::{FileKey, Stanza};
use data_encoding::BASE64;

/// The environment variable that names the identity.
pub const IDENTITY: &str = "RELAYCTL_AGE_IDENTITY";

/// The prefixes of an encrypted file, armored and binary.
const ARMORED: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
const BINARY: &[u8] = b"age-encryption.org/";
/// The prefix of an encrypted line. The file in base64 follows it.
const LINE: &str = "age ";

/// The tag of the stanza that holds a label.
const LABEL: &str = "relayctl-label";
const SECRET: &str = "AGE-SECRET-KEY-";

/// The recipients to encrypt for, and the identity to decrypt with. Without recipients nothing is
/// encrypted.
#[derive(Clone, Default)]
pub struct FileEncryption {
    recipients: Vec<x25519::Recipient>,
    identity: AgeIdentity,
}

/// The identity that decrypts.
#[derive(Clone, Default)]
pub enum AgeIdentity {
    /// No identity is given.
    #[default]
    Missing,
    /// An identity is given but cannot be used. The text says why.
    Unusable(String),
    Known(Arc<[x25519::Identity]>),
}

/// The reason why encrypted data cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptionError {
    #[error("it is encrypted, and {IDENTITY} is not set")]
    NoIdentity,
    #[error("it is encrypted, and {IDENTITY} cannot be used: {0}")]
    BadIdentity(String),
    #[error("it is encrypted, but not for the identity in {IDENTITY} ({0})")]
    OtherIdentity(String),
    #[error("it is encrypted, and damaged: {0}")]
    Damaged(String),
}

/// Parses a recipient, or returns what is wrong with the text.
pub fn recipient(text: &str) -> Result<x25519::Recipient, String> {
    text.parse().map_err(|_| {
        if is_secret(text) {
            // The text is not quoted: it is a secret.
            "this is an identity, which is secret; its recipient begins with age1".to_owned()
        } else if text.starts_with("ssh-") {
            "SSH keys are not supported as recipients; age's own begin with age1".to_owned()
        } else {
            format!("`{text}` is not an age recipient, or is misspelled")
        }
    })
}

/// Returns true for a text that is an identity, or was meant to be one.
pub fn is_secret(text: &str) -> bool {
    text.get(..SECRET.len()).is_some_and(|start| start.eq_ignore_ascii_case(SECRET))
}

impl AgeIdentity {
    /// Parses an identity, or a file that `age-keygen` has written.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).enumerate();
        let mut found = Vec::new();
        for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            match line.parse::<x25519::Identity>() {
                Ok(identity) => found.push(identity),
                // The line itself is not quoted: it may be a secret with a typing error.
                Err(_) => {
                    return Self::Unusable(format!("line {} {}", number + 1, what_else(line)));
                }
            }
        }
        if found.is_empty() {
            Self::Unusable("there is no identity in it".to_owned())
        } else {
            Self::Known(found.into())
        }
    }
}

fn what_else(line: &str) -> &'static str {
    if line.as_bytes().starts_with(ARMORED) || line.as_bytes().starts_with(BINARY) {
        "begins an encrypted file: decrypt the identity first, with `age --decrypt`"
    } else if line.starts_with("-----BEGIN") {
        "begins a key of another program: only age's own identities can be used, AGE-SECRET-KEY-1…"
    } else {
        "is no identity of age (AGE-SECRET-KEY-1…)"
    }
}

/// Encrypts a text, as a text, with a label that stands in the header in clear. In age, data for
/// only some readers goes into a stanza of its own, and other readers skip that stanza. Readers who
/// decrypt the file detect any change of the label.
pub fn close_labelled(plain: &[u8], label: &str, recipients: &[String]) -> Result<String, String> {
    let known: Vec<x25519::Recipient> =
        recipients.iter().map(|text| recipient(text)).collect::<Result<_, _>>()?;
    if known.is_empty() {
        return Err("there are no recipients".to_owned());
    }
    let label = RecipientLabel(label);
    let all = known
        .iter()
        .map(|recipient| recipient as &dyn age::Recipient)
        .chain([&label as &dyn age::Recipient]);
    let failed = |error: &dyn fmt::Display| format!("age cannot encrypt it: {error}");
    let encryptor = Encryptor::with_recipients(all).map_err(|error| failed(&error))?;
    let armored = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)
        .map_err(|error| failed(&error))?;
    let mut writer = encryptor.wrap_output(armored).map_err(|error| failed(&error))?;
    writer.write_all(plain).map_err(|error| failed(&error))?;
    let closed = writer.finish().and_then(ArmoredWriter::finish).map_err(|error| failed(&error))?;
    String::from_utf8(closed).map_err(|error| failed(&error))
}

/// Returns the label of a text that was encrypted with one.
pub fn label(closed: &[u8]) -> Option<String> {
    let mut bytes = Vec::new();
    ArmoredReader::new(closed).read_to_end(&mut bytes).ok()?;
    let mut lines =
        bytes.split(|byte| *byte == b'\n').map_while(|line| std::str::from_utf8(line).ok());
    let header = lines.next()?.starts_with("age-encryption.org/").then_some(lines)?;
    let mut stanzas = header
        .take_while(|line| !line.starts_with("---"))
        .filter_map(|line| line.strip_prefix("-> "));
    stanzas.find_map(|stanza| stanza.strip_prefix(LABEL)?.strip_prefix(' ').map(str::to_owned))
}

/// A recipient that only writes a label. Its stanza matches no identity.
struct RecipientLabel<'a>(&'a str);

impl age::Recipient for RecipientLabel<'_> {
    fn wrap_file_key(&self, _: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let stanza =
            Stanza { tag: LABEL.to_owned(), args: vec![self.0.to_owned()], body: Vec::new() };
        Ok((vec![stanza], HashSet::new()))
    }
}

/// Returns true for bytes that only an identity can read.
pub fn is_sealed(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(ARMORED) || bytes.starts_with(BINARY)
}

impl FileEncryption {
    pub fn new(recipients: Vec<x25519::Recipient>, identity: AgeIdentity) -> Self {
        Self { recipients, identity }
    }

    /// Returns true if written files are encrypted.
    pub fn is_on(&self) -> bool {
        !self.recipients.is_empty()
    }

    /// Encrypts for the recipients, as a text file that `age` can read too.
    ///
    /// # Panics
    /// Never: recipients are given, all are of one kind, and writes to memory do not fail.
    pub fn encrypt_bytes<'a>(&self, plain: &'a [u8]) -> Cow<'a, [u8]> {
        if !self.is_on() {
            return Cow::Borrowed(plain);
        }
        let armored =
            ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).expect("memory takes it");
        let closed = self.encrypt(plain, armored).finish().expect("memory takes it");
        Cow::Owned(closed)
    }

    /// Encrypts for the recipients, as one part of a line.
    pub fn encrypt_line<'a>(&self, plain: &'a str) -> Cow<'a, str> {
        if !self.is_on() {
            return Cow::Borrowed(plain);
        }
        let closed = self.encrypt(plain.as_bytes(), Vec::new());
        Cow::Owned(format!("{LINE}{}", BASE64.encode(&closed)))
    }

    fn encrypt<W: Write>(&self, plain: &[u8], into: W) -> W {
        let recipients = self.recipients.iter().map(|recipient| recipient as _);
        let encryptor =
            Encryptor::with_recipients(recipients).expect("recipients of one kind go together");
        let mut writer = encryptor.wrap_output(into).expect("memory takes it");
        writer.write_all(plain).expect("memory takes it");
        writer.finish().expect("memory takes it")
    }

    /// Decrypts bytes that anybody encrypted for this identity. Plain bytes stay as they are.
    pub fn decrypt_bytes<'a>(&self, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, EncryptionError> {
        if is_sealed(bytes) {
            self.decrypt(bytes.trim_ascii_start()).map(Cow::Owned)
        } else {
            Ok(Cow::Borrowed(bytes))
        }
    }

    pub fn decrypt_line<'a>(&self, line: &'a str) -> Result<Cow<'a, str>, EncryptionError> {
        let Some(text) = line.strip_prefix(LINE) else { return Ok(Cow::Borrowed(line)) };
        let bytes = BASE64
            .decode(text.as_bytes())
            .map_err(|error| EncryptionError::Damaged(error.to_string()))?;
        let plain = self.decrypt(&bytes)?;
        String::from_utf8(plain)
            .map(Cow::Owned)
            .map_err(|_| EncryptionError::Damaged("it holds no text".to_owned()))
    }

    fn decrypt(&self, bytes: &[u8]) -> Result<Vec<u8>, EncryptionError> {
        let identities = match &self.identity {
            AgeIdentity::Missing => return Err(EncryptionError::NoIdentity),
            AgeIdentity::Unusable(why) => return Err(EncryptionError::BadIdentity(why.clone())),
            AgeIdentity::Known(identities) => identities,
        };
        let damaged = |error: &dyn fmt::Display| EncryptionError::Damaged(error.to_string());
        let decryptor =
            Decryptor::new_buffered(ArmoredReader::new(bytes)).map_err(|error| damaged(&error))?;
        let reader = decryptor.decrypt(identities.iter().map(|identity| identity as _));
        let mut reader = reader.map_err(|error| {
            if matches!(error, DecryptError::NoMatchingKeys) {
                EncryptionError::OtherIdentity(names(identities))
            } else {
                damaged(&error)
            }
        })?;
        let mut plain = Vec::with_capacity(bytes.len());
        reader.read_to_end(&mut plain).map_err(|error| damaged(&error))?;
        Ok(plain)
    }
}

/// Lists the public halves of identities.
fn names(identities: &[x25519::Identity]) -> String {
    let names: Vec<String> =
        identities.iter().map(|identity| identity.to_public().to_string()).collect();
    names.join(", ")
}

impl fmt::Debug for FileEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recipients: Vec<String> = self.recipients.iter().map(ToString::to_string).collect();
        f.debug_struct("Seal").field("recipients", &recipients).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret;

    use super::*;

    fn known(identity: &x25519::Identity) -> AgeIdentity {
        AgeIdentity::Known([identity.clone()].into())
    }

    fn of(recipients: &[&x25519::Identity], identity: AgeIdentity) -> FileEncryption {
        FileEncryption::new(recipients.iter().map(|one| one.to_public()).collect(), identity)
    }

    const PLAIN: &str = "{\"format\": \"relayctl-state\"}\n";

    #[test]
    fn what_is_closed_is_opened_by_any_of_its_recipients_and_by_nobody_else() {
        let [ada, bob, eve] = [(); 3].map(|()| x25519::Identity::generate());
        let closed =
            of(&[&ada, &bob], AgeIdentity::Missing).encrypt_bytes(PLAIN.as_bytes()).into_owned();
        let line = of(&[&ada, &bob], AgeIdentity::Missing).encrypt_line(PLAIN.trim()).into_owned();
        assert!(is_sealed(&closed) && !line.contains('\n') && !line.contains("format"));
        for reader in [&ada, &bob].map(|one| of(&[], known(one))) {
            assert_eq!(reader.decrypt_bytes(&closed).unwrap(), PLAIN.as_bytes());
            assert_eq!(reader.decrypt_line(&line).unwrap(), PLAIN.trim());
        }
        let other = EncryptionError::OtherIdentity(eve.to_public().to_string());
        assert_eq!(of(&[&ada], known(&eve)).decrypt_bytes(&closed), Err(other.clone()));
        assert_eq!(of(&[&ada], known(&eve)).decrypt_line(&line), Err(other));
        assert_eq!(
            of(&[&ada], AgeIdentity::Missing).decrypt_bytes(&closed),
            Err(EncryptionError::NoIdentity)
        );
    }

    #[test]
    fn without_recipients_everything_stays_as_it_is_and_what_never_was_closed_is_open() {
        let seal = FileEncryption::default();
        assert_eq!(seal.encrypt_bytes(PLAIN.as_bytes()), PLAIN.as_bytes());
        assert_eq!(seal.encrypt_line(PLAIN), PLAIN);
        let seal = of(&[&x25519::Identity::generate()], AgeIdentity::Missing);
        assert_eq!(seal.decrypt_bytes(PLAIN.as_bytes()).unwrap(), PLAIN.as_bytes());
        assert_eq!(seal.decrypt_line(PLAIN).unwrap(), PLAIN);
    }

    #[test]
    fn every_cut_and_every_changed_byte_of_what_is_closed_is_noticed() {
        let ada = x25519::Identity::generate();
        let seal = of(&[&ada], known(&ada));
        let closed = seal.encrypt_bytes(PLAIN.as_bytes()).into_owned();
        let end = closed.trim_ascii_end().len();
        for at in ARMORED.len()..end {
            assert!(
                matches!(seal.decrypt_bytes(&closed[..at]), Err(EncryptionError::Damaged(_))),
                "cut at {at}"
            );
            let mut changed = closed.clone();
            changed[at] ^= 1;
            assert!(seal.decrypt_bytes(&changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_label_is_read_by_everybody_and_the_rest_by_the_recipients_only() {
        let [ada, bob] = [(); 2].map(|()| x25519::Identity::generate());
        let recipients = [&ada, &bob].map(|one| one.to_public().to_string());
        let closed = close_labelled(PLAIN.as_bytes(), "AKIA1", &recipients).unwrap();
        assert_eq!(label(closed.as_bytes()).as_deref(), Some("AKIA1"));
        for reader in [&ada, &bob] {
            assert_eq!(age::decrypt(reader, closed.as_bytes()).unwrap(), PLAIN.as_bytes());
        }
        let unlabelled =
            of(&[&ada], AgeIdentity::Missing).encrypt_bytes(PLAIN.as_bytes()).into_owned();
        for other in [unlabelled.as_slice(), PLAIN.as_bytes(), b"", &closed.as_bytes()[..60]] {
            assert_eq!(label(other), None);
        }
        assert!(close_labelled(b"", "AKIA1", &[]).is_err());
    }

    #[test]
    fn identities_are_read_as_age_keygen_writes_them_and_never_told() {
        let ada = x25519::Identity::generate();
        let secret = ada.to_string();
        let text = format!(
            "# created: 2026-01-02T03:04:05Z\n# public key: {}\n{}\n",
            ada.to_public(),
            secret.expose_secret()
        );
        assert!(matches!(AgeIdentity::parse(&text), AgeIdentity::Known(known) if known.len() == 1));
        let refusal = |text: &str| match AgeIdentity::parse(text) {
            AgeIdentity::Unusable(why) => why,
            AgeIdentity::Missing | AgeIdentity::Known(_) => panic!("{text}"),
        };
        let wrong = format!("{}Q", secret.expose_secret());
        assert_eq!(refusal(&wrong), "line 1 is no identity of age (AGE-SECRET-KEY-1…)");
        assert_eq!(refusal("# nothing\n"), "there is no identity in it");
        assert!(refusal("-----BEGIN OPENSSH PRIVATE KEY-----").contains("another program"));
        assert!(refusal(std::str::from_utf8(ARMORED).unwrap()).contains("age --decrypt"));
        assert!(!recipient(secret.expose_secret()).err().unwrap().contains("QQ"));
        assert!(!format!("{:?}", of(&[&ada], known(&ada))).contains("SECRET"));
    }

    #[test]
    fn a_recipient_that_is_none_is_refused_by_what_it_is() {
        let ada = x25519::Identity::generate().to_public().to_string();
        assert_eq!(recipient(&ada).unwrap().to_string(), ada);
        let refusal = |text: &str| recipient(text).err().unwrap();
        assert!(refusal(&ada[..ada.len() - 1]).contains("misspelled"));
        assert!(refusal("ssh-ed25519 AAAA").contains("SSH"));
        assert!(refusal("AGE-SECRET-KEY-1ABC").contains("which is secret"));
    }
}
