/**
 * One line of a plot: what a figure was, second by second, for as long as plots show.
 *
 * @typedef {{ at: number, value: number }} Point  `at` in ms of a clock that only goes forwards; NaN: nothing was known
 */

/** How long plots reach back, in ms. */
export const SPAN = 5 * 60_000;

export class Series {
  /** @type {Point[]} */
  points = [];

  #per;
  #over;
  /** @type {Point[]} what a counter stood at, as far back as its rate needs */
  #totals = [];

  /**
   * @param {{ per?: number, over?: number }} [rate]
   *   `per`: what counts up becomes a rate for so many seconds; 0: the figure as it is. `over` so many seconds it is measured
   */
  constructor({ per = 0, over = 5 } = {}) {
    this.#per = per;
    this.#over = over;
  }

  /** The last value, NaN where nothing is known. */
  get now() {
    return this.points.at(-1)?.value ?? NaN;
  }

  /** @param {number} at @param {number} value */
  add(at, value) {
    this.points.push({ at, value: this.#per ? this.#rate(at, value) : value });
    while (this.points[0].at < at - SPAN) this.points.shift();
  }

  /** Nothing could be asked: the line is broken here, and what counted may have begun anew. @param {number} at */
  miss(at) {
    this.#totals = [];
    if (!Number.isNaN(this.now)) this.points.push({ at, value: NaN });
  }

  /** Of the values that are known; NaN if there are none. */
  get range() {
    const known = this.points.map(({ value }) => value).filter((value) => !Number.isNaN(value));
    if (known.length === 0) return { least: NaN, most: NaN, mean: NaN };
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    return { least: Math.min(...known), most: Math.max(...known), mean };
  }

  /** @param {number} at @param {number} total */
  #rate(at, total) {
    const last = this.#totals.at(-1);
    if (last && total < last.value) this.#totals = [];
    this.#totals.push({ at, value: total });
    while (this.#totals.length > 2 && this.#totals[1].at <= at - this.#over * 1000) this.#totals.shift();
    const [first] = this.#totals;
    // A rate needs two looks.
    return at > first.at ? ((total - first.value) / (at - first.at)) * 1000 * this.#per : NaN;
  }
}
