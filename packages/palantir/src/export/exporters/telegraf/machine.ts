/** What our node agent measures (under the names of Prometheus' node_exporter) in the words of Telegraf's cpu, mem, disk, diskio, net
 * and system plugins. */
import type { Labels } from '../../../model.ts';
import type { FieldPlace, FieldType } from './measurements.ts';

export interface MachineField extends FieldPlace {
  /** Names of tags by names of labels. */
  readonly tags: Readonly<Record<string, string>>;
  readonly factor: number;
}

const NONE = {};
const DISK = { mountpoint: 'path', fstype: 'fstype', device: 'device' };
const NAME = { device: 'name' };
const INTERFACE = { device: 'interface' };
const MS_PER_SECOND = 1_000;

function field(
  place: string,
  tags: Readonly<Record<string, string>> = NONE,
  type: FieldType = 'integer',
  factor = 1,
): MachineField {
  const [measurement = '', name = ''] = place.split('.');
  return { measurement, field: name, type, tags, factor };
}

const FIELDS: ReadonlyMap<string, MachineField> = new Map(
  Object.entries({
    node_memory_MemTotal_bytes: field('mem.total'),
    node_memory_MemAvailable_bytes: field('mem.available'),
    node_memory_MemFree_bytes: field('mem.free'),
    node_memory_Buffers_bytes: field('mem.buffered'),
    node_memory_Cached_bytes: field('mem.cached'),
    node_memory_Dirty_bytes: field('mem.dirty'),
    node_memory_Slab_bytes: field('mem.slab'),
    node_memory_Shmem_bytes: field('mem.shared'),
    node_memory_SwapTotal_bytes: field('mem.swap_total'),
    node_memory_SwapFree_bytes: field('mem.swap_free'),
    node_filesystem_size_bytes: field('disk.total', DISK),
    node_filesystem_avail_bytes: field('disk.free', DISK),
    // Not a field of its own: `used` is made of it.
    node_filesystem_free_bytes: field('disk.unused', DISK),
    node_filesystem_files: field('disk.inodes_total', DISK),
    node_filesystem_files_free: field('disk.inodes_free', DISK),
    node_disk_read_bytes_total: field('diskio.read_bytes', NAME),
    node_disk_written_bytes_total: field('diskio.write_bytes', NAME),
    node_disk_io_time_seconds_total: field('diskio.io_time', NAME, 'integer', MS_PER_SECOND),
    node_network_receive_bytes_total: field('net.bytes_recv', INTERFACE),
    node_network_transmit_bytes_total: field('net.bytes_sent', INTERFACE),
    node_network_receive_packets_total: field('net.packets_recv', INTERFACE),
    node_network_transmit_packets_total: field('net.packets_sent', INTERFACE),
    node_network_receive_errs_total: field('net.err_in', INTERFACE),
    node_network_transmit_errs_total: field('net.err_out', INTERFACE),
    node_network_receive_drop_total: field('net.drop_in', INTERFACE),
    node_network_transmit_drop_total: field('net.drop_out', INTERFACE),
    node_load1: field('system.load1', NONE, 'float'),
    node_load5: field('system.load5', NONE, 'float'),
    node_load15: field('system.load15', NONE, 'float'),
  }),
);

export function machineField(metric: string): MachineField | undefined {
  return FIELDS.get(metric);
}

/** The tags that Telegraf has: renamed, and a device without its folder. */
export function machineTags(labels: Labels, { tags }: MachineField): Labels {
  const renamed: Record<string, string> = {};
  for (const label in tags)
    if (Object.hasOwn(labels, label)) renamed[tags[label]!] = labels[label]!.replace(/^\/dev\//, '');
  return renamed;
}
