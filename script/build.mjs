// Bundles the tool and the library into dist/: one file makes a quick start (`quorate --help` within 150 ms).
import { chmod, copyFile, mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { build } from 'esbuild'

/** `import text from './x.sh?raw'`, as vite has it. */
const raw = {
  name: 'raw',
  setup(bundler) {
    bundler.onResolve({ filter: /\?raw$/ }, (args) => ({
      path: path.resolve(args.resolveDir, args.path.slice(0, -'?raw'.length)),
      namespace: 'raw',
    }))
    bundler.onLoad({ filter: /.*/, namespace: 'raw' }, async (args) => ({
      contents: await readFile(args.path, 'utf8'),
      loader: 'text',
      watchFiles: [args.path],
    }))
  },
}

const root = path.resolve(import.meta.dirname, '..')

/** Encryption by OpenSSL beneath age-encryption: see there. */
const chacha = {
  name: 'chacha',
  setup(bundler) {
    bundler.onResolve({ filter: /^@noble\/ciphers\/chacha\.js$/ }, ({ importer }) =>
      importer.includes('/node_modules/age-encryption/')
        ? { path: path.join(root, 'src/backup/chacha.ts') }
        : undefined,
    )
  },
}

/**
 * etcd speaks HTTP/2 alone, and an import of Node's module for the older protocol costs each start 25 ms: for an importer
 * all that it exports is looked up, and three of its exports are loaded then, with all of fetch().
 */
const http2Only = {
  name: 'http2-only',
  setup(bundler) {
    bundler.onResolve({ filter: /^node:https?$/ }, ({ importer }) =>
      importer.includes('/node_modules/@connectrpc/connect-node/')
        ? { path: 'http2-only', namespace: 'http2-only' }
        : undefined,
    )
    bundler.onLoad({ filter: /.*/, namespace: 'http2-only' }, () => ({
      contents: `export function request() { throw new TypeError('HTTP/1.1 is not bundled (script/build.mjs)') }`,
      loader: 'js',
    }))
  },
}

/** Connect's headers without fetch(): see there. */
const headers = {
  name: 'headers',
  setup(bundler) {
    const file = path.join(root, 'src/etcd/headers.ts')
    bundler.onLoad({ filter: /\/node_modules\/@connectrpc\/.*\.js$/ }, async (args) => {
      const text = await readFile(args.path, 'utf8')
      const imported = /\bnew Headers\(/.test(text) ? `import { Headers } from ${JSON.stringify(file)}\n` : ''
      return { contents: imported + text, loader: 'js', watchFiles: [args.path] }
    })
  },
}

/** The program of a thread, as text: see there. */
const thread = {
  name: 'thread',
  setup(bundler) {
    bundler.onLoad({ filter: /\/src\/etcd\/snapshot-thread-program\.ts$/ }, async (args) => {
      const { outputFiles, metafile } = await build({
        absWorkingDir: root,
        entryPoints: ['src/etcd/snapshot-thread-main.ts'],
        write: false,
        metafile: true,
        bundle: true,
        format: 'cjs',
        platform: 'node',
        target: 'node22.15',
        minify: true,
        legalComments: 'none',
        plugins: [http2Only, headers],
        logLevel: 'warning',
      })
      return {
        contents: `export const program = ${JSON.stringify(outputFiles[0].text)}`,
        loader: 'js',
        watchFiles: [args.path, ...Object.keys(metafile.inputs).map((file) => path.join(root, file))],
      }
    })
  },
}

/** Large packages that most commands don't load. */
const SELDOM = ['undici', '@aws-sdk/client-s3', '@peculiar/x509']

const fileOf = (name) => name.replace(/^.*\//, '')

/** Leaves them out of the program's file, and has them loaded from their own. */
const seldom = {
  name: 'seldom',
  setup(bundler) {
    bundler.onResolve({ filter: /^[^.]/ }, ({ path: name }) =>
      SELDOM.includes(name) ? { path: `./seldom/${fileOf(name)}.cjs`, external: true } : undefined,
    )
  },
}

const dist = path.join(root, 'dist')
// Built beside it and swapped in: whoever runs quorate meanwhile finds the old or the new one, never half of one.
const draft = `${dist}.building-${process.pid}`
const old = `${dist}.old-${process.pid}`
const started = new Date()
await build({
  absWorkingDir: root,
  entryPoints: { index: 'src/index.ts' },
  outdir: draft,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.15',
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true,
  legalComments: 'linked',
  plugins: [raw, chacha, http2Only, headers, thread],
  // Bundled CommonJS dependencies call require() for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
})
// What is run first, by whichever Node.js there is.
const { engines } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))
await build({
  absWorkingDir: root,
  entryPoints: { 'cli/main': 'src/cli/start.ts' },
  outdir: draft,
  bundle: true,
  external: ['./program.js'],
  format: 'esm',
  platform: 'node',
  target: 'node12',
  // Old ones never come to it, but have to read it.
  supported: { 'dynamic-import': true },
  define: { NEEDED_NODE: JSON.stringify(engines.node.replace('>=', '')) },
  logLevel: 'warning',
})
await chmod(path.join(draft, 'cli/main.js'), 0o755)
// Then, with that one: keeps compiled code, and runs the program.
await build({
  absWorkingDir: root,
  entryPoints: { 'cli/program': 'src/cli/enter.ts' },
  outdir: draft,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.15',
  minifySyntax: true,
  logLevel: 'warning',
})
/** Of the program as CommonJS. */
const program = {
  absWorkingDir: root,
  entryPoints: { quorate: 'src/cli/main.ts' },
  outdir: draft,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node22.15',
  minifyWhitespace: true,
  minifySyntax: true,
  plugins: [raw, chacha, http2Only, headers, thread],
  define: { 'import.meta.dirname': '__dirname' },
  logLevel: 'warning',
}
// One file, whose parts are evaluated when they are needed; and beside it, half as large, what few commands need.
await build({ ...program, sourcemap: true, legalComments: 'linked', plugins: [seldom, ...program.plugins] })
await build({
  ...program,
  entryPoints: Object.fromEntries(SELDOM.map((name) => [fileOf(name), name])),
  outdir: path.join(draft, 'seldom'),
  legalComments: 'linked',
})
// All of it in one file, which runs as it is loaded: for the program that quorate makes of it and a Node.js binary (src/standalone/).
await build({
  ...program,
  entryPoints: { standalone: 'src/cli/main.ts' },
  legalComments: 'none',
  footer: { js: 'module.exports.main()' },
})
// Under the names by which shells find them.
await mkdir(path.join(draft, 'completion'))
for (const [source, name] of [
  ['bash.sh', 'quorate.bash'],
  ['zsh.sh', '_quorate'],
  ['fish.sh', 'quorate.fish'],
]) {
  await copyFile(path.join(root, 'src/cli/completion', source), path.join(draft, 'completion', name))
}
// script/setup builds anew what is newer than this; a source saved during the build is.
await writeFile(path.join(draft, '.built'), '')
await utimes(path.join(draft, '.built'), started, started)
await rename(dist, old).catch(ifThere)
await rename(draft, dist)
await rm(old, { recursive: true, force: true })

function ifThere(error) {
  if (error.code !== 'ENOENT') throw error
}
