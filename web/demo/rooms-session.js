/**
 * From Join to Leave: who is in the room, a call with each of them, and what is written.
 *
 * Everybody sends to everybody. Of two members the one that joined later calls; the server's order of joining also decides
 * who has a seat, so that no two pages ever disagree about it. Calls outlive a cut of the socket, as the session does.
 *
 * @typedef {import('../client/client.js').Peer} Peer
 * @typedef {import('../client/client.js').Room} Room
 * @typedef {import('./media.js').LocalMedia} LocalMedia
 * @typedef {import('./rooms-words.js').State} State
 * @typedef {{ name: string, audio: boolean, video: boolean }} Info  what members tell each other about themselves
 * @typedef {{ peer: Peer, call: Call, since: number, playing: MediaStream | null }} Member
 * @typedef {object} RoomOptions
 * @property {URL} url
 * @property {RTCIceServer[]} iceServers
 * @property {import('./rooms-view.js').RoomView} view
 */

import { Meetpoint } from '/client.js';
import { Call } from './call.js';
import { openMedia } from './media.js';
import { readInfo } from './info.js';
import { tabStorage } from './storage.js';
import * as words from './rooms-words.js';
import { refused } from './words.js';

/** Where the session is kept while the page is loaded anew. */
const KEPT = 'meetpoint.rooms';
/** A connection that does not stand after so many milliseconds is called none. */
const UNREACHED_AFTER = 15_000;

export class RoomSession {
  /** @type {State} */
  state = 'idle';
  /** @type {Meetpoint | null} */
  client = null;
  /** @type {Map<string, Member>} by client id, those with a seat */
  members = new Map();

  #options;
  #view;
  /** @type {Room | null} */
  #room = null;
  #topic = '';
  /** @type {Info} */
  #info = { name: '', audio: true, video: true };
  /** @type {Promise<LocalMedia> | null} */
  #opening = null;
  /** @type {LocalMedia | null} */
  #media = null;

  /** @param {RoomOptions} options */
  constructor(options) {
    this.#options = options;
    this.#view = options.view;
    this.#enter('idle');
  }

  /** @param {string} topic @param {string} name */
  async join(topic, name) {
    if (this.#opening || this.client) return;
    this.#topic = topic;
    this.#info = { name, audio: true, video: true };
    if (!(await this.#openMedia())) return;
    this.#enter('connecting');
    const client = this.#connect();
    try {
      const room = await client.join(topic, this.#info);
      if (client === this.client) this.#entered(room);
    } catch (error) {
      if (client === this.client) this.#refused(/** @type {{ code?: string, message: string }} */ (error));
    }
  }

  /**
   * Goes on where the page was before it was loaded anew, when there is something to go on with.
   * @param {string} wanted  the topic that the link names, if any
   * @returns {Promise<string>} the topic, or nothing
   */
  async resume(wanted) {
    if (!tabStorage?.getItem(KEPT)) return '';
    this.#enter('connecting');
    const client = this.#connect();
    const room = (await client.restored)?.rooms[0];
    if (client !== this.client) return '';
    if (!room || (wanted && wanted !== room.topic)) {
      this.leave();
      return '';
    }
    this.#topic = room.topic;
    this.#info = readInfo(room.info);
    if ((await this.#openMedia()) && client === this.client) this.#entered(room);
    return room.topic;
  }

  leave() {
    this.#end('idle');
  }

  /** Gives the camera back, and keeps the session for when the page is shown again. @returns {boolean} whether there is one */
  suspend() {
    for (const { call } of this.members.values()) call.close();
    this.#media?.release();
    return this.client !== null;
  }

  /** @param {'audio' | 'video'} kind */
  toggle(kind) {
    this.#info = { ...this.#info, [kind]: !this.#info[kind] };
    this.#showMedia();
    // Refused only when the room has ended meanwhile.
    this.#room?.update(this.#info).catch(() => {});
  }

  /** @param {string} text */
  say(text) {
    const [reached, missed] = [true, false].map((hears) => [...this.members.values()].filter(({ call }) => call.hears === hears));
    for (const { call } of reached) call.say(text);
    this.#view.log.say(text, missed.map(nameOf));
  }

  /** @returns {Promise<boolean>} false when it was left while the browser was still asking */
  async #openMedia() {
    this.#enter('media');
    const opening = (this.#opening = openMedia('The others get'));
    const media = await opening;
    if (this.#opening !== opening) {
      media.release();
      return false;
    }
    this.#media = media;
    this.#view.showLocal(media);
    this.#showMedia();
    return true;
  }

  #showMedia() {
    for (const track of this.#media?.stream.getTracks() ?? []) track.enabled = this.#info[track.kind === 'audio' ? 'audio' : 'video'];
    this.#view.showOwn(this.#info);
  }

  #connect() {
    const client = new Meetpoint(this.#options.url, { storage: tabStorage, storageKey: KEPT });
    client.addEventListener('statechange', (event) => client === this.client && this.#clientChanged(event));
    return (this.client = client);
  }

  /** @param {{ state: string, code?: number, reason?: string }} event */
  #clientChanged({ state, code = 0, reason = '' }) {
    if (state === 'failed') this.#end('stopped', refused(code, reason));
    else if (state === 'connected') this.#showRoom();
    else if (this.#room && (state === 'disconnected' || state === 'suspended')) this.#enter('reconnecting');
  }

  /** @param {{ code?: string, message: string }} error */
  #refused({ code, message }) {
    if (code === 'TOPIC_FULL') this.#end('full');
    else this.#end('stopped', message);
  }

  /** @param {Room} room */
  #entered(room) {
    this.#room = room;
    if (this.#seatless()) return;
    room.addEventListener('peerjoined', ({ peer }) => {
      // Whom this side calls was there before: it is this side that came, or came back.
      if (this.#meet(peer) && !peer.initiator) this.#view.notify(words.joined(nameOf({ peer })));
    });
    room.addEventListener('peerleft', ({ peer, reason }) => this.#part(peer, reason));
    room.addEventListener('peerupdated', ({ peer }) => this.#showMember(peer.clientId));
    room.addEventListener('peeraway', ({ peer }) => this.#showMember(peer.clientId, words.away(nameOf({ peer }))));
    room.addEventListener('peerback', ({ peer }) => this.#showMember(peer.clientId, words.back(nameOf({ peer }))));
    room.addEventListener('left', ({ error }) => room === this.#room && this.#refused(error ?? { message: words.STATUS.stopped }));
    for (const peer of room.peers.values()) this.#meet(peer);
    this.#showRoom();
  }

  /** Whoever came when six were there goes again, and tells nobody. */
  #seatless() {
    const before = [...(this.#room?.peers.values() ?? [])].filter(({ initiator }) => initiator);
    if (before.length < words.SEATS) return false;
    this.#end('full');
    return true;
  }

  /** @param {Peer} peer @returns {boolean} whether there was a seat */
  #meet(peer) {
    const stream = this.#media?.stream;
    const id = peer.clientId;
    if (!stream || this.#seatless() || this.members.size >= words.SEATS - 1) return false;
    const call = new Call({
      channel: peer,
      stream,
      iceServers: this.#options.iceServers,
      onchange: () => this.#showMember(id),
      onerror: () => {},
      ontext: (text) => this.#view.hear(nameOf({ peer }), text),
    });
    this.members.set(id, { peer, call, since: Date.now(), playing: null });
    setTimeout(() => this.#showMember(id), UNREACHED_AFTER);
    this.#showMember(id);
    this.#showRoom();
    return true;
  }

  /** @param {Peer} peer @param {string} reason */
  #part(peer, reason) {
    const member = this.members.get(peer.clientId);
    if (!member) return;
    member.call.close();
    this.members.delete(peer.clientId);
    this.#view.removePeer(peer.clientId);
    // Lost with this side's own session: who is still there comes back at once.
    if (reason !== 'lost') this.#view.notify(words.left(nameOf(member), reason));
    this.#showRoom();
  }

  /** @param {string} id @param {string} [news]  about that member */
  #showMember(id, news) {
    const member = this.members.get(id);
    if (!member) return;
    const { peer, call } = member;
    this.#view.showPeer(id, { ...readInfo(peer.info), link: words.LINK[linkOf(member)] });
    if (member.playing !== call.remote) this.#view.playPeer(id, (member.playing = call.remote));
    this.#showTexts();
    if (news) this.#view.notify(news);
  }

  #showRoom() {
    if (!this.#room) return;
    if (this.client?.state === 'connected') this.#enter('live', words.inRoom(this.#topic, this.members.size + 1));
    this.#showTexts();
  }

  #showTexts() {
    const deaf = [...this.members.values()].filter(({ call }) => !call.hears);
    this.#view.showUnreached(this.members.size ? words.unreached(deaf.map(nameOf)) : words.ALONE);
  }

  /** @param {'idle' | 'full' | 'stopped'} state @param {string} [text] */
  #end(state, text) {
    const { client } = this;
    this.#room = null;
    this.client = null;
    client?.close();
    // A session that was still being resumed is given up, too.
    tabStorage?.removeItem(KEPT);
    for (const { call } of this.members.values()) call.close();
    this.members.clear();
    this.#opening = null;
    this.#media?.release();
    this.#media = null;
    this.#view.showLocal(null);
    this.#enter(state, text);
  }

  /** @param {State} state @param {string} [text] */
  #enter(state, text = words.STATUS[state]) {
    this.state = state;
    this.#view.showState(state, text);
  }
}

/** @param {{ peer: Peer }} member */
const nameOf = ({ peer }) => readInfo(peer.info).name;

/** @param {Member} member @returns {import('./rooms-words.js').Link} */
function linkOf({ peer, call, since }) {
  if (call.state === 'connected') return 'connected';
  if (peer.away) return 'away';
  if (call.state === 'failed' || (!call.connectedAt && Date.now() - since >= UNREACHED_AFTER)) return 'unreached';
  return call.connectedAt ? 'shaky' : 'connecting';
}
