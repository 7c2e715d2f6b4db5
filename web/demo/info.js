/** What members of a room tell about themselves. It comes from others: whatever is in it, a name and two switches come out. */

const LONGEST_NAME = 32;

/** @param {unknown} info @returns {{ name: string, audio: boolean, video: boolean }} */
export function readInfo(info) {
  const { name, audio, video } = /** @type {Record<string, unknown>} */ (typeof info === 'object' && info ? info : {});
  return { name: cleanName(name) || 'Guest', audio: audio !== false, video: video !== false };
}

/** Without what turns the writing around or breaks the line. @param {unknown} name */
export function cleanName(name) {
  if (typeof name !== 'string') return '';
  const plain = name.toWellFormed().normalize('NFC').replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').replaceAll(/\s+/g, ' ').trim();
  return [...plain].slice(0, LONGEST_NAME).join('');
}
