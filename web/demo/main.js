import { mindBackButton } from './back.js';
import { iceServers } from './ice.js';
import { Session } from './session.js';
import { View } from './view.js';

const view = new View();
const session = new Session({ url: new URL('/ws', location.href), iceServers: iceServers((fault) => view.notify(fault)), view });
const { start, next, stop, microphone, camera } = view.buttons;

start.onclick = () => session.start();
next.onclick = () => session.next();
stop.onclick = () => session.stop();
microphone.onclick = () => (microphone.ariaPressed = String(session.toggle('audio')));
camera.onclick = () => (camera.ariaPressed = String(session.toggle('video')));
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !event.repeat) session.next();
});
mindBackButton(session);
session.resume();

/** For the console and the browser tests: `meetpoint.call.peerConnection` is the call at hand. */
Object.assign(window, { meetpoint: session });
