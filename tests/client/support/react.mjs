/** React in Node, with a document, for components that use the hook. */

import { register } from 'node:module';
import { Window } from 'happy-dom';

// The client names `react` without having it: whoever uses the hook brings it.
register(
  `data:text/javascript,${encodeURIComponent(`
    export const resolve = (name, context, next) => next(name, name === 'react' ? { ...context, parentURL: '${import.meta.url}' } : context);`)}`,
);
const window = new Window();
Object.assign(globalThis, { document: window.document, window, IS_REACT_ACT_ENVIRONMENT: true });
if (!globalThis.navigator) globalThis.navigator = window.navigator;

export const { StrictMode, act, createElement } = await import('react');
export const { useMeetpoint } = await import('../../../web/client/react.js');
const { createRoot } = await import('react-dom/client');

/**
 * Mounts a component that does nothing but use the hook.
 * @returns what the hook returned last, under `now`, and all that it returned, under `all`
 */
export async function mount(t, url, options, { strict = false } = {}) {
  const all = [];
  const root = createRoot(window.document.createElement('div'));
  const Page = (props) => {
    all.push(useMeetpoint(props.url, props.options));
    return null;
  };
  const render = (props) => {
    const page = createElement(Page, props);
    return act(() => root.render(strict ? createElement(StrictMode, null, page) : page));
  };
  await render({ url, options });
  const page = {
    all,
    get now() {
      return all.at(-1);
    },
    rerender: (url, options) => render({ url, options }),
    unmount: () => act(() => root.unmount()),
    /** Until the hook returns something of which this holds. */
    async until(holds) {
      while (!holds(all.at(-1))) await act(() => new Promise((resolve) => setTimeout(resolve, 5)));
      return all.at(-1);
    },
  };
  t.after(page.unmount);
  return page;
}
