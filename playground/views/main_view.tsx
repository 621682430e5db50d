/**
 * The signed-in page: sidebar, conversation, outline, and the dialogs over them. It comes as a file of its own: see
 * main_view_loader.ts.
 */

import { type Signal, signal, untracked, useSignalEffect } from "@preact/signals";
import type { SupabaseClient } from "@supabase/supabase-js";
import { useEffect, useMemo } from "preact/hooks";
import type { Account, User } from "../data/account.ts";
import { conversationInAddress, messageInAddress } from "../platform/address.ts";
import { narrow, noOutlineColumn } from "../platform/media.ts";
import { createSession, type Session } from "../story/session.ts";
import { Modal } from "./controls.tsx";
import { ConversationView } from "./conversation_view.tsx";
import { Dialogs } from "./dialogs.tsx";
import { Outline } from "./outline.tsx";
import { SessionContext } from "./session_context.ts";
import { useShortcuts } from "./shortcuts.tsx";
import { Sidebar } from "./sidebar.tsx";

interface MainViewProps {
  supabase: SupabaseClient;
  account: Account;
  user: User;
}

export function MainView({ supabase, account, user }: MainViewProps) {
  const session = useMemo(() => createSession(supabase, user), [user]);
  const { menu, outline } = useMemo(() => ({ menu: signal(false), outline: signal(false) }), []);
  useSignalEffect(() => {
    const id = conversationInAddress.value;
    const message = messageInAddress.value;
    // Only a new address opens a conversation, not a change of what open() reads.
    untracked(() => session.open(id, message));
    menu.value = false;
  });
  useSignalEffect(() => {
    const conversation = session.conversation();
    document.title = conversation ? `${session.titleText(conversation)} · Storytellr` : "Storytellr";
  });
  useRefreshOnReturn(session);
  useShortcuts(session, () => menu.value = true);
  return (
    <SessionContext.Provider value={session}>
      <a class="skip" href="#messages" onClick={skipToMessages}>Skip to the story</a>
      <div class={outline.value && !noOutlineColumn.value ? "layout with-outline" : "layout"}>
        <Side menu={menu} onSignOut={() => account.signOut("here")} />
        <ConversationView
          onMenu={narrow.value ? () => menu.value = true : null}
          isOutlineOpen={outline.value}
          onOutline={() => outline.value = !outline.value}
          onSignOut={() => account.signOut("again")}
        />
        {outline.value && <OutlineSide onClose={() => outline.value = false} />}
      </div>
      <Dialogs account={account} />
      <p class="visually-hidden" role="status">{announcementOf(session)}</p>
    </SessionContext.Provider>
  );
}

/** A column, or on a narrow page a drawer. */
function Side({ menu, onSignOut }: { menu: Signal<boolean>; onSignOut(): void }) {
  const close = () => menu.value = false;
  const sidebar = <Sidebar onSignOut={onSignOut} onChosen={close} />;
  if (!narrow.value) return <aside class="side" aria-label="Stories and account">{sidebar}</aside>;
  return menu.value ? <Modal title="Stories" kind="left" onClose={close}>{sidebar}</Modal> : null;
}

/** A column, or a drawer where there is no room for it. */
function OutlineSide({ onClose }: { onClose(): void }) {
  if (noOutlineColumn.value) {
    return (
      <Modal title="All branches" kind="right" onClose={onClose}>
        <Outline onChosen={onClose} />
      </Modal>
    );
  }
  return (
    <aside class="outline-side" aria-label="All branches">
      <h2>All branches</h2>
      <Outline onChosen={() => {}} />
    </aside>
  );
}

/** Reads again what may have changed while the page was hidden or offline. */
function useRefreshOnReturn(session: Session) {
  useEffect(() => {
    const refresh = () => {
      if (document.visibilityState === "visible") session.refresh();
    };
    document.addEventListener("visibilitychange", refresh);
    addEventListener("online", refresh);
    return () => {
      document.removeEventListener("visibilitychange", refresh);
      removeEventListener("online", refresh);
    };
  }, [session]);
}

/** For screen readers: the progress, not each word. */
function announcementOf({ current: { generation } }: Session): string {
  switch (generation.status.value) {
    case "idle":
      return generation.announcement.value;
    case "reconnecting":
      return "Connection lost. Reconnecting.";
    case "stopping":
      return "Stopping.";
    default:
      return "The story is being written.";
  }
}

/** The address names the conversation, so the link must not change it. */
function skipToMessages(event: MouseEvent) {
  event.preventDefault();
  document.getElementById("messages")?.focus();
}
