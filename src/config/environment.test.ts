// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text ${…} is what these tests are about
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { substitute } from './environment.ts';

const env = { NAME: 'value', EMPTY: '', DOLLARS: '$& $1 ${NAME}' };

test('a set variable is replaced, in the midst of a text and more than once', () => {
  assert.equal(substitute('a-${NAME}-${NAME}', env).text, 'a-value-value');
});

test('the default stands in for a variable that is not set or empty, and may be empty itself', () => {
  assert.equal(substitute('${NOT_SET:-x y}${EMPTY:-z}${NOT_SET:-}', env).text, 'x yz');
});

test('an empty variable without a default is empty, and no error', () => {
  assert.deepEqual(substitute('<${EMPTY}>', env), { text: '<>', variables: ['EMPTY'], errors: [] });
});

test('a variable that is not set is an error that names it and the remedy', () => {
  const { errors } = substitute('${NOT_SET}', env);
  assert.deepEqual(errors, ['${NOT_SET} is not set; set the variable, or write ${NOT_SET:-default}']);
});

test('$${ stands for itself without the first dollar, and is no variable', () => {
  assert.deepEqual(substitute('$${NAME}', env), { text: '${NAME}', variables: [], errors: [] });
});

test('a value is taken as it is: what looks like a variable or a pattern in it stays', () => {
  assert.equal(substitute('${DOLLARS}', env).text, '$& $1 ${NAME}');
});

test('a name that cannot be one, or that does not end, is an error', () => {
  for (const text of ['${}', '${a b}', '${1A}', '${NAME', '${NAME:+x}']) {
    assert.match(substitute(text, env).errors[0] ?? '', /is no variable; write \$\{NAME\}/, text);
  }
});

test('text without ${ comes back unchanged', () => {
  const plain = fc.string().filter(text => !text.includes('${'));
  fc.assert(fc.property(plain, text => substitute(text, env).text === text));
});
