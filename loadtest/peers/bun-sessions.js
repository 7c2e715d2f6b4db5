// The least server that `loadtest http` takes for one of Rondevu's sessions, in memory, on Bun (uWebSockets with JavaScript on
// top): what a capable engineer writes in an afternoon. Sessions are announced, listed, answered and polled; there are no limits,
// no origins, no metrics, nothing expires and no poll is held.
//
//   npx bun@1.4 loadtest/peers/bun-sessions.js [port]

const LIFE_MS = 300_000;
/** @type {Map<string, object>} every session by its code */
const sessions = new Map();
/** @type {Map<string, Set<object>>} the unanswered ones of each topic, in the order in which they came */
const topics = new Map();

const fault = (status, error) => Response.json({ error }, { status });

function announce(topic, { info, peerId = info, offer, code = crypto.randomUUID() }) {
  if (typeof peerId !== 'string') return fault(400, 'Missing or invalid required parameter: info');
  if (typeof offer !== 'string') return fault(400, 'Missing or invalid required parameter: offer');
  if (sessions.has(code)) return fault(409, 'Code already in use');
  const createdAt = Date.now();
  const session = { code, topic, peerId, offer, answer: null, candidates: { offerer: [], answerer: [] }, createdAt };
  sessions.set(code, session);
  const listed = topics.get(topic);
  if (listed) listed.add(session);
  else topics.set(topic, new Set([session]));
  return Response.json({ code });
}

function list(topic) {
  const listed = Array.from(topics.get(topic) ?? [], ({ code, peerId, offer, candidates, createdAt }) => {
    const expiresAt = createdAt + LIFE_MS;
    return { code, info: peerId, peerId, offer, offerCandidates: candidates.offerer, createdAt, expiresAt };
  });
  return Response.json({ sessions: listed.reverse() });
}

function answer(session, { side, answer, candidate }) {
  if (candidate !== undefined) session.candidates[side].push(candidate);
  else if (typeof answer !== 'string') return fault(400, 'Missing required parameter: answer or candidate');
  else {
    if (session.answer === null) unlist(session);
    session.answer = answer;
  }
  return Response.json({ success: true });
}

function unlist(session) {
  const listed = topics.get(session.topic);
  listed.delete(session);
  if (listed.size === 0) topics.delete(session.topic);
}

function poll({ offer, answer, candidates }, { side }) {
  if (side === 'answerer') return Response.json({ offer, offerCandidates: candidates.offerer });
  return Response.json({ answer, answerCandidates: candidates.answerer });
}

/** A route whose body names a session and a side. */
const of = (respond) => async (request) => {
  const body = await request.json();
  if (body.side !== 'offerer' && body.side !== 'answerer') {
    return fault(400, 'Invalid or missing parameter: side (must be "offerer" or "answerer")');
  }
  const session = sessions.get(body.code);
  return session ? respond(session, body) : fault(404, 'Session not found, expired, or origin mismatch');
};

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2] ?? 8080),
  routes: {
    '/:topic/offer': { POST: async (request) => announce(request.params.topic, await request.json()) },
    '/:topic/sessions': { GET: (request) => list(request.params.topic) },
    '/answer': { POST: of(answer) },
    '/poll': { POST: of(poll) },
  },
  fetch: () => fault(404, 'Not found'),
  error: () => fault(400, 'Invalid JSON'),
});
console.log(`pid ${process.pid}, http://127.0.0.1:${server.port}`);
