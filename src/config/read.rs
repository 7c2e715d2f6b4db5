//! From the flags, the environment and the file to settings, or to everything that is wrong with them.

use std::ffi::OsString;

use clap::ArgMatches;

use super::{
    effective::{self, Effective},
    fault::Fault,
    file::{self, SettingsFile},
    setting::{Alias, Given, Setting, Source},
    settings::{Contradiction, Settings},
    table,
};

/// All that may give a value.
struct Sources<'a, E> {
    flags: &'a ArgMatches,
    env: &'a E,
    file: SettingsFile,
}

/// All settings: the defaults, changed by what is given, and where each comes from; or every fault.
pub(super) fn settings(
    flags: &ArgMatches,
    env: &impl Fn(&str) -> Option<OsString>,
) -> Result<(Settings, Vec<Effective>), Vec<Fault>> {
    let (sources, mut faults) = Sources::open(flags, env);
    let Read { settings, given, faults: unreadable, unread } = sources.rows(table::all());
    faults.extend(unreadable);
    // A default that stands in for an unreadable value contradicts nothing that anybody said.
    let said = |part: &(&str, String)| !unread.contains(&part.0);
    let contradictions = settings.contradictions().into_iter().filter(|both| said(&both.refused) && said(&both.beside));
    faults.extend(contradictions.map(|both| contradicts(both, &given).into()));
    if !unread.iter().any(|variable| table::TLS.contains(variable)) {
        faults.extend(settings.tls.faults());
    }
    if faults.is_empty() {
        let effective = effective::rows(&settings, &given);
        Ok((settings, effective))
    } else {
        Err(faults)
    }
}

/// What a probe must know of the settings, or one line for every fault. It has no use for the files of a certificate, which
/// it may not even be allowed to read.
pub(super) fn address(flags: &ArgMatches, env: &impl Fn(&str) -> Option<OsString>) -> Result<Settings, Vec<String>> {
    let (sources, mut faults) = Sources::open(flags, env);
    let read = sources.rows(table::address());
    faults.extend(read.faults);
    if faults.is_empty() { Ok(read.settings) } else { Err(faults.into_iter().map(|fault| fault.line).collect()) }
}

/// What was given for a setting, if anything was.
pub(super) type Said = (&'static Setting, Vec<Given>);

struct Read {
    settings: Settings,
    given: Vec<Said>,
    faults: Vec<Fault>,
    /// The variables of the settings that could not be read.
    unread: Vec<&'static str>,
}

impl<'a, E: Fn(&str) -> Option<OsString>> Sources<'a, E> {
    /// With the file that flags or environment name, and what is wrong with it.
    fn open(flags: &'a ArgMatches, env: &'a E) -> (Self, Vec<Fault>) {
        let flag = flags.get_one::<OsString>(file::VARIABLE).map(|path| (format!("--{}", file::FLAG), path.clone()));
        let named = flag.or_else(|| Some((file::VARIABLE.to_owned(), env(file::VARIABLE)?)));
        let (file, faults) = match named {
            None => Default::default(),
            Some((name, path)) => match path.to_str().map(str::trim) {
                Some("") => Default::default(),
                Some(path) => SettingsFile::open(&name, path),
                None => {
                    let shown = path.to_string_lossy().escape_debug().to_string();
                    (SettingsFile::default(), vec![format!("invalid {name}: {shown} (expected valid Unicode)").into()])
                }
            },
        };
        (Self { flags, env, file }, faults)
    }

    fn rows(&self, table: impl Iterator<Item = &'static Setting>) -> Read {
        let mut settings = Settings::default();
        let (mut faults, mut unread) = (Vec::new(), Vec::new());
        let mut said: Vec<Said> = Vec::new();
        for setting in table {
            let read = self.given(setting).and_then(|given| {
                let Some(one) = given.first() else { return Ok(()) };
                let rival = said.iter().find(|(rival, _)| setting.instead_of == Some(rival.variable));
                let rival = rival.map(|(_, rival)| vec![rivals(&rival[0].told(), &one.told()).into()]);
                let put = rival.map_or_else(|| put(setting, &mut settings, &given), Err);
                said.push((setting, given));
                put
            });
            if let Err(lines) = read {
                faults.extend(lines);
                unread.push(setting.variable);
            }
        }
        Read { settings, given: said, faults, unread }
    }

    /// What was given for a setting: its flag, or its variables, or what the file says. Without empty texts.
    fn given(&self, setting: &Setting) -> Result<Vec<Given>, Vec<Fault>> {
        let (sources, source) = match self.flags.get_one::<OsString>(setting.variable) {
            Some(value) => (vec![(setting.dashed(), value.clone())], Source::Flag),
            None => {
                let variables = setting.variables().filter_map(|name| Some((name.to_owned(), (self.env)(name)?)));
                (variables.collect(), Source::Environment)
            }
        };
        let mut given = Vec::new();
        let mut faults = Vec::new();
        for (name, value) in sources {
            match value.to_str().map(str::trim) {
                Some("") => {}
                Some(text) => given.push(Given { name, text: text.to_owned(), source: source.clone() }),
                None => {
                    let shown = setting.shown(&name, &value.to_string_lossy());
                    faults.push(format!("invalid {shown} (expected valid Unicode)").into());
                }
            }
        }
        match (faults.as_slice(), given.as_slice()) {
            ([], []) if source == Source::Environment => Ok(self.in_file(setting)),
            ([], _) => Ok(given),
            _ => Err(faults),
        }
    }

    fn in_file(&self, setting: &Setting) -> Vec<Given> {
        let said = setting.variables().filter_map(|name| {
            let (text, place) = self.file.get(name)?;
            Some(Given { name: name.to_owned(), text: text.to_owned(), source: Source::File(place) })
        });
        said.collect()
    }
}

fn put(setting: &Setting, settings: &mut Settings, given: &[Given]) -> Result<(), Vec<Fault>> {
    match (setting.alias, given) {
        (_, []) => Ok(()),
        (Alias::Joined(_), [one, other]) => {
            let name = format!("{} and {}", one.name, other.name);
            let both = Given { name, text: format!("{},{}", one.text, other.text), source: one.source.clone() };
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

fn contradicts(Contradiction { refused, beside, expected }: Contradiction, given: &[Said]) -> String {
    let shown = |(variable, value): (&str, String)| {
        let said = given.iter().find(|(setting, _)| setting.variable == variable);
        let name = said.map_or_else(
            || variable.to_owned(),
            |(setting, given)| match &given[0].source {
                Source::Environment => setting.variable.to_owned(),
                Source::Flag | Source::File(_) => given[0].told(),
            },
        );
        format!("{name}: {value}")
    };
    format!("invalid {} beside {} (expected {expected})", shown(refused), shown(beside))
}

fn rivals(one: &str, other: &str) -> String {
    format!("invalid {one} and {other} (expected only one of the two)")
}

fn differ(setting: &Setting, one: &Given, other: &Given) -> String {
    let shown = |given: &Given| setting.shown(&given.told(), &given.text);
    format!("invalid {} and {} (expected only one of the two names, or the same value)", shown(one), shown(other))
}
