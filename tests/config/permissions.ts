/** What reading YAML takes: the parser looks for its own debug switches in the environment. */
export const READS_YAML = { env: ["LOG_STREAM", "LOG_TOKENS"] };
