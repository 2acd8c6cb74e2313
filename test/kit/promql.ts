import { parser } from '@prometheus-io/lezer-promql';

type SyntaxNode = ReturnType<typeof parser.parse>['topNode'];

/** A metric that an expression reads, and every label that it is asked for: in matchers, and in `by` around it. */
export interface Read {
  readonly metric: string;
  readonly labels: readonly string[];
}

const nodesIn = (node: SyntaxNode, type: string): SyntaxNode[] => {
  const found: SyntaxNode[] = [];
  node.cursor().iterate(at => {
    if (at.name === type) found.push(at.node);
  });
  return found;
};

/** All that `expression` reads. Throws, with the place, if it is no PromQL. */
export const readsOf = (expression: string): readonly Read[] => {
  const top = parser.parse(expression).topNode;
  const textOf = ({ from, to }: SyntaxNode): string => expression.slice(from, to);
  const wrong = nodesIn(top, '⚠')[0];
  if (wrong) throw new Error(`${expression}: not understood at ${wrong.from}: ${expression.slice(wrong.from)}`);
  const labelsIn = (node: SyntaxNode) => nodesIn(node, 'LabelName').map(textOf);
  const groupedBy = (node: SyntaxNode): string[] => {
    const labels: string[] = [];
    for (let above = node.parent; above; above = above.parent) {
      const modifier = above.name === 'AggregateExpr' ? above.getChild('AggregateModifier') : null;
      if (modifier) labels.push(...labelsIn(modifier));
    }
    return labels;
  };
  return nodesIn(top, 'VectorSelector').map(node => {
    const name = node.getChild('Identifier');
    return { metric: name ? textOf(name) : '', labels: [...labelsIn(node), ...groupedBy(node)] };
  });
};
