import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  MappingType,
  type Panel,
  ThresholdsConfigBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as heat from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as SeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** Chosen at the top of each dashboard, so that none names a data source of somebody else's Grafana. */
export const DATA_SOURCE = { type: 'prometheus', uid: '${datasource}' } as const;

/** What every panel says. */
export interface Declaration {
  readonly title: string;
  /** A unit of Grafana: `s`, `reqps`, `percentunit`, `short`, `bytes`. */
  readonly unit: string;
  /** What is shown, and what to do when it looks bad. */
  readonly help: string;
  /** An expression for each legend; a legend may name labels: `{{app}}`. */
  readonly queries: Readonly<Record<string, string>>;
}

/** A number that turns orange and red from these values on. */
export interface Alarming extends Declaration {
  readonly orange: number;
  readonly red: number;
}

/** States by their number: what they are called, and a colour. */
export interface Stateful extends Declaration {
  readonly states: Readonly<Record<number, readonly [text: string, color: string]>>;
}

interface AnyBuilder extends Builder<Panel> {
  title(title: string): this;
  description(text: string): this;
  datasource(ref: common.DataSourceRef): this;
  unit(unit: string): this;
  withTarget(target: DataqueryBuilder): this;
}

const query = (legend: string, expression: string, at: number): DataqueryBuilder =>
  new DataqueryBuilder()
    .refId(String.fromCharCode(65 + at))
    .datasource(DATA_SOURCE)
    .expr(expression)
    .legendFormat(legend);

const fill = <B extends AnyBuilder>(
  builder: B,
  { title, unit, help, queries }: Declaration,
  adjust: (target: DataqueryBuilder) => DataqueryBuilder = target => target.range(),
): B => {
  builder.title(title).description(help).datasource(DATA_SOURCE).unit(unit);
  for (const [at, [legend, expression]] of Object.entries(queries).entries())
    builder.withTarget(adjust(query(legend, expression, at)));
  return builder;
};

/** From a series that has the label `app` to the dashboard of that app, at the same time. */
const toApp = (): DashboardLinkBuilder =>
  new DashboardLinkBuilder('One app: ${__field.labels.app}').url(
    '/d/breakwater-app?var-app=${__field.labels.app}&${datasource:queryparam}&${__url_time_range}',
  );

const legend = () =>
  new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(common.LegendDisplayMode.Table)
    .placement(common.LegendPlacement.Bottom)
    .calcs(['lastNotNull', 'max']);

const tooltip = () =>
  new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending);

/** Lines over time, from 0 up. */
export const lines = (declaration: Declaration): SeriesBuilder => {
  const panel = fill(new SeriesBuilder(), declaration).min(0).height(8).lineWidth(1).fillOpacity(5);
  const hasApp = Object.keys(declaration.queries).some(words => words.includes('{{app}}'));
  return (hasApp ? panel.dataLinks([toApp()]) : panel).legend(legend()).tooltip(tooltip());
};

/** Parts of a whole over time, one upon the other. */
export const stacked = (declaration: Declaration): SeriesBuilder =>
  lines(declaration).fillOpacity(60).stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));

/** How the durations of a histogram are spread over time; seconds go upwards. */
export const heatMap = (declaration: Declaration): heat.PanelBuilder =>
  fill(new heat.PanelBuilder(), declaration, target => target.range().format(PromQueryFormat.Heatmap))
    .height(8)
    .yAxis(new heat.YAxisConfigBuilder().unit('s'))
    .cellValues(new heat.CellValuesBuilder().unit(declaration.unit))
    .color(
      new heat.HeatmapColorOptionsBuilder().mode(heat.HeatmapColorMode.Scheme).scheme('Turbo').exponent(0.5).steps(64),
    );

/** One number: the last one. */
export const number = (declaration: Alarming): StatBuilder =>
  fill(new StatBuilder(), declaration)
    .height(4)
    .graphMode(common.BigValueGraphMode.Area)
    .colorMode(common.BigValueColorMode.Background)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .thresholds(
      new ThresholdsConfigBuilder().steps([
        { value: null, color: 'green' },
        { value: declaration.orange, color: 'orange' },
        { value: declaration.red, color: 'red' },
      ]),
    );

/** In which state each thing was when. */
export const timeline = (declaration: Stateful): TimelineBuilder => {
  const options = Object.fromEntries(
    Object.entries(declaration.states).map(([value, [text, color]], index) => [value, { text, color, index }]),
  );
  return fill(new TimelineBuilder(), declaration)
    .height(8)
    .showValue(common.VisibilityMode.Never)
    .mappings([{ type: MappingType.ValueToText, options }])
    .legend(new common.VizLegendOptionsBuilder().showLegend(true).placement(common.LegendPlacement.Bottom))
    .tooltip(tooltip());
};
