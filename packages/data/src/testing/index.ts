export { type TestDatabaseOptions, testDatabase } from './test-database.ts';
