//! Who is there, by which id, and, for clients that are resumable, all they need to come back as the same
//! (`docs/protocol/resume.md`).

use meetpoint_protocol::ClientId;

use super::{gather::Greeting, put_text};
use crate::{chat::Told, resume::resumable, target::Target, ws::Fault};

/// What clients are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// New ones each time that they connect.
    Passing,
    /// Those they were.
    Resumable,
}

/// Clients by their numbers.
pub struct Roll {
    kind: Kind,
    guests: Vec<Guest>,
}

#[derive(Clone, Default)]
struct Guest {
    id: Option<ClientId>,
    /// `ready` or `resumed` has come on this socket.
    is_ready: bool,
    /// Of a resumable one.
    session: Session,
}

#[derive(Clone, Default)]
struct Session {
    /// Empty before the first `ready`.
    token: String,
    /// Frames behind `ready`.
    received: u64,
    /// Frames behind `hello`.
    sent: u64,
    /// What it was told last of its partner.
    is_partner_away: bool,
}

impl Kind {
    /// Where clients of this kind connect.
    pub fn target(self, target: &Target) -> Target {
        match self {
            Kind::Passing => target.clone(),
            Kind::Resumable => resumable(target),
        }
    }
}

impl Roll {
    /// Nobody is there yet.
    pub fn new(kind: Kind, count: usize) -> Self {
        Self { kind, guests: vec![Guest::default(); count] }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The ids of those that are there or may come back.
    pub fn ids(&self) -> Vec<ClientId> {
        self.guests.iter().filter_map(|guest| guest.id).collect()
    }

    /// All connections are gone.
    pub fn cut(&mut self) {
        for guest in &mut self.guests {
            guest.is_ready = false;
            if self.kind == Kind::Passing {
                guest.id = None;
            }
        }
    }

    /// A client has said so many frames.
    pub fn said(&mut self, who: usize, frames: u64) {
        self.guests[who].session.sent += frames;
    }

    /// A client has heard a frame, whatever it is.
    pub fn heard(&mut self, who: usize) {
        self.guests[who].session.received += 1;
    }

    pub fn partner_away(&mut self, who: usize) -> Result<(), Fault> {
        self.partner(who, true)
    }

    pub fn partner_back(&mut self, who: usize) -> Result<(), Fault> {
        self.partner(who, false)
    }

    fn partner(&mut self, who: usize, is_away: bool) -> Result<(), Fault> {
        let session = &mut self.guests[who].session;
        if self.kind == Kind::Passing || session.is_partner_away == is_away {
            return Err(Fault::Contradiction(
                "a partner went or came back twice, or for a client that is not resumable",
            ));
        }
        session.is_partner_away = is_away;
        Ok(())
    }

    /// What must not be when all are there and the server has said all that it had to say.
    pub fn check_quiet(&self) -> Result<(), Fault> {
        let is_any_away = self.guests.iter().any(|guest| guest.session.is_partner_away);
        if is_any_away { Err(Fault::Contradiction("a client was not told that its partner is back")) } else { Ok(()) }
    }
}

impl Greeting for Roll {
    fn opened(&mut self, index: usize, out: &mut Vec<u8>) -> Result<bool, Fault> {
        let Session { token, received, .. } = &self.guests[index].session;
        match self.kind {
            Kind::Passing => {}
            Kind::Resumable if token.is_empty() => put_text(r#"{"type":"hello"}"#, out),
            Kind::Resumable => {
                let resume = format!(r#"{{"type":"hello","resume":{{"token":"{token}","received":{received}}}}}"#);
                put_text(&resume, out);
            }
        }
        Ok(false)
    }

    fn told(&mut self, index: usize, text: &[u8], _out: &mut Vec<u8>) -> Result<bool, Fault> {
        let told = Told::read(text).ok_or_else(|| Fault::unexpected(text))?;
        let Guest { id, is_ready, session } = &mut self.guests[index];
        match (told, self.kind) {
            (Told::Ready { client, .. }, Kind::Passing) if !*is_ready => *id = Some(client),
            (Told::Ready { client, token: Some(token), .. }, Kind::Resumable) if session.token.is_empty() => {
                *id = Some(client);
                session.token = token.into();
            }
            (Told::Ready { token: None, .. }, Kind::Resumable) => {
                return Err(Fault::Unexpected("that it keeps no sessions".into()));
            }
            (Told::Ready { refused, .. }, Kind::Resumable) if !*is_ready => {
                return Err(Fault::NotResumed(refused.unwrap_or_default().into()));
            }
            (Told::Resumed { client, token, received }, Kind::Resumable) if !*is_ready => {
                if *id != Some(client) {
                    return Err(Fault::Contradiction("a client that came back was given another's id"));
                }
                if received != session.sent {
                    return Err(Fault::Contradiction("a client that came back has said another number of frames"));
                }
                session.token = token.into();
            }
            (Told::PartnerAway, Kind::Resumable) if *is_ready => {
                self.heard(index);
                return self.partner_away(index).map(|()| false);
            }
            (Told::PartnerBack, Kind::Resumable) if *is_ready => {
                self.heard(index);
                return self.partner_back(index).map(|()| false);
            }
            _ => return Err(Fault::unexpected(text)),
        }
        *is_ready = true;
        Ok(true)
    }
}
