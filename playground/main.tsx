/** Starts the page. */

import "@preact/signals";
import { render } from "preact";
import { App } from "./views/app.tsx";

render(<App />, document.getElementById("page")!);
