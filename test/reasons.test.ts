import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SyntaxKind } from 'typescript/unstable/ast';
import { productSources } from '../scripts/sizes.ts';
import { lineOf, walk } from '../scripts/source-tree.ts';
import { SOURCES } from '../src/core/call.ts';
import { CODES } from '../src/core/errors.ts';
import { AccessLine } from '../src/observability/access-line.ts';
import { errorsDocument } from '../src/observability/errors-docs.ts';
import { createMetrics } from '../src/observability/metrics.ts';
import { answerNote } from '../src/server/respond.ts';
import { aCall, noGauges, OK } from './kit/hand-played.ts';

describe('the reasons', () => {
  test('are the same in header, log, metric and document', async () => {
    const metrics = createMetrics({ version: '1', gauges: noGauges });
    const lines = new AccessLine('none');
    for (const reason of CODES) {
      const answer = { ...OK, source: 'unavailable', reason } as const;
      const event = { type: 'answered', call: aCall(), answer, ms: 1 } as const;
      metrics.listen(event);
      assert.equal(answerNote(answer, 0), `unavailable; reason=${reason}`);
      assert.equal(JSON.parse(lines.answered(event)).reason, reason);
      assert.match(errorsDocument.render(), new RegExp(`^## ${reason}$`, 'm'));
    }
    const { body } = await metrics.render(false);
    const counted = [...body.matchAll(/^breakwater_answers_total\{.*reason="(\w*)"/gm)].map(([, reason]) => reason);
    assert.deepEqual(counted, CODES);
    assert.ok(SOURCES.length > 0);
  });

  test('can be no others: no source writes one by hand, or passes a text off as a code', () => {
    const known = new Set<string>(CODES);
    const found: string[] = [];
    let seen = 0;
    for (const { file, source } of productSources()) {
      // Why a stored event was given up is prose for an operator, and is told as detail.
      if (file.startsWith('src/delivery/') || file.startsWith('src/cli/')) continue;
      walk(source, node => {
        const text = node.getText(source);
        const at = `${file}:${lineOf(source, node)} ${text.slice(0, 60)}`;
        const [, written] = /^reason: '(.+)'$/.exec(text) ?? [];
        if (node.kind === SyntaxKind.PropertyAssignment && written !== undefined) {
          seen++;
          if (!known.has(written)) found.push(at);
        }
        const [, thrown] = /^new GatewayError\('(\w+)'/.exec(text) ?? [];
        if (node.kind === SyntaxKind.NewExpression && thrown !== undefined) {
          seen++;
          if (!known.has(thrown)) found.push(at);
        }
        const isCast = node.kind === SyntaxKind.AsExpression && /\bas Code\b/.test(text);
        if (isCast && file !== 'src/core/errors.ts') found.push(at);
      });
    }
    assert.ok(seen > 20, `${seen} reasons in the sources`);
    assert.deepEqual(found, []);
  });
});
