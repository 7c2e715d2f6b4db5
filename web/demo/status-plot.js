/**
 * A small plot: lines over time, now at the right edge, at the left what is known of the last minutes. It is for the eye alone:
 * a table says the same.
 *
 * @typedef {import('./status-series.js').Series} Series
 */

import { SPAN } from './status-series.js';

const SPACE = 'http://www.w3.org/2000/svg';
const WIDTH = 300;
const HEIGHT = 60;
/** A plot of less would run by. */
const SHORTEST = 60_000;
/** Half a line's width, so that neither zero nor the top is cut off. */
const MARGIN = 1;

export class Plot {
  element = element('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true', class: 'plot' });

  #minutes = element('path', { class: 'minute' });
  #areas;
  #lines;

  /** @param {number} count  of lines */
  constructor(count) {
    this.#areas = Array.from({ length: count }, (_, index) => element('path', { class: `area of-${index}` }));
    this.#lines = Array.from({ length: count }, (_, index) => element('path', { class: `line of-${index}` }));
    this.element.append(this.#minutes, ...this.#areas, ...this.#lines);
  }

  /** @param {Series[]} all @param {number} now @param {number} top  the value at the upper edge */
  draw(all, now, top) {
    const since = Math.min(...all.map(({ points }) => points[0]?.at ?? now));
    const span = Math.min(Math.max(now - since, SHORTEST), SPAN);
    const across = (/** @type {number} */ at) => round(WIDTH + ((at - now) * WIDTH) / span);
    this.#minutes.setAttribute('d', Array.from({ length: SPAN / 60_000 }, (_, minute) => `M${across(now - (minute + 1) * 60_000)} 0V${HEIGHT}`).join(''));
    all.forEach(({ points }, index) => {
      const parts = stretches(points).map((stretch) => stretch.map(({ at, value }) => [across(at), round(height(value, top))]));
      const lines = parts.map((part) => `M${part.map((point) => point.join(' ')).join('L')}`);
      const areas = parts.map((part, at) => `${lines[at]}L${part[part.length - 1][0]} ${HEIGHT}L${part[0][0]} ${HEIGHT}Z`);
      this.#lines[index].setAttribute('d', lines.join(''));
      this.#areas[index].setAttribute('d', areas.join(''));
    });
  }
}

/** A round number that nothing shown is above: 1, 2 or 5 with zeros. @param {number} most */
export function roundUp(most) {
  if (!(most > 1)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5].find((step) => step * power >= most) ?? 10) * power;
}

/** What is known without a gap. @param {import('./status-series.js').Point[]} points */
function stretches(points) {
  /** @type {import('./status-series.js').Point[][]} */
  const found = [[]];
  for (const point of points) {
    if (Number.isNaN(point.value)) found.push([]);
    else found[found.length - 1].push(point);
  }
  return found.filter(({ length }) => length > 0);
}

/** @param {number} value @param {number} top */
const height = (value, top) => HEIGHT - MARGIN - (Math.min(value, top) / top) * (HEIGHT - 2 * MARGIN);

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;

/** @param {string} name @param {Record<string, string>} attributes */
function element(name, attributes) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
