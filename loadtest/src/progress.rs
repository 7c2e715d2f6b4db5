//! The bar on standard error: hidden when that is not a terminal, or on request.

use std::{
    borrow::Cow,
    io::{self, IsTerminal},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Makes a bar for each phase of a run.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    hidden: bool,
}

impl Progress {
    pub fn new(hidden: bool) -> Self {
        Self { hidden }
    }

    /// Says what comes next, where a bar would be seen.
    pub fn say(&self, what: &str) {
        if !self.hidden && io::stderr().is_terminal() {
            eprintln!("{what}");
        }
    }

    /// A phase that is over when `total` things are done.
    pub fn count(&self, what: &'static str, total: u64) -> Bar {
        self.bar(what, total, "{prefix:>10} {wide_bar} {pos}/{len}")
    }

    /// A phase that is over when `total` has passed.
    pub fn time(&self, what: &'static str, total: Duration) -> Bar {
        self.bar(what, total.as_millis() as u64, "{prefix:>10} {wide_bar} {elapsed} {msg}")
    }

    fn bar(&self, what: &'static str, total: u64, template: &str) -> Bar {
        let target = if self.hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(total), target).with_prefix(what);
        Bar(match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }
}

/// One phase's bar, gone from the screen when dropped.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// So many more things are done.
    pub fn advance(&self, done: u64) {
        self.0.inc(done);
    }

    /// So much time has passed, with a word on how it goes.
    pub fn at(&self, passed: Duration, word: impl Into<Cow<'static, str>>) {
        self.0.set_position(passed.as_millis() as u64);
        self.0.set_message(word);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
