/** Names of files as they come from strangers, made fit to be shown and saved. */

const LONGEST = 255;
const LONGEST_ENDING = 16;

/** What would hide, turn around or break what stands there. Joiners stay: scripts and emoji need them. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu;
/** What some system takes for something else than a letter. */
const RESERVED = /[<>:"|?*]/g;
const LONE_SURROGATE = /\p{Cs}/gu;

/** @param {string} name @returns {string} never empty, without a path, at most 255 UTF-16 units */
export function cleanName(name) {
  const [last = ''] = name.split(/[/\\]/).slice(-1);
  const plain = last.replace(UNSEEN, '').replace(RESERVED, '_').replace(LONE_SURROGATE, '�').replace(/\s+/g, ' ').trim();
  return /^[. ]*$/.test(plain) ? 'unnamed' : shortened(plain);
}

/** The ending says what a file is, so it stays. @param {string} name */
function shortened(name) {
  if (name.length <= LONGEST) return name;
  const dot = name.lastIndexOf('.');
  const ending = dot > 0 && name.length - dot <= LONGEST_ENDING ? name.slice(dot) : '';
  const kept = name.slice(0, LONGEST - ending.length - 1);
  return `${kept.replace(LONE_SURROGATE, '')}…${ending}`;
}
