/**
 * Everything the page says about its own state, in one place.
 *
 * @typedef {'idle' | 'media' | 'connecting' | 'waiting' | 'negotiating' | 'in-call' | 'partner-away' | 'partner-left' | 'reconnecting' | 'stopped'} State
 */

/** @type {Record<State, string>} */
export const STATUS = {
  idle: 'Ready when you are.',
  media: 'Asking for your camera and microphone…',
  connecting: 'Connecting to the server…',
  waiting: 'Looking for someone…',
  negotiating: 'Found someone. Connecting…',
  'in-call': 'In call',
  'partner-away': 'Your partner is reconnecting…',
  'partner-left': 'Your partner left. Looking for someone else…',
  reconnecting: 'No connection to the server. Trying again…',
  stopped: 'The server ended the session.',
};

export const RESUMING = 'Coming back to where you were…';
export const PARTNER_AWAY_IN_CALL = 'Your partner is reconnecting to the server. Your call goes on meanwhile.';
export const INTERRUPTED = 'The connection to your partner is shaky. Mending it…';
export const CALL_GOES_ON = 'Reconnecting to the server. Your call goes on meanwhile.';
export const CALL_ON_ITS_OWN = 'In call, though the server has lost sight of it. Next looks for someone new.';
export const UNREACHED = 'Your partner could not be reached.';
export const CALL_LOST = 'Your call has ended.';
export const BAD_DESCRIPTION = 'Your partner’s browser sent something this one cannot use.';

/** @param {string} why @returns {string} */
export const lookingAgain = (why) => `${why} Looking for someone else…`;

const PARTNER_LEFT = new Map([
  ['next', 'Your partner moved on.'],
  ['left', 'Your partner left.'],
  ['disconnected', 'Your partner was disconnected.'],
  ['timeout', 'Your partner stopped responding.'],
  ['shutdown', 'Your partner’s server is restarting.'],
]);

/** @param {unknown} reason  of `partner-left`; older servers give none */
export const partnerLeft = (reason) => PARTNER_LEFT.get(String(reason)) ?? 'Your partner left.';

const REFUSED = new Map([
  [1000, 'The server ended the session.'],
  [1008, 'The server does not accept this page.'],
  [1009, 'The server found a message of this page too large.'],
  [4400, 'The server could not understand this page.'],
  [4401, 'The server asks for a sign-in.'],
  [4403, 'The server does not let you in.'],
  [4409, 'Your session goes on in another window.'],
]);

/** @param {number} code @param {string} reason  of the close frame */
export function refused(code, reason) {
  return REFUSED.get(code) ?? `${STATUS.stopped} (${code}${reason && `: ${reason}`})`;
}

/** Both say that a message crossed with the partner's going: nothing that a person could act upon. */
const QUIET = new Set(['ALREADY_PAIRED', 'NOT_PAIRED']);

/** @param {{ code?: string, message?: string }} error @returns {string} empty when there is nothing to say */
export function serverError({ code, message }) {
  if (QUIET.has(String(code))) return '';
  return `The server says: ${message ?? code ?? 'something went wrong'}`;
}
