/** A certificate for 127.0.0.1 that is trusted as its own authority, made by the openssl command. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestCredentials {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

export function testCredentials(days = 1): TestCredentials {
  const folder = mkdtempSync(join(tmpdir(), 'goblin-credentials-'));
  const [keyFile, certFile] = [join(folder, 'test.key'), join(folder, 'test.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = [
    '-days',
    String(days),
    '-subj',
    '/CN=test',
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:localhost',
  ];
  try {
    execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', keyFile, '-out', certFile], {
      stdio: 'ignore',
    });
    const cert = readFileSync(certFile);
    return { ca: cert, cert, key: readFileSync(keyFile) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
