import { useEffect, useRef, useState } from 'react';
import { useMeetpoint } from 'meetpoint/react';
import { Stage } from './Stage.jsx';

/** Offers, answers and candidates by hand, as a front end has them that had a hook of its own before. */
export function ByHand({ server }) {
  const [local, setLocal] = useState(null);
  const [remote, setRemote] = useState(null);
  const [isInCall, setIsInCall] = useState(false);
  // What a handler needs at once cannot wait for the next render.
  const camera = useRef(null);
  const connection = useRef(null);
  const candidates = useRef([]);

  const meeting = useMeetpoint(server, {
    async onMatched({ initiator }) {
      hangUp();
      const current = (connection.current = new RTCPeerConnection());
      camera.current.getTracks().forEach((track) => current.addTrack(track, camera.current));
      current.onicecandidate = ({ candidate }) => candidate && meeting.sendIceCandidate(candidate);
      current.ontrack = ({ streams }) => setRemote(streams[0]);
      current.onconnectionstatechange = () => setIsInCall(current.connectionState === 'connected');
      if (initiator) {
        await current.setLocalDescription();
        meeting.sendOffer(current.localDescription);
      }
    },
    async onOffer(sdp) {
      await take(sdp);
      await connection.current.setLocalDescription();
      meeting.sendAnswer(connection.current.localDescription);
    },
    onAnswer: take,
    async onIceCandidate(candidate) {
      if (connection.current.remoteDescription) await connection.current.addIceCandidate(candidate);
      else candidates.current.push(candidate);
    },
    onPartnerLeft() {
      hangUp();
      meeting.signalAvailable();
    },
  });

  async function take(sdp) {
    await connection.current.setRemoteDescription(sdp);
    for (const candidate of candidates.current.splice(0)) await connection.current.addIceCandidate(candidate);
  }

  function hangUp() {
    connection.current?.close();
    connection.current = null;
    candidates.current = [];
    setRemote(null);
    setIsInCall(false);
  }

  async function start() {
    camera.current = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
    setLocal(camera.current);
    meeting.signalAvailable();
  }

  function next() {
    hangUp();
    meeting.nextPartner();
  }

  useEffect(() => () => connection.current?.close(), []);

  return <Stage {...{ meeting, local, remote, isInCall }} onStart={start} onNext={next} />;
}
