import { createRequire } from 'node:module';
import { type Issue, issue } from '#errors';
import { limits } from '#limits';
import { fhirHelpers, fhirModelInfo } from './models/fhir.ts';
import { unreadable } from './refusals.ts';
import { ucum } from './ucum.ts';

/** The text of one CQL library. */
export interface CqlText {
  readonly name: string;
  readonly version: string;
  readonly text: string;
}

/** ELM as the translator prints it (`{ library: … }`); what engines read of it is in elm.ts. */
export interface ElmJson {
  readonly library: {
    readonly identifier: { readonly id: string; readonly version?: string };
    readonly annotation?: readonly Annotation[];
  };
}

interface Annotation {
  readonly type?: string;
  readonly libraryId?: string;
  readonly startLine?: number;
  readonly startChar?: number;
  readonly message?: string;
  readonly errorSeverity?: string;
}

export interface Translation {
  /** The named library first, then those it includes; empty if there are errors. */
  readonly libraries: readonly ElmJson[];
  /** Everything the translator said, with library, line and column. */
  readonly issues: readonly Issue[];
}

/**
 * Translates CQL libraries to ELM (CQL specification, appendix B), each with those it includes. `texts` holds every
 * library that may be included, save FHIRHelpers, which is ours. Blocks its thread for seconds: the FHIR model is read at
 * the first call, and each included library is translated once a call.
 */
export async function translate(mains: readonly CqlText[], texts: readonly CqlText[]): Promise<readonly Translation[]> {
  const { cqlToElm, models, units } = await translatorTools();
  const { CqlCompilerOptions, CqlTranslator, LibraryManager, createLibrarySourceProvider, stringAsSource } = cqlToElm;
  const { EnableLocators, DisableListDemotion, DisableListPromotion } = CqlCompilerOptions.Options;
  const options = CqlCompilerOptions.defaultOptions();
  options.options.asJsSetView().clear();
  options.setOptions([EnableLocators, DisableListDemotion, DisableListPromotion]);
  const manager = new LibraryManager(models, options, undefined, units);
  const asked = new Map<string, number>();
  manager.librarySourceLoader.registerProvider(
    createLibrarySourceProvider((name, _system, version) => {
      // A library that was translated is not asked for again; the translator follows a circle until its memory is used up.
      const times = (asked.get(name) ?? 0) + 1;
      asked.set(name, times);
      if (times > limits['cql-libraries'].most)
        throw new Error(`the library ${name} includes itself, by others or directly`);
      const found = texts.find((t) => t.name === name && (version == null || t.version === version));
      if (found !== undefined) return stringAsSource(found.text);
      return name === 'FHIRHelpers' && (version == null || version === '4.0.1') ? stringAsSource(fhirHelpers()) : null;
    }),
  );
  const translateOne = (main: CqlText): Translation => {
    const translator = CqlTranslator.fromText(main.text, manager);
    const elm: ElmJson = JSON.parse(translator.toJson());
    const said = (elm.library.annotation ?? []).filter((a) => a.type === 'CqlToElmError');
    const issues = said.map((a) => described(a, main));
    if (issues.some((i) => i.severity === 'error')) return { libraries: [], issues };
    const included = [...translator.libraries.asJsReadonlyMapView().values()]
      .flatMap((library): ElmJson[] => (library == null ? [] : [JSON.parse(CqlTranslator.convertToJson(library))]))
      .filter((l) => l.library.identifier.id !== elm.library.identifier.id);
    return { libraries: [elm, ...included], issues };
  };
  return mains.map((main) => {
    try {
      return translateOne(main);
    } catch (error) {
      // Models that a translation was lost in the middle of are not trusted with the next.
      loading = undefined;
      return { libraries: [], issues: unreadable(main.name, error).issues };
    }
  });
}

function described(a: Annotation, main: CqlText): Issue {
  const at = `${a.libraryId ?? main.name} ${a.startLine ?? 0}:${a.startChar ?? 0}`;
  const text = `CQL ${at}: ${a.message ?? 'not valid'}`;
  return issue('measure-not-evaluable', { text }, undefined, a.errorSeverity === 'error' ? 'error' : 'warning');
}

type Tools = Awaited<ReturnType<typeof load>>;
let loading: Promise<Tools> | undefined;

function translatorTools(): Promise<Tools> {
  loading ??= load();
  return loading;
}

async function load() {
  // The Kotlin output asks for CommonJS modules (saxes, js-joda) with a global `require`, which ES modules lack.
  if (!('require' in globalThis)) Object.assign(globalThis, { require: createRequire(import.meta.url) });
  const cqlToElm = await import('@cqframework/cql/cql-to-elm');
  const { SystemModelInfoProvider } = await import('@cqframework/cql/cql');
  const models = new cqlToElm.ModelManager();
  models.modelInfoLoader.registerModelInfoProvider(new SystemModelInfoProvider());
  models.modelInfoLoader.registerModelInfoProvider(
    cqlToElm.createModelInfoProvider((name, _system, version) =>
      name === 'FHIR' && (version == null || version === '4.0.1') ? cqlToElm.stringAsSource(fhirModelInfo()) : null,
    ),
  );
  return { cqlToElm, models, units: await ucum(cqlToElm) };
}
