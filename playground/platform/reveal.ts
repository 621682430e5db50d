/** Brings a message into view, once it is on the page. */

/** How many frames a message may take to appear. */
const PATIENCE = 120;

/** Scrolls to a message, gives it the focus, and marks it for a moment. */
export function revealMessage(id: string): void {
  let frames = 0;
  const attempt = () => {
    const message = document.querySelector<HTMLElement>(`#messages [data-message="${CSS.escape(id)}"]`);
    // A dialog that is closing gives the focus back first.
    if (message && !document.querySelector("dialog[open]")) show(message);
    else if (++frames < PATIENCE) requestAnimationFrame(attempt);
  };
  requestAnimationFrame(attempt);
}

function show(message: HTMLElement) {
  message.tabIndex = -1;
  message.focus({ preventScroll: true });
  message.scrollIntoView({ block: message.offsetHeight > innerHeight / 2 ? "start" : "center" });
  message.classList.add("revealed");
  message.addEventListener("blur", () => message.classList.remove("revealed"), { once: true });
}
