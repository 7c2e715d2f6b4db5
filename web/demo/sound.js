/** Plays what others send. Where the browser refuses sound that nobody asked for, pictures play alone until the button is pressed. */
export class Sound {
  #button;
  /** @type {Set<HTMLVideoElement>} */
  #silenced = new Set();

  /** @param {HTMLButtonElement} button */
  constructor(button) {
    this.#button = button;
    button.onclick = () => {
      for (const video of this.#silenced) video.muted = false;
      this.#silenced.clear();
      button.hidden = true;
    };
  }

  /** @param {HTMLVideoElement} video @param {MediaStream | null} stream */
  play(video, stream) {
    this.#silenced.delete(video);
    this.#button.hidden = !this.#silenced.size;
    video.muted = false;
    video.srcObject = stream;
    if (stream) video.play().catch((error) => this.#refused(video, error));
  }

  /** @param {HTMLVideoElement} video @param {DOMException} error */
  async #refused(video, error) {
    // Any other refusal only says that another stream has taken this one's place.
    if (error.name !== 'NotAllowedError') return;
    this.#silenced.add(video);
    this.#button.hidden = false;
    video.muted = true;
    await video.play().catch(() => {});
  }
}
