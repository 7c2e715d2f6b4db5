/** Figures for people. */

const NAMES = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** @param {number} count @param {number} [digits]  significant ones */
export function bytes(count, digits = 3) {
  const power = count < 1000 ? 0 : Math.min(NAMES.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** power;
  if (power === 0) return count === 1 ? '1 byte' : `${Math.round(count)} bytes`;
  // What rounds up to a thousand is one of the next.
  const rounded = Number(value.toPrecision(digits));
  return rounded >= 1000 && power < NAMES.length - 1 ? `1 ${NAMES[power + 1]}` : `${rounded} ${NAMES[power]}`;
}

/** @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** As on a clock: 9:05. @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
