/** Runs in a page of a real browser: two ends of RTCPeerConnections, and wires between them that the test bends. */

import { negotiate } from '/client.js';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One side's wire, as a match or a peer is one. */
class Wire extends EventTarget {
  /** Types of all frames that this side said. */
  said = [];
  restored = false;
  /** Changes a frame on its way, or tells how long it takes. */
  bend = (frame) => frame;
  delay = () => 1;

  signal(frame) {
    this.said.push(frame.type);
    const bent = this.bend(JSON.parse(JSON.stringify(frame)));
    setTimeout(() => this.other.dispatchEvent(Object.assign(new Event('signal'), { frame: bent })), this.delay(frame));
  }
}

/** One person: builds its connection, and anew when the other side asks for it. */
class End {
  restarts = 0;
  errors = [];
  heard = [];
  #open;

  constructor(wire, options) {
    Object.assign(this, { wire, options });
    this.build();
  }

  build() {
    this.pc = new RTCPeerConnection();
    this.channel = this.pc.createDataChannel('text', { negotiated: true, id: 0 });
    this.open = new Promise((resolve) => (this.channel.onopen = resolve));
    this.channel.onmessage = ({ data }) => this.heard.push(data);
    this.negotiation = negotiate(this.pc, this.wire, this.options);
    this.negotiation.addEventListener('error', ({ error }) => this.errors.push(String(error)));
    this.negotiation.addEventListener('restart', () => {
      this.restarts++;
      this.pc.close();
      this.build();
    });
  }

  /** As a page does that is loaded anew. */
  reload() {
    this.negotiation.close();
    this.pc.close();
    this.wire.restored = true;
    this.build();
  }

  offers() {
    return this.wire.said.filter((type) => type === 'offer').length;
  }

  ufrag() {
    return /a=ice-ufrag:(\S+)/.exec(this.pc.currentLocalDescription.sdp)[1];
  }
}

function wires() {
  const [a, b] = [new Wire(), new Wire()];
  return [(a.other = b) && a, (b.other = a) && b];
}

/** Until what one says is heard by the other, in both directions. */
async function talk(a, b) {
  for (;;) {
    const all = [a.pc, b.pc];
    await Promise.race([Promise.all([a.open, b.open]), sleep(100)]);
    if (a.channel.readyState !== 'open' || b.channel.readyState !== 'open' || a.pc !== all[0] || b.pc !== all[1]) continue;
    const word = String(Math.random());
    a.channel.send(word);
    b.channel.send(word);
    for (let waited = 0; waited < 40; waited++) {
      if (a.heard.includes(word) && b.heard.includes(word)) return;
      await sleep(25);
    }
  }
}

Object.assign(window, { lab: { End, negotiate, sleep, talk, wires } });
