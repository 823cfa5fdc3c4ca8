/** A store of blobs by one line of text, as a setting or an option has it, and as a module of a service. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ConfigReader, GoblinError, type Module, secret, setting } from '@goblin/core';
import type { BlobLinks } from './blob-links.ts';
import type { BlobStore } from './blob-store.ts';
import { directoryStore } from './directory-store.ts';
import { s3Store } from './s3/s3-store.ts';

export interface OpenStoreOptions {
  /** What a path that is not absolute begins at. Default: the working folder. */
  readonly cwd?: string;
  /** Of a directory. */
  readonly links?: BlobLinks | undefined;
}

/** @param location a path, a `file:` URL, or `s3://bucket[/prefix][?region=…&endpoint=https://…]`, for which S3_ACCESS_KEY_ID and
 * S3_SECRET_ACCESS_KEY are read.
 * @throws INVALID_INPUT for what is no location, CONFIG_INVALID, STORE_UNAVAILABLE */
export async function openBlobStore(
  location: string,
  config: ConfigReader,
  options: OpenStoreOptions = {},
): Promise<BlobStore> {
  const { links, cwd = '.' } = options;
  if (location.startsWith('s3:')) return openS3(location, config);
  if (/^\w+:\/\//.test(location) && !location.startsWith('file:')) throw notALocation(location);
  const path = location.startsWith('file:') ? fileURLToPath(location) : resolve(cwd, location);
  return directoryStore(path, links ? { links } : {});
}

function openS3(location: string, config: ConfigReader): Promise<BlobStore> {
  const { region, endpoint, bucket, prefix } = parseS3Location(location);
  const {
    S3_ACCESS_KEY_ID: id,
    S3_SECRET_ACCESS_KEY: key,
    S3_SESSION_TOKEN: token,
  } = config({
    S3_ACCESS_KEY_ID: secret({ description: 'access key of the S3 service' }),
    S3_SECRET_ACCESS_KEY: secret({ description: 'secret access key of the S3 service' }),
    S3_SESSION_TOKEN: secret({ optional: true, description: 'session token of temporary credentials' }),
  });
  return s3Store({
    bucket,
    ...(prefix !== '' && { prefix }),
    ...(region !== null && { region }),
    ...(endpoint !== null && { endpoint }),
    credentials: { accessKeyId: id.reveal(), secretAccessKey: key, sessionToken: token },
  });
}

function parseS3Location(location: string) {
  const [, bucket = '', path = '', query = ''] =
    /^s3:\/\/([^/?#]+)(?:\/([^?#]*))?(?:\?(.*))?$/.exec(location) ?? [];
  const parameters = new URLSearchParams(query);
  const known = new Set(['region', 'endpoint']);
  if (bucket === '' || [...parameters.keys()].some((name) => !known.has(name))) throw notALocation(location);
  return {
    bucket,
    prefix: path.replace(/\/$/, ''),
    region: parameters.get('region'),
    endpoint: parameters.get('endpoint'),
  };
}

function notALocation(location: string): GoblinError {
  return new GoblinError('INVALID_INPUT', {
    message: `${JSON.stringify(location)} is no place for blobs: name a folder, such as /var/lib/shop/blobs, or s3://bucket/prefix?region=…&endpoint=https://…`,
  });
}

export interface BlobStoreOptions {
  /** Where others get the blobs of a directory by presigned URLs. */
  readonly links?: BlobLinks;
}

/** The store that BLOB_STORE names; without it the folder `blobs` in the data folder of the project.
 * @example const files = await app.use(blobStore()); */
export function blobStore(options: BlobStoreOptions = {}): Module<BlobStore> {
  return {
    name: 'blobs',
    async start({ config, dataFolder }) {
      const { BLOB_STORE: location } = config({
        BLOB_STORE: setting.text({
          optional: true,
          description: 'Where blobs are kept: a folder, or s3://bucket/prefix?region=…&endpoint=…',
        }),
      });
      return openBlobStore(location ?? join(dataFolder, 'blobs'), config, { links: options.links });
    },
    stop: (store) => store.close(),
  };
}
