import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** The running server that the development server passes the API's calls on to. */
const server = process.env.TENURE_DEV_SERVER ?? 'http://127.0.0.1:8080';
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [svelte()],
  resolve: { alias: { $lib: at('./src/lib'), $ui: at('./src/ui'), $api: at('./src/api') } },
  // Nothing is inlined: the content security policy allows the service's own files and nothing else.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { port: 5173, proxy: { '/api': { target: server }, '/openapi.json': { target: server } } },
  test: { include: ['tests/unit/**/*.test.ts'] },
});
