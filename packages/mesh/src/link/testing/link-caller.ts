/** A process that calls the probe's `hang` by a link at the port that it is given, and prints a line when it has. */
import { clientOf } from '@goblin/core';
import { peerAt } from '../../testing/peer-at.ts';
import { probe } from '../../testing/transport-cases.ts';
import { linkTransport } from '../link-transport.ts';

const peer = peerAt({ host: '127.0.0.1', port: Number(process.argv[2]) });
const transport = linkTransport();
const client = clientOf(probe, (call) => transport.call(peer, call));
await client.echo({ text: 'x' });
for (let i = 0; i < 50; i++) client.hang({}).catch(() => {});
console.log('called');
