/**
 * One person's place among the tiles of a room: picture, name, and what keeps either from being seen.
 *
 * @typedef {import('./sound.js').Sound} Sound
 * @typedef {object} Appearance
 * @property {string} name
 * @property {boolean} audio  the microphone is on
 * @property {boolean} video  the camera is on
 * @property {string} [link]  what is wrong with the connection; empty when nothing is
 */

export class Tile {
  element;
  #video;

  constructor() {
    const template = /** @type {HTMLTemplateElement} */ (document.getElementById('tile'));
    const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    this.element = /** @type {HTMLLIElement} */ (copy.querySelector('.tile'));
    this.#video = /** @type {HTMLVideoElement} */ (this.#part('video'));
    // From the first frame on: a connection without a picture yet would be a black flash.
    this.#video.onloadeddata = () => this.element.classList.add('seen');
  }

  /** @param {Appearance} appearance */
  show({ name, audio, video, link = '' }) {
    this.#part('.name').textContent = name;
    this.#part('.initial').textContent = [...name][0]?.toUpperCase() ?? '';
    this.#video.ariaLabel = name;
    this.element.classList.toggle('muted', !audio);
    this.element.classList.toggle('unlit', !video);
    if (this.#part('.link').textContent !== link) this.#part('.link').textContent = link;
  }

  /** @param {MediaStream | null} stream @param {Sound} sound */
  play(stream, sound) {
    this.element.classList.remove('seen');
    sound.play(this.#video, stream);
  }

  /** Oneself: as in a mirror, unless the picture is a drawn one with text in it. @param {import('./media.js').LocalMedia | null} media */
  mirror(media) {
    this.#video.muted = true;
    this.element.classList.toggle('mirrored', media?.camera ?? false);
    this.element.classList.remove('seen');
    this.#video.srcObject = media?.stream ?? null;
  }

  /** @param {string} selector */
  #part(selector) {
    return /** @type {HTMLElement} */ (this.element.querySelector(selector));
  }
}
