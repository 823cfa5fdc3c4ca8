/** Seals what peers of one cluster send each other, so that strangers on the network can neither read it nor
 * add to it. That gives membership, not identity: whoever has the secret is a member.
 *
 * A sealed message is `version 1 byte | key id 1 | nonce 24 | AES-256-GCM ciphertext | tag 16`. The cluster's
 * key is derived from the secret by HKDF-SHA-256 with the cluster's name; each message has a key of its own,
 * HMAC-SHA-256 of the nonce's first half, so that random nonces never wear the key out however long it lives.
 * The key id is derived too: several secrets can be held at once, the first seals and all open, which is how
 * a secret is replaced: add the new one behind everywhere, then put it first, then drop the old one. */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { GoblinError } from '@goblin/core';
import type { ClusterKey } from './finder.ts';

const VERSION = 1;
const HEAD_BYTES = 2;
const HALF_NONCE_BYTES = 12;
const NONCE_BYTES = 2 * HALF_NONCE_BYTES;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
const MIN_SECRET_LENGTH = 16;

/** How much longer a message is sealed. */
export const SEAL_BYTES: number = HEAD_BYTES + NONCE_BYTES + TAG_BYTES;

export interface ClusterKeyOptions {
  /** Names the cluster; peers of others are not heard although they have the same secret. */
  readonly cluster: string;
  /** At least 16 characters that cannot be guessed. Of several, the first seals and all open. */
  readonly secret: string | readonly string[];
}

interface Key {
  readonly id: number;
  readonly bytes: Buffer;
}

/** @throws CONFIG_INVALID when a secret is missing or too short. */
export function clusterKey({ cluster, secret }: ClusterKeyOptions): ClusterKey {
  const keys = (typeof secret === 'string' ? [secret] : secret).map((text) => derive(cluster, text));
  const sealing = keys[0];
  if (!sealing) throw new GoblinError('CONFIG_INVALID', { message: `cluster ${cluster} has no secret` });
  return {
    cluster,
    seal: (plain) => seal(sealing, plain),
    open(sealed) {
      if (sealed.length < SEAL_BYTES || sealed[0] !== VERSION) return undefined;
      for (const key of keys) {
        if (key.id !== sealed[1]) continue;
        const plain = open(key, sealed);
        if (plain) return plain;
      }
      return undefined;
    },
  };
}

function derive(cluster: string, secret: string): Key {
  if (secret.length < MIN_SECRET_LENGTH) {
    throw new GoblinError('CONFIG_INVALID', {
      message: `the secret of cluster ${cluster} has ${secret.length} characters: give at least ${MIN_SECRET_LENGTH} random ones (openssl rand -hex 32)`,
    });
  }
  const derived = Buffer.from(hkdfSync('sha256', secret, 'goblin cluster key', `v1 ${cluster}`, 33));
  return { id: derived[32]!, bytes: derived.subarray(0, 32) };
}

function messageKey(key: Key, nonce: Uint8Array): Buffer {
  return createHmac('sha256', key.bytes).update(nonce.subarray(0, HALF_NONCE_BYTES)).digest();
}

function seal(key: Key, plain: Uint8Array): Uint8Array {
  const head = Buffer.from([VERSION, key.id]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, messageKey(key, nonce), nonce.subarray(HALF_NONCE_BYTES));
  cipher.setAAD(head);
  return Buffer.concat([head, nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Key, sealed: Uint8Array): Uint8Array | undefined {
  const nonce = sealed.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, messageKey(key, nonce), nonce.subarray(HALF_NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(sealed.subarray(0, HEAD_BYTES));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const plain = decipher.update(sealed.subarray(HEAD_BYTES + NONCE_BYTES, sealed.length - TAG_BYTES));
    decipher.final();
    return plain;
  } catch {
    return undefined;
  }
}
