/** What is backed up, and where to. */
import type { EmbeddedServer } from '../embedded/embedded.ts';
import { superuserConfig } from '../embedded/provision.ts';
import { openReplication, type Replication } from './replication.ts';
import { openSession, type Session } from './session.ts';
import type { Vault } from './vault.ts';

export interface Site {
  readonly server: EmbeddedServer;
  readonly vault: Vault;
}

/** A database that is there in every cluster. */
export const ANY_DATABASE = 'postgres';

export function siteSession(
  { server }: Site,
  signal?: AbortSignal,
  database: string = ANY_DATABASE,
): Promise<Session> {
  return openSession(superuserConfig(server, database), whereOf(server), signal);
}

export function siteReplication({ server }: Site): Promise<Replication> {
  return openReplication(superuserConfig(server, ANY_DATABASE), whereOf(server));
}

function whereOf(server: EmbeddedServer): string {
  return `the embedded PostgreSQL in ${server.place.folder}`;
}

export interface Identity {
  readonly system: string;
  readonly timeline: number;
  readonly segmentBytes: number;
  /** `18.4` */
  readonly postgres: string;
}

export async function identify(session: Session): Promise<Identity> {
  const [row] = await session.rows<{ system: string; timeline: number; segment: string; version: string }>(`
    select (select system_identifier::text from pg_control_system()) as system,
           (select timeline_id from pg_control_checkpoint()) as timeline,
           (select setting from pg_settings where name = 'wal_segment_size') as segment,
           current_setting('server_version') as version`);
  const { system, timeline, segment, version } = row!;
  return { system, timeline, segmentBytes: Number(segment), postgres: version.split(' ')[0]! };
}
