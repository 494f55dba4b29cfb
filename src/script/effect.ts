/** One thing that a statement does, in plain words: "add column users.cpf varchar(14)". */
export interface Effect {
  readonly words: string;
  /** True where something that may hold data or that the application may use goes away. */
  readonly drops: boolean;
  /** The table or column that goes away with what it holds. */
  readonly holder?: Holder;
}

/** A table of the migrated schema, or one of its columns. */
export interface Holder {
  readonly table: string;
  readonly column?: string;
}
