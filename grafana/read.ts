/** What this folder needs to know of a dashboard that Grafana imports. */
export interface DashboardJson {
  readonly uid: string;
  readonly title: string;
  readonly links: readonly { readonly tags: readonly string[] }[];
  readonly tags: readonly string[];
  readonly templating: { readonly list: readonly VariableJson[] };
  readonly panels: readonly PanelJson[];
}

export interface VariableJson {
  readonly name: string;
  readonly type: string;
  readonly query: string;
  readonly datasource?: { readonly uid: string };
}

export interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly TargetJson[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string; readonly mappings?: readonly MappingJson[] } };
}

export interface TargetJson {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource?: { readonly uid: string };
}

interface MappingJson {
  readonly options: Readonly<Record<string, { readonly text: string }>>;
}

/** One series of an answer of Prometheus at one moment. */
export interface Point {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What stands in the place of a variable; those that are left out match everything. */
export type Chosen = Readonly<Record<string, string>>;

/** The expression that Grafana would send. `interval` stands for `$__rate_interval`, `range` for `$__range`. */
export const fillIn = (expression: string, interval: string, range: string, chosen: Chosen = {}): string =>
  expression
    .replaceAll('$__rate_interval', interval)
    .replaceAll('$__range', range)
    .replace(/\$(instance|app|hook|upstream)\b/g, (_, name: string) => chosen[name] ?? '.*');

/** The legend of one series. */
export const nameSeries = ({ legendFormat }: TargetJson, { metric }: Point): string =>
  legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '');

const inSeconds = (value: number): string =>
  value < 1 ? `${Number((value * 1000).toPrecision(3))} ms` : `${Number(value.toPrecision(3))} s`;

const FORMATS: Readonly<Record<string, (value: number) => string>> = {
  s: inSeconds,
  percentunit: value => `${(value * 100).toFixed(1)} %`,
  reqps: value => `${Number(value.toPrecision(3))} /s`,
  ops: value => `${Number(value.toPrecision(3))} /s`,
  bytes: value => `${(value / 1024).toFixed(1)} KiB`,
};

/** A value as the panel would show it. */
export const showValue = ({ fieldConfig }: PanelJson, value: number): string => {
  const { unit = '', mappings = [] } = fieldConfig?.defaults ?? {};
  const format = FORMATS[unit] ?? (shown => String(Number(shown.toPrecision(6))));
  return mappings[0]?.options[String(value)]?.text ?? format(value);
};
