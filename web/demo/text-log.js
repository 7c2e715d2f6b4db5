/** What is written in a room. Received text only ever becomes text, never markup. */

import * as words from './rooms-words.js';

/** A room that is talked in all day must not fill the memory of its pages. */
const KEPT = 300;

export class TextLog {
  #list;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** @param {string} name @param {string} text */
  hear(name, text) {
    this.#append(name, text, '');
  }

  /** @param {string} text @param {string[]} missed  who could not be reached */
  say(text, missed) {
    this.#append(['You', ...(missed.length ? [words.missed(missed)] : [])].join(' · '), text, 'own');
  }

  showLatest() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  clear() {
    this.#list.replaceChildren();
  }

  /** @param {string} who @param {string} what @param {string} kind */
  #append(who, what, kind) {
    const list = this.#list;
    // Who has scrolled up is reading: that is not taken away from them.
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    const item = document.createElement('p');
    item.className = kind;
    item.append(part('bdi', 'who', who), part('span', 'what', what));
    list.append(item);
    while (list.childElementCount > KEPT) list.firstElementChild?.remove();
    if (atEnd || kind === 'own') this.showLatest();
  }
}

/** @param {string} tag @param {string} kind @param {string} text */
function part(tag, kind, text) {
  const element = Object.assign(document.createElement(tag), { className: kind, textContent: text });
  element.dir = 'auto';
  return element;
}
