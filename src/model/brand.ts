/** Nominal typing for strings that must not be mixed up. Only the parser of a brand may create one. */
declare const brand: unique symbol;
export type Branded<Name extends string> = string & { readonly [brand]: Name };
