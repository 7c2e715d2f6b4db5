/** The page of the figures, after a minute in which people came, met and talked. */

import { Person } from '../support/browser.mjs';

/** Enough for plots to show something. */
const LASTS = 75_000;

/** @param {import('../screenshots.mjs').Studio} studio */
export async function take({ DESKTOP, PHONE, browser, session, url, visit, shoot }) {
  const [desk, phone] = [await visit(DESKTOP, 0.6, 'status'), await visit(PHONE, 0.1, 'status')];
  const crowd = await Person.visit(session, browser, `${url}send`);
  await crowd.page.evaluate(bustle);
  await desk.page.waitForTimeout(LASTS);
  await shoot(desk, 'status');
  await shoot(phone, 'status-phone');
}

/** Clients come and go by their own waves. */
function bustle() {
  const url = new URL('/ws', location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  const topics = ['chess', 'choir', 'garden', 'film club'];
  const sockets = [];
  const come = () => {
    const socket = new WebSocket(url);
    const say = (frame) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(frame));
    socket.onopen = () => {
      say({ type: 'available' });
      if (sockets.length % 3) say({ type: 'join', topic: topics[sockets.length % topics.length] });
      setInterval(() => say({ type: 'ice', candidate: { candidate: 'candidate '.repeat(20) } }), 150 + 20 * (sockets.length % 17));
    };
    sockets.push(socket);
  };
  let tick = 0;
  setInterval(() => {
    tick += 1;
    const wanted = 22 + 14 * Math.sin(tick / 30) + 5 * Math.sin(tick / 7);
    if (sockets.length < wanted) come();
    else sockets.shift().close(1000);
    if (tick % 3 === 0) fetch('/rendezvous/code', { method: 'POST' });
  }, 250);
}
