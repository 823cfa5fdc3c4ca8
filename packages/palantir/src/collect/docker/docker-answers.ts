/** What the Docker Engine answers, as far as it is read here. Everything may be missing in the answers of some version. */

export interface ContainerEntry {
  readonly Id: string;
  readonly Names: readonly string[] | null;
  readonly Image: string;
  readonly Created: number;
  /** created, restarting, running, removing, paused, exited or dead. */
  readonly State: string;
  /** For people: `Up 3 minutes (healthy)`. */
  readonly Status: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

export interface HealthResult {
  readonly End: string;
  readonly ExitCode: number;
  readonly Output: string;
}

export interface ContainerHealth {
  /** none, starting, healthy or unhealthy. */
  readonly Status: string;
  readonly FailingStreak: number;
  readonly Log?: readonly HealthResult[] | null;
}

export interface ContainerInspect {
  readonly State: {
    readonly Status: string;
    readonly OOMKilled: boolean;
    readonly ExitCode: number;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: ContainerHealth | null;
  };
  readonly RestartCount: number;
  readonly Config: { readonly Tty: boolean };
}

type BlockCounts = readonly { readonly op: string; readonly value: number }[] | null;

export interface ContainerStats {
  readonly cpu_stats?: {
    readonly cpu_usage?: { readonly total_usage?: number };
    readonly system_cpu_usage?: number;
    readonly online_cpus?: number;
    readonly throttling_data?: { readonly throttled_periods?: number; readonly throttled_time?: number };
  };
  readonly memory_stats?: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly networks?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly blkio_stats?: { readonly io_service_bytes_recursive?: BlockCounts };
  readonly pids_stats?: { readonly current?: number };
}

export interface SwarmNodeEntry {
  readonly ID: string;
  readonly UpdatedAt: string;
  readonly Spec: { readonly Role: string; readonly Availability: string };
  readonly Description?: { readonly Hostname?: string };
  /** unknown, down, ready or disconnected. */
  readonly Status: { readonly State: string; readonly Message?: string };
}

export interface ResourceEntry {
  /** Billionths of a CPU. */
  readonly NanoCPUs?: number;
  readonly MemoryBytes?: number;
}

export interface SwarmServiceEntry {
  readonly ID: string;
  readonly Spec: {
    readonly Name: string;
    readonly Mode: Readonly<Record<string, { readonly Replicas?: number } | undefined>>;
    readonly TaskTemplate?: {
      readonly Resources?: {
        readonly Limits?: ResourceEntry | null;
        readonly Reservations?: ResourceEntry | null;
      } | null;
    };
  };
  readonly ServiceStatus?: { readonly RunningTasks: number; readonly DesiredTasks: number };
}

export interface SwarmTaskEntry {
  readonly ID: string;
  readonly CreatedAt: string;
  readonly ServiceID: string;
  /** 0 for the tasks of a global service, which has one on each node. */
  readonly Slot?: number;
  readonly NodeID?: string;
  readonly DesiredState: string;
  readonly Spec: { readonly ContainerSpec?: { readonly Image?: string } };
  readonly Status: {
    readonly Timestamp: string;
    readonly State: string;
    readonly Message?: string;
    readonly Err?: string;
    readonly ContainerStatus?: { readonly ContainerID?: string };
  };
}
