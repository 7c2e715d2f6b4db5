import { mindBackButton } from './back.js';
import { LONGEST_TEXT } from './call.js';
import { iceServers } from './ice.js';
import { cleanName } from './info.js';
import { RoomSession } from './rooms-session.js';
import { RoomView } from './rooms-view.js';
import * as words from './rooms-words.js';
import { tabStorage } from './storage.js';

/** In UTF-16 units: what the wire allows. */
const LONGEST_TOPIC = 256;
const NAME_KEPT = 'meetpoint.name';

const view = new RoomView();
const session = new RoomSession({
  url: new URL('/ws', location.href),
  iceServers: iceServers((fault) => view.notify(fault)),
  view,
});
const { microphone, camera, link, leave } = view.buttons;
const { topic, name, text } = view.fields;
const guest = `Guest ${10 + Math.floor(Math.random() * 90)}`;

name.placeholder = guest;
name.value = tabStorage?.getItem(NAME_KEPT) ?? '';
topic.value = topicOfLink();

view.forms.join.onsubmit = (event) => {
  event.preventDefault();
  const room = clean(topic.value);
  const own = cleanName(name.value);
  if (!room) return topic.focus();
  tabStorage?.setItem(NAME_KEPT, own);
  showLink(room);
  session.join(room, own || guest);
};
view.forms.say.onsubmit = (event) => {
  event.preventDefault();
  const said = text.value.trim().slice(0, LONGEST_TEXT);
  if (said) session.say(said);
  text.value = '';
};
microphone.onclick = () => session.toggle('audio');
camera.onclick = () => session.toggle('video');
leave.onclick = () => session.leave();
link.onclick = () =>
  navigator.clipboard.writeText(location.href).then(
    () => view.notify(words.LINK_COPIED),
    () => view.notify(words.linkToCopy(location.href)),
  );
addEventListener('hashchange', () => {
  session.leave();
  topic.value = topicOfLink();
});
mindBackButton(session);
session.resume(topicOfLink()).then((room) => room && showLink(room));

/** For the console and the browser tests. */
Object.assign(window, { meetpoint: session });

/** The same name, however it was typed. @param {string} typed */
function clean(typed) {
  return typed.toWellFormed().normalize('NFC').trim().slice(0, LONGEST_TOPIC).toWellFormed();
}

function topicOfLink() {
  const fragment = location.hash.slice(1);
  try {
    return clean(decodeURIComponent(fragment));
  } catch {
    return clean(fragment);
  }
}

/** @param {string} room */
function showLink(room) {
  topic.value = room;
  history.replaceState(null, '', `#${encodeURIComponent(room)}`);
}
