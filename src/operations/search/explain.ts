import { type Issue, issue } from '#errors';
import { mask } from '#resident-numbers';
import { describe } from '#search/model/describe.ts';
import type { Query } from '#search/model/query.ts';
import type { ExplainedStep, Page } from '#storage/store.ts';

/** Characters of the search in words. */
const longest = 2_000;
/** Steps that are told: rounds of includes may make many. */
const most = 200;

/**
 * How a page was found (`_explain`), an issue for each step. The numbers are those of rows in the index, also of resources that
 * the caller may not read: they tell how many there are of what the caller asked for, and nothing else of them.
 */
export function explanationOf(query: Query, page: Page, included: readonly Page[]): readonly Issue[] {
  const { types, where, sort, count } = query;
  const order = sort.map(({ param, descending }) => (descending ? `-${param}` : param)).join(', ');
  const of = types.length > 3 ? `${types.length} types` : types.join(', ');
  // Before it is cut: half a number is not known for one.
  const words = mask(describe(where));
  const shown = words.length > longest ? `${words.slice(0, longest)}…` : words;
  const asked = `search: ${of} where ${shown}; in the order of ${order === '' ? 'creation' : order}; ${count} a page`;
  const steps = [
    ...(page.explanation?.steps ?? []).map((step) => stepText('', step)),
    ...included.flatMap((p) => (p.explanation?.steps ?? []).map((step) => stepText('include, ', step))),
  ];
  const left = steps.length > most ? [`… ${steps.length - most} steps more`] : [];
  const all = [page, ...included].reduce((sum, p) => sum + (p.explanation?.milliseconds ?? 0), 0);
  const found = included.reduce((sum, p) => sum + p.found.length, page.found.length);
  const total = `in all: ${found} resources read for the page, ${milliseconds(all)}`;
  return [asked, ...steps.slice(0, most), ...left, total].map((text) =>
    issue('search-explained', { text }, undefined, 'information'),
  );
}

/** `start: code = 85354-9 — estimated 200 rows, 187 read, 0.4 ms`. */
function stepText(before: string, { step, part, estimated, rows, milliseconds: time }: ExplainedStep): string {
  const estimate = estimated === undefined ? '' : `estimated ${Math.round(estimated)} rows, `;
  const took = time === undefined ? '' : `, ${milliseconds(time)}`;
  return `${before}${step}: ${part} — ${estimate}${rows} read${took}`;
}

function milliseconds(time: number): string {
  return `${time.toFixed(time < 10 ? 2 : 0)} ms`;
}
