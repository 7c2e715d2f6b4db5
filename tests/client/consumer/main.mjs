// Run under Node, Bun and Deno: two clients meet on the server that is named in the arguments, with the WebSocket of the runtime if it has one.
import { Meetpoint, mintCode, redeemCode } from 'meetpoint';

const [server] = (globalThis.process?.argv ?? []).slice(2);
const WebSocket = globalThis.WebSocket ?? (await import('ws')).WebSocket;
const [alice, bob] = [1, 2].map(() => new Meetpoint(new URL('/ws', server), { WebSocket }));
const [match] = await Promise.all([alice.match(), bob.match()]);
if (match.partnerId !== bob.clientId) throw new Error('another partner');
const heard = new Promise((resolve) => bob.currentMatch.addEventListener('signal', ({ frame }) => resolve(frame.sdp)));
match.signal({ type: 'offer', sdp: 'hello' });
const room = await alice.join('tea');
await bob.join('tea');
const { appId, code } = await mintCode(server);
const same = (await redeemCode(server, code)).appId === appId;
console.log(JSON.stringify({ heard: await heard, features: alice.features, room: room.topic, same }));
alice.close();
bob.close();
