/**
 * One file on the page: how far it is, and its checksum.
 *
 * @typedef {import('./send-outgoing.js').Transfer} Transfer
 */

import { isOver } from './send-outgoing.js';
import * as words from './send-words.js';

/** A speed over less than this jumps about. */
const MEASURE_MS = 1_000;
const GROUP = 8;

const MARKS = {
  cross: 'M6 6l12 12M18 6L6 18',
  check: 'M5 12.5l4.5 4.5L19 7.5',
};

export class Row {
  element = document.createElement('li');

  #name = document.createElement('span');
  #mark = svg(MARKS.check);
  #line = document.createElement('p');
  #progress = document.createElement('progress');
  #sum = document.createElement('p');
  #cancel = document.createElement('button');
  #choose = document.createElement('button');
  #link = document.createElement('a');
  #speed = new Speed();
  #phase = '';

  /** @param {Transfer} transfer @param {() => void} oncancel @param {() => void} onsave */
  constructor({ name, size, outgoing }, oncancel, onsave) {
    this.element.className = 'card transfer';
    this.#name.className = 'name';
    this.#name.textContent = this.#name.title = name;
    this.#line.className = 'hint';
    this.#progress.max = size || 1;
    this.#progress.ariaLabel = `${outgoing ? 'Sent' : 'Received'}: ${name}`;
    this.#sum.className = 'sum';
    this.#cancel.type = this.#choose.type = 'button';
    this.#cancel.className = 'quiet icon';
    this.#cancel.ariaLabel = this.#cancel.title = `Cancel ${name}`;
    this.#cancel.append(svg(MARKS.cross));
    this.#cancel.onclick = oncancel;
    this.#choose.className = this.#link.className = 'primary';
    this.#choose.textContent = 'Save as…';
    this.#choose.onclick = onsave;
    this.#link.textContent = 'Save';
    this.#link.download = name;

    const head = Object.assign(document.createElement('div'), { className: 'head' });
    head.append(this.#mark, this.#name, this.#choose, this.#link, this.#cancel);
    this.element.append(head, this.#progress, this.#line, this.#sum);
  }

  /** @param {Transfer} transfer */
  show(transfer) {
    const { phase, bytes, size, sha256, content, outgoing } = transfer;
    const focused = this.element.contains(document.activeElement);
    const speed = phase === 'moving' ? this.#speed.at(bytes) : 0;
    this.#progress.value = size ? bytes : Number(phase === 'done');
    this.#line.textContent = words.progress(transfer, speed);
    if (phase === this.#phase) return;

    this.#phase = this.element.dataset.phase = phase;
    this.#progress.hidden = !['moving', 'checking', 'done'].includes(phase);
    this.#choose.hidden = outgoing || phase !== 'asking';
    this.#cancel.hidden = isOver(transfer);
    this.#link.hidden = !content;
    if (content) this.#link.href = URL.createObjectURL(content);
    this.#showSum(isOver(transfer) ? sha256 : '');
    if (focused && !this.element.contains(document.activeElement)) this.#link.focus();
  }

  remove() {
    // What is being saved at this moment is read to its end.
    if (this.#link.href) setTimeout(() => URL.revokeObjectURL(this.#link.href), 60_000);
    this.element.remove();
  }

  /** In groups for the eye, without gaps for whoever copies it. @param {string} sha256 */
  #showSum(sha256) {
    this.#sum.hidden = sha256 === '';
    const code = document.createElement('code');
    for (let at = 0; at < sha256.length; at += GROUP) {
      code.append(Object.assign(document.createElement('span'), { textContent: sha256.slice(at, at + GROUP) }));
    }
    this.#sum.replaceChildren('SHA-256 ', code);
  }
}

/** How fast bytes come, smoothed. */
class Speed {
  #value = 0;
  #bytes = 0;
  #since = performance.now();

  /** @param {number} bytes @returns {number} bytes a second, 0 before there is anything to tell */
  at(bytes) {
    const elapsed = performance.now() - this.#since;
    if (elapsed < MEASURE_MS) return this.#value;
    const now = ((bytes - this.#bytes) / elapsed) * 1000;
    this.#value = this.#value ? (this.#value + now) / 2 : now;
    this.#bytes = bytes;
    this.#since = performance.now();
    return this.#value;
  }
}

/** @param {string} path */
function svg(path) {
  const space = 'http://www.w3.org/2000/svg';
  const image = document.createElementNS(space, 'svg');
  image.setAttribute('viewBox', '0 0 24 24');
  image.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(space, 'path');
  line.setAttribute('d', path);
  image.append(line);
  return image;
}
