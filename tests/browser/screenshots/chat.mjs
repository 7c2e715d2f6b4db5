/** @param {import('../screenshots.mjs').Studio} studio */
export async function take({ visit, shoot, DESKTOP, PHONE }) {
  const host = await visit(DESKTOP, 0.6);
  await shoot(host, 'chat-idle');

  const guest = await visit(PHONE, 0.1);
  for (const person of [host, guest]) await person.start();
  await Promise.all([host, guest].map((person) => person.reaches('in-call')));
  await Promise.all([host, guest].map((person) => person.receivesMedia()));
  await host.page.waitForFunction(() => document.querySelector('#elapsed').textContent >= '0:10');
  await shoot(host, 'chat-call');
  await shoot(guest, 'chat-phone');
}
