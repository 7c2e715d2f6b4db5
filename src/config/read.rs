//! From the flags and the environment to settings, or to everything that is wrong with them.

use std::ffi::OsString;

use clap::ArgMatches;

use super::{
    fault::Fault,
    setting::{Alias, Given, Setting},
    settings::{Contradiction, Settings},
    table,
};

/// All settings: the defaults, changed by what is given; or every fault.
pub(super) fn settings(flags: &ArgMatches, env: &impl Fn(&str) -> Option<OsString>) -> Result<Settings, Vec<Fault>> {
    let Read { settings, mut faults, unread } = rows(table::all(), flags, env);
    // A default that stands in for an unreadable value contradicts nothing that anybody said.
    let said = |part: &(&str, String)| !unread.contains(&part.0);
    let contradictions = settings.contradictions().into_iter().filter(|both| said(&both.refused) && said(&both.beside));
    faults.extend(contradictions.map(|both| contradicts(both, flags).into()));
    if !unread.iter().any(|variable| table::TLS.contains(variable)) {
        faults.extend(settings.tls.faults());
    }
    if faults.is_empty() { Ok(settings) } else { Err(faults) }
}

/// What a probe must know of the settings, or one line for every fault. It has no use for the files of a certificate, which
/// it may not even be allowed to read.
pub(super) fn address(flags: &ArgMatches, env: &impl Fn(&str) -> Option<OsString>) -> Result<Settings, Vec<String>> {
    let Read { settings, faults, .. } = rows(table::address(), flags, env);
    if faults.is_empty() { Ok(settings) } else { Err(faults.into_iter().map(|fault| fault.line).collect()) }
}

struct Read {
    settings: Settings,
    faults: Vec<Fault>,
    /// The variables of the settings that could not be read.
    unread: Vec<&'static str>,
}

fn rows(
    table: impl Iterator<Item = &'static Setting>,
    flags: &ArgMatches,
    env: &impl Fn(&str) -> Option<OsString>,
) -> Read {
    let mut settings = Settings::default();
    let (mut faults, mut unread) = (Vec::new(), Vec::new());
    let mut names: Vec<(&str, String)> = Vec::new();
    for setting in table {
        let read = given(setting, flags, env).and_then(|given| {
            let Some(one) = given.first() else { return Ok(()) };
            let rival = names.iter().find(|(variable, _)| setting.instead_of == Some(*variable));
            let rival = rival.map(|(_, name)| vec![rivals(name, &one.name).into()]);
            names.push((setting.variable, one.name.clone()));
            rival.map_or_else(|| put(setting, &mut settings, &given), Err)
        });
        if let Err(lines) = read {
            faults.extend(lines);
            unread.push(setting.variable);
        }
    }
    Read { settings, faults, unread }
}

/// What was given for a setting: nothing, its flag, or its variables. Without empty texts.
fn given(
    setting: &Setting,
    flags: &ArgMatches,
    env: &impl Fn(&str) -> Option<OsString>,
) -> Result<Vec<Given>, Vec<Fault>> {
    let sources: Vec<(String, OsString)> = match flags.get_one::<OsString>(setting.variable) {
        Some(value) => vec![(setting.dashed(), value.clone())],
        None => setting.variables().filter_map(|name| Some((name.to_owned(), env(name)?))).collect(),
    };
    let mut given = Vec::new();
    let mut faults = Vec::new();
    for (name, value) in sources {
        match value.to_str().map(str::trim) {
            Some("") => {}
            Some(text) => given.push(Given { name, text: text.to_owned() }),
            None => {
                let shown = setting.shown(&name, &value.to_string_lossy());
                faults.push(format!("invalid {shown} (expected valid Unicode)").into());
            }
        }
    }
    if faults.is_empty() { Ok(given) } else { Err(faults) }
}

fn put(setting: &Setting, settings: &mut Settings, given: &[Given]) -> Result<(), Vec<Fault>> {
    match (setting.alias, given) {
        (_, []) => Ok(()),
        (Alias::Joined(_), [one, other]) => {
            let name = format!("{} and {}", one.name, other.name);
            let both = Given { name, text: format!("{},{}", one.text, other.text) };
            setting.read(settings, &both).map_err(|fault| vec![fault])
        }
        (_, [one, others @ ..]) => {
            let mut faults: Vec<Fault> = setting.read(settings, one).err().into_iter().collect();
            for other in others {
                let mut read = settings.clone();
                match setting.read(&mut read, other) {
                    Err(fault) => faults.push(fault),
                    // `20` and `20s` are no contradiction: values are compared, not texts.
                    Ok(()) if faults.is_empty() && read != *settings => faults.push(differ(setting, one, other).into()),
                    Ok(()) => {}
                }
            }
            if faults.is_empty() { Ok(()) } else { Err(faults) }
        }
    }
}

fn contradicts(Contradiction { refused, beside, expected }: Contradiction, flags: &ArgMatches) -> String {
    let shown = |(variable, value): (&str, String)| {
        let flag = table::all().find(|setting| setting.variable == variable && flags.contains_id(variable));
        let name = flag.map_or_else(|| variable.to_owned(), Setting::dashed);
        format!("{name}: {value}")
    };
    format!("invalid {} beside {} (expected {expected})", shown(refused), shown(beside))
}

fn rivals(one: &str, other: &str) -> String {
    format!("invalid {one} and {other} (expected only one of the two)")
}

fn differ(setting: &Setting, one: &Given, other: &Given) -> String {
    let shown = |given: &Given| setting.shown(&given.name, &given.text);
    format!("invalid {} and {} (expected only one of the two names, or the same value)", shown(one), shown(other))
}
