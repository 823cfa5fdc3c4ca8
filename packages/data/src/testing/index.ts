export {
  type RecordedLine,
  type RecordedSpan,
  type RecordingTelemetry,
  recordingTelemetry,
} from './recording-telemetry.ts';
export { type TestDatabaseOptions, testDatabase } from './test-database.ts';
