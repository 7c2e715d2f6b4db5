/**
 * From Start to Stop: what the server says and the person presses, turned into one state at a time.
 *
 * A call outlives its socket. The media flows from browser to browser, so a cut leaves it alone; the client library brings
 * the session back, partner included. Only when the server knows no more of it (it was restarted, it cannot resume) does
 * the page go on under a new identity, and the call on its own until one side ends it.
 *
 * @typedef {import('../client/client.js').Match} Match
 * @typedef {import('./media.js').LocalMedia} LocalMedia
 * @typedef {import('./words.js').State} State
 * @typedef {object} SessionOptions
 * @property {string | URL} url
 * @property {RTCIceServer[]} iceServers
 * @property {import('./view.js').View} view
 */

import { Meetpoint } from '/client.js';
import { Call } from './call.js';
import { openMedia } from './media.js';
import { tabStorage } from './storage.js';
import * as words from './words.js';

/** ICE takes some fifteen seconds to fail: this leaves room for one restart before the next partner is worth more. */
const PATIENCE = 30_000;
/** A partner whose page hung up and whose session is away: loading a page anew takes less. */
const GONE_FOR_GOOD = 6_000;
/** A partner who fell silent and whose session is away: moving from one network to another takes less. */
const LOST_FOR_GOOD = 15_000;
/** How long the news of a partner's going stays on the page. */
const NEWS = 4_000;
/** Where the session is kept while the page is loaded anew. */
const KEPT = 'meetpoint.chat';

export class Session {
  /** @type {State} */
  state = 'idle';
  /** @type {Call | null} */
  call = null;
  /** @type {Meetpoint | null} */
  client = null;

  #url;
  #iceServers;
  #view;
  #since = Date.now();
  /** @type {Promise<LocalMedia> | null} */
  #opening = null;
  /** @type {LocalMedia | null} */
  #media = null;
  /** @type {Match | null} the pairing at hand, as far as the server knows of it, too */
  #match = null;
  /** @type {Promise<Match> | null} the one awaited */
  #finding = null;
  #deadline = 0;
  #patience = 0;
  #news = 0;

  /** @param {SessionOptions} options */
  constructor({ url, iceServers, view }) {
    this.#url = url;
    this.#iceServers = iceServers;
    this.#view = view;
    this.#enter('idle');
  }

  async start() {
    if (this.#opening || this.client) return;
    if (!(await this.#openMedia())) return;
    this.#enter('connecting');
    this.#connect();
    this.#lookForSomeone();
  }

  /** Goes on where the page was before it was loaded anew, when there is something to go on with. */
  async resume() {
    if (!tabStorage?.getItem(KEPT)) return;
    this.#enter('connecting', words.RESUMING);
    const client = this.#connect();
    const restored = await client.restored;
    if (client !== this.client) return;
    // A camera that goes on without a Start, and nobody there to see it: rather not.
    if (!restored) return this.stop();
    if (!(await this.#openMedia()) || client !== this.client) return;
    if (restored.match && !restored.match.ended) this.#matched(restored.match);
    else this.#lookForSomeone();
  }

  next() {
    if (this.call) this.#lookForSomeone();
  }

  stop() {
    this.#end('idle');
  }

  /** Gives the camera back, and keeps the session for when the page is shown again. @returns {boolean} whether there is one */
  suspend() {
    this.call?.close();
    this.#media?.release();
    return this.client !== null;
  }

  /** @param {'audio' | 'video'} kind @returns {boolean} whether it is on now */
  toggle(kind) {
    const tracks = this.#media?.stream.getTracks().filter((track) => track.kind === kind) ?? [];
    for (const track of tracks) track.enabled = !track.enabled;
    return tracks.some((track) => track.enabled);
  }

  /** @returns {Promise<boolean>} false when it was stopped while the browser was still asking */
  async #openMedia() {
    this.#enter('media');
    const opening = (this.#opening = openMedia('Your partner gets'));
    const media = await opening;
    if (this.#opening !== opening) {
      media.release();
      return false;
    }
    this.#media = media;
    this.#view.showLocal(media);
    return true;
  }

  #connect() {
    const client = new Meetpoint(this.#url, { storage: tabStorage, storageKey: KEPT });
    client.addEventListener('statechange', (event) => client === this.client && this.#clientChanged(event));
    client.addEventListener('error', (error) => this.#view.notify(words.serverError(error)));
    return (this.client = client);
  }

  /** @param {{ state: string, code?: number, reason?: string }} event */
  #clientChanged({ state, code = 0, reason = '' }) {
    if (state === 'failed') return this.#end('stopped', words.refused(code, reason));
    if (state === 'connected') return this.#connected();
    if (state !== 'disconnected' && state !== 'suspended') return;
    this.#giveUpAfter(0);
    if (this.#media) this.#enter('reconnecting', this.call?.state === 'connected' ? words.CALL_GOES_ON : undefined);
  }

  #connected() {
    if (this.call) this.#callChanged();
    else if (this.#finding) this.#enter('waiting');
  }

  /** @param {Match} match */
  #matched(match) {
    const stream = this.#media?.stream;
    if (!stream) return;
    this.#endCall();
    this.#match = match;
    const current = (/** @type {(event: any) => void} */ react) => (/** @type {any} */ event) => match === this.#match && react(event);
    match.addEventListener('left', current(({ reason }) => this.#left(reason)));
    match.addEventListener('away', current(() => this.#callChanged()));
    match.addEventListener('back', current(() => this.#callChanged()));
    const call = (this.call = new Call({
      channel: match,
      stream,
      iceServers: this.#iceServers,
      onchange: () => call === this.call && this.#callChanged(),
      onerror: () => this.#view.notify(words.BAD_DESCRIPTION),
    }));
    this.#view.showRemote(call.remote);
    this.#negotiate();
  }

  /** @param {string} reason  of the match's end */
  #left(reason) {
    // With the client, which says more about it.
    if (reason === 'closed') return;
    // The server has lost sight of the two. Only media that flows already can do without.
    if (reason !== 'lost') return this.#lookForSomeone(words.partnerLeft(reason));
    this.#match = null;
    if (this.call?.state !== 'connected') this.#lookForSomeone();
    else this.#callChanged();
  }

  #callChanged() {
    const { call } = this;
    if (!call) return;
    this.#view.showRemote(call.remote);
    const online = this.client?.state === 'connected';
    if (call.state === 'connected') {
      this.#giveUpAfter(0);
      if (!online) return;
      if (!this.#match) this.#enter('in-call', words.CALL_ON_ITS_OWN, call.connectedAt);
      else if (this.#match.away) this.#enter('partner-away', words.PARTNER_AWAY_IN_CALL);
      else this.#enter('in-call', undefined, call.connectedAt);
    } else if (!this.#match) {
      if (call.state === 'failed' || call.state === 'closed') this.#lookForSomeone(words.CALL_LOST);
    } else if (online) {
      this.#mend(call, this.#match);
    }
  }

  /** The media does not flow: somebody hung up, or the network between the two is bad. @param {Call} call @param {Match} match */
  #mend(call, { away }) {
    if (!away) {
      if (this.state !== 'negotiating') this.#negotiate(call.connectedAt ? words.INTERRUPTED : undefined);
      return;
    }
    const patience = call.state === 'closed' ? GONE_FOR_GOOD : LOST_FOR_GOOD;
    if (patience === this.#patience) return;
    this.#enter('partner-away');
    this.#giveUpAfter(patience);
  }

  /** @param {string} [text] */
  #negotiate(text) {
    this.#enter('negotiating', text);
    this.#giveUpAfter(PATIENCE);
  }

  /** @param {number} patience  in ms, 0 for as long as it takes */
  #giveUpAfter(patience) {
    clearTimeout(this.#deadline);
    this.#patience = patience;
    if (patience) this.#deadline = setTimeout(() => this.#lookForSomeone(words.UNREACHED), patience);
  }

  /** @param {string} [why]  the last partner is gone */
  #lookForSomeone(why) {
    const { client } = this;
    if (!client) return;
    const match = this.#match;
    this.#endCall();
    this.#find(match && !match.ended ? match.next() : client.match());
    if (client.state === 'connecting') return;
    if (client.state !== 'connected') return this.#enter('reconnecting');
    if (!why) return this.#enter('waiting');
    this.#enter('partner-left', words.lookingAgain(why));
    this.#news = setTimeout(() => this.#enter('waiting', undefined, this.#since), NEWS);
  }

  /** @param {Promise<Match>} finding */
  async #find(finding) {
    this.#finding = finding;
    const match = await finding.catch(() => null);
    if (finding !== this.#finding) return;
    this.#finding = null;
    if (match) this.#matched(match);
  }

  #endCall() {
    this.#giveUpAfter(0);
    this.#match = null;
    this.call?.close();
    this.call = null;
    this.#view.showRemote(null);
  }

  /** @param {'idle' | 'stopped'} state @param {string} [text] */
  #end(state, text) {
    this.#finding = null;
    const { client } = this;
    this.client = null;
    client?.close();
    // A session that was still being resumed is given up, too.
    tabStorage?.removeItem(KEPT);
    this.#endCall();
    this.#opening = null;
    this.#media?.release();
    this.#media = null;
    this.#view.showLocal(null);
    this.#enter(state, text);
  }

  /** @param {State} state @param {string} [text] @param {number} [since]  what the clock on the page counts from */
  #enter(state, text = words.STATUS[state], since = state === this.state ? this.#since : Date.now()) {
    clearTimeout(this.#news);
    this.state = state;
    this.#since = since;
    this.#view.showState(state, text, since);
  }
}
