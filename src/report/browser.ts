/**
 * A headless Chromium for tests, driven through the DevTools protocol
 * (https://chromedevtools.github.io/devtools-protocol/) over its WebSocket. A whole automation
 * package would be hundreds of times as long.
 */
import axe from "axe-core/axe.min.js" with { type: "text" };

/**
 * The path of Chromium: $CHROMIUM, or one of its usual names; null if it is not found or the
 * permission is missing.
 */
export function findChromium(): string | null {
  for (const name of ["run", "net", "read", "write", "env"] as const) {
    if (Deno.permissions.querySync({ name }).state !== "granted") return null;
  }
  const names = [
    Deno.env.get("CHROMIUM"),
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
  ];
  for (const command of names) {
    if (!command) continue;
    try {
      const { success } = new Deno.Command(command, {
        args: ["--version"],
        stdout: "null",
        stderr: "null",
      })
        .outputSync();
      if (success) return command;
    } catch {
      // Not installed under this name.
    }
  }
  return null;
}

/** A page in its own browser. */
export interface BrowserPage {
  /** Errors in the page: exceptions, console errors, blocked requests. */
  errors: string[];
  /** Every requested URL. */
  requests: string[];
  /** Sends a command of the protocol. */
  // deno-lint-ignore no-explicit-any -- each command has an answer of its own
  send(method: string, params?: Record<string, unknown>): Promise<any>;
  /** Evaluates an expression in the page; awaits promises. */
  // deno-lint-ignore no-explicit-any -- whatever the page gives
  evaluate(expression: string): Promise<any>;
  /** Opens a URL and waits until it is loaded. */
  goto(url: string): Promise<void>;
  /** A PNG of the whole page, `width` CSS pixels wide. */
  screenshot(width: number, options?: { dark?: boolean; print?: boolean }): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Accessibility faults (WCAG) that axe finds in a page in its current state. */
export async function accessibilityFaults(page: BrowserPage): Promise<string[]> {
  await page.evaluate(`${axe}; null`);
  return await page.evaluate(`axe.run({ resultTypes: ["violations"] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ": " + target.join(" "))))`);
}

/** A running browser. */
interface Chromium {
  /** The DevTools port. */
  port: string;
  /** Waits for the browser to exit, and removes its profile. */
  ended(): Promise<void>;
}

/** Starts Chromium with an empty profile. */
async function startChromium(chromium: string, flags: readonly string[]): Promise<Chromium> {
  const profile = await Deno.makeTempDir();
  const child = new Deno.Command(chromium, {
    args: [
      "--headless",
      "--no-sandbox",
      // Without it WebGPU has its software adapter.
      ...(flags.includes("--enable-unsafe-webgpu") ? [] : ["--disable-gpu"]),
      ...flags,
      "--disable-background-networking",
      "--disable-component-update",
      "--no-first-run",
      "--hide-scrollbars",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile}`,
      "about:blank",
    ],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  // The browser prints the port on stderr; the rest of stderr is discarded.
  const lines = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  let port: string | undefined;
  while (port === undefined) {
    const { value, done } = await lines.read();
    if (done) throw new Error(`Chromium did not start: ${said}`);
    said += value;
    port = said.match(/DevTools listening on ws:\/\/[^:]+:(\d+)\//)?.[1];
  }
  const drained = (async () => {
    while (!(await lines.read()).done);
  })();
  return {
    port,
    async ended() {
      await child.status;
      await drained;
      await Deno.remove(profile, { recursive: true });
    },
  };
}

/** Receives the protocol's events. */
type Listener = (method: string, params: EventParams) => void;

// deno-lint-ignore no-explicit-any -- each event has parameters of its own
type EventParams = any;

/** A protocol connection to a page. */
interface Connection extends Pick<BrowserPage, "send"> {
  close(): Promise<void>;
}

/** Connects to the browser's first page. */
async function connect(port: string, listener: Listener): Promise<Connection> {
  const targets = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json() as {
    type: string;
    webSocketDebuggerUrl: string;
  }[];
  const page = targets.find(({ type }) => type === "page");
  if (!page) throw new Error("Chromium has no page");
  const socket = new WebSocket(page.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;
  socket.onmessage = ({ data }) => {
    const { id, method, params, result, error } = JSON.parse(data);
    if (id === undefined) return listener(method, params);
    if (error) waiting.get(id)?.reject(new Error(error.message));
    else waiting.get(id)?.resolve(result);
    waiting.delete(id);
  };
  return {
    send(method, params = {}) {
      const answer = Promise.withResolvers<unknown>();
      waiting.set(++last, answer);
      socket.send(JSON.stringify({ id: last, method, params }));
      return answer.promise;
    },
    async close() {
      const closed = new Promise((resolve) => socket.onclose = resolve);
      if (socket.readyState === WebSocket.CLOSED) return;
      socket.close();
      await closed;
    },
  };
}

/** Starts Chromium with an empty profile and opens a page. */
export async function openBrowser(
  chromium: string,
  flags: readonly string[] = [],
): Promise<BrowserPage> {
  const browser = await startChromium(chromium, flags);
  const errors: string[] = [];
  const requests: string[] = [];
  let loaded = Promise.withResolvers<void>();
  const connection = await connect(browser.port, (method, params) => {
    if (method === "Runtime.exceptionThrown") errors.push(params.exceptionDetails.text);
    else if (method === "Log.entryAdded" && params.entry.level === "error") {
      errors.push(params.entry.text);
    } else if (method === "Runtime.consoleAPICalled" && params.type === "error") {
      errors.push(JSON.stringify(params.args));
    } else if (method === "Network.requestWillBeSent") requests.push(params.request.url);
    else if (method === "Page.loadEventFired") loaded.resolve();
  });
  const { send } = connection;
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await send(`${domain}.enable`);

  return {
    errors,
    requests,
    send,
    evaluate: (expression) => evaluate(send, expression),
    async goto(url) {
      loaded = Promise.withResolvers();
      await send("Page.navigate", { url });
      await loaded.promise;
    },
    screenshot: (width, options = {}) => screenshot(send, width, options),
    async close() {
      await send("Browser.close").catch(() => {});
      await connection.close();
      await browser.ended();
    },
  };
}

async function evaluate(send: BrowserPage["send"], expression: string) {
  const { result, exceptionDetails } = await send("Runtime.evaluate", {
    expression,
    awaitPromise: true,
    returnByValue: true,
  });
  if (exceptionDetails) {
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  }
  return result.value;
}

async function screenshot(
  send: BrowserPage["send"],
  width: number,
  { dark = false, print = false }: { dark?: boolean; print?: boolean },
): Promise<Uint8Array> {
  await send("Emulation.setEmulatedMedia", {
    media: print ? "print" : "",
    features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }],
  });
  await send("Emulation.setDeviceMetricsOverride", {
    width,
    height: 900,
    deviceScaleFactor: 1,
    mobile: width < 600,
  });
  const { data } = await send("Page.captureScreenshot", { captureBeyondViewport: true });
  return Uint8Array.fromBase64(data);
}
