/** Reads the worker's configuration from its environment: every variable is checked at the start, by name. */

/** Looks a variable up; an empty one counts as unset. */
export type Environment = (name: string) => string | undefined;

/** Everything that can be set from outside; times are milliseconds. */
export interface Configuration {
  supabaseUrl: string;
  /** The Data API. */
  restUrl: string;
  secretKey: string;
  allowedOrigins: "*" | string[];
  rateLimitPerMinute: number;
  maxConcurrent: number;
  timeoutMs: number;
  firstTokenTimeoutMs: number;
  idleTimeoutMs: number;
  pingMs: number;
  beatMs: number;
  leaseMs: number;
  /** The worker's memory; half of it is the budget for what users and providers fill. */
  memoryBytes: number;
  /** Lower-case host names a bot may call; null: any public one. */
  providerHosts: string[] | null;
  allowPrivateProviders: boolean;
  /** How providers are called: over a connection of the relay's own, or by the runtime's fetch. */
  transport: "connection" | "fetch";
  /** True for the stack of Supabase's CLI, whose workers and clients see the project under different addresses. */
  isLocalStack: boolean;
  /** The legacy HS256 secret; null: HS256 is refused. */
  jwtSecret: string | null;
  jwksUrl: string;
  /** What `iss` must be; null: it follows from the project's URL. */
  jwtIssuer: string | null;
  allowAnonymous: boolean;
  /** Whether a second factor is required of every user. */
  requireAal2: boolean;
  /** The OAuth clients that may act for a user; null: none. */
  oauthClients: "*" | string[] | null;
  /** The token that a scrape of /metrics must bring; null: there are no metrics. */
  metricsToken: string | null;
}

/** Throws a RangeError that names the first variable that cannot be used. */
export function readConfiguration(environment: Environment): Configuration {
  const get = (name: string) => environment(name)?.trim() || undefined;
  const supabaseUrl = projectUrl(required("SUPABASE_URL", get("SUPABASE_URL")));
  const isLocalStack = new URL(supabaseUrl).hostname === "kong";
  const configuration: Configuration = {
    supabaseUrl,
    restUrl: url("SUPABASE_REST_URL", get("SUPABASE_REST_URL") ?? `${supabaseUrl}/rest/v1`),
    secretKey: secretKey(get),
    allowedOrigins: origins(get("RELAY_ALLOWED_ORIGINS") ?? "*"),
    rateLimitPerMinute: integer(get, "RELAY_RATE_LIMIT_PER_MINUTE", 5, 1, 100_000),
    maxConcurrent: integer(get, "RELAY_MAX_CONCURRENT", 3, 1, 100_000),
    timeoutMs: integer(get, "RELAY_TIMEOUT_MS", 120_000, 100, 3_600_000),
    firstTokenTimeoutMs: integer(get, "RELAY_FIRST_TOKEN_TIMEOUT_MS", 60_000, 100, 3_600_000),
    idleTimeoutMs: integer(get, "RELAY_IDLE_TIMEOUT_MS", 30_000, 100, 3_600_000),
    pingMs: integer(get, "RELAY_PING_MS", 4_000, 50, 120_000),
    beatMs: integer(get, "RELAY_BEAT_MS", 1_000, 50, 60_000),
    leaseMs: integer(get, "RELAY_LEASE_MS", 15_000, 200, 600_000),
    memoryBytes: integer(get, "RELAY_MEMORY_BYTES", 268_435_456, 67_108_864, 68_719_476_736),
    providerHosts: hosts(get("RELAY_PROVIDER_HOSTS")),
    allowPrivateProviders: boolean(get, "RELAY_ALLOW_PRIVATE_PROVIDERS"),
    transport: transport(get),
    isLocalStack,
    jwtSecret: get("RELAY_JWT_SECRET") ?? (isLocalStack ? symmetricKey(get("SUPABASE_JWKS")) : null),
    jwksUrl: jwksUrl(get, supabaseUrl),
    jwtIssuer: get("RELAY_JWT_ISSUER") ?? null,
    allowAnonymous: boolean(get, "RELAY_ALLOW_ANONYMOUS"),
    requireAal2: boolean(get, "RELAY_REQUIRE_AAL2"),
    oauthClients: clients(get("RELAY_OAUTH_CLIENTS")),
    metricsToken: token(get, "RELAY_METRICS_TOKEN"),
  };
  // A lease that ends before the second beat loses generations to one slow round trip.
  if (configuration.leaseMs < 2 * configuration.beatMs) {
    throw new RangeError(
      `Cannot start: RELAY_LEASE_MS is ${configuration.leaseMs} ms, less than twice RELAY_BEAT_MS (${configuration.beatMs} ms)`,
    );
  }
  return configuration;
}

function required(name: string, value: string | undefined): string {
  if (value === undefined) {
    throw new RangeError(`Cannot start: ${name} is not set`);
  }
  return value;
}

/** Hosted workers get a JSON object of keys; the standalone server gets one key; older projects the legacy JWT. */
function secretKey(get: Environment): string {
  const keys = get("SUPABASE_SECRET_KEYS");
  if (keys !== undefined) {
    const key = defaultKey(keys);
    if (key !== undefined) return key;
  }
  return required(
    "SUPABASE_SECRET_KEY (or SUPABASE_SECRET_KEYS, or SUPABASE_SERVICE_ROLE_KEY)",
    get("SUPABASE_SECRET_KEY") ?? get("SUPABASE_SERVICE_ROLE_KEY"),
  );
}

/** The FastAPI relay named a path that Auth no longer serves. */
function jwksUrl(get: Environment, supabaseUrl: string): string {
  const name = get("RELAY_JWKS_URL") === undefined ? "SUPABASE_JWKS_URL" : "RELAY_JWKS_URL";
  const text = url(name, get(name) ?? `${supabaseUrl}/auth/v1/.well-known/jwks.json`);
  return text.replace(/\/auth\/v1\/keys$/, "/auth/v1/.well-known/jwks.json");
}

function defaultKey(json: string): string | undefined {
  try {
    const key = (JSON.parse(json) as Record<string, unknown> | null)?.default;
    return typeof key === "string" && key !== "" ? key : undefined;
  } catch {
    // No cause: the parser's message quotes the text, and the text is a key.
    throw new RangeError("Cannot start: SUPABASE_SECRET_KEYS is not a JSON object of keys");
  }
}

/**
 * The secret among the local stack's keys, with which its Auth signs HS256 tokens and its Data API verifies them. Null
 * for an unexpected value: the CLI sets this variable, and the log line of a refused token names the one to set.
 */
function symmetricKey(keySet = ""): string | null {
  try {
    const { keys } = JSON.parse(keySet) as { keys: { kty: string; k: string }[] };
    const { k } = keys.find(({ kty }) => kty === "oct")!;
    const bytes = Uint8Array.from(atob(k.replace(/-/g, "+").replace(/_/g, "/")), (byte) => byte.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes) || null;
  } catch {
    return null;
  }
}

function integer(get: Environment, name: string, fallback: number, min: number, max: number): number {
  const text = get(name);
  if (text === undefined) return fallback;
  const value = /^\d{1,11}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new RangeError(`Cannot start: ${name} is ${JSON.stringify(text)}, not an integer from ${min} to ${max}`);
}

function boolean(get: Environment, name: string): boolean {
  const text = get(name) ?? "false";
  if (text === "true" || text === "false") return text === "true";
  throw new RangeError(`Cannot start: ${name} is ${JSON.stringify(text)}, not "true" or "false"`);
}

/** Only fetch knows proxies. */
function transport(get: Environment): "connection" | "fetch" {
  const names = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].flatMap((name) => [name, name.toLowerCase()]);
  const text = get("RELAY_TRANSPORT") ?? (names.some((name) => get(name) !== undefined) ? "fetch" : "connection");
  if (text === "connection" || text === "fetch") return text;
  throw new RangeError(`Cannot start: RELAY_TRANSPORT is ${JSON.stringify(text)}, not "connection" or "fetch"`);
}

/** The characters of a bearer token [RFC 6750, 2.1], and enough of them not to be guessed. The message has none. */
function token(get: Environment, name: string): string | null {
  const value = get(name);
  if (value === undefined) return null;
  if (/^[A-Za-z0-9._~+/=-]{16,512}$/.test(value)) return value;
  throw new RangeError(
    `Cannot start: ${name} has ${value.length} characters, not 16 to 512 of A-Z a-z 0-9 . _ ~ + / = -`,
  );
}

function list(text: string): string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

function hosts(text: string | undefined): string[] | null {
  if (text === undefined) return null;
  return list(text).map((host) => {
    const name = host.toLowerCase();
    if (URL.canParse(`https://${name}`) && new URL(`https://${name}`).hostname === name && !name.endsWith(".")) {
      return name;
    }
    throw new RangeError(
      `Cannot start: RELAY_PROVIDER_HOSTS has ${JSON.stringify(host)}, not a host name such as "api.openai.com"`,
    );
  });
}

function origins(text: string): "*" | string[] {
  if (text === "*") return "*";
  return list(text).map((origin) => {
    if (URL.canParse(origin) && new URL(origin).origin === origin) {
      return origin;
    }
    throw new RangeError(
      `Cannot start: RELAY_ALLOWED_ORIGINS has ${JSON.stringify(origin)}, not an origin such as "https://example.com"`,
    );
  });
}

function clients(text: string | undefined): "*" | string[] | null {
  if (text === undefined || text === "*") return text ?? null;
  return list(text).map((id) => {
    if (/^[A-Za-z0-9._-]+$/.test(id)) return id;
    throw new RangeError(`Cannot start: RELAY_OAUTH_CLIENTS has ${JSON.stringify(id)}, not a client's id`);
  });
}

/** Its host may serve it below a path of its own. */
function projectUrl(text: string): string {
  const checked = url("SUPABASE_URL", text);
  if (!/[?#]|\/(?:auth|functions|rest|storage)\/v1$/.test(checked)) return checked;
  throw new RangeError("Cannot start: SUPABASE_URL has the path of an API or a query, not the project's address alone");
}

function url(name: string, text: string): string {
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (parsed && (parsed.protocol === "https:" || parsed.protocol === "http:")) {
    return text.replace(/\/+$/, "");
  }
  throw new RangeError(`Cannot start: ${name} is not a URL with http or https`);
}
