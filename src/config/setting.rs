//! What a row of the table is made of.

use std::{
    fs::File,
    io::{self, Read},
};

use super::{fault::Fault, grammar::Grammar, settings::Settings, units::ByteSize};

/// The most that is read of a file that a setting names.
const LARGEST_FILE: ByteSize = ByteSize::new(4096);

/// What is told of a value that must not be repeated.
pub(super) const HIDDEN: &str = "(set)";

/// Settings that belong together, in the help and in the documents.
pub(super) struct Group {
    pub heading: &'static str,
    pub settings: &'static [Setting],
}

/// One setting: how it is called, what it takes, where it goes.
pub(super) struct Setting {
    pub variable: &'static str,
    /// Without the dashes.
    pub flag: &'static str,
    pub alias: Alias,
    pub value: &'static (dyn Value + Sync),
    /// What no value means, where that is not a value itself.
    pub unset: &'static str,
    pub help: &'static str,
    /// Whether what was given for it must not be repeated to anybody.
    pub hidden: bool,
    /// The variable of the setting that says the same in another way, an earlier row: only one of the two may be given.
    pub instead_of: Option<&'static str>,
    /// Whether a change holds without a restart, for new connections and requests.
    pub live: bool,
    /// What the NoisyTransfer original said of a bad value.
    pub original: fn(&str) -> Option<String>,
}

/// A second variable of a setting.
#[derive(Clone, Copy)]
pub(super) enum Alias {
    None,
    /// Another name: when both are given they must say the same.
    Same(&'static str),
    /// Another list: when both are given all entries count.
    Joined(&'static str),
}

/// A text that was given for a setting, by which name, and where.
pub(super) struct Given {
    /// A variable, or a flag with its dashes.
    pub name: String,
    pub text: String,
    pub source: Source,
}

/// Where a value comes from; the first of them wins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Source {
    Flag,
    Environment,
    /// The file's path and the line's number.
    File(String),
}

impl Given {
    /// What there is to say beside the name in order to find the value.
    fn place(&self) -> Option<&str> {
        match &self.source {
            Source::Flag => Some(&self.name),
            Source::Environment => None,
            Source::File(place) => Some(place),
        }
    }

    /// What this is called in a fault.
    pub(super) fn told(&self) -> String {
        match &self.source {
            Source::Flag | Source::Environment => self.name.clone(),
            Source::File(place) => format!("{} ({place})", self.name),
        }
    }
}

impl Setting {
    /// A setting with one variable.
    pub(super) const fn new(
        variable: &'static str,
        flag: &'static str,
        value: &'static (dyn Value + Sync),
        help: &'static str,
    ) -> Self {
        Self {
            variable,
            flag,
            alias: Alias::None,
            value,
            unset: "",
            help,
            hidden: false,
            instead_of: None,
            live: false,
            original: |_| None,
        }
    }

    pub(super) const fn alias(self, alias: Alias) -> Self {
        Self { alias, ..self }
    }

    pub(super) const fn unset(self, unset: &'static str) -> Self {
        Self { unset, ..self }
    }

    pub(super) const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    pub(super) const fn live(self) -> Self {
        Self { live: true, ..self }
    }

    pub(super) const fn instead_of(self, variable: &'static str) -> Self {
        Self { instead_of: Some(variable), ..self }
    }

    pub(super) const fn original(self, original: fn(&str) -> Option<String>) -> Self {
        Self { original, ..self }
    }

    /// Its flag as it is typed.
    pub(super) fn dashed(&self) -> String {
        format!("--{}", self.flag)
    }

    /// Its variables, the documented one first.
    pub(super) fn variables(&self) -> impl Iterator<Item = &'static str> {
        let alias = match self.alias {
            Alias::None => None,
            Alias::Same(alias) | Alias::Joined(alias) => Some(alias),
        };
        [self.variable].into_iter().chain(alias)
    }

    /// What holds when nothing is given, as text.
    pub(super) fn default(&self) -> String {
        self.value.default().filter(|text| !text.is_empty()).unwrap_or_else(|| self.unset.to_owned())
    }

    /// What holds in these settings, as far as it may be told; `None` where there is no value.
    pub(super) fn effective(&self, settings: &mut Settings) -> Option<String> {
        let shown = self.value.show(settings);
        if self.hidden { shown.map(|_| HIDDEN.to_owned()) } else { shown }
    }

    /// Puts a given value where it belongs.
    pub(super) fn read(&self, settings: &mut Settings, given: &Given) -> Result<(), Fault> {
        let shown = self.shown(&given.told(), &given.text);
        self.value.read(settings, &given.text).map_err(|refused| match refused {
            Refused::Unreadable(error) => format!("invalid {shown}: {error}").into(),
            Refused::Because(reason) => format!("invalid {shown} ({reason})").into(),
            Refused::Form => match (self.original)(&given.text.escape_debug().to_string()) {
                Some(line) => Fault::of_original(match given.place() {
                    Some(place) => format!("{line} ({place})"),
                    None => line,
                }),
                None => format!("invalid {shown} (expected {})", self.value.takes()).into(),
            },
        })
    }

    /// A name with what was given by it, in printable characters, as far as it may be told.
    pub(super) fn shown(&self, name: &str, text: &str) -> String {
        if self.hidden { name.to_owned() } else { format!("{name}: {}", text.escape_debug()) }
    }
}

/// A place in [`Settings`] and the grammar of what it holds.
pub(super) struct At<F, G>(pub fn(&mut Settings) -> &mut F, pub G);

/// A place in [`Settings`] and the grammar of what a file holds for it. The text is the file's path.
pub(super) struct InFile<F, G>(pub fn(&mut Settings) -> &mut F, pub G);

/// Why a text gives no value.
pub(super) enum Refused {
    /// It is not what [`Value::takes`] says.
    Form,
    /// The same, and there is more to say about it.
    Because(String),
    /// The file that it names cannot be read.
    Unreadable(io::Error),
}

/// [`At`] and [`InFile`] without their types.
pub(super) trait Value {
    /// What stands for the value in the help, after the flag.
    fn name(&self) -> &'static str;

    /// What is accepted, for the help and for faults.
    fn takes(&self) -> String;

    /// What these settings have there, as it would be written; `None` where there is no value.
    fn show(&self, settings: &mut Settings) -> Option<String>;

    /// The default as it would be written; `None` where there is no value by default.
    fn default(&self) -> Option<String> {
        self.show(&mut Settings::default())
    }

    /// Puts the value of `text`.
    fn read(&self, settings: &mut Settings, text: &str) -> Result<(), Refused>;

    /// Whether these settings have different values there.
    fn differs(&self, one: &mut Settings, other: &mut Settings) -> bool;

    /// Puts the value that `new` has there.
    fn take(&self, settings: &mut Settings, new: &mut Settings);
}

impl<F: Slot<G::Value> + Clone, G: Grammar> Value for At<F, G> {
    fn name(&self) -> &'static str {
        G::NAME
    }

    fn takes(&self) -> String {
        self.1.takes()
    }

    fn show(&self, settings: &mut Settings) -> Option<String> {
        F::get((self.0)(settings)).map(|value| self.1.show(value))
    }

    fn read(&self, settings: &mut Settings, text: &str) -> Result<(), Refused> {
        let value = self.1.read(text).ok_or_else(|| self.1.why_not(text).map_or(Refused::Form, Refused::Because))?;
        (self.0)(settings).put(value);
        Ok(())
    }

    fn differs(&self, one: &mut Settings, other: &mut Settings) -> bool {
        match (F::get((self.0)(one)), F::get((self.0)(other))) {
            (None, None) => false,
            (Some(one), Some(other)) => !self.1.same(one, other),
            _ => true,
        }
    }

    fn take(&self, settings: &mut Settings, new: &mut Settings) {
        (self.0)(settings).clone_from((self.0)(new));
    }
}

impl<F: Slot<G::Value>, G: Grammar> Value for InFile<F, G> {
    fn name(&self) -> &'static str {
        "FILE"
    }

    fn takes(&self) -> String {
        format!("a file of at most {LARGEST_FILE} that holds {}", self.1.takes())
    }

    /// The path is not kept.
    fn show(&self, _: &mut Settings) -> Option<String> {
        None
    }

    fn read(&self, settings: &mut Settings, path: &str) -> Result<(), Refused> {
        let contents = contents(path).map_err(Refused::Unreadable)?;
        let text = str::from_utf8(&contents).ok().filter(|text| text.len() <= LARGEST_FILE.bytes());
        let text = text.map(str::trim_end).ok_or(Refused::Form)?;
        let value = self.1.read(text).ok_or_else(|| self.1.why_not(text).map_or(Refused::Form, Refused::Because))?;
        (self.0)(settings).put(value);
        Ok(())
    }

    /// That of the setting in whose place it stands is the same.
    fn differs(&self, _: &mut Settings, _: &mut Settings) -> bool {
        false
    }

    fn take(&self, _: &mut Settings, _: &mut Settings) {}
}

/// What a file holds, up to one byte more than it may: it could have no end.
fn contents(path: &str) -> io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    File::open(path)?.take(LARGEST_FILE.bytes() as u64 + 1).read_to_end(&mut contents)?;
    Ok(contents)
}

/// A field that holds a `T`, now or perhaps.
pub(super) trait Slot<T> {
    fn get(&self) -> Option<&T>;
    fn put(&mut self, value: T);
}

impl<T> Slot<T> for T {
    fn get(&self) -> Option<&T> {
        Some(self)
    }

    fn put(&mut self, value: T) {
        *self = value;
    }
}

impl<T> Slot<T> for Option<T> {
    fn get(&self) -> Option<&T> {
        self.as_ref()
    }

    fn put(&mut self, value: T) {
        *self = Some(value);
    }
}
