/**
 * Browsers may keep a page as it is for the Back button. It must not keep the camera in the meantime, and starts as if
 * loaded anew when it is shown again. To be called before the session has a client, which would else dial first.
 *
 * @param {{ suspend: () => boolean, client: import('../client/client.js').Meetpoint | null }} session
 *   `suspend` gives the camera back, and tells whether there is something to go on with
 */
export function mindBackButton(session) {
  let suspended = false;
  addEventListener('pagehide', ({ persisted }) => {
    suspended = session.suspend() && persisted;
  });
  addEventListener('pageshow', () => {
    if (!suspended) return;
    session.client?.close();
    location.reload();
  });
}
