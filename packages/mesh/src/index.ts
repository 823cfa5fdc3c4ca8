export {
  type Admission,
  type AdmissionLimits,
  type AdmissionOptions,
  createAdmission,
} from './admission/admission.ts';
export * from './balance/balancer.ts';
export type {
  CallsView,
  EjectionView,
  PeerView,
  ProcedureView,
  TargetView,
} from './balance/target-view.ts';
export type { PeerTreatment } from './balance/treatment.ts';
export { observeCertificate } from './certificate-expiry.ts';
export * from './control/control-door.ts';
export { CONTROL_PATH, MAX_ORDER_BYTES } from './control/order-message.ts';
export * from './control/orders.ts';
export * from './control/send-order.ts';
export { beacon } from './discovery/beacon.ts';
export { type BeaconOptions, beaconPort, parseBeaconSetting } from './discovery/beacon-setting.ts';
export type { BeaconScope } from './discovery/beacon-sockets.ts';
export { type ClusterKeyOptions, clusterKey } from './discovery/cluster-key.ts';
export * from './discovery/directory.ts';
export { type DnsOptions, dns, parseDnsSetting } from './discovery/dns.ts';
export { file } from './discovery/file.ts';
export * from './discovery/finder.ts';
export { localClusterKey } from './discovery/local-cluster-key.ts';
export { EXCHANGE_PATH, MAX_EXCHANGE_BYTES, type PeerExchange } from './discovery/peer-exchange.ts';
export { parseSeedsSetting, seeds } from './discovery/seeds.ts';
export * from './dispatcher.ts';
export { type BulkheadOptions, bulkhead } from './filters/bulkhead.ts';
export { type CachedOptions, cached } from './filters/cached.ts';
export type { Caller } from './filters/caller-key.ts';
export { type CollapseOptions, collapse } from './filters/collapse.ts';
export * from './filters/fault-spec.ts';
export * from './filters/faults.ts';
export type { FilterOptions } from './filters/filter-options.ts';
export { type RateLimitOptions, rateLimit } from './filters/rate-limit.ts';
export { type KeyOf, readKey } from './filters/read-key.ts';
export * from './host.ts';
export * from './http/http-server.ts';
export { type HttpTransportOptions, httpTransport } from './http/http-transport.ts';
export { NOT_STARTED_HEADER } from './http/refusal-headers.ts';
export type { LinkLimits } from './link/hello.ts';
export { type LinkServer, type LinkServerOptions, linkServer } from './link/link-server.ts';
export { type LinkCredentials, type LinkTransportOptions, linkTransport } from './link/link-transport.ts';
export * from './mesh.ts';
export { meshTransport } from './mesh-transport.ts';
export * from './peer.ts';
export { type Sleuth, type SleuthOptions, type SleuthService, sleuth } from './sleuth/sleuth.ts';
export type { SleuthInit } from './sleuth/sleuth-client.ts';
export type { SleuthHandler } from './sleuth/sleuth-server.ts';
export type { SleuthPeer } from './sleuth/sleuth-services.ts';
export { parseSleuthSetting, type SleuthPlace } from './sleuth/sleuth-setting.ts';
export * from './test-platform.ts';
export * from './transport.ts';
