/**
 * What this side shows and plays: camera and microphone, or a stand-in for whichever is missing.
 *
 * @typedef {object} LocalMedia
 * @property {MediaStream} stream
 * @property {boolean} camera  false when the picture is drawn
 * @property {string} hint  why a stand-in took a device's place; empty when none did
 * @property {() => void} release
 */

import { drawPicture } from './picture.js';
import { playTone } from './tone.js';

/** Small on purpose: two tabs of one laptop, each encoding and decoding, is how a demo is tried. */
const VIDEO = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 24 } };
const AUDIO = { echoCancellation: true, noiseSuppression: true };

/** @param {string} others  how the page says that they get something @returns {Promise<LocalMedia>} */
export async function openMedia(others) {
  const { tracks, refused } = await askForDevices();
  const camera = tracks.some(({ kind }) => kind === 'video');
  const microphone = tracks.some(({ kind }) => kind === 'audio');

  const picture = camera ? null : drawPicture();
  const tone = microphone ? null : playTone();
  const stream = new MediaStream([...tracks, ...(picture ? [picture.track] : []), ...(tone ? [tone.track] : [])]);
  const release = () => {
    for (const track of stream.getTracks()) track.stop();
    picture?.release();
    tone?.release();
  };
  return { stream, camera, hint: hintFor(others, refused, picture?.label, microphone), release };
}

/** @returns {Promise<{ tracks: MediaStreamTrack[], refused: boolean }>} */
async function askForDevices() {
  // Asked for together there is one prompt; asked for again one by one, a machine without a camera still lends its microphone.
  for (const wishes of [[{ video: VIDEO, audio: AUDIO }], [{ video: VIDEO }, { audio: AUDIO }]]) {
    const tracks = [];
    for (const wish of wishes) {
      try {
        tracks.push(...(await navigator.mediaDevices.getUserMedia(wish)).getTracks());
      } catch (error) {
        // A person who said no is not asked twice.
        if (error instanceof DOMException && error.name === 'NotAllowedError') return { tracks, refused: true };
      }
    }
    if (tracks.length) return { tracks, refused: false };
  }
  return { tracks: [], refused: false };
}

/** @param {string} others @param {boolean} refused @param {string | undefined} label  the drawn picture's @param {boolean} microphone */
function hintFor(others, refused, label, microphone) {
  const standIn = [label && `the test picture “${label}”`, !microphone && 'a soft tone'].filter(Boolean).join(' and ');
  if (!standIn) return '';
  return `${cause(refused, label, microphone)} ${others} ${standIn}.`;
}

/** @param {boolean} refused @param {string | undefined} label @param {boolean} microphone */
function cause(refused, label, microphone) {
  if (!isSecureContext) return 'Browsers lend cameras to HTTPS and localhost only.';
  const what = [label && 'camera', !microphone && 'microphone'].filter(Boolean).join(' or ');
  return refused ? `No permission for the ${what}.` : `No ${what} found.`;
}
