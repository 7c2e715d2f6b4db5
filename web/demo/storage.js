/** What this tab remembers while its page is loaded anew. Browsers that keep nothing do not even let it be named. @type {Storage | undefined} */
export const tabStorage = (() => {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
})();
