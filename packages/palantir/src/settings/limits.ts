/** What settings may ask of whoever reads them. All of it is told as a mistake with its place, never thrown. */

export const MAX_FILES = 100;
export const MAX_FILE_BYTES = 1_048_576;
/** Of all files together. */
export const MAX_TOTAL_BYTES = 8 * 1_048_576;
/** Lists and maps within each other, with what aliases bring in. */
export const MAX_DEPTH = 50;
/** Values of one file, each alias and merge counted with all that it brings in. */
export const MAX_VALUES = 100_000;
/** Problems that are told; a file that is no YAML at all has one in each line. */
export const MAX_PROBLEMS = 100;
