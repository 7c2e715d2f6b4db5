/**
 * Everything the rooms page says, in one place.
 *
 * @typedef {'idle' | 'media' | 'connecting' | 'live' | 'reconnecting' | 'full' | 'stopped'} State
 * @typedef {'connecting' | 'connected' | 'shaky' | 'away' | 'unreached'} Link  how somebody is connected to this side
 */

/** The mesh: each sends its picture to each, and more than this is more than a home's uplink carries. */
export const SEATS = 6;

/** @type {Record<State, string>} */
export const STATUS = {
  idle: 'Not in a room.',
  media: 'Asking for your camera and microphone…',
  connecting: 'Connecting to the server…',
  live: 'In the room',
  reconnecting: 'Reconnecting to the server. What is connected stays connected.',
  full: `The room is full: ${SEATS} people are in it. Try again later, or choose another.`,
  stopped: 'The server ended the session.',
};

/** @type {Record<Link, string>} */
export const LINK = {
  connecting: 'Connecting…',
  connected: '',
  shaky: 'Mending the connection…',
  away: 'Reconnecting…',
  unreached: 'No connection',
};

/** @param {string} topic @param {number} present  with oneself */
export const inRoom = (topic, present) => `In “${topic}” · ${present} of ${SEATS}`;

export const ALONE = 'Nobody else is here yet. The link brings others in.';

/** @param {string[]} names  of those who do not get what is said now */
export const unreached = (names) =>
  names.length ? `No connection yet with ${list(names)}: what you write does not reach them.` : '';

/** @param {string[]} names */
export const missed = (names) => `did not reach ${list(names)}`;

/** @param {string} name */
export const joined = (name) => `${name} came in.`;

const LEFT = new Map([
  ['left', 'left.'],
  ['disconnected', 'was disconnected.'],
  ['timeout', 'stopped responding.'],
]);

/** @param {string} name @param {unknown} reason  of `peer-left` */
export const left = (name, reason) => `${name} ${LEFT.get(String(reason)) ?? 'left.'}`;

/** @param {string} name */
export const away = (name) => `${name} is reconnecting…`;

/** @param {string} name */
export const back = (name) => `${name} is back.`;

export const LINK_COPIED = 'Link copied. Whoever opens it finds this room.';

/** @param {string} url */
export const linkToCopy = (url) => `The link to this room: ${url}`;

/** @param {string[]} names */
function list(names) {
  return new Intl.ListFormat('en', { type: 'conjunction' }).format(names);
}
