import { Board } from './status-board.js';
import { groups } from './status-figures.js';
import { View } from './status-view.js';

/** The server says where its figures are. */
const route = /** @type {HTMLMetaElement} */ (document.querySelector('meta[name=metrics]')).content;
const board = new Board(route, new View(groups(route)));

/** @type {HTMLFormElement} */ (document.querySelector('#door')).onsubmit = (event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (document.querySelector('#token'));
  board.unlock(field.value.trim());
  field.value = '';
};

const look = () => (document.hidden ? board.pause() : board.run());
document.addEventListener('visibilitychange', look);
// A page that comes back from the Back button's keeping.
addEventListener('pageshow', look);
look();
