/** The old application: one Express server that does everything. It knows nothing of Goblin, and not a line of it is
 * changed while it loses its routes. */
import { readFileSync } from 'node:fs';
import express from 'express';

const read = (name) => JSON.parse(readFileSync(new URL(`../data/${name}.json`, import.meta.url), 'utf8'));
const catalog = read('catalog');
const orders = read('orders');
const sessions = new Map();

const app = express();
app.use(express.json());
app.use((_request, response, next) => {
  response.set('x-answered-by', 'legacy');
  next();
});

app.get('/', (_request, response) => {
  response.send('<h1>The shop</h1><a href="/catalog">catalog</a> <a href="/orders">orders</a>');
});

app.get('/catalog', (_request, response) => response.json({ items: catalog }));
app.get('/catalog/:sku', (request, response) => {
  const item = catalog.find(({ sku }) => sku === request.params.sku);
  if (item) response.json(item);
  else response.status(404).json({ error: 'no such item' });
});

app.get('/orders', (_request, response) => response.json({ orders }));
app.get('/orders/:id', (request, response) => {
  const order = orders.find(({ id }) => id === request.params.id);
  if (order) response.json(order);
  else response.status(404).json({ error: 'no such order' });
});

app.post('/account/login', (request, response) => {
  const session = String(sessions.size + 1);
  sessions.set(session, request.body.name);
  response.cookie('session', session, { httpOnly: true }).status(204).end();
});
app.get('/account', (request, response) => {
  const session = /(?:^|; )session=(\d+)/.exec(request.headers.cookie ?? '')?.[1];
  const name = sessions.get(session);
  if (name) response.json({ name });
  else response.status(401).json({ error: 'log in first' });
});

app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
