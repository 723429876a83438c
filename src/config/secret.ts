/** A text that is shown as `<secret>` when it is logged, rendered or converted to JSON. @module */

/** Holds a password or a token. Only {@linkcode Secret.reveal} returns it. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Returns the text itself, for the code that sends it. */
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
