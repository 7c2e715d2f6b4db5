//! Clients beside those that talk: some stay and say nothing, others come, are matched, and go, in every way in which one can go.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use meetpoint_protocol::chat::PONG;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::{
    Error,
    chat::{AVAILABLE, Client, NEXT, PING, Told},
    pairs::{Bench, Outcome, Phase, timetable::scatter},
    resume::{Session, greet, resumable},
    target::Target,
    ws::{Detached, Fault, Socket},
};

const LEAVE: &str = r#"{"type":"leave"}"#;
const BYE: &str = r#"{"type":"bye"}"#;
/// What a `next` is answered whose partner has gone meanwhile.
const NOT_PAIRED: &[u8] = br#"{"type":"error","code":"NOT_PAIRED""#;
/// How often a client with nothing else to do looks what phase it is.
const LOOK: Duration = Duration::from_millis(500);
/// How long a visit takes, at most, and the pause behind it.
const MAX_STAY_MS: u64 = 2_000;
const MAX_PAUSE_MS: u64 = 200;
/// Bytes that one read may bring.
const READ_BUFFER: usize = 4096;

/// What all visitors have done together.
#[derive(Default, Debug)]
pub struct Guestbook {
    pub visits: AtomicU64,
    pub matches: AtomicU64,
    pub resumed: AtomicU64,
}

/// A client that stays and says nothing.
pub struct Held(pub Detached);

/// One that comes and goes.
pub struct Visitor {
    pub target: Target,
    /// Chooses the source address, and what it does when.
    pub index: usize,
    /// Whether the server keeps sessions.
    pub resumes: bool,
    pub book: Arc<Guestbook>,
}

impl Held {
    pub async fn run(self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        let held = async {
            let mut socket = self.0.attach()?;
            let mut buffer = vec![0; READ_BUFFER];
            while bench.borrow().stage.phase() != Phase::Drain {
                let silence = socket.recv_texts(&mut buffer, |text| Err(Fault::unexpected(text)));
                timeout(LOOK, silence).await.unwrap_or(Ok(()))?;
            }
            // That it is still served.
            socket.send_text(PING)?;
            let mut is_served = false;
            while !is_served {
                let heard = |text: &[u8]| {
                    is_served = text == PONG.as_bytes();
                    if is_served { Ok(()) } else { Err(Fault::unexpected(text)) }
                };
                socket.recv_texts(&mut buffer, heard).await?;
            }
            socket.close();
            Ok::<_, Fault>(())
        };
        ended(timeout_at(deadline, held).await, "answer a client that was silent")
    }
}

impl Visitor {
    pub async fn run(self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        let visits = async {
            let mut number = 0;
            while bench.borrow().stage.phase() != Phase::Drain {
                let chance = scatter((self.index as u64) << 32 | number);
                sleep(Duration::from_millis(chance % MAX_PAUSE_MS)).await;
                self.visit(chance >> 32).await?;
                number += 1;
            }
            Ok(())
        };
        ended(timeout_at(deadline, visits).await, "serve a client that comes and goes")
    }

    /// One visit of four is one of a client that is cut and comes back, and one of a client that only looks in.
    async fn visit(&self, chance: u64) -> Result<(), Fault> {
        let stay = Duration::from_millis(chance % MAX_STAY_MS);
        let (what, says_bye) = (chance >> 16 & 0b11, chance >> 20 & 1 > 0);
        let guest = if what == 0 && self.resumes {
            self.come_back(stay, says_bye).await?
        } else {
            self.meet(stay, what > 1, says_bye).await?
        };
        self.book.visits.fetch_add(1, Ordering::Relaxed);
        self.book.matches.fetch_add(guest.matches, Ordering::Relaxed);
        self.book.resumed.fetch_add(guest.resumed, Ordering::Relaxed);
        Ok(())
    }

    /// Stays for a time and then says good-bye or is cut. `looks`: for partners.
    async fn meet(&self, stay: Duration, looks: bool, says_bye: bool) -> Result<Guest, Fault> {
        let mut socket = Client::connect(&self.target, self.index).await.map_err(not_connected)?.socket;
        let mut guest = Guest::default();
        if looks {
            socket.send_text(AVAILABLE)?;
            guest.stay(&mut socket, stay / 2).await?;
            if guest.is_paired {
                socket.send_text(NEXT)?;
                guest.nexts += 1;
            }
            guest.stay(&mut socket, stay / 2).await?;
            socket.send_text(LEAVE)?;
        } else {
            guest.stay(&mut socket, stay).await?;
        }
        // What was said to it while it said this comes before the answer.
        socket.send_text(PING)?;
        while !guest.is_answered {
            guest.listen(&mut socket).await?;
        }
        if says_bye {
            socket.close();
        }
        Ok(guest)
    }

    /// Is cut, stays away for a time, and then says good-bye or is cut for good: its session ends with its window.
    async fn come_back(&self, stay: Duration, says_bye: bool) -> Result<Guest, Fault> {
        let target = resumable(&self.target);
        let begun = Session::begin(target.clone(), self.index).await;
        let (mut session, mut socket) = begun.map_err(not_connected)?;
        session.say(PING);
        socket.send_text(PING)?;
        drop(socket);
        sleep(stay).await;
        let (mut socket, answer) = greet(target, self.index, session.hello()).await.map_err(not_connected)?;
        session.resumed(&answer)?;
        session.kept().iter().try_for_each(|word| socket.send_text(word))?;
        // Whether the cut came before or behind its ping: there is one answer.
        let mut guest = Guest { resumed: 1, ..Guest::default() };
        let missed = socket.take_received();
        socket.texts(&missed, |text| guest.hear(text))?;
        while !guest.is_answered {
            guest.listen(&mut socket).await?;
        }
        if !says_bye {
            return Ok(guest);
        }
        socket.send_text(BYE)?;
        loop {
            match guest.listen(&mut socket).await {
                Ok(()) => {}
                Err(Fault::Closed { code: 1000, .. }) => return Ok(guest),
                Err(fault) => return Err(fault),
            }
        }
    }
}

/// What a visitor has been told.
#[derive(Default)]
struct Guest {
    is_paired: bool,
    matches: u64,
    resumed: u64,
    /// Said, and not seen to have had an effect: it ends a pairing without a word, or comes too late.
    nexts: u64,
    is_answered: bool,
}

impl Guest {
    async fn stay(&mut self, socket: &mut Socket, time: Duration) -> Result<(), Fault> {
        let listening = async {
            loop {
                self.listen(socket).await?;
            }
        };
        // That the time is over is the ordinary end.
        timeout(time, listening).await.unwrap_or(Ok(()))
    }

    async fn listen(&mut self, socket: &mut Socket) -> Result<(), Fault> {
        let mut buffer = vec![0; READ_BUFFER];
        socket.recv_texts(&mut buffer, |text| self.hear(text)).await
    }

    fn hear(&mut self, text: &[u8]) -> Result<(), Fault> {
        match Told::read(text) {
            Some(Told::Matched { .. }) if !self.is_paired || self.nexts > 0 => {
                self.nexts -= u64::from(self.is_paired);
                self.is_paired = true;
                self.matches += 1;
            }
            Some(Told::PartnerLeft) if self.is_paired => self.is_paired = false,
            Some(Told::Pong) if !self.is_answered => self.is_answered = true,
            None if text.starts_with(NOT_PAIRED) && !self.is_paired && self.nexts > 0 => self.nexts -= 1,
            _ => return Err(Fault::unexpected(text)),
        }
        Ok(())
    }
}

fn not_connected(error: Error) -> Fault {
    Fault::NotConnected(error.to_string())
}

fn ended(ended: Result<Result<(), Fault>, tokio::time::error::Elapsed>, due: &'static str) -> Outcome {
    let fault = ended.unwrap_or(Err(Fault::Silent(due))).err();
    Outcome { fault, ..Outcome::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MATCHED: &str =
        r#"{"type":"matched","roomId":"r","partnerId":"07070707-0707-4707-8707-070707070707","initiator":true}"#;
    const LEFT: &str = r#"{"type":"partner-left","reason":"left"}"#;
    const REFUSED: &str = r#"{"type":"error","code":"NOT_PAIRED","message":"Not paired with a partner"}"#;

    /// Whether a guest takes all of these, `next` being what it says itself.
    fn takes(story: &[&str]) -> bool {
        let mut guest = Guest::default();
        story.iter().all(|text| {
            if *text == NEXT {
                guest.nexts += 1;
                return true;
            }
            guest.hear(text.as_bytes()).is_ok()
        })
    }

    #[test]
    fn a_guest_takes_what_can_be_and_nothing_else() {
        assert!(takes(&[MATCHED, LEFT, MATCHED, PONG]));
        assert!(takes(&[MATCHED, NEXT, MATCHED, LEFT]), "next ends a pairing without a word");
        assert!(takes(&[MATCHED, NEXT, LEFT, REFUSED, MATCHED]), "the partner was faster");
        assert!(takes(&[MATCHED, NEXT, LEFT, MATCHED, MATCHED]), "and somebody else came between");
        assert!(!takes(&[MATCHED, MATCHED]) && !takes(&[LEFT]) && !takes(&[MATCHED, LEFT, LEFT]));
        assert!(!takes(&[MATCHED, NEXT, MATCHED, MATCHED]) && !takes(&[MATCHED, REFUSED]) && !takes(&[PONG, PONG]));
    }
}
