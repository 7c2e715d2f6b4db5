//! The files of the certificate: both or none, and readable.

use tempfile::NamedTempFile;

use super::{faults, refused, served};
use crate::config::{TlsFiles, read_file};

const ALONE: &str = "both TLS_CERT_FILE and TLS_KEY_FILE must be set, or none";
const NOWHERE: &str = "/nowhere/cert.pem";

fn file() -> (NamedTempFile, String) {
    let file = NamedTempFile::new().expect("a temporary file");
    let path = file.path().to_str().expect("Unicode").to_owned();
    (file, path)
}

#[test]
fn both_are_given_or_none() {
    let ((_cert, cert), (_key, key)) = (file(), file());
    let both = TlsFiles { cert: cert.clone(), key: key.clone() };
    assert_eq!(served(&[], &[("TLS_CERT_FILE", &cert), ("TLS_KEY_FILE", &key)]).tls.files(), Some(both.clone()));
    assert_eq!(served(&["--tls-cert-file", &cert], &[("TLS_KEY_FILE", &key)]).tls.files(), Some(both));
    assert_eq!(served(&[], &[("TLS_CERT_FILE", ""), ("TLS_KEY_FILE", " ")]).tls.files(), None);
    for (args, variable) in [(&[][..], "TLS_CERT_FILE"), (&[], "TLS_KEY_FILE"), (&["--tls-key-file="], "TLS_CERT_FILE")]
    {
        assert_eq!(refused(args, &[(variable, NOWHERE)]), (vec![ALONE.to_owned()], 1), "{args:?} {variable}");
    }
    assert_eq!(faults(&["--tls-cert-file", &cert, "--tls-key-file="], &[("TLS_KEY_FILE", &key)]), [ALONE]);
}

#[test]
fn what_cannot_be_read_is_told_in_the_words_of_the_original() {
    let (_file, path) = file();
    let line = "server error: open /nowhere/cert.pem: no such file or directory".to_owned();
    assert_eq!(refused(&[], &[("TLS_CERT_FILE", NOWHERE), ("TLS_KEY_FILE", &path)]), (vec![line.clone()], 1));
    assert_eq!(refused(&[], &[("TLS_CERT_FILE", &path), ("TLS_KEY_FILE", NOWHERE)]), (vec![line.clone()], 1));
    assert_eq!(faults(&[], &[("TLS_CERT_FILE", NOWHERE), ("TLS_KEY_FILE", NOWHERE)]), [line.clone(), line.clone()]);
    assert_eq!(
        refused(&["--dev=maybe"], &[("TLS_CERT_FILE", NOWHERE), ("TLS_KEY_FILE", "/"), ("PORT", "x")]),
        (
            vec![
                "invalid PORT: x".to_owned(),
                "invalid --dev: maybe (expected true, false, 1, 0, yes or no)".to_owned(),
                line,
                "server error: read /: is a directory".to_owned(),
            ],
            2
        )
    );
    let inside = format!("{path}/cert.pem");
    assert_eq!(
        faults(&[], &[("TLS_CERT_FILE", &inside), ("TLS_KEY_FILE", &path)]),
        [format!("server error: open {inside}: not a directory")]
    );
    let unreadable = faults(&[], &[("TLS_CERT_FILE", "a\tb"), ("TLS_KEY_FILE", NOWHERE)]);
    assert_eq!(unreadable, ["invalid TLS_CERT_FILE: a\\tb (expected the path of a file)"], "half of a pair");
}

#[test]
fn reading_tells_the_same_and_has_an_end() {
    let (_file, path) = file();
    assert!(read_file(&path).expect("an empty file").is_empty());
    for (path, line) in [
        (NOWHERE, "server error: open /nowhere/cert.pem: no such file or directory"),
        ("/", "server error: read /: is a directory"),
        ("/dev/zero", "server error: read /dev/zero: file too large"),
    ] {
        assert_eq!(read_file(path).expect_err(path).line(), line);
    }
}
