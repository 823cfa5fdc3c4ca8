export { type Edge, type EdgeOptions, startEdge } from './edge.ts';
export { DEFAULT_LIMITS, type EdgeLimits } from './limits.ts';
