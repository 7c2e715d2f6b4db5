import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { VideoChat } from './VideoChat.jsx';

const server = new URLSearchParams(location.search).get('server');

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <VideoChat server={server} />
  </StrictMode>,
);
