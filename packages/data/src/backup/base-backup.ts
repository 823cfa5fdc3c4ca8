/** A copy of the files of a running cluster, as PostgreSQL itself sends it (BASE_BACKUP, what pg_basebackup uses): it
 * compares the checksum of every page, leaves out what must not be copied, and ends with a list of the files with
 * their SHA-256. The files were read one after the other while they changed; the log from the start to the end of the
 * backup makes them whole again. */
import { GoblinError } from '@goblin/core';
import { lsnOf } from './lsn.ts';
import type { Replication } from './replication.ts';

export interface CopiedFile {
  /** Within the data directory. */
  readonly path: string;
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface BaseCopy {
  readonly timeline: number;
  /** The log is needed from here … */
  readonly startLsn: bigint;
  /** … to here. */
  readonly endLsn: bigint;
  readonly files: readonly CopiedFile[];
  /** PostgreSQL's own list, as it belongs into the data directory. */
  readonly list: Buffer;
}

export interface BaseBackup {
  /** The data directory as a tar archive. To be read to the end. */
  readonly tar: AsyncIterable<Uint8Array>;
  /** Known once `tar` has ended. */
  copied(): BaseCopy;
}

/** @throws FAILED_PRECONDITION for a cluster with tablespaces, DATA_DAMAGED when a page fails its checksum */
export function baseBackup(replication: Replication, label: string): BaseBackup {
  const list: Uint8Array[] = [];
  const command = `BASE_BACKUP (LABEL '${label}', CHECKPOINT 'fast', WAIT false, MANIFEST 'yes', MANIFEST_CHECKSUMS 'SHA256')`;

  async function* tar(): AsyncGenerator<Uint8Array> {
    let archives = 0;
    let isList = false;
    for await (const message of replication.stream(command)) {
      const body = message.subarray(1);
      switch (String.fromCharCode(message[0]!)) {
        case 'n':
          archives += 1;
          // The first one is the data directory: it is sent first only when there is no other.
          if (archives > 1 || !body.toString().startsWith('base.tar')) throw hasTablespaces();
          break;
        case 'm':
          isList = true;
          break;
        case 'd':
          if (isList) list.push(body);
          else yield body;
      }
    }
  }

  return {
    tar: explained(tar()),
    copied: () => readList(Buffer.concat(list)),
  };
}

interface ServerList {
  readonly Files: readonly {
    readonly Path?: string;
    readonly 'Encoded-Path'?: string;
    readonly Size: number;
    readonly Checksum: string;
  }[];
  readonly 'WAL-Ranges': readonly {
    readonly Timeline: number;
    readonly 'Start-LSN': string;
    readonly 'End-LSN': string;
  }[];
}

/** https://www.postgresql.org/docs/current/backup-manifest-format.html
 * @throws DATA_DAMAGED */
export function readList(list: Buffer): BaseCopy {
  const { Files, 'WAL-Ranges': ranges } = JSON.parse(list.toString()) as ServerList;
  const range = ranges[0];
  if (ranges.length !== 1 || !range) {
    throw new GoblinError('CONFLICT', {
      message: 'the server began a new timeline during the backup: make another one',
    });
  }
  return {
    timeline: range.Timeline,
    startLsn: lsnOf(range['Start-LSN']),
    endLsn: lsnOf(range['End-LSN']),
    files: Files.map(({ Path, 'Encoded-Path': encoded, Size, Checksum }) => ({
      path: Path ?? Buffer.from(encoded ?? '', 'hex').toString('latin1'),
      size: Size,
      sha256: Checksum,
    })),
    list,
  };
}

async function* explained(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* tar;
  } catch (error) {
    const { cause } = error as GoblinError;
    if (!/checksum/.test(String((cause as Error | undefined)?.message))) throw error;
    throw new GoblinError('DATA_DAMAGED', {
      message:
        'pages of the database fail their checksum, so no backup of it was made: look into its log for the files, and restore the last good backup',
      cause,
    });
  }
}

function hasTablespaces(): GoblinError {
  return new GoblinError('FAILED_PRECONDITION', {
    message:
      'this cluster has tablespaces, which Goblin does not back up: use pgBackRest (docs/guide/backup.md)',
  });
}
