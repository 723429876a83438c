/** A text that prints as `<secret>` wherever it is logged, rendered or put into JSON. @module */

/** Holds a password or a token; only {@linkcode Secret.reveal} gives it away. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself, for the one place that sends it. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return "<secret>";
  }

  toJSON(): string {
    return "<secret>";
  }

  [Symbol.for("Deno.customInspect")](): string {
    return "<secret>";
  }
}
