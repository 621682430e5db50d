/** A page that signs a user in, and writes one story with them. */

import { createRelayClient } from "@storytellr/client";
import { type Story, type StoryMessage, useStory } from "@storytellr/client/react";
import { createClient } from "@supabase/supabase-js";
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

const supabase = createClient(import.meta.env.VITE_SUPABASE_URL, import.meta.env.VITE_SUPABASE_KEY);
const relay = createRelayClient({ supabase });

function StoryPage() {
  const shown = new URLSearchParams(location.search).get("conversation");
  const { messages, status, error, conversationId, ...story } = useStory(relay, { conversationId: shown, supabase });
  const last = messages.at(-1);
  const isIdle = status === "ready" || status === "error";

  // A page that is loaded again goes on with its story, and with the answer that is being written.
  useEffect(() => {
    if (conversationId !== null) history.replaceState(null, "", `?conversation=${conversationId}`);
  }, [conversationId]);

  return (
    <main>
      {messages.map((message) => <Message key={message.id} message={message} choose={story.choose} />)}
      <output>{error ? error.message : status}</output>
      <form action={(fields) => void story.start({ prompt: String(fields.get("prompt")) })}>
        <textarea name="prompt" aria-label="What happens next?" required />
        <button disabled={!isIdle}>Send</button>
      </form>
      <button disabled={isIdle} onClick={story.stop}>Stop</button>
      <button disabled={!isIdle || !last} onClick={() => story.regenerate()}>Regenerate</button>
      <button disabled={!isIdle || last?.role !== "assistant"} onClick={() => story.continueAnswer()}>Continue</button>
      <a href="?">New story</a>
    </main>
  );
}

function Message({ message, choose }: { message: StoryMessage; choose: Story["choose"] }) {
  const { role, text, messageId, versions } = message;
  const index = messageId === null ? versions.length : versions.indexOf(messageId);
  return (
    <article className={role}>
      <p style={{ whiteSpace: "pre-wrap", fontWeight: role === "user" ? "bold" : "normal" }}>{text}</p>
      {versions.length > 1 && (
        <nav aria-label="Versions">
          <button disabled={index === 0} onClick={() => choose(versions[index - 1]!)}>Older</button>
          <span>{index + 1} of {versions.length}</span>
          <button disabled={index >= versions.length - 1} onClick={() => choose(versions[index + 1]!)}>Newer</button>
        </nav>
      )}
    </article>
  );
}

function SignIn() {
  const [error, setError] = useState<string>();
  async function signIn(fields: FormData) {
    const [email, password] = [String(fields.get("email")), String(fields.get("password"))];
    const { error } = await supabase.auth.signInWithPassword({ email, password });
    setError(error?.message);
  }
  return (
    <form action={signIn}>
      <input name="email" type="email" aria-label="Email" autoComplete="username" required />
      <input name="password" type="password" aria-label="Password" autoComplete="current-password" required />
      <button>Sign in</button>
      {error && <p role="alert">{error}</p>}
    </form>
  );
}

function App() {
  const [userId, setUserId] = useState<string | null>();
  useEffect(() => {
    const { data } = supabase.auth.onAuthStateChange((_, session) => setUserId(session?.user.id ?? null));
    return () => data.subscription.unsubscribe();
  }, []);
  if (userId === undefined) return null;
  return userId === null ? <SignIn /> : <StoryPage key={userId} />;
}

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
