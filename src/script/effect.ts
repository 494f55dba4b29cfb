/** One thing that a statement does, in plain words: "add column users.cpf varchar(14)". */
export interface Effect {
  readonly words: string;
  /** True where something that may hold data or that the application may use goes away. */
  readonly drops: boolean;
  /** The table or column that goes away with what it holds. */
  readonly holder?: Holder;
}

/** A table, or one of its columns, as a statement names it. */
export interface Holder {
  /** Undefined where the search path finds the table: in the schema that is migrated. */
  readonly schema?: string | undefined;
  readonly table: string;
  readonly column?: string;
}

/** `users.cpf`, or `billing.users.cpf` where the script names a schema. */
export function holderName({ schema, table, column }: Holder): string {
  return [schema, table, column].filter((part) => part !== undefined).join(".");
}
