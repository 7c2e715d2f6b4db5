/**
 * Everything the page says, in one place.
 *
 * @typedef {'idle' | 'minting' | 'waiting' | 'redeeming' | 'connecting' | 'live' | 'done' | 'mending' | 'ended' | 'failed'} State
 */

import { bytes, duration } from './units.js';

/** @type {Record<State, string>} */
export const STATUS = {
  idle: '',
  minting: 'Asking the server for a code…',
  waiting: 'Waiting for somebody to type the code…',
  redeeming: 'Looking the code up…',
  connecting: 'Found each other. Connecting…',
  live: 'Connected, browser to browser.',
  done: 'Everything has arrived.',
  mending: 'The connection is lost. Mending it…',
  ended: 'The other side has left.',
  failed: 'That did not work.',
};

export const CONNECTED_RECEIVER = 'Connected. Waiting for the file…';
export const BACK = 'The connection is back, and it goes on where it stopped.';
export const UNREACHED = 'The other side could not be reached. Some networks let no browsers talk to each other.';
export const NOT_MENDED = 'The connection could not be mended.';
export const EXPIRED = 'Nobody typed the code in time. A new one is a press away.';
export const LEFT_EARLY = 'The other side has left before anything was sent.';
export const NO_SERVER = 'The server cannot be reached. Try again in a moment.';
export const BUSY_SERVER = 'The server has no room for a code now. Try again in a moment.';
export const OVER_THERE = 'The other side has left.';
export const COPIED = 'Copied.';
export const COPY_BY_HAND = 'The browser does not let the page copy. Mark the code instead.';
export const NO_FOLDERS = 'Folders cannot be sent: choose the files in them.';

export const CANCELLED_HERE = 'You cancelled it.';
export const CANCELLED_THERE = 'The other side cancelled it.';
export const UNREADABLE = 'The file can no longer be read: it was moved, changed or deleted.';
export const UNWRITABLE = 'The file could not be put away here: is there room?';
export const DIFFERENT = 'What arrived differs from what was sent. Send it again.';
export const TOO_LONG = 'More came than was announced.';
export const TOO_SHORT = 'Less came than was announced.';

export const NO_DIGITS = 'A code has 4 to 8 digits, such as 0417.';
export const GONE = 'No file waits under that code. It may be mistyped, used already, or older than ten minutes.';

/** @param {number | undefined} seconds */
export const guessing = (seconds) => `Too many wrong codes from here. Try again in ${duration(seconds || 60)}.`;

/** @param {string} code */
export const spelled = (code) => `Code ${[...code].join(' ')}`;

/**
 * The line under a file's name.
 * @param {import('./send-outgoing.js').Transfer} transfer
 * @param {number} speed  in bytes a second; 0: not known yet
 */
export function progress({ phase, outgoing, size, bytes: done, why }, speed) {
  switch (phase) {
    case 'queued':
      return `${bytes(size)} · waits for its turn`;
    case 'asking':
      return outgoing ? `${bytes(size)} · the other side is asked` : `${bytes(size)} · choose where to save it`;
    case 'moving': {
      const left = speed > 0 ? ` · ${bytes(speed, 2)}/s · ${duration((size - done) / speed)} left` : '';
      return `${bytes(done)} of ${bytes(size)}${left}`;
    }
    case 'checking':
      return `${bytes(size)} · comparing checksums…`;
    case 'done':
      return `${bytes(size)} · ${outgoing ? 'arrived' : 'received'}, the same on both sides`;
    default:
      return `${bytes(size)} · ${why}`;
  }
}

/** What the page says when nothing is under way any more. @param {import('./send-outgoing.js').Transfer} last */
export function summary({ phase, outgoing }) {
  if (phase !== 'done') return outgoing ? 'Connected. Choose more files, or end it.' : 'Connected. More files may come.';
  return outgoing ? 'Everything has arrived. You may add more.' : 'Everything has arrived. More files may come.';
}
