import payments from './goblin.config.ts';
export default { ...payments, palantir: undefined };
