import { journalContract } from '../../src/delivery/journal-contract.ts';
import { sqliteForContract } from '../kit/journal.ts';

journalContract('SQLite', sqliteForContract());
