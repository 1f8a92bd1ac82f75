import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// The server of the voice API; in production both stand behind one origin.
const backend = process.env.BACKEND ?? "http://127.0.0.1:8000";
const proxy = {
  "/ws": { target: backend, ws: true },
  "/session": { target: backend },
  "/ticket": { target: backend },
};

export default defineConfig({
  plugins: [vue({ template: { compilerOptions: { isCustomElement: (tag) => tag === "nova-voice" } } })],
  // A worklet is a file: inside a script a strict policy would refuse it.
  build: { assetsInlineLimit: 0 },
  // The element finds its worklets beside itself, so it stays where it is.
  optimizeDeps: { exclude: ["bedrock-nova-voice"] },
  server: { proxy, fs: { allow: ["../.."] } },
  preview: { proxy },
});
