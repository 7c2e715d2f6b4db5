// What a program in TypeScript may write, and what its compiler must refuse. Only checked, never run.
import { Meetpoint, MeetpointError, mintCode, negotiate, openSide, redeemCode } from 'meetpoint';
import type { Channel, Match, MeetpointOptions, Negotiation, Peer, Restored, Room, Side, Signal, State, StateChange } from 'meetpoint';
import { useMeetpoint } from 'meetpoint/react';

const options: MeetpointOptions = { signal: AbortSignal.timeout(1), storage: sessionStorage, userId: { name: 'Ann' }, maxQueue: 100, WebSocket };
const client = new Meetpoint(['wss://a.example/ws', new URL('wss://b.example/ws')], options);
const state: State = client.state;
client.addEventListener('statechange', (event) => {
  const change: StateChange & Event = event;
  const code: number | undefined = event.code;
  void [change, code, event.previous, event.resumed];
});
client.addEventListener('error', ({ code, message, frame }) => console.log(code.length, message.length, frame.type));
// @ts-expect-error there is no such event
client.addEventListener('statechanged', () => {});
// @ts-expect-error nobody but the client says so
client.state = 'connected';

const restored: Restored | null = await client.restored;
const match: Match = restored?.match ?? (await client.match({ signal: AbortSignal.timeout(1000) }));
const [id, first, again]: [string, boolean, boolean] = [match.partnerId, match.initiator, match.restored];
match.addEventListener('left', ({ reason }) => {
  if (reason === 'timeout') void match.next();
  // @ts-expect-error no such reason
  if (reason === 'bored') void match.next();
});
match.addEventListener('signal', ({ frame }) => {
  const signal: Signal = frame;
  if (signal.type === 'ice') console.log(signal.candidate);
  else console.log(signal.sdp);
});
// @ts-expect-error a match does not make itself heard
match.hear({ type: 'offer' });

const room: Room = await client.join('tea', { any: ['JSON'] }, {});
room.addEventListener('message', ({ data, from, peer }) => room.send(from, [data, peer?.info]));
room.addEventListener('peerjoined', ({ peer }) => talk(peer));
room.publish(1);
await room.update();
const peers: Peer[] = [...room.peers.values()];
const { topics, next } = await client.topics({ prefix: 't', limit: 10, ...(room.ended && { after: 'tea' }) });
console.log(topics[0]?.count, next?.length, state, id, first, again, peers.length);

function talk(channel: Match | Peer): Negotiation {
  const pc = new RTCPeerConnection();
  const negotiation = negotiate(pc, channel, { polite: !channel.initiator });
  negotiation.addEventListener('restart', () => pc.close());
  negotiation.addEventListener('error', ({ error }) => console.log(error));
  return negotiation;
}

const { appId, code } = await mintCode('https://a.example');
const side: Side = openSide(location.origin, { appId: (await redeemCode('https://a.example', code)).appId, side: 'A' });
side.addEventListener('peer', ({ present }) => present && side.signal({ type: 'ice', candidate: null }));
const channel: Channel = side;
negotiate(new RTCPeerConnection(), channel, { polite: side.side === 'B', first: true });
// @ts-expect-error polite must be said
negotiate(new RTCPeerConnection(), channel, {});
// @ts-expect-error there are two sides
openSide('https://a.example', { appId, side: 'C' });

try {
  await client.match();
} catch (error) {
  if (error instanceof MeetpointError) console.log(error.code, error.status, error.retryAfter);
}

export function Page() {
  const { isConnected, clientId, partnerId, signalAvailable, sendOffer, sendAnswer, sendIceCandidate, nextPartner, initiator, match } = useMeetpoint('wss://a.example/ws', {
    onOffer: (sdp) => sendAnswer(sdp),
    onPartnerLeft: (reason, match) => console.log(reason, match.partnerId),
  });
  const texts: (string | null)[] = [clientId, partnerId];
  if (isConnected && !match) signalAvailable();
  if (initiator) sendOffer({ type: 'offer', sdp: texts.join() });
  sendIceCandidate(null);
  nextPartner();
  // @ts-expect-error no such thing
  useMeetpoint('wss://a.example/ws').sendPizza();
}
