import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ByHand } from './ByHand.jsx';
import { Negotiated } from './Negotiated.jsx';

const query = new URLSearchParams(location.search);
const Chat = query.has('negotiated') ? Negotiated : ByHand;

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <Chat server={query.get('server')} />
  </StrictMode>,
);
