import { useEffect, useState } from 'react';
import { negotiate } from 'meetpoint';
import { useMeetpoint } from 'meetpoint/react';
import { Stage } from './Stage.jsx';

/** One effect per match, and the client does the rest. */
export function Negotiated({ server }) {
  const [local, setLocal] = useState(null);
  const [remote, setRemote] = useState(null);
  const [isInCall, setIsInCall] = useState(false);
  const meeting = useMeetpoint(server, { onPartnerLeft: () => meeting.signalAvailable() });
  const { match } = meeting;

  useEffect(() => {
    if (!match || !local) return;
    const connection = new RTCPeerConnection();
    connection.ontrack = ({ streams }) => setRemote(streams[0]);
    connection.onconnectionstatechange = () => setIsInCall(connection.connectionState === 'connected');
    local.getTracks().forEach((track) => connection.addTrack(track, local));
    const negotiation = negotiate(connection, match, { polite: !match.initiator });
    return () => {
      negotiation.close();
      connection.close();
      setRemote(null);
      setIsInCall(false);
    };
  }, [match, local]);

  async function start() {
    setLocal(await navigator.mediaDevices.getUserMedia({ video: true, audio: true }));
    meeting.signalAvailable();
  }

  return <Stage {...{ meeting, local, remote, isInCall }} onStart={start} onNext={meeting.nextPartner} />;
}
