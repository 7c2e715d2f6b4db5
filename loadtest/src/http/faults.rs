//! Broken promises by their words, a bounded number of different ones.

use super::Answer;
use crate::report::Report;

/// Different words that are kept; a server that fails in ever new ways must not fill the memory.
const MAX_KINDS: usize = 16;
/// Characters of an answer's body that are shown.
const SHOWN: usize = 200;

/// What went wrong and how often.
#[derive(Clone, Default, Debug)]
pub struct Faults {
    kinds: Vec<(String, u64)>,
    /// Those of further kinds.
    others: u64,
}

impl Faults {
    pub fn note(&mut self, what: String) {
        self.note_many(what, 1);
    }

    pub fn note_many(&mut self, what: String, count: u64) {
        if count == 0 {
            return;
        }
        if let Some((_, known)) = self.kinds.iter_mut().find(|(known, _)| *known == what) {
            *known += count;
        } else if self.kinds.len() < MAX_KINDS {
            self.kinds.push((what, count));
        } else {
            self.others += count;
        }
    }

    pub fn total(&self) -> u64 {
        self.kinds.iter().map(|(_, count)| count).sum::<u64>() + self.others
    }

    /// The first kind that was noted.
    pub fn first(&self) -> Option<&str> {
        self.kinds.first().map(|(what, _)| what.as_str())
    }

    /// Puts all of them into the report; `during` says when they happened.
    pub fn write(self, during: &str, report: &mut Report) {
        for (what, count) in self.kinds {
            report.fault(format!("{during}: {what}"), count);
        }
        report.fault(format!("{during}: yet other faults"), self.others);
    }
}

/// The words for an answer that was not due, with advice for its status.
pub fn wrong(answer: &Answer<'_>, advice: impl Fn(u16) -> &'static str) -> String {
    let body = &answer.body[..answer.body.len().min(SHOWN)];
    let text: String = String::from_utf8_lossy(body).chars().filter(|c| !c.is_control()).collect();
    format!("the server answered {} {text}{}", answer.status, advice(answer.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_counted_and_ever_new_ones_do_not_grow() {
        let mut faults = Faults::default();
        faults.note_many("lost".into(), 2);
        faults.note("lost".into());
        (0..100).for_each(|number| faults.note(format!("number {number}")));
        assert_eq!((faults.total(), faults.first(), faults.kinds.len()), (103, Some("lost"), MAX_KINDS));
        let mut report = Report::begin("http", String::new(), serde_json::Value::Null);
        faults.write("poll", &mut report);
        assert_eq!((report.faults[0].what.as_str(), report.faults[0].count), ("poll: lost", 3));
        assert_eq!(report.faults.iter().map(|fault| fault.count).sum::<u64>(), 103);
    }

    #[test]
    fn what_a_server_says_is_shortened_and_cannot_move_the_cursor() {
        let body = format!("\x1b[2J{}", "x".repeat(300));
        let text = wrong(&Answer { status: 507, body: body.as_bytes(), last: false, len: 0 }, |status| {
            if status == 507 { " (more room)" } else { "" }
        });
        assert!(text.starts_with("the server answered 507 [2Jxxx") && text.len() < 400, "{text}");
        assert!(text.ends_with(" (more room)"), "{text}");
    }
}
