export { installMail } from '../mail-schema.ts';
export { mailContract } from './contract.ts';
export { mailProcedures } from './mail-procedures.ts';
