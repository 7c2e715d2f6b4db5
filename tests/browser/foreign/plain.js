// A random video chat as one writes it who has read the wire reference and nothing else: no library, no modules.
'use strict';

const SERVER = new URLSearchParams(location.search).get('server');
const localVideo = document.getElementById('local');
const remoteVideo = document.getElementById('remote');

let socket;
let localStream;
let peerConnection;
let partnerId;
let candidates = [];

function show(state, words = state) {
  document.getElementById('status').textContent = words;
  document.body.dataset.state = state;
}

function send(message) {
  socket.send(JSON.stringify(message));
}

function hangUp() {
  if (peerConnection) peerConnection.close();
  peerConnection = undefined;
  partnerId = undefined;
  candidates = [];
  remoteVideo.srcObject = null;
}

function createPeerConnection() {
  const connection = new RTCPeerConnection();
  for (const track of localStream.getTracks()) connection.addTrack(track, localStream);
  connection.onicecandidate = (event) => {
    if (event.candidate && connection === peerConnection) send({ type: 'ice', candidate: event.candidate });
  };
  connection.ontrack = (event) => {
    remoteVideo.srcObject = event.streams[0];
  };
  connection.onconnectionstatechange = () => {
    if (connection === peerConnection && connection.connectionState === 'connected') show('in-call');
  };
  return connection;
}

async function onMatched(message) {
  hangUp();
  partnerId = message.partnerId;
  const connection = (peerConnection = createPeerConnection());
  show('negotiating', message.initiator ? 'calling' : 'called');
  if (!message.initiator) return;
  await connection.setLocalDescription(await connection.createOffer());
  if (connection === peerConnection) send({ type: 'offer', sdp: connection.localDescription });
}

async function onDescription(message) {
  const connection = peerConnection;
  await connection.setRemoteDescription(message.sdp);
  for (const candidate of candidates.splice(0)) await connection.addIceCandidate(candidate);
  if (message.type === 'answer') return;
  await connection.setLocalDescription(await connection.createAnswer());
  if (connection === peerConnection) send({ type: 'answer', sdp: connection.localDescription });
}

async function onCandidate(message) {
  if (peerConnection.remoteDescription) await peerConnection.addIceCandidate(message.candidate);
  else candidates.push(message.candidate);
}

function onMessage(message) {
  switch (message.type) {
    case 'ready':
      send({ type: 'available' });
      return show('waiting');
    case 'matched':
      return onMatched(message);
    case 'offer':
    case 'answer':
      return message.from === partnerId && onDescription(message);
    case 'ice':
      return message.from === partnerId && onCandidate(message);
    case 'partner-left':
      // The server has queued us again.
      hangUp();
      return show('waiting', message.reason);
    case 'error':
      return console.error(message.code, message.message);
  }
}

document.getElementById('start').onclick = async () => {
  localStream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
  localVideo.srcObject = localStream;
  socket = new WebSocket(SERVER);
  socket.onmessage = (event) => onMessage(JSON.parse(event.data));
  socket.onclose = (event) => {
    hangUp();
    show('disconnected', String(event.code));
  };
};

document.getElementById('next').onclick = () => {
  hangUp();
  send({ type: 'next' });
  show('waiting');
};

document.getElementById('stop').onclick = () => {
  hangUp();
  send({ type: 'leave' });
  show('idle');
};
