//! One client from its first byte to its last.

use meetpoint_protocol::ClientId;

use crate::{
    chat::{AVAILABLE, Client, Told},
    target::Target,
    ws::Fault,
};

/// Frames that a client sends to its partner, and hears from it.
pub const FRAMES: u32 = 3;

const LEAVE: &str = r#"{"type":"leave"}"#;
/// What a frame is answered whose addressee has gone meanwhile.
const NOT_PAIRED: &[u8] = br#"{"type":"error","code":"NOT_PAIRED""#;
/// RFC 6455 §7.4.1: the answer to a good-bye.
const NORMAL: u16 = 1000;
/// Bytes that one read may bring.
const READ_BUFFER: usize = 4096;

/// Comes, is matched, says so many frames to its partner and hears as many from it, leaves and says good-bye.
pub async fn live(target: Target, index: usize) -> Result<(), Fault> {
    let connected = Client::connect(&target, index).await;
    let Client { id, mut socket } = connected.map_err(|error| Fault::NotConnected(error.to_string()))?;
    let (mut life, mut buffer) = (Life::new(id), vec![0; READ_BUFFER]);
    let behind = socket.take_received();
    socket.texts(&behind, |text| life.hear(text))?;
    socket.send_text(AVAILABLE)?;
    while !life.is_full() {
        socket.recv_texts(&mut buffer, |text| life.hear(text)).await?;
        for word in life.words.drain(..) {
            socket.send_text(&word)?;
        }
    }
    socket.send_text(LEAVE)?;
    socket.send_close()?;
    loop {
        match socket.recv_texts(&mut buffer, |text| life.hear(text)).await {
            Ok(()) => {}
            Err(Fault::Closed { code: NORMAL, .. }) => return Ok(()),
            Err(fault) => return Err(fault),
        }
    }
}

/// What a client knows.
struct Life {
    id: ClientId,
    partner: Option<ClientId>,
    /// Frames of this partner's.
    heard: u32,
    /// What is to be said now.
    words: Vec<String>,
    /// It was matched again although it has nothing more to say: what the new one says is not for it any more.
    is_over: bool,
}

impl Life {
    fn new(id: ClientId) -> Self {
        Self { id, partner: None, heard: 0, words: Vec::new(), is_over: false }
    }

    fn is_full(&self) -> bool {
        self.heard == FRAMES
    }

    fn hear(&mut self, text: &[u8]) -> Result<(), Fault> {
        let unexpected = || Err(Fault::unexpected(text));
        match Told::read(text) {
            Some(Told::Matched { partner, .. }) if self.partner.is_none() => {
                self.partner = Some(partner);
                if self.is_full() {
                    self.is_over = true;
                } else {
                    self.heard = 0;
                    self.words = (0..FRAMES).map(|number| word(partner, number)).collect();
                }
            }
            // It was about to go when it was matched: one that stays says all that it has to say before it leaves.
            Some(Told::PartnerLeft) if self.partner.is_some() => self.partner = None,
            Some(Told::Offer { from, sdp }) if self.partner == Some(from) => {
                let Some((addressee, number)) = read(sdp) else { return unexpected() };
                // What was on its way to a partner that had gone reaches the next: the wire names no addressee.
                if addressee == self.id && !self.is_over {
                    if number != self.heard {
                        return unexpected();
                    }
                    self.heard += 1;
                }
            }
            None if text.starts_with(NOT_PAIRED) => {}
            _ => return unexpected(),
        }
        Ok(())
    }
}

fn word(addressee: ClientId, number: u32) -> String {
    format!(r#"{{"type":"offer","sdp":"{addressee} {number}"}}"#)
}

/// The addressee and the number of such a word's `sdp`.
fn read(sdp: &str) -> Option<(ClientId, u32)> {
    let (addressee, number) = sdp.trim_matches('"').split_once(' ')?;
    Some((ClientId::parse(addressee)?, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: &str = "07070707-0707-4707-8707-070707070707";
    const SOMEBODY: &str = "08080808-0808-4808-8808-080808080808";
    const ANOTHER: &str = "09090909-0909-4909-8909-090909090909";
    const LEFT: &str = r#"{"type":"partner-left","reason":"left"}"#;
    const REFUSED: &str = r#"{"type":"error","code":"NOT_PAIRED","message":"Not paired with a partner"}"#;

    fn id(text: &str) -> ClientId {
        ClientId::parse(text).expect("an id")
    }

    fn matched(partner: &str) -> String {
        format!(r#"{{"type":"matched","roomId":"r","partnerId":"{partner}","initiator":true}}"#)
    }

    fn said(from: &str, addressee: &str, number: u32) -> String {
        format!(r#"{{"type":"offer","from":"{from}","sdp":"{addressee} {number}"}}"#)
    }

    /// Whether a client takes all of these, and then whether its life is full.
    fn takes(story: &[String]) -> Option<bool> {
        let mut life = Life::new(id(ME));
        story.iter().all(|text| life.hear(text.as_bytes()).is_ok()).then(|| life.is_full())
    }

    #[test]
    fn a_life_is_full_when_all_of_one_partner_s_frames_were_heard_in_order() {
        let all = |from| (0..FRAMES).map(move |number| said(from, ME, number));
        let met = |partner| [matched(partner)].into_iter();
        let lost = || [said(SOMEBODY, ME, 0), LEFT.to_owned()].into_iter();
        assert_eq!(takes(&met(SOMEBODY).chain(all(SOMEBODY)).collect::<Vec<_>>()), Some(true));
        let again = met(SOMEBODY).chain(lost()).chain(met(ANOTHER)).chain(all(ANOTHER));
        assert_eq!(takes(&again.collect::<Vec<_>>()), Some(true), "a partner that goes early is followed by another");
        let late = met(ANOTHER).chain([REFUSED.to_owned(), said(ANOTHER, SOMEBODY, 2)]).chain(all(ANOTHER));
        assert_eq!(takes(&late.collect::<Vec<_>>()), Some(true), "what was meant for another is not counted");
        assert_eq!(takes(&met(SOMEBODY).chain([said(SOMEBODY, ME, 0)]).collect::<Vec<_>>()), Some(false));
        let then = [LEFT.to_owned(), matched(ANOTHER), said(ANOTHER, ME, 0)];
        assert_eq!(takes(&met(SOMEBODY).chain(all(SOMEBODY)).chain(then).collect::<Vec<_>>()), Some(true));
        for wrong in [
            met(SOMEBODY).chain(all(SOMEBODY)).chain([said(SOMEBODY, ME, FRAMES - 1)]).collect(),
            vec![matched(SOMEBODY), matched(ANOTHER)],
            vec![LEFT.into()],
            vec![matched(SOMEBODY), said(ANOTHER, ME, 0)],
            vec![matched(SOMEBODY), said(SOMEBODY, ME, 1)],
            vec![matched(SOMEBODY), said(SOMEBODY, ME, 0), said(SOMEBODY, ME, 0)],
        ] {
            assert_eq!(takes(&wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_word_is_read_as_it_was_written() {
        let word = word(id(SOMEBODY), 2);
        let sdp = word.split_once(r#""sdp":"#).map(|(_, rest)| rest.trim_end_matches('}'));
        assert_eq!(sdp.and_then(read), Some((id(SOMEBODY), 2)));
    }
}
