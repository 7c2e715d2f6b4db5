/**
 * The Prometheus text format, as much of it as figures and their labels need.
 *
 * @typedef {{ labels: Record<string, string>, value: number }} Sample
 */

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
/** @type {Record<string, number>} */
const WORDS = { '+Inf': Infinity, Inf: Infinity, '-Inf': -Infinity, NaN };

/** What one scrape told. */
export class Metrics {
  /** @type {Map<string, Sample[]>} */
  #families = new Map();

  /** @param {string} text */
  constructor(text) {
    for (const line of text.split('\n')) {
      const [, name, labels = '', value] = line.trim().match(LINE) ?? [];
      if (!name) continue;
      const family = this.#families.get(name) ?? [];
      family.push({ labels: labelsOf(labels), value: WORDS[value] ?? Number(value) });
      this.#families.set(name, family);
    }
  }

  /**
   * All samples of a name together, or undefined where there is none.
   * @param {string} name @param {(labels: Record<string, string>) => boolean} [fits]
   */
  sum(name, fits = () => true) {
    return this.#families
      .get(name)
      ?.filter(({ labels }) => fits(labels))
      .reduce((sum, { value }) => sum + value, 0);
  }

  /** @param {string} name @param {string} label */
  label(name, label) {
    return this.#families.get(name)?.[0]?.labels[label];
  }
}

/** @param {string} text */
function labelsOf(text) {
  /** @type {Record<string, string>} */
  const labels = {};
  for (const [, name, value] of text.matchAll(LABEL)) {
    labels[name] = value.replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}
