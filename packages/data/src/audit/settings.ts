/** Where the key of the audit trail and the file of checkpoints are: in the data folder of the project, unless it is set
 * otherwise. On several machines the key has to be set, so that all sign with the same one. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ConfigReader, secret, setting } from '@goblin/core';
import { ensureSigningKey, type PublicKey, publicKey, type SigningKey, signingKey } from './signing-key.ts';

export interface AuditPlace {
  /** The file of checkpoints. */
  readonly checkpoints: string;
  /** Made where there is none. @throws CONFIG_INVALID */
  key(): Promise<SigningKey>;
  /** Undefined where there is none yet. @throws CONFIG_INVALID */
  publicKey(): Promise<PublicKey | undefined>;
}

/** @param dataFolder that of the project. */
export function auditPlace(dataFolder: string, config: ConfigReader): AuditPlace {
  const { AUDIT_KEY: key, AUDIT_CHECKPOINTS: checkpoints } = config({
    AUDIT_KEY: secret({
      optional: true,
      description: 'Ed25519 key in PEM that checkpoints of the audit trail are signed with',
    }),
    AUDIT_CHECKPOINTS: setting.text({
      optional: true,
      description: 'The file that gets a line for each checkpoint of the audit trail',
    }),
  });
  const folder = join(dataFolder, 'audit');
  const file = join(folder, 'signing-key.pem');
  return {
    checkpoints: resolve(checkpoints ?? join(folder, 'checkpoints.jsonl')),
    key: async () => (key ? signingKey(key.reveal(), 'AUDIT_KEY') : ensureSigningKey(file)),
    async publicKey() {
      if (key) return publicKey(key.reveal(), 'AUDIT_KEY');
      const pem = await readFile(file, 'utf8').catch((error) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      return pem === undefined ? undefined : publicKey(pem, file);
    },
  };
}
