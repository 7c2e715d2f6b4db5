//! What the chat wire keeps beyond pairs: topics with their members, and sessions without a socket.

use meetpoint_protocol::chat::NotResumed;
use prometheus::{IntCounter, IntGauge};

use super::{Factory, Scene};

/// Sessions that outlive their socket, and the topics that clients are in.
pub struct Sessions {
    topics: IntGauge,
    members: IntGauge,
    away: IntGauge,
    away_bytes: IntGauge,
    resumed: IntCounter,
    not_resumed: Vec<IntCounter>,
    ended: Vec<IntCounter>,
}

/// Why a session ended while it had no socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndedAway {
    /// Its client did not come back in time.
    Expired,
    /// What was kept for it became more than is kept for one, or for all of them together.
    Full,
}

impl EndedAway {
    const ALL: &[Self] = &[Self::Expired, Self::Full];

    const fn label(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Full => "full",
        }
    }
}

impl Sessions {
    pub(super) fn new(new: &Factory) -> Result<Self, prometheus::Error> {
        let resumes =
            new.counters("resumes_total", "Clients that asked for an earlier session, by outcome", &["outcome"])?;
        let ended = new.counters(
            "sessions_ended_total",
            "Sessions that ended while they had no socket, by reason",
            &["reason"],
        )?;
        Ok(Self {
            topics: new.gauge("topics", "Topics that have members")?,
            members: new.gauge("topic_members", "Members of all topics; who is in two counts twice")?,
            away: new.gauge("sessions_away", "Sessions that wait for a new socket")?,
            away_bytes: new.gauge("sessions_away_bytes", "What is kept for them, in bytes")?,
            resumed: resumes.with_label_values(&["resumed"]),
            not_resumed: NotResumed::ALL.iter().map(|why| resumes.with_label_values(&[why.name()])).collect(),
            ended: EndedAway::ALL.iter().map(|why| ended.with_label_values(&[why.label()])).collect(),
        })
    }

    /// A client has got its session back.
    pub fn resumed(&self) {
        self.resumed.inc();
    }

    /// A client has got another session than it asked for.
    pub fn not_resumed(&self, why: NotResumed) {
        self.not_resumed[why as usize].inc();
    }

    /// A session ended while it had no socket.
    pub fn ended_away(&self, why: EndedAway) {
        self.ended[why as usize].inc();
    }

    pub(super) fn set(&self, scene: &Scene) {
        for (gauge, value) in [
            (&self.topics, scene.topics),
            (&self.members, scene.topic_members),
            (&self.away, scene.sessions_away),
            (&self.away_bytes, scene.sessions_away_bytes),
        ] {
            gauge.set(value as i64);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use prometheus::Registry;

    use super::*;

    /// The counters with labels, by name and label.
    fn counted(registry: &Registry) -> BTreeMap<String, f64> {
        let families = registry.gather();
        let labelled = families.iter().flat_map(|family| {
            family.get_metric().iter().filter_map(|metric| {
                let label = metric.get_label().first()?.value();
                Some((format!("{} {label}", family.name()), metric.get_counter().get_value()))
            })
        });
        labelled.collect()
    }

    #[test]
    fn every_outcome_has_a_series_of_its_own_from_the_start() {
        let registry = Registry::new();
        let sessions = Sessions::new(&Factory(&registry)).expect("new names");
        let mut expected: BTreeMap<String, f64> = BTreeMap::new();
        let names = ["resumed", "expired", "unknown", "gap", "ended"].map(|name| format!("resumes_total {name}"));
        let reasons = ["expired", "full"].map(|name| format!("sessions_ended_total {name}"));
        expected.extend(names.into_iter().chain(reasons).map(|name| (name, 0.0)));
        assert_eq!(counted(&registry), expected);

        let mut count = |name: String, once: &dyn Fn()| {
            once();
            *expected.get_mut(&name).expect("a known name") += 1.0;
            assert_eq!(counted(&registry), expected);
        };
        count("resumes_total resumed".into(), &|| sessions.resumed());
        for why in NotResumed::ALL {
            count(format!("resumes_total {}", why.name()), &|| sessions.not_resumed(*why));
        }
        for why in EndedAway::ALL {
            count(format!("sessions_ended_total {}", why.label()), &|| sessions.ended_away(*why));
        }
    }
}
