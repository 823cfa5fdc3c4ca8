/** The bare minimum over HTTP: node:http on one side, undici.request on the other, nothing else. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { type Answer, answer, type BenchClient, type BenchServer, type Quote } from '../peer.ts';

export async function server(): Promise<BenchServer> {
  const http = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const text = JSON.stringify(answer(JSON.parse(body) as Quote));
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      });
      response.end(text);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => http.close(() => resolve())),
  };
}

export async function client(address: string): Promise<BenchClient> {
  const pool = new Pool(address, { connections: 64 });
  return {
    async call(input) {
      const response = await pool.request({
        method: 'POST',
        path: '/quote',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(input),
      });
      return (await response.body.json()) as Answer;
    },
    close: () => pool.close(),
  };
}
