/** How full the file systems of the machine are. Only those on its own disks are asked, and the one at `/` whatever it is: a question
 * to a network file system whose server is gone may never be answered. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { SampleList } from '../sample-list.ts';
import { textOf } from './machine.ts';
import { type Mount, parseMountinfo } from './proc-files.ts';

const MAX_MOUNTS = 64;
/** These have no device of their own. */
const POOLED = new Set(['zfs', 'btrfs', 'apfs']);
/** What engines mount for their containers, whose disks are shown already. */
const ENGINE_MOUNT = /^\/(dev|proc|sys|snap|var\/lib\/(docker|containers|containerd|kubelet))(\/|$)/;

/** @param root where the machine's `/` is seen */
export async function addFileSystems(list: SampleList, proc: string, root: string): Promise<void> {
  const text = (await textOf(proc, '1/mountinfo')) ?? (await textOf(proc, 'self/mountinfo'));
  const mounts = text === undefined ? [ROOT] : ownMounts(parseMountinfo(text));
  await Promise.all(mounts.slice(0, MAX_MOUNTS).map((mount) => addFileSystem(list, mount, root)));
}

const ROOT: Mount = { id: '', mountpoint: '/', fstype: 'unknown', device: 'unknown' };

/** Each file system once, where it was mounted first. */
export function ownMounts(mounts: readonly Mount[]): Mount[] {
  const found = new Map<string, Mount>();
  for (const mount of mounts) {
    const { id, mountpoint, fstype, device } = mount;
    const isOwn = device.startsWith('/dev/') || POOLED.has(fstype) || mountpoint === '/';
    const isShown = mountpoint === '/' || !ENGINE_MOUNT.test(mountpoint);
    if (isOwn && isShown && fstype !== 'squashfs' && fstype !== 'iso9660' && !found.has(id))
      found.set(id, mount);
  }
  return [...found.values()];
}

async function addFileSystem(
  list: SampleList,
  { mountpoint, fstype, device }: Mount,
  root: string,
): Promise<void> {
  try {
    const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(join(root, mountpoint));
    const own = list.labelled({ mountpoint, fstype, device });
    own.add('node_filesystem_size_bytes', blocks * bsize);
    own.add('node_filesystem_free_bytes', bfree * bsize);
    own.add('node_filesystem_avail_bytes', bavail * bsize);
    own.add('node_filesystem_files', files);
    own.add('node_filesystem_files_free', ffree);
    // As df has it: what is kept for root counts for neither side.
    list.add('node_disk_free_ratio', bavail / (blocks - bfree + bavail), { mountpoint });
  } catch {
    // It was unmounted meanwhile, or is none of ours to see.
  }
}
