/** The screens that every page must be good on. */

import { fitsWidth, isAccessible } from './looks.mjs';

const SIZES = { phone: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }, desktop: { viewport: { width: 1280, height: 800 } } };

/** What to call it, and the options of its browser context. Nothing moves, so that no colour is judged half way. */
export const SCREENS = Object.entries(SIZES).flatMap(([size, context]) =>
  ['light', 'dark'].map((colorScheme) => [`${colorScheme} ${size}`, { ...context, colorScheme, reducedMotion: 'reduce' }]),
);

/** @param {import('./browser.mjs').Person} person */
export async function isGood({ page }) {
  await fitsWidth(page);
  await isAccessible(page);
}
