/**
 * The rooms page's elements, and nothing that decides.
 *
 * @typedef {import('./rooms-words.js').State} State
 * @typedef {import('./media.js').LocalMedia} LocalMedia
 * @typedef {import('./tile.js').Appearance} Appearance
 */

import { Sound } from './sound.js';
import { TextLog } from './text-log.js';
import { Tile } from './tile.js';

const NOTICE_STAYS = 6_000;

/** @type {Set<State>} */
const OUTSIDE = new Set(['idle', 'full', 'stopped']);

/** @template {HTMLElement} [E=HTMLElement] @param {string} id @returns {E} */
const byId = (id) => /** @type {E} */ (document.getElementById(id));

export class RoomView {
  buttons = {
    microphone: byId('microphone'),
    camera: byId('camera'),
    chat: byId('chat'),
    link: byId('link'),
    leave: byId('leave'),
  };
  forms = {
    /** @type {HTMLFormElement} */ join: byId('join'),
    /** @type {HTMLFormElement} */ say: byId('say'),
  };
  fields = {
    /** @type {HTMLInputElement} */ topic: byId('topic'),
    /** @type {HTMLInputElement} */ name: byId('name'),
    /** @type {HTMLInputElement} */ text: byId('text'),
  };
  log = new TextLog(byId('log'));
  sound = new Sound(byId('unmute'));

  #own = new Tile();
  /** @type {Map<string, Tile>} */
  #tiles = new Map();
  #unread = 0;
  #noticeTimer = 0;

  constructor() {
    byId('tiles').append(this.#own.element);
    this.buttons.chat.onclick = () => this.#openText(this.buttons.chat.ariaExpanded !== 'true');
    byId('panel').onkeydown = ({ key }) => {
      if (key === 'Escape') this.#openText(false);
    };
  }

  /** @param {State} state @param {string} text */
  showState(state, text) {
    const outside = OUTSIDE.has(state);
    const inside = document.activeElement?.closest('#in-session, #room');
    const atDoor = document.activeElement?.closest('#door');
    document.body.dataset.state = state;
    if (byId('status').textContent !== text) byId('status').textContent = text;
    byId('door').hidden = !outside;
    byId('room').hidden = byId('in-session').hidden = outside;
    // The focus stays with what can be used.
    if (outside && inside) byId('enter').focus();
    if (!outside && atDoor) this.buttons.leave.focus();
    if (outside) this.#empty();
  }

  /** @param {LocalMedia | null} media */
  showLocal(media) {
    this.#own.mirror(media);
    byId('hint').textContent = media?.hint ?? '';
  }

  /** @param {Appearance} appearance */
  showOwn(appearance) {
    this.#own.show({ ...appearance, name: `${appearance.name} (you)` });
    this.buttons.microphone.ariaPressed = String(appearance.audio);
    this.buttons.camera.ariaPressed = String(appearance.video);
  }

  /** @param {string} id @param {Appearance} appearance */
  showPeer(id, appearance) {
    let tile = this.#tiles.get(id);
    if (!tile) {
      tile = new Tile();
      this.#tiles.set(id, tile);
      byId('tiles').append(tile.element);
    }
    tile.show(appearance);
  }

  /** @param {string} id @param {MediaStream} stream */
  playPeer(id, stream) {
    this.#tiles.get(id)?.play(stream, this.sound);
  }

  /** @param {string} id */
  removePeer(id) {
    const tile = this.#tiles.get(id);
    tile?.play(null, this.sound);
    tile?.element.remove();
    this.#tiles.delete(id);
  }

  /** @param {string} text */
  showUnreached(text) {
    if (byId('unreached').textContent !== text) byId('unreached').textContent = text;
  }

  /** @param {string} name @param {string} text */
  hear(name, text) {
    this.log.hear(name, text);
    if (byId('panel').checkVisibility()) return;
    this.#showUnread(this.#unread + 1);
    this.notify(`${name}: ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`);
  }

  /** @param {string} text  shown for a while */
  notify(text) {
    clearTimeout(this.#noticeTimer);
    byId('notice').textContent = text;
    this.#noticeTimer = setTimeout(() => (byId('notice').textContent = ''), NOTICE_STAYS);
  }

  /** @param {boolean} open */
  #openText(open) {
    this.buttons.chat.ariaExpanded = String(open);
    byId('room').classList.toggle('texting', open);
    if (!open) return this.buttons.chat.focus();
    this.#showUnread(0);
    this.log.showLatest();
    this.fields.text.focus();
  }

  /** @param {number} count */
  #showUnread(count) {
    this.#unread = count;
    byId('unread').hidden = !count;
    byId('unread').textContent = String(count);
    this.buttons.chat.ariaLabel = count ? `Text, ${count} unread` : 'Text';
  }

  #empty() {
    for (const id of [...this.#tiles.keys()]) this.removePeer(id);
    this.log.clear();
    this.showUnreached('');
    this.#showUnread(0);
    byId('notice').textContent = '';
    this.fields.text.value = '';
    byId('room').classList.remove('texting');
    this.buttons.chat.ariaExpanded = 'false';
  }
}
