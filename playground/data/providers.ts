/**
 * Providers that people use, for the form of a bot: where they are called, by which API, and how much their models read.
 * What is not here can be typed in. Addresses are those of the providers' own pages (`docs`); windows are those of
 * models.dev of May 2026, for models that go by a lasting name. A window that is missing is learned, or found by a test.
 */

/** One of them. */
export interface ProviderPreset {
  /** As people know it. */
  name: string;
  api: "chat_completions" | "anthropic_messages" | "openai_responses" | "gemini";
  /** For `access_path`. */
  base_url: string;
  /** False: a server of one's own, which asks for none. */
  needs_key: boolean;
  /** Where keys and models are explained. */
  docs: string;
  /** Their `context_tokens`, newest first. */
  models: Record<string, number>;
}

/** Most speak chat completions, and want a key. */
type Listed = Omit<ProviderPreset, "api" | "needs_key"> & Partial<Pick<ProviderPreset, "api" | "needs_key">>;

const LISTED: Listed[] = [
  {
    name: "OpenAI",
    api: "openai_responses",
    base_url: "https://api.openai.com/v1",
    docs: "https://platform.openai.com/docs/models",
    models: {
      "gpt-5.5": 1_050_000,
      "gpt-5.4": 1_050_000,
      "gpt-5.4-mini": 400_000,
      "gpt-5.4-nano": 400_000,
      "gpt-5.2": 400_000,
      "gpt-5.1": 400_000,
    },
  },
  {
    name: "Anthropic",
    api: "anthropic_messages",
    base_url: "https://api.anthropic.com/v1",
    docs: "https://docs.anthropic.com/en/docs/about-claude/models",
    models: {
      "claude-opus-4-7": 1_000_000,
      "claude-sonnet-4-6": 1_000_000,
      "claude-opus-4-6": 1_000_000,
      "claude-opus-4-5": 200_000,
      "claude-haiku-4-5": 200_000,
      "claude-sonnet-4-5": 200_000,
    },
  },
  {
    name: "Google Gemini",
    api: "gemini",
    base_url: "https://generativelanguage.googleapis.com/v1beta",
    docs: "https://ai.google.dev/gemini-api/docs/models",
    models: {
      "gemini-3.5-flash": 1_048_576,
      "gemini-3.1-flash-lite": 1_048_576,
      "gemini-2.5-pro": 1_048_576,
      "gemini-2.5-flash": 1_048_576,
      "gemini-2.5-flash-lite": 1_048_576,
    },
  },
  {
    name: "OpenRouter",
    base_url: "https://openrouter.ai/api/v1",
    docs: "https://openrouter.ai/models",
    models: { "google/gemini-3.5-flash": 1_048_576, "mistralai/mistral-medium-3-5": 262_144 },
  },
  {
    name: "Mistral",
    base_url: "https://api.mistral.ai/v1",
    docs: "https://docs.mistral.ai/getting-started/models/",
    models: { "mistral-medium-latest": 262_144, "mistral-small-latest": 256_000 },
  },
  {
    name: "DeepSeek",
    base_url: "https://api.deepseek.com",
    docs: "https://api-docs.deepseek.com/quick_start/pricing",
    models: { "deepseek-v4-pro": 1_000_000, "deepseek-v4-flash": 1_000_000 },
  },
  {
    name: "Groq",
    base_url: "https://api.groq.com/openai/v1",
    docs: "https://console.groq.com/docs/models",
    models: { "openai/gpt-oss-120b": 131_072, "openai/gpt-oss-20b": 131_072, "llama-3.3-70b-versatile": 131_072 },
  },
  {
    name: "xAI",
    base_url: "https://api.x.ai/v1",
    docs: "https://docs.x.ai/docs/models",
    models: { "grok-4.3": 1_000_000 },
  },
  {
    name: "Together AI",
    base_url: "https://api.together.ai/v1",
    docs: "https://docs.together.ai/docs/serverless-models",
    models: { "deepseek-ai/DeepSeek-V4-Pro": 512_000, "moonshotai/Kimi-K2.6": 262_144, "zai-org/GLM-5.1": 202_752 },
  },
  {
    name: "Fireworks AI",
    base_url: "https://api.fireworks.ai/inference/v1",
    docs: "https://fireworks.ai/docs/",
    models: {
      "accounts/fireworks/models/deepseek-v4-pro": 1_000_000,
      "accounts/fireworks/models/kimi-k2p6": 262_000,
      "accounts/fireworks/models/glm-5p1": 202_800,
    },
  },
  {
    name: "Cerebras",
    base_url: "https://api.cerebras.ai/v1",
    docs: "https://inference-docs.cerebras.ai/models/overview",
    models: { "zai-glm-4.7": 131_072, "gpt-oss-120b": 131_072 },
  },
  {
    name: "Moonshot AI",
    base_url: "https://api.moonshot.ai/v1",
    docs: "https://platform.moonshot.ai/docs/api/chat",
    models: { "kimi-k2.6": 262_144, "kimi-k2.5": 262_144 },
  },
  {
    name: "Ollama, on the worker's machine",
    base_url: "http://localhost:11434/v1",
    needs_key: false,
    docs: "https://ollama.com/blog/openai-compatibility",
    models: {},
  },
  {
    name: "LM Studio, on the worker's machine",
    base_url: "http://localhost:1234/v1",
    needs_key: false,
    docs: "https://lmstudio.ai/docs/api/endpoints/openai",
    models: {},
  },
];

/** In the order in which they are offered. */
export const PROVIDERS: ProviderPreset[] = LISTED.map((listed) => ({
  api: "chat_completions",
  needs_key: true,
  ...listed,
}));
