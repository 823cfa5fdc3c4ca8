/** The key that checkpoints of the audit trail are signed with: Ed25519 (RFC 8032), PKCS #8 in PEM, as
 * `openssl genpkey -algorithm ed25519` makes it. Whoever has it can forge checkpoints, so it is kept apart from the database;
 * the public key says whether they are genuine and may be known to everybody. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createPrivateFile, GoblinError } from '@goblin/core';

const ID_CHARACTERS = 16;

export interface PublicKey {
  /** The first 64 bits of the key's SHA-256, in hex. */
  readonly id: string;
  /** SubjectPublicKeyInfo in PEM. */
  readonly pem: string;
  /** Whether this key has made the signature. */
  verifies(text: string, signature: Uint8Array): boolean;
}

export interface SigningKey {
  readonly publicKey: PublicKey;
  sign(text: string): Buffer;
}

/** @param from where the text comes from, for a person. @throws CONFIG_INVALID */
export function signingKey(pem: string, from: string): SigningKey {
  const secret = ed25519(() => createPrivateKey(pem), from);
  return {
    publicKey: wrap(createPublicKey(secret)),
    sign: (text) => sign(null, Buffer.from(text), secret),
  };
}

/** Of a public key in PEM, or of a private one. @throws CONFIG_INVALID */
export function publicKey(pem: string, from: string): PublicKey {
  return wrap(ed25519(() => createPublicKey(pem), from));
}

/** The key of this file, made where there is none. @throws CONFIG_INVALID */
export async function ensureSigningKey(file: string): Promise<SigningKey> {
  try {
    const pem = await readFile(file, 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (pem === undefined) await createPrivateFile(file, newPem());
    return signingKey(pem ?? (await readFile(file, 'utf8')), file);
  } catch (cause) {
    if (cause instanceof GoblinError) throw cause;
    throw new GoblinError('CONFIG_INVALID', {
      message: `the key of the audit trail cannot be read or made (${(cause as Error).message}): put it into a file and set AUDIT_KEY_FILE`,
      cause,
    });
  }
}

function newPem(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function ed25519(read: () => KeyObject, from: string): KeyObject {
  try {
    const key = read();
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {}
  throw new GoblinError('CONFIG_INVALID', {
    message: `${from} holds no key for the audit trail: it has to be what \`openssl genpkey -algorithm ed25519\` prints`,
  });
}

function wrap(key: KeyObject): PublicKey {
  const der = key.export({ type: 'spki', format: 'der' });
  return {
    id: createHash('sha256').update(der).digest('hex').slice(0, ID_CHARACTERS),
    pem: key.export({ type: 'spki', format: 'pem' }).toString(),
    verifies: (text, signature) => verify(null, Buffer.from(text), key, signature),
  };
}
