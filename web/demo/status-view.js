/** The page's elements: a tile with a plot for every figure, and the same as a table. */

import { Plot, roundUp } from './status-plot.js';
import { Series } from './status-series.js';
import { WRONG_TOKEN } from './status-words.js';
import { duration } from './units.js';

/**
 * @typedef {import('./status-figures.js').Figure} Figure
 * @typedef {import('./status-metrics.js').Metrics} Metrics
 * @typedef {import('./status-words.js').State} State
 */

const UNKNOWN = '–';

/** @template {HTMLElement} [E=HTMLElement] @param {string} id @returns {E} */
const byId = (id) => /** @type {E} */ (document.getElementById(id));

/** @param {string} name @param {string} className @param {(Node | string)[]} content */
function make(name, className, ...content) {
  const made = document.createElement(name);
  made.className = className;
  made.append(...content);
  return made;
}

export class View {
  /** @type {Tile[]} */
  #tiles;
  #started = 0;

  /** @param {{ title: string, figures: Figure[] }[]} groups */
  constructor(groups) {
    this.#tiles = groups.flatMap(({ figures }) => figures.map((figure) => new Tile(figure)));
    const tiles = [...this.#tiles];
    byId('figures').replaceChildren(
      ...groups.map(({ title, figures }) => {
        const list = make('div', 'tiles', ...tiles.splice(0, figures.length).map(({ element }) => element));
        return make('section', 'group', make('h2', '', title), list);
      }),
    );
    byId('rows').replaceChildren(...this.#tiles.flatMap(({ rows }) => rows));
    /** @type {HTMLDetailsElement} */ (byId('table')).ontoggle = () => this.#fillTable();
  }

  /** @param {State} state @param {string} text */
  showState(state, text) {
    document.body.dataset.state = state;
    // Said again, it would be read out again.
    if (byId('status').textContent !== text) byId('status').textContent = text;
  }

  /** @param {import('./status-board.js').About} about */
  showAbout({ version, instance, started }) {
    byId('version').textContent = version;
    byId('instance').textContent = instance;
    this.#started = started;
    this.#showUptime();
    byId('about').hidden = false;
  }

  /** @param {Metrics} metrics @param {number} now */
  showFigures(metrics, now) {
    for (const tile of this.#tiles) tile.take(metrics, now);
    byId('figures').hidden = byId('table').hidden = false;
    this.#showUptime();
    this.#fillTable();
  }

  /** @param {number} now */
  showGap(now) {
    for (const tile of this.#tiles) tile.miss(now);
  }

  /** @param {boolean} shown @param {boolean} tried */
  showDoor(shown, tried) {
    byId('door').hidden = !shown;
    byId('refused').textContent = tried ? WRONG_TOKEN : '';
    if (shown) byId('figures').hidden = byId('table').hidden = true;
    if (tried) byId('token').focus();
  }

  #showUptime() {
    byId('uptime').textContent = duration((Date.now() - this.#started) / 1000);
  }

  #fillTable() {
    if (/** @type {HTMLDetailsElement} */ (byId('table')).open) for (const tile of this.#tiles) tile.fillRows();
  }
}

/** One figure. */
class Tile {
  element;
  /** One for each line, in the table. @type {HTMLElement[]} */
  rows;

  #figure;
  #series;
  #plot;
  #values;
  #top = make('span', 'top');
  #note = make('p', 'note hint');

  /** @param {Figure} figure */
  constructor(figure) {
    const { id, title, unit, lines } = figure;
    this.#figure = figure;
    this.#series = lines.map(({ rate }) => new Series(rate));
    this.#plot = new Plot(lines.length);
    this.#values = lines.map(() => make('span', 'value', UNKNOWN));
    const told = this.#values.map((value, index) => make('span', `told of-${index}`, value, ...(lines[index].name ? [make('span', 'line-name', lines[index].name)] : [])));
    const heading = make('h3', '', title);
    heading.id = `figure-${id}`;
    const figures = make('p', 'now', ...told, ...(unit ? [make('span', 'unit', unit)] : []));
    const chart = make('div', 'chart', this.#top);
    chart.append(this.#plot.element);
    this.#top.ariaHidden = 'true';
    this.element = make('section', 'card tile', heading, figures, this.#note, chart);
    this.element.dataset.figure = id;
    this.element.setAttribute('aria-labelledby', heading.id);
    this.rows = lines.map(({ name }) => {
      const head = make('th', '', [title, name && ` ${name}`, unit && `, ${unit}`].filter(Boolean).join(''));
      head.setAttribute('scope', 'row');
      return make('tr', '', head, ...Array.from({ length: 4 }, () => make('td', '')));
    });
  }

  /** @param {Metrics} metrics @param {number} now */
  take(metrics, now) {
    const { lines, note } = this.#figure;
    const read = lines.map((line) => line.read(metrics));
    // A server that does not count it, perhaps because it is older.
    const known = read.every((value) => value !== undefined);
    this.element.hidden = !known;
    for (const row of this.rows) row.hidden = !known;
    if (!known) return;
    this.#series.forEach((series, index) => series.add(now, read[index] ?? NaN));
    this.#note.textContent = note?.(metrics) ?? '';
    this.#show(now);
  }

  /** @param {number} now */
  miss(now) {
    for (const series of this.#series) series.miss(now);
    this.#show(now);
  }

  fillRows() {
    this.#series.forEach((series, index) => {
      const { least, most, mean } = series.range;
      [series.now, least, mean, most].forEach((value, cell) => (this.rows[index].children[cell + 1].textContent = this.#format(value)));
    });
  }

  /** @param {number} now */
  #show(now) {
    const most = Math.max(...this.#series.map(({ range }) => range.most || 0));
    const top = roundUp(most);
    this.#series.forEach((series, index) => (this.#values[index].textContent = this.#format(series.now)));
    this.#top.textContent = this.#format(top);
    this.#plot.draw(this.#series, now, top);
  }

  /** @param {number} value */
  #format(value) {
    return Number.isNaN(value) ? UNKNOWN : this.#figure.format(value);
  }
}
