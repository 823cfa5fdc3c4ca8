/** Addresses of mail. An address here is what SMTP can carry without surprises: printable ASCII, a dot-atom before the @
 * (RFC 5321 §4.1.2 without quoted strings), a host name behind it; names of domains with other letters are taken in
 * their ASCII form. Whatever else there is, line breaks above all, is refused rather than repaired. */
import { domainToASCII } from 'node:url';
import { GoblinError } from '@goblin/core';

/** Of an address, and of a name before it, in characters. */
export const MAX_ADDRESS = 254;
export const MAX_NAME = 200;
const MAX_LOCAL = 64;

const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const NAMED = /^([^<>]*)<([^<>]*)>$/;

export interface Address {
  readonly name?: string;
  readonly address: string;
}

/** `'ada@example.com'`, `'Ada <ada@example.com>'` or `{ name: 'Ada', address: 'ada@example.com' }` */
export type AddressInput = string | Address;

/** @throws INVALID_INPUT, which does not repeat the address: it may end in a log. */
export function parseAddress(input: AddressInput): Address {
  if (typeof input !== 'string') {
    const name = oneLine(input.name ?? '').slice(0, MAX_NAME);
    return { ...(name !== '' && { name }), address: checked(input.address) };
  }
  if (input.length > MAX_ADDRESS + MAX_NAME) throw invalid('it is too long');
  const [, name, address] = NAMED.exec(input) ?? [];
  if (address === undefined) return { address: checked(input) };
  return parseAddress({ name: name!.trim().replace(/^"(.*)"$/, '$1'), address });
}

function checked(text: string): string {
  if (text.length > MAX_ADDRESS) throw invalid(`it is longer than ${MAX_ADDRESS} characters`);
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(0, at));
  const domain = text.slice(at + 1);
  if (!LOCAL.test(local) || local.length > MAX_LOCAL)
    throw invalid('what stands before the @ is not allowed there');
  const ascii = DOMAIN.test(domain)
    ? domain
    : /^[^\s\p{C}@/?#:[\]\\%]+$/u.test(domain)
      ? domainToASCII(domain)
      : '';
  if (!DOMAIN.test(ascii) || ascii.length > 253) throw invalid('what stands behind the @ is not a domain');
  return `${local}@${ascii}`;
}

/** As it stands in the suppression list: two spellings of a mailbox are one there. */
export function normalised(address: string): string {
  return address.toLowerCase();
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

/** For logs: `a***@example.com` */
export function masked(address: string): string {
  return `${address.slice(0, 1)}***@${domainOf(address)}`;
}

/** The same for each address in what a server said. */
export function maskedText(text: string): string {
  return text.replace(/[^\s<>()"',;:]{1,64}@[^\s<>()"',;:]{1,253}/g, masked);
}

/** What a header may hold: line breaks and other control characters become one space. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this takes out
  return text.replace(/[\u0000-\u0020\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
}

function invalid(problem: string): GoblinError {
  return new GoblinError('INVALID_INPUT', {
    message: `this is not an address that mail can be sent to: ${problem}`,
  });
}
