import { useCallback, useEffect, useRef, useState } from 'react';

/** The server's wire as a hook, as front ends have it. `handlers` may be made anew with every render. */
export function useSignaling(server, handlers) {
  const [isConnected, setIsConnected] = useState(false);
  const [clientId, setClientId] = useState(null);
  const [partnerId, setPartnerId] = useState(null);
  const socketRef = useRef(null);
  const handlersRef = useRef(handlers);
  useEffect(() => {
    handlersRef.current = handlers;
  });

  useEffect(() => {
    const socket = new WebSocket(server);
    socketRef.current = socket;

    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      switch (message.type) {
        case 'ready':
          setIsConnected(true);
          setClientId(message.clientId);
          break;
        case 'matched':
          setPartnerId(message.partnerId);
          handlersRef.current.onMatched(message);
          break;
        case 'offer':
          handlersRef.current.onOffer(message.sdp, message.from);
          break;
        case 'answer':
          handlersRef.current.onAnswer(message.sdp, message.from);
          break;
        case 'ice':
          handlersRef.current.onIceCandidate(message.candidate, message.from);
          break;
        case 'partner-left':
          setPartnerId(null);
          handlersRef.current.onPartnerLeft(message.reason);
          break;
        case 'error':
          console.error(message.code, message.message);
          break;
      }
    };
    socket.onclose = () => {
      setIsConnected(false);
      setPartnerId(null);
    };

    return () => {
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    };
  }, [server]);

  const send = useCallback((message) => {
    if (socketRef.current?.readyState === WebSocket.OPEN) socketRef.current.send(JSON.stringify(message));
  }, []);

  return {
    isConnected,
    clientId,
    partnerId,
    signalAvailable: useCallback(() => send({ type: 'available' }), [send]),
    sendOffer: useCallback((sdp) => send({ type: 'offer', sdp }), [send]),
    sendAnswer: useCallback((sdp) => send({ type: 'answer', sdp }), [send]),
    sendIceCandidate: useCallback((candidate) => send({ type: 'ice', candidate }), [send]),
    nextPartner: useCallback(() => send({ type: 'next' }), [send]),
  };
}
