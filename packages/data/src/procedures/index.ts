export { actingAs } from './acting-as.ts';
export { dataContract } from './contract.ts';
export { dataProcedures } from './data-procedures.ts';
