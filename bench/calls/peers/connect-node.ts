/** connect-node by the Connect protocol with JSON over HTTP/2 without TLS: the cheapest of its ways here; in binary it
 * costs a little more, over HTTP/1.1 half as much again. Client and server use the code that its generator makes. */
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type ConnectRouter, createClient } from '@connectrpc/connect';
import { connectNodeAdapter, createConnectTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { type Answer, answer, type BenchClient, type BenchServer, type Quote } from '../peer.ts';
import { TaxService } from '../proto/tax_pb.ts';

const routes = (router: ConnectRouter): ConnectRouter =>
  router.service(TaxService, { quote: (input) => answer(input as unknown as Quote) });

export async function server(): Promise<BenchServer> {
  const sessions = new Set<ServerHttp2Session>();
  const http = createServer(connectNodeAdapter({ routes }));
  http.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async close() {
      for (const session of sessions) session.destroy();
      http.close();
    },
  };
}

export async function client(address: string): Promise<BenchClient> {
  const sessionManager = new Http2SessionManager(address);
  const transport = createConnectTransport({
    baseUrl: address,
    httpVersion: '2',
    useBinaryFormat: false,
    sessionManager,
  });
  const tax = createClient(TaxService, transport);
  return {
    call: (input) => tax.quote(input) as Promise<unknown> as Promise<Answer>,
    close: async () => sessionManager.abort(),
  };
}
