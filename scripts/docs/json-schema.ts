import { renderJsonSchema } from '../../src/config/json-schema.ts';

/** What editors complete and check configurations with. */
export const jsonSchema = { file: 'config/breakwater.schema.json', render: renderJsonSchema };
