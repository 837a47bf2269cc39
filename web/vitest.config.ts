import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

// The parts of the console by themselves, in a page without a browser; how they
// look and go together is what tests/e2e drives in Chromium.
export default defineConfig({
  plugins: [svelte({ compilerOptions: { runes: true }, onwarn: () => {} })],
  resolve: { conditions: ['browser'] },
  test: { environment: 'happy-dom', include: ['src/**/*.test.ts'], restoreMocks: true, unstubGlobals: true, testTimeout: 60_000, css: false },
})
