/**
 * The client of meetpoint: matches, rooms and codes over sessions that outlive their sockets. No dependencies, no build.
 */

export { Meetpoint } from './client/meetpoint.js';
export { MeetpointError } from './client/events.js';
export { negotiate } from './client/negotiate.js';
export { mintCode, openSide, redeemCode } from './client/rendezvous.js';

/**
 * @typedef {import('./client/meetpoint.js').MeetpointOptions} MeetpointOptions
 * @typedef {import('./client/meetpoint.js').Restored} Restored
 * @typedef {import('./client/connection.js').State} State
 * @typedef {import('./client/connection.js').StateChange} StateChange
 * @typedef {import('./client/match.js').Match} Match
 * @typedef {import('./client/events.js').Signal} Signal
 * @typedef {import('./client/room.js').Room} Room
 * @typedef {import('./client/room.js').Peer} Peer
 * @typedef {import('./client/rendezvous.js').Side} Side
 * @typedef {import('./client/negotiate.js').Channel} Channel
 * @typedef {import('./client/negotiate.js').Negotiation} Negotiation
 */
