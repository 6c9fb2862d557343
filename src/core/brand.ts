declare const brand: unique symbol;

/** A primitive that only one file may mint, so that two ids of the same shape cannot be mixed up. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
