/**
 * The STUN and TURN servers of a page: `?ice=stun:stun.example.org:3478`, as often as needed. None are needed within one network.
 *
 * @param {(fault: string) => void} notify
 * @returns {RTCIceServer[]}
 */
export function iceServers(notify) {
  const named = new URLSearchParams(location.search).getAll('ice').map((urls) => ({ urls }));
  return named.filter((server) => {
    try {
      new RTCPeerConnection({ iceServers: [server] }).close();
      return true;
    } catch {
      notify(`Not a STUN address: ${server.urls}`);
      return false;
    }
  });
}
