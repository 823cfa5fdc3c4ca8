import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '@goblin/core';
import { createComplaints } from '../discovery/complaints.ts';
import { EXCHANGE_PATH, MAX_EXCHANGE_BYTES } from '../discovery/peer-exchange.ts';
import { recorder, until } from '../discovery/testing/recorder.ts';
import type { Endpoint } from '../peer.ts';
import { openUdpNetwork } from './udp-network.ts';

async function open(port = 0) {
  const telemetry = recorder();
  const received: { text: string; from: Endpoint }[] = [];
  const complaints = createComplaints(systemClock, telemetry.log, 'membership');
  const network = await openUdpNetwork({
    port,
    complaints,
    receive: (datagram, from) => void received.push({ text: Buffer.from(datagram).toString(), from }),
  });
  return {
    network,
    received,
    telemetry,
    async [Symbol.asyncDispose]() {
      complaints.close();
      await network.close();
    },
  };
}

type Asked = Parameters<Parameters<Awaited<ReturnType<typeof open>>['network']['exchange']>[2]>;

test('datagrams go to and fro by IPv4, and by IPv6 where the machine has it', async () => {
  await using one = await open();
  await using two = await open();
  const hosts = ['127.0.0.1'];
  const six = createSocket('udp6');
  six.once('error', () => {});
  six.bind(0, '::1', () => hosts.push('::1'));
  await Promise.race([once(six, 'listening'), once(six, 'error')]).catch(() => {});
  six.close();
  for (const [i, host] of hosts.entries()) {
    one.network.send({ host, port: two.network.port }, Buffer.from(host));
    await until(`it arrives at ${host}`, () => two.received.length === i + 1);
    assert.deepEqual(two.received[i], { text: host, from: { host, port: one.network.port } });
    two.network.send(two.received[i]!.from, Buffer.from('back'));
    await until('the answer arrives', () => one.received.length === i + 1);
  }
});

test('a port that is taken is said, and another one used', async () => {
  await using one = await open();
  await using two = await open(one.network.port);
  assert.notEqual(two.network.port, one.network.port);
  assert.match(two.telemetry.warnings[0]!, /cannot have UDP port \d+, takes another: .*EADDRINUSE/);
});

test('what is asked over TCP is answered, or it is said why not', async () => {
  await using it = await open();
  let answer: { status: number; body: Uint8Array } = { status: 200, body: Buffer.from('sealed') };
  const server = createServer((request, response) => {
    assert.deepEqual([request.method, request.url], ['POST', EXCHANGE_PATH]);
    response.writeHead(answer.status).end(answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = (to = { host: '127.0.0.1', port }): Promise<Asked> =>
    new Promise((resolve) => it.network.exchange(to, Buffer.from('asked'), (...outcome) => resolve(outcome)));

  assert.equal(Buffer.from((await ask())[0]!).toString(), 'sealed');
  answer = { status: 403, body: Buffer.alloc(0) };
  assert.match((await ask())[1]!.reason, /does not know our key/);
  answer = { status: 500, body: Buffer.alloc(0) };
  assert.match((await ask())[1]!.reason, /answered 500/);
  answer = { status: 200, body: Buffer.alloc(MAX_EXCHANGE_BYTES + 1) };
  assert.match((await ask())[1]!.reason, /larger than/);
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  assert.deepEqual((await ask())[1]!.refused, true);
});

test('one that takes the connection and says nothing is no refusal, and closing waits for nobody', async () => {
  const it = await open();
  await using patient = await open();
  const hung = createTcpServer(() => {});
  hung.listen(0, '127.0.0.1');
  await once(hung, 'listening');
  const order: string[] = [];
  const ask = async ({ network }: typeof it, name: string): Promise<Asked> => {
    const to = { host: '127.0.0.1', port: (hung.address() as AddressInfo).port };
    const outcome = await new Promise<Asked>((resolve) =>
      network.exchange(to, Buffer.from('asked'), (...outcome) => resolve(outcome)),
    );
    order.push(name);
    return outcome;
  };
  void ask(patient, 'given up after a while');
  const asked = ask(it, 'closed');
  await it[Symbol.asyncDispose]();
  assert.deepEqual((await asked)[1]?.refused, false);
  assert.deepEqual(order, ['closed']);
  hung.close();
});
