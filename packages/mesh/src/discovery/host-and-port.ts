/** Reads addresses as people write them. */
import { GoblinError } from '@goblin/core';
import type { Endpoint } from '../peer.ts';

const FORM = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

/** The address in `10.0.0.7:4100`, `seed.example:4100` or `[fd00::7]:4100`; undefined when it is none. */
export function parseHostAndPort(text: string): Endpoint | undefined {
  const [, host = '', port = ''] = FORM.exec(text) ?? [];
  if (!URL.canParse(`http://${text}`) || Number(port) < 1 || Number(port) > 65_535) return undefined;
  return { host: host.startsWith('[') ? host.slice(1, -1) : host, port: Number(port) };
}

/** @param what names it in the message, such as `seed`. @throws CONFIG_INVALID */
export function readHostAndPort(text: string, what: string): Endpoint {
  const address = parseHostAndPort(text);
  if (address) return address;
  throw new GoblinError('CONFIG_INVALID', {
    message: `${what} ${JSON.stringify(text)} is not host:port (try 10.0.0.7:4100)`,
  });
}
