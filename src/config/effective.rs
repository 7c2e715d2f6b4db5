//! `meetpoint config`: what holds, and where it comes from.

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::json;

use super::{
    read::Said,
    setting::{HIDDEN, Setting, Source},
    settings::Settings,
    table,
};

pub(super) const NAME: &str = "config";

const JSON: &str = "json";
const DEFAULT: &str = "default";

/// A setting as it holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Effective {
    name: &'static str,
    /// `None` where there is none; [`HIDDEN`] where nobody gets to see it.
    value: Option<String>,
    /// What no value means.
    unset: &'static str,
    /// `flag`, `environment`, the file's path with the line's number, another variable, or `default`.
    source: String,
}

pub(super) fn subcommand() -> Command {
    Command::new(NAME)
        .about("Show every setting as it holds, and where it comes from: flag, environment, file:line or default")
        .arg(Arg::new(JSON).long(JSON).action(ArgAction::SetTrue).help("As JSON"))
}

pub(super) fn rows(settings: &Settings, given: &[Said]) -> Vec<Effective> {
    let mut settings = settings.clone();
    table::all().map(|setting| row(setting, &mut settings, given)).collect()
}

fn row(setting: &Setting, settings: &mut Settings, said: &[Said]) -> Effective {
    let of = |fits: &dyn Fn(&Setting) -> bool| said.iter().find(|(other, _)| fits(other));
    let own = of(&|other| other.variable == setting.variable);
    let instead = of(&|other| other.instead_of == Some(setting.variable));
    let (value, source) = match (own, instead) {
        (Some((_, given)), _) => {
            let value = setting.effective(settings).or_else(|| Some(given[0].text.clone()));
            let source = match &given[0].source {
                Source::Flag => "flag".to_owned(),
                Source::Environment => "environment".to_owned(),
                Source::File(place) => place.clone(),
            };
            (value, source)
        }
        (None, Some((other, _))) => (Some(HIDDEN.to_owned()), other.variable.to_owned()),
        (None, None) => (setting.value.default(), DEFAULT.to_owned()),
    };
    Effective { name: setting.variable, value, unset: setting.unset, source }
}

/// The rows as the flags of the subcommand ask for them. Ends with no line feed.
pub(super) fn text(asked: &ArgMatches, rows: &[Effective]) -> String {
    if asked.get_flag(JSON) {
        let rows = rows
            .iter()
            .map(|Effective { name, value, source, .. }| json!({ "name": name, "value": value, "source": source }));
        return format!("{:#}", rows.collect::<serde_json::Value>());
    }
    let shown = |row: &Effective| match row.value.as_deref() {
        None | Some("") => format!("({})", row.unset),
        Some(value) => value.escape_debug().to_string(),
    };
    let widest = |width: fn(&str) -> usize, text: &dyn Fn(&Effective) -> String| {
        rows.iter().map(|row| width(&text(row))).max().unwrap_or_default()
    };
    let names = widest(str::len, &|row| row.name.to_owned());
    let values = widest(|text| text.chars().count(), &shown);
    let line = |row: &Effective| format!("{:names$}  {:values$}  {}", row.name, shown(row), row.source);
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
