//! Structured logs on standard error: text for people, JSON for machines.
//!
//! A record is one line, whatever is in it: what could end the line, move the cursor or turn the direction of the text is
//! escaped when the line is complete, so no call that logs has to think of it.

#[cfg(test)]
mod tests;

use std::{
    error::Error,
    fmt,
    io::{IsTerminal, stderr},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use tracing::{Event, Level, Subscriber, subscriber::set_global_default};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    fmt::{
        FmtContext, FormatEvent, FormatFields, MakeWriter,
        format::{Format, Writer},
    },
    layer::SubscriberExt,
    registry::LookupSpan,
    reload,
};

/// What is logged from now on can be changed with it.
pub struct Logs(reload::Handle<EnvFilter, Registry>);

impl Logs {
    /// Logs what `filter` lets through from now on: a level or a list of directives such as `info,meetpoint=debug`.
    ///
    /// # Errors
    /// The filter is none; the old one stays.
    pub fn set_level(&self, filter: &str) -> Result<(), Box<dyn Error>> {
        Ok(self.0.reload(EnvFilter::try_new(filter)?)?)
    }
}

/// Starts logging, once per process. `filter` is what [`Logs::set_level`] takes.
///
/// # Errors
/// The filter is none, or this process logs already.
pub fn init(filter: &str, json: bool) -> Result<Logs, Box<dyn Error>> {
    let colored = !json && stderr().is_terminal();
    let (subscriber, logs) = subscriber(filter, json, colored, stderr)?;
    set_global_default(subscriber)?;
    Ok(logs)
}

fn subscriber<W>(
    filter: &str,
    json: bool,
    colored: bool,
    writer: W,
) -> Result<(impl Subscriber + Send + Sync + use<W>, Logs), Box<dyn Error>>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let (filter, level) = reload::Layer::new(EnvFilter::try_new(filter)?);
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
    let lines = if json {
        lines.json().map_event_format(|format| OneLine { format, colored }).boxed()
    } else {
        lines.event_format(OneLine { format: Format::default().with_ansi(false), colored }).boxed()
    };
    Ok((Registry::default().with(filter).with(lines), Logs(level)))
}

/// A format whose records are one line of printable characters each.
struct OneLine<F> {
    format: F,
    /// Whether what is wrong shows by its colour.
    colored: bool,
}

impl<S, N, F> FormatEvent<S, N> for OneLine<F>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut record = String::new();
        self.format.format_event(context, Writer::new(&mut record), event)?;
        let record = record.strip_suffix('\n').unwrap_or(&record);
        let color = match *event.metadata().level() {
            Level::ERROR => "\x1b[31m",
            Level::WARN => "\x1b[33m",
            _ => "",
        };
        match color {
            color if self.colored && !color.is_empty() => {
                writer.write_str(color)?;
                write_escaped(&mut writer, record)?;
                writer.write_str("\x1b[0m\n")
            }
            _ => {
                write_escaped(&mut writer, record)?;
                writer.write_char('\n')
            }
        }
    }
}

/// Writes `text` with what is not [`harmless`] in the spelling of JSON, which has such characters only inside of strings.
fn write_escaped(writer: &mut impl fmt::Write, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some((at, character)) = rest.char_indices().find(|(_, character)| !harmless(*character)) {
        writer.write_str(&rest[..at])?;
        for unit in character.encode_utf16(&mut [0; 2]) {
            write!(writer, "\\u{unit:04x}")?;
        }
        rest = &rest[at + character.len_utf8()..];
    }
    writer.write_str(rest)
}

/// Whether a character stays where it is put: it neither controls a terminal, nor ends a line, nor has what stands around it
/// shown in another order (Unicode Standard Annex #9, §2).
fn harmless(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether addresses of clients are logged whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Addresses {
    pub whole: bool,
}

impl Addresses {
    /// A client's address as the log may have it. Else it is the network that its owner shares with others: the first 24 bits of an IPv4
    /// address, the first 48 of an IPv6 address, which is what a site has (RFC 6177).
    pub fn show(self, address: IpAddr) -> Shown {
        let address = address.to_canonical();
        match address {
            whole if self.whole => Shown(whole, ""),
            IpAddr::V4(address) => Shown(Ipv4Addr::from_bits(address.to_bits() & !0 << 8).into(), "/24"),
            IpAddr::V6(address) => Shown(Ipv6Addr::from_bits(address.to_bits() & !0 << 80).into(), "/48"),
        }
    }
}

/// An address or a network.
#[derive(Clone, Copy, Debug)]
pub struct Shown(IpAddr, &'static str);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0, self.1)
    }
}
