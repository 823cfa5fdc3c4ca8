/** Which locks a statement takes, in words: what others cannot do meanwhile. After
 * https://www.postgresql.org/docs/current/explicit-locking.html */
import type { AlterTableCmd, Constraint, Node, RangeVar } from 'libpg-query';
import type { ParsedStatement } from './lint/parse.ts';
import { as, nameOf } from './lint/rule.ts';
import { objectName } from './lint/table-rules.ts';

const EXCLUSIVE = 'ACCESS EXCLUSIVE: nobody reads or writes it meanwhile';
const SHARE = 'SHARE: everybody reads it, nobody writes it meanwhile';
const SHARE_ROW = 'SHARE ROW EXCLUSIVE: everybody reads it, nobody writes it meanwhile';
const SHARE_UPDATE = 'SHARE UPDATE EXCLUSIVE: everybody reads and writes it';
const ROW = 'ROW EXCLUSIVE: everybody reads it; who writes the same rows waits';

/** The few steps of ALTER TABLE that let others go on. */
const LIGHT_STEPS: ReadonlySet<string> = new Set([
  'AT_ValidateConstraint',
  'AT_SetStatistics',
  'AT_ClusterOn',
  'AT_DropCluster',
  'AT_AttachPartition',
]);

/** `account: ACCESS EXCLUSIVE: nobody reads or writes it meanwhile`, a line for each table; none where it takes none that
 * matter. */
export function locksOf({ node }: ParsedStatement): string[] {
  const on = (table: RangeVar | undefined, lock: string): string[] =>
    table ? [`${nameOf(table)}: ${lock}`] : [];
  const statement = as<{ relation?: RangeVar; concurrent?: boolean; objects?: Node[]; relations?: Node[] }>(
    node,
    typeOf(node),
  );
  switch (typeOf(node)) {
    case 'IndexStmt':
      return on(statement?.relation, statement?.concurrent ? SHARE_UPDATE : SHARE);
    case 'CreateTrigStmt':
      return on(statement?.relation, SHARE_ROW);
    case 'RenameStmt':
    case 'RuleStmt':
    case 'ClusterStmt':
      return on(statement?.relation, EXCLUSIVE);
    case 'CreatePolicyStmt':
    case 'AlterPolicyStmt':
      return on(as<{ table?: RangeVar }>(node, typeOf(node))?.table, EXCLUSIVE);
    case 'InsertStmt':
    case 'UpdateStmt':
    case 'DeleteStmt':
      return on(statement?.relation, ROW);
    case 'AlterTableStmt':
      return ofAlterTable(statement?.relation, as<{ cmds?: Node[] }>(node, 'AlterTableStmt')?.cmds ?? []);
    case 'DropStmt':
      return (statement?.objects ?? []).map(
        (object) => `${objectName(object)}: ${statement?.concurrent ? SHARE_UPDATE : EXCLUSIVE}`,
      );
    case 'TruncateStmt':
    case 'LockStmt':
      return (statement?.relations ?? []).flatMap((table) => on(as(table, 'RangeVar'), EXCLUSIVE));
    case 'CreateStmt':
      return referencedBy(node).flatMap((table) => on(table, SHARE_ROW));
    default:
      return [];
  }
}

function typeOf(node: Node): string {
  return Object.keys(node)[0] ?? '';
}

function ofAlterTable(relation: RangeVar | undefined, steps: readonly Node[]): string[] {
  if (!relation) return [];
  const commands = steps.flatMap((step) => as<AlterTableCmd>(step, 'AlterTableCmd') ?? []);
  const isLight = commands.every(({ subtype = '' }) => LIGHT_STEPS.has(subtype));
  const isKey = commands.every(
    ({ def }) => def && as<Constraint>(def, 'Constraint')?.contype === 'CONSTR_FOREIGN',
  );
  const lock = isLight ? SHARE_UPDATE : isKey ? SHARE_ROW : EXCLUSIVE;
  const referenced = steps.flatMap(referencedBy).map((table) => `${nameOf(table)}: ${SHARE_ROW}`);
  return [`${nameOf(relation)}: ${lock}`, ...new Set(referenced)];
}

/** The tables to which foreign keys in this lead. */
function referencedBy(value: unknown): RangeVar[] {
  if (typeof value !== 'object' || value === null) return [];
  const { pktable } = value as { pktable?: RangeVar };
  return [...(pktable ? [pktable] : []), ...Object.values(value).flatMap(referencedBy)];
}
