/**
 * A moving picture that needs no camera. Name and colour are drawn by lot, so that two people look different.
 */

const WIDTH = 640;
const HEIGHT = 480;
const FRAMES_PER_SECOND = 15;
const HUES = Object.freeze({ Coral: 8, Amber: 38, Fern: 130, Teal: 176, Sky: 204, Indigo: 236, Violet: 270, Rose: 334 });

/** @returns {{ track: MediaStreamTrack, label: string, release: () => void }} */
export function drawPicture() {
  const [name, hue] = pick(Object.entries(HUES));
  const label = `${name} ${10 + Math.floor(Math.random() * 90)}`;
  const canvas = Object.assign(document.createElement('canvas'), { width: WIDTH, height: HEIGHT });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
  const calm = matchMedia('(prefers-reduced-motion: reduce)');

  const draw = () => {
    const seconds = Date.now() / 1000;
    paint(context, hue, label, calm.matches ? Math.floor(seconds) : seconds);
  };
  draw();
  // Not requestAnimationFrame: it stands still in a hidden tab, and the partner's picture with it.
  const timer = setInterval(draw, 1000 / FRAMES_PER_SECOND);
  const [track] = canvas.captureStream(FRAMES_PER_SECOND).getVideoTracks();
  return { track, label, release: () => clearInterval(timer) };
}

/** @param {CanvasRenderingContext2D} context @param {number} hue @param {string} label @param {number} seconds */
function paint(context, hue, label, seconds) {
  const sky = context.createLinearGradient(0, 0, WIDTH, HEIGHT);
  sky.addColorStop(0, `hsl(${hue} 50% 34%)`);
  sky.addColorStop(1, `hsl(${hue - 40} 50% 16%)`);
  context.fillStyle = sky;
  context.fillRect(0, 0, WIDTH, HEIGHT);

  for (const { reach, size, pace, tint } of DISCS) {
    const angle = seconds * pace;
    disc(context, WIDTH / 2 + reach * Math.cos(angle), HEIGHT / 2 + reach * 0.7 * Math.sin(angle), size, `hsl(${hue + tint} 80% 65% / 0.28)`);
  }

  context.fillStyle = 'white';
  context.textAlign = 'center';
  // Small enough for the middle half, which is what a phone held upright shows of it.
  context.font = '600 54px sans-serif';
  context.fillText(label, WIDTH / 2, HEIGHT / 2 + 4);
  context.font = '32px monospace';
  context.fillText(new Date(seconds * 1000).toTimeString().slice(0, 8), WIDTH / 2, HEIGHT / 2 + 58);

  context.fillStyle = `hsl(${hue} 90% 75%)`;
  context.fillRect(0, HEIGHT - 10, WIDTH * ((seconds / 10) % 1), 10);
}

const DISCS = [
  { reach: 190, size: 120, pace: 0.5, tint: 0 },
  { reach: 150, size: 170, pace: -0.3, tint: -30 },
  { reach: 230, size: 80, pace: 0.8, tint: 20 },
];

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} radius @param {string} colour */
function disc(context, x, y, radius, colour) {
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** @template T @param {T[]} items */
const pick = (items) => items[Math.floor(Math.random() * items.length)];
