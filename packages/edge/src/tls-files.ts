/** The certificate and key of the edge, read from files in PEM and again when these change. A pair that does not fit
 * (one file is replaced before the other, or a wrong one was put there) is logged and the old one stays in use until
 * the files change again. Connections that stand keep the certificate they began with. */
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { GoblinError, type Logger } from '@goblin/core';

/** Files are looked at this often: watching by events misses the symbolic links that engines mount secrets with. */
const LOOK_MS = 1_000;

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** What a listener takes. */
export type TlsPair = SecureContextOptions & { readonly cert: Buffer };

/** TLS 1.2 with forward secrecy and authenticated encryption, and TLS 1.3. After Mozilla's "intermediate" profile. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** @throws CONFIG_INVALID naming the files */
export async function readTls(files: TlsFiles): Promise<TlsPair> {
  try {
    const [cert, key] = await Promise.all([readFile(files.cert), readFile(files.key)]);
    const options: TlsPair = {
      cert,
      key,
      minVersion: 'TLSv1.2',
      ciphers: CIPHERS,
      honorCipherOrder: false,
    };
    createSecureContext(options);
    return options;
  } catch (cause) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `edge.tls: ${files.cert} and ${files.key} are not a certificate and its key in PEM: ${(cause as Error).message}`,
      cause,
    });
  }
}

/** Calls `use` with each new pair that fits. Returns what ends the watch. */
export function watchTls(files: TlsFiles, log: Logger, use: (pair: TlsPair) => void): () => void {
  async function look(): Promise<void> {
    try {
      use(await readTls(files));
      log.info({ cert: files.cert }, 'the edge uses a new certificate');
    } catch (error) {
      log.warn({ err: error }, 'the certificate files changed and cannot be used; the old ones stay in use');
    }
  }
  const paths = [files.cert, files.key];
  const onChange = (): void => void look();
  for (const path of paths) watchFile(path, { interval: LOOK_MS, persistent: false }, onChange);
  return () => {
    for (const path of paths) unwatchFile(path, onChange);
  };
}
