/**
 * What the page shows of all that the server counts.
 *
 * @typedef {import('./status-metrics.js').Metrics} Metrics
 * @typedef {object} Line
 * @property {string} [name]  where a figure has two
 * @property {(metrics: Metrics) => number | undefined} read  undefined: this server does not count it
 * @property {{ per: number, over?: number }} [rate]
 * @typedef {object} Figure
 * @property {string} id
 * @property {string} title
 * @property {string} unit
 * @property {(value: number) => string} format
 * @property {Line[]} lines
 * @property {(metrics: Metrics) => string} [note]  what else there is to say of it
 */

import { bytes, duration } from './units.js';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** @param {number} value */
const number = (value) => (value < 10 ? fine : whole).format(value);
/** @param {number} value */
const size = (value) => bytes(Math.round(value));

/** @param {string} name @returns {(metrics: Metrics) => number | undefined} */
const sum = (name) => (metrics) => metrics.sum(name);

/** @param {number | undefined} count @param {string} one */
const some = (count = 0, one) => `${whole.format(count)} ${count === 1 ? one : `${one}s`}`;

/** @param {string} metricsRoute  this page's own questions are no traffic @returns {{ title: string, figures: Figure[] }[]} */
export function groups(metricsRoute) {
  const asked = new Set([metricsRoute, '/readyz', '/healthz', '/health']);
  return [
    {
      title: 'Who is here',
      figures: [
        { id: 'connections', title: 'Connections', unit: '', format: number, lines: [{ read: sum('meetpoint_connections') }] },
        {
          id: 'waiting',
          title: 'Waiting',
          unit: '',
          format: number,
          lines: [{ read: sum('meetpoint_queue_waiting_clients') }],
          note: (metrics) => {
            const wait = metrics.sum('meetpoint_queue_oldest_wait_seconds') ?? 0;
            return wait >= 1 ? `for ${duration(wait)} at most` : 'for a partner';
          },
        },
        { id: 'pairs', title: 'Pairs', unit: '', format: number, lines: [{ read: sum('meetpoint_pairs') }] },
        {
          id: 'topics',
          title: 'Rooms by topic',
          unit: '',
          format: number,
          lines: [{ read: sum('meetpoint_topics') }],
          note: (metrics) => `with ${some(metrics.sum('meetpoint_topic_members'), 'member')}`,
        },
        {
          id: 'sides',
          title: 'Rooms by code',
          unit: '',
          format: number,
          lines: [{ read: sum('nt_rooms_active') }],
          note: (metrics) => `${some(metrics.sum('meetpoint_rendezvous_codes'), 'code')} can be redeemed`,
        },
        {
          id: 'away',
          title: 'Sessions away',
          unit: '',
          format: number,
          lines: [{ read: sum('meetpoint_sessions_away') }],
          note: () => 'cut off, and may come back',
        },
      ],
    },
    {
      title: 'What they do',
      figures: [
        {
          id: 'frames',
          title: 'Frames',
          unit: 'a second',
          format: number,
          lines: [
            { name: 'in', read: sum('meetpoint_frames_received_total'), rate: { per: 1 } },
            { name: 'out', read: sum('meetpoint_frames_sent_total'), rate: { per: 1 } },
          ],
        },
        {
          id: 'matches',
          title: 'Matches',
          unit: 'a minute',
          format: number,
          lines: [{ read: sum('meetpoint_matches_total'), rate: { per: 60, over: 30 } }],
          note: (metrics) => `${whole.format(metrics.sum('meetpoint_matches_total') ?? 0)} since the start`,
        },
        {
          id: 'relayed',
          title: 'Relayed',
          unit: 'a second',
          format: size,
          lines: [{ read: sum('meetpoint_relayed_bytes_total'), rate: { per: 1 } }],
        },
      ],
    },
    {
      title: 'What it takes',
      figures: [
        {
          id: 'requests',
          title: 'HTTP requests',
          unit: 'a second',
          format: number,
          lines: [{ read: (metrics) => metrics.sum('meetpoint_http_requests_total', ({ route }) => !asked.has(route)) ?? 0, rate: { per: 1 } }],
          note: () => 'without probes and this page’s questions',
        },
        {
          id: 'kept',
          title: 'Storage',
          unit: 'kept',
          format: size,
          lines: [{ read: sum('meetpoint_kept_bytes') }],
          note: (metrics) => {
            const offers = some(metrics.sum('meetpoint_offers'), 'offer');
            return metrics.sum('meetpoint_storage_ready') === 0 ? 'takes no changes now' : `${offers}, ${some(metrics.sum('meetpoint_mail_items'), 'item')} of mail`;
          },
        },
        {
          id: 'memory',
          title: 'Memory',
          unit: '',
          format: size,
          lines: [{ read: sum('process_resident_memory_bytes') }],
          note: (metrics) => `${some(metrics.sum('process_open_fds'), 'open file')}, ${some(metrics.sum('process_threads'), 'thread')}`,
        },
      ],
    },
  ];
}
