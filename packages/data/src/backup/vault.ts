/** The store as backups use it: everything is compressed (zstd) and sealed before it leaves. */
import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createZstdCompress, createZstdDecompress, zstdCompress, zstdDecompress } from 'node:zlib';
import { GoblinError } from '@goblin/core';
import type { BlobInfo, BlobStore } from '../storage/blob-store.ts';
import type { BackupKey } from './backup-key.ts';
import { seal, unseal } from './seal.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

export interface Vault {
  readonly store: BlobStore;
  readonly key: BackupKey;
  /** @returns bytes as they are kept. @throws what `body` throws, and what the store does */
  put(name: string, body: AsyncIterable<Uint8Array>): Promise<number>;
  /** @throws NOT_FOUND, DATA_DAMAGED, FAILED_PRECONDITION for another key */
  get(name: string): AsyncIterable<Uint8Array>;
  /** For what fits into memory. */
  putBytes(name: string, bytes: Uint8Array): Promise<number>;
  getBytes(name: string): Promise<Buffer>;
  list(prefix: string): AsyncIterable<BlobInfo>;
  delete(name: string): Promise<void>;
}

export function vault(store: BlobStore, key: BackupKey): Vault {
  const put = async (name: string, compressed: AsyncIterable<Uint8Array>): Promise<number> =>
    (await store.put(name, seal(key, name, compressed))).size;
  const open = (name: string): AsyncIterable<Uint8Array> => unseal(key, name, store.get(name));
  return {
    store,
    key,
    put: (name, body) => put(name, through(body, createZstdCompress())),
    async *get(name) {
      try {
        yield* through(open(name), createZstdDecompress());
      } catch (error) {
        if (error instanceof GoblinError) throw error;
        throw new GoblinError('DATA_DAMAGED', { message: `${name} cannot be decompressed`, cause: error });
      }
    },
    putBytes: async (name, bytes) => put(name, Readable.from([await compress(bytes)])),
    async getBytes(name) {
      const parts: Uint8Array[] = [];
      for await (const part of open(name)) parts.push(part);
      return decompress(Buffer.concat(parts));
    },
    list: (prefix) => store.list(prefix),
    delete: (name) => store.delete(name),
  };
}

/** What comes out of a transformation. An error of the source comes out as it is. */
function through(
  source: AsyncIterable<Uint8Array>,
  transform: NodeJS.ReadWriteStream,
): AsyncIterable<Uint8Array> {
  return pipeline(Readable.from(source, { objectMode: false }), transform, () => {}) as unknown as Readable;
}
