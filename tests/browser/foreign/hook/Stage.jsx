import { useEffect, useRef } from 'react';

function Video({ id, stream }) {
  const video = useRef(null);
  useEffect(() => {
    video.current.srcObject = stream;
  }, [stream]);
  return <video id={id} ref={video} autoPlay muted playsInline />;
}

/** What both chats look like. */
export function Stage({ meeting, local, remote, isInCall, onStart, onNext }) {
  const state = isInCall ? 'in-call' : meeting.match ? 'negotiating' : meeting.isWaiting ? 'waiting' : 'idle';
  useEffect(() => {
    document.body.dataset.state = state;
  }, [state]);

  const role = meeting.initiator ? 'calling' : 'called';
  return (
    <>
      <p id="status">{meeting.match ? role : meeting.state}</p>
      <Video id="local" stream={local} />
      <Video id="remote" stream={remote} />
      <button id="start" onClick={onStart} disabled={!meeting.isConnected}>
        Start
      </button>
      <button id="next" onClick={onNext} disabled={!meeting.partnerId}>
        Next
      </button>
    </>
  );
}
