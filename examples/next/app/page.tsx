"use client";

import { createBrowserClient } from "@supabase/ssr";
import { type FormEvent, useState } from "react";

// Next puts these into the page only where they are written out.
const [url, key] = [process.env.NEXT_PUBLIC_SUPABASE_URL!, process.env.NEXT_PUBLIC_SUPABASE_KEY!];

export default function Page() {
  const [isSignedIn, setSignedIn] = useState(false);
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");

  async function signIn(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const { email, password } = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    const { error } = await createBrowserClient(url, key).auth.signInWithPassword({ email, password });
    setSignedIn(!error);
    setProblem(error?.message ?? "");
  }

  async function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setText("");
    setProblem("");
    const body = JSON.stringify(Object.fromEntries(new FormData(event.currentTarget)));
    const response = await fetch("/api/story", { method: "POST", body });
    if (!response.ok) return setProblem((await response.json()).message);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const { value } = part;
      setText((before) => before + value);
    }
  }

  return (
    <main>
      <form onSubmit={signIn} hidden={isSignedIn}>
        <input name="email" type="email" aria-label="Email" />
        <input name="password" type="password" aria-label="Password" />
        <button type="submit">Sign in</button>
      </form>
      <form onSubmit={send} hidden={!isSignedIn}>
        <input name="prompt" aria-label="Prompt" defaultValue="Tell me a story about the sea" />
        <button type="submit">Send</button>
      </form>
      <article style={{ whiteSpace: "pre-wrap" }}>{text}</article>
      <p role="alert">{problem}</p>
    </main>
  );
}
