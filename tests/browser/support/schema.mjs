/** What pages and the server say to each other, against `docs/asyncapi.json`. */

import { readFileSync } from 'node:fs';
import Ajv from 'ajv';

const NAME = 'asyncapi.json';
const document = JSON.parse(readFileSync(new URL(`../../../docs/${NAME}`, import.meta.url), 'utf8'));
// Only what is referred to is a schema; the rest of the document is not.
const ajv = new Ajv({ strict: false, allErrors: true }).addSchema(document, NAME, false, false);

/**
 * @param {'chat' | 'sides'} channel  @param {'client' | 'server'} speaker  @param {string} text
 * @returns {string | null} where the frame differs from its description
 */
export function fault(channel, speaker, text) {
  let frame;
  try {
    frame = JSON.parse(text);
  } catch {
    return 'no JSON';
  }
  const name = `${channel}.${speaker}.${frame?.type}`;
  if (!Object.hasOwn(document.components.messages, name)) return `${name} is no message`;
  const validate = ajv.getSchema(`${NAME}#/components/messages/${name}/payload`);
  return validate(frame) ? null : ajv.errorsText(validate.errors);
}

/**
 * Judges every text frame of every socket of a page, in both directions.
 * @param {import('playwright-core').Page} page  @param {(complaint: string) => void} complain
 */
export function judgeFrames(page, complain) {
  page.on('websocket', (socket) => {
    const { pathname, searchParams } = new URL(socket.url());
    if (pathname !== '/ws') return;
    const channel = ['appID', 'side'].some((name) => searchParams.has(name)) ? 'sides' : 'chat';
    const judge = (speaker) => ({ payload }) => {
      const found = fault(channel, speaker, String(payload));
      if (found) complain(`docs/asyncapi.json describes no such frame of the ${speaker}'s: ${found} in ${String(payload).slice(0, 300)}`);
    };
    socket.on('framesent', judge('client'));
    socket.on('framereceived', judge('server'));
  });
}
