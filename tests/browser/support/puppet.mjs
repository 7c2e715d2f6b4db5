/** People whose page talks to the test: in the server's place, or through it. */

import { Person } from './browser.mjs';

const json = (socket) => (frame) => socket.send(JSON.stringify(frame));

/** What a client says for the sake of its session is no news. */
function hearAll(frame, listener) {
  if (!['hello', 'ack', 'bye', 'ping'].includes(frame.type)) listener(frame);
}

/**
 * A person whose server is the test, and knows no resume: it speaks first.
 * @param {(wire: { say: (frame: object) => void, hear: (listener: (frame: any) => void) => void, close: (code: number, reason?: string) => void }) => void} accept
 *   gets every socket of the page, which has been greeted already
 * @param {object} [greeting]  fields of the `ready` frame
 */
export function withPuppetServer(t, browser, url, accept, greeting = {}) {
  return Person.visit(t, browser, url, {
    prepare: async (page) => {
      // Full jitter may then wait for nothing at all.
      await page.addInitScript(() => (Math.random = () => 0));
      await page.routeWebSocket(/\/ws\b/, (socket) => {
        const say = json(socket);
        say({ type: 'ready', clientId: 'alice', ...greeting });
        accept({
          say,
          hear: (listener) => socket.onMessage((text) => hearAll(JSON.parse(text), listener)),
          close: (code, reason) => socket.close({ code, reason }),
        });
      });
    },
  });
}

/**
 * A person between whose page and the real server the test sits.
 * @param {(frame: any, say: (frame: object) => void) => void} translate  what the server says, and the way on to the page
 */
export function withInterpreter(t, browser, url, translate) {
  return Person.visit(t, browser, url, {
    prepare: (page) =>
      page.routeWebSocket(/\/ws\b/, (socket) => {
        socket.connectToServer().onMessage((text) => translate(JSON.parse(text), json(socket)));
      }),
  });
}
