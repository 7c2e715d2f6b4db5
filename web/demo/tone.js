/**
 * A soft, slowly swelling tone that needs no microphone: enough to hear that sound arrives, quiet enough to stay in the call.
 */

const LOUDNESS = 0.03;
const SWELLS_PER_SECOND = 0.4;
/** A pentatonic scale: whichever two notes meet, they agree. */
const NOTES = [220, 247.5, 277.2, 330, 371.3];

/** @returns {{ track: MediaStreamTrack, release: () => void }} */
export function playTone() {
  const audio = new AudioContext();
  const note = new OscillatorNode(audio, { frequency: NOTES[Math.floor(Math.random() * NOTES.length)] });
  const swell = new OscillatorNode(audio, { frequency: SWELLS_PER_SECOND });
  const depth = new GainNode(audio, { gain: LOUDNESS / 2 });
  const volume = new GainNode(audio, { gain: LOUDNESS / 2 });
  const output = new MediaStreamAudioDestinationNode(audio);

  swell.connect(depth).connect(volume.gain);
  note.connect(volume).connect(output);
  note.start();
  swell.start();
  const [track] = output.stream.getAudioTracks();
  return { track, release: () => audio.close() };
}
