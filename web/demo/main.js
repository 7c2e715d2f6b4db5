import { Session } from './session.js';
import { View } from './view.js';

const view = new View();
const session = new Session({ url: socketUrl(), iceServers: iceServers(), view });
const { start, next, stop, microphone, camera } = view.buttons;

start.onclick = () => session.start();
next.onclick = () => session.next();
stop.onclick = () => session.stop();
microphone.onclick = () => (microphone.ariaPressed = String(session.toggle('audio')));
camera.onclick = () => (camera.ariaPressed = String(session.toggle('video')));
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !event.repeat) session.next();
});
// A page that may be kept for the Back button must not keep the camera, nor a partner, in the meantime.
addEventListener('pagehide', () => session.stop());

/** For the console and the browser tests: `meetpoint.call.peerConnection` is the call at hand. */
Object.assign(window, { meetpoint: session });

function socketUrl() {
  const url = new URL('/ws', location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  return url;
}

/** `?ice=stun:stun.example.org:3478`, as often as needed. None are needed within one network. */
function iceServers() {
  const named = new URLSearchParams(location.search).getAll('ice').map((urls) => ({ urls }));
  return named.filter((server) => {
    try {
      new RTCPeerConnection({ iceServers: [server] }).close();
      return true;
    } catch {
      view.notify(`Not a STUN address: ${server.urls}`);
      return false;
    }
  });
}
