// The least server that `loadtest` takes for one of the chat wire, on Bun (uWebSockets with JavaScript on top): what a capable
// engineer writes in an afternoon. It pairs, relays and publishes; it has no limits, no metrics, no timeouts.
//
//   npx bun@1.4 loadtest/peers/bun.js [port]

const ready = { pingInterval: 30_000, protocol: 1, features: ['match', 'rooms'] };
/** @type {Map<string, Map<string, import('bun').ServerWebSocket>>} who is in each topic */
const topics = new Map();
let waiting = null;

const say = (ws, frame) => ws.send(JSON.stringify(frame));

const handlers = {
  available(ws) {
    if (!waiting || waiting === ws) {
      waiting = ws;
      return;
    }
    const other = waiting;
    waiting = null;
    ws.data.partner = other;
    other.data.partner = ws;
    const roomId = crypto.randomUUID();
    say(other, { type: 'matched', roomId, partnerId: ws.data.id, initiator: false });
    say(ws, { type: 'matched', roomId, partnerId: other.data.id, initiator: true });
  },
  offer: ({ data }, { type, sdp }) => data.partner && say(data.partner, { type, from: data.id, sdp }),
  answer: ({ data }, { type, sdp }) => data.partner && say(data.partner, { type, from: data.id, sdp }),
  ice: ({ data }, { type, candidate }) => data.partner && say(data.partner, { type, from: data.id, candidate }),
  ping: (ws) => say(ws, { type: 'pong' }),
  next(ws) {
    part(ws, 'next');
    handlers.available(ws);
  },
  leave(ws, { topic }) {
    if (topic === undefined) return part(ws, 'left');
    depart(ws, topic, 'left');
    say(ws, { type: 'left', topic });
  },
  join(ws, { topic }) {
    const members = topics.get(topic) ?? topics.set(topic, new Map()).get(topic);
    const peers = Array.from(members.keys(), (clientId) => ({ clientId, initiator: true }));
    say(ws, { type: 'joined', topic, clientId: ws.data.id, peers, total: peers.length });
    server.publish(topic, JSON.stringify({ type: 'peer-joined', topic, peer: { clientId: ws.data.id, initiator: false } }));
    ws.subscribe(topic);
    members.set(ws.data.id, ws);
    ws.data.topics.add(topic);
  },
  publish: (ws, { topic, data }) => ws.publish(topic, JSON.stringify({ type: 'message', topic, from: ws.data.id, data })),
};

function part(ws, reason) {
  if (waiting === ws) waiting = null;
  const other = ws.data.partner;
  if (!other) return;
  ws.data.partner = other.data.partner = null;
  say(other, { type: 'partner-left', reason });
  handlers.available(other);
}

function depart(ws, topic, reason) {
  const members = topics.get(topic);
  if (!members?.delete(ws.data.id)) return;
  if (members.size === 0) topics.delete(topic);
  ws.data.topics.delete(topic);
  ws.unsubscribe(topic);
  server.publish(topic, JSON.stringify({ type: 'peer-left', topic, clientId: ws.data.id, reason }));
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2] ?? 8080),
  fetch(request, server) {
    const data = { id: crypto.randomUUID(), partner: null, topics: new Set() };
    if (server.upgrade(request, { data })) return undefined;
    return new Response('Not found', { status: 404 });
  },
  websocket: {
    open: (ws) => say(ws, { type: 'ready', clientId: ws.data.id, ...ready }),
    message(ws, text) {
      const frame = JSON.parse(text);
      handlers[frame.type]?.(ws, frame);
    },
    close(ws) {
      part(ws, 'disconnected');
      for (const topic of ws.data.topics) depart(ws, topic, 'disconnected');
    },
  },
});
console.log(`pid ${process.pid}, ws://127.0.0.1:${server.port}/ws`);
