import { after, afterEach, describe } from 'node:test';
import { fatesContract } from './journal-contract-fates.ts';
import { keepingContract } from './journal-contract-keeping.ts';
import { orderContract } from './journal-contract-order.ts';
import { keepsToModel } from './journal-model.ts';
import { createScene, type Opened } from './journal-scene.ts';

/**
 * For tests: what every Journal promises. `create` makes an empty one with room for at least 16 MiB; the suite closes
 * what is open in the end. Clocks are real, so a test waits until something is so, and never sleeps.
 */
export const journalContract = (name: string, create: () => Promise<Opened>, skip: string | false = false): void => {
  describe(`${name} keeps the contract of a journal`, () => {
    const scene = createScene(create, skip);
    afterEach(() => scene.journal?.close());
    orderContract(scene);
    fatesContract(scene);
    keepingContract(scene);
    scene.holds('it does what a simple model of it does', t => keepsToModel(t, scene.journal));
    after(() => scene.journal?.close());
  });
};
