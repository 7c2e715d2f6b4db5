/**
 * What the page says of the server.
 *
 * @typedef {'asking' | 'live' | 'draining' | 'troubled' | 'closed' | 'locked' | 'gone' | 'paused'} State
 */

/** @type {Record<State, string>} */
export const STATUS = {
  asking: 'Asking the server…',
  live: 'Running and ready.',
  draining: 'Shutting down: it takes no new clients, and those that are here move on.',
  troubled: 'Running, but not ready.',
  closed: 'Running. Its figures are not for everybody here.',
  locked: 'Running. Its figures are for those who run it.',
  gone: 'The server does not answer. Trying again every second…',
  paused: 'Paused while nobody looks.',
};

export const WRONG_TOKEN = 'That is not the token.';
export const BACK = 'The server is back, running and ready.';
export const RESTARTED = 'The server was started anew, running and ready.';

/** @param {string} reason  the server's own */
export const unready = (reason) => (reason === 'storage unavailable' ? 'Running, but its storage takes nothing: it is not ready.' : `${STATUS.troubled} (${reason})`);

/** @param {number} status */
export const closed = (status) => `${STATUS.closed} (The answer was ${status}.)`;
