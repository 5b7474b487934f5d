import type { ParametersParameter, Resource } from '@medplum/fhirtypes';
import type { OperationLevel, OperationParameter } from './operation.ts';

/** The value of an R4 type, by its name: of a data type what `value[x]` holds, of a resource type the resource. */
type ValueOfType<T extends string> = `value${Capitalize<T>}` extends infer Key extends keyof ParametersParameter
  ? NonNullable<ParametersParameter[Key]>
  : T extends 'Resource'
    ? Resource
    : Extract<Resource, { readonly resourceType: T }>;

type ValueOfParameter<P> = P extends { readonly parts: infer Parts extends readonly OperationParameter[] }
  ? OperationInput<Parts>
  : P extends { readonly type: infer T extends string }
    ? ValueOfType<T>
    : never;

type ByCardinality<P> = P extends { readonly max: '*' }
  ? readonly ValueOfParameter<P>[]
  : P extends { readonly levels: readonly OperationLevel[] } | { readonly min: 0 }
    ? ValueOfParameter<P> | undefined
    : ValueOfParameter<P>;

/**
 * What a request gives the `in` parameters of an operation, by their names: the value; where there may be several a list; undefined where
 * there is none.
 */
export type OperationInput<P extends readonly OperationParameter[]> = {
  readonly [K in Extract<P[number], { readonly use: 'in' }> as K['name']]: ByCardinality<K>;
};
