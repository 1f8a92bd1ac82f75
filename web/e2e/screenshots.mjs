// Takes the pictures in docs/screenshots: node e2e/screenshots.mjs [folder]
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openPage, untilLine, untilState } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const folder = process.argv[2] ?? fileURLToPath(new URL("../../docs/screenshots", import.meta.url));
mkdirSync(folder, { recursive: true });

const DESK = { width: 1200, height: 800 };
const PHONE = { width: 390, height: 844 };
const start = (page) => page.getByRole("button", { name: "Start talking" }).click();
const type = async (page, text) => {
  await page.getByRole("textbox", { name: "Type a message" }).fill(text);
  await page.keyboard.press("Enter");
};

const PICTURES = [
  { name: "idle-light", colorScheme: "light", viewport: DESK, async act() {} },
  {
    name: "listening-dark",
    colorScheme: "dark",
    viewport: DESK,
    hears: [60],
    async act(page) {
      await start(page);
      await untilState(page, "listening");
      await type(page, "What can you do for me?");
      await untilLine(page, "stop when you interrupt me");
      await untilState(page, "listening");
    },
  },
  {
    name: "speaking-light",
    colorScheme: "light",
    viewport: DESK,
    hears: [1, "question", 60],
    async act(page) {
      await start(page);
      await untilState(page, "speaking");
      await page.waitForFunction(() => document.querySelector("nova-voice").stats.played?.ms > 1500);
    },
  },
  {
    name: "interrupted-dark",
    colorScheme: "dark",
    viewport: DESK,
    scenario: "long_answer",
    hears: [1, "question", 7, "stop", 60],
    async act(page) {
      await start(page);
      await untilLine(page, "I will stop here");
    },
  },
  {
    name: "error-light",
    colorScheme: "light",
    viewport: DESK,
    async act(page) {
      await start(page);
      await page.getByRole("alert").waitFor();
      await untilState(page, "listening");
    },
  },
  { name: "phone-idle-light", colorScheme: "light", viewport: PHONE, async act() {} },
  {
    name: "phone-speaking-dark",
    colorScheme: "dark",
    viewport: PHONE,
    hears: [1, "question", 60],
    async act(page) {
      await start(page);
      await untilState(page, "speaking");
      await page.waitForFunction(() => document.querySelector("nova-voice").stats.played?.ms > 1500);
    },
  },
  {
    name: "phone-push-to-talk-light",
    colorScheme: "light",
    viewport: PHONE,
    hears: [60],
    async act(page) {
      await page.evaluate(() => {
        document.querySelector("nova-voice").pushToTalk = true;
      });
      await start(page);
      await untilState(page, "listening");
      await type(page, "What can you do for me?");
      await untilLine(page, "stop when you interrupt me");
      await untilState(page, "listening");
      await page.getByRole("button", { name: "Hold to talk" }).dispatchEvent("pointerdown", { pointerId: 1 });
    },
  },
];

const servers = new Map();
try {
  for (const { name, scenario = "small_talk", act, ...options } of PICTURES) {
    if (!servers.has(scenario)) servers.set(scenario, await startServer({ EMULATOR_SCENARIO: scenario }));
    const { page, close } = await openPage(servers.get(scenario).url, options);
    await page.getByText("Emulator: scripted transcript").waitFor();
    await act(page);
    await page.screenshot({ path: `${folder}/${name}.png` });
    await close();
  }
} finally {
  for (const server of servers.values()) await server.stop();
}
