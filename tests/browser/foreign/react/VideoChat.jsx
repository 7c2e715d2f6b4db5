import { useCallback, useEffect, useRef, useState } from 'react';
import { useSignaling } from './useSignaling.js';

export function VideoChat({ server }) {
  const [state, setState] = useState('idle');
  const [words, setWords] = useState('');
  const localVideo = useRef(null);
  const remoteVideo = useRef(null);
  const localStream = useRef(null);
  const call = useRef(null);

  const hangUp = useCallback(() => {
    call.current?.connection.close();
    call.current = null;
    if (remoteVideo.current) remoteVideo.current.srcObject = null;
  }, []);

  const signaling = useSignaling(server, {
    async onMatched({ partnerId, initiator }) {
      hangUp();
      const connection = new RTCPeerConnection();
      call.current = { connection, partnerId, candidates: [] };
      localStream.current.getTracks().forEach((track) => connection.addTrack(track, localStream.current));
      connection.onicecandidate = ({ candidate }) => candidate && signaling.sendIceCandidate(candidate.toJSON());
      connection.ontrack = ({ streams }) => (remoteVideo.current.srcObject = streams[0]);
      connection.onconnectionstatechange = () => connection.connectionState === 'connected' && setState('in-call');
      setWords(initiator ? 'calling' : 'called');
      setState('negotiating');
      if (initiator) {
        const offer = await connection.createOffer();
        await connection.setLocalDescription(offer);
        signaling.sendOffer(offer);
      }
    },

    async onOffer(sdp, from) {
      if (call.current?.partnerId !== from) return;
      const { connection } = call.current;
      await connection.setRemoteDescription(new RTCSessionDescription(sdp));
      await addCandidates();
      const answer = await connection.createAnswer();
      await connection.setLocalDescription(answer);
      signaling.sendAnswer(answer);
    },

    async onAnswer(sdp, from) {
      if (call.current?.partnerId !== from) return;
      await call.current.connection.setRemoteDescription(new RTCSessionDescription(sdp));
      await addCandidates();
    },

    async onIceCandidate(candidate, from) {
      if (call.current?.partnerId !== from) return;
      call.current.candidates.push(candidate);
      if (call.current.connection.remoteDescription) await addCandidates();
    },

    onPartnerLeft(reason) {
      hangUp();
      setWords(reason);
      setState('waiting');
    },
  });

  async function addCandidates() {
    const { connection, candidates } = call.current;
    for (const candidate of candidates.splice(0)) await connection.addIceCandidate(candidate);
  }

  async function start() {
    localStream.current = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
    localVideo.current.srcObject = localStream.current;
    signaling.signalAvailable();
    setState('waiting');
  }

  function next() {
    hangUp();
    signaling.nextPartner();
    setState('waiting');
  }

  useEffect(() => hangUp, [hangUp]);
  useEffect(() => {
    document.body.dataset.state = state;
  }, [state]);

  return (
    <>
      <p id="status">{words}</p>
      <video id="local" ref={localVideo} autoPlay muted playsInline />
      <video id="remote" ref={remoteVideo} autoPlay muted playsInline />
      <button id="start" onClick={start} disabled={!signaling.isConnected}>
        Start
      </button>
      <button id="next" onClick={next} disabled={!signaling.partnerId}>
        Next
      </button>
    </>
  );
}
