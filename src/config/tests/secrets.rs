//! A secret comes from a variable, a flag or a file, and goes nowhere else.

use std::{ffi::OsString, fs, os::unix::ffi::OsStringExt};

use proptest::prelude::*;
use tempfile::NamedTempFile;

use super::{OTHER_VALUES, faults, served, told};
use crate::config::{Key, Refusal, Secrets, load, settings_markdown, table};

const DIGITS: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

fn file(contents: impl AsRef<[u8]>) -> NamedTempFile {
    let file = NamedTempFile::new().expect("a temporary file");
    fs::write(&file, contents).expect("a temporary file");
    file
}

fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().expect("Unicode")
}

#[test]
fn a_file_says_the_same_as_the_variable() {
    let said = served(&[], &[("AUTH_SECRET", DIGITS)]).secrets;
    assert_eq!(said, Secrets { auth: Key::read(DIGITS), admin: None });
    for end in ["", "\n", "\r\n", &" ".repeat(4096 - 64)] {
        let file = file(format!("{DIGITS}{end}"));
        assert_eq!(served(&[], &[("AUTH_SECRET_FILE", path(&file))]).secrets, said, "{end:?}");
        assert_eq!(served(&["--auth-secret-file", path(&file)], &[("AUTH_SECRET", "")]).secrets, said, "{end:?}");
        let neither = served(&["--auth-secret-file", ""], &[("AUTH_SECRET_FILE", path(&file))]);
        assert_eq!(neither.secrets, Secrets::default(), "an empty flag restores the default");
    }
}

#[test]
fn a_file_that_holds_anything_else_is_a_fault_without_its_contents() {
    for contents in [
        Vec::new(),
        DIGITS.as_bytes()[1..].to_vec(),
        format!("{DIGITS}\n{DIGITS}\n").into_bytes(),
        vec![0xff; 64],
        format!("{DIGITS}{}", " ".repeat(4097 - 64)).into_bytes(),
    ] {
        let file = file(contents);
        let line = format!(
            "invalid AUTH_SECRET_FILE: {} (expected a file of at most 4KiB that holds 64 hexadecimal digits)",
            path(&file)
        );
        assert_eq!(faults(&[], &[("AUTH_SECRET_FILE", path(&file))]), [line]);
    }
    assert_eq!(faults(&["--auth-secret-file=/dev/zero"], &[]).len(), 1, "a file without an end");
}

#[test]
fn a_file_that_cannot_be_read_is_told_in_the_words_of_the_system() {
    assert_eq!(
        faults(&[], &[("AUTH_SECRET_FILE", "/nowhere/secret"), ("PORT", "x")]),
        ["invalid PORT: x", "invalid AUTH_SECRET_FILE: /nowhere/secret: No such file or directory (os error 2)"]
    );
    assert_eq!(
        faults(&["--auth-secret-file", "/"], &[]),
        ["invalid --auth-secret-file: /: Is a directory (os error 21)"]
    );
}

#[test]
fn one_of_variable_and_file_is_given() {
    let file = file(DIGITS);
    for (args, variables, names) in [
        (
            &[][..],
            &[("AUTH_SECRET", DIGITS), ("AUTH_SECRET_FILE", path(&file))][..],
            "AUTH_SECRET and AUTH_SECRET_FILE",
        ),
        (&["--auth-secret-file", path(&file)], &[("AUTH_SECRET", DIGITS)], "AUTH_SECRET and --auth-secret-file"),
        (&["--auth-secret", DIGITS], &[("AUTH_SECRET_FILE", "/nowhere")], "--auth-secret and AUTH_SECRET_FILE"),
    ] {
        assert_eq!(faults(args, variables), [format!("invalid {names} (expected only one of the two)")]);
    }
}

#[test]
fn a_secret_is_in_no_text() {
    let settings = served(&["--auth-secret", DIGITS], &[]);
    for text in [format!("{settings:?}"), told(&["--help"]), settings_markdown()] {
        assert!(!text.to_ascii_lowercase().contains("00112233"), "{text}");
    }
    let bad = || OsString::from_vec(b"hunter2\xff".to_vec());
    let line = |name| Err(Refusal::misconfigured(vec![format!("invalid {name} (expected valid Unicode)")]));
    assert_eq!(load(["meetpoint".into()], |name| (name == "AUTH_SECRET").then(bad)), line("AUTH_SECRET"));
    assert_eq!(load(["meetpoint".into(), "--auth-secret".into(), bad()], |_| None), line("--auth-secret"));
    // Beside other faults and in clap's own texts, too.
    for args in [&["--auth-secret", "hunter2", "--log-format=xml"][..], &["--auth-secret", "hunter2", "--prot", "1"]] {
        let lines = faults(args, OTHER_VALUES).join("\n");
        assert!(!lines.contains("hunter2"), "{lines}");
    }
}

proptest! {
    #[test]
    fn a_refused_secret_is_not_repeated(value in "\\PC*|[0-9a-fA-F]{0,63}|[0-9a-fA-F]{65,80}|[0-9a-f]{63}[g-z]") {
        prop_assume!(!value.trim().is_empty() && Key::read(value.trim()).is_none());
        let takes = "(expected 64 hexadecimal digits)";
        prop_assert_eq!(faults(&[], &[("AUTH_SECRET", &value)]), [format!("invalid AUTH_SECRET {takes}")]);
        let flag = faults(&[&format!("--auth-secret={value}")], &[]);
        prop_assert_eq!(flag, [format!("invalid --auth-secret {takes}")]);
    }
}

#[test]
fn an_admin_token_is_what_a_header_can_carry() {
    let takes = "(expected a token of at most 256 letters, digits and -._~+/=)";
    for text in ["0123456789abcdef 0123456789abcdef", "hunter:2"] {
        assert_eq!(faults(&[&format!("--admin-token={text}")], &[]), [format!("invalid --admin-token {takes}")]);
    }
}

#[test]
fn secrets_that_may_be_guessed_are_known() {
    let weak = |variables: &[(&str, &str)]| served(&[], variables).secrets.weak().collect::<Vec<_>>();
    assert_eq!(weak(&[]), Vec::<&str>::new());
    let zeros = "0".repeat(64);
    assert_eq!(weak(&[("AUTH_SECRET", &zeros), ("ADMIN_TOKEN", "hunter2")]), ["AUTH_SECRET", "ADMIN_TOKEN"]);
    let digits = "0123456789abcdef".repeat(4);
    assert_eq!(weak(&[("AUTH_SECRET", &digits), ("ADMIN_TOKEN", &digits)]), Vec::<&str>::new());
}

#[test]
fn every_secret_may_come_from_a_file() {
    let hidden: Vec<_> = table::all().filter(|setting| setting.hidden).map(|setting| setting.variable).collect();
    assert_eq!(hidden, ["AUTH_SECRET", "ADMIN_TOKEN"]);
    for variable in hidden {
        let sibling = table::all().find(|setting| setting.variable == format!("{variable}_FILE"));
        assert_eq!(sibling.and_then(|sibling| sibling.instead_of), Some(variable));
    }
}
