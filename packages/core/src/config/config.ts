/** Reads settings by a schema. See config/sources.ts for where they come from and which source wins. */
import type { Schema, SchemaOutput } from '../schema.ts';

/** Reads and validates the object that `schema` describes, one setting per field, named in UPPER_CASE.
 * All problems of one read are reported at once. @throws CONFIG_INVALID */
export type ConfigReader = <S extends Schema>(schema: S) => SchemaOutput<S>;
