/**
 * What every object of the client is: an EventTarget whose events carry their facts as fields.
 *
 * @typedef {{ type: string, [field: string]: any }} Frame  one JSON object of the wire
 * @typedef {{ code: string, message: string, frame: Frame }} Refusal  an error frame that belongs to no promise
 * @typedef {{ type: 'offer' | 'answer', sdp: any } | { type: 'ice', candidate: any }} Signal
 */

/** What must not be missed between the answer to a promise and the first listener. */
const KEPT = ['signal', 'message', 'left'];
const MAX_KEPT = 256;

/**
 * Fires an event with these fields.
 * @type {(target: Target<any>, type: string, fields?: object) => void}
 */
export let emit;

/** @template {Record<string, object>} Events  the fields of each type of event */
export class Target extends EventTarget {
  /** What waits for its first listener. @type {Map<string, Event[]>} */
  #kept = new Map(KEPT.map((type) => [type, []]));

  static {
    emit = (target, type, fields) => {
      const event = Object.assign(new Event(type), fields);
      const kept = target.#kept.get(type);
      if (!kept) target.dispatchEvent(event);
      else if (kept.push(event) > MAX_KEPT) kept.shift();
    };
  }

  /**
   * @template {keyof Events & string} Type
   * @param {Type} type
   * @param {((event: Event & Events[Type]) => any) | { handleEvent(event: Event & Events[Type]): any } | null} listener
   * @param {boolean | AddEventListenerOptions} [options]
   */
  addEventListener(type, listener, options) {
    super.addEventListener(type, /** @type {EventListener} */ (listener), options);
    // Not at once: nobody expects a listener to be called before this returns.
    queueMicrotask(() => {
      const kept = this.#kept.get(type);
      this.#kept.delete(type);
      kept?.forEach((event) => this.dispatchEvent(event));
    });
  }

  /**
   * @template {keyof Events & string} Type
   * @param {Type} type
   * @param {((event: Event & Events[Type]) => any) | { handleEvent(event: Event & Events[Type]): any } | null} listener
   * @param {boolean | EventListenerOptions} [options]
   */
  removeEventListener(type, listener, options) {
    super.removeEventListener(type, /** @type {EventListener} */ (listener), options);
  }
}

/**
 * Somebody at the other end: a partner, a peer of a room, or a side.
 *
 * @template {{ signal: { frame: Signal }, left: { reason: string } }} Events
 * @extends {Target<Events>}
 */
export class Channel extends Target {
  /** Taken over from before a reload of this page: the connection has to be made anew, by this side. */
  restored;
  ended = false;
  /** Until when the other one, cut off, may come back, in ms since 1970; 0 when it is here. */
  away = 0;

  #say;

  /** @param {boolean} restored @param {(frame: Frame) => void} say @internal */
  constructor(restored, say) {
    super();
    this.restored = restored;
    this.#say = say;
  }

  /** To the other one; to nobody when this has ended. @param {Signal} frame */
  signal(frame) {
    if (!this.ended) this.#say(frame);
  }

  /** @param {Events['left']['reason']} [reason]  none when this side ended it @internal */
  end(reason) {
    if (this.ended) return;
    this.ended = true;
    this.away = 0;
    if (reason) emit(this, 'left', { reason });
  }

  /** @param {Frame} frame  relayed from the other one @internal */
  hear({ type, sdp, candidate }) {
    emit(this, 'signal', { frame: type === 'ice' ? { type, candidate } : { type, sdp } });
  }
}

/** Why something was refused: by the server, or because the client is over or has too much to say. */
export class MeetpointError extends Error {
  name = 'MeetpointError';

  /**
   * @param {string} code  the server's (`TOPIC_FULL`, …), `UNANSWERED`, `QUEUE_FULL`, `CLOSED`, `ALREADY_PAIRED`; over HTTP `GONE`, `RATE_LIMIT`, `HTTP`
   * @param {string} [message]
   * @param {{ status?: number, retryAfter?: number }} [answer]  of HTTP: the status, and how many seconds to wait
   */
  constructor(code, message = code, { status, retryAfter } = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * A promise that an AbortSignal ends.
 * @template T
 * @param {AbortSignal | undefined} signal
 * @param {(resolve: (value: T) => void, reject: (reason: unknown) => void) => void} start
 * @param {() => void} [onabort]
 * @returns {Promise<T>}
 */
export async function abortable(signal, start, onabort) {
  signal?.throwIfAborted();
  let abort = () => {};
  try {
    return await new Promise((resolve, reject) => {
      abort = () => {
        reject(signal?.reason);
        onabort?.();
      };
      signal?.addEventListener('abort', abort);
      start(resolve, reject);
    });
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
