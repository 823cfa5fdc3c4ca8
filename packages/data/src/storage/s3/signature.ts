/** AWS Signature Version 4, as S3 and the services that are compatible with it want requests signed
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html): in a header, or in the query of a URL that
 * somebody else may use until it runs out. */
import { createHash, createHmac } from 'node:crypto';
import type { Secret } from '@goblin/core';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const SERVICE = 's3';
/** In place of a hash where the content is not known, as in a presigned URL. */
const UNSIGNED = 'UNSIGNED-PAYLOAD';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  /** Of temporary credentials. */
  readonly sessionToken?: Secret | undefined;
}

export interface Signer {
  readonly credentials: S3Credentials;
  readonly region: string;
}

export interface SignedRequest {
  readonly method: string;
  /** Without what signing adds to its query. */
  readonly url: URL;
  /** Names in lower case. `host` is added. */
  readonly headers: Readonly<Record<string, string>>;
}

export const EMPTY_SHA256: string = createHash('sha256').digest('hex');

/** The headers to send: those of the request, and what signing adds.
 * @param payloadSha256 of the content, in hex. @param now milliseconds since the Unix epoch */
export function signedHeaders(
  signer: Signer,
  request: SignedRequest,
  payloadSha256: string,
  now: number,
): Record<string, string> {
  const { credentials } = signer;
  const time = amzTime(now);
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.url.host,
    'x-amz-content-sha256': payloadSha256,
    'x-amz-date': time,
    ...(credentials.sessionToken && { 'x-amz-security-token': credentials.sessionToken.reveal() }),
  };
  const names = Object.keys(headers).sort();
  const signature = signatureOf(signer, { ...request, headers }, names, payloadSha256, time);
  headers.authorization = `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope(signer, time)}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return headers;
}

/** A URL that does this for whoever has it. The headers of the request have to be sent with it as they are.
 * @param expiresSeconds at most 7 days. @param now milliseconds since the Unix epoch */
export function presignedUrl(
  signer: Signer,
  request: SignedRequest,
  expiresSeconds: number,
  now: number,
): string {
  const { credentials } = signer;
  const time = amzTime(now);
  const headers: Record<string, string> = { ...request.headers, host: request.url.host };
  const names = Object.keys(headers).sort();
  const url = new URL(request.url);
  url.searchParams.set('X-Amz-Algorithm', ALGORITHM);
  url.searchParams.set('X-Amz-Credential', `${credentials.accessKeyId}/${scope(signer, time)}`);
  url.searchParams.set('X-Amz-Date', time);
  url.searchParams.set('X-Amz-Expires', String(expiresSeconds));
  url.searchParams.set('X-Amz-SignedHeaders', names.join(';'));
  if (credentials.sessionToken)
    url.searchParams.set('X-Amz-Security-Token', credentials.sessionToken.reveal());
  const signature = signatureOf(signer, { ...request, url, headers }, names, UNSIGNED, time);
  url.search = `${canonicalQuery(url)}&X-Amz-Signature=${signature}`;
  return url.href;
}

function signatureOf(
  signer: Signer,
  { method, url, headers }: SignedRequest,
  names: readonly string[],
  payload: string,
  time: string,
): string {
  const canonical = [
    method,
    url.pathname
      .split('/')
      .map((part) => encode(decodeURIComponent(part)))
      .join('/'),
    canonicalQuery(url),
    ...names.map((name) => `${name}:${headers[name]!.trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    payload,
  ].join('\n');
  const toSign = [ALGORITHM, time, scope(signer, time), sha256(canonical)].join('\n');
  const secret = `AWS4${signer.credentials.secretAccessKey.reveal()}`;
  const key = [time.slice(0, 8), signer.region, SERVICE, 'aws4_request'].reduce<string | Buffer>(
    hmac,
    secret,
  );
  return hmac(key, toSign).toString('hex');
}

function scope({ region }: Signer, time: string): string {
  return `${time.slice(0, 8)}/${region}/${SERVICE}/aws4_request`;
}

/** `20261120T120000Z` */
function amzTime(now: number): string {
  return new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** As it is signed, and as it has to be sent. */
export function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => (a < b || (a === b && x < y) ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** RFC 3986: everything but the unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
