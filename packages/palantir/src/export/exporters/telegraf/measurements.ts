/** The measurements of Telegraf's plugins with their fields and types, for series that have their names: measurement and field, such as
 * `docker_container_mem` and `usage`, as our collectors and line protocol that came in make them. A field has one type for ever,
 * because InfluxDB refuses another. A text is here a label of the field's name, on a series that is 1. What is not listed goes out as
 * Telegraf's prometheus plugin (metric_version 1) writes values without a known type: the measurement is the metric, the field `value` is
 * a float. */

export type FieldType = 'integer' | 'float' | 'boolean' | 'text';

export interface FieldPlace {
  readonly measurement: string;
  readonly field: string;
  readonly type: FieldType;
}

interface Fields {
  readonly integer?: string;
  readonly float?: string;
  readonly boolean?: string;
  readonly text?: string;
}

const MEASUREMENTS: Readonly<Record<string, Fields>> = {
  docker: {
    integer: `n_containers n_containers_running n_containers_stopped n_containers_paused n_images n_goroutines n_cpus
      n_used_file_descriptors n_listener_events memory_total`,
  },
  docker_container_mem: {
    integer: `usage limit max_usage fail_count active_anon inactive_anon active_file inactive_file cache rss rss_huge mapped_file
      pgfault pgmajfault pgpgin pgpgout unevictable writeback`,
    float: 'usage_percent',
  },
  docker_container_cpu: {
    integer: `usage_total usage_in_usermode usage_in_kernelmode usage_system throttling_periods throttling_throttled_periods
      throttling_throttled_time`,
    float: 'usage_percent',
  },
  docker_container_net: {
    integer: 'rx_bytes rx_packets rx_errors rx_dropped tx_bytes tx_packets tx_errors tx_dropped',
  },
  docker_container_blkio: {
    integer: `io_service_bytes_recursive_read io_service_bytes_recursive_write io_service_bytes_recursive_total
      io_serviced_recursive_read io_serviced_recursive_write io_serviced_recursive_total`,
  },
  // `healthy` is ours.
  docker_container_health: { integer: 'failing_streak healthy', text: 'health_status' },
  docker_container_status: {
    integer: 'exitcode pid started_at finished_at uptime_ns restart_count',
    boolean: 'oomkilled',
  },
  docker_swarm: { integer: 'tasks_desired tasks_running' },
  http_response: { integer: 'http_response_code result_code content_length', float: 'response_time' },
  cpu: {
    float: `usage_user usage_system usage_idle usage_nice usage_iowait usage_irq usage_softirq usage_steal usage_guest
      usage_guest_nice usage_active`,
  },
  mem: {
    integer: `total available used free buffered cached active inactive slab shared dirty mapped swap_total swap_free swap_cached
      sreclaimable sunreclaim committed_as commit_limit`,
    float: 'used_percent available_percent',
  },
  swap: { integer: 'total used free in out', float: 'used_percent' },
  net: { integer: 'bytes_recv bytes_sent packets_recv packets_sent err_in err_out drop_in drop_out' },
  disk: {
    integer: 'total free used inodes_total inodes_free inodes_used',
    float: 'used_percent inodes_used_percent',
  },
  diskio: {
    integer:
      'reads writes read_bytes write_bytes read_time write_time io_time weighted_io_time iops_in_progress',
  },
  system: { integer: 'n_cpus n_users uptime', float: 'load1 load5 load15' },
  postgresql: {
    integer: `datid numbackends xact_commit xact_rollback blks_read blks_hit tup_returned tup_fetched tup_inserted tup_updated
      tup_deleted conflicts temp_files temp_bytes deadlocks buffers_alloc buffers_backend buffers_backend_fsync buffers_checkpoint
      buffers_clean checkpoints_req checkpoints_timed maxwritten_clean`,
    float: 'blk_read_time blk_write_time checkpoint_sync_time checkpoint_write_time',
  },
  nats: {
    integer: `uptime mem subscriptions in_msgs out_msgs in_bytes out_bytes connections total_connections routes remotes
      slow_consumers cores`,
    float: 'cpu',
  },
};

const PLACES: ReadonlyMap<string, FieldPlace> = new Map(
  Object.entries(MEASUREMENTS).flatMap(([measurement, fields]) =>
    Object.entries(fields).flatMap(([type, names]) =>
      (names as string)
        .split(/\s+/)
        .map((field): [string, FieldPlace] => [
          `${measurement}_${field}`,
          { measurement, field, type: type as FieldType },
        ]),
    ),
  ),
);

/** Where a series of this name belongs. Undefined where Telegraf has no such field. */
export function placeOf(metric: string): FieldPlace | undefined {
  return PLACES.get(metric);
}
