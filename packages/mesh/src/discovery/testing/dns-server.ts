/** For tests: a DNS server on loopback that knows a few names (RFC 1035, answers of one question each). */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface DnsServer extends AsyncDisposable {
  /** `127.0.0.1:5300` */
  readonly address: string;
  /** What it answers: IPv4 addresses, IPv6 addresses, or targets of services. */
  records: DnsRecords;
  queries: number;
}

export interface DnsRecords {
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  readonly SRV?: readonly { readonly name: string; readonly port: number }[];
}

const TYPES = { A: 1, AAAA: 28, SRV: 33 } as const;
const TTL_S = 600;
const NO_SUCH_NAME = 3;

export async function startDnsServer(name: string, records: DnsRecords): Promise<DnsServer> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const server: DnsServer = {
    address: `127.0.0.1:${socket.address().port}`,
    records,
    queries: 0,
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, 'close');
    },
  };
  socket.on('message', (query, from) => {
    server.queries++;
    const end = query.indexOf(0, 12) + 5;
    const asked = labelsIn(query.subarray(12, end - 5));
    const type = query.readUInt16BE(end - 4);
    const data = asked === name ? dataOf(server.records, type) : [];
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(0x8180 | (data.length === 0 ? NO_SUCH_NAME : 0), 2);
    head.writeUInt16BE(data.length, 6);
    head.fill(0, 8, 12);
    const answers = data.map((one) => {
      const record = Buffer.alloc(12);
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(type, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt32BE(TTL_S, 6);
      record.writeUInt16BE(one.length, 10);
      return Buffer.concat([record, one]);
    });
    socket.send(Buffer.concat([head, query.subarray(12, end), ...answers]), from.port, from.address);
  });
  return server;
}

function dataOf({ A = [], AAAA = [], SRV = [] }: DnsRecords, type: number): Buffer[] {
  if (type === TYPES.A) return A.map((address) => Buffer.from(address.split('.').map(Number)));
  if (type === TYPES.AAAA) return AAAA.map((address) => sixteenBytes(address));
  if (type !== TYPES.SRV) return [];
  return SRV.map(({ name, port }) => {
    const fixed = Buffer.from([0, 0, 0, 0, port >> 8, port & 255]);
    return Buffer.concat([fixed, labelsOf(name)]);
  });
}

function labelsIn(bytes: Uint8Array): string {
  const labels: string[] = [];
  for (let at = 0; at < bytes.length; at += bytes[at]! + 1) {
    labels.push(Buffer.from(bytes.subarray(at + 1, at + 1 + bytes[at]!)).toString());
  }
  return labels.join('.');
}

function labelsOf(name: string): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

/** Of an address written with `::`. */
function sixteenBytes(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::') as [string, string?];
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const [first, last] = [words(head), words(tail)];
  const all = [...first, ...new Array(8 - first.length - last.length).fill(0), ...last];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]));
}
