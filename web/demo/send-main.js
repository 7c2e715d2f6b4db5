import { iceServers } from './ice.js';
import { SendSession } from './send-session.js';
import { View } from './send-view.js';
import * as words from './send-words.js';

const view = new View();
const session = new SendSession({ base: location.origin, iceServers: iceServers((fault) => view.notify(fault)), view });
const { choose, copyCode, copyLink, renew, more, end } = view.buttons;

choose.onclick = more.onclick = () => view.files.click();
view.files.onchange = () => {
  session.send([...(view.files.files ?? [])]);
  // The same file may be chosen again.
  view.files.value = '';
};
copyCode.onclick = () => copy(view.shown);
copyLink.onclick = () => copy(`${location.origin}${location.pathname}#${view.shown}`);
renew.onclick = () => session.renew();
end.onclick = () => session.end();
view.oncancel = (transfer) => session.cancel(transfer);
view.onsave = ({ id }) => session.incoming?.save(id);
/** @type {HTMLFormElement} */ (view.code.form).onsubmit = (event) => {
  event.preventDefault();
  session.receive(view.code.value);
};

// The whole window takes files: who misses the field would otherwise leave the page for the file.
let depth = 0;
const hover = (/** @type {number} */ change) => {
  depth = change === 0 ? 0 : Math.max(0, depth + change);
  document.body.classList.toggle('dropping', depth > 0);
};
addEventListener('dragenter', () => hover(1));
addEventListener('dragleave', () => hover(-1));
addEventListener('dragover', (event) => event.preventDefault());
addEventListener('drop', (event) => {
  event.preventDefault();
  hover(0);
  const items = [...(event.dataTransfer?.items ?? [])];
  if (items.some((item) => item.webkitGetAsEntry?.()?.isDirectory)) return view.notify(words.NO_FOLDERS);
  session.send([...(event.dataTransfer?.files ?? [])]);
});

// A link carries the code behind the #, which no server is ever sent.
if (location.hash.length > 1) {
  view.code.value = decodeURIComponent(location.hash.slice(1)).slice(0, view.code.maxLength);
  history.replaceState(null, '', location.pathname + location.search);
  session.receive(view.code.value);
}

addEventListener('beforeunload', (event) => {
  if (session.busy && session.peerConnection) event.preventDefault();
});
addEventListener('pagehide', () => session.end());

/** For the console and the browser tests. */
Object.assign(window, { meetpoint: session });

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    view.notify(words.COPIED);
  } catch {
    view.notify(words.COPY_BY_HAND);
  }
}
